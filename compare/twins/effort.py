"""How many mistakes are made in a large model, so that a check of it ends in time.

What is left out depends on the sizes of a model alone, not on how fast a machine is.
All figures are about nanoseconds of one core.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

from compare import kinds
from compare.kinds.layer import Layer
from compare.mistakes.anatomy import Anatomy

MISTAKES = 8e9  # for all mistakes in a model that is not large
MISTAKES_IN_LARGE = 4e9  # for those that are made in a large one
DRAWS = 6e9  # for all draws that show what is equivalent
CHANGED = 15  # for each number of a layer, in both precisions
READ = 1  # for each number of a layer at each step
CONVOLVED = 0.4  # for each number of a convolution, in each window of each sample
STAGE = 500_000  # for each stage that is judged
DRAWN = 80  # for each number of a model, drawn, transferred and run
LEAST = 5  # mistakes that are made in the largest model
LARGE_RUN = 2e9  # products of numbers in one run; float64 then takes half a second

CONVOLUTIONS = kinds.CONVOLUTION + kinds.TRANSPOSED

T = TypeVar("T")


def of_mistake(layer: str, anatomy: Anatomy) -> float:
    """Return what a mistake in a layer takes.

    Args:
        layer: its name.
        anatomy: of the model that it is in.
    """
    run = 0.0
    for name, kind in anatomy.kinds.items():
        x = anatomy.input_of(name)
        if x is None or kind in kinds.EMBEDDINGS:  # which reads few of its rows
            continue
        if kind in CONVOLUTIONS:
            windows = anatomy.layer_outputs.get(name, x)[..., 0].size
            run += CONVOLVED * windows * _size(name, anatomy)
            continue
        steps = x.shape[1] if x.ndim > 2 else 1
        run += READ * steps * _size(name, anatomy)
    stages = len(anatomy.layer_outputs) + len(anatomy.recurrent_outputs)
    return CHANGED * _size(layer, anatomy) + run + STAGE * stages


def is_large(efforts: Sequence[float]) -> bool:
    """Return whether there is no time for mistakes that take so much.

    Args:
        efforts: what each takes.
    """
    return sum(efforts) > MISTAKES


def chosen(mistakes: Sequence[T], efforts: Sequence[float]) -> list[T]:
    """Return as many as there is time for, taken evenly from all.

    Args:
        mistakes: all.
        efforts: what each takes.
    """
    if not is_large(efforts):
        return list(mistakes)
    number = int(len(mistakes) * MISTAKES_IN_LARGE / sum(efforts))
    number = min(max(number, LEAST), len(mistakes))
    return [mistakes[i * len(mistakes) // number] for i in range(number)]


def may_be_large(layers: Mapping[str, Layer], arrays: Sequence[np.ndarray]) -> bool:
    """Return whether a run may be large, before it is made; see `is_large_run`.

    Args:
        layers: of PyTorch's model.
        arrays: one for each input; no layer is taken to have more rows than the first.
    """
    numbers = 0
    for layer in layers.values():
        if layer.kind not in kinds.EMBEDDINGS:
            numbers += sum(array.size for array in layer.arrays.values())
    return numbers * _rows(arrays[0]) > LARGE_RUN


def is_large_run(layers: Mapping[str, Layer], stages: Mapping[str, np.ndarray]) -> bool:
    """Return whether a run takes so many products that float64 runs on few samples.

    Args:
        layers: of PyTorch's model.
        stages: of the run, features last; a layer that is none counts for nothing.
    """
    products = 0
    for name, layer in layers.items():
        if name in stages and layer.kind not in kinds.EMBEDDINGS:
            numbers = sum(array.size for array in layer.arrays.values())
            products += numbers * _rows(stages[name])
    return products > LARGE_RUN


def draws(anatomy: Anatomy, least: int, most: int) -> int:
    """Return how often weights are drawn anew.

    Args:
        anatomy: of the model.
        least: draws of the largest model.
        most: draws of a small one.
    """
    numbers = sum(_size(name, anatomy) for name in anatomy.arrays)
    return int(np.clip(DRAWS // (DRAWN * max(numbers, 1)), least, most))


def _rows(array: np.ndarray) -> int:
    """How many rows of features there are, (..., features)."""
    return array.size // max(array.shape[-1], 1) if array.ndim > 1 else array.size


def _size(layer: str, anatomy: Anatomy) -> int:
    """How many numbers a layer holds."""
    return sum(array.size for array in anatomy.arrays[layer].values())
