"""A pair in one layout, built and run to see whether its results fit; loads frameworks.

PyTorch's layers take (batch, channels, ...), and Keras's layers (batch, ..., channels):
sequences, images, volumes, and videos (batch, time, channels, height, width).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from compare.errors import BadInput
from compare.judging.layout import Layout
from compare.judging.words import Precision
from compare.subjects.own.pair import OwnPair

# PyTorch comes first.
from compare.twins.stages import StagesOfAll
from compare.twins.twins import Twins

SEQUENCE_AXES, IMAGE_AXES, VIDEO_AXES = 3, 4, 5  # with the batch and the channels
SINGLE: Precision = "float32"


@dataclass(frozen=True)
class Built:
    """The twins of a pair as they were built.

    Args:
        twins: that were built.
        length: the number of steps that they are fixed to, or None.
        stages: what both models do on a sample; nothing where one of them refuses.
    """

    twins: Twins
    length: int | None
    stages: StagesOfAll


Build = Callable[[OwnPair, list[str]], Built]


@dataclass
class Trial:
    """A pair in one layout, built and run on a sample.

    Args:
        pair: with the layout, and arrays that have the channels last.
        built: the twins; None where building was refused.
        notes: of building.
        error: what building raised.
        fitting: for each result, the axes of channels with which the shapes agree.
        is_alike_inside: whether what is named alike in both has the same shapes.
    """

    pair: OwnPair
    built: Built | None = None
    notes: Sequence[str] = ()
    error: BadInput | None = None
    fitting: Sequence[Sequence[int]] = ()
    is_alike_inside: bool = True

    @property
    def runs(self) -> bool:
        """Whether both models ran; their results may still differ in shape."""
        return bool(self.fitting)

    @property
    def fits(self) -> bool:
        """Whether both models ran, and their results can have the same shapes."""
        return bool(self.fitting) and all(self.fitting)

    @property
    def is_alike(self) -> bool:
        """Whether shapes agree as results are, and in no other way."""
        return all(tuple(axes) == (0,) for axes in self.fitting)


def tried(pair: OwnPair, build: Build) -> Trial:
    """Build a pair in its layout, and run it on one sample."""
    notes: list[str] = []
    try:
        built = build(pair, notes)
    except BadInput as error:
        return Trial(pair, error=error)
    if not built.stages or built.twins.outputs is None:
        return Trial(pair, built, notes)
    torch, keras = built.stages["torch", SINGLE], built.stages["keras", SINGLE]
    fitting = []
    for name in built.twins.outputs:
        fitting.append(_fitting(torch[name], keras[name], pair.layout))
    names_inside = torch.keys() & keras.keys() - set(built.twins.outputs)
    is_alike_inside = all(torch[n].shape == keras[n].shape for n in names_inside)
    return Trial(pair, built, notes, None, fitting, is_alike_inside)


def first_run(twins: Twins, pair: OwnPair) -> StagesOfAll | None:
    """What both models make of a `sample`; None where one of them refuses it."""
    if twins.refusals:
        return None
    stages, refusals = twins.run(*sample(twins, pair))
    return None if refusals else stages


def sample(twins: Twins, pair: OwnPair) -> tuple[np.ndarray, ...]:
    """The first sample of each input; all of them where the models' batch is fixed."""
    if twins.inputs[0].shape[0] is None:
        return tuple(array[:1] for array in pair.arrays)
    return pair.arrays


def _fitting(torch: np.ndarray, keras: np.ndarray, layout: Layout) -> list[int]:
    """The axes of PyTorch's channels, or 0, with which results have the same shape.

    A sequence is moved only where an input is: elsewhere a transposed one is a mistake.
    """
    axes = axes_of_channels(torch)
    if torch.ndim == SEQUENCE_AXES and not any(layout.inputs):
        axes = ()
    return [axis for axis in (0, *axes) if moved_last(torch, axis).shape == keras.shape]


def moved_last(array: np.ndarray, axis: int) -> np.ndarray:
    """An array with an axis at its end; the array itself for axis 0, the batch."""
    return np.moveaxis(array, axis, -1) if axis else array


def axes_of_channels(array: np.ndarray) -> tuple[int, ...]:
    """The axes of an array that may be PyTorch's channels, beside the last."""
    least = SEQUENCE_AXES
    if array.dtype.kind != "f":  # bytes of images, but not indices of words
        least = IMAGE_AXES
    if array.ndim < least or array.dtype.kind == "b":
        return ()
    return (1, 2) if array.ndim == VIDEO_AXES else (1,)


def has_channels(array: np.ndarray) -> bool:
    """Whether an array may have channels in another place than last."""
    return bool(axes_of_channels(array))
