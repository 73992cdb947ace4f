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
    """A module by hand with the arrays that a cell of PyTorch would have now."""
    layer = layers(model)[name]
    return as_usual(Layer(_NOTED[model][name], layer.arrays))


def as_written(
    model: torch.nn.Module, name: str, arrays: Mapping[str, np.ndarray]
) -> Mapping[str, np.ndarray]:
    """The arrays of a cell of PyTorch as a module by hand has them."""
    return written_as(Layer(_NOTED[model][name], layers(model)[name].arrays), arrays)


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
    if not isinstance(x, torch.Tensor) or not x.is_floating_point():
        return None
    features, is_step = layer.arrays["weight_ih"].shape[1], x.ndim == 2
    if x.ndim not in (2, 3) or x.shape[-1] != features:
        return None
    tensors = list(_tensors(result))
    labels = _labels(layer, x, tensors)
    if "output" not in labels and "h" not in labels:
        return None
    arrays = {
        label: _without_first_axis(label, tensor).numpy()
        for label, tensor in zip(labels, tensors, strict=True)
    }
    output, h = arrays.get("output"), arrays.get("h")
    if output is None:
        output = arrays["h"]
    if output.ndim == 2:
        output = output[:, None]
    h = output[:, -1] if h is None else h
    size = layer.arrays["weight_hh"].shape[1]
    given = [*_tensors(args[1:]), *_tensors(list(kwargs.values()))]
    states = [_without_first_axis("h", state).numpy()[None].copy() for state in given]
    if any(state.shape != (1, len(x), size) for state in states):
        return None
    sequence = x[:, None] if is_step else x
    made = RecurrentOutput(output, h, arrays.get("c"), None, h[None])
    return OwnRun(sequence.numpy(), tuple(states) or None, made, is_step)


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
    tensors = list(_tensors(result))
    steps: dict[str, np.ndarray | None] = {
        "output": sequence.output,
        "h": sequence.h,
        "c": sequence.c,
    }
    new = []
    for label, tensor in zip(_labels(layer, args[0], tensors), tensors, strict=True):
        array = steps.get(label)
        if array is None:
            new.append(tensor)
            continue
        if label == "output" and tensor.ndim == 2:
            array = array[:, -1]
        new.append(like(np.reshape(array, tuple(tensor.shape)), tensor))
    return filled(result, iter(new))


def begun_with(args: tuple[Any, ...], states: Sequence[np.ndarray]) -> tuple[Any, ...]:
    """The arguments of a step by hand, with other states in the place of its own.

    Args:
        args: its input, then h, or h and c.
        states: h, or h and c, (1, batch, size) each.
    """
    own = list(_tensors(args[1:]))
    new = [
        like(np.reshape(state, tuple(tensor.shape)), tensor)
        for state, tensor in zip(states, own, strict=True)
    ]
    states_of_step: Any = filled(args[1:], iter(new))
    return (args[0], *states_of_step)


def _labels(layer: Layer, x: torch.Tensor, tensors: Sequence[torch.Tensor]) -> list:
    """What each tensor that a module returns is: "output", "h", "c", or "" if unknown.

    A step returns h and c, or its output before those.
    """
    size = layer.arrays["weight_hh"].shape[1]
    has_c, batch = layer.kind.startswith("LSTM"), x.shape[0]
    labels: list[str] = []
    num_states = 0
    for number, tensor in enumerate(tensors):
        shape = tuple(tensor.shape)
        is_state = shape in ((batch, size), (1, batch, size))
        every_step = x.ndim == 3 and shape == (batch, x.shape[1], size)
        # A step may return what it hands on before its states.
        one_step = is_state and x.ndim == 2 and len(tensors) > 1 + has_c
        if number == 0 and (every_step or one_step):
            labels.append("output")
        elif is_state and num_states < 1 + has_c:
            labels.append("hc"[num_states])
            num_states += 1
        else:
            labels.append("")
    return labels


def _without_first_axis(label: str, tensor: torch.Tensor) -> torch.Tensor:
    """A state as (batch, size), which may be (1, batch, size)."""
    if label in ("h", "c") and tensor.ndim == 3 and len(tensor) == 1:
        return tensor[0]
    return tensor


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    """The tensors in what a module takes or returns, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _tensors(part)


def alone(
    twin: Twin, name: str, x: torch.Tensor, states: tuple[np.ndarray, ...] | None
) -> RecurrentOutput:
    """Run a cell or layer by hand over x, (batch, time, features).

    Raises:
        ValueError: if it does not return what such layers do.
    """
    module, layer = twin.model.get_submodule(name), usual(twin.model, name)
    dtype = getattr(torch, twin.dtype)
    given = tuple(torch.tensor(state[-1], dtype=dtype) for state in states or ())
    own = None
    with suppress(*REFUSALS):  # a layer may take a sequence, a cell a step
        args = (x, *_as_given(given))
        own = own_run(layer, args, {}, module(*args))
    if own is not None:
        return own.output
    steps: list[RecurrentOutput] = []
    if not given:
        size = layer.arrays["weight_hh"].shape[1]
        number = 2 if layer.kind.startswith("LSTM") else 1
        given = tuple(x.new_zeros(len(x), size) for _ in range(number))
    for step in x.unbind(1):
        args = (step, *_as_given(given))
        own = own_run(layer, args, {}, module(*args))
        if own is None:
            raise ValueError(f"{name} returns neither steps nor states")
        steps.append(own.output)
        ends = [state for state in (own.output.h, own.output.c) if state is not None]
        given = tuple(torch.tensor(end, dtype=dtype) for end in ends)
    output = np.concatenate([step.output for step in steps], axis=1)
    return replace(steps[-1], output=output)


def _as_given(states: tuple[torch.Tensor, ...]) -> tuple[Any, ...]:
    """States as an argument: h alone, or h and c in a tuple."""
    if len(states) > 1:
        return (states,)
    return states
