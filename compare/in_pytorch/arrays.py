"""What layers of PyTorch take and return, as arrays, and back.

Arrays are (batch, features) or (batch, time, features), tensors as the layer has them:
with time first, with the features before time, or packed.
"""

from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import (
    PackedSequence,
    pack_padded_sequence,
    pad_packed_sequence,
)

from compare.in_pytorch.channels import has_channels_first
from compare.kinds.mistake import RecurrentOutput


def handing_on(module, result, sequence, turned):
    """What a recurrent layer returned with a sequence in the place of its own."""
    _, states = result
    states = states if isinstance(states, tuple) else (states,)
    output = sequence.output
    made = {"output": output.swapaxes(0, 1) if turned else output}
    lasts = (sequence.states, None if sequence.c is None else sequence.c[None])
    for key, state, last in zip(("h_n", "c_n"), states, lasts, strict=False):
        kept = state.numpy().copy()
        if turned:
            kept = np.zeros((len(kept), *last.shape[1:]))
        kept[-len(last) :] = last
        made[key] = kept
    return returning(module, result, made)


def returning(module, result, made):
    """What a recurrent layer returned with others in the place of its arrays.

    Args:
        module: the layer.
        result: what it returned.
        made: as `running.run` gives them, (batch, time, size) and states.
    """
    output, states = result
    several = isinstance(states, tuple)
    finals = tuple(
        like(made[key], state)
        for key, state in zip(
            ("h_n", "c_n"), states if several else (states,), strict=False
        )
    )
    if isinstance(output, PackedSequence):
        _, lengths = pad_packed_sequence(output)
        new = batch_or_time_first(module, like(made["output"], output.data))
        new = pack_padded_sequence(new, lengths, module.batch_first, False)
    else:
        new = batch_or_time_first(module, like(made["output"], output))
    return new, finals if several else finals[0]


def batch_or_time_first(module, tensor):
    """A (batch, time, size) tensor as a recurrent layer wants it, or back."""
    return tensor if module.batch_first else tensor.transpose(0, 1)


def is_batch(x):
    """Whether a recurrent layer is given a batch, not a single sequence."""
    return isinstance(x, PackedSequence) or x.ndim == 3


def copied(value):
    """A tensor as it is now: a layer behind may work in place."""
    return value.clone() if isinstance(value, torch.Tensor) else value


def features_last(module, tensor):
    """A tensor of a layer with its features last instead of before time, or back."""
    return tensor.transpose(1, 2) if has_channels_first(module, tensor) else tensor


def like(array, tensor):
    """An array as a tensor of the precision of another."""
    return torch.from_numpy(np.array(array)).to(tensor.dtype)


def padded(module, x):
    """A recurrent layer's input as (batch, time, features), and its lengths if any."""
    lengths = None
    if isinstance(x, PackedSequence):
        x, lengths = pad_packed_sequence(x, module.batch_first)
        lengths = lengths.numpy()
    return batch_or_time_first(module, x).numpy(), lengths


def sequence_of(module, result):
    """What a recurrent layer returns, in (batch, time, size).

    The states are those of its last layer and direction.
    """
    output, states = result
    output, lengths = padded(module, output)
    states = states if isinstance(states, tuple) else (states,)
    h, c = (*(state[-1].numpy() for state in states), None)[:2]
    return RecurrentOutput(output, h, c, lengths, states[0].numpy())


def as_input_of(module, array, tensor):
    """An array, features last, in the precision, order and form of a layer's input."""
    if not isinstance(module, torch.nn.RNNBase):
        return features_last(module, like(array, tensor))
    if isinstance(tensor, PackedSequence):
        _, lengths = pad_packed_sequence(tensor)
        new = batch_or_time_first(module, like(array, tensor.data))
        return pack_padded_sequence(new, lengths, module.batch_first, False)
    return batch_or_time_first(module, like(array, tensor))


def output_of(module: torch.nn.Module, result: Any) -> RecurrentOutput:
    """What a layer returned, features last; without states if it is not recurrent."""
    if isinstance(module, torch.nn.RNNBase):
        return sequence_of(module, result)
    return RecurrentOutput(features_last(module, result).numpy())
