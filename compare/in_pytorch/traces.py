"""What a PyTorch model does to an input, operation by operation."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch

from compare.in_pytorch import functions
from compare.in_pytorch.arrays import tensors_in
from compare.in_pytorch.functions import Function, FunctionMode, calling_frame
from compare.in_pytorch.internals import LAYERS_HOME, version_of
from compare.in_pytorch.models import hooked
from compare.in_pytorch.operators import name_of
from compare.in_pytorch.refusals import REFUSALS
from compare.in_pytorch.twin import Twin
from compare.mistakes.traces import (
    RETURN,
    Line,
    Recorder,
    Replacement,
    Trace,
    line_of,
)

PASSED = (
    str(Path(torch.__file__).parent),
    sysconfig.get_path("stdlib"),
    "<",
    __file__,
    functions.__file__,  # its modes stand between a function of PyTorch and its caller
)
SUITE = str(Path(__file__).parents[1])
# Layers of PyTorch that are looked into, since they only run the layers inside.
CONTAINERS = ("Sequential", "ModuleList", "ModuleDict", "Transformer")


def traced(
    twin: Twin,
    arrays: Sequence[np.ndarray],
    replacements: Sequence[Replacement] = (),
) -> Trace:
    """Run a twin, and note what its operations do.

    Args:
        twin: in float64.
        arrays: one for each input.
        replacements: made while it runs.
    """
    recorder = Recorder(_as_array, _key)
    tensors = twin.tensors(arrays)
    for argument, tensor in zip(twin.inputs, tensors, strict=True):
        recorder.source(tensor, f"the input {argument.name}")
    for name, tensor in (*twin.model.named_parameters(), *twin.model.named_buffers()):
        recorder.source(tensor, f"the weight {name}")
    with torch.no_grad(), _Running(twin.model, replacements, recorder) as running:
        results = twin.results(tensors)
    return recorder.trace(running.returned(results))


@torch.no_grad()
def results_of(
    twin: Twin,
    arrays: Sequence[np.ndarray],
    replacements: Sequence[Replacement],
) -> list[np.ndarray] | None:
    """What a twin returns where operations take or make something else.

    None where it refuses that.
    """
    with replaced(twin, replacements), suppress(*REFUSALS, IndexError, TypeError):
        return [result.numpy() for result in twin.results(twin.tensors(arrays))]
    return None


@contextmanager
def replaced(twin: Twin, replacements: Sequence[Replacement]) -> Iterator[None]:
    """Let operations of a twin take or make something else inside the block."""
    right = twin.results

    def results(tensors: Sequence[torch.Tensor]) -> tuple[torch.Tensor, ...]:
        with _Running(twin.model, replacements, None) as running:
            returned = right(tensors)
        return tuple(running.returned(returned))

    before = vars(twin).get("results")
    vars(twin)["results"] = results
    try:
        yield
    finally:
        del vars(twin)["results"]
        if before is not None:
            vars(twin)["results"] = before


class _Running(FunctionMode):
    """Counts the operations of a model, notes them and replaces what they do.

    Args:
        model: that runs inside.
        replacements: to be made.
        recorder: to be told; None where nothing is noted.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        replacements: Sequence[Replacement],
        recorder: Recorder | None,
    ) -> None:
        super().__init__()
        self._model, self._recorder = model, recorder
        self._count = 0
        self._inside = 0  # of how many layers that are one step
        self._layers: list[str] = []
        self._calls: list[tuple[int, Any, Any]] = []
        self._inputs: dict[tuple[int, int], Replacement] = {}
        self._outputs: dict[tuple[int, int], Replacement] = {}
        # What takes a place later in the run, and whether an input; None until it is.
        self._taken_later: dict[tuple[int, int, bool], torch.Tensor | None] = {}
        for change in replacements:
            if change.taken is not None:
                self._taken_later[*change.taken, change.is_input_taken] = None
            changes = self._inputs if change.is_input else self._outputs
            changes[change.step, change.place] = change

    def __enter__(self) -> _Running:
        hooks = []
        for name, module in self._model.named_modules():
            whole = _is_whole(module)
            before = self._enter_layer(name, whole)
            after = self._leave_layer(name, whole)
            hooks.append(module.register_forward_pre_hook(before, with_kwargs=True))
            hooks.append(module.register_forward_hook(after, with_kwargs=True))
        self._hooks = hooked(hooks)
        self._hooks.__enter__()
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self._hooks.__exit__(*error)

    def returned(self, results: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """What the model returns, with what is replaced there."""
        return [
            self._put(self._inputs, RETURN, place, tensor)
            for place, tensor in enumerate(results)
        ]

    # ------------------------------------------------------------------ functions

    def call(
        self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Make a call with what is replaced, and note it as a step."""
        if self._inside:
            return function(*args, **kwargs)
        self._count += 1
        number = self._count
        args, kwargs = self._given(number, args, kwargs)
        tensors = list(tensors_in((args, kwargs)))
        keys = [_key(tensor) for tensor in tensors]
        takes: tuple[int, ...] = ()
        if self._recorder is not None:
            takes = self._recorder.numbers(tensors)
        change = self._outputs.get((number, 0))
        handed_on = None
        if change is not None and change.hands_on is not None:
            handed_on = tensors[change.hands_on].clone()  # before it may be changed
        result = function(*args, **kwargs)
        changed = [
            tensor
            for tensor, key in zip(tensors, keys, strict=True)
            if _key(tensor) != key
        ]
        made = [
            tensor
            for tensor in tensors_in(result)
            if all(tensor is not t for t in tensors)
        ]
        if changed:
            for place, tensor in enumerate(changed):
                if handed_on is not None and place == 0:
                    tensor.copy_(handed_on)
                elif (number, place) in self._outputs:
                    tensor.copy_(self._put(self._outputs, number, place, tensor))
            made = changed
        elif handed_on is not None:
            result = handed_on
            made = [result]
        elif made:
            result = self._taken(number, result)
            made = list(tensors_in(result))
        self._keep(number, made)
        if self._recorder is not None and made:
            name = name_of(function)
            self._recorder.step(
                number,
                name,
                takes,
                made,
                _arguments(args, kwargs),
                self._layers[-1] if self._layers else "",
                False,
                _line(calling_frame()),
            )
        return result

    def _given(
        self, number: int, args: Any, kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of a call, with what is replaced among them."""
        if not any(step == number for step, _ in self._inputs):
            return args, kwargs
        return self._exchanged((args, kwargs), self._inputs, number)

    def _taken(self, number: int, result: Any) -> Any:
        """What a call returns, with what is replaced in it."""
        if not any(step == number for step, _ in self._outputs):
            return result
        return self._exchanged(result, self._outputs, number)

    def _keep(self, number: int, made: Sequence[torch.Tensor]) -> None:
        """Keep what a step makes, where a later one takes it."""
        for place, tensor in enumerate(made):
            if (number, place, False) in self._taken_later:
                self._taken_later[number, place, False] = tensor.clone()

    # --------------------------------------------------------------------- layers

    def _enter_layer(self, name: str, whole: bool) -> Callable[..., Any]:
        def enter(module: Any, args: Any, kwargs: Any) -> Any:
            if self._inside or not whole:
                self._inside += whole
                self._layers.append(name)
                return None
            self._inside += 1
            self._count += 1
            number = self._count
            args, kwargs = self._given(number, args, kwargs)
            takes: tuple[int, ...] = ()
            if self._recorder is not None:
                takes = self._recorder.numbers(list(tensors_in((args, kwargs))))
            self._calls.append((number, takes, _line(sys._getframe(1))))  # noqa: SLF001
            return args, kwargs

        return enter

    def _leave_layer(self, name: str, whole: bool) -> Callable[..., Any]:
        def leave(module: Any, args: Any, kwargs: Any, result: Any) -> Any:
            if not whole or self._inside > 1:
                self._inside -= whole
                self._layers.pop()
                return None
            number, takes, line = self._calls.pop()
            change = self._outputs.get((number, 0))
            if change is not None and change.hands_on is not None:
                result = list(tensors_in((args, kwargs)))[change.hands_on]
            result = self._taken(number, result)
            self._keep(number, list(tensors_in(result)))
            if self._recorder is not None:
                self._recorder.step(
                    number,
                    type(module).__name__,
                    takes,
                    list(tensors_in(result)),
                    _settings(module),
                    name,
                    True,
                    line,
                    next(module.parameters(), None) is not None,
                )
            self._inside -= 1
            return result

        return leave

    # --------------------------------------------------------------- replacements

    def _exchanged(
        self, value: Any, changes: Mapping[tuple[int, int], Replacement], step: int
    ) -> Any:
        """A value of any nesting, with what is put for some tensors of a step."""
        place = 0

        def exchange(item: Any) -> Any:
            nonlocal place
            if isinstance(item, torch.Tensor):
                place += 1
                return self._put(changes, step, place - 1, item)
            if isinstance(item, dict):
                return {name: exchange(inner) for name, inner in item.items()}
            if not isinstance(item, tuple | list) and not hasattr(item, "n_fields"):
                return item
            items = [exchange(inner) for inner in item]
            if isinstance(item, tuple) and hasattr(item, "_fields"):
                return type(item)(*items)
            if hasattr(item, "n_fields"):  # such as what `max` returns
                return type(item)(items)
            return tuple(items) if isinstance(item, tuple) else items

        return exchange(value)

    def _put(
        self,
        changes: Mapping[tuple[int, int], Replacement],
        step: int,
        place: int,
        tensor: torch.Tensor,
    ) -> torch.Tensor:
        """What is put for a tensor; that one itself for nothing else."""
        change = changes.get((step, place))
        if change is None:
            return tensor
        own = tensor
        if change.taken is not None:
            kept = self._taken_later[*change.taken, change.is_input_taken]
            tensor = tensor if kept is None else kept
        if change.array is not None:
            tensor = torch.from_numpy(np.array(change.array)).to(tensor.dtype)
        if change.part < 1:
            tensor = change.part * tensor + (1 - change.part) * own
        if change.through:
            self._inside += 1  # no step of the model
            # Without hooks: this run of the layer is none of the model's.
            tensor = self._model.get_submodule(change.through).forward(tensor)
            self._inside -= 1
        if (step, place, True) in self._taken_later and change.is_input:
            self._taken_later[step, place, True] = tensor.clone()
        return tensor


# ------------------------------------------------------------------------- helpers


def _is_whole(module: torch.nn.Module) -> bool:
    """Whether a module is a layer of PyTorch's own, which is one step."""
    cls = type(module)
    is_own = cls.__module__.startswith(LAYERS_HOME)
    return is_own and not cls.__name__.startswith(CONTAINERS)


def _line(frame: Any) -> Line | None:
    """The line of the user's source that called."""
    return line_of(frame, PASSED, SUITE)


def _arguments(args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """What a call is told beside its tensors, by name or by place."""
    arguments: dict[str, Any] = {}
    for place, value in enumerate(args):
        arguments[str(place)] = None if isinstance(value, torch.Tensor) else value
    for name, value in kwargs.items():
        if not isinstance(value, torch.Tensor):
            arguments[name] = value
    return arguments


def _settings(module: torch.nn.Module) -> dict[str, Any]:
    """The public settings of a layer."""
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_") and isinstance(value, int | float | str | tuple)
    }


def _as_array(tensor: torch.Tensor) -> np.ndarray | None:
    """A copy of a tensor; None of one that NumPy does not know."""
    try:
        return tensor.detach().resolve_conj().cpu().numpy().copy()
    except (TypeError, RuntimeError):
        return None


def _key(tensor: torch.Tensor) -> tuple[int, int]:
    """What tells a tensor, as it is now, from all that are alive."""
    try:
        return id(tensor), version_of(tensor)
    except RuntimeError:  # made in `torch.inference_mode`
        return id(tensor), 0
