"""Rotary positions of which each side turns other pairs of features."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from compare.diagnosing.operations.candidate import Candidate
from compare.diagnosing.operations.counterparts import same
from compare.diagnosing.operations.naming import at
from compare.diagnosing.operations.regions import Region, Regions
from compare.diagnosing.operations.worded import Worded
from compare.judging.result import SIDES
from compare.judging.words import Side
from compare.mistakes.traces import Replacement, Step

BASE = 10000.0  # of the angles' frequencies
MOST_NUMBERS = 100_000  # in an array; larger ones are not tried
HALVES, NEIGHBOURS = "halves", "neighbours"
PAIRS = {
    HALVES: "the first half of the features with the second, i with i + size / 2",
    NEIGHBOURS: "neighbouring features, 2i with 2i + 1",
}
CODE: Mapping[str, Mapping[Side, str]] = {
    HALVES: {
        "torch": "x1, x2 = x.chunk(2, -1), joined by torch.cat, and angles in the "
        "order torch.cat([a, a], -1)",
        "keras": "x1, x2 = ops.split(x, 2, axis=-1), joined by ops.concatenate, and "
        "angles in the order ops.concatenate([a, a], -1)",
    },
    NEIGHBOURS: {
        "torch": "x1, x2 = x[..., 0::2], x[..., 1::2], joined by torch.stack(..., "
        "-1).flatten(-2), and angles in the order a.repeat_interleave(2, -1)",
        "keras": "x1, x2 = x[..., 0::2], x[..., 1::2], joined by ops.stack(..., -1) "
        "and ops.reshape, and angles in the order ops.repeat(a, 2, axis=-1)",
    },
}


@dataclass(frozen=True)
class Rotated:
    """A value that is another one with its pairs of features turned.

    Args:
        number: of the value.
        step: that made it.
        pairs: of which features, a key of PAIRS.
        array: features and time where the value has them.
    """

    number: int
    step: Step
    pairs: str
    array: np.ndarray


def rotated_otherwise(regions: Regions) -> Iterator[Candidate]:
    """The change of all rotary positions at once, where they turn other pairs."""
    changes: list[Replacement] = []
    pairs: list[tuple[Rotated, Rotated]] = []
    for number in regions.shared.of_torch:
        array = regions.torch.trace.array(number)
        for torch, keras in _both(array, regions):
            if torch.pairs == keras.pairs:
                continue
            place = torch.step.outputs.index(torch.number)
            change = Replacement(torch.step.number, place, keras.array)
            if all(c.step != change.step for c in changes):
                changes.append(change)
                pairs.append((torch, keras))
    if changes:
        torch, keras = pairs[0]
        words = _words(torch, keras)
        yield Candidate(
            "torch alone", torch.step, 0, 0, words=words, instead=tuple(changes)
        )


def _both(x: np.ndarray, regions: Regions) -> Iterator[tuple[Rotated, Rotated]]:
    """What each side makes by turning a value that both have."""
    if x.dtype.kind != "f" or x.ndim < 3 or x.shape[-1] % 2:
        return
    if x.size > MOST_NUMBERS:
        return
    for axis in range(1, x.ndim - 1):
        if x.shape[axis] < 2:
            continue
        forms = {
            name: rotated(x, axis, split, join)
            for name, (split, join) in WRITINGS.items()
        }
        torch = _found(forms, regions.torch)
        keras = _found(forms, regions.keras)
        if torch is not None and keras is not None:
            yield torch, keras


def _found(forms: Mapping[str, np.ndarray], region: Region) -> Rotated | None:
    """The last value of a region that is one of these, if any is."""
    for number in sorted(region.depths, reverse=True):
        if number < 0:
            continue
        step = region.trace.steps[number]
        for value in step.outputs:
            array = region.trace.array(value)
            for pairs, form in forms.items():
                if array.shape == form.shape and same(array, form):
                    return Rotated(value, step, pairs, array)
    return None


Split = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
Join = Callable[[np.ndarray, np.ndarray], np.ndarray]


def rotated(x: np.ndarray, axis: int, split: Split, join: Join) -> np.ndarray:
    """Turn the pairs of features of each step by the angles of its position.

    Args:
        x: (batch, ..., features), the steps along `axis`.
        axis: of the steps.
        split: takes the first and the second feature of each pair.
        join: puts them back.

    Source: Su et al. 2021, "RoFormer", https://arxiv.org/abs/2104.09864, (34).
    """
    size = x.shape[-1]
    frequencies = BASE ** (-np.arange(0, size, 2) / size)
    angles = np.arange(x.shape[axis])[:, None] * frequencies
    shape = [1] * x.ndim
    shape[axis], shape[-1] = angles.shape
    cos, sin = np.cos(angles).reshape(shape), np.sin(angles).reshape(shape)
    first, second = split(x)
    return join(first * cos - second * sin, second * cos + first * sin)


def _in_halves(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    middle = x.shape[-1] // 2
    return x[..., :middle], x[..., middle:]


def _joined_halves(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.concatenate([first, second], -1)


def _in_neighbours(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return x[..., 0::2], x[..., 1::2]


def _joined_neighbours(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    stacked = np.stack([first, second], -1)
    return stacked.reshape(*first.shape[:-1], -1)


WRITINGS: Mapping[str, tuple[Split, Join]] = {
    HALVES: (_in_halves, _joined_halves),
    NEIGHBOURS: (_in_neighbours, _joined_neighbours),
}


def _words(torch: Rotated, keras: Rotated) -> Worded:
    """Which pairs each side turns."""
    where, keras_where = at(torch.step), at(keras.step)
    sentence = (
        f"the rotary positions turn other pairs: PyTorch{where} {PAIRS[torch.pairs]}, "
        f"Keras{keras_where} {PAIRS[keras.pairs]}"
    )
    fixes: dict[Side, str] = {
        "torch": f"PyTorch{where}: {CODE[keras.pairs]['torch']}",
        "keras": f"{SIDES['keras']}{keras_where}: {CODE[torch.pairs]['keras']}",
    }
    fault = f"rotary positions in {torch.pairs} for {keras.pairs}"
    return Worded(fault, sentence, fixes)
