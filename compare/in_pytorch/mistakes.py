"""How a PyTorch twin is looked into, and how named mistakes are made in it.

Arrays have the features last, as in Keras, where a layer of PyTorch has them before
time. Hooks change what goes into a layer and what comes out of it; everything else is
the model's own code, so a mistake does to it what it would do to a port.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from compare.in_pytorch.arrays import (
    as_input_of,
    copied,
    features_last,
    filled,
    first,
    like,
    made_by,
    padded,
    returning,
    with_first,
)
from compare.in_pytorch.layers import layers, load
from compare.in_pytorch.models import hooked
from compare.in_pytorch.twin import Twin
from compare.judging.arrays import flat
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
    Mistake,
)


@contextmanager
def injected(twin: Twin, mistake: Mistake, layer: str, behind: str | None) -> Iterator:
    """The twin with a mistake in a layer, or in its loss, until the block ends.

    Args:
        twin: in either precision.
        mistake: one that applies to the layer.
        layer: its name; that of a loss is not read.
        behind: name of the layer that is computed next.
    """
    if mistake.place == LOSS:
        with _other_loss(twin, mistake):
            yield
        return
    if mistake.place == GIVEN:
        following = twin.model.get_submodule(behind)
        with hooked([following.register_forward_pre_hook(_is_given(mistake))]):
            yield
        return
    if mistake.place in (BETWEEN, ACTIVATION, JOINED):
        joins = mistake.place == JOINED
        change = mistake.change if joins else _of_one(mistake.change, layer)
        watched = layers(twin.model) if joins else [layer]
        with hooked(_hands_on(change, twin.model, watched, behind)):
            yield
        return
    module = twin.model.get_submodule(layer)
    if mistake.place == WEIGHTS:
        before = layers(twin.model)[layer].arrays
        before = {name: array.copy() for name, array in before.items()}
        load(twin.model, {layer: mistake.change(before)})
        try:
            yield
        finally:
            load(twin.model, {layer: before})
        return
    if mistake.place == LAYER:
        kind = layers(twin.model)[layer]
        hooks = [module.register_forward_hook(_recomputes(mistake, kind))]
    elif mistake.place == OUTPUTS:
        hooks = [twin.model.register_forward_hook(_reorders(mistake))]
    else:
        kept = {}

        def change(_, args, results):
            made = like(mistake.change(kept["last"].numpy()), kept["last"])
            return with_first(results, made)

        hooks = [
            module.register_forward_hook(
                lambda module, args, result: kept.update(last=result)
            ),
            twin.model.register_forward_hook(change),
        ]
    with hooked(hooks):
        yield


def _is_given(mistake):
    """A hook that gives a layer what a mistake makes of its input."""

    def given(module, args):
        made = mistake.change(args[0])
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


def _reorders(mistake):
    """A hook that returns what a model returns in another order."""

    def hook(module, args, results):
        tensors = [tensor for _, tensor in flat(results)]
        order = mistake.change([tensor.numpy() for tensor in tensors])
        return filled(results, iter([tensors[number] for number in order]))

    return hook


@contextmanager
def _other_loss(twin, mistake):
    """The loss of each result times the factor that its shape has in a mistake."""
    right = twin.loss

    def wrong(loss, *rest):
        def changed(result, target):
            return (mistake.change(tuple(result.shape)) or 1) * loss(result, target)

        return right(changed, *rest)

    vars(twin)["loss"] = wrong
    try:
        yield
    finally:
        del vars(twin)["loss"]


def _recomputes(mistake, known):
    """A hook that puts what the mistakey layer returns in the place of its result."""

    def hook(module, args, result):
        if not isinstance(module, torch.nn.RNNBase):
            x, epsilon = (
                features_last(module, args[0]).numpy(),
                getattr(module, "eps", None),
            )
            made = mistake.change(Call(known.kind, known.arrays, x, None, epsilon))
            return features_last(module, like(made, result))
        x, lengths = padded(module, args[0])
        made = mistake.change(Call(known.kind, known.arrays, x, lengths))
        return returning(module, result, made)

    return hook
