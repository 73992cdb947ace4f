"""What layers of Keras take and return, as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from compare.in_keras.internals import activation_replaced
from compare.in_keras.spectral import unwrapped
from compare.judging.arrays import valid_steps
from compare.kinds.einsum import axes_of
from compare.kinds.mistake import RecurrentOutput


def to_numpy(tensor: Any) -> np.ndarray:
    """A tensor as an array."""
    return keras.ops.convert_to_numpy(tensor)


def is_tensor(value: object) -> bool:
    """Whether this is a tensor, or a symbol of one."""
    return keras.ops.is_tensor(value) or isinstance(value, keras.KerasTensor)


def unfit(tensor: Any) -> str:
    """What keeps a tensor from being compared, and what to do instead; or ""."""
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    if dtype.startswith("complex"):
        return "complex; return its real and its imaginary part"
    if dtype == "string":
        return "of text; return numbers"
    return ""


# Layers that have an activation inside, which PyTorch has after the layer.
ACTIVATING = (
    keras.layers.Dense,
    keras.layers.EinsumDense,
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv1D,
    keras.layers.SeparableConv2D,
)


def activates(layer: Any) -> bool:
    """Whether a layer has an activation inside that PyTorch has after the layer."""
    layer = unwrapped(layer)
    inside = isinstance(layer, ACTIVATING)
    return inside and layer.activation not in (None, keras.activations.linear)


def in_one_axis(layer: Any, x: Any, output: Any) -> tuple[Any, Any]:
    """What an EinsumDense takes and makes, with all its features in one axis.

    Args:
        layer: whose features may stand in several axes, such as those of heads.
        x: what goes in, (batch, ..., features of one or more axes).
        output: what comes out, alike.
    """
    axes = axes_of(layer.equation)
    if axes is None:
        return x, output
    return _joined(x, axes[0]), _joined(output, axes[1])


def _joined(tensor: Any, axes: int) -> Any:
    """A tensor with so many axes at its end made one."""
    return keras.ops.reshape(tensor, (*tensor.shape[:-axes], -1))


@contextmanager
def before_activation(layer: keras.Layer) -> Iterator[list[Any]]:
    """A list of the tensors that go into the activation inside a layer while it runs.

    It stays empty where there is none, or a linear one, which is nothing.
    """
    before: list[Any] = []
    if not activates(layer):
        yield before
        return
    layer = unwrapped(layer)
    activation = layer.activation

    def recorded(x: Any) -> Any:
        before.append(x)
        return activation(x)

    with activation_replaced(layer, recorded):
        yield before


# Norms whose `axis` is that of the features, whatever `data_format` other layers have.
NORMS_OF_FEATURES = (
    keras.layers.BatchNormalization,
    keras.layers.GroupNormalization,
)


def has_channels_first(module: object, tensor: Any) -> bool:
    """Whether a tensor of this layer is (batch, features, *spatial)."""
    module = unwrapped(module)
    are_first = getattr(module, "data_format", None) == "channels_first"
    if isinstance(module, NORMS_OF_FEATURES):
        are_first = module.axis == 1
    return are_first and len(tensor.shape) > 2


def features_last(module: object, tensor: Any) -> Any:
    """A tensor that a layer takes or returns, with its features last."""
    if has_channels_first(module, tensor):
        return keras.ops.moveaxis(tensor, 1, -1)
    return tensor


# ------------------------------------------------------------ of recurrent layers


def merged(tensor: Any, merge: str | None) -> Any:
    """Two directions, side by side in a tensor, as a Bidirectional merges them.

    Args:
        tensor: (batch, ..., 2 * units).
        merge: its `merge_mode`; None for a layer of one direction.
    """
    if merge in (None, "concat"):
        return tensor
    forward, backward = keras.ops.split(tensor, 2, axis=-1)
    if merge == "mul":
        return forward * backward
    if merge == "ave":
        return (forward + backward) / 2
    return forward + backward


def states_of_last_cell(states: Sequence[Any]) -> Sequence[Any]:
    """The states of a cell, the last where several are stacked in one layer."""
    last = states[-1]
    return last if isinstance(last, list | tuple) else states


def valid_lengths(mask: Any) -> np.ndarray | None:
    """The number of valid steps of each sequence, (batch,); None without a mask."""
    return None if mask is None else to_numpy(mask).sum(axis=1)


def order_of_steps(mask: Any) -> np.ndarray | None:
    """The steps of each sequence, (batch, time), the valid ones before the others.

    Args:
        mask: (batch, time), True where a step is valid; None without one.

    Returns:
        None where they stand in that order already.
    """
    if mask is None:
        return None
    order = np.argsort(~to_numpy(mask), axis=1, kind="stable")
    return None if (order == np.arange(mask.shape[1])).all() else order


def in_order(tensor: Any, order: np.ndarray | None) -> np.ndarray:
    """A sequence, (batch, time, size), with its steps in an order, as an array."""
    array = to_numpy(tensor)
    if order is None:
        return array
    return np.take_along_axis(array, order[..., None], 1)


def sequence_of(
    output: np.ndarray,
    states: Sequence[Any],
    lengths: np.ndarray | None,
    ends: Sequence[Any],
) -> RecurrentOutput:
    """What a recurrent layer returned, with zeros after each sequence's length.

    Args:
        output: (batch, time, size), the valid steps before the others.
        states: h, or h and c, of its last cell or direction, (batch, units) each.
        lengths: (batch,), or None where every step is valid.
        ends: h of each direction.
    """
    with_masked = None
    if lengths is not None:  # beyond them PyTorch has zeros
        with_masked = output
        output = np.where(valid_steps(output, lengths), output, 0)
    h = to_numpy(states[0])
    c = to_numpy(states[1]) if len(states) > 1 else None
    stacked = np.stack([to_numpy(end) for end in ends])
    return RecurrentOutput(output, h, c, lengths, stacked, with_masked)


def softmax(tensor: Any) -> Any:
    """A tensor whose last axis adds up to 1: (..., classes)."""
    return keras.ops.softmax(tensor, axis=-1)
