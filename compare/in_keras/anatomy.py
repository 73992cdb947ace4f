"""How a Keras twin is looked into while it runs.

Arrays have the features last, whatever `data_format` a layer has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from compare.in_keras import attention, separable
from compare.in_keras.arrays import to_numpy
from compare.in_keras.internals import calls_replaced
from compare.in_keras.layers import holders
from compare.in_keras.models import cells_run_once
from compare.in_keras.names import children, layer_at, unnamed
from compare.in_keras.refusals import REFUSALS
from compare.in_keras.spectral import unwrapped
from compare.in_keras.twin import Twin
from compare.in_keras.watching import CELLS, Run, Watch
from compare.kinds import ATTENTION, call, of_layer, options_of
from compare.kinds.mistake import Call, RecurrentOutput
from compare.kinds.option import Options
from compare.mistakes.anatomy import Anatomy
from compare.mistakes.runs import layer_of

# Settings of a recurrent layer that change what it computes.
COMPUTED = ("activation", "recurrent_activation", "reset_after")
PROJECTIONS = 4  # dense layers of attention by hand, the last of its output


def anatomy(
    twin: Twin,
    arrays: tuple[np.ndarray, ...],
    kinds: Mapping[str, str],
    weights: Mapping[str, Mapping[str, np.ndarray]],
    bare_names: Iterable[str] = (),
    by_hand: Collection[str] = (),
) -> Anatomy:
    """Look into a twin in float64 while it runs, not compiled.

    As in PyTorch, each run of a layer that runs more than once is by itself.

    Args:
        twin: in float64.
        arrays: one for each input.
        kinds: of the layers, as PyTorch names them.
        weights: of these layers, in PyTorch's layout.
        bare_names: names of PyTorch's layers that hold no arrays; layers of the same
            name are looked at as well.
        by_hand: layers that PyTorch's user wrote; what Keras's layer is set to is among
            the options of its calls.
    """
    stacks = {name: _stack(children(twin.model)[name]) for name in holders(twin.model)}
    bare = {}
    for name in bare_names:
        layer = layer_at(twin.model, name)
        if layer is not None and name not in stacks:
            bare[name] = [layer]
    watched = {**bare, **stacks}
    watch = Watch(watched)
    results: tuple[Any, ...] = ()
    layers = [layer for stack in watched.values() for layer in stack]
    calls = attention.CallsSeen(twin.leaves.attention_apart)
    replacements = [
        *watch.replacements(),
        *separable.in_parts(layers),
        *calls.replacements(),
    ]
    unrolled = cells_run_once(unnamed(twin.model))
    before = _held(twin)
    with calls_replaced(replacements), unrolled, suppress(*REFUSALS):
        results = twin.results(twin.tensors(arrays))
    at_work = _LayersAtWork(kinds, weights)
    runs_by_name = watch.by_name()
    for name, runs in runs_by_name.items():
        layer = layer_of(name)
        if runs and (layer in bare or layer in weights):
            at_work.add(name, runs)
            if layer in by_hand and name in at_work.recurrent_calls:
                settings = _settings(kinds[layer], watched[layer][0])
                at_work.set_options(name, settings)
    arrays_of_results = tuple(to_numpy(tensor) for tensor in results)
    last = result = None
    if arrays_of_results:
        result = arrays_of_results[0]
    ran = [name for name in runs_by_name if layer_of(name) in stacks]
    if ran:
        last = _last_array(runs_by_name[ran[-1]])
    with_calls = at_work.recurrent_calls.keys() | at_work.layer_inputs.keys()
    holding = [name for name in ran if name in with_calls]
    return Anatomy(
        kinds={name: of_layer(kinds[layer_of(name)]) for name in holding},
        arrays={name: weights[layer_of(name)] for name in holding},
        layer_inputs=at_work.layer_inputs,
        layer_outputs=at_work.layer_outputs,
        recurrent_calls=at_work.recurrent_calls,
        recurrent_outputs=at_work.recurrent_outputs,
        last=last,
        result=result,
        results=arrays_of_results,
        options={
            name: {
                **_options(kinds[layer_of(name)], stacks[layer_of(name)][0]),
                **at_work.calls.get(name, {}),
            }
            for name in holding
            if name in at_work.layer_inputs
        },
        orders=at_work.orders,
        changed_by_run=_changed(before, _held(twin)),
        stacked=at_work.stacked,
        cells=tuple(
            name
            for name in at_work.recurrent_calls
            if isinstance(stacks[layer_of(name)][0], CELLS)
        ),
        attended=_attended(stacks, calls.by_output()),
    )


def _attended(
    stacks: Mapping[str, list[keras.Layer]], by_output: Mapping[int, Options]
) -> dict[str, Options]:
    """What attention was given, by the name of the layer that projects its output."""
    attended = {}
    for name, stack in stacks.items():
        options = by_output.get(id(stack[-1]))
        if options is not None:
            attended[name] = options
    return attended


def _held(twin: Twin) -> dict[str, list[np.ndarray]]:
    """What each layer holds now, by its name."""
    by_name = {}
    for name, held in holders(twin.model).items():
        by_name[name] = list(map(to_numpy, held.values()))
    return by_name


def _changed(
    before: Mapping[str, list[np.ndarray]], after: Mapping[str, list[np.ndarray]]
) -> tuple[str, ...]:
    """The layers that hold something else after a run, such as statistics."""
    changed = []
    for name, arrays in before.items():
        if not all(map(np.array_equal, arrays, after[name])):
            changed.append(name)
    return tuple(changed)


def _settings(kind: str, layer: keras.Layer) -> Options:
    """What a recurrent layer is set to that changes what it computes."""
    cell = layer.cell if isinstance(layer, keras.layers.RNN) else layer
    options = options_of("keras", kind, cell)
    return {name: options[name] for name in COMPUTED if name in options}


def _options(kind: str, layer: keras.Layer) -> Options:
    """The settings of a layer of a kind."""
    return options_of("keras", kind, _unwrapped(layer))


def _unwrapped(layer: keras.Layer) -> keras.Layer:
    """What a wrapper applies to each step, or the layer itself."""
    if isinstance(layer, keras.layers.TimeDistributed):
        return layer.layer
    return unwrapped(layer)


def _stack(attribute: Any) -> list[keras.Layer]:
    """The layers that are one in PyTorch, in the order of execution."""
    return list(attribute) if isinstance(attribute, list | tuple) else [attribute]


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

    def set_options(self, name: str, options: Options) -> None:
        """Add options to those of a recurrent call."""
        call = self.recurrent_calls[name]
        options = {**options, **call.options}
        self.recurrent_calls[name] = replace(call, options=options)

    def add(self, name: str, runs: list[Run]) -> None:
        """Add a run of a layer, or of a stack, whose layers ran in this order."""
        x, output = runs[0].x, runs[-1].output
        if not isinstance(output, RecurrentOutput):
            self.layer_inputs[name] = x
            self.calls[name] = runs[0].call
            kind = self._kinds.get(layer_of(name))
            if kind in ATTENTION and len(runs) == PROJECTIONS:
                self.calls[name] = attention.call_by_hand([run.x for run in runs])
                self.layer_outputs[name] = output
                return
            self.layer_outputs[name] = np.concatenate(
                [_sequence(run) for run in runs], axis=-1
            )
            return
        layer = layer_of(name)
        if layer not in self._kinds or layer not in self._weights:
            return  # PyTorch has a layer of another kind by this name
        kind, arrays = self._kinds[layer], self._weights[layer]
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


def _states_of_stack(runs: list[Run]) -> tuple[np.ndarray, ...]:
    """The states with which the layers of a stack began, as PyTorch has them.

    Returns:
        h, or h and c, each (layers * directions, batch, units).
    """
    states = next(run.states for run in runs if run.states is not None)
    zeros = tuple(np.zeros_like(state) for state in states)
    states_of_runs = []
    for run in runs:
        states_of_runs.append(zeros if run.states is None else run.states)
    return tuple(np.concatenate(arrays) for arrays in zip(*states_of_runs, strict=True))


def _sequence(run: Run) -> np.ndarray:
    """What came out of a run at every step, (batch, time, size)."""
    output = run.output
    return output.output if isinstance(output, RecurrentOutput) else output


def _last_array(runs: list[Run]) -> np.ndarray | None:
    """What came out of the last of some runs, if it is clear and an array."""
    if not runs or isinstance(runs[-1].output, RecurrentOutput):
        return None
    return runs[-1].output
