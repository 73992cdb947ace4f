"""Padding before the sequences, which Keras's mask leaves out and PyTorch reads."""

from __future__ import annotations

import numpy as np

from compare.cases import valid_steps
from compare.diagnosing.isolation import Isolated
from compare.diagnosing.suspects import Finding, cure_of, named, of_layer
from compare.faults.anatomy import near
from compare.faults.fault import LAYER


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
    name = "mask ignored"
    if ours.lengths is not None:
        name, time = "left padding packed", ours.x.shape[1]
        x = np.where(valid_steps(x[:, :time], ours.lengths), x[:, :time], 0)
    if not near(ours.x, x):
        return None
    cure = cure_of(
        LAYER,
        lambda call: _in_place(
            call.run(x=theirs.x, lengths=theirs.lengths), order, theirs.lengths
        ),
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
