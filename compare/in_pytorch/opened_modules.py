"""A user's module run around its stubs: what they return is given, what they take kept.

A stub is a call of a function or of a layer that a recording of the module holds.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from compare.in_pytorch.arrays import tensors_in
from compare.in_pytorch.functions import Function, FunctionMode
from compare.in_pytorch.opened_ports import Place
from compare.in_pytorch.ports import tensors_of
from compare.in_pytorch.recorded import Site
from compare.in_pytorch.recording import name_of, place_in

Sites = Mapping[str, Sequence[Site]]  # of the calls of each stub, in order
Key = tuple[str, int]  # a stub, and which of its calls
Tensors = dict[int, torch.Tensor]  # by their places


class OpenedModule(torch.nn.Module):
    """A module whose stubs are inputs and outputs.

    Args:
        module: of the user, which is copied.
        sites: where the stubs are.
        inputs: what the opened model takes.
        outputs: what it returns.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        sites: Sites,
        inputs: Sequence[Place],
        outputs: Sequence[Place],
    ) -> None:
        super().__init__()
        self.module = copy.deepcopy(module)
        self.keys = {
            (site.function, site.name, site.place, site.turn): (stub, number)
            for stub, calls in sites.items()
            for number, site in enumerate(calls)
        }
        self.places = {
            (stub, number): site.places
            for stub, calls in sites.items()
            for number, site in enumerate(calls)
        }
        self.inputs, self.outputs = list(inputs), list(outputs)
        self.eval()

    def forward(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """What stubs take and the module returns, of what they return and it takes."""
        own: dict[int, torch.Tensor] = {}
        given: dict[Key, Tensors] = {}
        for place, tensor in zip(self.inputs, tensors, strict=True):
            if place.stub:
                given.setdefault((place.stub, place.call), {})[place.number] = tensor
            else:
                own[place.number] = tensor
        detour, results = self._run([own[place] for place in sorted(own)], given)
        returned = []
        for place in self.outputs:
            if not place.stub:
                returned.append(results[place.number])
                continue
            key = place.stub, place.call
            returned.append(detour.taken[key][self.places[key][place.number]])
        return tuple(returned)

    def returned(self, arrays: Sequence[np.ndarray]) -> dict[Place, np.ndarray]:
        """What the stubs return when the module does all of it.

        Args:
            arrays: what the module itself takes.
        """
        with torch.no_grad():
            detour, _ = self._run([*map(torch.from_numpy, arrays)], {})
        return {
            Place(stub, call, number): tensor.numpy().copy()
            for (stub, call), tensors in detour.returned.items()
            for number, tensor in enumerate(tensors)
        }

    def _run(
        self, tensors: Sequence[torch.Tensor], given: Mapping[Key, Tensors]
    ) -> tuple[_Detour, list[torch.Tensor]]:
        """Run the module; what it returns, without what is None."""
        detour = _Detour(self.module, self.keys, given)
        with detour.of_layers(), detour:
            result = self.module(*tensors)
        return detour, [t for t in tensors_of(result) if t is not None]


class _Detour(FunctionMode):
    """Keeps what stubs take, and gives what they return.

    Args:
        module: that runs.
        keys: the stubs, by function, name, place and turn.
        given: what they return; of others what they compute.

    Attributes:
        taken: by each call of a stub.
        returned: of each call of a stub, when it computes.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        keys: Mapping[tuple[str, str, str, int], Key],
        given: Mapping[Key, Tensors],
    ) -> None:
        super().__init__()
        self._module, self._keys, self._given = module, keys, given
        self._names = {id(part): name for name, part in module.named_modules()}
        self._functions = {function for function, _, _, _ in keys}
        self._turns: Counter[tuple[str, str, str]] = Counter()
        self.taken: dict[Key, list[torch.Tensor]] = {}
        self.returned: dict[Key, list[torch.Tensor]] = {}

    def call(
        self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Call a function, or give what it is to return."""
        name, _, _ = name_of(function)
        if name not in self._functions:
            return function(*args, **kwargs)
        kind = name, "", place_in(self._names)
        result = function(*args, **kwargs)
        if not any(True for _ in tensors_in(result)):
            return result
        return self._of_step(kind, (args, kwargs), result)

    def of_layers(self) -> Any:
        """Hooks on the layers that are stubs, to be removed behind a run."""
        return _Hooks(self._module, self._keys, self._of_step, self._names)

    def _of_step(self, kind: tuple[str, str, str], taken: Any, result: Any) -> Any:
        turn = self._turns[kind]
        self._turns[kind] += 1
        key = self._keys.get((*kind, turn))
        if key is None:
            return result
        self.taken[key] = list(tensors_in(taken))
        self.returned[key] = list(tensors_in(result))
        given = self._given.get(key)
        if given is None:
            return result
        return _refilled(result, iter(range(len(self.returned[key]))), given)


class _Hooks:
    """Hooks on layers, inside a block."""

    def __init__(
        self, module: torch.nn.Module, keys: Any, of_step: Any, names: Any
    ) -> None:
        self._module, self._of_step, self._names = module, of_step, names
        self._layers = {name for function, name, _, _ in keys if function == "module"}
        self._handles: list[Any] = []

    def __enter__(self) -> None:
        for name in self._layers:
            layer = self._module.get_submodule(name)

            def hook(
                _: Any, args: Any, kwargs: Any, result: Any, name: str = name
            ) -> Any:
                kind = "module", name, place_in(self._names)
                return self._of_step(kind, (args, kwargs), result)

            handle = layer.register_forward_hook(hook, with_kwargs=True)
            self._handles.append(handle)

    def __exit__(self, *error: object) -> None:
        for handle in self._handles:
            handle.remove()


def _refilled(value: Any, numbers: Iterator[int], given: Tensors) -> Any:
    """A result with other tensors in the place of those that are given."""
    if isinstance(value, torch.Tensor):
        return given.get(next(numbers), value)
    if isinstance(value, Mapping):
        return {key: _refilled(item, numbers, given) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_refilled(item, numbers, given) for item in value))
    if isinstance(value, list | tuple):
        return type(value)(_refilled(item, numbers, given) for item in value)
    return value
