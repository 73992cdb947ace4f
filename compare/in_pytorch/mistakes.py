"""How a PyTorch twin is looked into, and how named faults are made in it.

Arrays have the features last, as in Keras, where a layer of PyTorch has them before
time. Hooks change what goes into a layer and what comes out of it; everything else is
the model's own code, so a fault does to it what it would do to a port.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence

from compare.in_pytorch.arrays import (
    as_input_of,
    batch_or_time_first,
    copied,
    features_last,
    handing_on,
    is_batch,
    like,
    made_by,
    padded,
    returning,
    sequence_of,
)
from compare.in_pytorch.layers import layers, load
from compare.in_pytorch.results import filled, first, with_first
from compare.in_pytorch.twin import REFUSALS, Twin
from compare.kinds.mistake import (
    ACTIVATION,
    BETWEEN,
    GIVEN,
    JOINED,
    LAYER,
    LOSS,
    OUTPUTS,
    WEIGHTS,
    Call,
    Fault,
    Sequence,
)
from compare.mistakes.anatomy import Anatomy
from compare.subjects.cases import flat

if TYPE_CHECKING:
    from compare.twins.twins import Twins


@torch.no_grad()
def anatomy(
    twin: Twin,
    arrays: tuple[np.ndarray, ...],
    instead: Anatomy | None = None,
    turned: Collection[str] = (),
) -> Anatomy:
    """Look into a twin in float64 while it runs; layers that hold no arrays included.

    A layer that runs more than once is left out, as is one that is given more than one
    input, such as states: no fault is known to be what it seems there.

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
    with _hooks(hooks), suppress(*REFUSALS):  # what came before a refusal is seen
        results = twin.results(twin.tensors(arrays))
    calls, handed, fed, out = {}, {}, {}, {}
    for name, args in given.items():
        module = modules[name]
        if name in unclear:
            continue
        if isinstance(module, torch.nn.RNNBase):
            if name in made and is_batch(args[0]):
                x, lengths = padded(module, args[0])
                calls[name] = Call(known[name].kind, known[name].arrays, x, lengths)
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
        epsilons={n: modules[n].eps for n in kinds if hasattr(modules[n], "eps")},
        moved=tuple(
            name
            for name, arrays in before_run.items()
            if any((known[name].arrays[key] != a).any() for key, a in arrays.items())
        ),
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
def injected(twin: Twin, fault: Fault, layer: str, behind: str | None) -> Iterator:
    """The twin with a mistake in a layer, or in its loss, until the block ends.

    Args:
        twin: in either precision.
        fault: one that applies to the layer.
        layer: its name; that of a loss is not read.
        behind: name of the layer that is computed next.
    """
    if fault.place == LOSS:
        with _other_loss(twin, fault):
            yield
        return
    if fault.place == GIVEN:
        following = twin.model.get_submodule(behind)
        with _hooks([following.register_forward_pre_hook(_is_given(fault))]):
            yield
        return
    if fault.place in (BETWEEN, ACTIVATION, JOINED):
        joins = fault.place == JOINED
        change = fault.change if joins else _of_one(fault.change, layer)
        watched = layers(twin.model) if joins else [layer]
        with _hooks(_hands_on(change, twin.model, watched, behind)):
            yield
        return
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
    elif fault.place == OUTPUTS:
        hooks = [twin.model.register_forward_hook(_reorders(fault))]
    else:
        kept = {}

        def change(_, args, results):
            made = like(fault.change(kept["last"].numpy()), kept["last"])
            return with_first(results, made)

        hooks = [
            module.register_forward_hook(
                lambda module, args, result: kept.update(last=result)
            ),
            twin.model.register_forward_hook(change),
        ]
    with _hooks(hooks):
        yield


def _is_given(fault):
    """A hook that gives a layer what a mistake makes of its input."""

    def given(module, args):
        made = fault.change(args[0])
        return as_input_of(module, made, args[0]), *args[1:]

    return given


def _of_one(change, layer):
    """A change of what one layer makes, of several that are known by name."""
    return lambda made: change(made(layer))


def _hands_on(change, model, watched, behind):
    """Hooks that put what is made of some layers' outputs behind them.

    They do nothing where a layer is run alone, not by its model.

    Args:
        change: what gives what a layer made, by its name, to what is to come behind.
        model: the whole.
        watched: names of the layers.
        behind: that of the one which is computed next; None for what the model returns.
    """
    kept, running = {}, []

    def keep(name):
        def hook(module, args, result):
            if running:
                kept[name] = module, copied(result)

        return hook

    def taken():
        made = {**kept}
        kept.clear()
        return change(lambda name: made_by(*made[name]))

    def given(module, args):
        return (as_input_of(module, taken(), args[0]), *args[1:]) if kept else args

    def returned(_, args, results):
        return with_first(results, like(taken(), first(results)))

    def ended(_, args, results):
        running.clear()
        kept.clear()

    following = model if behind is None else model.get_submodule(behind)
    return [
        model.register_forward_pre_hook(lambda *_: running.append(True)),
        *(
            model.get_submodule(name).register_forward_hook(keep(name))
            for name in watched
        ),
        following.register_forward_hook(returned)
        if behind is None
        else following.register_forward_pre_hook(given),
        model.register_forward_hook(ended, always_call=True),
    ]


@contextmanager
def injected_everywhere(
    twins: Twins, fault: Fault, layer: str = "", behind: str | None = None
) -> Iterator:
    """As `injected`, in PyTorch's twins of every precision."""
    with ExitStack() as stack:
        for (side, _), twin in twins.twins.items():
            if side == "torch":
                stack.enter_context(injected(twin, fault, layer, behind))
        yield


def _reorders(fault):
    """A hook that returns what a model returns in another order."""

    def hook(module, args, results):
        tensors = [tensor for _, tensor in flat(results)]
        order = fault.change([tensor.numpy() for tensor in tensors])
        return filled(results, iter([tensors[number] for number in order]))

    return hook


@contextmanager
def _other_loss(twin, fault):
    """The loss of each result times the factor that its shape has in a mistake."""
    right = twin.loss

    def wrong(loss, *rest):
        def changed(result, target):
            return (fault.change(tuple(result.shape)) or 1) * loss(result, target)

        return right(changed, *rest)

    vars(twin)["loss"] = wrong
    try:
        yield
    finally:
        del vars(twin)["loss"]


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
            x, epsilon = (
                features_last(module, args[0]).numpy(),
                getattr(module, "eps", None),
            )
            made = fault.change(Call(known.kind, known.arrays, x, None, epsilon))
            return features_last(module, like(made, result))
        x, lengths = padded(module, args[0])
        made = fault.change(Call(known.kind, known.arrays, x, lengths))
        return returning(module, result, made)

    return hook
