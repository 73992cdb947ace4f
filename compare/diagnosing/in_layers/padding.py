"""Padding that one side takes for data: before the sequences, or behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from compare.diagnosing.between.ways import Recognised
from compare.diagnosing.finding import Finding, Link, named, of_layer
from compare.diagnosing.isolated import Isolated
from compare.judging.arrays import valid_steps
from compare.judging.distances import near
from compare.kinds.mistake import Computation, Handover

MASK = "mask ignored"
STATES = ("the final hidden state", "the end of each direction")  # ways to hand on


def padded_before(layer: str, isolated: Isolated) -> Finding | None:
    """The mistake by which PyTorch's layer reads padding that stands before the data.

    Keras's mask says where the data is; `pack_padded_sequence` takes it to come first.

    Args:
        layer: a name.
        isolated: as `isolation.isolate` gives it.

    Returns:
        None where Keras leaves out no step before another, or PyTorch reads others.
    """
    order = isolated.keras.orders.get(layer)
    ours = isolated.relayed.calls.get(layer)
    if order is None or ours is None:
        return None
    theirs = isolated.keras.calls[layer]
    x = np.zeros_like(theirs.x)
    np.put_along_axis(x, order[..., None], theirs.x, axis=1)  # as it was given
    name = MASK
    if ours.lengths is not None:
        name, time = "left padding packed", ours.x.shape[1]
        x = np.where(valid_steps(x[:, :time], ours.lengths), x[:, :time], 0)
    if not near(ours.x, x):
        return None
    cure = Computation(
        lambda call: _in_place(
            call.run(x=theirs.x, lengths=theirs.lengths), order, theirs.lengths
        )
    )
    return of_layer(layer, isolated, [("torch", named(name))], cure)


def _in_place(made, order, lengths):
    """What a layer returns with each step where it was, the ones left out repeated.

    Before the first step there is nothing to repeat, and zeros.
    """
    output = made["output"]
    valid = np.zeros(order.shape, bool)
    np.put_along_axis(valid, order, np.arange(order.shape[1]) < lengths[:, None], 1)
    number = valid.cumsum(axis=1)
    rows = np.arange(len(output))[:, None]
    there = output[rows, np.maximum(number - 1, 0)]
    return made | {"output": np.where(number[..., None] > 0, there, 0)}


# ---------------------------------------------------------------- behind a sequence


def counted(layer: str, isolated: Isolated) -> Iterator[Finding]:
    """The mistake by which a layer takes padded steps behind a sequence for data.

    Args:
        layer: recurrent on both sides.
        isolated: as `isolation.isolate` gives it.
    """
    ours, theirs = isolated.torch.calls[layer], isolated.keras.calls[layer]
    counts = {"torch": _counts(ours), "keras": _counts(theirs)}
    sizes = theirs.x.shape[:2]
    if ours.lengths is not None:  # packed, to the longest sequence
        sizes = len(theirs.x), min(sizes[1], ours.x.shape[1])
    if ours.x.shape[:2] != sizes or np.array_equal(counts["torch"], counts["keras"]):
        return
    whole = theirs.x.shape[1]
    ignoring = [side for side, count in counts.items() if (count == whole).all()]
    if not ignoring:
        yield Finding(layer, unknown="the valid steps of the sequences differ")
        return
    cure = Computation(lambda call: _run_to(_unpacked(call, theirs), theirs.lengths))
    yield _ignored(layer, isolated, ignoring[0], cure)


def read_at_the_end(
    link: Link, isolated: Isolated, sides: Mapping[str, Recognised]
) -> Iterator[Finding]:
    """That Keras ends where the padding does, and PyTorch reads the last packed step.

    Either is the final state on its own side. What PyTorch reads at the ends of the
    sequences is not, once its layer reads the padding as well.

    Args:
        link: where something else is handed on.
        isolated: as `isolation.isolate` gives it.
        sides: what was recognised on each.
    """
    calls = [found.calls.get(link.layer) for found in (isolated.torch, isolated.keras)]
    lengths = [call and call.lengths for call in calls]
    if None in calls or lengths[0] is None or lengths[1] is not None:
        return
    for name, change in sides["keras"].items():
        if name in sides["torch"] and name[0] in STATES:
            readings = _ignored(link.layer, isolated, "keras", None).readings
            cure = Handover(change)
            yield Finding(link.layer, readings, cure=cure, behind=link.behind)
            return


def _ignored(layer, isolated, side, cure):
    return of_layer(layer, isolated, [(side, named(MASK))], cure)


def _unpacked(call, whole):
    """A call on all steps: where its batch was packed, those it lacks come of another.

    What an embedding makes of padding is not zero, and is packed away.
    """
    if call.lengths is None:
        return call
    x, time = whole.x.copy(), call.x.shape[1]
    x[:, :time] = np.where(valid_steps(call.x, call.lengths), call.x, x[:, :time])
    return replace(call, x=x)


def _counts(call):
    """How many steps of each sequence count."""
    batch, time = call.x.shape[:2]
    return np.full(batch, time) if call.lengths is None else call.lengths


def _run_to(call, lengths):
    """What stops at these lengths, and repeats its last output as Keras does."""
    made = call.run(lengths=lengths)
    if lengths is None:
        return made
    last = np.minimum(np.arange(call.x.shape[1]), lengths[:, None] - 1)
    rows = np.arange(len(last))[:, None]
    return made | {"output": made["output"][rows, last]}
