"""Random weights for twins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from compare.judging.words import Direction
from compare.kinds.layer import Layer

if TYPE_CHECKING:
    from compare.twins.twins import Twins


def fresh_weights(
    layers: Mapping[str, Layer], seed: Sequence[int]
) -> dict[str, dict[str, np.ndarray]]:
    """Random weights and biases, by layer and name; none is zero, none symmetric.

    Every array, biases too, is uniform within Glorot's bound, sqrt(6 / (rows +
    columns)), which is the same for a matrix and its transpose; a variance is between
    a half and one and a half. Drawn in float32, so that both precisions hold the same
    numbers.

    Source: Glorot & Bengio 2010, "Understanding the difficulty of training deep
        feedforward neural networks", equation 16.
    """
    rng = np.random.default_rng(seed)

    def draw(key: str, shape: tuple[int, ...]) -> np.ndarray:
        if "var" in key:
            return rng.uniform(0.5, 1.5, shape).astype(np.float32)
        bound = np.sqrt(6 / sum(shape))
        return rng.uniform(-bound, bound, shape).astype(np.float32)

    weights = {}
    for name, layer in layers.items():
        weights[name] = {key: draw(key, a.shape) for key, a in layer.arrays.items()}
    return weights


def load_random(twins: Twins, direction: Direction, seed: Sequence[int]) -> None:
    """Give twins random weights, drawn on the source's side, and transfer them."""
    twins.load(direction, partial(fresh_weights, seed=seed))


def load_anew(twins: Twins, seed: int) -> None:
    """Give twins other random weights than those of a run, if all can be moved."""
    if twins.is_whole:
        load_random(twins, "to_keras", [seed])
