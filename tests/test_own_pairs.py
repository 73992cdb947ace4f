"""A user's own two models, compared with one call: what such users bring."""

import copy
from functools import partial

import numpy as np
import pytest

import compare
from compare import BadInput

SAME, DIFFERENT = "same", "different"


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


X = drawn(5, 9, 8)


def nested(nn, **options):
    """An LSTM inside a module of its own, and a head."""

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(8, 6, batch_first=True, **options)

        def forward(self, x):
            return self.rnn(x)[0]

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = Encoder()
            directions = 2 if options.get("bidirectional") else 1
            self.body = nn.Sequential(nn.Linear(6 * directions, 5), nn.ReLU())
            self.head = nn.Linear(5, 3)

        def forward(self, x):
            return self.head(self.body(self.encoder(x)[:, -1]))

    return Model()


def sequential(keras):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((None, 8)),
            layers.LSTM(6),
            layers.Dense(5, activation="relu"),
            layers.Dense(3),
        ]
    )


def functional(keras):
    layers = keras.layers
    x = keras.Input((None, 8))
    body = layers.Dense(5, activation="relu")(layers.LSTM(6)(x))
    return keras.Model(x, layers.Dense(3)(body))


def subclassed(keras):
    class Model(keras.Model):
        def __init__(self, units, out):  # no configuration: it cannot be made anew
            super().__init__()
            self.recurrent = keras.layers.LSTM(units, return_sequences=True)
            self.blocks = [keras.layers.Dense(5, activation="relu")]
            self.out = keras.layers.Dense(out)

        def call(self, x):
            h = self.recurrent(x)[:, -1]
            for block in self.blocks:
                h = block(h)
            return self.out(h)

    model = Model(6, out=3)
    model(X)
    return model


KINDS = {"sequential": sequential, "functional": functional, "subclassed": subclassed}


# What users bring


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("direction", ["to_keras", "to_torch"])
def test_keras_model_of_any_kind_against_a_nested_module(nn, keras, kind, direction):
    evidence = compare.check(nested(nn), KINDS[kind](keras), X, direction)

    assert evidence.verdict == SAME
    assert {r.length for r in evidence.results} == {"none"}
    assert {r.timesteps for r in evidence.results} == {9, 7, 1}


@pytest.mark.parametrize("named", [False, True])
def test_two_inputs_in_a_list_or_by_name(nn, keras, torch, named):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.GRU(8, 6, batch_first=True)
            self.head = nn.Linear(6 + 2, 3)

        def forward(self, x, static):
            return self.head(torch.cat([self.rnn(x)[0][:, -1], static], dim=-1))

    x, static = keras.Input((None, 8), name="x"), keras.Input((2,), name="static")
    both = keras.layers.Concatenate()([keras.layers.GRU(6)(x), static])
    twin = keras.Model([x, static], keras.layers.Dense(3)(both))
    inputs = [X, drawn(5, 2)]
    if named:
        inputs = {"x": X, "static": drawn(5, 2)}

    assert compare.check(Model(), twin, inputs, "to_keras").verdict == SAME


def test_two_outputs_one_of_them_a_tuple_of_states(nn, keras):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(8, 6, batch_first=True)
            self.head = nn.Linear(6, 3)

        def forward(self, x):
            h, (h_n, c_n) = self.rnn(x)
            return {"logits": self.head(h), "states": (h_n[0], c_n[0])}

    x = keras.Input((None, 8))
    h, *states = keras.layers.LSTM(6, return_sequences=True, return_state=True)(x)
    logits = keras.layers.Dense(3)(h)
    twin = keras.Model(x, {"logits": logits, "states": tuple(states)})

    evidence = compare.check(Model(), twin, X, "to_keras")

    assert evidence.verdict == SAME
    stages = {stage.stage for stage in evidence.results[0].stages}
    assert {"output.logits", "output.states.0", "output.states.1"} <= stages


def test_stack_in_one_module_against_two_keras_layers(nn, keras):
    layers = keras.layers
    twin = keras.Sequential(
        [
            keras.Input((None, 8)),
            layers.LSTM(6, return_sequences=True, name="below"),
            layers.LSTM(6, name="above"),
            layers.Dense(5, activation="relu"),
            layers.Dense(3),
        ]
    )

    evidence = compare.check(nested(nn, num_layers=2), twin, X, "to_torch")

    assert evidence.verdict == SAME
    assert "encoder.rnn = below + above" in evidence.notes[0]


def test_bidirectional_module_against_keras_wrapper(nn, keras):
    layers = keras.layers
    twin = keras.Sequential(
        [
            keras.Input((None, 8)),
            layers.Bidirectional(layers.LSTM(6, return_sequences=True)),
            layers.Lambda(lambda h: h[:, -1]),
            layers.Dense(5, activation="relu"),
            layers.Dense(3),
        ]
    )

    evidence = compare.check(nested(nn, bidirectional=True), twin, X, "to_keras")

    assert evidence.verdict == SAME


def convolutional(nn, epsilon):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.front = nn.Sequential(
                nn.Conv1d(8, 7, 3), nn.ReLU(), nn.BatchNorm1d(7, eps=epsilon)
            )
            self.pool = nn.MaxPool1d(2)
            self.rnn = nn.LSTM(7, 6, batch_first=True)
            self.drop = nn.Dropout(0.5)
            self.head = nn.Linear(6, 3)
            self.front[2].running_mean.uniform_(-1, 1)
            self.front[2].running_var.uniform_(0.5, 2)

        def forward(self, x):
            x = self.pool(self.front(x.transpose(1, 2))).transpose(1, 2)
            return self.head(self.drop(self.rnn(x)[0][:, -1]))

    return Model()


def convolutional_twin(keras):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((None, 8)),
            layers.Conv1D(7, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling1D(2),
            layers.LSTM(6),
            layers.Dropout(0.5),
            layers.Dense(3),
        ]
    )


@pytest.mark.parametrize("direction", ["to_keras", "to_torch"])
def test_convolutional_front_and_batch_norm_in_evaluation(nn, keras, direction):
    """A step alone is too short for the kernel: both refuse it, as they should."""
    model = convolutional(nn, epsilon=1e-3)

    evidence = compare.check(model, convolutional_twin(keras), X, direction)

    assert evidence.verdict == SAME
    assert evidence.as_expected
    assert "both refuse" in {result.verdict for result in evidence.results}


def test_frameworks_default_epsilons_are_found_and_named(nn, keras):
    evidence = compare.check(
        convolutional(nn, epsilon=1e-5), convolutional_twin(keras), X, "to_keras"
    )

    assert evidence.verdict == DIFFERENT
    explained = evidence.results[0].explanation
    assert explained.faults[0].startswith("epsilon")
    assert explained.layer == "front.2"
    assert "front.2 of PyTorch: eps=1e-3" in [e.fix for e in explained.alternatives]


def test_embedding_with_a_mask_against_a_packed_sequence(nn, keras):
    pack = partial(
        nn.utils.rnn.pack_padded_sequence, batch_first=True, enforce_sorted=False
    )

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(11, 7)
            self.rnn = nn.LSTM(7, 6, batch_first=True)
            self.head = nn.Linear(6, 3)

        def forward(self, words):
            lengths = (words != 0).sum(dim=1)
            _, (h_n, _) = self.rnn(pack(self.embedding(words), lengths))
            return self.head(h_n[-1])

    layers = keras.layers
    twin = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(11, 7, mask_zero=True),
            layers.LSTM(6),
            layers.Dense(3),
        ]
    )
    words = np.random.default_rng(0).integers(1, 11, (5, 9))
    for row, length in enumerate((9, 7, 3, 9, 1)):
        words[row, length:] = 0

    evidence = compare.check(Model(), twin, words, "to_keras")

    assert evidence.verdict == SAME


def test_wrong_port_is_explained(nn, keras):
    """Gates stacked i, f, o, g, copied by hand as they are."""
    model, twin = nested(nn), sequential(keras)
    compare.transfer(model, twin)
    kernel, recurrent, bias = twin.layers[0].get_weights()

    def swapped(array):
        i, f, g, o = np.split(array, 4, axis=-1)
        return np.concatenate([i, f, o, g], axis=-1)

    twin.layers[0].set_weights([swapped(a) for a in (kernel, recurrent, bias)])

    evidence = compare.check(model, twin, X)

    assert evidence.verdict == DIFFERENT
    first = evidence.results[0].explanation
    assert first.explained
    assert "i, f, o, g" in first.sentence
    assert "the weights alone" in evidence.explain()


def test_unmatched_layer_is_refused_with_both_lists(nn, keras):
    layers = keras.layers
    twin = keras.Sequential([keras.Input((None, 8)), layers.LSTM(6), layers.Dense(3)])

    with pytest.raises(BadInput) as error:
        compare.check(nested(nn), twin, X, "to_keras")

    lines = str(error.value).splitlines()
    assert "2 of PyTorch's and 1 of Keras's have none" in lines[0]
    assert lines[1].split() == ["PyTorch", "Keras"]
    assert any("* body.0 Linear [5x6, 5]" in line for line in lines)


# What the judge makes of weights as they are


def test_weights_as_they_are_are_not_the_same_before_a_transfer(nn, keras):
    evidence = compare.check(nested(nn), sequential(keras), X)

    assert evidence.verdict == DIFFERENT


def test_rounded_sums_of_biases_are_the_same_parameters_and_counted(nn, keras):
    model, twin = nested(nn), sequential(keras)
    compare.transfer(model, twin)  # Keras's float32 rounds the sum of the two biases
    state = {n: t.numpy() for n, t in model.state_dict().items()}
    exact = sum(state[f"encoder.rnn.bias_{k}h_l0"].astype("float64") for k in "ih")
    count = int((exact != exact.astype("float32")).sum())

    evidence = compare.check(model, twin, X)

    assert count > 5
    assert evidence.verdict == SAME
    assert f"{count} parameters" in " ".join(evidence.notes)


def test_error_of_eight_units_in_the_last_place_is_a_difference(nn, keras):
    model, twin = nested(nn), sequential(keras)
    compare.transfer(model, twin)
    kernel, recurrent, bias = twin.layers[0].get_weights()
    twin.layers[0].set_weights([kernel, recurrent, bias * np.float32(1 + 8 * 2**-23)])

    assert compare.check(model, twin, X).verdict == DIFFERENT


def test_bias_of_zero_does_not_hide_that_one_is_dropped(nn, keras, torch):
    """A fresh Keras model has biases of zero: only random ones show the mistake."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(8, 6, batch_first=True)
            self.head = nn.Linear(6, 3)

        def forward(self, x):
            return self.rnn(x)[0][:, -1] @ self.head.weight.T

    layers = keras.layers
    twin = keras.Sequential([keras.Input((None, 8)), layers.LSTM(6), layers.Dense(3)])
    model = Model()
    compare.transfer(twin, model)

    evidence = compare.check(model, twin, X)

    by_weights = {result.direction: result.verdict for result in evidence.results}
    assert by_weights == {"as is": SAME, "random": DIFFERENT}


# What is left untouched, and what cannot be copied


@pytest.mark.parametrize("kind", KINDS)
def test_models_come_back_untouched(nn, keras, torch, kind):
    model, twin = nested(nn), KINDS[kind](keras)
    model.train()
    model.encoder.eval()
    before = copy.deepcopy(model.state_dict()), twin.get_weights()
    states = torch.get_rng_state(), np.random.get_state()[1].copy()

    compare.check(model, twin, X, "to_keras")

    assert (model.training, model.encoder.training, model.head.training) == (
        True,
        False,
        True,
    )
    assert all(torch.equal(before[0][n], t) for n, t in model.state_dict().items())
    assert all(map(np.array_equal, before[1], twin.get_weights()))
    assert {w.dtype for w in twin.weights} == {"float32"}
    assert keras.config.dtype_policy().name == keras.config.floatx() == "float32"
    assert torch.get_default_dtype() == torch.float32
    assert torch.equal(states[0], torch.get_rng_state())
    assert np.array_equal(states[1], np.random.get_state()[1])
    # PyTorch has no public list of a module's hooks.
    assert not any(module._forward_pre_hooks for module in model.modules())  # noqa: SLF001
    assert twin(X).shape == (5, 3)


def test_model_that_computes_in_float32_is_judged_there_and_says_so(nn, keras):
    class Narrow(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = nested(nn)

        def forward(self, x):
            return self.model(x).float().to(x.dtype)

    evidence = compare.check(Narrow(), sequential(keras), X, "to_keras")

    assert evidence.verdict == "same in float32"
    assert evidence.as_expected
    assert "pair file" in " ".join(evidence.notes)


def test_keras_model_that_casts_to_float32_is_judged_there(nn, keras):
    layers = keras.layers
    x = keras.Input((None, 8))
    h = keras.ops.cast(layers.LSTM(6)(x), "float32")
    body = layers.Dense(5, activation="relu")(h)
    twin = keras.Model(x, layers.Dense(3)(body))

    evidence = compare.check(nested(nn), twin, X, "to_keras")

    assert evidence.verdict == "same in float32"


def hidden(nn):
    """A model that reaches a layer of its own by a function that a copy shares."""

    class Hidden(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(8, 6, batch_first=True)
            self.head = head = nn.Linear(6, 3)
            self.function = lambda h: head(h)

        def forward(self, x):
            return self.function(self.rnn(x)[0][:, -1])

    return Hidden()


def last_step(keras):
    layers = keras.layers
    return keras.Sequential([keras.Input((None, 8)), layers.LSTM(6), layers.Dense(3)])


def test_model_that_cannot_be_copied_is_judged_in_float32(nn, keras):
    model, twin = hidden(nn), last_step(keras)
    compare.transfer(twin, model)

    evidence = compare.check(model, twin, X)

    assert evidence.verdict == "same in float32"
    assert not model.training or model.head.training


def test_wrong_weight_is_seen_in_float32_as_well(nn, keras, torch):
    model, twin = hidden(nn), last_step(keras)
    compare.transfer(twin, model)
    with torch.no_grad():
        model.head.weight[1, 2] += 1e-3

    assert compare.check(model, twin, X).verdict == DIFFERENT


def test_weights_of_a_model_that_cannot_be_copied_are_not_replaced(nn, keras):
    with pytest.raises(BadInput, match="models that can be copied"):
        compare.check(hidden(nn), last_step(keras), X, "to_torch")


# What is refused in one line


@pytest.mark.parametrize(
    ("x", "said"),
    [
        ("words", "x: expected numbers"),
        (np.float32(1), "a batch axis"),
        ([], "x: expected"),
        (np.zeros((0, 9, 8)), "something in it"),
        (np.where(np.arange(8) == 3, np.nan, X), r"x\[0, 0, 3\]: expected a finite"),
    ],
)
def test_input_that_is_none_is_refused(nn, keras, x, said):
    with pytest.raises(BadInput, match=said):
        compare.check(nested(nn), sequential(keras), x, "to_keras")


def test_models_in_the_wrong_order_are_refused(nn, keras):
    with pytest.raises(BadInput, match="PyTorch's model first"):
        compare.check(sequential(keras), nested(nn), X)


def test_unknown_transfer_is_refused(nn, keras):
    with pytest.raises(BadInput, match="expected one of None, 'to_keras'"):
        compare.check(nested(nn), sequential(keras), X, "keras")


def test_keras_model_without_weights_is_refused(nn, keras):
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.out = keras.layers.Dense(3)

        def call(self, x):
            return self.out(x)

    with pytest.raises(BadInput, match="call it once on an input first"):
        compare.check(nested(nn), Model(), X)


def test_name_table_comes_before_order_and_sizes(nn, keras):
    """Two layers of one size, of which order alone says which is which."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(8, 8), nn.Linear(8, 8)

        def forward(self, x):
            return self.first(x) - self.second(x)

    x = keras.Input((None, 8))
    a, b = keras.layers.Dense(8, name="a"), keras.layers.Dense(8, name="b")
    twin = keras.Model(x, keras.layers.Subtract()([a(x), b(x)]))
    check = partial(compare.check, Model(), twin, X, "to_keras")

    assert check().verdict == SAME
    assert check(names={"first": "a", "second": "b"}).verdict == SAME
    assert check(names={"first": "b", "second": "a"}).verdict == DIFFERENT


def test_assert_same_raises_with_the_report(nn, keras):
    with pytest.raises(AssertionError, match="starts at") as error:
        compare.assert_same(nested(nn), sequential(keras), X)

    assert "matched (PyTorch = Keras)" in str(error.value)
