"""The smallest case that still shows a difference: samples, steps and sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from compare.errors import BadInput
from compare.judging.evidence import SAME

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
        batch, timesteps: as they are; None where there are no steps, or none may go.
        sizes: that the pair can be built with, by name.
        features: the name among them of the size of x's last axis, if there is one.
    """

    build: Callable[[Mapping[str, int], tuple[np.ndarray, ...]], Twins]
    cut: Callable[[int, int | None], tuple[np.ndarray, ...]]
    batch: int
    timesteps: int | None
    sizes: Mapping[str, int]
    features: str | None = None


@dataclass(frozen=True)
class Smallest:
    """The least that still differs.

    Args:
        sizes: by name.
        arrays: one for each input.
        twins: of these sizes, with weights.
        gap: of the stage that decides; None where shapes differ, or one refuses.
    """

    sizes: Mapping[str, int]
    arrays: tuple[np.ndarray, ...]
    twins: Twins
    gap: float | None

    def as_dict(self) -> dict:
        """Sizes and shapes, as JSON shows them."""
        shapes = {
            each.name: list(array.shape)
            for each, array in zip(self.twins.inputs, self.arrays, strict=True)
        }
        return dict(sizes=dict(self.sizes), inputs=shapes, gap=self.gap)


def shrink(pair: Shrinkable) -> Smallest:
    """Take away samples, then steps, then units, as long as the twins differ so.

    Values that differ stay such: a smaller case in which shapes do is another one.
    """
    sizes, batch, steps = dict(pair.sizes), pair.batch, pair.timesteps
    twins = pair.build(sizes, pair.cut(batch, steps))
    what, gap = _seen(twins, pair.cut(batch, steps))
    for fewer in _fewer(batch):
        if _seen(twins, pair.cut(fewer, steps))[0] == what:
            batch = fewer
            break
    for fewer in _fewer(steps or 0):
        if _seen(twins, pair.cut(batch, fewer))[0] == what:
            steps = fewer
            break
    for name in sizes:
        for fewer in _fewer(sizes[name]):
            tried = {**sizes, name: fewer}
            arrays = _features(pair, tried, pair.cut(batch, steps))
            made = _built(pair, tried, arrays)
            if made and _seen(made, arrays)[0] == what:
                sizes, twins = tried, made
                break
    arrays = _features(pair, sizes, pair.cut(batch, steps))
    _, gap = _seen(twins, arrays)
    return Smallest(sizes, arrays, twins, gap)


def _fewer(number: int) -> Iterator[int]:
    """Every number below, from the least; of large numbers only powers of two."""
    yield from range(1, min(number, FEW + 1))
    fewer = 2 * FEW
    while fewer < number:
        yield fewer
        fewer *= 2


def _features(pair, sizes, arrays):
    if not pair.features:
        return arrays
    x, *rest = arrays
    return np.ascontiguousarray(x[..., : sizes[pair.features]]), *rest


def _seen(twins, arrays):
    """The verdict and whether values differ; and by how much, if they do."""
    try:
        found = twins.compare(*arrays)
    except BadInput:  # such as a stage that holds nothing
        return None, None
    gaps = [s.gap for s in found.stages if s.verdict == found.verdict != SAME]
    gap = gaps[0] if gaps and np.isfinite(gaps[0]) else None
    return (found.verdict, gap is not None), gap


def _built(pair, sizes, arrays):
    """Twins of these sizes, or None where they do not fit."""
    try:
        twins = pair.build(sizes, arrays)
    except (BadInput, ValueError, TypeError, RuntimeError, IndexError):
        return None
    return None if twins.refusals else twins


def features_name(sizes: Mapping[str, int], x: np.ndarray) -> str | None:
    """The name of the size that is the last axis of x, (batch, time, features)."""
    names = [
        name
        for name, size in sizes.items()
        if size == x.shape[-1] and ("feature" in name or "input" in name)
    ]
    return names[0] if names else None
