"""What a module does at sizes where its comparisons of sizes come out otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from compare.errors import BadInput
from compare.in_pytorch.beyond import Beyond
from compare.in_pytorch.recorded import Recording
from compare.in_pytorch.runs import BATCH, Input, Runs
from compare.in_pytorch.size_bounds import LARGEST
from compare.in_pytorch.unifying import Unlike, unified

# A loop of so few steps is not seen as one; the proof runs them, and tells.
FEW = 3
MOST_NOTED = 3


@dataclass(frozen=True)
class Unified:
    """A module's runs made one, those beyond its comparisons of sizes among them.

    Args:
        recording: of all runs.
        count: of the runs.
        sizes: for the proof, each the name of an axis and a size of it.
        notes: at which sizes the twin was not held to the module, a sentence each.
    """

    recording: Recording
    count: int
    sizes: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]


def unified_beyond(
    name: str, runs: Runs, rolled: Callable[[Recording], Recording]
) -> Unified:
    """Make one of all runs of a module.

    Args:
        name: of the module.
        runs: of it.
        rolled: makes one step of each loop of a run.

    Raises:
        Unlike: if the runs of usual sizes did not do the same.
        BadInput: if one beyond a comparison of sizes did something else.
    """
    recordings = [rolled(recording) for recording in runs.recordings]
    one = unified(recordings)
    sizes: dict[tuple[str, int], None] = {}
    alike: list[Beyond] = []
    notes = _notes(runs)
    refused = {
        beyond.bound
        for beyond in runs.beyond
        if beyond.recording is None and beyond.size == beyond.bound.size
    }
    for beyond in runs.beyond:
        if beyond.recording is None:
            continue
        # Of its neighbours the proof runs those of a size that the module refuses.
        if beyond.size == beyond.bound.size or beyond.bound in refused:
            sizes.setdefault((beyond.axis, beyond.size))
        if beyond.bound.is_slice:
            continue
        try:
            one = unified([*recordings, rolled(beyond.recording)])
        except Unlike:
            if beyond.size > FEW:
                raise BadInput(_unlike(name, runs, beyond, alike)) from None
            sizes.setdefault((beyond.axis, beyond.size))
            notes.append(
                f"the module goes another way at {beyond.axis} {beyond.size} than at "
                f"{beyond.usual} ({beyond.bound.place}); the twin ran there too"
            )
            continue
        recordings.append(rolled(beyond.recording))
        alike.append(beyond)
    return Unified(one, len(recordings), tuple(sizes), tuple(notes))


def numbered(inputs: Sequence[Input]) -> str:
    """What to type so that all sizes but the batch are numbers."""
    options = []
    for given in inputs:
        is_image = len(given.shape) > 3
        sizes = []
        for size in given.shape:
            is_open = isinstance(size, str) and size != BATCH
            sizes.append(str(32 if is_image else 50) if is_open else str(size))
        options.append(f"--input {','.join(sizes)}")
    return " ".join(options)


def _unlike(name: str, runs: Runs, beyond: Beyond, alike: Sequence[Beyond]) -> str:
    """A module that does something else on the other side of a comparison."""
    axis, bound = beyond.axis, beyond.bound
    sizes = [near.size for near in alike if near.axis == axis] + [beyond.usual]
    nearest = min(sizes, key=lambda size: abs(size - beyond.size))
    advice = f"give a number for {axis}, such as {numbered(runs.inputs)}"
    if axis == BATCH:
        advice = "take what depends on the batch out of forward"
    return (
        f"{name}: expected a forward that does the same at any size, got another one "
        f"at {axis} {beyond.size} than at {nearest}, since {bound.place} asks about "
        f"sizes; {advice}"
    )


def _notes(runs: Runs) -> list[str]:
    """At which sizes the twin was not held to the module."""
    notes: dict[str, None] = {}
    refused: set[tuple[str, str]] = set()
    for beyond in runs.beyond:
        place, key = beyond.bound.place, (beyond.axis, beyond.bound.place)
        if beyond.recording is not None or key in refused:
            continue
        refused.add(key)
        if beyond.refusal:
            notes.setdefault(
                f"the module refuses {beyond.axis} {beyond.size} ({place}: "
                f"{beyond.refusal}); the twin may take it"
            )
        else:
            notes.setdefault(
                f"{place} asks about sizes, and may go another way at a larger "
                f"{beyond.axis} than was run (up to {LARGEST} are); there the twin is "
                "not shown to be the same"
            )
    if any(recording.notes is None for recording in runs.recordings):
        notes.setdefault(
            "what forward asks about sizes could not be followed: the twin is shown "
            "to be the same at the sizes alone at which it was run"
        )
    for place in runs.lost[:MOST_NOTED]:
        notes.setdefault(
            f"{place} makes a number of sizes that could not be followed further: the "
            "twin is shown to be the same at the sizes alone at which it was run"
        )
    return list(notes)
