"""The layers of a PyTorch model, and the numbers in them, read and written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from operator import attrgetter
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import numpy as np
import torch

from compare.errors import BadInput
from compare.in_pytorch import cells
from compare.in_pytorch import computed as computed_weights
from compare.in_pytorch.kinds import (
    is_by_hand,
    is_constant,
    is_own,
    kind_of,
    own_modules,
)
from compare.in_pytorch.models import check_usable
from compare.kinds.layer import Layer
from compare.matching.copying import copy

# Layers that count as one with those inside, which they do not call.
COMPOSITES = (torch.nn.MultiheadAttention,)

# Models whose layers that share all of their tensors count, see `hold_apart`.
_APART: WeakSet[torch.nn.Module] = WeakSet()

# By model, the full names of tensors that do not count, see `ignore`.
_IGNORED: WeakKeyDictionary[torch.nn.Module, set[str]] = WeakKeyDictionary()


def _is_composite(layer: torch.nn.Module) -> bool:
    """Whether a layer counts as one with those inside."""
    return isinstance(layer, COMPOSITES) or cells.is_held_together(layer)


def modules(model: torch.nn.Module) -> Iterator[tuple[str, torch.nn.Module]]:
    """Yield the modules of a model by name, but those inside a layer that is one."""
    inside: set[int] = set()
    for name, module in model.named_modules():
        if _is_composite(module):
            inside |= {id(inner) for inner in module.modules() if inner is not module}
        if id(module) not in inside:
            yield name, module


def is_innermost(module: torch.nn.Module) -> bool:
    """Whether a layer has none inside, or counts as one with them."""
    return _is_composite(module) or not any(module.children())


def layers(model: torch.nn.Module) -> dict[str, Layer]:
    """The layers of a model that hold arrays, by attribute name.

    Raises:
        BadInput: if one of them is bfloat16.
    """
    _check_readable(model)
    return layers_with(model, read)


def held(model: torch.nn.Module, apart: bool = False) -> dict[str, Layer]:
    """The layers of a model that hold arrays, with tensors in the place of arrays.

    Args:
        model: whose tensors they are, not copies.
        apart: as in `holders`.

    Raises:
        BadInput: if one of them is bfloat16, or the model holds no numbers.
    """
    _check_readable(model)
    return layers_with(model, lambda tensor: tensor, apart)


def layers_with(
    model: torch.nn.Module, read: Callable[[torch.Tensor], Any], apart: bool = False
) -> dict[str, Layer]:
    """The layers of a model with what `read` makes of each of their tensors.

    Args:
        model: whose layers they are.
        read: takes a tensor and returns what is to stand for it.
        apart: as in `holders`.
    """
    by_name = {}
    for name, tensors in holders(model, apart).items():
        arrays = {key: read(tensor) for key, tensor in tensors.items()}
        module = model.get_submodule(name)
        by_name[name] = Layer(kind_of(module), arrays, is_by_hand(module))
    return by_name


def _check_readable(model: torch.nn.Module) -> None:
    """Check that NumPy can have a model's numbers.

    Raises:
        BadInput: if a tensor is bfloat16, or holds no numbers.
    """
    check_usable(model)
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        if tensor.dtype == torch.bfloat16:
            raise BadInput(
                f"{name}: expected numbers that NumPy has as well, got bfloat16; "
                "convert the model with .float() first"
            )


def read(tensor: torch.Tensor) -> np.ndarray:
    """The numbers of a tensor; on the CPU they are not copied."""
    return tensor.detach().cpu().numpy()


def write(tensor: torch.Tensor, array: np.ndarray) -> None:
    """Put numbers into a tensor, in its precision and where it is."""
    if tensor.device.type == "cpu":
        copy(tensor.detach().numpy(), array)
        torch.autograd.graph.increment_version(tensor)
    else:
        tensor.detach().copy_(torch.from_numpy(np.array(array)))


def load(
    model: torch.nn.Module, arrays: Mapping[str, Mapping[str, np.ndarray]]
) -> None:
    """Write arrays, by layer and name, into a model, each in the model's precision."""
    for name, values in arrays.items():
        module = model.get_submodule(name)
        for key, array in values.items():
            write(attrgetter(key)(module), array)


def holders(
    model: torch.nn.Module, apart: bool = False
) -> dict[str, dict[str, torch.Tensor]]:
    """The tensors of each layer of a model, by the layer's name and their own.

    A norm's count of batches is left out: Keras has none, and with a momentum nothing
    is computed from it. So are constants, see `constants`, and a layer whose
    tensors are all those of earlier ones, such as a head that shares the weight of an
    embedding: Keras has one variable.

    Args:
        model: whose layers they are.
        apart: whether to count such a layer all the same, as after `hold_apart`.
    """
    apart = apart or model in _APART
    ignored = _IGNORED.get(model, set())
    by_name: dict[str, dict[str, torch.Tensor]] = {}
    earlier: set[int] = set()
    for name, module in modules(model):
        deep = _is_composite(module)
        tensors: dict[str, torch.Tensor] = dict(module.named_parameters(recurse=deep))
        tensors |= module.named_buffers(recurse=deep)
        if not is_own(module):
            tensors.pop("num_batches_tracked", None)
        if is_constant(module) and not deep:
            continue
        shared = earlier.issuperset(map(id, tensors.values()))
        for key in [key for key in tensors if full_name(name, key) in ignored]:
            del tensors[key]
        if tensors and (apart or not shared):
            by_name[name] = tensors
        earlier.update(map(id, tensors.values()))
    return by_name


def hold_apart(model: torch.nn.Module) -> bool:
    """Count layers that share all of their tensors, since the twin holds them apart.

    Returns:
        Whether there are some that were not counted.
    """
    before = len(holders(model))
    _APART.add(model)
    return len(holders(model)) > before


def ignore(model: torch.nn.Module, names: Collection[str]) -> None:
    """Count these tensors of a model no longer among those of its layers.

    Args:
        model: whose tensors they are.
        names: full, such as "crf.transitions".
    """
    _IGNORED.setdefault(model, set()).update(names)


def full_name(layer: str, key: str) -> str:
    """The name of a tensor in its model; what the model itself holds has no layer."""
    return f"{layer}.{key}" if layer else key


def constants(model: torch.nn.Module) -> list[str]:
    """Names of buffers in modules that are the user's own and have no parameters.

    They belong to what the model computes, as numbers in its code do; Keras's model may
    have them in its code.
    """
    names = []
    for path, module in own_modules(model):
        if is_constant(module):
            prefix = f"{path}." if path else ""
            for key, _ in module.named_buffers(recurse=False):
                names.append(f"{prefix}{key}")
    return names


def computed(model: torch.nn.Module) -> list[str]:
    """Full names of weights that the user's model computes, as in a weight norm."""
    return computed_weights.held_weights(model)
