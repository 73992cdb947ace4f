"""How a PyTorch twin is looked into while it runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pack_padded_sequence

from compare.in_pytorch import attention, written
from compare.in_pytorch.arrays import (
    RECURRENT,
    Recurrent,
    batch_or_time_first,
    features_in_place,
    features_last,
    first,
    handing_on,
    is_batch,
    is_cell,
    is_recurrent_result,
    like,
    padded,
    sequence_of,
    states_as_arguments,
)
from compare.in_pytorch.kinds import is_by_hand
from compare.in_pytorch.layers import is_innermost, layers
from compare.in_pytorch.layers import modules as modules_of
from compare.in_pytorch.models import hooked
from compare.in_pytorch.refusals import REFUSALS
from compare.in_pytorch.twin import Twin
from compare.in_pytorch.watching import Run, Watch
from compare.kinds import call, of_layer, options_of
from compare.kinds.layer import Layer
from compare.kinds.mistake import Call, RecurrentOutput
from compare.kinds.option import Options
from compare.kinds.windows import windows_cut
from compare.mistakes.anatomy import Anatomy
from compare.mistakes.runs import layer_of, run_named


@torch.no_grad()
def anatomy(
    twin: Twin,
    arrays: tuple[np.ndarray, ...],
    instead: Anatomy | None = None,
    turned: Collection[str] = (),
) -> Anatomy:
    """Look into a twin in float64 while it runs; layers that hold no arrays included.

    Each run of a layer that runs more than once is by itself, see `mistakes.runs`. One
    that is given more than one input is left out, unless those are a recurrent layer's
    states, or the layer is attention: no mistake is known to be what it seems there.

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
    watch = Watch()
    hooks = []
    for name, module in modules.items():
        hooks += watch.hooks(name, module)
        if instead:  # after those that watch, which are to see what it makes itself
            hook = _handing_on_instead(twin.model, name, instead, name in turned)
            hooks.append(module.register_forward_hook(hook))
    results: tuple[torch.Tensor, ...] = ()
    with hooked(hooks), suppress(*REFUSALS):  # what came before a refusal is seen
        results = twin.results(twin.tensors(arrays))
    at_work = _LayersAtWork(twin.model, modules, holding)
    runs = watch.by_name()
    for name, run in runs.items():
        at_work.add(name, run)
    with_calls = at_work.recurrent_calls.keys() | at_work.layer_inputs.keys()
    kinds = {}
    for name, run in runs.items():
        if name in with_calls and run.layer in holding:
            kinds[name] = of_layer(at_work.layer(run.layer).kind_at_work)
    last = None
    ran = [run for run in watch.runs if run.layer in holding]
    if ran and isinstance(ran[-1].result, torch.Tensor):
        last = ran[-1].result.numpy()
    arrays_of_results = tuple(tensor.numpy() for tensor in results)
    result = None
    if arrays_of_results:
        result = arrays_of_results[0]
    return Anatomy(
        kinds=kinds,
        arrays={name: at_work.layer(runs[name].layer).arrays for name in kinds},
        layer_inputs=at_work.layer_inputs,
        layer_outputs=at_work.layer_outputs,
        recurrent_calls=at_work.recurrent_calls,
        recurrent_outputs=at_work.recurrent_outputs,
        last=last,
        result=result,
        results=arrays_of_results,
        options={
            name: {
                **options_of("torch", kind, modules[runs[name].layer]),
                **runs[name].call,
            }
            for name, kind in kinds.items()
            if name in at_work.layer_inputs
        },
        changed_by_run=_moved(holding, statistics),
        cells=tuple(at_work.cells),
    )


class _LayersAtWork:
    """What layers were seen to do, as `Anatomy` has it.

    Args:
        model: whose layers they are.
        modules: the layers by name.
        holding: those that hold arrays, as data.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        modules: Mapping[str, torch.nn.Module],
        holding: Mapping[str, Layer],
    ) -> None:
        self._model, self._modules, self._holding = model, modules, holding
        self._usual: dict[str, Layer] = {}  # of layers by hand
        self.cells: list[str] = []
        self.layer_inputs: dict[str, np.ndarray] = {}
        self.layer_outputs: dict[str, np.ndarray] = {}
        self.recurrent_calls: dict[str, Call] = {}
        self.recurrent_outputs: dict[str, RecurrentOutput] = {}

    def add(self, name: str, run: Run) -> None:
        """Add a run by its name, if it is clear what it does."""
        module, result = self._modules[run.layer], run.result
        if written.is_written(self._model, run.layer):
            self._add_written(name, run)
            return
        if not run.is_clear:
            return
        x = run.args[0]
        if isinstance(module, RECURRENT):
            if run.layer not in self._holding:
                return  # one that the user ignores
            if is_recurrent_result(module, result) and is_batch(module, x):
                options: Options = {}
                if run.states is not None:
                    options = {"states": run.states}
                layer = self._holding[run.layer]
                self._add_recurrent(name, module, layer, x, result, options)
                if is_cell(module):
                    self.cells.append(name)
        elif isinstance(x, torch.Tensor):
            self.layer_inputs[name] = features_last(module, x).numpy()
            if attention.is_attention(module):
                result = first(result)
            if isinstance(result, torch.Tensor):
                self.layer_outputs[name] = features_last(module, result).numpy()

    def layer(self, name: str) -> Layer:
        """A layer that holds arrays; one by hand as a cell of PyTorch."""
        if not written.is_written(self._model, name):
            return self._holding[name]
        if name not in self._usual:
            self._usual[name] = written.usual(self._model, name)
        return self._usual[name]

    def _add_written(self, name: str, run: Run) -> None:
        """Add a run of a layer by hand, if it is a usual one."""
        layer = self.layer(run.layer)
        own_run = written.own_run(layer, run.args, run.kwargs, run.result)
        if own_run is None:
            return
        options: Options = {} if own_run.states is None else {"states": own_run.states}
        self.recurrent_calls[name] = call(
            layer.kind, layer.arrays, own_run.x, options=options
        )
        self.recurrent_outputs[name] = own_run.output
        if own_run.is_step:
            self.cells.append(name)

    def _add_recurrent(
        self,
        name: str,
        module: Recurrent,
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
    model: torch.nn.Module, name: str, instead: Anatomy, turned: bool
) -> Callable[..., Any]:
    """A hook by which a layer hands on what the layer of its name does elsewhere.

    Args:
        model: the whole.
        name: of the layer; one that is not in the anatomy hands on what it makes.
        instead: what is to be handed on.
        turned: as in `handing_on`.
    """
    number = 0  # of the run

    def hook(module: Any, args: Any, result: Any) -> Any:
        nonlocal number
        number += 1
        run = run_named(name, number)
        if written.is_written(model, name):
            layer, sequence = written.usual(model, name), None
            if name in instead.recurrent_outputs:
                sequence = instead.recurrent_outputs[name]
                if written.is_step(layer, args[0]):
                    sequence = _step(sequence, number)
            sequence = instead.recurrent_outputs.get(run, sequence)
            if sequence is None:
                return None
            return written.returning(layer, args, result, sequence)
        if name in instead.recurrent_outputs:
            sequence = instead.handed_on(name)
            if is_cell(module):
                sequence = _step(sequence, number)
            return handing_on(module, result, sequence, turned)
        if run in instead.recurrent_outputs:
            return handing_on(module, result, instead.handed_on(run), turned)
        if attention.is_attention(module):
            output = instead.layer_outputs.get(run, instead.layer_outputs.get(name))
            if output is None:
                return None
            return attention.returning(module, result, output, turned)
        if run in instead.kinds and run in instead.layer_outputs:
            return features_in_place(module, like(instead.layer_outputs[run], result))
        if name in instead.kinds and name in instead.layer_outputs:
            array = _with_windows_cut_later(module, result, instead, name)
            if array.ndim == result.ndim + 1:  # of a loop, or of steps in the batch
                array = _of_run(array, number, result)
            return features_in_place(module, like(array, result))
        return None  # leaves the result

    return hook


def _of_run(array: np.ndarray, number: int, result: torch.Tensor) -> np.ndarray:
    """What a run of a layer, counted from 1, hands on of (batch, time, ...)."""
    if array.size == result.numel():
        return array.reshape(result.shape)
    return array[:, number - 1]


def _step(sequence: RecurrentOutput, number: int) -> RecurrentOutput:
    """A step, counted from 1, of what a recurrent layer hands on."""
    output = sequence.output[:, number - 1 : number]
    if number == sequence.output.shape[1]:
        return replace(sequence, output=output)
    return replace(sequence, output=output, h=output[:, 0], c=None)


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
        layer: its name, or that of one of its runs.
        x: what goes in, features last.
        lengths: (batch,), where a recurrent layer is to stop.
        states: h, or h and c, with which it is to begin; None for zeros.
        options: of the call, where it is attention, as its kind has them.

    Raises:
        REFUSALS: as the layer does.
    """
    module = twin.model.get_submodule(layer_of(layer))
    tensor = torch.tensor(x)
    if isinstance(module, torch.nn.Embedding):
        tensor = tensor.long()  # Keras may hand on the indices as floats
    elif tensor.is_floating_point():
        tensor = tensor.to(getattr(torch, twin.dtype))
    if written.is_written(twin.model, layer_of(layer)):
        return written.alone(twin, layer_of(layer), tensor, states)
    if attention.is_attention(module):
        args, kwargs = attention.arguments(module, tensor, options or {})
        result = first(module(*args, **kwargs))
        return features_last(module, result).numpy()
    if isinstance(module, torch.nn.RNNCellBase) and tensor.ndim == 3:
        return _cell_alone(module, tensor, states, twin.dtype)
    if not isinstance(module, torch.nn.RNNBase):
        result = module(features_in_place(module, tensor))
        return features_last(module, result).numpy()
    tensor = batch_or_time_first(module, tensor)
    beside: tuple[Any, ...] = ()
    if states is not None:
        beside = states_as_arguments(module, states, twin.dtype)
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


def _cell_alone(
    module: torch.nn.RNNCellBase,
    x: torch.Tensor,
    states: tuple[np.ndarray, ...] | None,
    dtype: str,
) -> RecurrentOutput:
    """Run a cell over the steps of x, (batch, time, features)."""
    beside: tuple[Any, ...] = ()
    if states is not None:
        beside = states_as_arguments(module, states, dtype)
    steps = []
    for step in x.unbind(1):
        result = module(step, *beside)
        beside = (result,)
        steps.append(sequence_of(module, result))
    output = np.concatenate([step.output for step in steps], axis=1)
    return replace(steps[-1], output=output)
