"""Weights that layers compute from other tensors, as weight and spectral norm do.

What is compared and moved is the weight that a layer computes, its effective weight.
Keras has a layer around a layer for spectral norm, whose kernel is that weight, and
none for weight norm.

Source: Salimans & Kingma 2016, arXiv:1602.07868, equation 2; Miyato et al. 2018,
    arXiv:1802.05957, algorithm 1.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch.nn.utils import parametrize
from torch.nn.utils.spectral_norm import SpectralNorm, remove_spectral_norm
from torch.nn.utils.weight_norm import WeightNorm, remove_weight_norm

from compare.errors import BadInput
from compare.in_pytorch.internals import (
    hold_together,
    hooks_before,
    vectors_of,
    without_parametrizations,
)

ITERATIONS = 100  # of the power method, which comes nearer to the largest vectors

# By model, the full names of weights that it once computed, see `hold`.
_HELD: WeakKeyDictionary[torch.nn.Module, list[str]] = WeakKeyDictionary()
BITS = 32  # by how many of the last ones a scale is moved
NEAR = 1e-5  # of the largest weight: what float32 may round


def computed(model: torch.nn.Module) -> Iterator[tuple[str, torch.nn.Module, str]]:
    """Yield what is computed: the layer's name, the layer, the weight's name in it."""
    for name, module in model.named_modules():
        if parametrize.is_parametrized(module):
            for key in module.parametrizations:
                yield name, module, key
        for hook in _hooks(module):
            yield name, module, hook.name


def _hooks(module: torch.nn.Module) -> list[WeightNorm | SpectralNorm]:
    """What computes weights in older code, before a layer runs."""
    norms = (WeightNorm, SpectralNorm)
    return [hook for hook in hooks_before(module) if isinstance(hook, norms)]


@torch.no_grad()
def hold(model: torch.nn.Module) -> None:
    """Let layers hold the weights that they compute, as parameters.

    While it evaluates, the model computes the same afterwards.
    """
    names: dict[torch.nn.Module, list[str]] = {}
    for name, module, key in computed(model):
        names.setdefault(module, []).append(key)
        full_name = f"{name}.{key}" if name else key
        _HELD.setdefault(model, []).append(full_name)
    for module, keys in names.items():
        modes = {inner: inner.training for inner in module.modules()}
        module.eval()  # in training, a spectral norm changes what it computes
        weights = {key: _computed_weight(module, key).clone() for key in keys}
        if parametrize.is_parametrized(module):
            without_parametrizations(module)
        for hook in _hooks(module):
            if isinstance(hook, WeightNorm):
                remove_weight_norm(module, hook.name)
            else:
                remove_spectral_norm(module, hook.name)
        for key, weight in weights.items():
            module.register_parameter(key, torch.nn.Parameter(weight))
        hold_together(module)
        for inner, is_training in modes.items():
            inner.training = is_training


def held_weights(model: torch.nn.Module) -> list[str]:
    """Full names of weights that a model holds and once computed."""
    return _HELD.get(model, [])


def _hook(module: torch.nn.Module, key: str) -> WeightNorm | SpectralNorm:
    return next(hook for hook in _hooks(module) if hook.name == key)


def held(model: torch.nn.Module) -> torch.nn.Module:
    """A copy of a model whose layers hold the weights that they compute."""
    model = copied(model).eval()
    hold(model)
    return model


def copied(model: torch.nn.Module) -> torch.nn.Module:
    """A copy of a model, computed weights included.

    PyTorch copies no tensor that was computed with gradients, as older code keeps them.
    """
    for _, module, key in computed(model):
        if not parametrize.is_parametrized(module, key):
            setattr(module, key, getattr(module, key).detach())
    return copy.deepcopy(model)


# --------------------------------------------------------------------------- put back


@torch.no_grad()
def give(source: torch.nn.Module, model: torch.nn.Module) -> None:
    """Give a model the numbers of its copy that holds the weights.

    Args:
        source: a copy of the model, as `held` makes it.
        model: changed in place; it computes the weights of its copy while evaluating.

    Raises:
        BadInput: if a weight cannot be computed in the model.
    """
    weights = dict(source.state_dict(keep_vars=True))
    of_model = list(computed(model))
    for name, tensor in model.state_dict(keep_vars=True).items():
        if name in weights:
            tensor.copy_(weights[name])
    for name, module, key in of_model:
        full_name = f"{name}.{key}" if name else key
        weight = weights[full_name].detach().to(getattr(module, key))
        is_training = module.training
        module.eval()
        try:
            _give(module, key, weight)
            computed_weight = _computed_weight(module, key)
        finally:
            module.train(is_training)
        size = weight.abs().max()
        if not torch.allclose(computed_weight, weight, rtol=0, atol=NEAR * float(size)):
            raise BadInput(
                f"{full_name}: expected a layer that can have any weight, got one that "
                "computes it from others and does not come to this one; take that out "
                "first, and put it on again after the transfer"
            )


def _computed_weight(module: torch.nn.Module, key: str) -> torch.Tensor:
    """The weight that a layer computes, while it evaluates."""
    if parametrize.is_parametrized(module, key):
        return getattr(module, key)
    hook = _hook(module, key)
    if isinstance(hook, WeightNorm):
        return hook.compute_weight(module)
    return hook.compute_weight(module, do_power_iteration=False)


def _give(module: torch.nn.Module, key: str, weight: torch.Tensor) -> None:
    """Let a layer compute a weight."""
    if not parametrize.is_parametrized(module, key):
        _give_by_hook(module, key, weight)
        return
    setattr(module, key, weight)
    parametrizations: Any = module.parametrizations[key]  # type: ignore[index]
    for parametrization in parametrizations:
        vectors = vectors_of(parametrization, weight)
        if vectors is not None:
            _stretch(*vectors)
            _to_the_bit(module, key, weight, vectors[1])
        elif hasattr(parametrizations, "original0"):  # the lengths of a weight norm
            _to_the_bit(module, key, weight, parametrizations.original0)


def _give_by_hook(module: torch.nn.Module, key: str, weight: torch.Tensor) -> None:
    """Let a layer of older code compute a weight."""
    hook = _hook(module, key)
    if isinstance(hook, WeightNorm):
        lengths = getattr(module, f"{key}_g")
        getattr(module, f"{key}_v").copy_(weight)
        lengths.copy_(torch.norm_except_dim(weight, 2, hook.dim))
        _to_the_bit(module, key, weight, lengths)
    else:
        getattr(module, f"{key}_orig").copy_(weight)
        u, v = getattr(module, f"{key}_u"), getattr(module, f"{key}_v")
        _stretch(hook.reshape_weight_to_matrix(weight), u, v)
        _to_the_bit(module, key, weight, u)
    setattr(module, key, _computed_weight(module, key))


def _stretch(matrix: torch.Tensor, u: torch.Tensor, v: torch.Tensor) -> None:
    """Find the vectors that a matrix stretches most, by the power method.

    Then u is divided by the matrix's norm: with it the layer divides by 1, and its
    weight is this one. In the first step of training the layer makes it a unit vector
    again.

    Args:
        matrix: (outputs, inputs).
        u: (outputs,), where to begin; overwritten.
        v: (inputs,), overwritten.
    """
    for _ in range(ITERATIONS):
        v.copy_(torch.nn.functional.normalize(matrix.T @ u, dim=0))
        u.copy_(torch.nn.functional.normalize(matrix @ v, dim=0))
    u.copy_(u / torch.dot(u, matrix @ v))


def _to_the_bit(
    module: torch.nn.Module, key: str, weight: torch.Tensor, scale: torch.Tensor
) -> None:
    """Move what scales a weight by its last bits to where the weight comes nearest.

    Args:
        module: computes the weight.
        key: its name.
        weight: what it is to be.
        scale: overwritten; a number for each of its rows, or what one is made of.
    """
    start, best = scale.clone(), scale.clone()
    by_row = scale.ndim == weight.ndim
    least: torch.Tensor | None = None
    for bits in sorted(range(-BITS, BITS + 1), key=abs):
        scale.copy_(start * (1 + bits * torch.finfo(scale.dtype).eps))
        gap = (_computed_weight(module, key) - weight).abs()
        for axis in range(weight.ndim):
            if not by_row or scale.shape[axis] == 1:
                gap = gap.amax(axis, keepdim=True)
        if not by_row:
            gap = gap.reshape(())
        if least is None:
            least = gap
        best = torch.where(gap < least, scale, best)
        least = torch.minimum(gap, least)
    scale.copy_(best)
