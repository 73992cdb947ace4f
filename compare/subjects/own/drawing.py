"""Inputs like a user's: padded, longer and larger ones; loads no framework."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compare.judging.arrays import Input, sequence

BATCH = 4  # sequences that are padded, at least, where the models take any number
MOST = 16  # and at most
STEPS = 6  # of a sequence that is padded, at least
BEYOND = 3  # steps that are more than a slice takes
LONGEST = 1024  # steps that are drawn at most
FEW_STEPS = 7  # on which larger values run

Arrays = tuple[np.ndarray, ...]


def few(arrays: Sequence[np.ndarray], inputs: Sequence[Input]) -> Arrays:
    """The first sequences and steps of the arrays, as few as show a value.

    Args:
        arrays: one for each input.
        inputs: what the models take.
    """
    x = sequence(arrays)
    if x is None or inputs_steps(arrays, inputs) is not None:
        return tuple(arrays)
    return _with_steps(arrays, min(FEW_STEPS, x.shape[1]))


def times(arrays: Sequence[np.ndarray], factor: float) -> Arrays | None:
    """The arrays with floats that are larger; None where there are no floats."""
    if not any(array.dtype.kind == "f" for array in arrays):
        return None
    scaled = []
    for array in arrays:
        if array.dtype.kind == "f":
            array = array * np.float32(factor)
        scaled.append(array)
    return tuple(scaled)


def longer(
    arrays: Sequence[np.ndarray], inputs: Sequence[Input], steps: int
) -> Arrays | None:
    """The arrays with more steps: those that there are, again and again.

    Args:
        arrays: one for each input.
        inputs: what the models take.
        steps: to have.

    Returns:
        The arrays; None where there are no steps, or the models take no other number.
    """
    if sequence(arrays) is None or steps > LONGEST:
        return None
    if inputs_steps(arrays, inputs) is not None:
        return None
    if inputs[0].shape[0] is None:
        arrays = [array[:BATCH] for array in arrays]
    return _with_steps(arrays, steps)


def padded(
    arrays: Sequence[np.ndarray],
    inputs: Sequence[Input],
    value: float,
    packed: Sequence[np.ndarray],
    seed: int,
) -> tuple[Arrays, np.ndarray] | None:
    """Sequences of all lengths from all steps to one, padded at the end.

    Lengths and masks among the inputs say the same, and no step within a length is
    what padding is.

    Args:
        arrays: one for each input.
        inputs: what the models take.
        value: of the numbers of padded steps.
        packed: the lengths of what PyTorch's model packs, (batch,) each.
        seed: of what stands for a token that is padding.

    Returns:
        The arrays, and the valid steps of each sequence, (batch,); None where no input
        has steps that can be padded.
    """
    x = sequence(arrays)
    if x is None:
        return None
    is_length = [
        _is_lengths(array, model_input, packed)
        for array, model_input in zip(arrays, inputs, strict=True)
    ]
    if inputs[0].shape[0] is None:
        batch = min(max(len(x), BATCH), MOST)
        arrays = [np.resize(array, (batch, *array.shape[1:])) for array in arrays]
    if x.shape[1] < STEPS and inputs_steps(arrays, inputs) is None:
        arrays = _with_steps(arrays, STEPS)
    steps, batch = x_steps(arrays), len(arrays[0])
    if steps < 2:
        return None
    # All lengths, the longest first, as packing may ask for.
    lengths = np.linspace(steps, 1, batch).round().astype(np.int64)
    if batch == 1:
        lengths[0] = steps // 2
    beyond = np.arange(steps) >= lengths[:, None]  # (batch, time)
    rng = np.random.default_rng([seed, 2])
    drawn = []
    for array, lengths_here in zip(arrays, is_length, strict=True):
        if lengths_here:
            drawn.append(lengths.astype(array.dtype).reshape(array.shape))
        elif array.ndim > 1 and array.shape[1] == steps:
            drawn.append(_padded(array, beyond, value, rng))
        else:
            drawn.append(array)
    return tuple(drawn), lengths


def _padded(
    array: np.ndarray, beyond: np.ndarray, value: float, rng: np.random.Generator
) -> np.ndarray:
    """An array (batch, time, ...) with padding at the steps beyond each length."""
    array = array.copy()
    if array.dtype.kind == "b":  # a mask: where it is always one value, that is valid
        if array.all() or not array.any():
            array[beyond] = not array.flat[0]
        return array
    if array.dtype.kind == "f":
        if array.ndim > 2:
            within = (array == value).reshape(*array.shape[:2], -1).all(-1)
            array[within] += 1
            array[beyond] = value
        return array
    tokens = array[array != value]
    if tokens.size:
        array[array == value] = rng.choice(tokens)
        array[beyond] = int(value)
    return array


def _is_lengths(
    array: np.ndarray, model_input: Input, packed: Sequence[np.ndarray]
) -> bool:
    """Whether an input is the number of valid steps of each sequence."""
    if array.dtype.kind != "i" or array.size != len(array):
        return False
    if "len" in model_input.name:
        return True
    numbers = np.sort(array.ravel())
    return any(np.array_equal(np.sort(lengths), numbers) for lengths in packed)


def inputs_steps(arrays: Sequence[np.ndarray], inputs: Sequence[Input]) -> int | None:
    """The number of steps that the models are built for; None for any."""
    x = sequence(arrays)
    for array, model_input in zip(arrays, inputs, strict=True):
        if array is x:
            return model_input.shape[1]
    return None


def x_steps(arrays: Sequence[np.ndarray]) -> int:
    """The number of steps of the input that has some."""
    x = sequence(arrays)
    return 0 if x is None else x.shape[1]


def _with_steps(arrays: Sequence[np.ndarray], steps: int) -> Arrays:
    """The arrays with as many steps, those that there are again and again."""
    before = x_steps(arrays)
    places = np.arange(steps) % before
    x = sequence(arrays)
    assert x is not None
    changed = []
    for array in arrays:
        axes = 2 if array.dtype.kind == "f" else 1  # of an array without steps
        if array.ndim > axes and array.shape[1] == before:
            array = array[:, places]
        elif array.dtype.kind == "i" and array.ndim == 1:
            array = np.minimum(array, steps)  # lengths
        changed.append(np.ascontiguousarray(array))
    return tuple(changed)
