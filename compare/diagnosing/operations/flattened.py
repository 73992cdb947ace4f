"""The same positions and channels, flattened in another order, in words."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

import numpy as np

from compare.diagnosing.operations.counterparts import same
from compare.diagnosing.operations.naming import at, name_of
from compare.diagnosing.operations.regions import Regions
from compare.diagnosing.operations.worded import Worded
from compare.judging.words import Side
from compare.mistakes.traces import Step, Trace

MOST_AXES = 5  # with the batch
TRANSPOSING = ("permute", "transpose", "movedim", "moveaxis", "swapaxes")
CHANNEL_BY_CHANNEL = "all positions, channel by channel"
POSITION_BY_POSITION = "all positions, one after another"


def flattened_otherwise(
    values: Mapping[Side, int], takers: Mapping[Side, Step], regions: Regions
) -> Worded | None:
    """Say that both sides flatten the same numbers, in two orders of their axes.

    Args:
        values: by side, what is taken.
        takers: the steps that take it.
        regions: both sides.

    Returns:
        None where the numbers are others, or an order of axes does not tell the two
        apart.
    """
    torch, keras = regions.torch.trace, regions.keras.trace
    torch_array, right = torch.array(values["torch"]), keras.array(values["keras"])
    if (
        torch_array.shape != right.shape
        or torch_array.ndim < 2
        or same(torch_array, right)
    ):
        return None
    if not same(np.sort(torch_array, axis=None), np.sort(right, axis=None)):
        return None
    image = _before_flattening(values["keras"], keras)
    if image is None:
        return None
    count = image.ndim
    channels_first = (0, count - 1, *range(1, count - 1))
    axes = _order(image, torch_array)
    if axes is None:
        return None
    name, keras_name = name_of(takers["torch"], torch), name_of(takers["keras"], keras)
    where, keras_where = at(takers["torch"]), at(takers["keras"])
    back = ", ".join(str(axis) for axis in np.argsort(axes))
    turned = ", ".join(str(axis) for axis in axes[1:])
    own_words, keras_words = CHANNEL_BY_CHANNEL, POSITION_BY_POSITION
    if axes != channels_first:
        own_words = f"a reshape of an array with the axes in the order {axes}"
        if not _is_transposed(values["torch"], torch):
            own_words += ", without a transpose"
        keras_words = "a reshape of it with the axes in their own order"
    sentence = (
        f"{name} of PyTorch{where} takes {own_words}, where {keras_name} of Keras"
        f"{keras_where} takes {keras_words}"
    )
    torch_fix, last = f"give {name} x.permute({back}).flatten(1)", "Flatten"
    if torch_array.ndim > 2:
        torch_fix, last = f"x.permute({back}) before the reshape", "the reshape"
    fixes: dict[Side, str] = {
        "torch": f"PyTorch{where}: {torch_fix}",
        "keras": f"Keras{keras_where}: Permute(({turned})) before {last}",
    }
    return Worded("flattened in another order", sentence, fixes, is_cause=True)


def _before_flattening(value: int, trace: Trace) -> np.ndarray | None:
    """What a step flattens to make a value; None where it does something else."""
    flat, maker = trace.array(value), trace.maker(value)
    if maker is None or not maker.inputs:
        return None
    image = trace.array(maker.inputs[0])
    if not flat.ndim < image.ndim <= MOST_AXES or image.size != flat.size:
        return None
    return image if same(image.ravel(), flat.ravel()) else None


def _is_transposed(value: int, trace: Trace) -> bool:
    """Whether what a step flattens to make a value has just been transposed."""
    maker = trace.maker(value)
    if maker is None or not maker.inputs:
        return False
    before = trace.maker(maker.inputs[0])
    return before is not None and before.name.startswith(TRANSPOSING)


def _order(image: np.ndarray, flat: np.ndarray) -> tuple[int, ...] | None:
    """The order of the axes after the batch in which an image was flattened."""
    for after_batch in permutations(range(1, image.ndim)):
        axes = (0, *after_batch)
        if same(image.transpose(axes).reshape(flat.shape), flat):
            return axes
    return None
