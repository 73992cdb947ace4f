"""What TensorFlow has no float64 for on a CPU, written with what it has.

Source: the kernels that TensorFlow registers, `tf.raw_ops.MaxPool3D` and `AvgPool3D`;
    https://www.tensorflow.org/api_docs/python/tf/image/resize, "the return value has
    type float32, unless the method is nearest"; and the formula of
    https://www.tensorflow.org/api_docs/python/tf/nn/local_response_normalization
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow

from compare.kinds.resampling import weights

RESIZED = ("bilinear", "bicubic")


def is_double(tensor: object) -> bool:
    """Whether this is a tensor in float64."""
    return getattr(tensor, "dtype", None) == tensorflow.float64


def pool(function: Callable[..., Any]) -> Callable[..., Any]:
    """Pool over three axes in two steps: over height and width, then over depth.

    The largest number, and the mean over the steps that count, come to the same.
    """

    def pooled(
        x: Any,
        ksize: Any,
        strides: Any,
        padding: str,
        data_format: str | None = None,
        name: str | None = None,
    ) -> Any:
        if not is_double(x) or len(x.shape) != 5 or data_format == "NCDHW":
            return function(x, ksize, strides, padding, data_format, name)
        sizes, steps = _of_axes(ksize), _of_axes(strides)
        batch, depth, height, width, features = _shape(x)
        x = tensorflow.reshape(x, (-1, height, width, features))
        x = function(x, sizes[1:], steps[1:], padding, "NHWC")
        _, height, width, _ = _shape(x)
        x = tensorflow.reshape(x, (batch, depth, -1, features))
        x = function(x, (sizes[0], 1), (steps[0], 1), padding, "NHWC")
        return tensorflow.reshape(x, (batch, -1, height, width, features))

    return pooled


def resize(function: Callable[..., Any]) -> Callable[..., Any]:
    """Resize in float64, where the sizes are known and no antialias is asked for."""

    def resized(
        images: Any,
        size: Any,
        method: str = "bilinear",
        preserve_aspect_ratio: bool = False,
        antialias: bool = False,
        name: str | None = None,
    ) -> Any:
        plain = not preserve_aspect_ratio and not antialias and method in RESIZED
        sizes = images.shape[-3:-1] if is_double(images) else (None,)
        counts = tensorflow.get_static_value(size)
        if not plain or None in sizes or counts is None or len(images.shape) != 4:
            return function(
                images, size, method, preserve_aspect_ratio, antialias, name
            )
        rows, columns = (
            weights(method, (steps, int(count)), steps / int(count))
            for steps, count in zip(sizes, counts, strict=True)
        )
        return tensorflow.einsum("ih,jw,bhwf->bijf", rows, columns, images)

    return resized


def local_response(function: Callable[..., Any]) -> Callable[..., Any]:
    """Divide each channel by what its neighbours sum up to, as AlexNet does."""

    def normalised(
        input: Any,
        depth_radius: int = 5,
        bias: float = 1,
        alpha: float = 1,
        beta: float = 0.5,
        name: str | None = None,
    ) -> Any:
        if not is_double(input) or input.shape[-1] is None:
            return function(input, depth_radius, bias, alpha, beta, name)
        return local_response_normalization(input, depth_radius, bias, alpha, beta)

    return normalised


def local_response_normalization(
    x: Any, depth_radius: int, bias: float, alpha: float, beta: float
) -> Any:
    """Compute what `tf.nn.local_response_normalization` does, in float64.

    A trace replaces this function, to note it as one step.
    """
    around = [[0, 0]] * (len(x.shape) - 1) + [[depth_radius, depth_radius]]
    squares = tensorflow.pad(tensorflow.square(x), around)
    total = tensorflow.zeros_like(x)
    for first in range(2 * depth_radius + 1):
        total += squares[..., first : first + x.shape[-1]]
    return x / (bias + alpha * total) ** beta


def _of_axes(sizes: Any) -> tuple[int, ...]:
    """A size of each axis; that of batch and features is left out."""
    if isinstance(sizes, int):
        return (sizes,) * 3
    if len(sizes) == 1:
        return tuple(sizes) * 3
    return tuple(sizes)[1:4] if len(sizes) == 5 else tuple(sizes)


def _shape(tensor: Any) -> tuple[Any, ...]:
    """The sizes of a tensor, as numbers where they are known."""
    shape, at_work = tensor.shape, tensorflow.shape(tensor)
    sizes = []
    for axis, size in enumerate(shape):
        sizes.append(at_work[axis] if size is None else size)
    return tuple(sizes)
