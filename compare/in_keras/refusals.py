"""What a Keras model raises when it rejects its input, and what it says."""

import re

import tensorflow

REFUSALS = (ValueError, TypeError, IndexError, tensorflow.errors.OpError)


def message(error: Exception) -> str:
    """What a refusal says, in one line.

    Keras wraps it and makes it bold; TensorFlow puts it behind where it arose.
    """
    if not isinstance(error, tensorflow.errors.OpError):
        error = origin(error)
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).split("Arguments received by")[0]
    wrapping = ("Exception encountered", "Graph execution error", "Detected at", "[[")
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith(wrapping)]
    lines = lines or [type(error).__name__]
    return lines[-1 if "Graph execution error" in text else 0]


def origin(error: Exception) -> Exception:
    """What a model itself raised, where Keras has put it into words of its own."""
    reworded = "Exception encountered when", "Could not automatically infer the output"
    while error.__context__ and any(words in str(error) for words in reworded):
        error = error.__context__
    return error
