"""How a pooling layer of a side is padded as that of the other side."""

from __future__ import annotations

import numpy as np

from compare.judging.words import Side
from compare.kinds.mistake import Call
from compare.kinds.option import Options
from compare.kinds.pooling import edges, reach
from compare.kinds.windows import Around

COUNTED = "padding counted"
REACHING = ("padding", "rounded up", COUNTED)  # settings that say what is around
BY_WORD = ("valid", "same")


def reaching_as(side: Side, right: Call) -> str:
    """What to change on a side for windows that reach as far as the other side's.

    Args:
        side: whose layer is changed.
        right: the layer of the other side, at work.
    """
    is_mean = COUNTED in right.options
    is_by_word = isinstance(right.options["padding"], str)
    counts = bool(right.options.get(COUNTED)) and not is_by_word
    if side == "torch":
        return _in_pytorch(right.x, right.options, is_mean)
    return _in_keras(right.x, {**right.options, COUNTED: counts}, is_mean)


def _in_pytorch(x: np.ndarray, right: Options, is_mean: bool) -> str:
    """Settings of PyTorch's layer, or what to pad before it.

    Args:
        x: what Keras's layer is given, (batch, *spatial, features).
        right: the settings of Keras's layer.
        is_mean: whether the mean of each window is taken.
    """
    uncounted = ", count_include_pad=False" if is_mean else ""
    zeros, _ = edges(x, right)
    numbers = tuple(before for before, _ in zeros)
    for rounded_up in (False, True):
        settings = {**right, "padding": numbers, "rounded up": rounded_up}
        if reach(x, settings) == reach(x, right):
            padding: int | tuple[int, ...] = numbers
            if len(set(numbers)) == 1:
                padding = numbers[0]
            return f"padding={padding}, ceil_mode={rounded_up}{uncounted}"
    padded = ", ".join(f"{before}, {after}" for before, after in reversed(zeros))
    if is_mean:
        return (
            f"padding=0, and divide what it makes of F.pad(x, ({padded})) by what it "
            f"makes of F.pad(torch.ones_like(x), ({padded}))"
        )
    return f"F.pad(x, ({padded}), value=-torch.inf) before it, and padding=0"


def _in_keras(x: np.ndarray, right: Options, is_mean: bool) -> str:
    """Settings of Keras's layer, or what to pad before it; arguments as above."""
    zeros, beyond = edges(x, right)
    if not right[COUNTED]:
        for word in BY_WORD:
            settings = {**right, "padding": word, "rounded up": False}
            if reach(x, settings) == reach(x, right):
                return f'padding="{word}"'
    axes = len(zeros)
    if is_mean and right[COUNTED] and not any(map(any, beyond)):
        return f'ZeroPadding{axes}D({_pairs(zeros)}) before it, and padding="valid"'
    ends = tuple(reach(x, right))
    if not is_mean:
        around = ", ".join(map(str, ((0, 0), *ends, (0, 0))))
        return (
            f'keras.ops.pad(x, ({around}), constant_values=-float("inf")) before it, '
            'and padding="valid"'
        )
    ones = "keras.ops.ones_like(x)"
    if right[COUNTED]:  # what lies beyond the padding does not count
        ones = f"{ones} padded by {_pairs(zeros)} with ones"
    return (
        f'padding="valid", and divide what it makes of ZeroPadding{axes}D'
        f"({_pairs(ends)})(x) by what it makes of such padding of {ones}"
    )


def _pairs(zeros: Around) -> str:
    """Steps before and after each axis as a layer of Keras takes them."""
    if len(zeros) == 1:
        return str(zeros[0])
    return str(tuple(zeros))
