"""What a transfer moves, by full names such as `lstm.bias`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Move:
    """Which arrays of the source became which of the target, by full names.

    Args:
        source: names of the source's arrays, such as `lstm.weight_ih_l0`.
        target: names of the target's arrays, such as `lstm.kernel`.
        nan: how many of the source's numbers are NaN; 0 where nobody counted.
        beside: what the layers must compute for the numbers to mean the same, where the
            files do not tell that they do; a sentence, or "".
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    nan: int = 0
    beside: str = ""


@dataclass(frozen=True)
class Sum:
    """Two biases of a PyTorch layer whose sum its Keras twin has, in one array."""

    layer: str
    torch: tuple[str, str]
    keras: str
