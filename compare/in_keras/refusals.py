"""What a Keras model raises when it rejects its input, and what it says."""

from __future__ import annotations

import re

import tensorflow

from compare.in_keras.internals import ARGUMENTS, IN_A_GRAPH, REWORDED, WRAPPING
from compare.one_line import class_name, printable, text_of

REFUSALS = (ValueError, TypeError, IndexError, tensorflow.errors.OpError)
COLOURS = r"\x1b\[[0-9;]*m"


def origin(error: Exception) -> Exception:
    """What a model itself raised, where Keras has put it into words of its own."""
    while any(words in text_of(error) for words in REWORDED):
        if not isinstance(error.__context__, Exception):
            break
        error = error.__context__
    return error


def message(error: Exception) -> str:
    """What a refusal says, in one line; of an empty one the name of its class.

    Keras wraps it and makes it bold; TensorFlow puts it after the place it arose in.
    """
    raised = error
    if not isinstance(error, tensorflow.errors.OpError):
        raised = origin(error)
    text = re.sub(COLOURS, "", text_of(raised)).split(ARGUMENTS)[0]
    lines = []
    for line in text.split("\n"):
        line = line.strip()
        if line and not line.startswith(WRAPPING):
            lines.append(line)
    if not lines:
        return class_name(raised)
    if IN_A_GRAPH in text:
        return printable(lines[-1])
    return printable(lines[0])
