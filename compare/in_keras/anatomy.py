"""How a Keras twin is looked into while it runs.

Arrays have the features last, whatever `data_format` a layer has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
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
from compare.in_keras.internals import calls_replaced
from compare.in_keras.layers import holders
from compare.in_keras.models import options_set
from compare.in_keras.names import children, layer_at
from compare.in_keras.refusals import REFUSALS
from compare.in_keras.twin import Twin
from compare.kinds import ATTENTION, call, options_of
from compare.kinds.mistake import Call, RecurrentOutput
from compare.kinds.option import Options
from compare.mistakes.anatomy import Anatomy

PROJECTIONS = 4  # dense layers of attention by hand, the last of its output
RECURRENT = (keras.layers.RNN, keras.layers.Bidirectional)


def anatomy(
    twin: Twin,
    arrays: tuple[np.ndarray, ...],
    kinds: Mapping[str, str],
    weights: Mapping[str, Mapping[str, np.ndarray]],
    bare_names: Iterable[str] = (),
) -> Anatomy:
    """Look into a twin in float64 while it runs, not compiled.

    As in PyTorch, a layer that runs more than once is left out.

    Args:
        twin: in float64.
        arrays: one for each input.
        kinds: of the layers, as PyTorch names them.
        weights: of these layers, in PyTorch's layout.
        bare_names: names of PyTorch's layers that hold no arrays; layers of the same
            name are looked at as well.
    """
    stacks = {name: _stack(children(twin.model)[name]) for name in holders(twin.model)}
    bare = {}
    for name in bare_names:
        layer = layer_at(twin.model, name)
        if layer is not None and name not in stacks:
            bare[name] = [layer]
    watch = _Watch()
    results: tuple[Any, ...] = ()
    watched = {**bare, **stacks}
    with calls_replaced(watch.replacements(watched)), suppress(*REFUSALS):
        results = twin.results(twin.tensors(arrays))
    at_work = _LayersAtWork(kinds, weights)
    for name in watch.runs:
        runs = watch.clear_runs(name, len(watched[name]))
        if runs and (name in bare or name in weights):
            at_work.add(name, runs)
    arrays_of_results = tuple(to_numpy(tensor) for tensor in results)
    last = result = None
    if arrays_of_results:
        result = arrays_of_results[0]
    ran = [name for name in watch.runs if name in stacks]
    if ran:
        last = _last_array(watch.runs[ran[-1]])
    holding = [
        name
        for name in ran
        if name in at_work.recurrent_calls or name in at_work.layer_inputs
    ]
    return Anatomy(
        kinds={name: kinds[name] for name in holding},
        arrays={name: weights[name] for name in holding},
        layer_inputs=at_work.layer_inputs,
        layer_outputs=at_work.layer_outputs,
        recurrent_calls=at_work.recurrent_calls,
        recurrent_outputs=at_work.recurrent_outputs,
        last=last,
        result=result,
        results=arrays_of_results,
        options={
            name: {
                **options_of("keras", kinds[name], _unwrapped(stacks[name][0])),
                **at_work.calls.get(name, {}),
            }
            for name in holding
            if name in at_work.layer_inputs
        },
        orders=at_work.orders,
        stacked=at_work.stacked,
    )


def _unwrapped(layer: keras.Layer) -> keras.Layer:
    """What a wrapper applies to each step, or the layer itself."""
    if isinstance(layer, keras.layers.TimeDistributed):
        return layer.layer
    return layer


def _stack(attribute: Any) -> list[keras.Layer]:
    """The layers that are one in PyTorch, in the order of execution."""
    return list(attribute) if isinstance(attribute, list | tuple) else [attribute]


@dataclass(frozen=True)
class _Run:
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


class _Watch:
    """What replaced calls see of the layers of a model while it runs once.

    Attributes:
        runs: of each layer or stack that ran, by its name in order; None for a run
            that is not one of its twin in PyTorch, such as one of several inputs.
    """

    def __init__(self) -> None:
        self.runs: dict[str, list[_Run | None]] = {}

    def replacements(
        self, stacks: Mapping[str, Iterable[keras.Layer]]
    ) -> list[tuple[keras.Layer, Callable[[LayerCall], LayerCall]]]:
        """For `calls_replaced`: every layer of some stacks, watched by its name."""
        replacements: list[tuple[keras.Layer, Callable[[LayerCall], LayerCall]]] = []
        for name, stack in stacks.items():
            for layer in stack:
                replacements.append((layer, partial(self._watched, name, layer)))
        return replacements

    def clear_runs(self, name: str, layers: int) -> list[_Run]:
        """The runs of a stack of so many layers, if each ran once and all are clear."""
        every = self.runs.get(name, [])
        runs = [run for run in every if run is not None]
        return runs if len(runs) == len(every) == layers else []

    def _watched(self, name: str, layer: keras.Layer, call: LayerCall) -> LayerCall:
        """The `call` of a layer, watched."""

        def watched_attention(*args: Any, **kwargs: Any) -> Any:
            seen, result = attention.run(layer, call, args, kwargs)
            run = None if seen is None else _Run(*seen[:2], call=seen[2])
            self.runs.setdefault(name, []).append(run)
            return result

        def watched(x: Any, *args: Any, **kwargs: Any) -> Any:
            runs = self.runs.setdefault(name, [])
            if not _is_clear(layer, x, args, kwargs):
                runs.append(None)
                return call(x, *args, **kwargs)
            mask = kwargs.get("mask")
            run_layer = partial(call, x, *args, **kwargs)
            if isinstance(layer, RECURRENT):
                run, result = _recurrent_run(layer, run_layer, x, mask)
                run = replace(run, states=_states_given(layer, args, kwargs))
            else:
                plain_run, result = _plain_run(layer, run_layer, x)
                runs.append(plain_run)
                return result
            runs.append(run)
            return result

        return watched_attention if attention.is_attention(layer) else watched


class _LayersAtWork:
    """What layers were seen to do, as `Anatomy` has it.

    Args:
        kinds, weights: as in `anatomy`.
    """

    def __init__(
        self,
        kinds: Mapping[str, str],
        weights: Mapping[str, Mapping[str, np.ndarray]],
    ) -> None:
        self._kinds, self._weights = kinds, weights
        self.layer_inputs: dict[str, np.ndarray] = {}
        self.layer_outputs: dict[str, np.ndarray] = {}
        self.recurrent_calls: dict[str, Call] = {}
        self.recurrent_outputs: dict[str, RecurrentOutput] = {}
        self.orders: dict[str, np.ndarray] = {}
        self.calls: dict[str, Options] = {}
        self.stacked: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}

    def add(self, name: str, runs: list[_Run]) -> None:
        """Add a layer, or a stack of which each layer ran once in this order."""
        x, output = runs[0].x, runs[-1].output
        if not isinstance(output, RecurrentOutput):
            self.layer_inputs[name] = x
            self.calls[name] = runs[0].call
            if self._kinds[name] in ATTENTION and len(runs) == PROJECTIONS:
                self.calls[name] = attention.call_by_hand([run.x for run in runs])
                self.layer_outputs[name] = output
                return
            self.layer_outputs[name] = np.concatenate(
                [_sequence(run) for run in runs], axis=-1
            )
            return
        kind, arrays = self._kinds[name], self._weights[name]
        if len(runs) > 1 and _has_directions_apart(arrays, len(runs)):
            return  # one of them reads backwards: they are no stack
        options: Options = {}
        if any(run.states is not None for run in runs):
            options = {"states": _states_of_stack(runs)}
        self.recurrent_calls[name] = call(kind, arrays, x, runs[0].lengths, options)
        self.recurrent_outputs[name] = output
        if runs[0].order is not None:
            self.orders[name] = runs[0].order
        if len(runs) > 1:
            self.stacked[name] = [(run.x, _sequence(run)) for run in runs]


def _has_directions_apart(arrays: Mapping[str, np.ndarray], layers: int) -> bool:
    """Whether each direction of a layer of PyTorch is a layer of its own in Keras.

    Args:
        arrays: of PyTorch's layer.
        layers: how many Keras has.
    """
    kernels = [name for name in arrays if name.startswith("weight_hh")]
    two_ways = any(name.endswith("_reverse") for name in kernels)
    return two_ways and len(kernels) == layers


def _states_of_stack(runs: list[_Run]) -> tuple[np.ndarray, ...]:
    """The states with which the layers of a stack began, as PyTorch has them.

    Returns:
        h, or h and c, each (layers * directions, batch, units).
    """
    states = next(run.states for run in runs if run.states is not None)
    zeros = tuple(np.zeros_like(state) for state in states)
    parts = [zeros if run.states is None else run.states for run in runs]
    return tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))


def _states_given(
    layer: keras.layers.RNN | keras.layers.Bidirectional,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> tuple[np.ndarray, ...] | None:
    """The states with which a layer is told to begin; None where it is told none.

    Returns:
        h, or h and c, each (directions, batch, units).
    """
    states = args[0] if args else kwargs.get("initial_state")
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


def _sequence(run: _Run) -> np.ndarray:
    """What came out of a run at every step, (batch, time, size)."""
    output = run.output
    return output.output if isinstance(output, RecurrentOutput) else output


def _last_array(runs: list[_Run | None]) -> np.ndarray | None:
    """What came out of the last of some runs, if it is clear and an array."""
    if runs[-1] is None or isinstance(runs[-1].output, RecurrentOutput):
        return None
    return runs[-1].output


def _plain_run(
    layer: keras.Layer, run_layer: Callable[[], Any], x: Any
) -> tuple[_Run | None, Any]:
    """Run a layer that is not recurrent; return the run, and its result."""
    with before_activation(layer) as before:
        result = run_layer()
    output = before[0] if before else result
    if not keras.ops.is_tensor(output):  # several
        return None, result
    x, output = features_last(layer, x), features_last(layer, output)
    if isinstance(layer, keras.layers.EinsumDense):
        x, output = in_one_axis(layer, x, output)
    return _Run(to_numpy(x), to_numpy(output)), result


def _recurrent_run(
    layer: keras.layers.RNN | keras.layers.Bidirectional,
    run_layer: Callable[[], Any],
    x: Any,
    mask: Any,
) -> tuple[_Run, Any]:
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
    run = _Run(in_order(x, order), sequence, lengths, order)
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
    if isinstance(layer, RECURRENT):
        states = args[0] if args else kwargs.get("initial_state")
        if len(args) > 1 or not _are_states(states):
            return False
    elif any(value is not None for value in args):
        return False
    if isinstance(layer, keras.layers.TimeDistributed):
        inside = getattr(layer.layer, "activation", None)  # used step by step
        return inside in (None, keras.activations.linear)
    return getattr(layer, "merge_mode", "concat") is not None
