"""The numbers of two constants in words, so that what is told of them differs."""

from __future__ import annotations

import numpy as np

from compare.diagnosing.operations.counterparts import same
from compare.diagnosing.operations.recognised import recognised
from compare.diagnosing.operations.scaled import moved_by

DIGITS = (6, 9, 12, 17)  # the last tells any two numbers apart in float64


def told_apart(torch: np.ndarray, keras: np.ndarray) -> tuple[str, str]:
    """Two constants that are each other's counterparts, in words that differ.

    Args:
        torch: of any shape.
        keras: laid out as PyTorch has it.
    """
    words, keras_words = in_words(torch), in_words(keras)
    if words != keras_words:
        return words, keras_words
    if torch.shape != keras.shape:
        return f"{words}, of shape {torch.shape}", f"{words}, of shape {keras.shape}"
    relation = _relation(torch, keras)
    if relation:
        return f"{words}, {relation}", keras_words
    place = _farthest(torch, keras)
    where = f" at {[int(index) for index in place]}" if place else ""
    number, keras_number = digits_of(torch[place], keras[place])
    return f"{words}, {number}{where}", f"{words}, {keras_number}{where}"


def digits_of(torch: float, keras: float) -> tuple[str, str]:
    """Two numbers with as many digits as tell them apart."""
    texts = "", ""
    for digits in DIGITS:
        texts = f"{torch:.{digits}g}", f"{keras:.{digits}g}"
        if texts[0] != texts[1]:
            break
    return texts


def _relation(torch: np.ndarray, keras: np.ndarray) -> str:
    """How PyTorch's numbers differ from those of Keras; "" where it is not known."""
    if torch.dtype.kind != "f" or keras.dtype.kind != "f" or same(torch, keras):
        return ""
    for label in recognised(torch, [keras]):
        return f"those of Keras, {label}"
    place = moved_by(torch[None], keras[None])  # as of one sample
    if place is None:
        return ""
    return f"each entry {place.steps} {place.words} along axis {place.axis - 1}"


def _farthest(torch: np.ndarray, keras: np.ndarray) -> tuple[int, ...]:
    """The place where two arrays of one shape are farthest apart."""
    gaps = np.abs(torch.astype("float64") - keras.astype("float64"))
    place = np.unravel_index(np.argmax(np.nan_to_num(gaps)), gaps.shape)
    return tuple(int(index) for index in place)


def in_words(array: np.ndarray) -> str:
    """The numbers of a constant, in words."""
    if array.dtype == bool:
        words = f"True in {array.sum()} of {array.size} places"
    elif array.min() == array.max():
        words = f"all {array.min():g}"
    else:
        words = f"numbers from {array.min():g} to {array.max():g}"
    band = _band(array)
    return f"{words}, {band}" if band else words


def _band(array: np.ndarray) -> str:
    """From which diagonal on a mask is set, in words; "" where it is no such mask."""
    if array.ndim < 2 or array.min() == array.max():
        return ""
    set_there = array != array.reshape(-1)[0]
    rows, columns = array.shape[-2:]
    for diagonal in range(1 - rows, columns):
        band = np.triu(np.ones((rows, columns), bool), diagonal)
        for mask in (band, ~band):
            if np.array_equal(set_there, np.broadcast_to(mask, array.shape)):
                return f"another one from diagonal {diagonal} on"
    return ""
