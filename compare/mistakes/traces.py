"""What a model does to one input, operation by operation, with the user's lines."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from compare.shell import cell_of

MOST_STEPS = 1500  # operations that are noted; those of long loops come to no end
MOST_BYTES = 300_000_000  # of all values that are noted
FEW = 16  # whole numbers in a vector that is taken for a shape
BYTES = 2  # of an instruction of Python
MOST_LETTERS = 200  # of a line
CONSTANT = "a constant"  # the source of a value that is none of the model's
RETURN = -1  # the number of the step in which a model returns its results


@dataclass(frozen=True)
class Line:
    """A line of a user's source.

    Args:
        file: its name, without the folder; of a notebook's cell, such as In[3].
        number: from 1.
        text: without the spaces around it; of a call of several lines all of them.
        place: tells operations of one line apart.
    """

    file: str
    number: int
    text: str
    place: int = 0

    def __str__(self) -> str:
        if not self.text:
            return f"{self.file}:{self.number}"
        return f"{self.file}:{self.number}: {self.text}"


@dataclass(frozen=True)
class Value:
    """An array that goes into an operation or comes out of one.

    Args:
        number: its place among the values of its trace.
        array: of the model's own layout.
        maker: the number of the step that made it; None of an input of the model, a
            parameter or a constant.
        source: what it is, in words, where no step made it.
    """

    number: int
    array: np.ndarray
    maker: int | None
    source: str = ""


@dataclass(frozen=True)
class Step:
    """One operation of a model at work.

    Args:
        number: counts the operations of a run; those that make nothing are left out.
        name: as the user writes it, such as "softmax", "+" or "Conv1d".
        inputs: numbers of the values that it takes, in order.
        outputs: numbers of the values that it makes.
        arguments: what else it is told, such as an axis; tensors among positional ones
            are None.
        layer: the path of the layer that it is, or inside which it is.
        is_layer: whether it is the whole of a layer of the framework.
        has_weights: whether it is a layer that holds some.
        line: of the user's source, from which it is called; None where no such line is
            known.
    """

    number: int
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    arguments: Mapping[str, Any]
    layer: str
    is_layer: bool
    line: Line | None
    has_weights: bool = False


@dataclass(frozen=True)
class Trace:
    """What a model did to one input.

    Args:
        steps: by number, in the order of the run; the last is RETURN, which takes the
            results and makes nothing.
        values: of all steps.
        is_cut: whether there was more than is noted.
    """

    steps: Mapping[int, Step]
    values: Sequence[Value]
    is_cut: bool = False

    @property
    def results(self) -> tuple[int, ...]:
        """The numbers of the values that the model returns."""
        return self.steps[RETURN].inputs

    def array(self, number: int) -> np.ndarray:
        """The array of a value."""
        return self.values[number].array

    def maker(self, number: int) -> Step | None:
        """The step that made a value, if one did."""
        step = self.values[number].maker
        return None if step is None else self.steps[step]


@dataclass(frozen=True)
class Replacement:
    """Something else in the place of what an operation takes or makes.

    Args:
        step: its number; RETURN for what the model returns.
        place: which of its inputs, or of its outputs.
        array: of any shape, floats in float64; None where what is there stays, but for
            what follows.
        is_input: whether it is an input.
        through: the path of a layer of the model that what is there goes through.
        hands_on: which of its inputs the step makes, as it is; None where it does what
            it does.
        taken: the number of a step before and the place of its output, which takes the
            place as that run makes it; None where an array does.
        is_input_taken: whether `taken` is the place of an input, and not of an output.
        part: of what is put; the rest is of what is there.
    """

    step: int
    place: int
    array: np.ndarray | None = None
    is_input: bool = False
    through: str = ""
    hands_on: int | None = None
    taken: tuple[int, int] | None = None
    is_input_taken: bool = False
    part: float = 1.0


@dataclass
class Recorder:
    """Notes values and steps while a model runs.

    Args:
        as_array: makes a copy of a tensor as NumPy has it; None of what has none.
        key_of: what tells a tensor, as it is now, from every other that is alive.
    """

    as_array: Callable[[Any], np.ndarray | None]
    key_of: Callable[[Any], Any]
    steps: dict[int, Step] = field(default_factory=dict)
    values: list[Value] = field(default_factory=list)
    is_cut: bool = False
    _by_key: dict[Any, int] = field(default_factory=dict)
    _by_content: dict[Any, int] = field(default_factory=dict)
    _alive: list[Any] = field(default_factory=list)  # no identity is given twice
    _bytes: int = 0

    def source(self, tensor: Any, words: str) -> None:
        """Note a tensor that no step made."""
        array = self.as_array(tensor)
        if array is not None:
            self._add(tensor, array, None, words)

    def step(
        self,
        number: int,
        name: str,
        inputs: tuple[int, ...],
        outputs: Sequence[Any],
        arguments: Mapping[str, Any],
        layer: str,
        is_layer: bool,
        line: Line | None,
        has_weights: bool = False,
    ) -> None:
        """Note an operation; arguments as in `Step`, but that it makes tensors."""
        if len(self.steps) >= MOST_STEPS or self._bytes > MOST_BYTES:
            self.is_cut = True
            return
        makes = []
        is_of_data = any(self.values[n].source != CONSTANT for n in inputs)
        for tensor in outputs:
            array = self.as_array(tensor)
            if array is not None and (is_of_data or not is_shape(array)):
                makes.append((tensor, array))
        if not makes:
            return
        made = tuple(self._add(tensor, array, number, "") for tensor, array in makes)
        self.steps[number] = Step(
            number, name, inputs, made, arguments, layer, is_layer, line, has_weights
        )

    def numbers(self, tensors: Sequence[Any]) -> tuple[int, ...]:
        """The values that tensors hold, new ones where nothing is known of them."""
        numbers = []
        for tensor in tensors:
            number = self._by_key.get(self.key_of(tensor))
            if number is None:
                array = self.as_array(tensor)
                if array is None:
                    continue
                number = self._by_content.get(_content(array))
                if number is None:
                    number = self._add(tensor, array, None, CONSTANT)
            numbers.append(number)
        return tuple(numbers)

    def trace(self, results: Sequence[Any]) -> Trace:
        """All that was noted of a run that returned these tensors."""
        end = Step(RETURN, "return", self.numbers(results), (), {}, "", False, None)
        return Trace({**self.steps, RETURN: end}, self.values, self.is_cut)

    def _add(
        self, tensor: Any, array: np.ndarray, maker: int | None, words: str
    ) -> int:
        number = len(self.values)
        self.values.append(Value(number, array, maker, words))
        self._by_key[self.key_of(tensor)] = number
        self._by_content[_content(array)] = number
        self._alive.append(tensor)
        self._bytes += array.nbytes
        return number


def is_shape(array: np.ndarray) -> bool:
    """Whether whole numbers are few enough to be a shape, or a part of one."""
    return array.dtype.kind in "iu" and array.ndim < 2 and array.size <= FEW


def _content(array: np.ndarray) -> tuple[Any, ...]:
    """What tells arrays of other numbers or another shape apart."""
    return array.shape, array.dtype.str, hash(array.tobytes())


def frames(frame: FrameType | None) -> Iterator[FrameType]:
    """A frame and those that called it, innermost first."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def line_of(frame: FrameType | None, passed: tuple[str, ...], end: str) -> Line | None:
    """The line of a user's source that called what runs in a frame.

    Args:
        frame: the innermost.
        passed: what the paths of files begin with that are not the user's.
        end: what the paths of files begin with at which the search ends.
    """
    for candidate in frames(frame):
        file = candidate.f_code.co_filename
        if file.startswith(passed):
            continue
        if file.startswith(end):
            return None
        number = candidate.f_lineno
        text = _written(candidate)
        name = cell_of(file) or Path(file).name
        return Line(name, number, text, candidate.f_lasti)
    return None


def _written(frame: FrameType) -> str:
    """What runs in a frame as its source has it, several lines put into one."""
    code, line = frame.f_code, frame.f_lineno
    positions = islice(code.co_positions(), frame.f_lasti // BYTES, None)
    start, end, _, _ = next(positions, (None, None, None, None))
    last = line if start != line or end is None else end
    lines = [
        linecache.getline(code.co_filename, number).strip()
        for number in range(line, last + 1)
    ]
    text = " ".join(filter(None, lines))
    return text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}..."
