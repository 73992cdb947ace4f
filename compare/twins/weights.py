"""Random weights for twins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

# PyTorch comes first: loaded after TensorFlow it is slower.
from compare.kinds.layer import Layer

if TYPE_CHECKING:
    from compare.twins.twins import Twins


def fresh_weights(layers: Mapping[str, Layer], seed: list[int]) -> dict[str, dict]:
    """Random weights and biases, by layer and name; none is zero, none symmetric.

    Every array, biases too, is uniform within Glorot's bound, sqrt(6 / (rows +
    columns)), which is the same for a matrix and its transpose; a variance is between
    a half and one and a half. Drawn in float32, so that both precisions hold the same
    numbers.

    Source: Glorot & Bengio 2010, "Understanding the difficulty of training deep
        feedforward neural networks", equation 16.
    """
    rng = np.random.default_rng(seed)

    def draw(key, shape):
        bound = np.sqrt(6 / sum(shape))
        low, high = (0.5, 1.5) if "var" in key else (-bound, bound)
        return rng.uniform(low, high, shape).astype(np.float32)

    return {
        name: {key: draw(key, array.shape) for key, array in layer.arrays.items()}
        for name, layer in layers.items()
    }


def load_random(twins: Twins, direction: str, key: Sequence[int]):
    """Give twins random weights, drawn on the source's side, and transfer them."""
    twins.load(direction, partial(fresh_weights, seed=key))


def load_anew(twins: Twins, seed: int):
    """Give twins other random weights than those of a run."""
    load_random(twins, "to_keras", [seed])
