"""What is seen of the layers of a Keras model while it runs, each run by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import keras
import numpy as np

from compare.in_keras import attention
from compare.in_keras.arrays import (
    before_activation,
    features_last,
    in_one_axis,
    in_order,
    merged,
    order_of_steps,
    sequence_of,
    states_of_last_cell,
    to_numpy,
    valid_lengths,
)
from compare.in_keras.internals import Call as LayerCall
from compare.in_keras.models import options_set
from compare.kinds.mistake import RecurrentOutput
from compare.kinds.option import Options
from compare.mistakes.runs import names_of_runs

RECURRENT = (keras.layers.RNN, keras.layers.Bidirectional)
CELLS = (keras.layers.LSTMCell, keras.layers.GRUCell, keras.layers.SimpleRNNCell)


@dataclass(frozen=True)
class Run:
    """One run of a layer.

    Args:
        x: what went in; of a recurrent layer, the valid steps before the others.
        output: what came out, before an activation that the layer has inside.
        lengths: (batch,), the number of valid steps; None without a mask.
        order: where each step was, (batch, time); None where the valid ones were first.
        states: h, or h and c, with which a recurrent layer began, each (directions,
            batch, units); None for zeros.
        call: what attention was given beside its queries, as options of its kind.
    """

    x: np.ndarray
    output: np.ndarray | RecurrentOutput
    lengths: np.ndarray | None = None
    order: np.ndarray | None = None
    states: tuple[np.ndarray, ...] | None = None
    call: Options = field(default_factory=dict)


class Watch:
    """What replaced calls see of the layers of a model while it runs once.

    Args:
        stacks: layers that are one in PyTorch, in the order of execution, by name.
    """

    def __init__(self, stacks: Mapping[str, Sequence[keras.Layer]]) -> None:
        self._stacks = stacks
        # Of each stack by its name, the number of each layer that ran, and its run;
        # None for a run that is not one of its twin's, such as one of several inputs.
        self._runs: dict[str, list[tuple[int, Run | None]]] = {}
        self._begun: list[str] = []  # a name for each run of a whole stack, in order

    def replacements(
        self,
    ) -> list[tuple[keras.Layer, Callable[[LayerCall], LayerCall]]]:
        """For `calls_replaced`: every layer of the stacks, watched by its name."""
        replacements: list[tuple[keras.Layer, Callable[[LayerCall], LayerCall]]] = []
        for name, stack in self._stacks.items():
            for number, layer in enumerate(stack):
                watched = partial(self._watched, name, number, layer)
                replacements.append((layer, watched))
        return replacements

    def by_name(self) -> dict[str, list[Run]]:
        """The runs of stacks by the names of `names_of_runs`.

        Returns:
            A run of each layer of the stack, in order; nothing where they did not run
            in that order, or one is not clear.
        """
        runs_by_name = {}
        counts: dict[str, int] = {}
        names = names_of_runs(self._begun)
        for layer, name in zip(self._begun, names, strict=True):
            size = len(self._stacks[layer])
            begin = counts.get(layer, 0)
            counts[layer] = begin + size
            runs_of_call = self._runs[layer][begin : begin + size]
            numbers = [number for number, _ in runs_of_call]
            runs = [run for _, run in runs_of_call if run is not None]
            is_clear = numbers == list(range(size)) and len(runs) == size
            runs_by_name[name] = runs if is_clear else []
        return runs_by_name

    def _watched(
        self, name: str, number: int, layer: keras.Layer, call: LayerCall
    ) -> LayerCall:
        """The `call` of a layer of a stack, watched."""

        def begun() -> int:
            """Note that a run begins; return its place among those of the stack."""
            runs = self._runs.setdefault(name, [])
            if len(runs) % len(self._stacks[name]) == 0:
                self._begun.append(name)
            runs.append((number, None))
            return len(runs) - 1

        def watched_attention(*args: Any, **kwargs: Any) -> Any:
            place = begun()
            calls, result = attention.run(layer, call, args, kwargs)
            run = None if calls is None else Run(*calls[:2], call=calls[2])
            self._runs[name][place] = number, run
            return result

        def watched(x: Any, *args: Any, **kwargs: Any) -> Any:
            place = begun()
            if not _is_clear(layer, x, args, kwargs):
                return call(x, *args, **kwargs)
            run_layer = partial(call, x, *args, **kwargs)
            run: Run | None
            if isinstance(layer, CELLS):
                run, result = _cell_run(run_layer, x)
                run = replace(run, states=_states_of_cell(args, kwargs))
            elif isinstance(layer, RECURRENT):
                run, result = _recurrent_run(layer, run_layer, x, kwargs.get("mask"))
                run = replace(run, states=_states_given(layer, args, kwargs))
            else:
                run, result = _plain_run(layer, run_layer, x)
            self._runs[name][place] = number, run
            return result

        return watched_attention if attention.is_attention(layer) else watched


def _states_told(args: tuple[Any, ...], kwargs: Mapping[str, Any], name: str) -> Any:
    """What a call begins with, by place or by name; None where it is told nothing."""
    if args:
        return args[0]
    return kwargs.get(name)


def _states_of_cell(
    args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[np.ndarray, ...] | None:
    """The states that a cell is given, h, or h and c, (1, batch, units) each."""
    states = _states_told(args, kwargs, "states")
    if states is None:
        return None
    if keras.ops.is_tensor(states):
        states = [states]
    return tuple(to_numpy(state)[None] for state in states)


def _cell_run(run_layer: Callable[[], Any], x: Any) -> tuple[Run, Any]:
    """Run a cell; return the run, as of a layer that is given one step."""
    result = run_layer()
    output, states = result
    if keras.ops.is_tensor(states):
        states = [states]
    step = to_numpy(output)[:, None]  # (batch, 1, units)
    run = Run(to_numpy(x)[:, None], sequence_of(step, states, None, states[:1]))
    return run, result


def _states_given(
    layer: keras.layers.RNN | keras.layers.Bidirectional,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> tuple[np.ndarray, ...] | None:
    """The states with which a layer is told to begin; None where it is told none.

    Returns:
        h, or h and c, each (directions, batch, units).
    """
    states = _states_told(args, kwargs, "initial_state")
    if states is None:
        return None
    if keras.ops.is_tensor(states):
        states = [states]
    arrays = [to_numpy(state) for state in states]
    if not isinstance(layer, keras.layers.Bidirectional):
        return tuple(array[None] for array in arrays)
    half = len(arrays) // 2  # those of the forward layer come first
    pairs = zip(arrays[:half], arrays[half:], strict=True)
    return tuple(np.stack(pair) for pair in pairs)


def _plain_run(
    layer: keras.Layer, run_layer: Callable[[], Any], x: Any
) -> tuple[Run | None, Any]:
    """Run a layer that is not recurrent; return the run, and its result."""
    with before_activation(layer) as before:
        result = run_layer()
    output = before[0] if before else result
    if not keras.ops.is_tensor(output):  # several
        return None, result
    x, output = features_last(layer, x), features_last(layer, output)
    if isinstance(layer, keras.layers.EinsumDense):
        x, output = in_one_axis(layer, x, output)
    return Run(to_numpy(x), to_numpy(output)), result


def _recurrent_run(
    layer: keras.layers.RNN | keras.layers.Bidirectional,
    run_layer: Callable[[], Any],
    x: Any,
    mask: Any,
) -> tuple[Run, Any]:
    """Run a recurrent layer; return the run, and the result that it was to return.

    Inside, it returns every step, its states, and both directions side by side. That
    changes what is handed out, not what is computed.
    """
    two_ways = isinstance(layer, keras.layers.Bidirectional)
    with ExitStack() as stack:
        layers = [layer]
        if two_ways:
            layers += [layer.forward_layer, layer.backward_layer]
            stack.enter_context(options_set(layer, merge_mode="concat"))
        for inner in layers:
            whole = options_set(inner, return_sequences=True, return_state=True)
            stack.enter_context(whole)
        output, *states = run_layer()  # (batch, time, units), and (batch, units) each
    if two_ways:  # each direction ends at the other end of the sequence
        backward = states[len(states) // 2 :]
        final = keras.ops.concatenate([states[0], backward[0]], axis=-1)
        last, ends = backward, [states[0], backward[0]]
    else:
        final = output[:, -1]
        last = states_of_last_cell(states)
        ends = [last[0]]
    lengths, order = valid_lengths(mask), order_of_steps(mask)
    sequence = sequence_of(in_order(output, order), last, lengths, ends)
    run = Run(in_order(x, order), sequence, lengths, order)
    merge = layer.merge_mode if two_ways else None
    if not layer.return_sequences:
        output = final
    result = merged(output, merge)
    if layer.return_state:
        return run, (result, *states)
    return run, result


def _are_states(value: Any) -> bool:
    """Whether this is what a layer of one cell may begin with: tensors, or nothing."""
    if value is None or keras.ops.is_tensor(value):
        return True
    is_list = isinstance(value, list | tuple)
    return is_list and all(keras.ops.is_tensor(state) for state in value)


def _is_clear(
    layer: keras.Layer, x: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> bool:
    """Whether a layer is given, and will return, what its twin in PyTorch does."""
    if not keras.ops.is_tensor(x):
        return False
    if isinstance(layer, CELLS):
        states = _states_told(args, kwargs, "states")
        is_step = len(x.shape) == 2 and len(args) <= 1
        return is_step and states is not None and _are_states(states)
    if isinstance(layer, RECURRENT):
        states = _states_told(args, kwargs, "initial_state")
        if len(args) > 1 or not _are_states(states):
            return False
    elif any(value is not None for value in args):
        return False
    if isinstance(layer, keras.layers.TimeDistributed):
        inside = getattr(layer.layer, "activation", None)  # used step by step
        return inside in (None, keras.activations.linear)
    return getattr(layer, "merge_mode", "concat") is not None
