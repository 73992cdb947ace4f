"""Kernels that were copied by a reshape, or turned round, are named."""

import numpy as np
import pytest
import torch
from convolved import each_step, steps_in_keras
from convolved import in_keras as conv_in_keras
from convolved import in_pytorch as conv_in_pytorch
from convolved import twins as conv_twins
from own_models import X, in_keras, in_pytorch, last, plain, twins

from compare.diagnosing.diagnosis import diagnose


def change(made, name, function):
    """Put other numbers into PyTorch's array of this name, in every precision."""
    for twin in made.of_side("torch").values():
        parameter = twin.model.get_parameter(name)
        array = np.ascontiguousarray(function(parameter.detach().numpy().copy()))
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(array))


def by_gate(count):
    """What `kernel.reshape` of each gate makes of Keras's kernel."""

    def function(array):
        blocks = [
            np.ascontiguousarray(block.T).reshape(block.shape)
            for block in np.split(array, count)
        ]
        return np.concatenate(blocks)

    return function


@pytest.mark.parametrize(("kind", "gates"), [("LSTM", 4), ("GRU", 3)])
@pytest.mark.parametrize("both", [False, True])
def test_kernels_of_each_gate_reshaped_are_named(kind, gates, both):
    made = twins(in_pytorch(last, kind), in_keras(plain, kind))
    change(made, "rnn.weight_ih_l0", by_gate(gates))
    if both:
        change(made, "rnn.weight_hh_l0", by_gate(gates))
    found = diagnose(made, (X,))

    assert found.explained, found
    expected = [f"{kind} input kernel of each gate read without transposing"]
    if both:
        expected.append(f"{kind} recurrent kernel not transposed")
    assert sorted(found.faults) == expected


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (
            lambda weight: np.ascontiguousarray(weight.T).reshape(weight.shape),
            "convolution kernel read without transposing",
        ),
        (lambda weight: weight[..., ::-1], "convolution kernel reversed in time"),
    ],
    ids=["reshaped", "reversed"],
)
def test_kernels_of_a_convolution_are_named(function, name):
    made = conv_twins(conv_in_pytorch(each_step), conv_in_keras(steps_in_keras))
    change(made, "conv.weight", function)
    found = diagnose(made, (X,))

    assert found.explained, found
    assert found.faults == (name,)
