"""Pooling along time: the largest or the mean of a few steps, or of all."""

from __future__ import annotations

import numpy as np

from compare.kinds.kind import Example, Kind
from compare.kinds.layer import Arrays
from compare.kinds.option import REQUIRED, Option, Options, Value, as_tuple
from compare.kinds.windows import padding_in_keras, steps_around, windows

# Keras never counts padding in a mean; PyTorch does, unless it is told not to.
NOT_COUNTED = "count_include_pad=False in PyTorch"


def _size(default_in_keras: Value) -> Option:
    """The number of steps in a window; in Keras the layers differ in the default."""
    return Option(
        "size",
        "kernel_size",
        "pool_size",
        REQUIRED,
        default_in_keras,
        read=as_tuple,
        sample=(3, 3),
    )


STRIDE = Option("stride", "stride", "strides", None, None, read=as_tuple, sample=(1, 1))
PADDING = Option(
    "padding",
    "padding",
    "padding",
    0,
    "valid",
    in_keras=padding_in_keras,
    in_pytorch=("valid",),
    instead="same in PyTorch: F.pad before the layer; steps on either side in Keras: "
    "keras.ops.pad before the layer",
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
KEPT_AXIS = Option(
    "time axis kept",
    "",
    "keepdims",
    True,
    False,
    instead="squeeze the time axis of what PyTorch's layer returns",
    sample=(None, True),
)
OUTPUT_SIZE = Option(
    "steps returned",
    "output_size",
    "",
    REQUIRED,
    1,
    in_pytorch=(1,),
    instead="pool in Keras with the windows that PyTorch takes",
    sample=(2, None),
)


def largest(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Return the largest number in each window, of each feature.

    Args:
        arrays: none.
        x: (batch, time, features).
        options: size, stride (the size where there is none), padding.

    Returns:
        (batch, windows, features).

    Source: Goodfellow, Bengio & Courville 2016, Deep Learning, section 9.3.
    """
    result: np.ndarray = _windows(x, options, -np.inf).max(axis=2)
    return result


def mean(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Return the mean of each window, of each feature.

    Args:
        arrays: none.
        x: (batch, time, features).
        options: size, stride (the size where there is none), padding; padding counted,
            whether padded steps count as zeros, usually those of numbers and not those
            of "same".

    Returns:
        (batch, windows, features).

    Source: Goodfellow, Bengio & Courville 2016, Deep Learning, section 9.3.
    """
    padding = options.get("padding", "valid")
    total = _windows(x, options, 0.0).sum(axis=2)
    steps = np.ones_like(x, "float64")
    if isinstance(padding, tuple) and options.get("padding counted", True):
        counts = np.full_like(total, options["size"][0])
    else:
        counts = _windows(steps, options, 0.0).sum(axis=2)
    result: np.ndarray = total / counts
    return result


def _windows(x: np.ndarray, options: Options, filling: float) -> np.ndarray:
    """The windows of x padded with a number, (batch, windows, size, features)."""
    (size,) = options["size"]
    (stride,) = options.get("stride") or (size,)
    padding = options.get("padding", "valid")
    around = steps_around(padding, x.shape[1], size, stride)
    edges = ((0, 0), around, (0, 0))
    padded = np.pad(np.asarray(x, "float64"), edges, constant_values=filling)
    return windows(padded, (size,), (stride,))


def norm(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Return the p-norm of each window, of each feature, without absolute values.

    Args:
        arrays: none.
        x: (batch, time, features).
        options: size, stride (the size where there is none), power (p).

    Returns:
        (batch, windows, features).

    Source: Gulcehre et al. 2014, arXiv:1311.1780, equation 3.
    """
    power = options["power"]
    powers: np.ndarray = (_windows(x, options, 0.0) ** power).sum(axis=2)
    result: np.ndarray = powers ** (1 / power)
    return result


def largest_of_all(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Return the largest number of all steps, (batch, 1, features); see `parts`."""
    return np.stack([part.max(axis=1) for part in parts(x, options)], axis=1)


def mean_of_all(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Return the mean of all steps, (batch, 1, features); see `parts`."""
    return np.stack([part.mean(axis=1) for part in parts(x, options)], axis=1)


def parts(x: np.ndarray, options: Options) -> list[np.ndarray]:
    """Cut a sequence into as many parts of one size as steps are returned.

    Args:
        x: (batch, time, features).
        options: steps returned, usually 1; parts overlap where time is no multiple.
    """
    count = options.get("steps returned", 1)
    time = x.shape[1]
    bounds = [(n * time // count, -(-(n + 1) * time // count)) for n in range(count)]
    return [np.asarray(x, "float64")[:, start:end] for start, end in bounds]


MAX_POOL = Kind(
    name="MaxPool1d",
    torch=("MaxPool1d",),
    keras=("MaxPooling1D",),
    family="pooling",
    compute=largest,
    options=(
        _size(default_in_keras=2),
        STRIDE,
        PADDING,
        ROUNDED_UP,
        Option(
            "dilation",
            "dilation",
            "",
            1,
            1,
            read=as_tuple,
            instead="Keras has no dilated pooling: write it with ops.max",
            sample=(2, None),
        ),
    ),
    features_first=True,
    examples=(
        Example("MaxPool1d", {"kernel_size": 2}, "MaxPooling1D", {"pool_size": 2}),
        Example(
            "MaxPool1d",
            {"kernel_size": 3, "stride": 2, "padding": 1},
            "MaxPooling1D",
            {"pool_size": 3, "strides": 2, "padding": "same"},
            "padded",
        ),
    ),
)

AVG_POOL = Kind(
    name="AvgPool1d",
    torch=("AvgPool1d",),
    keras=("AveragePooling1D",),
    family="pooling",
    compute=mean,
    options=(
        _size(default_in_keras=REQUIRED),
        STRIDE,
        PADDING,
        ROUNDED_UP,
        Option(
            "padding counted",
            "count_include_pad",
            "",
            True,
            False,
            instead=NOT_COUNTED,
            sample=(False, None),
        ),
    ),
    features_first=True,
    examples=(
        Example("AvgPool1d", {"kernel_size": 2}, "AveragePooling1D", {"pool_size": 2}),
        Example(
            "AvgPool1d",
            {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False},
            "AveragePooling1D",
            {"pool_size": 3, "strides": 2, "padding": "same"},
            "padded",
        ),
    ),
)

# Keras has none: it is written with ops.
LP_POOL = Kind(
    name="LPPool1d",
    torch=("LPPool1d",),
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
            read=as_tuple,
            sample=(3, None),
        ),
        Option("stride", "stride", "", None, None, read=as_tuple, sample=(1, None)),
    ),
    features_first=True,
    examples=(Example("LPPool1d", {"norm_type": 2.0, "kernel_size": 2}),),
)


def _of_all_steps(torch: str, keras: str) -> Example:
    """Layers that return one step for all, and keep the axis of time."""
    return Example(torch, {"output_size": 1}, keras, {"keepdims": True})


GLOBAL_MAX_POOL = Kind(
    name="AdaptiveMaxPool1d",
    torch=("AdaptiveMaxPool1d",),
    keras=("GlobalMaxPooling1D",),
    family="pooling",
    compute=largest_of_all,
    options=(OUTPUT_SIZE, KEPT_AXIS),
    features_first=True,
    examples=(_of_all_steps("AdaptiveMaxPool1d", "GlobalMaxPooling1D"),),
)

GLOBAL_AVG_POOL = Kind(
    name="AdaptiveAvgPool1d",
    torch=("AdaptiveAvgPool1d",),
    keras=("GlobalAveragePooling1D",),
    family="pooling",
    compute=mean_of_all,
    options=(OUTPUT_SIZE, KEPT_AXIS),
    features_first=True,
    examples=(_of_all_steps("AdaptiveAvgPool1d", "GlobalAveragePooling1D"),),
)
