"""What an operation of Keras is called with, as text of PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compare.kinds.parameters import held
from compare.kinds.source import (
    Site,
    TensorText,
    Unwritable,
    number_text,
)

MOST_NUMBERS = 8  # of a constant that stands in the lines of a port
FLOAT = "torch.get_default_dtype()"  # float32, unless the user asks for another one


@dataclass(frozen=True)
class Arguments:
    """The arguments of a call.

    Args:
        site: of the call.
        names: the operation's parameters, in order.
    """

    site: Site
    names: tuple[str, ...]

    def __getitem__(self, name: str) -> Any:
        """The argument of a name; a tensor as a `TensorText`.

        Raises:
            Unwritable: if there is none.
        """
        value = self.get(name)
        if value is None:
            raise Unwritable(f"expected an argument {name}, got none")
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """The argument of a name, or a default where it is left out, or None."""
        place = self.names.index(name)
        if place < len(self.site.args):
            value = self.site.args[place]
        else:
            value = self.named(name)
        return default if value is None else value

    def named(self, name: str) -> Any:
        """An argument that may be given before the tensors, or by its name."""
        value = self.site.kwargs.get(name, self.site.plan.config.get(name))
        first = self.site.args[0] if self.site.args else None
        return first if value is None and isinstance(first, str) else value

    @property
    def x(self) -> TensorText:
        """The first argument, a tensor."""
        value = self[self.names[0]]
        if not isinstance(value, TensorText):
            raise Unwritable(f"expected a tensor as {self.names[0]}, got a constant")
        return value

    def axis(self, name: str = "axis", default: int | None = None) -> int | None:
        """The number of PyTorch's axis that an argument means; None for none."""
        value = self.get(name, default)
        if isinstance(value, list | tuple) and len(value) == 1:
            (value,) = value
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise Unwritable(f"expected a number as {name}, got {value!r}")
        return value if not self.x.features_second else self.x.axis_in_torch(value)

    def operand(self, name: str) -> str:
        """An argument that is a number, a tensor, or an array, as an expression."""
        value = self[name]
        if isinstance(value, TensorText):
            return value.text
        if isinstance(value, bool | int | float):
            return number_text(value)
        return constant(self.site, np.asarray(value))

    @property
    def is_float(self) -> bool:
        """Whether the first argument has floats."""
        return "float" in self.x.dtype


def constant(site: Site, array: np.ndarray) -> str:
    """An array that the call holds, as an expression.

    One of many numbers is a buffer of the port.

    Args:
        site: of the call.
        array: its axes are the last ones of the tensors that it is called with.
    """
    if array.dtype.kind not in "biuf":
        raise Unwritable(f"expected numbers, got an array of {array.dtype}")
    if array.ndim == 0:
        return number_text(array.item())
    tensors = [value for value in site.inputs if value.axes >= array.ndim]
    like = tensors[0] if tensors else site.x
    if like.features_second:
        array = array.reshape((1,) * (like.axes - array.ndim) + array.shape)
        array = np.moveaxis(array, -1, 1)
    if array.size <= MOST_NUMBERS:
        numbers = list_text(array.tolist())
        if array.dtype.kind == "f" and "float" not in like.dtype:
            return f"torch.tensor({numbers}, device={like.text}.device)"
        return f"{like.text}.new_tensor({numbers})"
    dtype = {"f": "", "b": ", dtype=torch.bool"}.get(array.dtype.kind, "")
    if array.dtype.kind in "iu":
        dtype = ", dtype=torch.int64"
    sizes = ", ".join(map(str, array.shape))
    made = f"nn.Buffer(torch.zeros({sizes}{dtype}))"
    return _buffer(site, made, array)


def _buffer(site: Site, made: str, array: np.ndarray) -> str:
    """A buffer of the port that holds an array; one for all calls that have it.

    Args:
        site: of the call.
        made: what makes it.
        array: in PyTorch's order of axes.
    """
    of_layer = [
        (name, before)
        for move in site.page.moves
        if move.layer == site.name and not move.attribute
        for name, before in move.arrays.items()
    ]
    for name, before in of_layer:
        if np.array_equal(before, array):
            return f"self.{name}"
    suffix = f"_constant_{len(of_layer) + 1}" if of_layer else "_constant"
    return held(site, made, suffix, array)


def list_text(value: Any) -> str:
    """Numbers in lists as text; lists stay lists."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(list_text, value))}]"
    return number_text(value)


def tuple_text(values: Sequence[Any]) -> str:
    """Several numbers as a tuple, one of them without brackets."""
    if len(values) == 1:
        return str(values[0])
    return f"({', '.join(map(str, values))})"


def axes_of(arguments: Arguments, name: str = "axis") -> list[int]:
    """The numbers of PyTorch's axes that an argument means; none for all of them."""
    value = arguments.get(name)
    if value is None:
        return []
    values = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(axis, int) for axis in values):
        raise Unwritable(f"expected numbers as {name}, got {value!r}")
    x = arguments.x
    return [x.axis_in_torch(axis) if x.features_second else axis for axis in values]
