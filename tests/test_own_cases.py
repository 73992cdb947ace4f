"""What a user's pair is judged by: right twins, lengths asked for, the same twice."""

from functools import partial

import numpy as np
import pytest

import compare
from compare import cli

BATCH, TIME, FEATURES = 4, 6, 4
X = np.random.default_rng(0).normal(size=(BATCH, TIME, FEATURES)).astype(np.float32)


def in_pytorch(torch, forward, **layers):
    """A module with these layers that computes `forward(module, x)`."""

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            for name, layer in layers.items():
                setattr(self, name, layer)

        def forward(self, x):
            return forward(self, x)

    return Model()


def sequential(keras, *layers, shape=(None, FEATURES), **options):
    return keras.Sequential([keras.Input(shape, **options), *layers])


def check(first, second, x=X, transfer="to_keras", **options):
    return compare.check(first, second, x, transfer, **options)


def said(evidence):
    return " ".join(evidence.notes)


# ------------------------------------------------------------------- layers of one size


def branched(torch):
    """Two branches of the same sizes, which are not used alike."""
    return in_pytorch(
        torch,
        lambda m, x: m.value(x[:, -1]) * torch.sigmoid(m.gate(x[:, -1])),
        value=torch.nn.Linear(FEATURES, 3),
        gate=torch.nn.Linear(FEATURES, 3),
    )


def branched_twin(keras):
    """Keras computes the deeper branch first, though it was made second."""
    layers = keras.layers
    x = keras.Input((None, FEATURES))
    value = layers.Dense(3, name="first")(x[:, -1])
    gate = layers.Dense(3, name="second")(x[:, -1])
    made = layers.Multiply()([value, layers.Activation("sigmoid")(gate)])
    return keras.Model(x, made)


@pytest.mark.parametrize("transfer", ["to_keras", "to_torch", "random"])
def test_branches_of_one_size_are_paired_as_the_models_are_the_same(
    torch, keras, transfer
):
    evidence = check(branched(torch), branched_twin(keras), X, transfer)

    assert evidence.verdict == "same"
    assert "value = first; gate = second" in said(evidence)
    assert "in order of execution they are not" in said(evidence)


def test_a_port_with_weights_in_the_right_branches_is_the_same_as_it_is(torch, keras):
    first, second = branched(torch), branched_twin(keras)
    compare.transfer(first, second, {"value": "first", "gate": "second"})

    assert check(first, second, transfer=None).verdict == "same"


def test_a_port_with_weights_in_the_wrong_branches_is_different(torch, keras):
    first, second = branched(torch), branched_twin(keras)
    compare.transfer(first, second, {"value": "second", "gate": "first"})
    evidence = check(first, second, transfer=None)

    assert evidence.verdict == "different"
    assert "what differs is in the weights alone" in said(evidence)


def test_layers_of_the_same_name_keep_their_twins(torch, keras):
    """Else a port with its two results swapped would pass."""
    linear, layers = partial(torch.nn.Linear, FEATURES, 3), keras.layers
    first = in_pytorch(
        torch, lambda m, x: (m.mean(x), m.spread(x)), mean=linear(), spread=linear()
    )
    x = keras.Input((None, FEATURES))
    made = [layers.Dense(3, name=name)(x) for name in ("spread", "mean")]

    assert check(first, keras.Model(x, made)).verdict == "different"


def in_parts(keras, *order):
    """A dense layer in a part of each name, put together in this order."""
    x = keras.Input((None, FEATURES))
    parts = {
        name: keras.Sequential([keras.layers.Dense(3)], name=name)(x)
        for name in sorted(order, reverse=True)
    }
    return keras.Model(x, keras.layers.Concatenate()([parts[name] for name in order]))


@pytest.mark.parametrize(("order", "verdict"), [("ab", "same"), ("ba", "different")])
def test_layers_in_parts_of_one_name_keep_their_twins(torch, keras, order, verdict):
    linear = partial(torch.nn.Linear, FEATURES, 3)
    first = in_pytorch(
        torch,
        lambda m, x: torch.cat([m.a(x), m.b(x)], -1),
        **{name: torch.nn.Sequential(linear()) for name in "ab"},
    )

    assert check(first, in_parts(keras, *order)).verdict == verdict


def test_branches_are_paired_where_models_are_made_anew_as_well(
    torch, keras, tmp_path, monkeypatch
):
    """Keras then gives its layers other names each time."""
    text = f"""
import keras
import torch
from torch import nn

class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.value, self.gate = nn.Linear({FEATURES}, 3), nn.Linear({FEATURES}, 3)

    def forward(self, x):
        return WRONG * self.value(x[:, -1]) * torch.sigmoid(self.gate(x[:, -1]))

def in_keras():
    layers, x = keras.layers, keras.Input((None, {FEATURES}))
    value, gate = layers.Dense(3)(x[:, -1]), layers.Dense(3)(x[:, -1])
    gate = layers.Activation("sigmoid")(gate)
    return keras.Model(x, layers.Multiply()([value, gate]))

torch_model, keras_model, input_shape = InPyTorch, in_keras, ("batch", 5, {FEATURES})
"""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "right.py").write_text(f"WRONG = 1{text}")
    (tmp_path / "wrong.py").write_text(f"WRONG = 2{text}")

    assert cli.main(["run", "right.py"]) == 0
    assert cli.main(["explain", "wrong.py"]) == 1


def test_where_no_pairing_fits_a_table_of_names_is_asked_for(torch, keras):
    first = in_pytorch(
        torch,
        lambda m, x: m.value(x[:, -1]) - m.gate(x[:, -1]),
        value=torch.nn.Linear(FEATURES, 3),
        gate=torch.nn.Linear(FEATURES, 3),
    )
    evidence = check(first, branched_twin(keras))

    assert evidence.verdict == "different"
    assert "value, gate have twins of the same kind and sizes" in said(evidence)


# -------------------------------------------------------------------------- the lengths


def test_time_distributed_is_judged_as_it_is_called(torch, keras):
    """Traced for any batch and length it gives another shape in Keras on TensorFlow."""
    layer = keras.layers.TimeDistributed(keras.layers.Dense(3))
    evidence = check(torch.nn.Linear(FEATURES, 3), sequential(keras, layer))

    assert evidence.verdict == "same"
    assert f"Judged for exactly {TIME} steps" in said(evidence)


def pooled(torch, **options):
    return in_pytorch(
        torch,
        lambda m, x: m.pool(m.conv(x.transpose(1, 2))).transpose(1, 2),
        conv=torch.nn.Conv1d(FEATURES, 3, 3, padding=1),
        pool=torch.nn.MaxPool1d(2, **options),
    )


def pooled_twin(keras):
    layers = keras.layers
    conv = layers.Conv1D(3, 3, padding="same")
    return sequential(keras, conv, layers.MaxPooling1D(2))


def test_too_few_steps_to_pool_are_refused_by_both(torch, keras):
    """PyTorch says so, Keras returns nothing."""
    evidence = check(pooled(torch), pooled_twin(keras))

    assert evidence.verdict == "same"
    assert "both refuse" in {result.verdict for result in evidence.results}


def test_a_refusal_of_steps_that_were_not_asked_for_is_a_note(torch, keras):
    """PyTorch has a result for one step, rounding up; Keras has none."""
    evidence = check(pooled(torch, ceil_mode=True), pooled_twin(keras))

    assert evidence.as_expected
    assert evidence.verdict == "same"
    assert "Of 1 step, which you did not ask for, Keras alone says" in said(evidence)


def test_a_refusal_of_the_whole_input_is_a_verdict(torch, keras):
    def forward(m, x):
        if x.shape[1] == TIME:
            raise ValueError("no six steps here")
        return m.head(x)

    first = in_pytorch(torch, forward, head=torch.nn.Linear(FEATURES, 3))
    evidence = check(first, sequential(keras, keras.layers.Dense(3)))

    assert evidence.verdict == "one refuses"
    assert "no six steps here" in evidence.explain()


def test_many_layers_of_one_size_take_no_time_to_pair(torch, keras):
    """Of twelve there are 479,001,600 pairings, of which a few are tried."""
    linear = [torch.nn.Linear(FEATURES, FEATURES) for _ in range(12)]
    first = torch.nn.Sequential(*linear, torch.nn.ReLU())
    second = [keras.layers.Dense(FEATURES) for _ in linear]

    assert check(first, sequential(keras, *second)).verdict == "different"


def test_a_layer_that_sees_one_step_at_a_time_is_no_stage(torch, keras):
    """In a loop of one turn it would be one, of another shape than Keras's."""
    first = in_pytorch(
        torch,
        lambda m, x: torch.stack([m.head(step) for step in x.unbind(1)], 1),
        head=torch.nn.Linear(FEATURES, 3),
    )
    evidence = check(first, sequential(keras, keras.layers.Dense(3)))

    assert evidence.verdict == "same"
    assert 1 in {result.timesteps for result in evidence.results}


def test_a_table_of_positions_is_cut_to_the_steps_of_the_call(torch, keras):
    table = np.random.default_rng(1).normal(size=(TIME, 3)).astype(np.float32)

    class Positions(keras.Model):
        def __init__(self):
            super().__init__()
            self.head = keras.layers.Dense(3)

        def call(self, x):
            return self.head(x) + table[None, : x.shape[1]]

    first = in_pytorch(
        torch,
        lambda m, x: m.head(x) + torch.from_numpy(table)[None, : x.shape[1]],
        head=torch.nn.Linear(FEATURES, 3),
    )
    second = Positions()
    second(X)

    assert check(first, second).verdict == "same"


# ----------------------------------------------------------- the same result, each time


def explained(evidence):
    assert evidence.verdict == "different"
    explanation = evidence.results[0].explanation
    assert "gives another result when it is called again" in explanation.sentence
    return explanation


def test_dropout_that_is_active_in_pytorch_is_named(torch, keras):
    first = in_pytorch(
        torch,
        lambda m, x: m.head(torch.nn.functional.dropout(x, 0.5)),
        head=torch.nn.Linear(FEATURES, 3),
    )
    found = explained(check(first, sequential(keras, keras.layers.Dense(3))))

    assert found.faults == ("dropout active",)
    assert found.sentence.startswith("PyTorch's model")


def test_dropout_that_is_active_in_keras_is_named(torch, keras):
    class Dropping(keras.Model):
        def __init__(self):
            super().__init__()
            self.drop, self.head = keras.layers.Dropout(0.5), keras.layers.Dense(3)

        def call(self, x):
            return self.head(self.drop(x, training=True))

    second = Dropping()
    second(X)
    found = explained(check(torch.nn.Linear(FEATURES, 3), second))

    assert found.faults == ("dropout active",)
    assert found.fix.startswith("Keras: ")


def test_states_that_keras_keeps_are_named(torch, keras):
    rnn = torch.nn.LSTM(FEATURES, 3, batch_first=True)
    first = in_pytorch(torch, lambda m, x: m.rnn(x)[0], rnn=rnn)
    layer = keras.layers.LSTM(3, stateful=True, return_sequences=True)
    second = keras.Sequential([keras.Input(batch_shape=(BATCH, None, FEATURES)), layer])

    assert explained(check(first, second)).faults == ("states carried over",)


@pytest.mark.parametrize("forgets", [False, True])
def test_states_that_pytorch_keeps_are_named(torch, keras, forgets):
    """Those that forget soon too: repeated on one input they settle at once."""

    def forward(m, x):
        output, m.states = m.rnn(x, getattr(m, "states", None))
        return output

    rnn = torch.nn.LSTM(FEATURES, 3, batch_first=True)
    if forgets:
        with torch.no_grad():
            rnn.bias_ih_l0[3:6] -= 20
            rnn.weight_hh_l0 /= 50
    first = in_pytorch(torch, forward, rnn=rnn)
    layer = keras.layers.LSTM(3, return_sequences=True)
    second = sequential(keras, layer, batch_size=BATCH)

    assert explained(check(first, second)).faults == ("states carried over",)


def test_a_result_that_is_not_a_number_is_no_other_the_next_time(torch, keras):
    first = in_pytorch(
        torch, lambda m, x: torch.log(m.head(x)), head=torch.nn.Linear(FEATURES, 3)
    )
    evidence = check(first, sequential(keras, keras.layers.Dense(3)))

    assert evidence.verdict == "different"
    assert "called again" not in evidence.explain()


def test_a_model_that_is_only_wrong_is_steady(torch, keras):
    first = in_pytorch(
        torch, lambda m, x: 2 * m.head(x), head=torch.nn.Linear(FEATURES, 3)
    )
    evidence = check(first, sequential(keras, keras.layers.Dense(3)))

    assert evidence.verdict == "different"
    assert "called again" not in evidence.explain()


# ----------------------------------------------------------------- what is not compared


@pytest.fixture
def words(torch, keras):
    """A masked pair with its weights transferred, and words with padding behind."""
    nn, layers = torch.nn, keras.layers
    first = nn.Sequential(nn.Embedding(7, 4, padding_idx=0), nn.Linear(4, 3))
    embedding = layers.Embedding(7, 4, mask_zero=True)
    second = sequential(keras, embedding, layers.Dense(3), shape=(None,))
    compare.transfer(first, second)
    x = np.random.default_rng(0).integers(1, 7, (BATCH, TIME))
    x[:, 4:] = 0
    return first, second, x


def test_masked_steps_are_counted(words):
    evidence = check(*words, transfer=None)

    assert evidence.verdict == "same"
    assert "masks 8 of 24 steps" in said(evidence)


def test_a_weight_that_the_inputs_do_not_show_is_told(words):
    first, second, x = words
    weights = second.get_weights()
    weights[0][0] = 5.0
    second.set_weights(weights)
    evidence = check(first, second, x, transfer=None)

    assert "0.embeddings by 5.0e+00" in said(evidence)


def test_weights_that_are_the_same_are_not_told(words):
    assert "which these inputs do not show" not in said(check(*words, transfer=None))


# -------------------------------------------------------------------------- the results


def returning(torch, keras, first, second):
    """Two heads whose results are handed over as the two functions say."""
    model = in_pytorch(
        torch,
        lambda m, x: first(m.mean(x), m.spread(x)),
        mean=torch.nn.Linear(FEATURES, 3),
        spread=torch.nn.Linear(FEATURES, 2),
    )
    x = keras.Input((None, FEATURES))
    made = keras.layers.Dense(3)(x), keras.layers.Dense(2)(x)
    return model, keras.Model(x, second(*made))


def keyed(mean, spread):
    return {"mean": mean, "spread": spread}


def nested(mean, spread):
    return (mean, (spread,))


def test_results_of_the_same_names_are_compared(torch, keras):
    evidence = check(*returning(torch, keras, keyed, keyed))

    assert evidence.verdict == "same"
    assert "output.spread" in {s.stage for s in evidence.results[0].stages}


def test_results_whose_names_are_swapped_are_different(torch, keras):
    layers, x = keras.layers, keras.Input((None, FEATURES))
    made = layers.Dense(3, name="mean")(x), layers.Dense(3, name="spread")(x)
    first = in_pytorch(
        torch,
        lambda m, x: keyed(m.mean(x), m.spread(x)),
        mean=torch.nn.Linear(FEATURES, 3),
        spread=torch.nn.Linear(FEATURES, 3),
    )
    evidence = check(first, keras.Model(x, keyed(*made[::-1])))

    assert evidence.verdict == "different"
    assert evidence.results[0].explanation.explained


def test_inputs_go_to_pytorch_in_a_list_where_it_takes_one(torch, keras):
    first = in_pytorch(
        torch, lambda m, x: m.head(x[0] + x[1]), head=torch.nn.Linear(FEATURES, 3)
    )
    inputs = [keras.Input((None, FEATURES)) for _ in "ab"]
    made = keras.layers.Dense(3)(keras.layers.Add()(inputs))

    assert check(first, keras.Model(inputs, made), [X, 2 * X]).verdict == "same"


def test_results_in_tuples_are_compared_by_their_places(torch, keras):
    evidence = check(
        *returning(torch, keras, nested, lambda mean, spread: [mean, spread])
    )

    assert evidence.verdict == "same"


def test_results_that_only_one_model_names_are_refused(torch, keras):
    """Sorted by name they could be taken for each other."""
    with pytest.raises(compare.BadInput, match="results: expected the same names"):
        check(*returning(torch, keras, nested, keyed))


def test_a_stage_of_another_shape_is_told_once(torch, keras):
    """The head gets every step in PyTorch, and the last one in Keras."""
    first = in_pytorch(
        torch, lambda m, x: m.head(x)[:, -1], head=torch.nn.Linear(FEATURES, 3)
    )
    x = keras.Input((None, FEATURES))
    second = keras.Model(x, keras.layers.Dense(3)(x[:, -1]))
    evidence = check(first, second)

    assert evidence.verdict == "same"
    assert evidence.results[0].unmatched == ("head",)
