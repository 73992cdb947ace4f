"""What sort of layer a module of PyTorch is."""

from __future__ import annotations

import torch

from compare.in_pytorch.internals import framework_class
from compare.kinds import unlike_keras
from compare.one_line import class_name


def own_modules(model: torch.nn.Module) -> list[tuple[str, torch.nn.Module]]:
    """The modules that are classes of the user's own, by name, the model before all."""
    return [(name, module) for name, module in model.named_modules() if is_own(module)]


def is_own(layer: torch.nn.Module) -> bool:
    """Whether a layer's class is the user's own, derived from no layer of PyTorch."""
    return framework_class(layer) is torch.nn.Module


def is_by_hand(layer: torch.nn.Module) -> bool:
    """Whether the user wrote what a layer computes, derived from one of PyTorch's."""
    return type(layer).forward is not framework_class(layer).forward


def is_constant(layer: torch.nn.Module) -> bool:
    """Whether this is a layer of the user's own that nothing is learnt in."""
    parameters = list(layer.parameters(recurse=False))
    return is_own(layer) and not parameters


def kind_of(layer: torch.nn.Module) -> str:
    """Name of the class of PyTorch that the layer has, or whose subclass it has.

    What is derived from `Module` alone is not a layer of PyTorch, whatever its name.
    """
    cls = framework_class(layer)
    if cls is torch.nn.Module:
        return f"{class_name(layer)}(Module)"
    relu = getattr(layer, "nonlinearity", "") == "relu"
    name = class_name(cls)
    unlike = unlike_keras(name, layer)
    if unlike:
        return f"{name}({', '.join(unlike)})"
    return f"{name}(relu)" if relu else name
