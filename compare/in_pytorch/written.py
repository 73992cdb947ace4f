"""Recurrent cells and layers that the user wrote, seen as those of PyTorch.

Which of a model's modules are such, the twins tell: `note` is told before the model is
looked into. What such a module takes and returns is told by shapes: a sequence (batch,
time, features), or one step of it beside its states; every step, or the states alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch

from compare.in_pytorch.arrays import filled, like
from compare.in_pytorch.layers import layers
from compare.in_pytorch.refusals import REFUSALS
from compare.in_pytorch.twin import Twin
from compare.kinds import as_usual, written_as
from compare.kinds.layer import Layer
from compare.kinds.mistake import RecurrentOutput

OF_LAYER = "_l0"  # behind the names of arrays of a layer with one direction
# By model, the kinds of its modules that are cells by hand, by their names.
_NOTED: WeakKeyDictionary[torch.nn.Module, Mapping[str, str]] = WeakKeyDictionary()


@dataclass(frozen=True)
class OwnRun:
    """A run of a cell or layer by hand.

    Args:
        x: (batch, time, features); of a step (batch, 1, features).
        states: h, or h and c, with which it began, (1, batch, size) each; None for
            what it begins with itself.
        output: what it returned; of one that returns no steps, h is the only step.
        is_step: whether it was given one step.
    """

    x: np.ndarray
    states: tuple[np.ndarray, ...] | None
    output: RecurrentOutput
    is_step: bool


def note(model: torch.nn.Module, kinds: Mapping[str, str]) -> None:
    """Let modules of a model be seen as cells of PyTorch, such as "LSTMCell"."""
    _NOTED[model] = kinds


def is_written(model: torch.nn.Module, name: str) -> bool:
    """Whether a module of this name is such a cell or layer."""
    return name in _NOTED.get(model, {})


def usual(model: torch.nn.Module, name: str) -> Layer:
    """A module by hand with the arrays that a cell of PyTorch would have now.

    It may have those of a layer of PyTorch, `weight_ih_l0`.
    """
    layer = layers(model)[name]
    arrays = {key.removesuffix(OF_LAYER): array for key, array in layer.arrays.items()}
    return as_usual(Layer(_NOTED[model][name], arrays))


def as_written(
    model: torch.nn.Module, name: str, arrays: Mapping[str, np.ndarray]
) -> Mapping[str, np.ndarray]:
    """The arrays of a cell of PyTorch as a module by hand has them."""
    own_arrays = layers(model)[name].arrays
    if own_arrays.keys() == {f"{key}{OF_LAYER}" for key in arrays}:
        return {f"{key}{OF_LAYER}": array for key, array in arrays.items()}
    return written_as(Layer(_NOTED[model][name], own_arrays), arrays)


def own_run(
    layer: Layer, args: Sequence[Any], kwargs: Mapping[str, Any], result: Any
) -> OwnRun | None:
    """What a module by hand was given and returned; None where that is unusual.

    Args:
        layer: with the arrays of `usual`.
        args: its positional arguments.
        kwargs: its other arguments.
        result: what it returned.
    """
    x = args[0] if args else None
    if "weight_ih" not in layer.arrays:  # two directions, or several layers
        return None
    if not isinstance(x, torch.Tensor) or not x.is_floating_point():
        return None
    axes = _spatial_axes(layer)
    if x.ndim not in (2 + axes, 3 + axes):
        return None
    x = _features_last(x, axes)
    features, step = layer.arrays["weight_ih"].shape[1], x.ndim == 2 + axes
    if x.shape[-1] != features:
        return None
    tensors = [_features_last(tensor, axes) for tensor in _tensors_by_place(result)]
    labels = _labels(layer, x, tensors)
    if "output" not in labels and "h" not in labels:
        return None
    arrays = {
        label: _without_first_axis(label, tensor, axes).numpy()
        for label, tensor in zip(labels, tensors, strict=True)
    }
    output, h = arrays.get("output"), arrays.get("h")
    if output is None:
        output = arrays["h"]
    if output.ndim == 2 + axes:
        output = output[:, None]
    h = output[:, -1] if h is None else h
    own_states = [
        *_tensors_by_place(args[1:]),
        *_tensors_by_place(list(kwargs.values())),
    ]
    states = []
    for state in own_states:
        state = _without_first_axis("h", _features_last(state, axes), axes)
        if state.shape != h.shape:
            return None
        states.append(state.numpy()[None].copy())
    sequence = x[:, None] if step else x
    output_of_run = RecurrentOutput(output, h, arrays.get("c"), None, h[None])
    return OwnRun(sequence.numpy(), tuple(states) or None, output_of_run, step)


def is_step(layer: Layer, x: torch.Tensor) -> bool:
    """Whether what a module by hand is given is one step, not a sequence."""
    return x.ndim == 2 + _spatial_axes(layer)


def as_input(layer: Layer, array: np.ndarray, x: torch.Tensor) -> torch.Tensor:
    """An array, features last, in the place of what a module by hand is given."""
    return _in_place(array, x, _spatial_axes(layer))


def _spatial_axes(layer: Layer) -> int:
    """How many axes a cell convolves over; none where it is of linear layers."""
    return layer.arrays["weight_ih"].ndim - 2


def _features_last(tensor: torch.Tensor, axes: int) -> torch.Tensor:
    """What a cell that convolves takes or returns, (..., features, *spatial)."""
    return tensor.movedim(-1 - axes, -1) if tensor.ndim > axes else tensor


def _in_place(array: np.ndarray, tensor: torch.Tensor, axes: int) -> torch.Tensor:
    """An array, (..., *spatial, features), laid out like a tensor of the module."""
    features_first = np.moveaxis(array, -1, -1 - axes)
    return like(np.reshape(features_first, tuple(tensor.shape)), tensor)


def returning(
    layer: Layer, args: Sequence[Any], result: Any, sequence: RecurrentOutput
) -> Any:
    """What a module by hand returned, with a sequence in the place of its own.

    Args:
        layer: as in `own_run`.
        args: its positional arguments.
        result: what it returned; what has no counterpart stays.
        sequence: what it is to hand on.
    """
    axes = _spatial_axes(layer)
    tensors = list(_tensors_by_place(result))
    in_order = [_features_last(tensor, axes) for tensor in tensors]
    labels = _labels(layer, _features_last(args[0], axes), in_order)
    steps: dict[str, np.ndarray | None] = {
        "output": sequence.output,
        "h": sequence.h,
        "c": sequence.c,
    }
    new = []
    for label, tensor in zip(labels, tensors, strict=True):
        array = steps.get(label)
        if array is None:
            new.append(tensor)
            continue
        if label == "output" and tensor.ndim == 2 + axes:
            array = array[:, -1]
        new.append(_in_place(array, tensor, axes))
    return filled(result, iter(new))


def begun_with(
    layer: Layer, args: tuple[Any, ...], states: Sequence[np.ndarray]
) -> tuple[Any, ...]:
    """The arguments of a step by hand, with other states in the place of its own.

    Args:
        layer: as in `own_run`.
        args: its input, then h, or h and c.
        states: h, or h and c, (1, batch, size) each.
    """
    axes = _spatial_axes(layer)
    tensors = list(_tensors_by_place(args[1:]))
    new = [
        _in_place(state, tensor, axes)
        for state, tensor in zip(states, tensors, strict=True)
    ]
    states_of_step: Any = filled(args[1:], iter(new))
    return (args[0], *states_of_step)


def _labels(layer: Layer, x: torch.Tensor, tensors: Sequence[torch.Tensor]) -> list:
    """What each tensor that a module returns is: "output", "h", "c", or "" if unknown.

    All have the features last. A step returns h and c, or its output before those.
    """
    size, axes = layer.arrays["weight_hh"].shape[1], _spatial_axes(layer)
    has_c, batch = _has_c(layer), x.shape[0]
    state = (batch, *x.shape[-1 - axes : -1], size)
    steps = (batch, x.shape[1], *state[1:])
    labels: list[str] = []
    num_states = 0
    for number, tensor in enumerate(tensors):
        shape = tuple(tensor.shape)
        is_state = shape in (state, (1, *state))
        every_step = x.ndim == 3 + axes and shape == steps
        # A step may return what it hands on before its states.
        one_step = is_state and x.ndim == 2 + axes and len(tensors) > 1 + has_c
        if number == 0 and (every_step or one_step):
            labels.append("output")
        elif is_state and num_states < 1 + has_c:
            labels.append("hc"[num_states])
            num_states += 1
        else:
            labels.append("")
    return labels


def _has_c(layer: Layer) -> bool:
    """Whether a cell has two states."""
    return "LSTM" in layer.kind


def _without_first_axis(label: str, tensor: torch.Tensor, axes: int) -> torch.Tensor:
    """A state as (batch, *spatial, size), which may have a first axis of one."""
    if label in ("h", "c") and tensor.ndim == 3 + axes and len(tensor) == 1:
        return tensor[0]
    return tensor


def _tensors_by_place(value: Any) -> Iterator[torch.Tensor]:
    """The tensors in what a module takes or returns, in order.

    Unlike `tensors_in` it passes dictionaries over: `_labels` tells h from c by their
    order, which a dictionary does not promise.
    """
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors_by_place(item)


def alone(
    twin: Twin, name: str, x: torch.Tensor, states: tuple[np.ndarray, ...] | None
) -> RecurrentOutput:
    """Run a cell or layer by hand over x, (batch, time, *spatial, features).

    Raises:
        ValueError: if it does not return what such layers do.
    """
    module, layer = twin.model.get_submodule(name), usual(twin.model, name)
    dtype = getattr(torch, twin.dtype)
    axes = _spatial_axes(layer)
    x = x.movedim(-1, -1 - axes)
    begin = tuple(_as_tensor(state[-1], axes, dtype) for state in states or ())
    run = None
    with suppress(*REFUSALS):  # a layer may take a sequence, a cell a step
        args = (x, *_as_given(begin))
        run = own_run(layer, args, {}, module(*args))
    if run is not None:
        return run.output
    steps: list[RecurrentOutput] = []
    if not begin:
        size = layer.arrays["weight_hh"].shape[1]
        number = 2 if _has_c(layer) else 1
        zeros = x.new_zeros(len(x), size, *x.shape[x.ndim - axes :])
        begin = (zeros,) * number
    for step in x.unbind(1):
        run = _one_step(layer, module, step, begin)
        if run is None:
            raise ValueError(f"{name} returns neither steps nor states")
        steps.append(run.output)
        ends = [state for state in (run.output.h, run.output.c) if state is not None]
        begin = tuple(_as_tensor(end, axes, dtype) for end in ends)
    output = np.concatenate([step.output for step in steps], axis=1)
    return replace(steps[-1], output=output)


def _one_step(
    layer: Layer,
    module: torch.nn.Module,
    x: torch.Tensor,
    states: tuple[torch.Tensor, ...],
) -> OwnRun | None:
    """Run a cell over one step, which takes h and c in a tuple, or one by one."""
    args = (x, *_as_given(states))
    try:
        return own_run(layer, args, {}, module(*args))
    except TypeError:  # an argument is missing
        return own_run(layer, (x, *states), {}, module(x, *states))


def _as_tensor(state: np.ndarray, axes: int, dtype: torch.dtype) -> torch.Tensor:
    """A state, (batch, *spatial, size), as a module takes it."""
    return torch.tensor(np.moveaxis(state, -1, -1 - axes), dtype=dtype)


def _as_given(states: tuple[torch.Tensor, ...]) -> tuple[Any, ...]:
    """States as an argument: h alone, or h and c in a tuple."""
    if len(states) > 1:
        return (states,)
    return states
