"""What Keras layers take and return, as arrays."""

from __future__ import annotations

import keras
import numpy as np

from compare.judging.arrays import valid_steps
from compare.kinds.mistake import RecurrentOutput


def merged(tensor, merge):
    """Two directions, side by side in a tensor, as a Bidirectional merges them."""
    if merge in (None, "concat"):
        return tensor
    forward, backward = keras.ops.split(tensor, 2, axis=-1)
    if merge == "mul":
        return forward * backward
    return (forward + backward) / (2 if merge == "ave" else 1)


def order_of_steps(mask):
    """Where each step was, the valid ones first; None where they are so already."""
    if mask is None:
        return None
    order = np.argsort(~to_numpy(mask), axis=1, kind="stable")
    return None if (order == np.arange(mask.shape[1])).all() else order


def in_order(tensor, order):
    """A sequence in an order of its steps, as an array."""
    array = to_numpy(tensor)
    return array if order is None else np.take_along_axis(array, order[..., None], 1)


def states_of_last_cell(states):
    """The states of a cell, the last where several are stacked in one layer."""
    last = states[-1]
    return last if isinstance(last, list | tuple) else states


def sequence_of(output, states, lengths, ends) -> RecurrentOutput:
    """What a recurrent layer returned, with zeros after each sequence's length."""
    if lengths is not None:  # beyond them PyTorch has zeros
        output = np.where(valid_steps(output, lengths), output, 0)
    h, c = (*(to_numpy(state) for state in states), None)[:2]
    return RecurrentOutput(
        output, h, c, lengths, np.stack([to_numpy(each) for each in ends])
    )


def valid_lengths(mask):
    """The number of valid steps of each sequence, (batch,); None without a mask."""
    return None if mask is None else to_numpy(mask).sum(axis=1)


def to_numpy(tensor) -> np.ndarray:
    """A tensor as an array."""
    return keras.ops.convert_to_numpy(tensor)
