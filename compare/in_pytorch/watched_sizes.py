"""Sizes of tensors that note what they are compared with, while a module runs.

They are whole numbers to whoever asks. What is computed of them is followed, so that
one can tell at which sizes a comparison would have come out otherwise.
"""

from __future__ import annotations

import builtins
import math
import operator
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
import torch

SITE = str(Path(torch.__file__).parents[1])
SIZES = ("size", "__len__", "numel", "nelement")  # functions that tell sizes
TELLING = ("__get__", *SIZES)  # one of an attribute, such as `shape`, among them
STEPWISE = (operator.floordiv, operator.mod, np.ceil, np.floor)
DEEPEST = 60  # operations in a formula
MOST = 5_000  # comparisons that are noted in a run

Number = int | float
# A number, the key of a size that was handed out, or a function with its arguments.
Formula = Any


@dataclass(frozen=True)
class Origin:
    """A size that a module was told.

    Args:
        place: where in its code.
        turn: how many were told in this place before.
        axis: of the tensor; -1 of what has none.
    """

    place: str
    turn: int
    axis: int


@dataclass(frozen=True)
class Comparison:
    """A question about sizes that a module's code asks.

    Args:
        place: where, by the user's line.
        turn: how many were asked in this place before.
        function: that compares two numbers.
        left, right: what is compared.
        outcome: of this run.
        is_slice: whether it is a slice that ends, or begins, at a fixed place.
        is_value: whether it asks if a number is another one than in this run.
    """

    place: str
    turn: int
    function: Callable[[Any, Any], Any]
    left: Formula
    right: Formula
    outcome: bool
    is_slice: bool = False
    is_value: bool = False

    def outcomes(self, sizes: Mapping[Origin, Any]) -> np.ndarray:
        """How it would come out, where sizes are arrays of what they may be."""
        left, right = computed(self.left, sizes), computed(self.right, sizes)
        return np.asarray(self.function(left, right), bool)


class SizeNotes:
    """What a module asks about sizes in one run.

    Args:
        place: tells where its code is just now.

    Attributes:
        told: each size that was handed out.
        comparisons: in order.
        lost: where a size became a number that is not followed, with its formula.
    """

    def __init__(self, place: Callable[[], str]) -> None:
        self._place = place
        self._turns: Counter[str] = Counter()
        self.told: dict[Origin, int] = {}
        self.comparisons: list[Comparison] = []
        self.lost: list[tuple[str, Formula]] = []

    def told_by(self, function: Any, args: Sequence[Any], result: Any) -> Any:
        """What a module gets for a result that may tell a size of a tensor."""
        name = getattr(function, "__name__", "")
        if name == "__get__":
            owner = getattr(function, "__self__", None)
            if getattr(owner, "__name__", "") != "shape":
                return result
        elif name not in SIZES:
            return result
        if isinstance(result, torch.Size):
            turn = self._turn("shape")
            sizes = [self._size(turn, axis, n) for axis, n in enumerate(result)]
            return torch.Size(sizes)
        if type(result) is not int:
            return result
        axis = -1
        if name == "size" and len(args) > 1:
            axis = args[1] % max(args[0].ndim, 1)
        elif name == "__len__":
            axis = 0
        return self._size(self._turn("shape"), axis, result)

    def told_number(self, number: int) -> WatchedSize:
        """A count that is no size of one tensor, such as the length of a list."""
        return self._size(self._turn("count"), -1, number)

    def sliced(self, x: torch.Tensor, index: Any) -> None:
        """Note where slices of a tensor end or begin at fixed places."""
        items = list(index) if isinstance(index, tuple) else [index]
        axis = 0
        for number, item in enumerate(items):
            if item is Ellipsis:
                axis = x.ndim - sum(part is not None for part in items[number + 1 :])
                continue
            if item is None:
                continue
            if isinstance(item, slice) and axis < x.ndim:
                for bound in (item.start, item.stop):
                    if type(bound) is int and abs(bound) > 1:
                        turn = self._turn("shape")
                        size = self._size(turn, axis, x.shape[axis])
                        self.compared(operator.gt, size, abs(bound), is_slice=True)
            axis += 1

    def compared(
        self, function: Any, left: Number, right: Number, is_slice: bool = False
    ) -> bool:
        """Compare two numbers, and note it."""
        outcome = bool(function(plain(left), plain(right)))
        if len(self.comparisons) < MOST:
            place, turn = self._turn("comparison")
            formulas = formula_of(left), formula_of(right)
            self.comparisons.append(
                Comparison(place, turn, function, *formulas, outcome, is_slice)
            )
        return outcome

    def valued(self, formula: Formula, value: Number) -> None:
        """Note what a number was that may be the same at many sizes."""
        if len(self.comparisons) < MOST:
            place, turn = self._turn("value")
            self.comparisons.append(
                Comparison(
                    place, turn, operator.ne, formula, value, False, is_value=True
                )
            )

    def lose(self, number: WatchedSize | WatchedRatio, formula: Formula) -> None:
        """Note that a number, computed by a formula, is followed no longer."""
        self.lost.append((self._place(), number.formula))
        self.valued(formula, int(plain(number)))

    def made(self, value: Any, formula: Formula, depth: int) -> Any:
        """A number that was computed of sizes."""
        cls = WatchedSize if isinstance(value, int) else WatchedRatio
        if not isinstance(value, int | float):
            return value
        number = cls(value)
        number.notes, number.formula, number.depth = self, formula, depth
        if depth > DEEPEST:
            self.lose(number, formula)
            return value
        if isinstance(formula, tuple) and formula[0] in STEPWISE:
            self.valued(formula, value)
        return number

    def _size(self, place: tuple[str, int], axis: int, value: int) -> WatchedSize:
        origin = Origin(*place, axis)
        self.told[origin] = int(value)
        return self.made(int(value), origin, 0)

    def _turn(self, kind: str) -> tuple[str, int]:
        """Where the code is, and how often it was there."""
        place = self._place()
        key = f"{kind} {place}"
        self._turns[key] += 1
        return place, self._turns[key]


def plain(value: Any) -> Any:
    """A number that notes nothing; numbers in lists and tuples as well."""
    if isinstance(value, WatchedSize):
        return int.__int__(value)
    if isinstance(value, WatchedRatio):
        return float.__float__(value)
    if isinstance(value, slice):
        return slice(plain(value.start), plain(value.stop), plain(value.step))
    if type(value) is torch.Size:
        return torch.Size([plain(item) for item in value])
    if type(value) in (list, tuple):
        return type(value)(map(plain, value))
    if type(value) is dict:
        return {key: plain(item) for key, item in value.items()}
    return value


def formula_of(number: Any) -> Formula:
    """How a number comes of sizes; itself where it comes of none."""
    if isinstance(number, WatchedSize | WatchedRatio):
        return number.formula
    return number


def computed(formula: Formula, sizes: Mapping[Origin, Any]) -> Any:
    """A formula where sizes are these numbers, or arrays of numbers."""
    if isinstance(formula, Origin):
        return sizes[formula]
    if isinstance(formula, tuple):
        function, *arguments = formula
        with np.errstate(all="ignore"):
            return function(*(computed(part, sizes) for part in arguments))
    return formula


def origins_in(formula: Formula) -> Iterator[Origin]:
    """The sizes that a formula is made of."""
    if isinstance(formula, Origin):
        yield formula
    elif isinstance(formula, tuple):
        for part in formula[1:]:
            yield from origins_in(part)


# ------------------------------------------------------------------------- the numbers


def _binary(function: Callable[[Any, Any], Any], is_reflected: bool = False) -> Any:
    def method(self: Any, other: Any) -> Any:
        if not isinstance(other, int | float):
            return NotImplemented
        left, right = (other, self) if is_reflected else (self, other)
        value = function(plain(left), plain(right))
        depth = 1 + max(self.depth, getattr(other, "depth", 0))
        formula = (function, formula_of(left), formula_of(right))
        return self.notes.made(value, formula, depth)

    return method


def _unary(function: Callable[[Any], Any], on_arrays: Callable[[Any], Any]) -> Any:
    def method(self: Any) -> Any:
        value = function(plain(self))
        return self.notes.made(value, (on_arrays, self.formula), self.depth + 1)

    return method


def _compared(function: Callable[[Any, Any], Any]) -> Any:
    def method(self: Any, other: Any) -> Any:
        if not isinstance(other, int | float):
            return NotImplemented
        return self.notes.compared(function, self, other)

    return method


class _Watched:
    """What both kinds of numbers have.

    Attributes:
        notes: of the run.
        formula: how it comes of sizes.
        depth: of the formula.
    """

    notes: SizeNotes
    formula: Formula
    depth: int

    __add__ = _binary(operator.add)
    __radd__ = _binary(operator.add, is_reflected=True)
    __sub__ = _binary(operator.sub)
    __rsub__ = _binary(operator.sub, is_reflected=True)
    __mul__ = _binary(operator.mul)
    __rmul__ = _binary(operator.mul, is_reflected=True)
    __floordiv__ = _binary(operator.floordiv)
    __rfloordiv__ = _binary(operator.floordiv, is_reflected=True)
    __truediv__ = _binary(operator.truediv)
    __rtruediv__ = _binary(operator.truediv, is_reflected=True)
    __mod__ = _binary(operator.mod)
    __rmod__ = _binary(operator.mod, is_reflected=True)
    __neg__ = _unary(operator.neg, operator.neg)
    __pos__ = _unary(operator.pos, operator.pos)
    __abs__ = _unary(operator.abs, np.abs)
    __ceil__ = _unary(math.ceil, np.ceil)
    __floor__ = _unary(math.floor, np.floor)
    __lt__ = _compared(operator.lt)
    __le__ = _compared(operator.le)
    __gt__ = _compared(operator.gt)
    __ge__ = _compared(operator.ge)
    __eq__ = _compared(operator.eq)
    __ne__ = _compared(operator.ne)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __bool__(self) -> bool:
        return self.notes.compared(operator.ne, self, 0)  # type: ignore[arg-type]

    def __int__(self) -> int:
        self.notes.lose(self, (np.trunc, self.formula))  # type: ignore[arg-type]
        return int(plain(self))

    def __trunc__(self) -> int:
        return int(self)

    def __float__(self) -> float:
        self.notes.lose(self, (np.trunc, self.formula))  # type: ignore[arg-type]
        return float(plain(self))

    def __reduce__(self) -> Any:
        value = plain(self)
        return type(value), (value,)


class WatchedSize(_Watched, int):
    """A whole number that comes of sizes."""

    def __hash__(self) -> int:
        return int.__hash__(self)


class WatchedRatio(_Watched, float):
    """A number with a fraction that comes of sizes."""

    def __hash__(self) -> int:
        return float.__hash__(self)


# ------------------------------------------------------------ what Python itself counts


@contextmanager
def counted(model: torch.nn.Module, notes: SizeNotes) -> Iterator[None]:
    """Inside, `len`, `range` and `enumerate` of the module's files are followed.

    Python makes plain numbers of what these return.

    Args:
        model: whose files, and those that these import functions from.
        notes: take what they count.
    """

    def length(value: Any) -> Any:
        number = builtins.len(value)
        if isinstance(number, WatchedSize) or isinstance(value, str | bytes):
            return number
        return notes.told_number(number)

    def steps(*args: Any) -> Any:
        numbers = builtins.range(*map(plain, args))
        if not any(isinstance(argument, WatchedSize) for argument in args):
            return numbers
        return _with_largest(list(numbers))

    def numbered(values: Any, start: int = 0) -> Any:
        items = list(values)
        numbers = builtins.range(plain(start), plain(start) + builtins.len(items))
        return iter(list(zip(_with_largest(list(numbers)), items, strict=True)))

    def _with_largest(numbers: list[Any]) -> list[Any]:
        if numbers:
            place = numbers.index(max(numbers))
            numbers[place] = notes.told_number(numbers[place])
        return numbers

    names = {"len": length, "range": steps, "enumerate": numbered}
    replaced = []
    try:
        for space in _spaces(model):
            for name, function in names.items():
                if name not in space:
                    space[name] = function
                    replaced.append((space, name))
        yield
    finally:
        for space, name in replaced:
            space.pop(name, None)


def _spaces(model: torch.nn.Module) -> list[dict[str, Any]]:
    """The names of each file of the user's that a module's code is in."""
    spaces: dict[int, dict[str, Any]] = {}
    for module in model.modules():
        for cls in type(module).__mro__:
            home = sys.modules.get(cls.__module__)
            if cls is not object and home is not None:
                spaces[id(vars(home))] = vars(home)
            for value in vars(cls).values():
                if isinstance(value, FunctionType):
                    spaces[id(value.__globals__)] = value.__globals__
    for space in list(spaces.values()):
        if _is_users(space):
            for value in space.values():
                if isinstance(value, FunctionType):
                    spaces[id(value.__globals__)] = value.__globals__
    return [space for space in spaces.values() if _is_users(space)]


def _is_users(space: Mapping[str, Any]) -> bool:
    """Whether names are of a file that is of no package and not of Python."""
    name = str(space.get("__name__", "")).split(".")[0]
    is_installed = str(space.get("__file__") or SITE).startswith(SITE)
    return not is_installed and name not in sys.stdlib_module_names
