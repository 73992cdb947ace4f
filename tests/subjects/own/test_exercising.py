"""Nothing passes that was not exercised: the suite's own inputs, beside a user's."""

import numpy as np
import pytest
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


def test_a_mask_of_one_side_is_a_difference_on_padded_sequences(torch, keras):
    """No step of x is zero, so that on x both compute the same."""
    masking = keras.layers.Masking(0.0)
    evidence, own = judged(last_torch(torch), last_keras(keras, masking), X)

    assert evidence.verdict == "different"
    assert own == {PADDED: "different"}
    assert "padded steps are computed as if they were data" in evidence.explain()


def test_a_mask_of_another_value_than_zero_is_padded_with_it(torch, keras):
    masking = keras.layers.Masking(-7.0)
    _, own = judged(last_torch(torch), last_keras(keras, masking), X)

    assert own == {PADDED: "different"}


def test_a_mask_that_a_layer_of_the_users_computes_is_exercised(torch, keras):
    class Own(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.supports_masking = True

        def call(self, x):
            return x

        def compute_mask(self, x, mask=None):
            return keras.ops.any(x != 0, axis=-1)

    _, own = judged(last_torch(torch), last_keras(keras, Own()), X)

    assert own == {PADDED: "different"}


def test_a_mask_of_tokens_is_exercised_in_a_pooling(torch, keras):
    first = in_pytorch(
        torch,
        lambda m, tokens: m.head(m.table(tokens).mean(1)),
        table=torch.nn.Embedding(SYMBOLS, 4),
        head=torch.nn.Linear(4, 2),
    )
    layers = keras.layers
    second = sequential(
        keras,
        layers.Embedding(SYMBOLS, 4, mask_zero=True),
        layers.GlobalAveragePooling1D(),
        layers.Dense(2),
        shape=(None,),
        dtype="int32",
    )
    _, own = judged(first, second, TOKENS)

    assert own == {PADDED: "different"}


def test_packing_of_one_side_is_a_difference_on_padded_sequences(torch, keras):
    _, own = judged(packed_torch(torch), last_keras(keras), X)

    assert own == {PADDED: "different"}


def test_a_mask_and_packing_are_the_same_on_padded_sequences(torch, keras):
    """And then there is nothing to say."""
    masking = keras.layers.Masking(0.0)
    evidence, own = judged(packed_torch(torch), last_keras(keras, masking), X)

    assert evidence.verdict == "same"
    assert own == {PADDED: "same"}
    assert unexercised(evidence) == ""


def test_lengths_that_are_an_input_say_the_same_as_the_padding(torch, keras):
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


def test_a_users_padded_sequences_are_enough(torch, keras):
    x = X.copy()
    x[1, 5:] = 0
    masking = keras.layers.Masking(0.0)
    _, own = judged(packed_torch(torch), last_keras(keras, masking), x)

    assert own == {}


def test_one_side_that_refuses_padded_sequences_is_a_note(torch, keras):
    def refusing(x):
        if (x == 0).any():
            raise ValueError("no zeros here")
        return x

    masking = keras.layers.Masking(0.0)
    evidence, own = judged(last_torch(torch, refusing), last_keras(keras, masking), X)

    assert evidence.verdict == "same"
    assert own == {}
    assert f"On {PADDED}, PyTorch alone says: no zeros here" in said(evidence)
    assert "the mask of `masking" in unexercised(evidence)
    assert "not exercised: the mask of" in evidence.explain()


# ------------------------------------------------------------------------------- bounds

IN_PYTORCH = {
    "relu6 for relu": (lambda t: t.nn.functional.relu6, lambda k: k.layers.ReLU()),
    "a clamp": (lambda t: lambda h: h.clamp(-9, 9), None),
    "a hard tanh": (lambda t: t.nn.Hardtanh(-9.0, 9.0), None),
    "a minimum": (lambda t: lambda h: t.minimum(h, t.tensor(9.0).to(h)), None),
    "one bound a unit": (lambda t: lambda h: t.maximum(h, 0 * h[:1] - 9), None),
    "a where": (lambda t: lambda h: t.where(h > 9, 0 * h, h), None),
    "a masked fill": (lambda t: lambda h: h.masked_fill(h > 9, 0), None),
}
IN_KERAS = {
    "relu6 for relu": (lambda t: t.relu, lambda k: k.layers.Activation("relu6")),
    "a largest value": (lambda t: t.relu, lambda k: k.layers.ReLU(max_value=9)),
    "a clip": (lambda t: lambda h: h, lambda k: lambda h: k.ops.clip(h, -9, 9)),
    "a minimum": (lambda t: lambda h: h, lambda k: lambda h: k.ops.minimum(h, 9)),
    "a hard sigmoid": (
        lambda t: lambda h: h / 6 + 0.5,
        lambda k: k.layers.Activation("hard_sigmoid"),
    ),
}
BOUNDED = {
    **{f"PyTorch has {name}": functions for name, functions in IN_PYTORCH.items()},
    **{f"Keras has {name}": functions for name, functions in IN_KERAS.items()},
}


@pytest.mark.parametrize("name", BOUNDED)
def test_a_bound_of_one_side_is_a_difference_beyond_it(torch, keras, name):
    first, second = BOUNDED[name]
    between = None if second is None else second(keras)
    evidence, own = judged(
        dense_torch(torch, first(torch)), dense_keras(keras, between), ROWS
    )

    assert evidence.verdict == "different"
    (inputs,) = (inputs for inputs, verdict in own.items() if verdict == "different")
    assert "times as large, beyond the bounds of" in inputs


@pytest.mark.parametrize("name", ["relu6", "hard_sigmoid", "hard_tanh"])
def test_a_bound_of_both_sides_is_the_same_beyond_it(torch, keras, name):
    first = getattr(torch.nn.functional, name.replace("_", ""))
    second = keras.layers.Activation(name)
    evidence, own = judged(dense_torch(torch, first), dense_keras(keras, second), ROWS)

    assert evidence.verdict == "same"
    assert set(own.values()) == {"same"}
    assert unexercised(evidence) == ""


def test_a_bound_that_no_input_reaches_is_reached_by_larger_weights(torch, keras):
    """An LSTM returns nothing beyond 1."""
    first = in_pytorch(
        torch,
        lambda m, x: m.head(m.rnn(x)[0][:, -1]).clamp(-4, 4),
        rnn=torch.nn.LSTM(4, UNITS, batch_first=True),
        head=torch.nn.Linear(UNITS, 2),
    )
    evidence, own = judged(first, last_keras(keras), X)

    assert evidence.verdict == "different"
    assert any(inputs.startswith("weights") for inputs in own)


def test_rows_that_are_made_shorter_are_a_difference(torch, keras):
    first = in_pytorch(
        torch,
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
def test_a_slice_of_one_side_is_a_difference_on_longer_sequences(
    torch, keras, part, side
):
    def cut(x):
        return x[:, part]

    in_torch = cut if side == "PyTorch" else None
    in_keras = cut if side == "Keras" else None
    evidence, own = judged(last_torch(torch, in_torch), last_keras(keras, in_keras), X)

    assert evidence.verdict == "different"
    assert any(inputs.startswith("sequences of 23 steps") for inputs in own)


def test_a_slice_of_both_sides_is_the_same_on_longer_sequences(torch, keras):
    def cut(x):
        return x[:, :20]

    evidence, own = judged(last_torch(torch, cut), last_keras(keras, cut), X)

    assert evidence.verdict == "same"
    assert set(own.values()) == {"same"}
    assert unexercised(evidence) == ""


def test_a_slice_is_told_where_the_models_take_no_longer_sequences(torch, keras):
    first = last_torch(torch, lambda x: x[:, :20])
    evidence, own = judged(first, last_keras(keras, steps=X.shape[1]), X)

    assert evidence.verdict == "same"
    assert own == {}
    assert "slice [:20]" in unexercised(evidence)
    assert "cut no step off (longest 8)" in unexercised(evidence)


def test_a_slice_to_the_length_of_the_input_is_not_told(torch, keras):
    first = last_torch(torch, lambda x: x[:, : x.shape[1]])
    evidence, own = judged(first, last_keras(keras), X)

    assert own == {}
    assert unexercised(evidence) == ""


# ------------------------------------------------------------------- what is only told


def test_plain_models_have_nothing_to_tell(torch, keras):
    evidence, own = judged(last_torch(torch), last_keras(keras), X)

    assert evidence.verdict == "same"
    assert own == {}
    assert list(evidence.unexercised.values()) == [()]


def test_rows_that_were_never_read_are_counted(torch, keras):
    first = in_pytorch(
        torch, lambda m, t: m.table(t), table=torch.nn.Embedding(SYMBOLS, 4)
    )
    second = sequential(
        keras, keras.layers.Embedding(SYMBOLS, 4), shape=(None,), dtype="int32"
    )
    tokens = np.array([[1, 2, 3], [4, 5, 6]])
    text = unexercised(check(first, second, tokens))

    assert "5 of 11 rows of embedding in `table`" in text
    assert "row 0 among them" in text


def test_a_padding_of_nothing_is_told(torch, keras):
    evidence, _ = judged(
        last_torch(torch), last_keras(keras, keras.layers.ZeroPadding1D(0)), X
    )

    assert evidence.verdict == "same"
    assert "of Keras's model added nothing" in unexercised(evidence)


def test_what_is_unexercised_is_in_the_json_and_in_the_report(torch, keras, capsys):
    import json

    from rich.console import Console

    from compare.reports.evidence import print_evidence

    first = last_torch(torch, lambda x: x[:, :20])
    evidence, _ = judged(first, last_keras(keras, steps=X.shape[1]), X)
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
