"""How a Keras twin is looked into; `pytorch_faults.py` does the same in PyTorch."""

from collections.abc import Iterable, Mapping
from contextlib import contextmanager, suppress

import keras
import numpy as np

from compare.cases import valid_steps
from compare.faults.anatomy import Anatomy
from compare.faults.fault import Call, Sequence
from compare.in_keras import REFUSALS, Twin, holders


def anatomy(
    twin: Twin,
    arrays: tuple[np.ndarray, ...],
    kinds: Mapping[str, str],
    weights: Mapping[str, Mapping[str, np.ndarray]],
    others: Iterable[str] = (),
) -> Anatomy:
    """Look into a twin in float64 while it runs, not compiled.

    Args:
        twin: in float64.
        arrays: one for each input.
        kinds: of the layers, as PyTorch names them.
        weights: of the layers, in PyTorch's layout.
        others: names of PyTorch's layers that hold no arrays; those of the same name
            are looked at as well.
    """
    stacks = {name: _stack(getattr(twin.model, name)) for name in holders(twin.model)}
    bare = {name: getattr(twin.model, name, None) for name in others}
    bare = {n: [each] for n, each in bare.items() if isinstance(each, keras.Layer)}
    seen = {}
    results = (None,)
    with _watched({**bare, **stacks}, seen), suppress(*REFUSALS):
        results = twin.eager(arrays)
    calls, handed, fed, made = {}, {}, {}, {}
    for name, runs in seen.items():
        stack = stacks.get(name) or bare[name]
        if name not in {*kinds, *bare} or len(runs) != len(stack):
            continue  # a layer that runs more than once is not what it seems
        x, lengths, _ = runs[0]
        output = runs[-1][2]
        if isinstance(output, Sequence):
            calls[name] = Call(kinds[name], weights[name], x, lengths)
            handed[name] = output
        else:
            fed[name], made[name] = x, output
    holding = [name for name in seen if name in stacks]
    last = seen[holding[-1]][-1][2] if holding else None
    known = [name for name in holding if name in calls or name in fed]
    return Anatomy(
        kinds={name: kinds[name] for name in known},
        arrays={name: weights[name] for name in known},
        fed=fed,
        made=made,
        calls=calls,
        handed=handed,
        last=None if isinstance(last, Sequence) else last,
        result=None if results[0] is None else _numpy(results[0]),
    )


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

    def note(*run):
        seen.setdefault(name, []).append(run)

    def watch(x, *args, **kwargs):
        if not isinstance(layer, keras.layers.RNN | keras.layers.Bidirectional):
            with _before_activation(layer) as before:
                result = call(x, *args, **kwargs)
            if keras.ops.is_tensor(x):  # not several
                note(_numpy(x), None, _numpy(before[0] if before else result))
            return result
        asked = layer.return_sequences, layer.return_state
        parts = [layer]
        if isinstance(layer, keras.layers.Bidirectional):
            parts += [layer.forward_layer, layer.backward_layer]
        for part in parts:  # changes what is handed out, not what is computed
            part.return_sequences, part.return_state = True, True
        try:
            output, *states = call(x, *args, **kwargs)
        finally:
            for part in parts:
                part.return_sequences, part.return_state = asked
        lengths = _lengths(kwargs.get("mask"))
        final = states[0]
        if len(parts) > 1:  # each direction ends at the other end of the sequence
            final = keras.ops.concatenate([final, states[len(states) // 2]], axis=-1)
            states_of_last = states[len(states) // 2 :]
        else:
            states_of_last = states
        note(_numpy(x), lengths, _sequence(output, states_of_last, lengths))
        handed = output if asked[0] else final
        return (handed, *states) if asked[1] else handed

    return watch


@contextmanager
def _before_activation(layer):
    """What goes into the activation inside a layer; PyTorch has it behind the layer."""
    before = []
    inside = isinstance(layer, keras.layers.Dense | keras.layers.Conv1D)
    if not inside or layer.activation is None:
        yield before
        return
    activation = layer.activation

    def recorded(x):
        before.append(x)
        return activation(x)

    vars(layer)["activation"] = recorded
    try:
        yield before
    finally:
        vars(layer)["activation"] = activation


def _sequence(output, states, lengths):
    output = _numpy(output)
    if lengths is not None:  # beyond them PyTorch has zeros
        output = np.where(valid_steps(output, lengths), output, 0)
    h, c = (*(_numpy(state) for state in states), None)[:2]
    return Sequence(output, h, c, lengths)


def _lengths(mask):
    return None if mask is None else _numpy(mask).sum(axis=1)


def _numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)
