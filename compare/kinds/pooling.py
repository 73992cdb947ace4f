"""Pooling over one to three axes: the largest, the mean or the norm of each window.

Each kind is written once for any number of axes; `kinds` has one for 1, 2 and 3.
"""

from __future__ import annotations

import numpy as np

from compare.kinds import pooling_source
from compare.kinds.kind import Example, Kind
from compare.kinds.layer import Arrays
from compare.kinds.option import REQUIRED, Option, Options, Value, as_sizes
from compare.kinds.windows import Around, around, padding_in_keras, reaches, windows

BY_HAND = "multiply by the number of steps in a window, and divide by {value}"


def largest(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Return the largest number in each window, of each feature.

    Args:
        arrays: none.
        x: (batch, *spatial, features).
        options: as for `cut`.

    Returns:
        (batch, *windows, features).

    Source: Goodfellow, Bengio & Courville 2016, Deep Learning, section 9.3.
    """
    zeros, beyond = edges(x, options)
    result: np.ndarray = cut(x, options, (zeros, beyond), -np.inf).max(_inside(x))
    return result


def mean(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Return the mean of each window, of each feature.

    Args:
        arrays: none.
        x: (batch, *spatial, features).
        options: as for `cut`; padding counted, whether padded steps count as zeros,
            usually those of numbers and not those of "same"; divisor, by which sums
            are divided in the place of the number of steps.

    Returns:
        (batch, *windows, features).

    Source: Goodfellow, Bengio & Courville 2016, Deep Learning, section 9.3.
    """
    zeros, beyond = edges(x, options)
    total = cut(x, options, (zeros, beyond), 0.0).sum(_inside(x))
    divisor = options.get("divisor")
    if divisor is not None:
        return np.asarray(total / divisor)
    steps, around_steps = np.ones_like(x, "float64"), zeros
    is_word = isinstance(options.get("padding", "valid"), str)
    if options.get("padding counted", not is_word):
        steps = np.pad(steps, ((0, 0), *zeros, (0, 0)), constant_values=1)
        around_steps = ((0, 0),) * len(zeros)
    counts = cut(steps, options, (around_steps, beyond), 0.0).sum(_inside(x))
    result: np.ndarray = total / counts
    return result


def norm(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Return the p-norm of each window, of each feature, without absolute values.

    PyTorch takes the sign of the sum of powers, and its size to 1 / p.

    Args:
        arrays: none.
        x: (batch, *spatial, features).
        options: as for `cut`, without padding; power (p).

    Returns:
        (batch, *windows, features).

    Source: Gulcehre et al. 2014, arXiv:1311.1780, equation 3.
    """
    power = options["power"]
    powers: np.ndarray = cut(x, options, edges(x, options), 0.0) ** power
    total = powers.sum(_inside(x))
    result: np.ndarray = np.maximum(total, 0) ** (1 / power)
    return result


def edges(x: np.ndarray, options: Options) -> tuple[Around, Around]:
    """Return what each axis is padded with, and how many steps lie beyond that.

    Args:
        x: (batch, *spatial, features).
        options: as for `cut`. Rounded up, a last window may reach beyond the padding,
            if it begins before that.
    """
    size, stride, dilation = _moves(options)
    reach = reaches(size, dilation)
    zeros = around(options.get("padding", "valid"), x.shape[1:-1], reach, stride)
    beyond = []
    for steps, (before, after), least, step in zip(
        x.shape[1:-1], zeros, reach, stride, strict=True
    ):
        room = steps + before + after - least
        more = 0
        if options.get("rounded up") and room % step:
            last = -(-room // step) * step  # where the window more begins
            if last < steps + before:
                more = last - room
        beyond.append((0, more))
    return zeros, tuple(beyond)


def cut(
    x: np.ndarray, options: Options, around_it: tuple[Around, Around], filling: float
) -> np.ndarray:
    """Cut x into windows.

    Args:
        x: (batch, *spatial, features).
        options: size; stride, the size where there is none; dilation, 1 where there is
            none; padding; rounded up, whether a window that is not whole counts.
        around_it: what x is padded with, and how many steps lie beyond that.
        filling: the number that stands there.

    Returns:
        (batch, *windows, *size, features).
    """
    sums = [
        (before + earlier, after + later)
        for (before, after), (earlier, later) in zip(*around_it, strict=True)
    ]
    size, stride, dilation = _moves(options)
    padded = np.pad(
        np.asarray(x, "float64"), ((0, 0), *sums, (0, 0)), constant_values=filling
    )
    return windows(padded, size, stride, dilation)


def _moves(options: Options) -> tuple[tuple[int, ...], ...]:
    """The size of a window, its stride and its dilation, of each axis."""
    size = options["size"]
    stride = options.get("stride") or size
    return size, stride, options.get("dilation") or (1,) * len(size)


def _inside(x: np.ndarray) -> tuple[int, ...]:
    """The axes of windows of x that are inside one."""
    axes = x.ndim - 2
    return tuple(range(1 + axes, 1 + 2 * axes))


# --------------------------------------------------------------------------- settings


def _size(axes: int, default_in_keras: Value) -> Option:
    """The number of steps in a window; in Keras the layers differ in the default."""
    return Option(
        "size",
        "kernel_size",
        "pool_size",
        REQUIRED,
        default_in_keras,
        read=as_sizes(axes),
        sample=(3, 3),
    )


def _stride(axes: int) -> Option:
    return Option(
        "stride", "stride", "strides", None, None, read=as_sizes(axes), sample=(1, 1)
    )


PADDING = Option(
    "padding",
    "padding",
    "padding",
    0,
    "valid",
    in_keras=padding_in_keras,
    in_pytorch=("valid",),
    keras_has=("valid", "same"),
    instead="keras.ops.pad before the layer",
    instead_in_torch="F.pad before the layer",
    sample=(1, "same"),
)
ROUNDED_UP = Option(
    "rounded up",
    "ceil_mode",
    "",
    False,
    False,
    instead='padding="same" in Keras also has a last window that is not whole',
    sample=(True, None),
)


def in_words(torch: Options, keras: Options, x: np.ndarray) -> Options:
    """Write PyTorch's padding by Keras's word, where that comes to the same.

    Args:
        torch: settings of PyTorch's layer.
        keras: settings of Keras's layer.
        x: what PyTorch's layer is given, (batch, *spatial, features).
    """
    word = keras.get("padding")
    if not isinstance(word, str) or x.ndim < 3:
        return torch
    by_word = {**torch, "padding": word, "rounded up": False}
    return by_word if reach(x, torch) == reach(x, by_word) else torch


def reach(x: np.ndarray, options: Options) -> Around:
    """How far windows reach before and after each axis of x, (batch, *spatial, ...)."""
    zeros, beyond = edges(x, options)
    return tuple(
        (before, after + later)
        for (before, after), (_, later) in zip(zeros, beyond, strict=True)
    )


# ------------------------------------------------------------------------------- kinds


def max_pool(axes: int) -> Kind:
    """The largest number of each window over so many axes."""
    torch, keras = f"MaxPool{axes}d", f"MaxPooling{axes}D"
    return Kind(
        name=torch,
        torch=(torch,),
        keras=(keras,),
        family="pooling",
        compute=largest,
        options=(
            _size(axes, default_in_keras=2 if axes == 1 else (2,) * axes),
            _stride(axes),
            PADDING,
            ROUNDED_UP,
            Option(
                "dilation",
                "dilation",
                "",
                1,
                1,
                read=as_sizes(axes),
                instead="Keras has no dilated pooling: write it with ops.max",
                sample=(2, None),
            ),
        ),
        same_in_words=in_words,
        features_first=True,
        sources={keras: pooling_source.MAX},
        examples=(
            Example(torch, {"kernel_size": 2}, keras, {"pool_size": 2}, "", _x(axes)),
            *_padded(torch, keras, axes),
        ),
    )


def avg_pool(axes: int) -> Kind:
    """The mean of each window over so many axes."""
    torch, keras = f"AvgPool{axes}d", f"AveragePooling{axes}D"
    divisors: tuple[Option, ...] = ()
    if axes > 1:
        divisor = Option(
            "divisor",
            "divisor_override",
            "",
            None,
            None,
            instead=BY_HAND,
            sample=(3, None),
        )
        divisors = (divisor,)
    return Kind(
        name=torch,
        torch=(torch,),
        keras=(keras,),
        family="pooling",
        compute=mean,
        options=(
            _size(axes, default_in_keras=REQUIRED),
            _stride(axes),
            PADDING,
            ROUNDED_UP,
            Option(
                "padding counted",
                "count_include_pad",
                "",
                True,
                False,
                instead="keras.ops.pad before the layer: Keras counts no padding "
                "in a mean",
                sample=(False, None),
            ),
            *divisors,
        ),
        same_in_words=in_words,
        features_first=True,
        sources={keras: pooling_source.MEAN},
        examples=(
            Example(torch, {"kernel_size": 2}, keras, {"pool_size": 2}, "", _x(axes)),
            *_padded(torch, keras, axes, count_include_pad=False),
            Example(
                torch,
                {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True},
                name="padded, with the padding counted",
                shape=_x(axes),
            ),
        ),
    )


def _x(axes: int) -> tuple[int, ...]:
    """The shape of an input with axes that all differ, and an even and an odd one."""
    return (3, *(5, 6, 7)[:axes], 4)


def _padded(
    torch: str, keras: str, axes: int, **settings: Value
) -> tuple[Example, ...]:
    """Windows that reach beyond the input, on both sides or after it."""
    odd = (3, *(5, 7, 3)[:axes], 4)  # where "same" adds the same before and after
    return (
        Example(
            torch,
            {"kernel_size": 3, "stride": 2, "padding": 1, **settings},
            keras,
            {"pool_size": 3, "strides": 2, "padding": "same"},
            "padded",
            odd,
        ),
        Example(
            torch,
            {"kernel_size": 2, "stride": 2, "ceil_mode": True, **settings},
            keras,
            {"pool_size": 2, "strides": 2, "padding": "same"},
            "rounded up",
            odd,
        ),
    )


def lp_pool(axes: int) -> Kind:
    """The norm of each window over so many axes. Keras has none."""
    torch = f"LPPool{axes}d"
    return Kind(
        name=torch,
        torch=(torch,),
        keras=(),
        family="pooling",
        compute=norm,
        options=(
            Option("power", "norm_type", "", REQUIRED, REQUIRED, sample=(4.0, None)),
            Option(
                "size",
                "kernel_size",
                "",
                REQUIRED,
                REQUIRED,
                read=as_sizes(axes),
                sample=(3, None),
            ),
            Option(
                "stride",
                "stride",
                "",
                None,
                None,
                read=as_sizes(axes),
                sample=(1, None),
            ),
        ),
        features_first=True,
        examples=(
            Example(torch, {"norm_type": 2.0, "kernel_size": 2}, shape=_x(axes)),
        ),
    )


POOLING = (
    *(max_pool(axes) for axes in (1, 2, 3)),
    *(avg_pool(axes) for axes in (1, 2, 3)),
    *(lp_pool(axes) for axes in (1, 2, 3)),
)
