"""PReLU layers of Keras whose slopes were left at 0."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from torch import nn

import compare
from compare.judging.explanation import Explanation

LAYERS = keras.layers
X = np.random.default_rng(0).normal(size=(6, 8)).astype(np.float32)


def moved_linear(linear: nn.Linear, dense: keras.Layer) -> None:
    """Give a dense layer the weights of a linear one."""
    weight, bias = linear.weight.detach().numpy(), linear.bias.detach().numpy()
    dense.set_weights([weight.T, bias])


def in_both(is_normed: bool) -> tuple[nn.Sequential, keras.Sequential]:
    """PReLU layers of one slope and of 16, with batch norms before them or without."""
    torch.manual_seed(0)
    first, second, last = nn.Linear(8, 16), nn.Linear(16, 16), nn.Linear(16, 2)
    norms = [nn.BatchNorm1d(16, eps=1e-3) for _ in range(2)] if is_normed else []
    modules = [first, *norms[:1], nn.PReLU(), second, *norms[1:], nn.PReLU(16), last]
    dense = [LAYERS.Dense(16), LAYERS.Dense(16), LAYERS.Dense(2)]
    keras_norms = [LAYERS.BatchNormalization() for _ in norms]
    keras_model = keras.Sequential(
        [
            keras.Input((8,)),
            *(dense[0], *keras_norms[:1], LAYERS.PReLU()),
            *(dense[1], *keras_norms[1:], LAYERS.PReLU()),
            dense[2],
        ]
    )
    for linear, twin in zip((first, second, last), dense, strict=True):
        moved_linear(linear, twin)
    return nn.Sequential(*modules).eval(), keras_model


def explained(is_normed: bool) -> Explanation:
    """The explanation of the pair in which no slopes were moved."""
    evidence = compare.check(*in_both(is_normed), X)
    assert evidence.verdict == "different"
    return next(r.explanation for r in evidence.results if r.explanation)


@pytest.mark.parametrize("is_normed", [False, True], ids=["linear", "normed"])
def test_slopes_left_at_0_are_told_as_another_slope(is_normed):
    """Not as a layer that one side alone has: PyTorch has one in the same place."""
    explanation = explained(is_normed)

    assert explanation.explained
    assert "leaky relu of slope 0.25" in explanation.sentence
    assert "does not" not in explanation.sentence
    assert "alone" not in " ".join(explanation.faults)


def test_slopes_that_were_moved_are_the_same():
    """One slope goes to 16 of Keras, which no rule makes of it."""
    torch_model, keras_model = in_both(is_normed=False)
    slopes = [m for m in torch_model if isinstance(m, nn.PReLU)]
    twins = [x for x in keras_model.layers if isinstance(x, LAYERS.PReLU)]
    for module, twin in zip(slopes, twins, strict=True):
        twin.set_weights([np.broadcast_to(module.weight.detach().numpy(), (16,))])

    evidence = compare.check(torch_model, keras_model, X)

    assert evidence.verdict == "same"
    assert not any("Inside" in note for note in evidence.notes)
