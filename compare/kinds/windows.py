"""Windows that slide over the steps of a sequence, for convolutions and pooling."""

from __future__ import annotations

import numpy as np

# "valid", "same", "causal"; steps on either side, or steps before and steps after.
Padding = str | tuple[int, ...]


def padding_in_keras(padding: int | Padding) -> Padding:
    """Write PyTorch's padding in Keras's words, where it has some.

    Steps on either side stay a tuple of one number: Keras has no word for them.
    """
    if padding in (0, (0,)):
        return "valid"
    return (padding,) if isinstance(padding, int) else padding


def steps_around(
    padding: Padding, time: int, size: int, stride: int
) -> tuple[int, int]:
    """Return how many steps are added before and after a sequence.

    Args:
        padding: "same" makes as many windows as there are strides in the sequence, and
            adds an odd step after it; "causal" adds all of them before it. Numbers
            are steps on either side, or those before and those after.
        time: steps of the sequence.
        size: steps from the first to the last of a window.
        stride: steps from one window to the next.

    Raises:
        ValueError: if the padding is none of these.
    """
    if padding == "valid":
        return 0, 0
    if padding == "causal":
        return size - 1, 0
    if padding == "same":
        count = -(-time // stride)  # rounded up
        added = max((count - 1) * stride + size - time, 0)
        return added // 2, added - added // 2
    if isinstance(padding, tuple):
        return padding[0], padding[-1]
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


def windows(x: np.ndarray, size: int, stride: int, dilation: int = 1) -> np.ndarray:
    """Return the windows of a sequence.

    Args:
        x: (batch, time, features), padded.
        size: how many steps a window has.
        stride: steps from one window to the next.
        dilation: steps from one step of a window to the next.

    Returns:
        (batch, windows, size, features).
    """
    reach = dilation * (size - 1) + 1
    starts = range(0, x.shape[1] - reach + 1, stride)
    return np.stack([x[:, start : start + reach : dilation] for start in starts], 1)
