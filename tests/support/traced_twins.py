"""Twins in Keras of modules of PyTorch, and whether they compute the same."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from compare.in_keras.rebuilding import Rebuilt, rebuilt, results
from compare.in_pytorch.runs import Input
from compare.porting.reading.modules import Traced, module_plan

LIMIT = 1e-11
SIZES = ({"batch": 3, "time": 11}, {"batch": 2, "time": 24})
OTHER = {"height": 17, "width": 22}


def drawn(module: nn.Module, seed: int = 0) -> nn.Module:
    """The module with random weights, of whose sums float32 loses no digit."""
    generator = torch.Generator().manual_seed(seed)
    tensors = dict(module.named_parameters())
    tensors |= {name: b for name, b in module.named_buffers() if "running" in name}
    with torch.no_grad():
        for name, tensor in tensors.items():
            numbers = torch.randn(tensor.shape, generator=generator) * 0.3
            if "running_var" in name:
                numbers = numbers.abs() + 0.5
            tensor.copy_((numbers * 64).round() / 64)
    return module.eval()


def twin(module: nn.Module, *inputs: Input) -> tuple[Traced, Rebuilt]:
    """The plan of a module, and Keras's model of it."""
    traced = module_plan(module, inputs)
    assert not traced.stubs, traced.stubs
    return traced, rebuilt(traced.plan, traced.weights)


def assert_same_twin(
    module: nn.Module, *inputs: Input, sizes: Sequence[Mapping[str, int]] = SIZES
) -> Rebuilt:
    """A module with random weights and its twin give the same, at several sizes."""
    drawn(module)
    traced, result = twin(module, *inputs)
    for own in sizes:
        arrays = list(examples(traced.inputs, {**OTHER, **own}))
        right = outputs(module, dict(zip_names(traced, arrays)))
        computed = results(result.model, arrays, "float64")
        assert len(right) == len(computed)
        for first, second in zip(right, computed, strict=True):
            assert first.shape == second.shape
            scale = max(np.abs(first).max(), 1e-3)
            assert np.abs(first - second).max() / scale < LIMIT
        assert any(np.abs(array).max() > 0.001 for array in right)
    return result


def zip_names(traced: Traced, arrays: Sequence[np.ndarray]) -> Iterator[Any]:
    for spec, array in zip(traced.inputs, arrays, strict=True):
        yield spec.name, array


def examples(
    inputs: Sequence[Input], sizes: Mapping[str, int], seed: int = 3
) -> Iterator[np.ndarray]:
    """Random inputs: numbers, words from 0 to 4, or lengths, one of them the whole."""
    rng = np.random.default_rng(seed)
    for spec in inputs:
        shape = [sizes.get(str(size), size) for size in spec.shape]
        if spec.dtype == "float32":
            yield rng.standard_normal(shape).astype("float32")
        elif spec.dtype == "bool":
            mask = np.zeros(shape, bool)
            mask[1:, -3:] = True
            yield mask
        elif len(shape) == 1 and len(inputs) > 1:
            lengths = rng.integers(1, sizes["time"], shape)
            lengths[0] = sizes["time"]
            yield lengths
        else:
            yield rng.integers(0, 5, shape)


@torch.no_grad()
def outputs(module: nn.Module, arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """All results of a module in float64."""
    tensors = {}
    for name, array in arrays.items():
        tensor = torch.from_numpy(array)
        tensors[name] = tensor.double() if tensor.is_floating_point() else tensor
    torch.set_default_dtype(torch.float64)  # of zeros that a forward makes
    try:
        result = copy.deepcopy(module).double()(**tensors)
    finally:
        torch.set_default_dtype(torch.float32)
    return [tensor.numpy() for tensor in _flat(result)]


def _flat(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _flat(item)
    elif value is not None:
        for item in value:
            yield from _flat(item)
