"""What is computed between layers with numbers and with other arrays, in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from compare.judging.result import OTHER, SIDES
from compare.judging.words import Side
from compare.mistakes.activations import NONE

NOTHING = (NONE, "nothing")  # the names of what leaves an array as it is
Function = Callable[[np.ndarray], np.ndarray]
Merge = Callable[[np.ndarray, np.ndarray], np.ndarray]

FEW = 3  # numbers, of which fewer are multiples of others by chance
FAR = 2  # times as large, or more, where numbers are told as a multiple
AS_ROUNDED = "as float32 rounds them"  # the numbers of two operations


@dataclass(frozen=True)
class Operation:
    """What a side does to an array on its way, where no function of the library does.

    Two operations are the same where all fields are equal.

    Args:
        does: a verb and its object, such as "adds proj" in "PyTorch adds proj".
        code: how to write it, where x is the array.
        api: how Keras writes it, if Keras has a layer or an option for it.
        numbers: the numbers of each feature, where `does` tells their range alone.
        plain: how to write the array in PyTorch as it should be, where that is not x.
        of_means: of a pool of the largest, what one of means does, where that comes to
            the mean of all steps; "" where it does not.
    """

    does: str
    code: str
    api: str = ""
    numbers: tuple[float, ...] = ()
    plain: str = ""
    of_means: str = ""

    def after(self, function: str) -> Operation:
        """The operation on what a function, given by its name, makes of the array."""
        if function in NOTHING:
            return self
        code = re.sub(r"\bx\b", f"({function} of x)", self.code, count=1)
        does = f"has {function} and {self.does} after that"
        return Operation(does, code, "", self.numbers)

    def before(self, function: str) -> Operation:
        """A function, given by its name, of what the operation makes."""
        if function in NOTHING:
            return self
        does = f"{self.does} and has {function} after that"
        return Operation(does, f"{function} of ({self.code})", "", self.numbers)


Change = str | Operation  # a function of the library by its name, or an operation


def composed(function: Function, then: Function) -> Function:
    """The function that applies one function, and another to its result."""

    def apply(x: np.ndarray) -> np.ndarray:
        return then(function(x))

    return apply


# ---------------------------------------------------------------------------- in words


def fix(right: Change, wrong: Change, side: Side, following: str | None) -> str:
    """What to change on a side, where something is computed by an operation.

    Args:
        right: what should be computed; this or `wrong` is an operation.
        wrong: what is computed.
        side: "torch" or "keras".
        following: the layer that gets the result; None where the model returns it.
    """
    verb = f"give {following}" if following else "return"
    right_code, wrong_code = _code(right), _code(wrong)
    if right in NOTHING and isinstance(wrong, Operation) and side == "torch":
        right_code = wrong.plain or right_code
    if right_code == wrong_code:
        return f"{verb} {right_code}, with the numbers of {SIDES[OTHER[side]]}"
    sentence = f"{verb} {right_code}, not {wrong_code}"
    if side == "keras" and isinstance(right, Operation) and right.api:
        sentence += f", by {right.api}"
    return sentence


def apart(torch: Change, keras: Change) -> str:
    """How far the numbers of two operations are apart that are else the same.

    Args:
        torch: what PyTorch's model computes.
        keras: what Keras's model computes.

    Returns:
        Nothing where they differ in more, or have no numbers of each feature.
    """
    if not isinstance(torch, Operation) or not isinstance(keras, Operation):
        return ""
    if torch.code != keras.code or not torch.numbers:
        return ""
    torch_numbers, keras_numbers = np.array(torch.numbers), np.array(keras.numbers)
    alike = _order(torch_numbers, keras_numbers)
    alike = alike or _multiple(torch_numbers, keras_numbers)
    if alike:
        return alike
    sizes = np.maximum(np.abs(torch_numbers), np.abs(keras_numbers))
    sizes[sizes == 0] = 1
    gap = np.max(np.abs(torch_numbers - keras_numbers) / sizes)
    if gap <= np.finfo(np.float32).eps:
        return f"up to {gap:.1e} apart, {AS_ROUNDED}"
    return f"up to {gap:.1e} apart"


def _multiple(torch: np.ndarray, keras: np.ndarray) -> str:
    """Which part or multiple of those of Keras all numbers are; "" for none.

    As where one side alone divides an image by 255 before its means are subtracted.
    """
    if torch.shape != keras.shape or len(torch) < FEW or 0 in torch or 0 in keras:
        return ""
    ratios = torch / keras
    ratio = float(np.median(ratios))
    is_far = max(abs(ratio), 1 / abs(ratio)) >= FAR
    if not is_far or not np.allclose(ratios, ratio, rtol=1e-6, atol=0):
        return ""
    if abs(ratio) < 1:
        return f"each 1/{1 / ratio:.6g} of that of Keras"
    return f"each {ratio:.6g} times that of Keras"


def _order(torch: np.ndarray, keras: np.ndarray) -> str:
    """In which order one side has the numbers of the other; "" for other numbers.

    Where there are two for each feature, those of all features come one after another.
    """
    if torch.shape != keras.shape or np.array_equal(torch, keras):
        return ""
    if np.allclose(torch, keras, rtol=np.finfo(np.float32).eps, atol=0):
        return ""  # in the same order, but for a rounding
    for count in (1, 2):  # of numbers for each feature
        if len(torch) % count:
            continue
        rows, keras_rows = torch.reshape(count, -1), keras.reshape(count, -1)
        if np.allclose(rows[:, ::-1], keras_rows, rtol=1e-7, atol=0):
            return "the same in reverse order of the features"
    if np.allclose(np.sort(torch), np.sort(keras), rtol=1e-7, atol=0):
        return "the same in another order"
    return ""


def _code(change: Change) -> str:
    """How to write what is computed of x."""
    if isinstance(change, Operation):
        return change.code
    if change in NOTHING:
        return "x"
    return f"{change} of x"


# ---------------------------------------------------------------------- two directions


def average(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The average of two arrays of one shape, element by element."""
    return (a + b) / 2


def _forward(forward: np.ndarray, backward: np.ndarray) -> np.ndarray:
    return forward


def _backward(forward: np.ndarray, backward: np.ndarray) -> np.ndarray:
    return backward


MERGES: Mapping[Operation, Merge] = {
    Operation(
        "adds the two directions", "forward + backward", 'merge_mode="sum"'
    ): np.add,
    Operation(
        "takes the average of the two directions",
        "(forward + backward) / 2",
        'merge_mode="ave"',
    ): average,
    Operation(
        "multiplies the two directions", "forward * backward", 'merge_mode="mul"'
    ): np.multiply,
    Operation("takes the forward direction alone", "forward"): _forward,
    Operation("takes the backward direction alone", "backward"): _backward,
}


def merged(array: np.ndarray) -> dict[Operation, Function]:
    """What may be made of the two directions of a recurrent layer.

    Args:
        array: (batch, ..., features), the features of the forward direction first.

    Returns:
        By operation, a function that takes such an array to one of half as many
        features.
    """
    size = array.shape[-1] // 2  # of one direction
    return {operation: _of_halves(merge, size) for operation, merge in MERGES.items()}


def _of_halves(merge: Merge, size: int) -> Function:
    """The function that merges the first `size` features with the others."""

    def apply(x: np.ndarray) -> np.ndarray:
        return merge(x[..., :size], x[..., size:])

    return apply
