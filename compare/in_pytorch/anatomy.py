"""How a PyTorch twin is looked into while it runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress

import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.hooks import RemovableHandle

from compare.in_pytorch.arrays import (
    batch_or_time_first,
    copied,
    features_last,
    handing_on,
    is_batch,
    like,
    padded,
    sequence_of,
)
from compare.in_pytorch.layers import layers
from compare.in_pytorch.refusals import REFUSALS
from compare.in_pytorch.twin import Twin
from compare.kinds import call, options_of
from compare.kinds.mistake import RecurrentOutput
from compare.mistakes.anatomy import Anatomy


@torch.no_grad()
def anatomy(
    twin: Twin,
    arrays: tuple[np.ndarray, ...],
    instead: Anatomy | None = None,
    turned: Collection[str] = (),
) -> Anatomy:
    """Look into a twin in float64 while it runs; layers that hold no arrays included.

    A layer that runs more than once is left out, as is one that is given more than one
    input, such as states: no mistake is known to be what it seems there.

    Args:
        twin: in float64.
        arrays: one for each input.
        instead: what each layer that holds arrays is to hand on, whatever it makes
            itself: then only what lies between the layers is this twin's own.
        turned: recurrent layers that take batch and time for each other, and are to
            hand on what is `instead` in that order.
    """
    known = layers(twin.model)
    before_run = {
        name: {key: array.copy() for key, array in layer.arrays.items()}
        for name, layer in known.items()
        if "running_mean" in layer.arrays
    }
    given, made, unclear = {}, {}, set()

    def before(name):
        def hook(module, args, kwargs):
            more = (*args[1:], *kwargs.values())
            if name in given or not args or any(each is not None for each in more):
                unclear.add(name)
            given[name] = tuple(map(copied, args))

        return hook

    def after(name):
        def hook(module, args, result):
            made[name] = copied(result)
            if instead and name in instead.handed:
                sequence = instead.handed[name]
                return handing_on(module, result, sequence, name in turned)
            if instead and name in instead.kinds and name in instead.made:
                return features_last(module, like(instead.made[name], result))
            return None

        return hook

    modules = {
        name: module
        for name, module in twin.model.named_modules()
        if name in known or (name and not any(module.children()))
    }
    hooks = [
        module.register_forward_pre_hook(before(name), with_kwargs=True)
        for name, module in modules.items()
    ]
    hooks += [m.register_forward_hook(after(name)) for name, m in modules.items()]
    results = (None,)
    with hooked(hooks), suppress(*REFUSALS):  # what came before a refusal is seen
        results = twin.results(twin.tensors(arrays))
    calls, handed, fed, out = {}, {}, {}, {}
    for name, args in given.items():
        module = modules[name]
        if name in unclear:
            continue
        if isinstance(module, torch.nn.RNNBase):
            if name in made and is_batch(args[0]):
                x, lengths = padded(module, args[0])
                calls[name] = call(known[name].kind, known[name].arrays, x, lengths)
                handed[name] = sequence_of(module, made[name])
        elif isinstance(args[0], torch.Tensor):
            fed[name] = features_last(module, args[0]).numpy()
            if isinstance(made.get(name), torch.Tensor):
                out[name] = features_last(module, made[name]).numpy()
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
        results=tuple(each.numpy() for each in results if each is not None),
        options={
            n: options_of("torch", kinds[n], modules[n]) for n in kinds if n in fed
        },
        moved=tuple(
            name
            for name, arrays in before_run.items()
            if any((known[name].arrays[key] != a).any() for key, a in arrays.items())
        ),
    )


@torch.no_grad()
def alone(
    twin: Twin, layer: str, x: np.ndarray, lengths: np.ndarray | None = None
) -> np.ndarray | RecurrentOutput:
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
    if isinstance(module, torch.nn.Embedding):
        tensor = tensor.long()  # Keras may hand on the indices as floats
    elif tensor.is_floating_point():
        tensor = tensor.to(getattr(torch, twin.dtype))
    if not isinstance(module, torch.nn.RNNBase):
        return features_last(module, module(features_last(module, tensor))).numpy()
    tensor = batch_or_time_first(module, tensor)
    if lengths is not None:
        tensor = pack_padded_sequence(
            tensor, torch.from_numpy(lengths), module.batch_first, False
        )
    return sequence_of(module, module(tensor))


@contextmanager
def hooked(hooks: Iterable[RemovableHandle]) -> Iterator[None]:
    """Hooks that are removed when the block ends."""
    hooks = list(hooks)
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
