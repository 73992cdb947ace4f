"""Random weights for twins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from compare.judging.result import SIDES
from compare.judging.words import Direction
from compare.kinds.layer import Arrays, Layer
from compare.twins.frameworks import LAYERS

if TYPE_CHECKING:
    from compare.twins.twins import Twins

DRAWN = 2**20  # numbers at once, in float64
KEEPING = 8.0  # of a gate: its sigmoid is 0.9997, 0.97 after a hundred steps


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
        array = np.empty(shape, np.float32)
        bound = np.sqrt(6 / max(sum(shape), 1))  # a scale may be a single number
        low, high = (0.5, 1.5) if "var" in key else (-bound, bound)
        for piece in np.split(array.ravel(), range(DRAWN, array.size, DRAWN)):
            piece[...] = rng.uniform(low, high, piece.size)
        return array

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


def enlarge(twins: Twins, factor: float) -> None:
    """Multiply the weights of twins, where they are neither recurrent nor statistics.

    Recurrent ones that are large make a model that no precision can judge.

    Args:
        twins: with weights; both sides are changed alike.
        factor: a power of two, by which nothing is rounded.
    """
    layers = LAYERS["torch"].layers(twins.model("torch", "float32"))
    recurrent = set()
    for name, layer in layers.items():
        if any(key.startswith("weight_hh") for key in layer.arrays):
            recurrent.add(name)
    for side in SIDES:
        for precision in twins.precisions:
            model = twins.model(side, precision)
            larger = {}
            for name, layer in LAYERS[side].layers(model).items():
                if name in twins.matched and name not in recurrent:
                    larger[name] = _times(layer.arrays, factor)
            LAYERS[side].load(model, larger)


def remember(twins: Twins) -> None:
    """Let LSTMs and GRUs forget little, so that their first steps reach the last.

    Random ones forget within a hundred steps what float64 can hold.

    Args:
        twins: with weights; Keras's get those of PyTorch's.
    """

    def slow(layers: Mapping[str, Layer]) -> dict[str, dict[str, np.ndarray]]:
        weights = {}
        for name, layer in layers.items():
            weights[name] = {key: array.copy() for key, array in layer.arrays.items()}
            for key, array in weights[name].items():
                if key.startswith("bias_ih") and layer.kind in ("LSTM", "GRU"):
                    # Gates i, f, g, o and r, z, n: the second keeps the state.
                    gates = 4 if layer.kind == "LSTM" else 3
                    size = len(array) // gates
                    array[size : 2 * size] += KEEPING
        return weights

    twins.load("to_keras", slow)


def _times(arrays: Arrays, factor: float) -> dict[str, np.ndarray]:
    """Arrays times a number, but for statistics of batches."""
    larger = {}
    for key, array in arrays.items():
        is_statistic = "var" in key or "mean" in key
        larger[key] = array if is_statistic else array * array.dtype.type(factor)
    return larger
