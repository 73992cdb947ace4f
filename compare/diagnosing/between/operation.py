"""What is computed between layers with numbers and with other arrays, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from compare.judging.evidence import OTHER, SIDES
from compare.mistakes.activations import NONE

NOTHING = (NONE, "nothing")  # the names of what leaves an array as it is
Function = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Operation:
    """What a side does to an array on its way, where no function of the library does.

    Two are the same where all fields are.

    Args:
        does: as in "PyTorch adds proj".
        code: as it may be written; x is the array.
        api: the same in Keras, if Keras has a layer or an option for it.
        numbers: of each feature, where `does` tells their range alone.
    """

    does: str
    code: str
    api: str = ""
    numbers: tuple[float, ...] = ()

    def behind(self, function: str) -> Operation:
        """The operation on what a function makes of the array."""
        if function in NOTHING:
            return self
        code = self.code.replace("x", f"({function} of x)", 1)
        does = f"has {function} and {self.does} behind that"
        return Operation(does, code, "", self.numbers)

    def before(self, function: str) -> Operation:
        """The operation, and a function of what it makes."""
        if function in NOTHING:
            return self
        does = f"{self.does} and has {function} behind that"
        return Operation(does, f"{function} of ({self.code})", "", self.numbers)


def composed(first: Callable, then: Function) -> Callable:
    """One function of what another makes."""
    return lambda made: then(first(made))


def fix(right: str | Operation, wrong: str | Operation, side: str, behind: str) -> str:
    """What to change on a side, where either is an operation.

    Args:
        right: what is to be computed.
        wrong: what is.
        side: "torch" or "keras".
        behind: the layer that gets it; nothing where it is returned.
    """
    verb = f"give {behind}" if behind else "return"
    if _code(right) == _code(wrong):
        return f"{verb} {_code(right)}, with the numbers of {SIDES[OTHER[side]]}"
    api = getattr(right, "api", "") if side == "keras" else ""
    return f"{verb} {_code(right)}, not {_code(wrong)}{f', by {api}' * bool(api)}"


def apart(one: str | Operation, other: str | Operation) -> str:
    """How far the numbers of two operations that are one but for them are apart.

    Args:
        one: what one side computes.
        other: what the other does.

    Returns:
        Nothing where they differ in more, or have no numbers of each feature.
    """
    numbers = [np.array(getattr(each, "numbers", ())) for each in (one, other)]
    if _code(one) != _code(other) or not numbers[0].size:
        return ""
    sizes = np.abs(numbers).max(axis=0)
    gap = np.max(np.abs(numbers[0] - numbers[1]) / np.where(sizes, sizes, 1))
    rounded = gap <= np.finfo(np.float32).eps
    return f"up to {gap:.1e} apart{', as float32 rounds them' * bool(rounded)}"


def _code(name):
    """What is computed of x, as it may be written."""
    if isinstance(name, Operation):
        return name.code
    return "x" if name in NOTHING else f"{name} of x"


# ------------------------------------------------------------------- two directions

MERGES: Mapping[Operation, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    Operation(
        "adds the two directions", "forward + backward", 'merge_mode="sum"'
    ): np.add,
    Operation(
        "takes the average of the two directions",
        "(forward + backward) / 2",
        'merge_mode="ave"',
    ): lambda forward, backward: (forward + backward) / 2,
    Operation(
        "multiplies the two directions", "forward * backward", 'merge_mode="mul"'
    ): np.multiply,
    Operation("takes the forward direction alone", "forward"): lambda forward, _: (
        forward
    ),
    Operation("takes the backward direction alone", "backward"): lambda _, backward: (
        backward
    ),
}


def merged(array: np.ndarray) -> dict[Operation, Function]:
    """What may be made of the two halves of an array, one for each direction."""
    half = array.shape[-1] // 2
    return {
        operation: lambda x, merge=merge: merge(x[..., :half], x[..., half:])
        for operation, merge in MERGES.items()
    }
