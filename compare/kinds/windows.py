"""Windows that slide over the axes between batch and features.

Convolutions and pooling are made of them: over time, over height and width, or over
depth, height and width. Sizes, strides and dilations have a number for each axis.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# "valid", "same", "causal"; or for each axis the steps on either side, or a pair of
# the steps before and the steps after.
Padding = str | tuple[int | tuple[int, int], ...]
Around = tuple[tuple[int, int], ...]  # steps before and after, of each axis


def padding_in_keras(padding: int | Padding) -> Padding:
    """Write PyTorch's padding in Keras's words, where it has some.

    Steps on either side stay a tuple: Keras has no word for them.
    """
    if isinstance(padding, int):
        padding = (padding,)
    if isinstance(padding, tuple) and not any(padding):
        return "valid"
    return padding


def steps_around(
    padding: Padding, time: int, size: int, stride: int
) -> tuple[int, int]:
    """Return how many steps are added before and after one axis.

    Args:
        padding: "same" makes as many windows as there are strides in the sequence, and
            adds an odd step after it; "causal" adds all of them before it. Numbers
            are steps on either side, or a pair of those before and those after.
        time: steps of the sequence.
        size: steps from the first to the last of a window.
        stride: steps from one window to the next.

    Raises:
        ValueError: if the padding is none of these.
    """
    return around(padding, (time,), (size,), (stride,))[0]


def around(
    padding: Padding,
    sizes: Sequence[int],
    reaches: Sequence[int],
    strides: Sequence[int],
) -> Around:
    """Return how many steps are added before and after each axis.

    Args:
        padding: as in `steps_around`; one entry counts for all axes.
        sizes: steps of each axis.
        reaches: steps from the first to the last of a window.
        strides: steps from one window to the next.

    Raises:
        ValueError: if the padding is none of these.
    """
    axes = zip(sizes, reaches, strides, strict=True)
    if padding == "valid":
        return ((0, 0),) * len(sizes)
    if padding == "causal":
        return tuple((reach - 1, 0) for reach in reaches)
    if padding == "same":
        added = [
            max((-(-size // stride) - 1) * stride + reach - size, 0)
            for size, reach, stride in axes
        ]
        return tuple((steps // 2, steps - steps // 2) for steps in added)
    if isinstance(padding, tuple) and len(padding) in (1, len(sizes)):
        entries = padding * len(sizes) if len(padding) == 1 else padding
        pairs = []
        for entry in entries:
            pairs.append((entry, entry) if isinstance(entry, int) else entry)
        return tuple(pairs)
    raise ValueError(f"padding expects valid, same, causal or numbers, got {padding}")


def windows_cut(padding: Padding, in_pytorch: int, in_keras: int) -> int:
    """Return how many windows a model must cut off the end of PyTorch's output.

    A layer of PyTorch pads on both sides alike. Where Keras's layer is causal, the
    windows at the end are too many, and the model cuts them off after the layer.

    Args:
        padding: of Keras's layer.
        in_pytorch: how many windows PyTorch's layer returns.
        in_keras: how many Keras's layer does.
    """
    return max(in_pytorch - in_keras, 0) if padding == "causal" else 0


def reaches(sizes: Sequence[int], dilations: Sequence[int]) -> tuple[int, ...]:
    """Return the steps from the first to the last of a window, of each axis."""
    return tuple(
        dilation * (size - 1) + 1
        for size, dilation in zip(sizes, dilations, strict=True)
    )


def windows(
    x: np.ndarray,
    sizes: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int] = (),
) -> np.ndarray:
    """Return the windows of what has any number of axes between batch and features.

    Args:
        x: (batch, *spatial, features), padded.
        sizes: how many steps a window has, of each axis.
        strides: steps from one window to the next.
        dilations: steps from one step of a window to the next; 1 where there are none.

    Returns:
        (batch, *windows, *sizes, features), a view of x. No windows along an axis that
        is shorter than one.
    """
    dilations = dilations or (1,) * len(sizes)
    reach = reaches(sizes, dilations)
    short = [
        (0, max(least - steps, 0))
        for steps, least in zip(x.shape[1:-1], reach, strict=True)
    ]
    axes = tuple(range(1, len(sizes) + 1))
    padded = np.pad(x, ((0, 0), *short, (0, 0)))
    every = np.lib.stride_tricks.sliding_window_view(padded, reach, axes)
    starts = []
    for stride, (_, missing) in zip(strides, short, strict=True):
        starts.append(slice(0) if missing else slice(None, None, stride))
    inside = [slice(None, None, dilation) for dilation in dilations]
    chosen = every[(slice(None), *starts, slice(None), *inside)]
    return np.moveaxis(chosen, len(axes) + 1, -1)
