"""What PyTorch does not promise and the suite reads all the same, in one place.

tests/adapters/test_internals.py holds that each of these is still there; its messages
say what to do when an upgrade of PyTorch takes one away.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

# Modules in which PyTorch defines its layers. They are public, but that every layer's
# class says that it is from there (`__module__`) is not documented.
LAYERS_HOME = "torch.nn."

# What `torch.load(..., weights_only=True)` says of a file with code in it.
# PyTorch raises pickle.UnpicklingError and RuntimeError for this and for much else.
MORE_THAN_TENSORS = "Weights only load failed"
TORCHSCRIPT = "TorchScript"


def framework_class(module: torch.nn.Module) -> type[torch.nn.Module]:
    """PyTorch's own class that the module's is, or is derived from."""
    classes = type(module).__mro__
    return next(cls for cls in classes if cls.__module__.startswith(LAYERS_HOME))


def reads_its_mode(module: torch.nn.Module) -> bool:
    """Whether the code of `forward` reads the attribute `training`.

    There is no public list of the layers that compute something else in training; the
    names that compiled Python code uses tell, of a user's own modules as well.
    """
    code = getattr(module.forward, "__code__", None)
    return code is not None and "training" in code.co_names


def is_compiled(module: torch.nn.Module) -> bool:
    """Whether a module is one of `torch.compile`, or was compiled in place."""
    attributes = vars(module)
    in_place = attributes.get("_compiled_call_impl") is not None
    return in_place or hasattr(module, "_orig_mod")


def version_of(tensor: torch.Tensor) -> int:
    """How often a tensor, or a view of it, was changed in place."""
    return tensor._version


def hooks_before(module: torch.nn.Module) -> list[object]:
    """What runs before a module's code: older code computes weights there."""
    return list(module._forward_pre_hooks.values())


def vectors_of(
    parametrization: Any, weight: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor] | None:
    """The matrix whose norm `parametrizations.spectral_norm` takes, and its vectors.

    Args:
        parametrization: what computes a weight.
        weight: from another tensor.

    Returns:
        The weight as a matrix, (outputs, inputs), u and v; None of anything else.
    """
    if not hasattr(parametrization, "_u"):
        return None
    return (
        parametrization._reshape_weight_to_matrix(weight),
        parametrization._u,
        parametrization._v,
    )


def without_parametrizations(module: torch.nn.Module) -> None:
    """Give a module of `parametrize` the class back that it was made with.

    `parametrize.remove_parametrizations` takes the weight out of the class, which all
    copies of the module share.
    """
    del module.parametrizations
    module.__class__ = type(module).__mro__[1]


def hold_together(module: torch.nn.Module) -> None:
    """Let a recurrent layer find its weights where they are now."""
    if isinstance(module, torch.nn.RNNBase):
        module._init_flat_weights()


class WatchedOperations(TorchDispatchMode):
    """A mode that sees every operation, those inside a layer's own code included.

    PyTorch keeps its compiler away from modes, and imports it for that at the first
    operation, which takes 8 s; the suite compiles nothing.
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False
