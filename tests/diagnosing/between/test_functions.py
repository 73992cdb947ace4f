"""A function between two layers is recognised."""

import keras
import pytest
import torch
from own_models import FEATURES, OUTPUTS, SIZE, X, in_keras, in_pytorch, twins
from torch import nn

from compare.diagnosing.diagnosis import diagnose

MIDDLE = 6


def with_middle(function, activation):
    """Twins of a recurrent layer, a middle layer and a head, functions between."""

    class InPyTorch(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(FEATURES, SIZE, batch_first=True)
            self.middle = nn.Linear(SIZE, MIDDLE)
            self.head = nn.Linear(MIDDLE, OUTPUTS)

        def forward(self, x):
            return self.head(function(self.middle(self.rnn(x)[0][:, -1])))

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            self.rnn = keras.layers.LSTM(SIZE)
            self.middle = keras.layers.Dense(MIDDLE)
            self.act = keras.layers.Activation(activation)
            self.head = keras.layers.Dense(OUTPUTS)

        def call(self, x):
            return self.head(self.act(self.middle(self.rnn(x))))

    return twins(InPyTorch, InKeras)


def in_torch(name, *args, **options):
    """A function of torch.nn.functional."""
    function = getattr(torch.nn.functional, name)
    return lambda x: function(x, *args, **options)


def keras_leaky(x):
    return keras.activations.leaky_relu(x, negative_slope=0.3)


def keras_gelu(x):
    return keras.activations.gelu(x, approximate=True)


ACTIVATIONS = {
    "tanh for relu": (("tanh",), "relu", "a tanh for a relu"),
    "relu missing in Keras": (("relu",), "linear", "no activation for a relu"),
    "tanh missing in PyTorch": (("dropout", 0.0), "tanh", "no activation for a tanh"),
    "default slopes": (
        ("leaky_relu",),
        "leaky_relu",
        "a leaky relu of slope 0.2 for a leaky relu of slope 0.01",
    ),
    "the slope of the layer for that of the function": (
        ("leaky_relu", 0.2),
        keras_leaky,
        "a leaky relu of slope 0.3 for a leaky relu of slope 0.2",
    ),
    "the other gelu": (("gelu",), keras_gelu, "a gelu by tanh for a gelu"),
}


@pytest.mark.parametrize("case", ACTIVATIONS)
def test_a_function_between_layers_is_recognised(case):
    function, activation, name = ACTIVATIONS[case]
    made = with_middle(in_torch(*function), activation)
    found = diagnose(made, (X,))

    assert found.explained, found
    assert found.faults == (f"{name} between layers",)
    assert found.place == "between middle and head"
    assert found.alternatives


def test_an_alpha_of_ones_own_is_read_from_what_it_makes():
    made = with_middle(in_torch("elu", 0.5), "elu")
    found = diagnose(made, (X,))

    assert found.explained, found
    assert found.faults == ()
    said = "Keras has an elu, PyTorch has an elu of alpha 0.5"
    assert found.sentence == f"between middle and head, {said}"


def test_an_operation_for_another_function_is_told_with_its_line():
    made = with_middle(lambda x: x.sin(), "relu")
    found = diagnose(made, (X,))

    assert found.explained
    assert found.faults == ("the sine for a relu",)
    assert found.sentence.startswith("PyTorch has the sine, by `sin`")
    assert 'with_middle(lambda x: x.sin(), "relu")' in found.torch_line


def test_the_same_function_on_both_sides_is_no_finding():
    made = with_middle(in_torch("relu"), "relu")
    found = diagnose(made, (X,))

    assert not found.explained
    assert found.faults == ()


def test_a_relu_behind_the_last_step_is_told_from_the_step():
    """The step is the same on both sides; what it goes through is not."""
    made = twins(
        in_pytorch(lambda m, x: m.head(m.rnn(x)[0][:, -1].relu())),
        in_keras(lambda m, x: m.head(m.rnn(x))),
    )
    found = diagnose(made, (X,))

    assert found.explained, found
    assert (
        "Keras lacks a relu" in found.sentence or "PyTorch has a relu" in found.sentence
    )


def test_another_step_through_another_function_are_two_mistakes():
    made = twins(
        in_pytorch(lambda m, x: m.head(m.rnn(x)[0].mean(1).relu())),
        in_keras(lambda m, x: m.head(m.rnn(x))),
    )
    found = diagnose(made, (X,))

    assert found.explained, found
    assert len(found.faults) == 2
    assert "the mean of all steps for the last step" in found.faults
