"""Activations in PyTorch, and those of Keras: the same in float64 from -60 to 60."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from compare.in_keras.arrays import to_numpy
from compare.in_keras.made_layers import hard_sigmoid_fifth
from compare.in_keras.precision import settled
from compare.in_pytorch.functions import RightInDouble
from compare.kinds.activation_source import CALLS, activated

LIMIT = 1e-14  # of the largest result


@pytest.mark.parametrize("name", CALLS)
def test_an_activation_computes_what_it_does_in_keras(name: str) -> None:
    """Far from zero too, where PyTorch takes a softplus for linear above 20."""
    steps = np.linspace(-60, 60, 4001)
    x = np.stack([steps, 0.7 * steps[::-1] + 0.1], axis=1)
    function = keras.activations.get(name) if name != "hard_sigmoid_fifth" else None
    with settled("float64"):
        right = to_numpy((function or hard_sigmoid_fifth)(keras.ops.array(x)))

    with RightInDouble():  # as the suite judges in float64
        names = {"F": F, "torch": torch, "x": torch.from_numpy(x)}
        result = eval(activated(name, "x"), names).numpy()

    assert right.dtype == result.dtype == np.float64
    assert np.abs(result - right).max() <= LIMIT * np.abs(right).max()
