"""What stands after an option of the command line, read and checked.

Each function takes the text; of any other text it raises
`argparse.ArgumentTypeError`, which says what was expected.
"""

from __future__ import annotations

import argparse

from compare.judging.model_causes import ALL_CAUSES

LARGEST_FLOAT32 = 3e38


def seed(text: str) -> int:
    """A number that random weights are drawn by."""
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(
            f"expected a whole number >= 0 and below 2^32, got {text!r}"
        )
    return int(text)


def whole_from_1(text: str) -> int:
    """A number of epochs or of examples."""
    if not text.isdecimal() or not 1 <= int(text) < 10**9:
        raise argparse.ArgumentTypeError(
            f"expected a whole number >= 1 and below 10^9, got {text!r}"
        )
    return int(text)


def positive(text: str) -> float:
    """A number above 0 that float32 can hold."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < LARGEST_FLOAT32:
        raise argparse.ArgumentTypeError(
            f"expected a number above 0 and below 3e38, got {text!r}"
        )
    return number


def names(text: str) -> dict[str, list[str]]:
    """Layers of PyTorch and their twins: `encoder.rnn=lstm+lstm_1,head=dense`."""
    table = {}
    for entry in text.split(","):
        torch_layer, _, keras_layers = entry.partition("=")
        if not torch_layer or not keras_layers or "=" in keras_layers:
            raise argparse.ArgumentTypeError(
                f"expected layers and their twins, as in encoder.rnn=lstm+lstm_1,head="
                f"dense, got {text!r}"
            )
        table[torch_layer] = keras_layers.split("+")
    return table


def causes(text: str) -> frozenset[str]:
    """Causes that make twins drift apart: `biases,epsilon`."""
    causes = text.split(",")
    for cause in causes:
        if cause not in ALL_CAUSES:
            raise argparse.ArgumentTypeError(
                f"expected some of {','.join(ALL_CAUSES)}, got {cause!r}"
            )
    return frozenset(causes)
