"""How often the whole of an input is run: large models take most of a check there."""

from __future__ import annotations

from collections import Counter

import keras
import numpy as np
import pytest
import torch

import compare
from compare.twins.frameworks import FRAMEWORKS

SAMPLES = 9  # mistakes are made in the case nearest to four samples: in that of one


class Convolved(torch.nn.Module):
    """Takes images as Keras does, (batch, height, width, channels)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3)
        self.head = torch.nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.conv(x.permute(0, 3, 1, 2)))
        return self.head(x.mean((2, 3)))


def convolved_in_keras() -> keras.Model:
    x = keras.Input((8, 8, 3))
    y = keras.layers.Conv2D(4, 3, activation="relu")(x)
    y = keras.layers.GlobalAveragePooling2D()(y)
    return keras.Model(x, keras.layers.Dense(2)(y))


def test_the_whole_input_is_run_in_float64_once_for_each_set_of_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Models are built, and mistakes made, on one sample."""
    whole: Counter[str] = Counter()
    for side, adapter in FRAMEWORKS.items():
        run = adapter.Twin.__call__

        def counted(twin, *arrays, side=side, run=run):
            if twin.dtype == "float64" and len(arrays[0]) == SAMPLES:
                whole[side] += 1
            return run(twin, *arrays)

        monkeypatch.setattr(adapter.Twin, "__call__", counted)
    x = np.random.default_rng(0).normal(size=(SAMPLES, 8, 8, 3)).astype("float32")
    torch.manual_seed(0)
    evidence = compare.check(Convolved(), convolved_in_keras(), x, "to_keras")

    assert evidence.verdict == "same"
    directions = {result.direction for result in evidence.results}
    assert whole == dict.fromkeys(FRAMEWORKS, len(directions))
