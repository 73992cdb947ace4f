"""What a PyTorch module does with its inputs, recorded while it runs, as data.

A recording follows the tensors and lets Python do the rest: whatever forward asks of
shapes, devices or settings has its usual answer.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import PackedSequence

from compare.in_pytorch.arrays import tensors_in
from compare.in_pytorch.functions import Function, FunctionMode
from compare.in_pytorch.internals import version_of
from compare.in_pytorch.recorded import Packed, Recording, Ref, Result, Step, refs_in
from compare.in_pytorch.watched_sizes import SizeNotes, counted, plain

PYTORCH = str(Path(torch.__file__).parent)


SUITE = str(Path(__file__).parents[1])


# Operators whose first operand stands on the right: 2 - x calls x.__rsub__(2).
REFLECTED = {
    "radd": "add",
    "rsub": "sub",
    "rmul": "mul",
    "rdiv": "div",
    "rtruediv": "div",
    "rpow": "pow",
    "rmatmul": "matmul",
    "rfloordiv": "floor_divide",
}


IN_PLACE = {"iadd", "isub", "imul", "idiv", "itruediv", "ipow", "iand", "ior"}


SYNONYMS = {
    "truediv": "div",
    "true_divide": "div",
    "divide": "div",
    "subtract": "sub",
    "multiply": "mul",
    "negative": "neg",
    "absolute": "abs",
    "concat": "cat",
    "concatenate": "cat",
    "swapaxes": "transpose",
    "swapdims": "transpose",
    "moveaxis": "movedim",
    "greater": "gt",
    "greater_equal": "ge",
    "less": "lt",
    "less_equal": "le",
    "not_equal": "ne",
    "invert": "logical_not",
    "bitwise_not": "logical_not",
    "and": "logical_and",
    "or": "logical_or",
    "bitwise_and": "logical_and",
    "bitwise_or": "logical_or",
    "special_expit": "sigmoid",
    "clip": "clamp",
    "floordiv": "floor_divide",
    "pow": "pow",
}


# What asks a tensor for its numbers, by which Python may go one way or another.
ASKING = {
    "bool",
    "item",
    "int",
    "float",
    "index",
    "tolist",
    "numpy",
    "array",
    "equal",
    "allclose",
    "is_nonzero",
    "contains",
}


# What makes a tensor of the shape of another, whatever is in it.
OF_SHAPE = {
    "zeros_like",
    "ones_like",
    "full_like",
    "empty_like",
    "new_zeros",
    "new_ones",
    "new_full",
    "new_empty",
    "new_tensor",
    "new",
}


# Attributes of a tensor that are tensors made of its numbers.
TENSORS = {"T", "mT", "H", "mH", "data", "real", "imag"}


class _Recorder(FunctionMode):
    """Notes what functions and layers do to tensors.

    Args:
        model: the module that runs.
        leaves: names of the layers that are taken as they are, by identity.
    """

    def __init__(self, model: torch.nn.Module, leaves: Mapping[int, str]) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self.asked: list[str] = []
        self._known: dict[int, tuple[torch.Tensor, Ref, int]] = {}
        self._names: dict[int, str] = {}
        for name, tensor in (*model.named_parameters(), *model.named_buffers()):
            self._names.setdefault(id(tensor), name)
        self._modules = {id(module): name for name, module in model.named_modules()}
        self._leaves = leaves
        self._turns: Counter[tuple[str, str, str]] = Counter()
        self.paused = False
        self.notes = SizeNotes(self.place)
        self.watches = True

    # ---------------------------------------------------------------------- tensors

    def add(self, step: Step, tensors: Sequence[torch.Tensor]) -> list[Ref]:
        """Add a step and the tensors that it returned."""
        number = len(self.steps)
        kind = step.function, step.name, step.place
        step.turn = self._turns[kind]
        self._turns[kind] += 1
        step.results = tuple(map(_described, tensors))
        if step.alone:
            step.values = tuple(_numbers(tensor, step) for tensor in tensors)
        self.steps.append(step)
        refs = []
        for place, tensor in enumerate(tensors):
            ref = Ref(number, place)
            self._known[id(tensor)] = (tensor, ref, version_of(tensor))
            refs.append(ref)
        return refs

    def ref(self, tensor: torch.Tensor) -> Ref:
        """The step that made a tensor; one that nothing made is a constant."""
        known = self._known.get(id(tensor))
        if known is None:
            name = self._names.get(id(tensor), "")
            step = Step("constant", name, self.place(), alone=True)
            return self.add(step, [tensor])[0]
        _, ref, version = known
        if version != version_of(tensor):
            # Another view of its memory was changed in place.
            step = Step("changed in place", "", self.place(), (ref,))
            return self.add(step, [tensor])[0]
        return ref

    def plain(self, value: Any) -> Any:
        """A value with `Ref`s in the place of tensors."""
        if isinstance(value, torch.Tensor):
            return self.ref(value)
        if isinstance(value, PackedSequence):
            return Packed(*map(self.plain, value))
        if isinstance(value, slice):
            return slice(*map(self.plain, (value.start, value.stop, value.step)))
        if isinstance(value, torch.Size):
            return tuple(value)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return tuple(map(self.plain, value))
        if isinstance(value, list | tuple):
            return type(value)(map(self.plain, value))
        if isinstance(value, Mapping):
            return {key: self.plain(item) for key, item in value.items()}
        if isinstance(value, torch.dtype | torch.device):
            return str(value).removeprefix("torch.")
        return value

    def is_alone(self, value: Any) -> bool:
        """Whether a value holds no tensor that depends on an input."""
        return all(self.steps[ref.step].alone for ref in refs_in(value))

    # ------------------------------------------------------------------------ steps

    def call(
        self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Call a function, and note it."""
        name, in_place, reflected = name_of(function)
        if name == "getitem" and not self.paused and isinstance(args[0], torch.Tensor):
            self.notes.sliced(args[0], args[1])
        args, kwargs = plain(args), plain(kwargs)
        if self.paused:
            return function(*args, **kwargs)
        if name == "get" or name in ("requires_grad", "set"):
            result = function(*args, **kwargs)
            return self._told(function, args, result)
        first = args[0] if args else None
        before = None
        if name not in OF_SHAPE:
            before = self.plain((args, kwargs))
        result = function(*args, **kwargs)
        asks = name in ASKING and not isinstance(result, torch.Tensor)  # no x.float()
        if before is not None and asks and not self.is_alone(before):
            place = self.place()
            if place not in self.asked:
                self.asked.append(place)
        tensors = list(tensors_in(result))
        if not tensors or (in_place and not isinstance(result, torch.Tensor)):
            if name != "setitem" or not isinstance(first, torch.Tensor):
                return self._told(function, args, result)
            tensors = [first]
        if before is None:
            before = ((), {})
        plain_args: Any = before[0]
        if reflected:
            plain_args = (plain_args[1], plain_args[0], *plain_args[2:])
        step = Step(name, "", self.place(), plain_args, before[1])
        step.alone = self.is_alone(before)
        self.add(step, tensors)
        return result

    def _told(self, function: Function, args: Sequence[Any], result: Any) -> Any:
        """What a function returns that makes no tensor: sizes note what is asked."""
        if not self.watches:
            return result
        return self.notes.told_by(function, args, result)

    def layer(
        self, name: str, forward: Callable[..., Any], args: Any, kwargs: Any
    ) -> Any:
        """Run a layer that is taken as it is, and note it."""
        args, kwargs = plain(args), plain(kwargs)
        if self.paused:
            return forward(*args, **kwargs)
        self.paused = True
        try:
            plain_args, plain_kwargs = self.plain(args), self.plain(kwargs)
            result = forward(*args, **kwargs)
            step = Step("module", name, self.place(), plain_args, plain_kwargs)
            step.alone = self.is_alone((plain_args, plain_kwargs))
            self.add(step, list(tensors_in(result)))
        finally:
            self.paused = False
        return result

    def place(self) -> str:
        """Where the module is just now: the module that runs, and the user's line."""
        return place_in(self._modules)


def place_in(modules: Mapping[int, str]) -> str:
    """Where a module is that runs just now.

    Args:
        modules: the names of the modules in it, by identity.

    Returns:
        The innermost one that runs, and the line of the user's file.
    """
    frame = sys._getframe(1)  # noqa: SLF001
    module, line = None, ""
    while frame is not None and module is None:
        file = frame.f_code.co_filename
        ours = file.startswith((PYTORCH, SUITE))
        if not ours and not line:
            line = f"line {frame.f_lineno} of {Path(file).name}"
        owner = frame.f_locals.get("self")
        if isinstance(owner, torch.nn.Module) and frame.f_code.co_name != "layer":
            module = modules.get(id(owner))
        frame = frame.f_back  # type: ignore[assignment]
    if module:
        return f"`{module}`, {line}" if line else f"`{module}`"
    return line


def name_of(function: Function) -> tuple[str, bool, bool]:
    """What a function is called, whether it works in place, or is reflected."""
    name = getattr(function, "__name__", "")
    if name in ("__get__", "__set__"):
        owner = getattr(function, "__self__", None)
        attribute = getattr(owner, "__name__", "")
        name = attribute if attribute in TENSORS else name
    dunder = name.startswith("__")
    in_place = not dunder and name.endswith("_") and not name.startswith("_")
    name = name.strip("_")
    if dunder and name in IN_PLACE:
        name, in_place = name[1:], True
    reflected = dunder and name in REFLECTED
    name = REFLECTED.get(name, name) if dunder else name
    return SYNONYMS.get(name, name), in_place, reflected


def _described(tensor: torch.Tensor) -> Result:
    return Result(tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))


def _numbers(tensor: torch.Tensor, step: Step) -> np.ndarray | None:
    """The numbers of a constant; those of a parameter are not copied."""
    if tensor.dtype == torch.bfloat16 or tensor.is_sparse:
        return None
    array = tensor.detach().cpu().numpy()
    return array if step.function == "constant" else array.copy()


def recorded(
    model: torch.nn.Module,
    leaves: Sequence[str],
    args: Sequence[torch.Tensor],
    names: Sequence[str],
    by_name: bool = False,
    watches: bool = True,
) -> Recording:
    """Run a module, and say what it did.

    Args:
        model: in the mode of evaluation.
        leaves: names of the layers that are taken as they are; what is in all others
            is followed.
        args: what it is called with.
        names: of its arguments.
        by_name: whether it is called with arguments by their names.
        watches: whether it is noted what it asks about sizes.

    Raises:
        Exception: whatever the module raises.
    """
    layers = {name: model.get_submodule(name) for name in leaves}
    recorder = _Recorder(model, {id(layer): name for name, layer in layers.items()})
    for name, tensor in zip(names, args, strict=True):
        recorder.add(Step("input", name, ""), [tensor])
    inputs = [Ref(number) for number in range(len(args))]
    surroundings = ExitStack()
    surroundings.enter_context(_watched(recorder, layers))
    if watches:
        surroundings.enter_context(counted(model, recorder.notes))
    else:
        recorder.watches = False
    with surroundings, torch.no_grad(), _slow_attention(), recorder:
        if by_name:
            output = model(**dict(zip(names, args, strict=True)))
        else:
            output = model(*args)
        recorder.paused = True
        result = recorder.plain(plain(output))
    notes = recorder.notes if watches else None
    return Recording(recorder.steps, inputs, result, recorder.asked, notes)


@contextmanager
def _watched(
    recorder: _Recorder, layers: Mapping[str, torch.nn.Module]
) -> Iterator[None]:
    """Let the recorder run these layers inside."""

    def watched(name: str, forward: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            return recorder.layer(name, forward, args, kwargs)

        return run

    replaced: list[torch.nn.Module] = []
    seen: set[int] = set()
    try:
        for name, layer in layers.items():
            if id(layer) not in seen and "forward" not in vars(layer):
                layer.forward = watched(name, layer.forward)
                replaced.append(layer)
            seen.add(id(layer))
        yield
    finally:
        for layer in replaced:
            del layer.forward


@contextmanager
def _slow_attention() -> Iterator[None]:
    """Inside, a TransformerEncoderLayer calls its layers one after another."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
