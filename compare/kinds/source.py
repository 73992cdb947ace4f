"""How a layer is written as source of PyTorch: what makes it, and what runs it.

A layer is written on a `Page`, which is a class of the port. `Source.write` gets a
`Site`, adds modules and lines to its page, and returns the expression of the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from compare.kinds.graph import (
    ANY_AXES,
    BATCH,
    Call,
    LayerPlan,
    TensorFacts,
    names_of_axes,
)
from compare.kinds.layer import Arrays
from compare.kinds.names import plain_number
from compare.kinds.page import Moved, Page
from compare.kinds.rows import Row

# Where PyTorch's tensor has the features: second, as its convolutions take them, last,
# as in Keras, or wherever they are.
Layout = Literal["features second", "features last", "any"]


@dataclass(frozen=True)
class TensorText:
    """A tensor in a forward method, as text.

    Args:
        text: an expression that Python can put a dot or an index behind.
        shape: in Keras's order of axes, batch first; None where a size is open.
        dtype: such as "float32".
        features_second: whether PyTorch's tensor has the features as its second axis,
            which are the last one in `shape`.
        mask: the variable that holds which steps count, bool (batch, time); "" where
            Keras hands on no mask with it.
        folded: how many steps each axis has that PyTorch's tensor has in its batch, as
            text: `shape` has these axes after the batch.
        words: what its open sizes are, for each axis, as `TensorFacts` has them.
    """

    text: str
    shape: tuple[int | None, ...]
    dtype: str = "float32"
    features_second: bool = False
    mask: str = ""
    folded: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def axes(self) -> int:
        """How many axes it has, the batch included."""
        return len(self.shape)

    @property
    def features(self) -> int:
        """The size of the last axis, which must be known."""
        size = self.shape[-1]
        assert size is not None, self
        return size

    @property
    def features_axis(self) -> int:
        """The number of PyTorch's axis that has the features."""
        return 1 if self.features_second else -1

    @property
    def step(self) -> TensorText:
        """The same tensor, with what is folded into its batch as the batch."""
        if not self.folded:
            return self
        shape = (None, *self.shape[len(self.folded) + 1 :])
        words = self.words and (BATCH, *self.words[len(self.folded) + 1 :])
        return replace(self, shape=shape, mask="", folded=(), words=words)

    def size_text(self, axis: int) -> str:
        """The size of one of Keras's axes, as a number or in words."""
        size = self.shape[axis]
        if size is not None:
            return "..." if size == ANY_AXES else str(size)
        words = self.words or names_of_axes(self.shape)
        return words[axis]

    def axis_in_torch(self, axis: int) -> int:
        """The number of PyTorch's axis for one of Keras's, counted from either end."""
        axis %= self.axes
        if not self.features_second or axis == 0:
            return axis
        return 1 if axis == self.axes - 1 else axis + 1


@dataclass(frozen=True)
class Site:
    """A place where a layer is called, for the function that writes it.

    Args:
        page: of the class that the call stands in.
        plan: the layer.
        name: its full name, as weights have it.
        attribute: what the port calls it.
        arrays: of Keras's layer, by name.
        inputs: the tensors that it is called with, in the layout of its source.
        outputs: facts of what it returns.
        kwargs: other arguments; tensors are `TensorText`s.
        args: all positional arguments; tensors are `TensorText`s.
        word: a variable's name for the result, for lines of its own.
        read: the numbers of the outputs that something reads.
        result_mask: the variable that `Source.mask_of` returned, or "".
    """

    page: Page
    plan: LayerPlan
    name: str
    attribute: str
    arrays: Arrays
    inputs: tuple[TensorText, ...]
    outputs: tuple[TensorFacts, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    args: tuple[Any, ...] = ()
    word: str = "x"
    read: frozenset[int] = frozenset({0})
    result_mask: str = ""

    @property
    def x(self) -> TensorText:
        """The first tensor that the layer is called with."""
        return self.inputs[0]

    @property
    def mask(self) -> str:
        """The variable that holds the mask of the first tensor, or ""."""
        return self.x.mask

    def setting(self, name: str, default: Any = None) -> Any:
        """A setting of the layer by Keras's name, or a default where it is left out."""
        value = self.plan.config.get(name)
        return default if value is None else value

    def module(
        self,
        text: str,
        kinds: tuple[str, str] | None = None,
        rows: tuple[Row, ...] | None = None,
        suffix: str = "",
        arrays: Arrays | None = None,
    ) -> str:
        """Make a module in the port's `__init__`, once for all calls of the layer.

        Args:
            text: the expression that makes it.
            kinds: what PyTorch and Keras call its kind, by whose rows its arrays move;
                None for a module without arrays, or with `rows`.
            rows: which array is which, where no kind says it.
            suffix: what its attribute ends with, where a layer is several modules.
            arrays: of Keras's layer, that it takes; None for all.

        Returns:
            Such as "self.lstm".
        """
        owner = f"{self.name}|{suffix}"
        is_new = owner not in self.page.owners
        attribute = self.page.attribute(f"{self.attribute}{suffix}", owner, text)
        if is_new and (kinds is not None or rows is not None):
            held = self.arrays if arrays is None else arrays
            move = Moved(attribute, self.name, held, rows, kinds or ("", ""))
            self.page.moves.append(move)
        return f"self.{attribute}"

    def helper(self, name: str) -> None:
        """Have a file of `in_pytorch/ported` copied into the port, once."""
        if name not in self.page.helpers:
            self.page.helpers.append(name)

    def line(self, text: str, comment: str = "") -> None:
        """Add a line to `forward`, with a comment behind it."""
        self.page.lines.append(f"{text}  # {comment}" if comment else text)

    def variable(self, word: str) -> str:
        """A new variable in `forward`; nothing is written yet."""
        return self.page.variable(word)

    def result(self, word: str) -> str:
        """A variable for the line that reads the inputs last; see `Page.result`."""
        return self.page.result(word)

    def note(self, sentence: str) -> None:
        """Tell the reader of the port something about it."""
        if sentence not in self.page.notes:
            self.page.notes.append(sentence)

    def inside(
        self, plan: LayerPlan, inputs: tuple[TensorText, ...], prefix: str
    ) -> Site:
        """The place of a wrapped layer, which is called here as well.

        Args:
            plan: of the wrapped layer.
            inputs: what it is called with.
            prefix: what the names of its arrays begin with, such as "forward.".
        """
        arrays = {
            name.removeprefix(prefix): array
            for name, array in self.arrays.items()
            if name.startswith(prefix)
        }
        return replace(self, plan=plan, inputs=inputs, arrays=arrays)


@dataclass(frozen=True)
class Source:
    """How layers of one class of Keras are written in PyTorch.

    Args:
        write: adds to the site's page; returns the expression of the result, or one for
            each of several. The result has the layout of the source; with "any", that
            of the input.
        layout: where the layer takes the features: Keras's last axis. One that has them
            second in Keras takes the axes in Keras's order, "features last". A function
            takes the layer and the number of axes of the first tensor.
        layout_of_call: where a call takes them, if that depends on its arguments: takes
            the call and the number of axes of the first tensor.
        returns: where the result has them, if not where the layer takes them; a
            function takes the site.
        mask_of: takes the site; returns the variable of the result's mask. None for
            that of the first input.
        problem: takes the layer and its arrays; returns what PyTorch cannot do of it
            and what would be needed, or "".
    """

    write: Callable[[Site], str | Sequence[str]]
    layout: Layout | Callable[[LayerPlan, int], Layout] = "any"
    layout_of_call: Callable[[Call, int], Layout] | None = None
    returns: Layout | Callable[[Site], Layout] | None = None
    mask_of: Callable[[Site], str] | None = None
    problem: Callable[[LayerPlan, Arrays], str] | None = None

    def layout_of(self, plan: LayerPlan, call: Call, axes: int) -> Layout:
        """Where a layer takes the features, by the number of axes of what it takes."""
        if self.layout_of_call is not None:
            return self.layout_of_call(call, axes)
        return self.layout(plan, axes) if callable(self.layout) else self.layout


class Unwritable(Exception):
    """A call that PyTorch cannot have, with what it is and what would be needed."""


# ------------------------------------------------------------------------------- text


def call_text(function: str, *args: Any, **settings: Any) -> str:
    """A call as text: "nn.Linear(8, 4, bias=False)".

    Args:
        function: its name.
        args: numbers, tuples and texts; a tensor's expression as a `TensorText`.
        settings: those that are not the function's defaults.
    """
    pieces = [number_text(value) for value in args]
    pieces += [f"{name}={number_text(value)}" for name, value in settings.items()]
    return f"{function}({', '.join(pieces)})"


def number_text(value: Any) -> str:
    """A setting as text: a tuple of one number, or of equal ones, as this number."""
    if isinstance(value, TensorText):
        return value.text
    if isinstance(value, list | tuple):
        items = list(map(number_text, value))
        if len(items) == 1 or (items and len(set(items)) == 1):
            return items[0]
        return f"({', '.join(items)})"
    if isinstance(value, str):
        return '"' + repr(value)[1:-1].replace('"', '\\"') + '"'
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return plain_number(value) if isinstance(value, float) else repr(value)


def changed(settings: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are not the defaults of PyTorch's layer, to be written out."""
    return {
        name: value
        for name, value in settings.items()
        if name not in defaults or defaults[name] != value
    }


def shape_text(value: TensorText) -> str:
    """The shape of PyTorch's tensor for a comment: (batch, time, 64)."""
    if not value.shape:
        return "of a shape that nothing tells"
    folded, value = value.folded, value.step
    sizes = [value.size_text(axis) for axis in range(value.axes)]
    if value.shape[0] is None:
        sizes[0] = " * ".join((sizes[0], *folded))
    if value.features_second and value.axes > 2:
        sizes.insert(1, sizes.pop())
    return sizes_text(sizes)


def steps_text(*values: TensorText) -> str:
    """The batch and the steps of sequences, for a comment: (batch, time, source_time).

    Args:
        values: the first one has the batch.
    """
    return sizes_text([values[0].size_text(0), *(v.size_text(1) for v in values)])


def sizes_text(sizes: Sequence[str]) -> str:
    """Sizes in brackets, for a comment."""
    inside = ", ".join(sizes)
    return f"({inside},)" if len(sizes) == 1 else f"({inside})"
