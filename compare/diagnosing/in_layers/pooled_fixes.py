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


def reaching_as(side: Side, wanted: Call) -> str:
    """What to change on a side for windows that reach as far as the other side's.

    Args:
        side: whose layer is changed.
        wanted: the layer of the other side, at work.
    """
    is_mean = COUNTED in wanted.options
    counts = bool(wanted.options.get(COUNTED)) and not isinstance(
        wanted.options["padding"], str
    )
    if side == "torch":
        return _in_pytorch(wanted.x, wanted.options, is_mean)
    return _in_keras(wanted.x, {**wanted.options, COUNTED: counts}, is_mean)


def _in_pytorch(x: np.ndarray, wanted: Options, is_mean: bool) -> str:
    """Settings of PyTorch's layer, or what to pad before it.

    Args:
        x: what Keras's layer is given, (batch, *spatial, features).
        wanted: Keras's settings.
        is_mean: whether the mean of each window is taken.
    """
    uncounted = ", count_include_pad=False" if is_mean else ""
    zeros, _ = edges(x, wanted)
    numbers = tuple(before for before, _ in zeros)
    for rounded_up in (False, True):
        own = {**wanted, "padding": numbers, "rounded up": rounded_up}
        if reach(x, own) == reach(x, wanted):
            written = str(numbers[0] if len(set(numbers)) == 1 else numbers)
            return f"padding={written}, ceil_mode={rounded_up}{uncounted}"
    padded = ", ".join(f"{before}, {after}" for before, after in reversed(zeros))
    if is_mean:
        return (
            f"padding=0, and divide what it makes of F.pad(x, ({padded})) by what it "
            f"makes of F.pad(torch.ones_like(x), ({padded}))"
        )
    return f"F.pad(x, ({padded}), value=-torch.inf) before it, and padding=0"


def _in_keras(x: np.ndarray, wanted: Options, is_mean: bool) -> str:
    """Settings of Keras's layer, or what to pad before it; arguments as above."""
    zeros, beyond = edges(x, wanted)
    if not wanted[COUNTED]:
        for word in BY_WORD:
            own = {**wanted, "padding": word, "rounded up": False}
            if reach(x, own) == reach(x, wanted):
                return f'padding="{word}"'
    axes = len(zeros)
    if is_mean and wanted[COUNTED] and not any(map(any, beyond)):
        return f'ZeroPadding{axes}D({_pairs(zeros)}) before it, and padding="valid"'
    ends = tuple(reach(x, wanted))
    if not is_mean:
        around = ", ".join(map(str, ((0, 0), *ends, (0, 0))))
        return (
            f'keras.ops.pad(x, ({around}), constant_values=-float("inf")) before it, '
            'and padding="valid"'
        )
    ones = "keras.ops.ones_like(x)"
    if wanted[COUNTED]:  # what lies beyond the padding does not count
        ones = f"{ones} padded by {_pairs(zeros)} with ones"
    return (
        f'padding="valid", and divide what it makes of ZeroPadding{axes}D'
        f"({_pairs(ends)})(x) by what it makes of such padding of {ones}"
    )


def _pairs(zeros: Around) -> str:
    """Steps before and after each axis as a layer of Keras takes them."""
    return str(zeros[0] if len(zeros) == 1 else tuple(zeros))
