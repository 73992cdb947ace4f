"""Models that return nothing, and models that refuse in both precisions."""

import keras
import numpy as np
import pytest
import torch
from own_models import FEATURES, in_keras, in_pytorch, last, plain

import compare

X = np.random.default_rng(0).normal(0, 1, (3, 5, FEATURES)).astype(np.float32)


def nothing(call):
    def forgetful(model, x):
        call(model, x)

    return forgetful


@pytest.mark.parametrize("side", ["PyTorch", "Keras"])
def test_a_model_that_returns_nothing_is_told_so(side):
    """It has no results, whatever the other has."""
    ours = in_pytorch(nothing(last) if side == "PyTorch" else last)()
    theirs = in_keras(plain)()
    theirs(X)
    if side == "Keras":
        theirs.call = nothing(plain).__get__(theirs)

    with pytest.raises(compare.BadInput, match=f"{side}'s Model: .* got none; return"):
        compare.check(ours, theirs, X, "to_keras")


def test_what_refuses_its_input_is_not_said_to_refuse_float64():
    theirs = keras.Sequential([keras.Input((4, FEATURES)), keras.layers.LSTM(5)])
    ours = in_pytorch(lambda model, x: model.rnn(x)[0][:, -1])()
    ours.head = torch.nn.Identity()
    evidence = compare.check(ours, theirs, X, "to_keras")

    assert evidence.verdict == "one refuses"
    assert "float64" not in evidence.explain()
