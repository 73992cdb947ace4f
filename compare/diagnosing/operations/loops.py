"""The steps that a loop of the user's code runs again and again, pass by pass."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from compare.mistakes.traces import RETURN, Step, Trace

Passes = Sequence[Step]  # what one place of the code runs, in order


@dataclass(frozen=True)
class Source:
    """Where a step of a loop takes an input from, in every pass.

    Args:
        passes: the steps that make it, one in each pass; None for a value that is
            there before the loop begins, the same in every pass.
        place: of the output of those steps.
        lag: how many passes before; 0 for the same pass.
        value: its number where it is there before the loop; else -1.
    """

    passes: Passes | None
    place: int = 0
    lag: int = 0
    value: int = -1


@dataclass(frozen=True)
class Loops:
    """What the loops of a trace run.

    Args:
        trace: the whole.
        groups: the steps of each place of the code that runs more than once.
        places: by the number of a step, its group and which pass it is, from 0.
    """

    trace: Trace
    groups: Sequence[Passes]
    places: Mapping[int, tuple[Passes, int]]

    def source(self, value: int, which: int, count: int) -> Source | None:
        """Where a step in some pass of a loop has a value from.

        Args:
            value: its number.
            which: pass of the loop takes it, from 0.
            count: how many passes the loop has.

        Returns:
            None where a loop of another length, or a later pass, makes it.
        """
        maker = self.trace.maker(value)
        if maker is None or maker.number not in self.places:
            return Source(None, value=value)
        passes, made_in = self.places[maker.number]
        if len(passes) != count or made_in > which:
            return None
        return Source(passes, maker.outputs.index(value), which - made_in)


def loops_of(trace: Trace) -> Loops:
    """Find what a trace runs more than once from one place of the user's code."""
    by_place: dict[Hashable, list[Step]] = defaultdict(list)
    for step in trace.steps.values():
        if step.number != RETURN and step.line is not None:
            key = step.name, step.is_layer, step.layer, step.line, len(step.inputs)
            by_place[key].append(step)
    groups = [steps for steps in by_place.values() if len(steps) > 1]
    places: dict[int, tuple[Passes, int]] = {}
    for steps in groups:
        for which, step in enumerate(steps):
            places[step.number] = steps, which
    return Loops(trace, groups, places)


def assigned_name(step: Step, trace: Trace) -> str:
    """The variable that a line of the user's gives to what a step makes last in it.

    Returns:
        "" where the line is no plain assignment, or a later step of it follows.
    """
    if step.line is None:
        return ""
    following = trace.steps.get(step.number + 1)
    if following is not None and following.line is not None:
        where = following.line.file, following.line.number
        if where == (step.line.file, step.line.number):
            return ""
    try:
        tree = ast.parse(step.line.text)
    except SyntaxError:
        return ""
    assignments = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
    if len(assignments) != 1:
        return ""
    target = assignments[0].targets[-1]
    return target.id if isinstance(target, ast.Name) else ""
