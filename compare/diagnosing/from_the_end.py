"""Layers that read a sequence from its end."""

from __future__ import annotations

from dataclasses import replace

from compare.diagnosing.finding import known_mistakes, named
from compare.judging.distances import near
from compare.kinds.mistake import Computation
from compare.mistakes import Call
from compare.mistakes.anatomy import Anatomy

REVERSED, NOT_TURNED = "sequence reversed", "backward output not reversed"
LAST_FIRST = "every step, last first"


def read_alike(ours: Anatomy, theirs: Anatomy) -> tuple[Anatomy, tuple[str, ...]]:
    """Keras's with its layers that read from the end, as PyTorch's do, turned as those.

    Args:
        ours: PyTorch's, where its layers hand on what Keras's do.
        theirs: Keras's.

    Returns:
        It, with such layers at work on the input that PyTorch's is given; their names.
    """
    calls = dict(theirs.calls)
    for name, call in theirs.calls.items():
        mine = ours.calls.get(name)
        if mine is not None and are_turned(mine, call):
            turned = replace(call, x=call.x[:, ::-1].copy())  # as torch.tensor takes it
            if makes(turned, theirs.handed[name]):
                calls[name] = turned
    changed = tuple(n for n, call in calls.items() if call is not theirs.calls[n])
    return replace(theirs, calls=calls), changed


def are_turned(one, other):
    """Whether one layer is given the steps of the other in reversed order."""
    whole = one.lengths is None and other.lengths is None
    return whole and near(one.x, other.x[:, ::-1]) and not near(one.x, other.x)


def makes(call, handed):
    """Whether a layer hands this on, itself or by one mistake but the direction."""
    computations = [
        mistake.effect.compute
        for mistake in known_mistakes(Computation, call.kind)
        if mistake != named(REVERSED)
    ]
    made = (compute(call) for compute in (Call.run, *computations))
    return any(near(each["output"], handed.output) for each in made if each)
