"""Nothing passes that was not exercised: the suite's own inputs, beside a user's."""

import keras
import numpy as np
import pytest
import torch
from exercised_models import (
    ROWS,
    SYMBOLS,
    TOKENS,
    UNITS,
    X,
    dense_keras,
    dense_torch,
    judged,
    last_keras,
    last_torch,
    packed_torch,
    unexercised,
)
from own_cases import check, in_pytorch, said, sequential

PADDED = "padded sequences, which yours are not"


# ------------------------------------------------------------------------------- masks


def test_a_mask_of_one_side_is_a_difference_on_padded_sequences():
    """No step of x is zero, so that on x both compute the same."""
    masking = keras.layers.Masking(0.0)
    evidence, own = judged(last_torch(), last_keras(masking), X)

    assert evidence.verdict == "different"
    assert own == {PADDED: "different"}
    assert "padded steps are computed as if they were data" in evidence.explain()


def test_a_mask_of_another_value_than_zero_is_padded_with_it():
    masking = keras.layers.Masking(-7.0)
    _, own = judged(last_torch(), last_keras(masking), X)

    assert own == {PADDED: "different"}


def test_a_mask_that_a_layer_of_the_users_computes_is_exercised():
    class Own(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.supports_masking = True

        def call(self, x):
            return x

        def compute_mask(self, x, mask=None):
            return keras.ops.any(x != 0, axis=-1)

    _, own = judged(last_torch(), last_keras(Own()), X)

    assert own == {PADDED: "different"}


def test_a_mask_of_tokens_is_exercised_in_a_pooling():
    first = in_pytorch(
        lambda m, tokens: m.head(m.table(tokens).mean(1)),
        table=torch.nn.Embedding(SYMBOLS, 4),
        head=torch.nn.Linear(4, 2),
    )
    layers = keras.layers
    second = sequential(
        layers.Embedding(SYMBOLS, 4, mask_zero=True),
        layers.GlobalAveragePooling1D(),
        layers.Dense(2),
        shape=(None,),
        dtype="int32",
    )
    _, own = judged(first, second, TOKENS)

    assert own == {PADDED: "different"}


def test_packing_of_one_side_is_a_difference_on_padded_sequences():
    _, own = judged(packed_torch(), last_keras(), X)

    assert own == {PADDED: "different"}


def test_a_mask_and_packing_are_the_same_on_padded_sequences():
    """And then there is nothing to say."""
    masking = keras.layers.Masking(0.0)
    evidence, own = judged(packed_torch(), last_keras(masking), X)

    assert evidence.verdict == "same"
    assert own == {PADDED: "same"}
    assert unexercised(evidence) == ""


def test_lengths_that_are_an_input_say_the_same_as_the_padding():
    """Sorted, too, as PyTorch asks of lengths where it is not told otherwise."""
    rnn = torch.nn.utils.rnn

    class Packed(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.LSTM(4, UNITS, batch_first=True)

        def forward(self, x, valid):
            batch = rnn.pack_padded_sequence(x, valid, batch_first=True)
            return rnn.pad_packed_sequence(self.rnn(batch)[0], batch_first=True)[0]

    x, valid = keras.Input((None, 4)), keras.Input((), dtype="int64")
    h = keras.layers.Masking(0.0)(x)
    h = keras.layers.LSTM(UNITS, return_sequences=True)(h)
    # Its mask ends here, so that Keras repeats the last step where PyTorch has zeros.
    second = keras.Model([x, valid], keras.ops.multiply(h, 1.0))
    evidence, own = judged(Packed(), second, [X, np.full(len(X), X.shape[1])])

    assert evidence.verdict == "same"
    assert own == {PADDED: "same"}


def test_a_users_padded_sequences_are_enough():
    x = X.copy()
    x[1, 5:] = 0
    masking = keras.layers.Masking(0.0)
    _, own = judged(packed_torch(), last_keras(masking), x)

    assert own == {}


def test_one_side_that_refuses_padded_sequences_is_a_note():
    def refusing(x):
        if (x == 0).any():
            raise ValueError("no zeros here")
        return x

    masking = keras.layers.Masking(0.0)
    evidence, own = judged(last_torch(refusing), last_keras(masking), X)

    assert evidence.verdict == "same"
    assert own == {}
    assert f"On {PADDED}, PyTorch alone says: no zeros here" in said(evidence)
    assert "the mask of `masking" in unexercised(evidence)
    assert "not exercised: the mask of" in evidence.explain()


# ------------------------------------------------------------------------------- bounds

FUNCTIONS = torch.nn.functional
IN_PYTORCH = {  # what PyTorch's model has between its layers, and what Keras's has
    "relu6 for relu": (FUNCTIONS.relu6, lambda h: keras.ops.relu(h)),
    "a clamp": (lambda h: h.clamp(-9, 9), None),
    "a hard tanh": (torch.nn.Hardtanh(-9.0, 9.0), None),
    "a minimum": (lambda h: torch.minimum(h, torch.tensor(9.0).to(h)), None),
    "one bound a unit": (lambda h: torch.maximum(h, 0 * h[:1] - 9), None),
    "a where": (lambda h: torch.where(h > 9, 0 * h, h), None),
    "a masked fill": (lambda h: h.masked_fill(h > 9, 0), None),
}
IN_KERAS = {
    "relu6 for relu": (torch.relu, lambda h: keras.ops.relu6(h)),
    "a largest value": (torch.relu, lambda h: keras.layers.ReLU(max_value=9)(h)),
    "a clip": (lambda h: h, lambda h: keras.ops.clip(h, -9, 9)),
    "a minimum": (lambda h: h, lambda h: keras.ops.minimum(h, 9)),
    "a hard sigmoid": (lambda h: h / 6 + 0.5, lambda h: keras.ops.hard_sigmoid(h)),
}
BOUNDED = {
    **{f"PyTorch has {name}": functions for name, functions in IN_PYTORCH.items()},
    **{f"Keras has {name}": functions for name, functions in IN_KERAS.items()},
}


@pytest.mark.parametrize("name", BOUNDED)
def test_a_bound_of_one_side_is_a_difference_beyond_it(name):
    first, second = BOUNDED[name]
    evidence, own = judged(dense_torch(first), dense_keras(second), ROWS)

    assert evidence.verdict == "different"
    (inputs,) = (inputs for inputs, verdict in own.items() if verdict == "different")
    assert "times as large, beyond the bounds of" in inputs


@pytest.mark.parametrize("name", ["relu6", "hard_sigmoid", "hard_tanh"])
def test_a_bound_of_both_sides_is_the_same_beyond_it(name):
    first = getattr(torch.nn.functional, name.replace("_", ""))
    second = keras.layers.Activation(name)
    evidence, own = judged(dense_torch(first), dense_keras(second), ROWS)

    assert evidence.verdict == "same"
    assert set(own.values()) == {"same"}
    assert unexercised(evidence) == ""


def test_a_bound_that_no_input_reaches_is_reached_by_larger_weights():
    """An LSTM returns nothing beyond 1."""
    first = in_pytorch(
        lambda m, x: m.head(m.rnn(x)[0][:, -1]).clamp(-4, 4),
        rnn=torch.nn.LSTM(4, UNITS, batch_first=True),
        head=torch.nn.Linear(UNITS, 2),
    )
    evidence, own = judged(first, last_keras(), X)

    assert evidence.verdict == "different"
    assert any(inputs.startswith("weights") for inputs in own)


def test_rows_that_are_made_shorter_are_a_difference():
    first = in_pytorch(
        lambda m, tokens: m.table(tokens).sum(1),
        table=torch.nn.Embedding(SYMBOLS, 4, max_norm=20.0),
    )
    x = keras.Input((None,), dtype="int32")
    table = keras.layers.Embedding(SYMBOLS, 4)
    second = keras.Model(x, keras.ops.sum(table(x), axis=1))
    evidence, own = judged(first, second, TOKENS)

    assert evidence.verdict == "different"
    assert "max_norm of embedding" in " ".join(own)


# ------------------------------------------------------------------------------- slices


@pytest.mark.parametrize(
    "part", [slice(20), slice(-20, None)], ids=["the first steps", "the last steps"]
)
@pytest.mark.parametrize("side", ["PyTorch", "Keras"])
def test_a_slice_of_one_side_is_a_difference_on_longer_sequences(part, side):
    def cut(x):
        return x[:, part]

    in_torch = cut if side == "PyTorch" else None
    in_keras = cut if side == "Keras" else None
    evidence, own = judged(last_torch(in_torch), last_keras(in_keras), X)

    assert evidence.verdict == "different"
    assert any(inputs.startswith("sequences of 23 steps") for inputs in own)


def test_a_slice_of_both_sides_is_the_same_on_longer_sequences():
    def cut(x):
        return x[:, :20]

    evidence, own = judged(last_torch(cut), last_keras(cut), X)

    assert evidence.verdict == "same"
    assert set(own.values()) == {"same"}
    assert unexercised(evidence) == ""


def test_a_slice_is_told_where_the_models_take_no_longer_sequences():
    first = last_torch(lambda x: x[:, :20])
    evidence, own = judged(first, last_keras(steps=X.shape[1]), X)

    assert evidence.verdict == "same"
    assert own == {}
    assert "slice [:20]" in unexercised(evidence)
    assert "cut no step off (longest 8)" in unexercised(evidence)


def test_a_slice_to_the_length_of_the_input_is_not_told():
    first = last_torch(lambda x: x[:, : x.shape[1]])
    evidence, own = judged(first, last_keras(), X)

    assert own == {}
    assert unexercised(evidence) == ""


# ------------------------------------------------------------------- what is only told


def test_plain_models_have_nothing_to_tell():
    evidence, own = judged(last_torch(), last_keras(), X)

    assert evidence.verdict == "same"
    assert own == {}
    assert evidence.unexercised == {}
    assert evidence.results[-1].unexercised == ()


def test_rows_that_were_never_read_are_counted():
    first = in_pytorch(lambda m, t: m.table(t), table=torch.nn.Embedding(SYMBOLS, 4))
    second = sequential(
        keras.layers.Embedding(SYMBOLS, 4), shape=(None,), dtype="int32"
    )
    tokens = np.array([[1, 2, 3], [4, 5, 6]])
    text = unexercised(check(first, second, tokens))

    assert "5 of 11 rows of embedding in `table`" in text
    assert "row 0 among them" in text


def test_a_padding_of_nothing_is_told():
    evidence, _ = judged(last_torch(), last_keras(keras.layers.ZeroPadding1D(0)), X)

    assert evidence.verdict == "same"
    assert "of Keras's model added nothing" in unexercised(evidence)


def test_what_is_unexercised_is_in_the_json_and_in_the_report(capsys):
    import json

    from rich.console import Console

    from compare.reports.evidence import print_evidence

    first = last_torch(lambda x: x[:, :20])
    evidence, _ = judged(first, last_keras(steps=X.shape[1]), X)
    document = json.loads(evidence.to_json())
    print_evidence(Console(width=200), evidence)

    (sentences,) = document["unexercised"].values()
    assert "slice [:20]" in sentences[0]
    assert document["results"][-1]["unexercised"] == sentences
    assert f"not       {sentences[0]}" in capsys.readouterr().out


def test_an_input_of_the_suites_own_is_not_made_smaller(tmp_path, capsys):
    """`explain` looks for the smallest case of the inputs that were given."""
    from compare.cli import main

    file = tmp_path / "mine.py"
    file.write_text(
        "import keras, numpy, torch\n"
        "class InPyTorch(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.a = torch.nn.Linear(3, 2)\n"
        "    def forward(self, x):\n"
        "        return self.a(x).clamp(-9, 9)\n"
        "def in_keras():\n"
        "    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])\n"
        "torch_model, keras_model = InPyTorch, in_keras\n"
        "input_shape = ('batch', 3)\n"
    )
    script = tmp_path / "shows.py"
    status = main(["explain", str(file), "--reproduce", str(script)])

    assert status == 1
    assert "times as large" in capsys.readouterr().out
    assert not script.exists()


def test_a_slice_whose_loss_is_forgotten_is_named_by_weights_that_forget_little():
    """Fifty steps after what was cut off the gap is 1e-9 of the largest value."""
    evidence, _ = judged(last_torch(lambda x: x[:, -50:]), last_keras(), X)
    (result,) = [r for r in evidence.results if r.explanation]

    assert result.explanation.explained, evidence.explain()
    assert "`[:, -50:]`" in result.explanation.sentence
    assert "weights that forget little" in result.explanation.sentence + result.drawn


def test_a_slice_of_a_users_long_sequences_is_named_as_well():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(4, 60, X.shape[-1])).astype("float32")
    evidence = check(last_torch(lambda x: x[:, -50:]), last_keras(), x, "to_keras")

    first = next(r.explanation for r in evidence.results if r.explanation)
    assert first.explained, evidence.explain()
    assert "`[:, -50:]`" in first.sentence


# --------------------------------------------------------------------- sizes of inputs


def of_steps(then):
    """The last step of an LSTM, of an input that a function has seen."""
    return last_torch(then)


def test_a_branch_on_the_number_of_steps_is_a_difference_beyond_it():
    """At all steps of x, and fewer, both compute the same."""

    def doubled(x):
        if x.shape[1] > 250:
            return 2 * x
        return x

    evidence, own = judged(of_steps(doubled), last_keras(), X)

    assert evidence.verdict == "different"
    assert own == {"sequences of 251 steps, which yours are not": "different"}


def test_a_branch_at_one_number_of_steps_is_found():
    evidence, _ = judged(
        of_steps(lambda x: 2 * x if x.size(1) == 64 else x), last_keras(), X
    )

    assert evidence.verdict == "different"


def test_a_branch_on_the_batch_is_told():
    evidence, _ = judged(
        of_steps(lambda x: 2 * x if x.shape[0] > 90 else x), last_keras(), X
    )

    text = unexercised(evidence)
    assert "the comparison of the batch size with 90 (line " in text
    assert "of PyTorch's model was never true (largest 5)" in text


def test_a_size_that_is_only_checked_is_no_branch():
    def checked(x):
        if x.shape[1] > 2_000:
            raise ValueError("too long")
        return x

    evidence, _ = judged(of_steps(checked), last_keras(), X)

    assert "number of steps" not in unexercised(evidence)


def test_a_model_that_takes_plain_numbers_alone_is_watched_all_the_same():
    def plain(x):
        assert type(x.shape[1]) is int
        return torch.nn.functional.relu6(x)

    evidence, _ = judged(of_steps(plain), last_keras(), X)

    assert evidence.verdict == "different"
