"""How a Keras twin is looked into; `pytorch_mistakes.py` does the same in PyTorch."""

from collections.abc import Iterable, Mapping
from contextlib import contextmanager, suppress
from operator import attrgetter

import keras
import numpy as np

from compare.in_keras.activations import before_activation
from compare.in_keras.arrays import (
    in_order,
    merged,
    order_of_steps,
    sequence_of,
    states_of_last_cell,
    to_numpy,
    valid_lengths,
)
from compare.in_keras.layers import holders
from compare.in_keras.names import Renamed, children
from compare.in_keras.twin import REFUSALS, Twin
from compare.kinds import call, options_of
from compare.kinds.mistake import RecurrentOutput
from compare.mistakes.anatomy import Anatomy

RECURRENT = (keras.layers.RNN, keras.layers.Bidirectional)


def anatomy(
    twin: Twin,
    arrays: tuple[np.ndarray, ...],
    kinds: Mapping[str, str],
    weights: Mapping[str, Mapping[str, np.ndarray]],
    others: Iterable[str] = (),
) -> Anatomy:
    """Look into a twin in float64 while it runs, not compiled.

    As in PyTorch, a layer that runs more than once, or is given states, is left out.

    Args:
        twin: in float64.
        arrays: one for each input.
        kinds: of the layers, as PyTorch names them.
        weights: of these layers, in PyTorch's layout.
        others: names of PyTorch's layers that hold no arrays; those of the same name
            are looked at as well.
    """
    named = children(twin.model)
    stacks = {name: _stack(named[name]) for name in holders(twin.model)}
    bare = {name: [each] for name in others for each in _layers(twin.model, name)}
    seen = {}
    results = (None,)
    with _watched({**bare, **stacks}, seen), suppress(*REFUSALS):
        results = twin.eager(arrays)
    calls, handed, fed, made, orders, stacked = {}, {}, {}, {}, {}, {}
    for name, runs in seen.items():
        stack = stacks.get(name) or bare[name]
        known = name in bare or name in weights
        if not known or len(runs) != len(stack) or None in runs:
            continue  # it is not what it seems
        x, lengths, _, order = runs[0]
        output = runs[-1][2]
        if isinstance(output, RecurrentOutput):
            calls[name] = call(kinds[name], weights[name], x, lengths)
            if order is not None:
                orders[name] = order
            handed[name] = output
            if len(runs) > 1:
                stacked[name] = [(run[0], run[2].output) for run in runs]
        else:
            fed[name], made[name] = x, output
    holding = [name for name in seen if name in stacks]
    last = seen[holding[-1]][-1:] if holding else None
    last = last[0][2] if last and last[0] else None
    known = [name for name in holding if name in calls or name in fed]
    return Anatomy(
        kinds={name: kinds[name] for name in known},
        arrays={name: weights[name] for name in known},
        fed=fed,
        made=made,
        calls=calls,
        handed=handed,
        last=None if isinstance(last, RecurrentOutput) else last,
        result=None if results[0] is None else to_numpy(results[0]),
        results=tuple(to_numpy(each) for each in results if each is not None),
        options={
            name: options_of("keras", kinds[name], _unwrapped(stacks[name][0]))
            for name in known
            if name in fed
        },
        orders=orders,
        stacked=stacked,
    )


def _layers(model, name):
    """The layer of this name, in a list; nothing if there is none."""
    model = model._model if isinstance(model, Renamed) else model
    with suppress(AttributeError):
        found = attrgetter(name)(model)
        return [found] if isinstance(found, keras.Layer) else []
    return []


def _unwrapped(layer):
    """What a wrapper applies to each step, or the layer itself."""
    wrapped = isinstance(layer, keras.layers.TimeDistributed)
    return layer.layer if wrapped else layer


def _stack(attribute):
    """The layers that are one in PyTorch, first to last."""
    return list(attribute) if isinstance(attribute, list | tuple) else [attribute]


@contextmanager
def _watched(stacks, seen):
    """Each call of a layer adds its input, lengths and output to `seen`, by name."""
    layers = [(name, layer) for name, stack in stacks.items() for layer in stack]
    try:
        for name, layer in layers:
            vars(layer)["call"] = _watch(layer, name, seen)
        yield
    finally:
        for _, layer in layers:
            vars(layer).pop("call", None)


def _watch(layer, name, seen):
    call = layer.call

    def watch(x, *args, **kwargs):
        runs = seen.setdefault(name, [])
        if not _is_clear(layer, x, args, kwargs):
            runs.append(None)
            return call(x, *args, **kwargs)
        if not isinstance(layer, RECURRENT):
            with before_activation(layer) as before:
                result = call(x, *args, **kwargs)
            made = before[0] if before else result
            several = not keras.ops.is_tensor(made)
            runs.append(None if several else (to_numpy(x), None, to_numpy(made), None))
            return result
        asked = layer.return_sequences, layer.return_state
        parts, merge = [layer], getattr(layer, "merge_mode", None)
        if isinstance(layer, keras.layers.Bidirectional):
            parts += [layer.forward_layer, layer.backward_layer]
        for part in parts:  # changes what is handed out, not what is computed
            part.return_sequences, part.return_state = True, True
        if merge:
            layer.merge_mode = "concat"
        try:
            output, *states = call(x, *args, **kwargs)
        finally:
            if merge:
                layer.merge_mode = merge
            for part in parts:
                part.return_sequences, part.return_state = asked
        lengths = valid_lengths(kwargs.get("mask"))
        last, final = states_of_last_cell(states), output[:, -1]
        if len(parts) > 1:  # each direction ends at the other end of the sequence
            last = states[len(states) // 2 :]
            final = keras.ops.concatenate([states[0], last[0]], axis=-1)
        ends = states[0], last[0]
        ends = ends if len(parts) > 1 else ends[1:]
        order = order_of_steps(kwargs.get("mask"))
        sequence = sequence_of(in_order(output, order), last, lengths, ends)
        runs.append((in_order(x, order), lengths, sequence, order))
        handed = merged(output if asked[0] else final, merge)
        return (handed, *states) if asked[1] else handed

    return watch


def _is_clear(layer, x, args, kwargs):
    """Whether a layer is given, and will return, what its twin in PyTorch does."""
    more = (*args, kwargs.get("initial_state"))
    if not keras.ops.is_tensor(x) or any(each is not None for each in more):
        return False
    if isinstance(layer, keras.layers.TimeDistributed):
        inside = getattr(layer.layer, "activation", None)  # used step by step
        return inside in (None, keras.activations.linear)
    return getattr(layer, "merge_mode", "concat") is not None
