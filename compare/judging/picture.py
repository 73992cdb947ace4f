"""What a page draws of twins at work on one input, as data; knows no framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from compare.judging.words import Side, Verdict

if TYPE_CHECKING:  # `list`, `show` and `--help` do without NumPy
    import numpy as np


@dataclass(frozen=True)
class SourceLine:
    """A line of a user's source.

    Args:
        file: its name, without the folder.
        number: from 1.
        text: without the spaces around it; of a call of several lines all of them.
    """

    file: str
    number: int
    text: str


@dataclass(frozen=True)
class HeatMap:
    """How far twins are apart in a stage, in two of its axes.

    Args:
        stage: its name.
        rows, columns: what the two axes are, such as "time" and "unit".
        values: (rows, columns), the largest |difference| in float64 over all other
            axes, as a part of the stage's largest value.
        merged: how many neighbouring rows and columns each cell stands for.
        limit: what rounding explains of a cell.
    """

    stage: str
    rows: str
    columns: str
    values: np.ndarray
    merged: tuple[int, int] = (1, 1)
    limit: float = 0.0


@dataclass(frozen=True)
class StepCurves:
    """What a stage is judged by after each time step, each (steps,).

    Args:
        stage: its name.
        gap: in float64, the largest so far.
        noise: of both twins together, and of the stages before.
        limit: of the gap.
        horizon: how many steps can be judged.
    """

    stage: str
    gap: np.ndarray
    noise: np.ndarray
    limit: np.ndarray
    horizon: int


@dataclass(frozen=True)
class GateCurves:
    """What the gates of a recurrent layer are given, in one sample and one unit.

    Args:
        layer: its name.
        part: which of several layers or directions; "" where there is one.
        sample, unit: counted from 1.
        gates: by its letter what a gate is given before its activation, by side, each
            (steps,).
    """

    layer: str
    part: str
    sample: int
    unit: int
    gates: Mapping[str, Mapping[Side, np.ndarray]]


@dataclass(frozen=True)
class Node:
    """One operation of a model at work.

    Args:
        name: of its layer, or what the user writes, such as "softmax" or "+".
        kind: the class of a layer; "" of any other operation.
        shape: of what it makes.
        takes: places in the graph of the operations whose results it takes.
        line: of the user's source that calls it; None where that is not known.
        stages: those that were judged and that it makes.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    takes: tuple[int, ...]
    line: SourceLine | None = None
    stages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Graph:
    """What a model does to one input, operation by operation.

    Args:
        nodes: in the order of the run, the inputs first.
        is_cut: whether there was more than is noted.
    """

    nodes: Sequence[Node]
    is_cut: bool = False


@dataclass(frozen=True)
class Picture:
    """Twins at work on one input.

    Args:
        verdicts: by stage.
        shapes: by stage, as PyTorch's twin makes it, features last.
        stage: the one that matters: on which the verdict rests.
        heat: of that stage; None where the twins' shapes differ there.
        steps: of that stage, or of the last before it that has time; None if none has.
        gates: of the first recurrent layer whose gates differ, or of the last one; None
            where there is none that can be looked into.
        graphs: of each side; empty where it could not be looked into.
    """

    verdicts: Mapping[str, Verdict]
    shapes: Mapping[str, tuple[int, ...]]
    stage: str
    heat: HeatMap | None = None
    steps: StepCurves | None = None
    gates: GateCurves | None = None
    graphs: Mapping[Side, Graph] = field(default_factory=dict)
