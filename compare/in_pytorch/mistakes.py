"""How a PyTorch twin is looked into, and how named mistakes are made in it.

Arrays have the features last, as in Keras, where a layer of PyTorch has them before
time. Hooks change what goes into a layer and what comes out of it; everything else is
the model's own code, so a mistake does to it what it would do to a port.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import torch

from compare.in_pytorch.anatomy import hooked
from compare.in_pytorch.arrays import (
    as_input_of,
    copied,
    features_last,
    like,
    output_of,
    padded,
    returning,
)
from compare.in_pytorch.layers import layers, load
from compare.in_pytorch.results import filled, first, with_first
from compare.in_pytorch.twin import Twin
from compare.judging.arrays import flat
from compare.kinds import call, options_of
from compare.kinds.mistake import (
    Activation,
    ArraysOfLayer,
    Computation,
    Effect,
    FinalActivation,
    Handover,
    JoinedInput,
    LayerInput,
    LossFactor,
    ResultOrder,
)


def injected(
    twin: Twin, effect: Effect, layer: str, following: str | None
) -> AbstractContextManager[None]:
    """The twin with a mistake in a layer, or in its loss, until the block ends.

    Args:
        twin: in either precision.
        effect: what the mistake does, where that can happen to the layer.
        layer: its name; that of a loss is not read.
        following: name of the layer that is computed next; None for what the model
            returns.

    Raises:
        TypeError: if the effect is not one that can be made there.
    """
    match effect:
        case ArraysOfLayer():
            return _with_arrays(twin.model, effect, layer)
        case Computation():
            return _with_computation(twin.model, effect, layer)
        case Handover():
            return _with_handover(twin.model, effect, layer, following)
        case Activation():
            return _with_activation(twin.model, effect, layer, following)
        case FinalActivation():
            return _with_final_activation(twin.model, effect, layer)
        case LayerInput() if following is not None:
            return _with_layer_input(twin.model, effect, following)
        case JoinedInput():
            return _with_joined_input(twin.model, effect, following)
        case ResultOrder():
            return _with_result_order(twin.model, effect)
        case LossFactor():
            return _with_loss_factor(twin, effect)
        case _:
            name = type(effect).__name__
            raise TypeError(f"{name} cannot be made between {layer} and {following}")


@contextmanager
def _with_arrays(
    model: torch.nn.Module, effect: ArraysOfLayer, layer: str
) -> Iterator[None]:
    """Load other arrays into a layer."""
    right = {name: a.copy() for name, a in layers(model)[layer].arrays.items()}
    load(model, {layer: effect.change(right)})
    try:
        yield
    finally:
        load(model, {layer: right})


def _with_computation(
    model: torch.nn.Module, effect: Computation, layer: str
) -> AbstractContextManager[None]:
    """Put what a layer wrongly computes in the place of what it returns."""
    kind, arrays = layers(model)[layer].kind, layers(model)[layer].arrays

    def recompute(module, args, result):
        if isinstance(module, torch.nn.RNNBase):
            x, lengths = padded(module, args[0])
            wrong = effect.compute(call(kind, arrays, x, lengths))
            return returning(module, result, wrong)
        x = features_last(module, args[0]).numpy()
        options = options_of("torch", kind, module)
        wrong = effect.compute(call(kind, arrays, x, options=options))
        return features_last(module, like(wrong, result))

    return hooked([model.get_submodule(layer).register_forward_hook(recompute)])


def _with_handover(
    model: torch.nn.Module, effect: Handover, layer: str, following: str | None
) -> AbstractContextManager[None]:
    """Give the next layer something else of a layer's output."""

    def handed_over(output_by_name):
        return effect.function(output_by_name(layer))

    return hooked(_hands_on(handed_over, model, [layer], following))


def _with_activation(
    model: torch.nn.Module, effect: Activation, layer: str, following: str | None
) -> AbstractContextManager[None]:
    """Give the next layer another function of a layer's output."""

    def activated(output_by_name):
        return effect.function(output_by_name(layer).output)

    return hooked(_hands_on(activated, model, [layer], following))


def _with_joined_input(
    model: torch.nn.Module, effect: JoinedInput, following: str | None
) -> AbstractContextManager[None]:
    """Give the next layer what is joined from the outputs of several."""
    return hooked(_hands_on(effect.join, model, layers(model), following))


def _with_final_activation(
    model: torch.nn.Module, effect: FinalActivation, layer: str
) -> AbstractContextManager[None]:
    """Return another function of the last layer's output."""
    outputs = {}

    def keep(module, args, result):
        outputs["last"] = result

    def finish(module, args, results):
        last = outputs["last"]
        return with_first(results, like(effect.function(last.numpy()), last))

    return hooked(
        [
            model.get_submodule(layer).register_forward_hook(keep),
            model.register_forward_hook(finish),
        ]
    )


def _with_layer_input(
    model: torch.nn.Module, effect: LayerInput, following: str
) -> AbstractContextManager[None]:
    """Give a layer a fixed array."""

    def give(module, args):
        return as_input_of(module, effect.array, args[0]), *args[1:]

    return hooked([model.get_submodule(following).register_forward_pre_hook(give)])


def _with_result_order(
    model: torch.nn.Module, effect: ResultOrder
) -> AbstractContextManager[None]:
    """Return the results in another order."""

    def reorder(module, args, results):
        tensors = [tensor for _, tensor in flat(results)]
        order = effect.order([tensor.numpy() for tensor in tensors])
        return filled(results, iter([tensors[number] for number in order]))

    return hooked([model.register_forward_hook(reorder)])


@contextmanager
def _with_loss_factor(twin: Twin, effect: LossFactor) -> Iterator[None]:
    """Multiply the loss of each result by the factor for the result's shape."""
    right = twin.loss

    def wrong(loss, *arguments):
        def multiplied(result, target):
            factor = effect.factor(tuple(result.shape))
            return (1 if factor is None else factor) * loss(result, target)

        return right(multiplied, *arguments)

    vars(twin)["loss"] = wrong
    try:
        yield
    finally:
        del vars(twin)["loss"]


def _hands_on(change, model, watched, behind):
    """Hooks that put what is made of some layers' outputs behind them.

    They do nothing where a layer is run alone, not by its model.

    Args:
        change: takes a function that returns a layer's output by the layer's name, and
            returns the array that is to come behind.
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
        return change(lambda name: output_of(*made[name]))

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
