"""How a model is built, loaded, run and differentiated in PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch

from compare.in_pytorch import computed
from compare.in_pytorch.arrays import unfit
from compare.in_pytorch.functions import Narrowing, RightInDouble
from compare.in_pytorch.internals import version_of
from compare.in_pytorch.layers import (
    holders,
    is_innermost,
    layers,
    layers_with,
    modules,
)
from compare.in_pytorch.models import hooked, rows_learnt, untouched
from compare.in_pytorch.precision import (
    settled,
    tell_epsilons,
    widen,
)
from compare.in_pytorch.refusals import REFUSALS, message, origin
from compare.in_pytorch.stages import Stages
from compare.judging.arrays import Input, as_judged, check_outputs, check_tensors, flat
from compare.judging.model_causes import PADDING
from compare.judging.refusals import refused
from compare.judging.words import Precision
from compare.kinds.layer import Layer
from compare.matching import adapter

__all__ = ["REFUSALS", "Twin", "message", "versions"]


def versions() -> dict[str, str]:
    """The versions of what runs the models."""
    return {"torch": torch.__version__.split("+")[0]}


@dataclass(frozen=True)
class _Run:
    """A run of a model that was made before its stages are asked for.

    It is kept while one other run is made, that on a first sample.

    Args:
        arrays: that it ran on, one for each input.
        state: what its stages hang on besides, see `Twin._state`.
        stages: by name.
        packed: as `Twin.packed` was after it.
        is_last: whether the next run is the last before which it is kept.
    """

    arrays: Sequence[np.ndarray]
    state: list[object]
    stages: dict[str, np.ndarray]
    packed: dict[str, np.ndarray]
    is_last: bool = False


class Twin(adapter.Twin):
    """A model in one precision, ready to run; each call returns its stages.

    Args:
        make, inputs, dtype, outputs, call: as in `adapter.Twin`. The shapes of the
            inputs are not read, and unnamed outputs get their names in the first run.

    Attributes:
        left_out: what the model does while it learns and is not to do: PADDING.
        packed: the lengths, (batch,), of what each layer returned packed in the last
            call, by its name.
        changed: names of the inputs that the model has changed in place, in any run.
            Each run gets copies, so that no other run takes what this one left.
        is_large: whether a run on all samples may take long, as `match` found out.
            Then the one which shows the order of layers is kept for its stages.
    """

    model: torch.nn.Module

    def __init__(
        self,
        make: Callable[[], torch.nn.Module],
        inputs: Sequence[Input],
        dtype: Precision,
        outputs: Sequence[str] | None,
        call: adapter.Call | None = None,
    ) -> None:
        self.inputs, self.dtype, self.outputs = inputs, dtype, outputs
        self.packed: dict[str, np.ndarray] = {}
        self.left_out: frozenset[str] = frozenset()
        self.changed: set[str] = set()
        self.is_large = False
        self._before: _Run | None = None  # the one that showed the order of layers
        self._narrowing: str | None = None  # as the first run in float64 showed it
        if call is None:
            self._call: adapter.Call = partial(adapter.call_by_name, inputs)
        else:
            self._call = call
        self._refused = (
            partial(refused, REFUSALS, origin, message) if call else nullcontext
        )
        with untouched(), settled(dtype):
            model = make()
            computed.hold(model)
            self.model = model.to(getattr(torch, dtype)).eval()
        widen(self.model, dtype)
        tell_epsilons(self.model)

    @torch.no_grad()
    def __call__(self, *arrays: np.ndarray) -> dict[str, np.ndarray]:
        """Run the model with a hook on each layer; return its stages."""
        before, self._before = self._before, None
        if before is not None and before.state == self._state():
            if _are_equal(before.arrays, arrays):
                self.packed = before.packed
                return before.stages
            if not before.is_last:
                self._before = replace(before, is_last=True)
        stages = Stages({array.shape[1] for array in arrays if array.ndim > 1})
        self.packed = stages.packed
        if self.dtype == "float64" and self._narrowing is None:
            narrowing = Narrowing()
            with stages.recording(self.model), narrowing:
                results = self.results(self.tensors(arrays))
            self._narrowing = narrowing.name
        else:
            with stages.recording(self.model):
                results = self.results(self.tensors(arrays))
        tensors = stages.inside(results)
        assert self.outputs is not None  # `results` has named them
        tensors |= zip(self.outputs, results, strict=True)
        return _as_arrays(tensors)

    @torch.no_grad()
    def returned(self, *arrays: np.ndarray) -> dict[str, np.ndarray]:
        """Run the model without a look inside; return what it returns, by name."""
        results = self.results(self.tensors(arrays))
        assert self.outputs is not None  # `results` has named them
        return _as_arrays(dict(zip(self.outputs, results, strict=True)))

    def gradients(
        self,
        loss: adapter.Loss,
        arrays: Sequence[np.ndarray],
        targets: Sequence[np.ndarray],
        valid: Sequence[np.ndarray | None],
    ) -> adapter.Gradients:
        """Compute a loss, and its gradients by input and by layer."""
        tensors = self.tensors(arrays)
        floats = {}
        for argument, tensor in zip(self.inputs, tensors, strict=True):
            if tensor.is_floating_point():
                floats[argument.name] = tensor.requires_grad_()
        masks = [None if mask is None else torch.tensor(mask) for mask in valid]
        self.model.zero_grad()
        # Copies of what has a gradient: that itself may not be changed in place.
        copies = [tensor.clone() for tensor in tensors]
        value = self.loss(loss, copies, self.targets(targets), masks)
        value.backward()
        by_input = {name: gradient_of(tensor) for name, tensor in floats.items()}
        by_layer = layers_with(self.model, gradient_of)
        self.model.zero_grad()
        return value.detach().numpy(), by_input, by_layer

    def tensors(self, arrays: Sequence[np.ndarray]) -> list[torch.Tensor]:
        """Arrays, one for each of `inputs`, as tensors: floats in the precision."""
        tensors = []
        for argument, array in zip(self.inputs, arrays, strict=True):
            dtype = getattr(torch, argument.dtype or self.dtype)
            tensors.append(torch.tensor(array, dtype=dtype))  # a copy, see `changed`
        return tensors

    def targets(self, targets: Sequence[np.ndarray]) -> list[torch.Tensor]:
        """Targets as tensors: floats in the twin's precision, labels as they are."""
        tensors = []
        for target in targets:
            dtype = getattr(torch, self.dtype) if target.dtype.kind == "f" else None
            tensors.append(torch.tensor(target, dtype=dtype))
        return tensors

    def results(self, tensors: Sequence[torch.Tensor]) -> tuple[torch.Tensor, ...]:
        """Run the model; return the tensors that it returns, in the order of `flat`.

        Raises:
            BadInput: if it returns something else, or not as many as `outputs`.
        """
        versions = [version_of(tensor) for tensor in tensors]
        exact = RightInDouble() if self.dtype == "float64" else nullcontext()
        with settled(self.dtype), exact, self._refused():
            returned = self._call(self.model, list(tensors))
        for argument, tensor, version in zip(
            self.inputs, tensors, versions, strict=True
        ):
            if version_of(tensor) != version:
                self.changed.add(argument.name)
        named: list[tuple[str, Any]] = list(flat(returned))
        check_tensors("PyTorch", self.model, named, torch.is_tensor, unfit)
        if self.outputs is None:
            self.outputs = [name for name, _ in named]
        results = tuple(tensor for _, tensor in named)
        check_outputs(self, results)
        return results

    def loss(
        self,
        loss: adapter.Loss,
        tensors: Sequence[torch.Tensor],
        targets: Sequence[torch.Tensor],
        valid: Sequence[torch.Tensor | None],
    ) -> torch.Tensor:
        """Run the model in its mode; return the sum of its results' losses."""
        total: Any = 0
        with rows_learnt(self.model, PADDING in self.left_out):
            results = self.results(tensors)
        for result, target, mask in zip(results, targets, valid, strict=False):
            if mask is not None:
                result = torch.where(mask, result, 0.0)
            total = total + loss(result, target)
        return total

    def layers(self, arrays: Sequence[np.ndarray]) -> dict[str, Layer]:
        """Read the layers that hold weights, in the order in which a run calls them."""
        by_name = layers(self.model)
        return {name: by_name[name] for name in self._order(arrays, by_name)}

    def unread(self, layer: str, arrays: Sequence[np.ndarray]) -> list[str]:
        """Names of a layer's arrays that have no part in what the model returns."""
        tensors = holders(self.model)[layer]
        learnt = {key: t for key, t in tensors.items() if t.requires_grad}
        candidates = [key for key in tensors if key not in learnt]  # such as buffers
        candidates += self._without_gradient(learnt, arrays)
        return [key for key in candidates if self._stays(tensors[key], arrays)]

    def _without_gradient(
        self, learnt: Mapping[str, torch.Tensor], arrays: Sequence[np.ndarray]
    ) -> list[str]:
        """Names of parameters that what the model returns has no gradient by."""
        # GroupNorm of PyTorch 2.13 ends the process where the gradients of its own
        # weights alone are asked for, in channels_last: so all are.
        every = [*learnt.values(), *self.model.parameters()]
        with torch.enable_grad():
            inputs = [
                tensor.detach().requires_grad_(tensor.is_floating_point())
                for tensor in self.tensors(arrays)
            ]
            results = self.results(inputs)
        total = sum(result.sum() for result in results if result.requires_grad)
        if not learnt or not isinstance(total, torch.Tensor):
            return []
        every += [tensor for tensor in inputs if tensor.requires_grad]
        every = [tensor for tensor in every if tensor.requires_grad]
        gradients = torch.autograd.grad(total, every, allow_unused=True)
        pairs = zip(learnt, gradients, strict=False)
        return [key for key, gradient in pairs if gradient is None]

    @torch.no_grad()
    def _stays(self, tensor: torch.Tensor, arrays: Sequence[np.ndarray]) -> bool:
        """Whether the model returns the same with other numbers in a tensor."""
        expected = self.results(self.tensors(arrays))
        before = tensor.clone()
        if tensor.dtype == torch.bool:
            tensor.logical_not_()
        else:
            tensor.add_(1)
        try:
            results = self.results(self.tensors(arrays))
        finally:
            tensor.copy_(before)
        return all(map(torch.equal, expected, results))

    def _order(self, arrays: Sequence[np.ndarray], names: Collection[str]) -> list[str]:
        """The names of layers in the order of execution, of unused ones at the end."""
        order: dict[str, None] = {}

        def noting(name: str) -> Callable[..., None]:
            def hook(module: torch.nn.Module, args: object) -> None:
                order.setdefault(name)

            return hook

        hooks = [
            self.model.get_submodule(name).register_forward_pre_hook(noting(name))
            for name in names
        ]
        # On all samples: a model that keeps states keeps those of so many. What ran
        # before a refusal tells its order.
        self._before = None
        with hooked(hooks), torch.no_grad(), suppress(*REFUSALS):
            if self.is_large:
                stages = self(*arrays)
                self._before = _Run(arrays, self._state(), stages, self.packed)
            else:
                self.results(self.tensors(arrays))
        return list(order | dict.fromkeys(names))

    def _state(self) -> list[object]:
        """What the stages of a run hang on beside the inputs: numbers and names."""
        state: list[object] = [self.outputs, self.left_out]
        for tensor in (*self.model.parameters(), *self.model.buffers()):
            state.append((tensor.data_ptr(), version_of(tensor)))
        for name, layer in modules(self.model):
            if is_innermost(layer):
                state.append(name)
        return state

    def narrows(self, arrays: Sequence[np.ndarray]) -> str:
        """Name the function called that takes float64 to less, or "".

        What a run before has shown counts, so that none is made for it.
        """
        if self._narrowing is not None:
            return self._narrowing
        with Narrowing() as narrowing, torch.no_grad(), suppress(*REFUSALS):
            self.results(self.tensors(arrays))
        return narrowing.name


def _as_arrays(tensors: Mapping[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Stages as they are judged.

    Copies: a model may return a buffer of its own, and change it in the next run.
    """
    arrays = {}
    for name, tensor in tensors.items():
        arrays[name] = as_judged(tensor.numpy().copy())
    return arrays


def _are_equal(a: Sequence[np.ndarray], b: Sequence[np.ndarray]) -> bool:
    """Whether two runs have the same inputs."""
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def gradient_of(tensor: torch.Tensor) -> np.ndarray:
    """The gradient of a tensor after `backward`, zeros where none reached it."""
    if tensor.grad is None:
        return torch.zeros_like(tensor).numpy()
    return tensor.grad.numpy().copy()
