"""An index that one side moves by a fixed number, such as to the step before."""

from __future__ import annotations

import numpy as np

from compare.diagnosing.operations.candidates import Candidate
from compare.diagnosing.operations.naming import at, name_of
from compare.diagnosing.operations.regions import Regions
from compare.diagnosing.operations.worded import Worded
from compare.mistakes.traces import Step, Trace

TAKING = ("[]", "gather", "index_select", "take", "take_along_dim")
MOST_BETWEEN = 6  # operations, between what moves an index and what takes it


def moved_index(change: Candidate, regions: Regions) -> Worded | None:
    """A step of PyTorch alone that moves an index; None for any other change."""
    if change.manner != "torch alone":
        return None
    trace = regions.torch.trace
    torch_index = trace.array(change.torch.outputs[change.place])
    right = trace.array(change.value)
    if (
        torch_index.dtype.kind != "i"
        or right.dtype.kind != "i"
        or torch_index.shape != right.shape
    ):
        return None
    taker = _taker(change.torch, trace)
    gaps = np.unique(right - torch_index)
    if taker is None or len(gaps) != 1 or gaps[0] == 0:
        return None
    by, gap = name_of(change.torch, trace), int(gaps[0])
    direction = "earlier" if gap > 0 else "later"
    noun = "step" if abs(gap) == 1 else "steps"
    sentence = (
        f"PyTorch takes what stands {abs(gap)} {noun} {direction} than Keras does: its "
        f"index in {name_of(taker, trace)}{at(taker)} is moved by "
        f"{by}{at(change.torch)}"
    )
    return Worded(
        f"an index {abs(gap)} {noun} {direction}",
        sentence,
        {
            "torch": f"PyTorch{at(change.torch)}: leave out {by}",
            "keras": f"Keras: take what stands {abs(gap)} {noun} {direction}",
        },
    )


def _taker(step: Step, trace: Trace) -> Step | None:
    """The step that takes entries by an index that a step has a part in."""
    for _ in range(MOST_BETWEEN):
        users = [
            user
            for user in trace.steps.values()
            if set(user.inputs) & set(step.outputs)
        ]
        if not users:
            return None
        step = users[0]
        if step.name in TAKING:
            return step
    return None
