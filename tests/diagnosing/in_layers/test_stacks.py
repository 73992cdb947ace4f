"""A mistake in one layer of a stack, in one direction, or in some of the arrays."""

import keras
import numpy as np
import pytest
import torch
from own_models import (
    FEATURES,
    OUTPUTS,
    SIZE,
    X,
    in_keras,
    in_pytorch,
    last,
    plain,
    twins,
    wrong_weights,
)

from compare.diagnosing.diagnosis import diagnose


def stack_in_keras(*options, both_ways=None):
    """Layers one behind another, as a stack of PyTorch's has them, and a head."""

    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            layers = [
                keras.layers.LSTM(SIZE, return_sequences=True, **each)
                for each in options
            ]
            if both_ways is not None:
                layers = [
                    keras.layers.Bidirectional(layer, backward_layer=other)
                    for layer in layers
                    for other in [backward(both_ways)]
                ]
            self.rnn = layers[0] if len(layers) == 1 else layers
            self.head = keras.layers.Dense(OUTPUTS)

        def call(self, x):
            for layer in self.rnn if isinstance(self.rnn, list) else [self.rnn]:
                x = layer(x)
            return self.head(x[:, -1])

    def backward(more):
        return keras.layers.LSTM(SIZE, return_sequences=True, go_backwards=True, **more)

    return Model


HARD = dict(recurrent_activation="hard_sigmoid")
ORDINALS = ("first", "second", "third")


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_a_mistake_in_one_layer_of_a_stack_is_told(wrong):
    options = [HARD if number == wrong else {} for number in range(3)]
    torch = in_pytorch(last, num_layers=3)
    found = diagnose(twins(torch, stack_in_keras(*options)), (X,))

    assert found.explained, found
    assert found.faults == ("hard sigmoid x / 6",)
    start = f"in rnn of Keras, in the {ORDINALS[wrong]} layer alone, the gates use"
    assert found.sentence.startswith(start)
    assert f"in the {ORDINALS[wrong]} layer" in found.fix
    assert found.gap_after <= found.limit


def test_different_mistakes_in_two_layers_of_a_stack_stay_unknown():
    keras = stack_in_keras(HARD, dict(activation="relu"))
    found = diagnose(twins(in_pytorch(last, num_layers=2), keras), (X,))

    assert not found.explained
    assert found.faults == ()


def test_a_mistake_in_one_direction_is_told():
    keras = stack_in_keras({}, both_ways=HARD)
    found = diagnose(twins(in_pytorch(last, bidirectional=True), keras), (X,))

    assert found.explained, found
    assert "in the backward direction alone, the gates use a hard" in found.sentence


def gates(array):
    """The gates of one of Keras's arrays as i, g, f, o."""
    order = [0, 2, 1, 3]
    return np.concatenate([np.split(array, 4, -1)[n] for n in order], axis=-1)


PARTS = {
    "two arrays": (
        ["backward.kernel", "backward.bias"],
        "in kernel and bias of the backward direction alone",
    ),
    "one kernel": (["forward.kernel"], "in kernel of the forward direction alone"),
    "one direction": (
        ["backward.kernel", "backward.recurrent_kernel", "backward.bias"],
        "in the backward direction alone",
    ),
}


@pytest.mark.parametrize("case", PARTS)
def test_gates_in_another_order_in_some_arrays_are_told(case):
    names, said = PARTS[case]
    made = twins(in_pytorch(last, bidirectional=True), stack_in_keras({}, both_ways={}))
    wrong_weights(made, "rnn", lambda a: a | {n: gates(a[n]) for n in names})
    found = diagnose(made, (X,))

    assert found.explained, found
    assert found.faults == ("LSTM gates i, g, f, o",)
    (in_keras,) = [each for each in found.alternatives if each.side == "keras"]
    assert in_keras.sentence.startswith(f"in rnn of Keras, {said}, the gates are")


def test_noise_in_some_arrays_stays_unknown():
    made = twins(in_pytorch(last, bidirectional=True), stack_in_keras({}, both_ways={}))
    noise = np.random.default_rng(0)

    def change(arrays):
        name = "forward.kernel"
        return arrays | {name: arrays[name] + noise.normal(0, 0.1, arrays[name].shape)}

    wrong_weights(made, "rnn", change)
    found = diagnose(made, (X,))

    assert not found.explained
    assert "the weights differ in no known way" in found.sentence


def test_gates_in_another_order_in_an_array_of_a_cell_are_told():
    class InPyTorch(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = torch.nn.LSTMCell(FEATURES, SIZE)

        def forward(self, x):
            return self.cell(x[:, 0])[0]

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            self.cell = keras.layers.LSTMCell(SIZE)

        def call(self, x):
            zeros = keras.ops.zeros((keras.ops.shape(x)[0], SIZE), x.dtype)
            return self.cell(x[:, 0], [zeros, zeros])[0]

    made = twins(InPyTorch, InKeras)
    wrong_weights(made, "cell", lambda a: a | {"kernel": gates(a["kernel"])})
    found = diagnose(made, (X,))

    assert found.explained, found
    assert "in weight_ih alone, the gates are stacked i, g, f, o" in found.sentence


def test_a_gru_that_has_one_bias_twice_is_told():
    torch, keras = in_pytorch(last, kind="GRU"), in_keras(plain, kind="GRU")
    made = twins(torch, keras)
    twice = [0, 0]
    wrong_weights(made, "rnn", lambda a: a | {"bias": a["bias"][twice]})
    found = diagnose(made, (X,))

    assert found.explained, found
    start = "in rnn of Keras, bias_ih stands in the place of both biases"
    assert found.sentence == start
    assert found.fix.startswith("rnn of Keras: bias = stack([bias_ih, bias_hh])")
