"""A module run beyond the sizes where its comparisons of sizes come out otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from compare.in_pytorch.recorded import Recording
from compare.in_pytorch.size_bounds import LARGEST, Bound, bounds_of
from compare.in_pytorch.watched_sizes import SizeNotes
from compare.one_line import message_of

ROUNDS = 5  # a bound may show where another one is passed
MOST_RUNS = 24  # of one axis


@dataclass(frozen=True)
class Beyond:
    """A run on the other side of a comparison of sizes, or beside it.

    Args:
        axis: that has another size.
        bound: of the comparison.
        size: of the axis.
        usual: size of the axis, of the first run.
        recording: of the run; None where the module refuses the size, or where it is
            not tried.
        refusal: what it says then; "" where it is not tried.
    """

    axis: str
    bound: Bound
    size: int
    usual: int
    recording: Recording | None
    refusal: str = ""


def looked_beyond(
    axis: str, runs: Mapping[int, Recording], run: Callable[[int], Recording]
) -> list[Beyond]:
    """Run a module on both sides of each bound of its comparisons.

    Args:
        axis: that is open.
        runs: of several sizes of it.
        run: the module at another size.
    """
    asked: dict[int, SizeNotes] = {}
    usual = next(iter(runs))
    for size, recording in runs.items():
        if recording.notes is not None:
            asked[size] = recording.notes
    if not asked:
        return []
    beyond: dict[int, Beyond] = {}
    for _ in range(ROUNDS):
        before = len(beyond)
        for bound in bounds_of(asked):
            before_it, after_it = bound.beside
            for size in (before_it, bound.size, after_it):
                if size in beyond or size in runs or size < 1:
                    continue
                if size > LARGEST or len(beyond) >= MOST_RUNS:
                    beyond[size] = Beyond(axis, bound, size, usual, None)
                    continue
                beyond[size] = tried = _tried(axis, bound, size, usual, run)
                if tried.recording is not None and tried.recording.notes is not None:
                    asked[size] = tried.recording.notes
        if len(beyond) == before:
            break
    return list(beyond.values())


def _tried(
    axis: str,
    bound: Bound,
    size: int,
    usual: int,
    run: Callable[[int], Recording],
) -> Beyond:
    """A run at one size."""
    try:
        return Beyond(axis, bound, size, usual, run(size))
    except Exception as error:  # of the user's code
        refusal = message_of(error) or "an error"
        return Beyond(axis, bound, size, usual, None, refusal)
