"""A pair in the layouts in which it was not given; loads both frameworks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from compare.in_pytorch import channels
from compare.judging.layout import Layout
from compare.subjects.own.pair import OwnPair, input_name
from compare.subjects.own.trials import (
    IMAGE_AXES,
    SEQUENCE_AXES,
    SINGLE,
    VIDEO_AXES,
    Trial,
    axes_of_channels,
    has_channels,
    moved_last,
    sample,
)

ORDINALS = {1: "second", 2: "third"}
ORDERS = {1: "(batch, channels, ...)", 2: "(batch, time, channels, ...)"}


def other_layouts(pair: OwnPair) -> Iterator[OwnPair]:
    """The pair in other layouts: x as Keras's model takes it, then as PyTorch's does.

    Images are moved first, then all arrays, then each on its own.
    """
    for axes in _choices(pair.arrays):
        names = _shapes(pair, pair.arrays, axes)
        axis = max(axes)
        note = (
            f"PyTorch's model is given {names} with its last axis {ORDINALS[axis]}, "
            f"{ORDERS[axis]}; Keras's model is given {_word(axes)} as it is."
        )
        yield replace(pair, layout=Layout(axes, (), note))
    for axes in _choices(pair.arrays):
        last = tuple(
            np.ascontiguousarray(moved_last(array, axis))
            for array, axis in zip(pair.arrays, axes, strict=True)
        )
        names = _shapes(pair, pair.arrays, axes)
        note = (
            f"{names} is {ORDERS[max(axes)]}, as PyTorch's model takes it; Keras's "
            f"model is given {_shapes(pair, last, axes, False)}, channels last."
        )
        yield replace(pair, arrays=last, layout=Layout(axes, (), note))


def _choices(arrays: Sequence[np.ndarray]) -> list[tuple[int, ...]]:
    """The axes of channels of each array that are tried together, the likely first."""
    choices = []
    for axis in (1, 2):
        for least in (IMAGE_AXES, SEQUENCE_AXES):
            axes = []
            for array in arrays:
                if array.ndim < least or not has_channels(array):
                    axes.append(0)
                elif array.ndim == VIDEO_AXES:
                    axes.append(axis)
                else:
                    axes.append(1)
            choices.append(tuple(axes))
        for number, array in enumerate(arrays):
            if axis in axes_of_channels(array):
                alone = [0] * len(arrays)
                alone[number] = axis
                choices.append(tuple(alone))
    return [axes for axes in dict.fromkeys(choices) if any(axes)]


def _shapes(
    pair: OwnPair,
    arrays: Sequence[np.ndarray],
    axes: Sequence[int],
    named: bool = True,
) -> str:
    """The arrays that are moved: `x (4, 3, 8, 8)`."""
    texts = []
    for number, (array, axis) in enumerate(zip(arrays, axes, strict=True)):
        if axis:
            name = f"{input_name(pair.names, number)} " if named else ""
            texts.append(f"{name}{array.shape}")
    return " and ".join(texts)


def _word(axes: Sequence[int]) -> str:
    """A pronoun for the arrays that are moved."""
    return "it" if sum(map(bool, axes)) == 1 else "each"


def is_open(as_given: Trial, pairs: Sequence[OwnPair]) -> bool:
    """Whether PyTorch's model may take x for channels first, since shapes allow both.

    It takes an axis for channels that is as long as the last, and does not move it.

    Args:
        as_given: the pair as it was given, which ran.
        pairs: the pair in the other layouts.
    """
    assert as_given.built is not None
    twin = as_given.built.twins.twin("torch", SINGLE)
    arrays = sample(as_given.built.twins, as_given.pair)
    for laid_out in pairs:
        moved = _moved_axes(laid_out)
        if not all(_stay_in_shape(as_given.pair.arrays[n], moved[n]) for n in moved):
            continue
        for number, axis in moved.items():
            if channels.reads_at(twin, arrays, number, axis):
                return True
    return False


def _moved_axes(pair: OwnPair) -> dict[int, int]:
    """The axis of the channels of each input that is moved, by its number."""
    return {number: axis for number, axis in enumerate(pair.layout.inputs) if axis}


def _stay_in_shape(array: np.ndarray, axis: int) -> bool:
    """Whether channels may stand at an axis or last, as far as the shape says."""
    return array.shape[axis] == array.shape[-1] and array.shape[axis] > 1


def may_run(as_given: Trial, laid_out: OwnPair, is_undecided: bool) -> bool:
    """Whether PyTorch's model takes what it would be given in another layout.

    Args:
        as_given: the pair as it was given.
        laid_out: the pair in the other layout.
        is_undecided: whether the first one ran, and shapes leave the layout open.
    """
    if as_given.built is None or as_given.built.twins.refusals:
        return True
    twins = as_given.built.twins
    twin = twins.twin("torch", SINGLE)
    moved = _moved_axes(laid_out)
    arrays = list(sample(twins, laid_out))
    for number, axis in moved.items():
        # A copy has the strides of its shape, which a `view` may need.
        arrays[number] = np.moveaxis(arrays[number], -1, axis).copy()
    if is_undecided:
        for number, axis in moved.items():
            if not channels.reads_at(twin, arrays, number, axis):
                return False
    run = channels.Run(twin, arrays)
    # A sequence is moved for a layer that has its channels second, and for no other.
    if all(laid_out.arrays[number].ndim == SEQUENCE_AXES for number in moved):
        return run.is_whole and run.first is not None
    return run.is_whole
