"""What tensors of PyTorch are in Keras.

What moves axes in PyTorch moves nothing in Keras until a layer needs it: a value knows
which axes of Keras's tensor each axis of PyTorch's tensor is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compare.in_pytorch.unifying import Open
from compare.kinds.graph import Tensor
from compare.porting.reading.traced.sizes import Shape


class Unported(Exception):
    """Something that Keras cannot have; the message is a sentence without a dot."""


@dataclass(frozen=True)
class Value:
    """A tensor of PyTorch, and the tensor of Keras that holds its numbers.

    Args:
        tensor: of Keras.
        shape: of PyTorch's tensor.
        axes: of each of PyTorch's axes, Keras's axes, whose product it is; none of an
            axis of one that Keras's tensor lacks. Every axis of Keras is in one.
        sizes: of Keras's axes. One may be 1 where PyTorch's is larger, which repeats
            the same numbers.
        dtype: such as "float32".
    """

    tensor: Tensor
    shape: Shape
    axes: tuple[tuple[int, ...], ...]
    sizes: Shape
    dtype: str

    @property
    def is_plain(self) -> bool:
        """Whether Keras's tensor has the same axes in the same order."""
        return self.axes == tuple((axis,) for axis in range(len(self.sizes)))


@dataclass(frozen=True)
class Constant:
    """A tensor of PyTorch that depends on no input.

    Args:
        value: its numbers, or an `Open` of them where they depend on sizes.
        name: of the parameter or buffer; empty of others.
    """

    value: Any
    name: str = ""

    @property
    def array(self) -> np.ndarray:
        """Its numbers.

        Raises:
            Unported: if they depend on sizes.
        """
        if isinstance(self.value, np.ndarray):
            return self.value
        raise Unported("a constant that depends on the sizes of the input")


@dataclass(frozen=True)
class Stack:
    """Tensors that PyTorch has one after another along its first axis, as states are.

    Args:
        items: each without that axis.
    """

    items: tuple[Value, ...]


def plain_axes(count: int) -> tuple[tuple[int, ...], ...]:
    """The axes of a tensor that both frameworks have alike."""
    return tuple((axis,) for axis in range(count))


@dataclass(frozen=True)
class Padded:
    """A tensor with numbers put around it, which a convolution may do by itself.

    Args:
        value: without them.
        amounts: before and behind each of PyTorch's axes; below 0 what is cut off.
        number: that is put there.
        shape: with them.
    """

    value: Value
    amounts: tuple[tuple[Any, Any], ...]
    number: float
    shape: Shape


@dataclass(frozen=True)
class LastStep:
    """A sequence of which only the last step is read: this one, (batch, features)."""

    value: Value


@dataclass(frozen=True)
class PackedResult:
    """What a recurrent layer returned of a packed sequence.

    Args:
        value: padded, as its axes are in `batch_first`'s order.
        mask: which steps count, bool (batch, time).
        lengths: how many do, a `Ref`.
        batch_first: whether PyTorch's layer has the batch first.
    """

    value: Value
    mask: Tensor
    lengths: Any
    batch_first: bool


@dataclass(frozen=True)
class Unsorting:
    """The order in which sequences were packed; Keras packs none, and sorts none."""


Known = Value | Constant | Stack | Padded | LastStep | PackedResult | Unsorting


def uniform(constant: Constant) -> float | None:
    """The one number that a constant is made of, in every run; None of others."""
    arrays = [constant.value]
    if isinstance(constant.value, Open):
        arrays = list(constant.value.values)
    numbers = set()
    for array in arrays:
        if not isinstance(array, np.ndarray) or array.size == 0:
            return None
        first = array.reshape(-1)[0]
        if not (array == first).all():
            return None
        numbers.add(first.item())
    return numbers.pop() if len(numbers) == 1 else None


def trimmed(items: Sequence[Any]) -> Any:
    """An index without the whole axes at its end."""
    items = list(items)
    while items and items[-1] == slice(None):
        items.pop()
    return tuple(items)


def written(shape: Shape) -> tuple[int | None, ...]:
    """A shape with None where a size is open."""
    return tuple(None if isinstance(size, Open) else size for size in shape)
