"""What layers and models of PyTorch take and return, as arrays, and back.

Arrays have the features last: (batch, features), (batch, time, features) or (batch,
*spatial, features). Tensors are as the layer has them: with time first, with the
features before the other axes, or packed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import (
    PackedSequence,
    pack_padded_sequence,
    pad_packed_sequence,
)

from compare.in_pytorch.attention import batch_first, is_attention
from compare.in_pytorch.kinds import kind_of
from compare.kinds import KINDS
from compare.kinds.mistake import RecurrentOutput
from compare.kinds.prelu import slopes_are_of_second_axis

# What a recurrent layer takes or returns as its sequence.
Sequence = torch.Tensor | PackedSequence
# Its states: h, or h and c, each (layers * directions, batch, hidden_size).
States = torch.Tensor | tuple[torch.Tensor, ...]

KEYS = ("h_n", "c_n")  # of states in what `running.run` returns

# Layers that take a sequence, and cells, which take one step of it.
RECURRENT = (torch.nn.RNNBase, torch.nn.RNNCellBase)
Recurrent = torch.nn.RNNBase | torch.nn.RNNCellBase

CHANNELS_FIRST = {name for kind in KINDS if kind.features_first for name in kind.torch}


def unfit(tensor: torch.Tensor) -> str:
    """What keeps a tensor from being compared, and what to do instead; or ""."""
    if tensor.is_nested:
        return "nested; return a padded tensor"
    if tensor.layout != torch.strided:
        return "sparse; return it with .to_dense()"
    if tensor.is_meta:
        return "on the meta device, which holds no numbers; return it from the CPU"
    if tensor.is_quantized:
        return "quantized; return it with .dequantize()"
    if tensor.is_complex():
        return "complex; return its real and its imaginary part"
    if tensor.dtype == torch.bfloat16:  # which NumPy has not
        return "in bfloat16; return it with .float()"
    return ""


def has_channels_first(module: torch.nn.Module, tensor: torch.Tensor) -> bool:
    """Whether a tensor of this layer is (batch, features, *spatial)."""
    if isinstance(module, torch.nn.PReLU):
        return slopes_are_of_second_axis(module.num_parameters, tensor.ndim)
    return tensor.ndim > 2 and kind_of(module) in CHANNELS_FIRST


def features_last(module: torch.nn.Module, tensor: torch.Tensor) -> torch.Tensor:
    """A tensor that a layer takes or returns, with its features last.

    Of attention that has time first, with the batch first.
    """
    if is_attention(module):
        return batch_first(module, tensor)
    if has_channels_first(module, tensor):
        return tensor.movedim(1, -1)
    return tensor


def features_in_place(module: torch.nn.Module, tensor: torch.Tensor) -> torch.Tensor:
    """A tensor with its features last, with them where the layer has them.

    Of attention that has time first, with time first.
    """
    if is_attention(module):
        return batch_first(module, tensor)
    if has_channels_first(module, tensor):
        return tensor.movedim(-1, 1)
    return tensor


def is_recurrent_result(module: torch.nn.Module, result: object) -> bool:
    """Whether a recurrent layer returned an output and states.

    One of the user's own, derived from a layer of PyTorch, may return something else.
    A cell returns its states alone.
    """
    if is_cell(module):
        states = result if isinstance(result, tuple) else (result,)
        return all(isinstance(s, torch.Tensor) and s.ndim == 2 for s in states)
    if not isinstance(module, torch.nn.RNNBase):
        return False
    if not isinstance(result, tuple) or len(result) != 2:
        return False
    output, states = result
    if not isinstance(output, torch.Tensor | PackedSequence):
        return False
    return all(
        isinstance(state, torch.Tensor) and state.ndim >= 2
        for state in as_tuple(states)
    )


def is_cell(module: torch.nn.Module) -> bool:
    """Whether a layer takes one step, (batch, features), and not a sequence."""
    return isinstance(module, torch.nn.RNNCellBase)


def batch_or_time_first(module: torch.nn.RNNBase, tensor: torch.Tensor) -> torch.Tensor:
    """Swap time and batch of (batch, time, size) if the layer has time first.

    The same call takes (time, batch, size) back.
    """
    return tensor if module.batch_first else tensor.transpose(0, 1)


def is_batch(module: torch.nn.Module, x: Sequence) -> bool:
    """Whether a recurrent layer is given a batch, not a single sequence."""
    if is_cell(module):
        return isinstance(x, torch.Tensor) and x.ndim == 2
    return isinstance(x, PackedSequence) or x.ndim == 3


def copied(value: object) -> object:
    """A tensor as it is now, since a later layer may work in place; or the value."""
    return value.clone() if isinstance(value, torch.Tensor) else value


def like(array: np.ndarray, tensor: torch.Tensor) -> torch.Tensor:
    """An array as a tensor of the precision of another tensor, of any shape."""
    return torch.from_numpy(np.array(array)).to(tensor.dtype)


# ------------------------------------------------------------ of recurrent layers


def padded(module: Recurrent, x: Sequence) -> tuple[np.ndarray, np.ndarray | None]:
    """A recurrent layer's sequence as (batch, time, features), of a cell one step.

    Returns:
        The array, and the lengths, (batch,), of what was packed; None of a tensor.
    """
    if isinstance(module, torch.nn.RNNCellBase):
        assert isinstance(x, torch.Tensor)
        return x[:, None].numpy(), None
    if not isinstance(x, PackedSequence):
        return batch_or_time_first(module, x).numpy(), None
    x, lengths = pad_packed_sequence(x, module.batch_first)
    return batch_or_time_first(module, x).numpy(), lengths.numpy()


def sequence_of(module: Recurrent, result: Any) -> RecurrentOutput:
    """What a recurrent layer returns, in (batch, time, size), of a cell one step.

    The states are those of its last layer and direction.

    Args:
        module: the layer.
        result: a sequence and states; of a cell its states.
    """
    if isinstance(module, torch.nn.RNNCellBase):
        h, *further_states = (state.numpy() for state in as_tuple(result))
        c = further_states[0] if further_states else None
        return RecurrentOutput(h[:, None], h, c, None, h[None])
    output, lengths = padded(module, result[0])
    states = as_tuple(result[1])
    c = states[1][-1].numpy() if len(states) > 1 else None
    return RecurrentOutput(output, states[0][-1].numpy(), c, lengths, states[0].numpy())


def as_tuple(states: States) -> tuple[torch.Tensor, ...]:
    """The states of a recurrent layer in a tuple, be there one or two."""
    return states if isinstance(states, tuple) else (states,)


def states_given(
    module: torch.nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[np.ndarray, ...] | None:
    """The states that a recurrent layer is given; None where it begins with zeros.

    Args:
        module: the layer.
        args: its positional arguments, its input before all.
        kwargs: its other arguments.

    Returns:
        h, or h and c, each (layers * directions, batch, size).
    """
    if not isinstance(module, RECURRENT):
        return None
    states = kwargs.get("hx")
    if len(args) > 1:
        states = args[1]
    if states is None:
        return None
    copies = tuple(state.numpy().copy() for state in as_tuple(states))
    if is_cell(module):  # (batch, size) each
        return tuple(state[None] for state in copies)
    return copies


def states_as_arguments(
    module: torch.nn.Module, states: tuple[np.ndarray, ...], dtype: str
) -> tuple[States, ...]:
    """What a recurrent layer is given beside its input to begin with some states.

    Args:
        module: the layer.
        states: h, or h and c, each (layers * directions, batch, size).
        dtype: the precision of the layer.
    """
    if is_cell(module):
        states = tuple(state[-1] for state in states)
    tensors = tuple(
        torch.tensor(state, dtype=getattr(torch, dtype)) for state in states
    )
    if len(tensors) == 1:
        return tensors
    return (tensors,)


def output_of(module: torch.nn.Module, result: Any) -> RecurrentOutput:
    """What a layer returned, features last; without states if it is not recurrent."""
    if isinstance(module, RECURRENT):
        return sequence_of(module, result)
    if is_attention(module):
        result = first(result)
    return RecurrentOutput(features_last(module, result).numpy())


def handing_on(
    module: Recurrent,
    result: Any,
    sequence: RecurrentOutput,
    turned: bool,
) -> tuple[Sequence, States] | States:
    """What a recurrent layer returned, with a sequence in the place of its own.

    Args:
        module: the layer.
        result: what it returned.
        sequence: what it is to hand on. Of the states of several layers and
            directions it has the last; the layer's own stay before them.
        turned: whether the layer takes batch and time for each other, and is to hand
            on the sequence in that order.

    Raises:
        ValueError: if the layer has a state that the sequence lacks.
    """
    if isinstance(module, torch.nn.RNNCellBase):
        return _cell_handing_on(result, sequence)
    states = as_tuple(result[1])
    finals = []  # (number, batch, size) each
    if sequence.states is not None:
        finals.append(sequence.states)
    if sequence.c is not None:
        finals.append(sequence.c[None])
    if len(finals) < len(states):
        raise ValueError("a layer cannot hand on fewer states than it has")
    output = sequence.output.swapaxes(0, 1) if turned else sequence.output
    arrays = {"output": output}
    for key, state, final in zip(KEYS, states, finals, strict=False):
        array = state.numpy().copy()
        if turned:  # what it has as its batch is time
            array = np.zeros((len(array), *final.shape[1:]))
        array[-len(final) :] = final
        arrays[key] = array
    return returning(module, result, arrays)


def _cell_handing_on(result: States, step: RecurrentOutput) -> States:
    """What a cell returned, with a step in the place of its own; c may be its own."""
    h, *further_states = as_tuple(result)
    tensors = [like(step.output[:, -1], h)]
    for state in further_states:
        if step.c is not None:
            state = like(step.c, state)
        tensors.append(state)
    return tuple(tensors) if isinstance(result, tuple) else tensors[0]


def returning(
    module: Recurrent,
    result: Any,
    arrays: Mapping[str, np.ndarray],
) -> tuple[Sequence, States] | States:
    """What a recurrent layer returned, with others in the place of its arrays.

    Args:
        module: the layer.
        result: what it returned.
        arrays: as `running.run` gives them: "output", (batch, time, size), and the
            states "h_n" and "c_n", (layers * directions, batch, size).
    """
    if isinstance(module, torch.nn.RNNCellBase):
        tensors = as_tuple(result)
        new = [like(arrays[key][-1], s) for key, s in zip(KEYS, tensors, strict=False)]
        return tuple(new) if isinstance(result, tuple) else new[0]
    output, states = result
    finals = tuple(
        like(arrays[key], state)
        for key, state in zip(KEYS, as_tuple(states), strict=False)
    )
    sequence = _sequence_like(module, arrays["output"], output)
    if isinstance(states, tuple):
        return sequence, finals
    return sequence, finals[0]


def as_input_of(module: torch.nn.Module, array: np.ndarray, x: Any) -> Sequence:
    """An array, features last, in the precision, order and form of a layer's input."""
    if is_cell(module):
        return like(array.reshape(x.shape), x)
    if isinstance(module, torch.nn.RNNBase):
        return _sequence_like(module, array, x)
    return features_in_place(module, like(array, x))


def _sequence_like(
    module: torch.nn.RNNBase, array: np.ndarray, x: Sequence
) -> Sequence:
    """An array, (batch, time, size), in the order of a layer, packed if `x` is."""
    if not isinstance(x, PackedSequence):
        return batch_or_time_first(module, like(array, x))
    _, lengths = pad_packed_sequence(x)
    tensor = batch_or_time_first(module, like(array, x.data))
    return pack_padded_sequence(tensor, lengths, module.batch_first, False)


# ------------------------------------------------------------ of whole models


def first(results: Any) -> torch.Tensor:
    """The first tensor of what a model returns, one or more, as `flat` goes."""
    if isinstance(results, dict):
        return first(results[min(results)])
    if isinstance(results, list | tuple):
        return first(results[0])
    return results


def with_first(results: object, tensor: torch.Tensor) -> object:
    """What a model returned, with another tensor in the place of the first."""
    if isinstance(results, dict):
        name = min(results)
        return {**results, name: with_first(results[name], tensor)}
    if isinstance(results, list | tuple):
        return (with_first(results[0], tensor), *results[1:])
    return tensor


def filled(results: object, tensors: Iterator[torch.Tensor]) -> object:
    """Something of the form of results, with other tensors in it, as `flat` goes."""
    if isinstance(results, dict):
        return {name: filled(results[name], tensors) for name in sorted(results)}
    if isinstance(results, list | tuple):
        return tuple(filled(result, tensors) for result in results)
    return None if results is None else next(tensors)


def softmax(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor whose last axis adds up to 1: (..., classes)."""
    return torch.softmax(tensor, -1)


def tensors_in(value: object) -> Iterator[torch.Tensor]:
    """The tensors in arguments or results of any nesting, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from tensors_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors_in(item)
