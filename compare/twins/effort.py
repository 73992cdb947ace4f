"""How many mistakes are made in a large model, so that a check of it ends in time.

What is left out depends on the sizes of a model alone, not on how fast a machine is.
All figures are about nanoseconds of one core.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from compare import kinds
from compare.mistakes.anatomy import Anatomy

MISTAKES = 8e9  # for all mistakes in a model
DRAWS = 6e9  # for all draws that show what is equivalent
CHANGED = 15  # for each number of a layer, in both precisions
READ = 1  # for each number of a layer at each step
CONVOLVED = 0.4  # for each number of a convolution, in each window of each sample
STAGE = 500_000  # for each stage that is judged
DRAWN = 80  # for each number of a model, drawn, transferred and run
LEAST = 10  # mistakes that are made in the largest model

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
    number = int(len(mistakes) * MISTAKES / sum(efforts))
    number = min(max(number, LEAST), len(mistakes))
    return [mistakes[i * len(mistakes) // number] for i in range(number)]


def draws(anatomy: Anatomy, least: int, most: int) -> int:
    """Return how often weights are drawn anew.

    Args:
        anatomy: of the model.
        least: draws of the largest model.
        most: draws of a small one.
    """
    numbers = sum(_size(name, anatomy) for name in anatomy.arrays)
    return int(np.clip(DRAWS // (DRAWN * max(numbers, 1)), least, most))


def _size(layer: str, anatomy: Anatomy) -> int:
    """How many numbers a layer holds."""
    return sum(array.size for array in anatomy.arrays[layer].values())
