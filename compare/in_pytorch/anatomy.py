"""How a PyTorch twin is looked into while it runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.hooks import RemovableHandle

from compare.in_pytorch import attention
from compare.in_pytorch.arrays import (
    batch_or_time_first,
    copied,
    features_in_place,
    features_last,
    first,
    handing_on,
    is_batch,
    is_recurrent_result,
    like,
    padded,
    sequence_of,
    states_as_arguments,
    states_given,
    unfit,
)
from compare.in_pytorch.kinds import is_by_hand, is_innermost
from compare.in_pytorch.kinds import modules as modules_of
from compare.in_pytorch.layers import layers
from compare.in_pytorch.models import hooked
from compare.in_pytorch.refusals import REFUSALS
from compare.in_pytorch.twin import Twin
from compare.kinds import call, options_of
from compare.kinds.layer import Layer
from compare.kinds.mistake import Call, RecurrentOutput
from compare.kinds.option import Options
from compare.kinds.windows import windows_cut
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
    input, unless those are a recurrent layer's states, or the layer is attention: no
    mistake is known to be what it seems there.

    Args:
        twin: in float64.
        arrays: one for each input.
        instead: what each layer that holds arrays is to hand on, whatever it makes
            itself: then only what lies between the layers is this twin's own.
        turned: recurrent layers that take batch and time for each other, and are to
            hand on what is `instead` in that order.
    """
    holding = layers(twin.model)
    statistics = _copied_statistics(holding)
    modules = {
        name: module
        for name, module in modules_of(twin.model)
        if name in holding or (name and is_innermost(module))
    }
    watch = _Watch()
    hooks = []
    for name, module in modules.items():
        hooks += watch.hooks(name, module)
        if instead:  # after those that watch, which are to see what it makes itself
            hook = _handing_on_instead(name, instead, name in turned)
            hooks.append(module.register_forward_hook(hook))
    results: tuple[torch.Tensor, ...] = ()
    with hooked(hooks), suppress(*REFUSALS):  # what came before a refusal is seen
        results = twin.results(twin.tensors(arrays))
    at_work = _LayersAtWork(modules, holding)
    for name in watch.inputs:
        if name not in watch.unclear:
            states = watch.states.get(name)
            at_work.add(name, watch.inputs[name], watch.outputs.get(name), states)
    calls = {name: watch.calls.get(name, {}) for name in watch.inputs}
    ran = [name for name in watch.inputs if name in holding]
    kinds = {
        name: holding[name].kind_at_work
        for name in ran
        if name in at_work.recurrent_calls or name in at_work.layer_inputs
    }
    last = None
    if ran and isinstance(watch.outputs.get(ran[-1]), torch.Tensor):
        last = watch.outputs[ran[-1]].numpy()
    arrays_of_results = tuple(tensor.numpy() for tensor in results)
    result = None
    if arrays_of_results:
        result = arrays_of_results[0]
    return Anatomy(
        kinds=kinds,
        arrays={name: holding[name].arrays for name in kinds},
        layer_inputs=at_work.layer_inputs,
        layer_outputs=at_work.layer_outputs,
        recurrent_calls=at_work.recurrent_calls,
        recurrent_outputs=at_work.recurrent_outputs,
        last=last,
        result=result,
        results=arrays_of_results,
        options={
            name: {**options_of("torch", kind, modules[name]), **calls[name]}
            for name, kind in kinds.items()
            if name in at_work.layer_inputs
        },
        changed_by_run=_moved(holding, statistics),
    )


class _Watch:
    """What hooks see of the layers of a model while it runs once, by their names.

    Attributes:
        inputs: the positional arguments of each layer that ran, in order.
        outputs: what each returned.
        states: what recurrent layers were given to begin with.
        calls: what attention was given beside its queries, as options of its kind.
        unclear: the layers that ran more than once, or were given none or more than
            one input beside states.
    """

    def __init__(self) -> None:
        self.states: dict[str, tuple[np.ndarray, ...]] = {}
        self.calls: dict[str, Options] = {}
        self.inputs: dict[str, tuple[Any, ...]] = {}
        self.outputs: dict[str, Any] = {}
        self.unclear: set[str] = set()

    def hooks(self, name: str, module: torch.nn.Module) -> list[RemovableHandle]:
        """Let hooks note what goes into a layer and what comes out of it."""

        def before(
            module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
        ) -> None:
            beside = (*args[1:], *kwargs.values())
            several = any(value is not None for value in beside)
            states = states_given(module, args, kwargs)
            if states is not None:
                self.states[name] = states
                several = False
            if attention.is_attention(module) and not is_by_hand(module):
                call_of = attention.call_of(module, args, kwargs)
                if call_of is not None:
                    query, self.calls[name] = call_of
                    args = (features_last(module, query), *args[1:])
                    several = False
            if name in self.inputs or not args or several:
                self.unclear.add(name)
            if any(isinstance(x, torch.Tensor) and unfit(x) for x in args):
                self.unclear.add(name)
            self.inputs[name] = tuple(copied(value) for value in args)

        def after(module: torch.nn.Module, args: object, result: object) -> None:
            if isinstance(result, torch.Tensor) and unfit(result):
                self.unclear.add(name)
            else:
                self.outputs[name] = copied(result)

        return [
            module.register_forward_pre_hook(before, with_kwargs=True),
            module.register_forward_hook(after),
        ]


class _LayersAtWork:
    """What layers were seen to do, as `Anatomy` has it.

    Args:
        modules: the layers by name.
        holding: those that hold arrays, as data.
    """

    def __init__(
        self, modules: Mapping[str, torch.nn.Module], holding: Mapping[str, Layer]
    ) -> None:
        self._modules, self._holding = modules, holding
        self.layer_inputs: dict[str, np.ndarray] = {}
        self.layer_outputs: dict[str, np.ndarray] = {}
        self.recurrent_calls: dict[str, Call] = {}
        self.recurrent_outputs: dict[str, RecurrentOutput] = {}

    def add(
        self,
        name: str,
        args: tuple[Any, ...],
        result: Any,
        states: tuple[np.ndarray, ...] | None,
    ) -> None:
        """Add a layer that ran once.

        Args:
            name: of the layer.
            args: what it was given, its input before all.
            result: what it returned; None if it refused.
            states: what it was given to begin with, if it is recurrent.
        """
        module, x = self._modules[name], args[0]
        if isinstance(module, torch.nn.RNNBase):
            if is_recurrent_result(module, result) and is_batch(x):
                options: Options = {} if states is None else {"states": states}
                self._add_recurrent(
                    name, module, self._holding[name], x, result, options
                )
        elif isinstance(x, torch.Tensor):
            self.layer_inputs[name] = features_last(module, x).numpy()
            if attention.is_attention(module):
                result = first(result)
            if isinstance(result, torch.Tensor):
                self.layer_outputs[name] = features_last(module, result).numpy()

    def _add_recurrent(
        self,
        name: str,
        module: torch.nn.RNNBase,
        layer: Layer,
        x: torch.Tensor,
        result: Any,
        options: Options,
    ) -> None:
        sequence, lengths = padded(module, x)
        self.recurrent_calls[name] = call(
            layer.kind_at_work, layer.arrays, sequence, lengths, options
        )
        self.recurrent_outputs[name] = sequence_of(module, result)


def _handing_on_instead(
    name: str, instead: Anatomy, turned: bool
) -> Callable[..., Any]:
    """A hook by which a layer hands on what the layer of its name does elsewhere.

    Args:
        name: of the layer; one that is not in the anatomy hands on what it makes.
        instead: what is to be handed on.
        turned: as in `handing_on`.
    """

    def hook(module: Any, args: object, result: Any) -> Any:
        if name in instead.recurrent_outputs:
            return handing_on(module, result, instead.recurrent_outputs[name], turned)
        if name in instead.kinds and name in instead.layer_outputs:
            if attention.is_attention(module):
                output = instead.layer_outputs[name]
                return attention.returning(module, result, output, turned)
            array = _with_windows_cut_later(module, result, instead, name)
            return features_in_place(module, like(array, result))
        return None  # leaves the result

    return hook


def _with_windows_cut_later(
    module: torch.nn.Module, result: torch.Tensor, instead: Anatomy, name: str
) -> np.ndarray:
    """What a layer hands on elsewhere, with zeros for what this model cuts off."""
    array = instead.layer_outputs[name]
    padding = instead.options.get(name, {}).get("padding")
    if padding is None or array.ndim != 3 or result.ndim != 3:
        return array
    num_windows = features_last(module, result).shape[1]
    cut = windows_cut(padding, num_windows, array.shape[1])
    return np.pad(array, ((0, 0), (0, cut), (0, 0)))


def _copied_statistics(holding: Mapping[str, Layer]) -> dict[str, dict[str, Any]]:
    """Copies of the arrays of layers that may change their own statistics in a run."""
    copies = {}
    for name, layer in holding.items():
        if "running_mean" in layer.arrays:
            copies[name] = {key: array.copy() for key, array in layer.arrays.items()}
    return copies


def _moved(
    holding: Mapping[str, Layer], before: Mapping[str, Mapping[str, np.ndarray]]
) -> tuple[str, ...]:
    """The layers whose arrays are no longer those before; they share their memory."""
    moved = []
    for name, arrays in before.items():
        after = holding[name].arrays
        if any((after[key] != array).any() for key, array in arrays.items()):
            moved.append(name)
    return tuple(moved)


@torch.no_grad()
def alone(
    twin: Twin,
    layer: str,
    x: np.ndarray,
    lengths: np.ndarray | None = None,
    states: tuple[np.ndarray, ...] | None = None,
    options: Options | None = None,
) -> np.ndarray | RecurrentOutput:
    """Run a layer of a twin by itself; return what it makes, features last.

    Args:
        twin: in either precision.
        layer: its name.
        x: what goes in, features last.
        lengths: (batch,), where a recurrent layer is to stop.
        states: h, or h and c, with which it is to begin; None for zeros.
        options: of the call, where it is attention, as its kind has them.

    Raises:
        REFUSALS: as the layer does.
    """
    module = twin.model.get_submodule(layer)
    tensor = torch.tensor(x)
    if isinstance(module, torch.nn.Embedding):
        tensor = tensor.long()  # Keras may hand on the indices as floats
    elif tensor.is_floating_point():
        tensor = tensor.to(getattr(torch, twin.dtype))
    if attention.is_attention(module):
        args, kwargs = attention.arguments(module, tensor, options or {})
        result = first(module(*args, **kwargs))
        return features_last(module, result).numpy()
    if not isinstance(module, torch.nn.RNNBase):
        result = module(features_in_place(module, tensor))
        return features_last(module, result).numpy()
    tensor = batch_or_time_first(module, tensor)
    beside = () if states is None else states_as_arguments(states, twin.dtype)
    if lengths is None:
        result = module(tensor, *beside)
        if is_recurrent_result(module, result):
            return sequence_of(module, result)
        return batch_or_time_first(module, first(result)).numpy()
    if is_by_hand(module):  # it may take no packed batch
        raise ValueError(f"{type(module).__name__} is not tried on a packed batch")
    packed = pack_padded_sequence(
        tensor, torch.from_numpy(lengths), module.batch_first, False
    )
    return sequence_of(module, module(packed, *beside))
