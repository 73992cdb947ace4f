"""Layers that make another thing of the same input each time, such as a dropout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Arrays = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class LayerRun:
    """A layer as it ran once.

    Args:
        name: what its user calls it.
        written: its class, such as "Dropout".
        inputs, outputs: all arrays that it took, and that it returned.
        inside: names of the layers inside it.
        fix: what to change, should it be this layer that draws.
    """

    name: str
    written: str
    inputs: Arrays
    outputs: Arrays
    inside: tuple[str, ...]
    fix: str


def drawing_layers(
    runs: Sequence[LayerRun], later_runs: Sequence[LayerRun]
) -> list[LayerRun]:
    """Return layers that were given the same twice and returned something else.

    Args:
        runs: in a call of a model, that of a layer after those inside it.
        later_runs: in another call.

    Returns:
        The innermost, each once; none where a call ran other layers.
    """
    drawing: dict[str, LayerRun] = {}
    for run, later in zip(runs, later_runs, strict=False):
        if run.name != later.name:
            return []
        if not _are_equal(run.inputs, later.inputs):
            continue
        is_inner = not any(name in drawing for name in run.inside)
        if is_inner and not _are_equal(run.outputs, later.outputs):
            drawing.setdefault(run.name, run)
    return list(drawing.values())


def _are_equal(arrays: Arrays, later_arrays: Arrays) -> bool:
    """Whether arrays are the same in number, and each to the last bit."""
    if len(arrays) != len(later_arrays):
        return False
    return all(map(np.array_equal, arrays, later_arrays))
