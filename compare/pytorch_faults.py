"""How a PyTorch twin is looked into, and how named faults are made in it.

Arrays have the features last, as in Keras, where a layer of PyTorch has them before
time. Hooks change what goes into a layer and what comes out of it; everything else is the
model's own code, so a fault does to it what it would do to a port.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import numpy as np
import torch
from torch.nn.utils.rnn import (
    PackedSequence,
    pack_padded_sequence,
    pad_packed_sequence,
)

from compare.faults.anatomy import Anatomy
from compare.faults.fault import BETWEEN, LAYER, WEIGHTS, Call, Fault, Sequence
from compare.in_pytorch import REFUSALS, Twin, has_channels_first, layers, load


@torch.no_grad()
def anatomy(twin: Twin, arrays: tuple[np.ndarray, ...]) -> Anatomy:
    """Look into a twin in float64 while it runs; layers that hold no arrays included.

    A layer that runs more than once is left out, as is a recurrent one that is given
    states: no fault is known to be what it seems there.
    """
    known = layers(twin.model)
    given, made, twice = {}, {}, set()

    def before(name):
        def hook(module, args):
            if name in given:
                twice.add(name)
            given[name] = tuple(map(_kept, args))

        return hook

    def after(name):
        return lambda module, args, result: made.__setitem__(name, _kept(result))

    modules = {
        name: module
        for name, module in twin.model.named_modules()
        if name in known or (name and not any(module.children()))
    }
    hooks = [m.register_forward_pre_hook(before(name)) for name, m in modules.items()]
    hooks += [m.register_forward_hook(after(name)) for name, m in modules.items()]
    results = (None,)
    with _hooks(hooks), suppress(*REFUSALS):  # what came before a refusal is seen
        results = twin.results(twin.tensors(arrays))
    calls, handed, fed, out = {}, {}, {}, {}
    for name, args in given.items():
        module = modules[name]
        if name in twice or not args or any(each is not None for each in args[1:]):
            continue
        if isinstance(module, torch.nn.RNNBase):
            if name in made:
                x, lengths = _padded(module, args[0])
                calls[name] = Call(known[name].kind, known[name].arrays, x, lengths)
                handed[name] = _sequence(module, made[name])
        elif isinstance(args[0], torch.Tensor):
            fed[name] = _turned(module, args[0]).numpy()
            if isinstance(made.get(name), torch.Tensor):
                out[name] = _turned(module, made[name]).numpy()
    holding = [name for name in given if name in known]
    kinds = {n: known[n].kind for n in holding if n in calls or n in fed}
    last = made.get(holding[-1]) if holding else None
    return Anatomy(
        kinds=kinds,
        arrays={name: known[name].arrays for name in kinds},
        fed=fed,
        made=out,
        calls=calls,
        handed=handed,
        last=last.numpy() if isinstance(last, torch.Tensor) else None,
        result=None if results[0] is None else results[0].numpy(),
    )


@torch.no_grad()
def alone(
    twin: Twin, layer: str, x: np.ndarray, lengths: np.ndarray | None = None
) -> np.ndarray | Sequence:
    """What a layer of a twin makes of an input by itself.

    Args:
        twin: in either precision.
        layer: its name.
        x: what goes in, features last.
        lengths: (batch,), where a recurrent layer is to stop.

    Raises:
        REFUSALS: as the layer does.
    """
    module = twin.model.get_submodule(layer)
    tensor = torch.tensor(x)
    if tensor.is_floating_point():
        tensor = tensor.to(getattr(torch, twin.dtype))
    if not isinstance(module, torch.nn.RNNBase):
        return _turned(module, module(_turned(module, tensor))).numpy()
    tensor = tensor if module.batch_first else tensor.transpose(0, 1)
    if lengths is not None:
        tensor = pack_padded_sequence(
            tensor, torch.from_numpy(lengths), module.batch_first, False
        )
    return _sequence(module, module(tensor))


@contextmanager
def injected(twin: Twin, fault: Fault, layer: str, behind: str | None) -> Iterator:
    """The twin with a mistake in a layer, until the block ends.

    Args:
        twin: in either precision.
        fault: one that applies to the layer.
        layer: its name.
        behind: name of the layer that is computed next.
    """
    module = twin.model.get_submodule(layer)
    if fault.place == WEIGHTS:
        before = layers(twin.model)[layer].arrays
        before = {name: array.copy() for name, array in before.items()}
        load(twin.model, {layer: fault.change(before)})
        try:
            yield
        finally:
            load(twin.model, {layer: before})
        return
    if fault.place == LAYER:
        kind = layers(twin.model)[layer]
        hooks = [module.register_forward_hook(_recomputes(fault, kind))]
    elif fault.place == BETWEEN:
        kept = {}
        following = twin.model.get_submodule(behind)
        hooks = [
            module.register_forward_hook(
                lambda module, args, result: kept.update(s=_sequence(module, result))
            ),
            following.register_forward_pre_hook(
                lambda module, args: (
                    _turned(module, _like(fault.change(kept["s"]), args[0])),
                    *args[1:],
                )
            ),
        ]
    else:
        kept = {}

        def change(_, args, results):
            made = _like(fault.change(kept["last"].numpy()), kept["last"])
            return (made, *results[1:]) if isinstance(results, tuple) else made

        hooks = [
            module.register_forward_hook(
                lambda module, args, result: kept.update(last=result)
            ),
            twin.model.register_forward_hook(change),
        ]
    with _hooks(hooks):
        yield


@contextmanager
def _hooks(hooks):
    hooks = list(hooks)
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _recomputes(fault, known):
    """A hook that puts what the faulty layer returns in the place of its result."""

    def hook(module, args, result):
        if not isinstance(module, torch.nn.RNNBase):
            x = _turned(module, args[0]).numpy()
            made = fault.change(Call(known.kind, known.arrays, x, None))
            return _turned(module, _like(made, result))
        x, lengths = _padded(module, args[0])
        made = fault.change(Call(known.kind, known.arrays, x, lengths))
        output, states = result
        states = states if isinstance(states, tuple) else (states,)
        found = [
            _like(made[key], state)
            for key, state in zip(("h_n", "c_n"), states, strict=False)
        ]
        if isinstance(output, PackedSequence):
            padded = _like(made["output"], output.data)
            if not module.batch_first:
                padded = padded.transpose(0, 1)
            packed = pack_padded_sequence(
                padded, torch.from_numpy(lengths), module.batch_first, False
            )
            return packed, tuple(found) if len(found) > 1 else found[0]
        output = _like(made["output"], output)
        if not module.batch_first:
            output = output.transpose(0, 1)
        return output, tuple(found) if len(found) > 1 else found[0]

    return hook


def _kept(value):
    """A tensor as it is now: a layer behind may work in place."""
    return value.clone() if isinstance(value, torch.Tensor) else value


def _turned(module, tensor):
    """A tensor of a layer with its features last instead of before time, or back."""
    return tensor.transpose(1, 2) if has_channels_first(module, tensor) else tensor


def _like(array, tensor):
    """An array as a tensor of the precision of another."""
    return torch.from_numpy(np.array(array)).to(tensor.dtype)


def _padded(module, x):
    """A recurrent layer's input as (batch, time, features), and its lengths if any."""
    lengths = None
    if isinstance(x, PackedSequence):
        x, lengths = pad_packed_sequence(x, module.batch_first)
        lengths = lengths.numpy()
    x = x if module.batch_first else x.transpose(0, 1)
    return x.numpy(), lengths


def _sequence(module, result):
    """What a recurrent layer returns, in (batch, time, size).

    The states are those of its last layer and direction.
    """
    output, states = result
    output, lengths = _padded(module, output)
    states = states if isinstance(states, tuple) else (states,)
    h, c = (*(state[-1].numpy() for state in states), None)[:2]
    return Sequence(output, h, c, lengths)
