"""The layers of a PyTorch model, and the numbers in them, read and written.

`keras_layers.py` is its twin.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from weakref import WeakSet

import numpy as np
import torch

from compare.errors import BadInput
from compare.kinds.layer import Layer
from compare.matching.copying import copy

_APART = WeakSet()  # models, see `hold_apart`


def layers(model: torch.nn.Module) -> dict[str, Layer]:
    """The layers of a model that hold arrays, by attribute name.

    Raises:
        BadInput: if one of them is bfloat16.
    """
    return {
        name: Layer(layer.kind, {k: read(t) for k, t in layer.arrays.items()})
        for name, layer in held(model).items()
    }


def held(model: torch.nn.Module, apart: bool = False) -> dict[str, Layer]:
    """As `layers`, with tensors in the place of arrays; `apart` as in `holders`.

    Raises:
        BadInput: if one of them is bfloat16, or the model holds no numbers.
    """
    check_usable(model)
    check_numbers((*model.named_parameters(), *model.named_buffers()))
    return each_layer(model, lambda tensor: tensor, apart)


def check_usable(model: torch.nn.Module):
    """Raise BadInput for a model that has no numbers, or whose code is not Python."""
    who = f"{type(model).__name__} of PyTorch's"
    if any(isinstance(each, torch.jit.ScriptModule) for each in model.modules()):
        raise BadInput(
            f"{who}: expected a model in Python, got one compiled by torch.jit; give "
            "the nn.Module that it was made from"
        )
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        if torch.nn.parameter.is_lazy(tensor):
            raise BadInput(
                f"{who}: expected a model that has its weights, got {name} without a "
                "shape yet; call the model once on an input first"
            )
        if tensor.is_meta:
            raise BadInput(
                f"{who}: expected a model that has its weights, got {name} on the meta "
                "device, which holds none; load them first"
            )


def check_numbers(named_tensors: Iterable[tuple[str, torch.Tensor]]):
    """Raise BadInput for a tensor of numbers that NumPy does not have."""
    for name, tensor in named_tensors:
        if tensor.dtype == torch.bfloat16:
            raise BadInput(
                f"{name}: expected numbers that NumPy has as well, got bfloat16; "
                "convert the model with .float() first"
            )


def read(tensor: torch.Tensor) -> np.ndarray:
    """The numbers of a tensor; on the CPU they are not copied."""
    return tensor.detach().cpu().numpy()


def write(tensor: torch.Tensor, array: np.ndarray):
    """Put numbers into a tensor, in its precision and where it is."""
    if tensor.device.type == "cpu":
        copy(tensor.detach().numpy(), array)
        torch.autograd.graph.increment_version(tensor)
    else:
        tensor.detach().copy_(torch.from_numpy(np.array(array)))


def holders(
    model: torch.nn.Module, apart: bool = False
) -> dict[str, dict[str, torch.Tensor]]:
    """What each layer of a model holds, by attribute name and its own.

    A BatchNorm1d's count of batches is left out: Keras has none, and with a momentum
    nothing is computed from it. So is a layer whose tensors are all those of earlier
    ones, such as a head that shares the weight of an embedding: Keras has one variable.
    It is not left out with `apart`, nor behind `hold_apart`. See `constants` as well.
    """
    found, seen = {}, set()
    apart = apart or model in _APART
    for name, module in model.named_modules():
        holds = dict(module.named_parameters(recurse=False))
        holds |= module.named_buffers(recurse=False)
        if isinstance(module, torch.nn.BatchNorm1d):
            holds.pop("num_batches_tracked", None)
        if _is_constant(module):
            continue
        if holds and (apart or not seen.issuperset(map(id, holds.values()))):
            found[name] = holds
        seen.update(map(id, holds.values()))
    return found


def constants(model: torch.nn.Module) -> list[str]:
    """Names of buffers in modules that are the user's own and have no parameters.

    They belong to what the model computes, as numbers in its code do; Keras's twin may
    have them as such.
    """
    return [
        f"{name}.{key}" if name else key
        for name, module in own_modules(model)
        if _is_constant(module)
        for key, _ in module.named_buffers(recurse=False)
    ]


def own_modules(model: torch.nn.Module) -> list[tuple[str, torch.nn.Module]]:
    """The modules that are classes of the user's own, by name, the model first."""
    return [each for each in model.named_modules() if _is_own(each[1])]


def _is_own(module):
    return kind_of(module).endswith("(Module)")


def _is_constant(module):
    return _is_own(module) and not any(True for _ in module.parameters(recurse=False))


def hold_apart(model: torch.nn.Module) -> bool:
    """Count layers that share all of their tensors, since the twin holds them apart.

    Returns:
        Whether there are some that were not counted.
    """
    before = len(holders(model))
    _APART.add(model)
    return len(holders(model)) > before


def each_layer(
    model: torch.nn.Module, read: Callable[[torch.Tensor], Any], apart: bool = False
) -> dict[str, Layer]:
    """The layers of a model with what `read` makes of each of their tensors."""
    return {
        name: Layer(
            kind_of(model.get_submodule(name)),
            {key: read(tensor) for key, tensor in holds.items()},
        )
        for name, holds in holders(model, apart).items()
    }


def kind_of(module: torch.nn.Module) -> str:
    """Name of PyTorch's class that the module's is, or is made of.

    What is made of none but `Module` is no layer of PyTorch's, whatever its name.
    """
    classes = type(module).__mro__
    cls = next(cls for cls in classes if cls.__module__.startswith("torch.nn."))
    if cls is torch.nn.Module:
        return f"{type(module).__name__}(Module)"
    relu = getattr(module, "nonlinearity", "") == "relu"
    return f"{cls.__name__}(relu)" if relu else cls.__name__


def load(model: torch.nn.Module, arrays: Mapping[str, Mapping[str, np.ndarray]]):
    """Write arrays, by layer and name, into a model, each in the model's precision."""
    for name, values in arrays.items():
        module = model.get_submodule(name)
        for key, array in values.items():
            write(getattr(module, key), array)
