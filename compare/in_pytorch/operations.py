"""What the operations of a PyTorch model do to an input, watched while it runs."""

from __future__ import annotations

import linecache
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch

from compare.in_pytorch.functions import Function, FunctionMode, calling_frame
from compare.in_pytorch.refusals import REFUSALS
from compare.in_pytorch.size_operations import fixed_bounds, size_notes, size_operations
from compare.in_pytorch.twin import Twin
from compare.in_pytorch.watched_sizes import TELLING, plain
from compare.mistakes.operations import (
    Need,
    Operation,
    above,
    below,
    comparison,
    cut,
    mask,
)
from compare.mistakes.traces import frames

Arguments = Sequence[Any]

# Functions that change values beyond bounds, with the lower and the upper one.
KNEES: Mapping[str, tuple[float | None, float | None]] = {
    "relu": (0, None),
    "leaky_relu": (0, None),
    "prelu": (0, None),
    "elu": (0, None),
    "celu": (0, None),
    "selu": (0, None),
    "abs": (0, None),
    "relu6": (0, 6),
    "hardsigmoid": (-3, 3),
    "hardswish": (-3, 3),
}
# Functions that are told their bounds: the place of the lower and of the upper one
# among their arguments, their names, and what they are where they are not told.
TOLD: Mapping[str, tuple[tuple[int, str, Any] | None, tuple[int, str, Any] | None]] = {
    "hardtanh": ((1, "min_val", -1.0), (2, "max_val", 1.0)),
    "clamp": ((1, "min", None), (2, "max", None)),
    "clip": ((1, "min", None), (2, "max", None)),
    "clamp_min": ((1, "min", None), None),
    "clamp_max": (None, (1, "max", None)),
    "threshold": ((1, "threshold", None), None),
    "maximum": ((1, "other", None), None),
    "fmax": ((1, "other", None), None),
    "minimum": (None, (1, "other", None)),
    "fmin": (None, (1, "other", None)),
    "max": ((1, "other", None), None),
    "min": (None, (1, "other", None)),
}
RECTIFIERS = ("relu", "relu6")  # a unit never above 0 hides what comes after it
EXTREMES = ("max", "min", "maximum", "minimum", "fmax", "fmin")
COMPARISONS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<=", "ne": "!=", "eq": "=="}
PYTORCH = str(Path(torch.__file__).parent)
SUITE = str(Path(__file__).parents[1])


class Watch:
    """Watches the operations of a model.

    Args:
        twin: the model, in one precision.
    """

    def __init__(self, twin: Twin) -> None:
        self._twin = twin

    def __call__(self, arrays: Sequence[np.ndarray]) -> list[Operation]:
        """Run the model, and say what its operations did; nothing after a refusal.

        Args:
            arrays: one for each of the twin's inputs; floats in float32.
        """
        twin = self._twin
        steps = arrays[0].shape[1] if arrays[0].ndim > 1 else None
        for asks in (True, False):
            watching = _Watching(twin.model, steps, asks)
            tensors = [tensor.clone() for tensor in twin.tensors(arrays)]
            try:
                with torch.no_grad(), watching:
                    twin.results(tensors)
                break
            except Exception as error:
                # It may be that a model takes no numbers but Python's own.
                if not asks and not isinstance(error, REFUSALS):
                    raise
        return [*watching.operations, *size_operations(watching.sizes, arrays)]


class _Watching(FunctionMode):
    """Notes what functions of PyTorch do that are called inside.

    Args:
        model: that runs.
        steps: of its first input; None where it has none.
        asks: whether to note what is asked about sizes.

    Attributes:
        operations: as they ran, those of a loop many times.
        sizes: what is asked about them.
    """

    def __init__(self, model: torch.nn.Module, steps: int | None, asks: bool) -> None:
        super().__init__()
        self.operations: list[Operation] = []
        self.sizes, self._asks = size_notes(), asks
        self._steps = steps
        self._names = {id(module): name for name, module in model.named_modules()}

    def call(
        self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Make a call, and note what it does to the values of its arguments."""
        name = getattr(function, "__name__", "")
        if name in TELLING and self._asks:
            return self.sizes.told_by(function, args, function(*args, **kwargs))
        args, kwargs = plain(args), plain(kwargs)
        caller = calling_frame()
        before: list[Operation] = []
        # What works in place changes its argument, so this comes before the call.
        if args and isinstance(args[0], torch.Tensor):
            before = list(self._on_values(name.strip("_"), args, kwargs, caller))
        result = function(*args, **kwargs)
        before += self._on_masks(name, args, kwargs, result, caller)
        if before:
            call = self._call(caller)
            self.operations += [replace(operation, call=call) for operation in before]
        return result

    # --------------------------------------------------------- of the first argument

    def _on_values(
        self, name: str, args: Arguments, kwargs: Mapping[str, Any], caller: FrameType
    ) -> Iterator[Operation]:
        """What a function is about to do to the values of its first argument."""
        x = args[0]
        if name in EXTREMES:
            args = _larger_first(args)
            x = args[0]
        if not x.numel():
            return
        if name in KNEES or name in TOLD:
            if x.dtype == torch.bool or x.is_complex():
                return
            lower, upper = _bounds(name, args, kwargs)
            if lower is None and upper is None:
                return
            if name == "hardtanh" and (lower, upper) == (0, 6):
                name = "relu6"
            place = self._place(name, caller)
            smallest, largest = float(x.min()), float(x.max())
            if lower is not None:
                passed = bool((x < lower).any())
                yield below(place, _number(lower), passed, smallest)
            if upper is not None:
                passed = bool((x > upper).any())
                yield above(place, _number(upper), passed, largest)
            if name in RECTIFIERS:
                yield above(place, 0, largest > 0, largest)
            if name in RECTIFIERS and x.ndim == 2:  # (batch, units)
                alive = (x > 0).any(0).numpy()
                yield Operation(
                    place=f"units of {place}",
                    idle="were dead, never above 0",
                    need="weights",
                    acted=bool(alive.all()),
                    used=alive,
                )
        elif name == "pad":
            amounts = args[1] if len(args) > 1 else ()
            amounts = kwargs.get("pad", amounts)
            place = self._place("padding", caller)
            yield Operation(place, "added nothing", "weights", any(amounts))
        elif name == "embedding":
            yield from self._on_table(args, kwargs, caller)
        elif name == "getitem" and _is_users(caller):
            yield from self._on_slices(x, args[1], caller)

    def _on_table(
        self, args: Arguments, kwargs: Mapping[str, Any], caller: FrameType
    ) -> Iterator[Operation]:
        """Which rows of an embedding are read, and whether they are made shorter."""
        names = ("input", "weight", "padding_idx", "max_norm")
        arguments = dict(zip(names, args, strict=False))
        arguments |= kwargs
        rows, table = arguments["input"], arguments["weight"]
        used = np.zeros(len(table), bool)
        used[rows.numpy().ravel()] = True
        place = self._place("embedding", caller)
        yield Operation(
            place=f"rows of {place}",
            idle="were never read",
            need="rows",
            acted=bool(used.all()),
            used=used,
        )
        longest = arguments.get("max_norm")
        if longest is not None:
            norms = table[torch.from_numpy(used)].norm(dim=-1)
            largest = float(norms.max())
            yield above(f"max_norm of {place}", longest, largest > longest, largest)

    def _on_slices(
        self, x: torch.Tensor, index: Any, caller: FrameType
    ) -> Iterator[Operation]:
        """Slices that end, or begin, where an axis that is long enough would."""
        items = list(index) if isinstance(index, tuple) else [index]
        axis = 0
        for number, item in enumerate(items):
            if item is Ellipsis:
                axis = x.ndim - sum(p is not None for p in items[number + 1 :])
                continue
            if item is None:
                continue
            if isinstance(item, slice) and axis < x.ndim:
                size = x.shape[axis]
                for bound, text in fixed_bounds(item):
                    # A bound of the very size of the axis was read from it.
                    if bound != size:
                        place = self._place(f"slice [{text}]", caller)
                        yield cut(place, bound, size, self._steps)
            axis += 1

    # ------------------------------------------------------------ masks and lengths

    def _on_masks(
        self,
        name: str,
        args: Arguments,
        kwargs: Mapping[str, Any],
        result: Any,
        caller: FrameType,
    ) -> Iterator[Operation]:
        """What masks, lengths and comparisons came to."""
        if name == "_pack_padded_sequence":
            lengths = args[1]
            place = self._place("packing", caller)
            idle = "got no sequence that is shorter than the batch"
            time_axis = 1 if args[2] else 0  # batch_first
            shorter = bool((lengths < args[0].shape[time_axis]).any())
            yield Operation(place, idle, "padding", shorter)
        elif name == "multi_head_attention_forward":
            padding = kwargs.get("key_padding_mask")
            if padding is not None:
                ignored = padding if padding.dtype == torch.bool else padding < 0
                yield mask(self._place("mask", caller), bool(ignored.any()))
        elif not _is_users(caller):
            return
        elif name.strip("_") in ("masked_fill", "masked_scatter"):
            yield mask(self._place(name.strip("_"), caller), bool(args[1].any()))
        elif name == "where" and len(args) == 3:
            condition = args[0]
            ever, never = bool(condition.any()), bool((~condition.bool()).any())
            place = self._place("the condition of where", caller)
            yield from comparison(place, _need(args[1]), ever, never)
        elif name.strip("_") in COMPARISONS and isinstance(result, torch.Tensor):
            yield from self._on_comparison(name.strip("_"), args, result, caller)
        elif name == "__bool__" and _is_branch(caller):
            place = self._place("the condition", caller)
            yield from comparison(place, "values", result, not result)
        elif name in ("__getitem__", "__setitem__"):
            index = args[1]
            if isinstance(index, torch.Tensor) and index.dtype == torch.bool:
                place = self._place("selection by a mask", caller)
                yield from comparison(
                    place, _need(args[0]), bool(index.any()), bool((~index).any())
                )

    def _on_comparison(
        self, name: str, args: Arguments, result: torch.Tensor, caller: FrameType
    ) -> Iterator[Operation]:
        """Whether a comparison came out either way."""
        if result.numel() < 2:  # of one value: `__bool__` tells where it decides
            return
        words = COMPARISONS[name]
        number = _number(args[1])
        if number is not None:
            words += f" {number:g}"
        need: Need = "padding" if name in ("ne", "eq") else _need(args[0])
        ever, never = bool(result.any()), bool((~result).any())
        place = self._place(f"the comparison {words}", caller)
        yield from comparison(place, need, ever, never)

    def _call(self, caller: FrameType) -> tuple[int, ...]:
        """Where in its user's code a function is called, innermost first.

        Two uses of a function on one line, or of one layer, are not the same; those of
        a loop are.
        """
        places = []
        for frame in frames(caller):
            file = frame.f_code.co_filename
            if file.startswith(SUITE):
                break
            if file.startswith(PYTORCH):
                continue
            places.append(frame.f_lasti)
            if id(frame.f_locals.get("self")) in self._names:
                break
        return tuple(places)

    # -------------------------------------------------------------------- in words

    def _place(self, word: str, caller: FrameType) -> str:
        """Where an operation is: the module that runs it, and the user's line."""
        module, line = "", ""
        for frame in frames(caller):
            file = frame.f_code.co_filename
            if file.startswith(SUITE):
                break
            if not line and not file.startswith(PYTORCH):
                line = f" (line {frame.f_lineno} of {Path(file).name})"
            owner = frame.f_locals.get("self")
            if isinstance(owner, torch.nn.Module) and id(owner) in self._names:
                module = self._names[id(owner)]
                break
        if module:
            return f"{word} in `{module}`"
        return f"{word}{line}"


def _is_users(caller: FrameType) -> bool:
    """Whether a function was called by code that is not PyTorch's."""
    handing = ("overrides.py", "_tensor.py")  # of PyTorch, between the two
    for frame in frames(caller):
        file = frame.f_code.co_filename
        if not (file.startswith(PYTORCH) and file.endswith(handing)):
            return not file.startswith((PYTORCH, SUITE))
    return False


def _is_branch(caller: FrameType) -> bool:
    """Whether a user's line goes one way or another, and is no assertion."""
    for frame in frames(caller):
        file = frame.f_code.co_filename
        if not file.startswith(PYTORCH):
            words = linecache.getline(file, frame.f_lineno).split()
            return bool({"if", "elif", "while"} & {*words})
    return False


def _bounds(name: str, args: Arguments, kwargs: Mapping[str, Any]) -> tuple[Any, Any]:
    """The lower and the upper bound of a function, numbers, tensors or None."""
    if name in KNEES:
        return KNEES[name]
    bounds = []
    for argument in TOLD[name]:
        bound = None
        if argument is not None:
            place, keyword, usual = argument
            bound = kwargs.get(keyword, usual)
            if len(args) > place:
                bound = args[place]
        bounds.append(bound)
    if name in EXTREMES:
        # Of two arrays of one shape either may be the larger: no bound.
        for number, bound in enumerate(bounds):
            if not isinstance(bound, torch.Tensor) or bound.numel() == args[0].numel():
                bounds[number] = None
    return bounds[0], bounds[1]


def _larger_first(args: Arguments) -> Arguments:
    """The arguments of a minimum or maximum, the array before its bound."""
    if len(args) < 2 or not isinstance(args[1], torch.Tensor):
        return args
    if args[0].numel() < args[1].numel():
        return (args[1], args[0])
    return args


def _number(bound: Any) -> float | None:
    """A bound as a number; None where it is an array."""
    if isinstance(bound, torch.Tensor):
        return float(bound) if bound.numel() == 1 else None
    return float(bound)


def _need(x: Any) -> Need:
    """What makes a comparison of an array come out otherwise."""
    is_float = isinstance(x, torch.Tensor) and x.is_floating_point()
    return "values" if is_float else "padding"
