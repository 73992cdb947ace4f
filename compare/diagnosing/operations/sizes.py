"""Layers of both sides that have windows of other sizes, in words."""

from __future__ import annotations

from collections.abc import Sequence

from compare.mistakes.traces import Step

WINDOW = "kernel_size"  # in both frameworks


def other_windows(torch_steps: Sequence[Step], keras_steps: Sequence[Step]) -> str:
    """Say which windows two layers with weights have; "" where they are not others.

    Their kernels have other shapes then, and no option of either can be tried.
    """
    if len(torch_steps) != 1 or len(keras_steps) != 1:
        return ""
    (torch,), (keras,) = torch_steps, keras_steps
    if not torch.has_weights or not keras.has_weights:
        return ""
    window, keras_window = torch.arguments.get(WINDOW), keras.arguments.get(WINDOW)
    if window is None or keras_window is None or window == keras_window:
        return ""
    return f"the window is {window} in PyTorch, {keras_window} in Keras"
