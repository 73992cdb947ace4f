"""The smallest case that still shows a difference: samples, steps and sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from compare.errors import BadInput
from compare.judging.layout import AS_GIVEN, Layout
from compare.judging.result import SAME

if TYPE_CHECKING:
    from compare.twins.twins import Twins

FEW = 16  # of samples and of steps, each of which is tried


@dataclass(frozen=True)
class Shrinkable:
    """How a pair that differs is made smaller.

    Args:
        build: makes twins of these sizes, with weights, for arrays.
        cut: makes arrays with fewer samples and steps: (batch, timesteps), the latter
            None to keep them.
        batch: the number of samples as it is.
        timesteps: the number of steps as it is; None where there are no steps, or none
            may be taken away.
        sizes: by name, those that the pair can be built with.
        features: the name in `sizes` of the size of x's last axis, if there is one.
        layout: where PyTorch has the channels that the arrays have last.
    """

    build: Callable[[Mapping[str, int], tuple[np.ndarray, ...]], Twins]
    cut: Callable[[int, int | None], tuple[np.ndarray, ...]]
    batch: int
    timesteps: int | None
    sizes: Mapping[str, int]
    features: str | None = None
    layout: Layout = AS_GIVEN


@dataclass(frozen=True)
class Smallest:
    """The smallest case that still differs.

    Args:
        sizes: by name.
        arrays: one for each input.
        twins: of these sizes, with weights.
        gap: of the stage that decides; None where shapes differ, or a twin refuses.
        layout: as in `Shrinkable`.
    """

    sizes: Mapping[str, int]
    arrays: tuple[np.ndarray, ...]
    twins: Twins
    gap: float | None
    layout: Layout = AS_GIVEN

    def as_dict(self) -> dict[str, Any]:
        """Sizes and shapes, as JSON shows them."""
        shapes = {
            argument.name: list(array.shape)
            for argument, array in zip(self.twins.inputs, self.arrays, strict=True)
        }
        return {"sizes": dict(self.sizes), "inputs": shapes, "gap": self.gap}


@dataclass(frozen=True)
class _Difference:
    """How twins differ on one input.

    Args:
        verdict: on the twins; None where they cannot be judged.
        gap: of the first stage with that verdict; None where there is none, or shapes
            differ.
    """

    verdict: str | None
    gap: float | None

    def is_like(self, earlier: _Difference) -> bool:
        """Whether the verdict is the same, and values differ here if they did there."""
        has_gap, had_gap = self.gap is not None, earlier.gap is not None
        return self.verdict == earlier.verdict and has_gap == had_gap


def shrink(pair: Shrinkable) -> Smallest:
    """Take away samples, then steps, then units, while twins differ in the same way.

    Where values differ they still do in the smaller case: one in which shapes differ
    would be another difference.

    Args:
        pair: whose twins differ.
    """
    sizes, batch, steps = dict(pair.sizes), pair.batch, pair.timesteps
    twins = pair.build(sizes, pair.cut(batch, steps))
    whole = _difference(twins, pair.cut(batch, steps))
    for fewer in _smaller_numbers(batch):
        if _difference(twins, pair.cut(fewer, steps)).is_like(whole):
            batch = fewer
            break
    if steps is not None:
        for fewer in _smaller_numbers(steps):
            if _difference(twins, pair.cut(batch, fewer)).is_like(whole):
                steps = fewer
                break
    for name in sizes:
        for fewer in _smaller_numbers(sizes[name]):
            smaller_sizes = {**sizes, name: fewer}
            arrays = _with_features(pair, smaller_sizes, pair.cut(batch, steps))
            smaller_twins = _built(pair, smaller_sizes, arrays)
            if smaller_twins is None:
                continue
            if _difference(smaller_twins, arrays).is_like(whole):
                sizes, twins = smaller_sizes, smaller_twins
                break
    arrays = _with_features(pair, sizes, pair.cut(batch, steps))
    gap = _difference(twins, arrays).gap
    return Smallest(sizes, arrays, twins, gap, pair.layout)


def _smaller_numbers(number: int) -> Iterator[int]:
    """Numbers from 1 to below another: each up to FEW, then 2, 4, 8 ... times FEW."""
    yield from range(1, min(number, FEW + 1))
    smaller = 2 * FEW
    while smaller < number:
        yield smaller
        smaller *= 2


def _with_features(
    pair: Shrinkable, sizes: Mapping[str, int], arrays: tuple[np.ndarray, ...]
) -> tuple[np.ndarray, ...]:
    """Arrays of which the first has as many features as the sizes say.

    Args:
        pair: tells which size that is; where it is none, the arrays stay as they are.
        sizes: by name.
        arrays: one for each input, the first with its features last.
    """
    if not pair.features:
        return arrays
    x = arrays[0][..., : sizes[pair.features]]
    return np.ascontiguousarray(x), *arrays[1:]


def _difference(twins: Twins, arrays: tuple[np.ndarray, ...]) -> _Difference:
    """Run twins on arrays, and see how they differ."""
    try:
        judgement = twins.compare(*arrays)
    except BadInput:  # such as a stage that holds nothing
        return _Difference(None, None)
    verdict = judgement.verdict
    for stage in judgement.stages:
        if verdict != SAME and stage.verdict == verdict:
            gap = stage.gap if np.isfinite(stage.gap) else None
            return _Difference(verdict, gap)
    return _Difference(verdict, None)


def _built(
    pair: Shrinkable, sizes: Mapping[str, int], arrays: tuple[np.ndarray, ...]
) -> Twins | None:
    """Twins of these sizes; None where they do not fit each other or the arrays."""
    try:
        twins = pair.build(sizes, arrays)
    except (BadInput, ValueError, TypeError, RuntimeError, IndexError):
        return None
    return None if twins.refusals else twins


def features_name(sizes: Mapping[str, int], x: np.ndarray) -> str | None:
    """The name of the size that is the last axis of x, (batch, time, features).

    None where no such size has the name of features or inputs.
    """
    for name, size in sizes.items():
        if size == x.shape[-1] and ("feature" in name or "input" in name):
            return name
    return None
