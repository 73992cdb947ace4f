"""Inputs that are no match for what the models take, refused in their own words."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from torch import nn

import compare

X = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)


@pytest.mark.parametrize(
    ("x", "of_keras", "of_torch"),
    [
        ([X, X], "expects 1 named input", "must be Tensor, not list"),
        ({"other": X}, "data dictionary with keys \\['other'\\]", "not dict"),
    ],
    ids=["two", "by a wrong name"],
)
def test_inputs_that_neither_model_takes_are_refused_for_that(x, of_keras, of_torch):
    """No lack of an attribute, which the suite alone asked for, is told instead."""
    in_keras = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5)])

    with pytest.raises(compare.BadInput, match=f"Keras: .*{of_keras}.*{of_torch}"):
        compare.check(nn.Sequential(nn.Linear(4, 5)), in_keras, x, "to_keras")
