"""Layers that still have the weights that a framework made, on one side or on both."""

from __future__ import annotations

import numpy as np

from compare.diagnosing.finding import (
    Reading,
    fix_of,
    mistake_named,
    reading,
    worded,
)
from compare.diagnosing.in_layers.same_arrays import are_same
from compare.diagnosing.isolated import Isolated
from compare.diagnosing.wordings import PLACES, Wording
from compare.judging.result import OTHER, SIDES
from compare.judging.words import Side
from compare.kinds.fresh import are_unrelated, is_fresh, is_unrelated_and_fresh
from compare.kinds.layer import Arrays

FRESH = "initial weights"
MATRIX = 2  # axes
RELATED = 4.0  # standard errors of a correlation: of chance, once in 16,000
CARRY = "compare.transfer(torch_model, keras_model), or the other way round"


def never_loaded(layer: str, isolated: Isolated) -> list[Reading]:
    """Read a difference as weights that one side was made with, or each side.

    Looked for last: it shows only in that the numbers are such as are drawn. Nothing is
    said of a side from which the other one got its weights.

    Args:
        layer: its name; its arrays differ in no known way.
        isolated: the twins at work; has the arrays of all layers.
    """
    mistake = mistake_named(FRESH)
    arrays = {side: layers[layer] for side, layers in isolated.weights.items()}
    names = {side: isolated.name(layer, side) for side in SIDES}
    sides = [
        side
        for side, opposite in OTHER.items()
        if is_unrelated_and_fresh(arrays[opposite], arrays[side], side)
        # A side that was the source may have been made again since.
        and (is_fresh(arrays[opposite], side) or not is_source(side, isolated))
    ]
    if len(sides) > 1:
        wording = Wording(
            f"in {PLACES['torch']}, PyTorch and Keras each still have the weights that "
            "they were made with: none were carried over",
            f"carry the weights over, {CARRY}",
        )
        return [worded("", (mistake,), wording, names)]
    readings = []
    for side in sides:
        opposite = OTHER[side]
        place = f"{names[opposite]} of {SIDES[opposite]}"
        sentence = f"in {place}, the layer has other weights than in {SIDES[side]}"
        fix = f"{place}: {fix_of(mistake, opposite)}"
        readings.append(reading(names[side], side, mistake))
        readings.append(Reading(opposite, (), sentence, fix))
    return readings


def is_source(side: Side, isolated: Isolated) -> bool:
    """Whether the other side has weights that this side was made with.

    They may have been changed since, such as by training: then they still have
    something in common, in a layer or in all layers together.

    Args:
        side: "torch" or "keras".
        isolated: the twins at work.
    """
    pairs = []
    for layer, made in isolated.weights[side].items():
        carried = isolated.weights[OTHER[side]].get(layer)
        has_matrix = any(array.ndim >= MATRIX for array in made.values())
        if carried is None or made.keys() != carried.keys() or not has_matrix:
            continue
        kind = isolated.kinds[layer].replace("Cell", "")
        if not is_fresh(made, side):
            continue
        if are_same(kind, made, carried) or not _are_unrelated(made, carried):
            return True
        pairs += [
            (made[n], carried[n]) for n in made if made[n].shape == carried[n].shape
        ]
    return _have_much_in_common(pairs)


def _are_unrelated(a: Arrays, b: Arrays) -> bool:
    """Whether no matrix of a layer is made of that of another one."""
    return all(
        are_unrelated(a[name], b[name])
        for name in a
        if a[name].ndim >= MATRIX and a[name].shape == b[name].shape
    )


def _have_much_in_common(pairs: list[tuple[np.ndarray, np.ndarray]]) -> bool:
    """Whether arrays, each of them small, are related if taken together.

    Args:
        pairs: of arrays, of one shape each.
    """
    products: list[np.ndarray] = []
    for pair in pairs:
        if not all(array.std() for array in pair):
            continue
        first, second = ((array - array.mean()) / array.std() for array in pair)
        products.append((first * second).ravel())
    if not products:
        return False
    numbers = np.concatenate(products)
    # Of unrelated arrays the correlation is about 0, by 1 / sqrt(their numbers).
    return bool(numbers.mean() * np.sqrt(numbers.size) > RELATED)
