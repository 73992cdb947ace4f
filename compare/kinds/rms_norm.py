"""RMS normalisation: each sample and step by the root of its mean square."""

from __future__ import annotations

import numpy as np

from compare.kinds import norm_source, normalisation
from compare.kinds.any_arrays import ANOTHER_LAYER, ROUNDED
from compare.kinds.changes import filled
from compare.kinds.kind import Axes, Example, Kind
from compare.kinds.layer import Arrays
from compare.kinds.mistake import ArraysOfLayer, Computation, Mistake
from compare.kinds.option import Option, Options
from compare.kinds.rows import copied, in_any_layer

SMALLEST = float(np.finfo("float32").eps)  # 1.2e-7, of the precision of most models


def compute(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray | None:
    """Divide each sample and step by the root of the mean square of its features.

        y = weight * x / sqrt(mean of x^2 + epsilon)

    Args:
        arrays: `weight`, of the shape of the axes of x over which is normalised, or
            none.
        x: (batch, ..., features).
        options: epsilon, which keeps the divisor from zero; axes, over which is
            normalised, usually the last ones, as many as the arrays have; centred,
            whether the mean is subtracted first; by variance, whether the variance
            stands in the place of the mean square; summed, whether the sum of squares
            does.

    Returns:
        The shape of x. None where epsilon is not told, or where the statistics of a
        batch are asked for: this layer learns none.

    Source: Zhang & Sennrich 2019, arXiv:1910.07467, equation 4.
    """
    epsilon = options.get("epsilon")
    if epsilon is None or options.get("training"):
        return None
    x = np.asarray(x, "float64")
    axes = normalisation.axes_of(x, arrays, options)
    mean = x.mean(axes, keepdims=True)
    if options.get("centred"):
        x = x - mean
    square = (x**2).mean(axes, keepdims=True)
    if options.get("by variance"):
        square = square - mean**2
    if options.get("summed"):
        square = (x**2).sum(axes, keepdims=True)
    standard = x / np.sqrt(square + epsilon)
    return normalisation.scaled(standard, normalisation.along(axes, x, arrays))


def epsilon_in_keras(epsilon: float | None) -> float:
    """PyTorch takes the machine epsilon of its numbers where it is told none."""
    return SMALLEST if epsilon is None else epsilon


def _wrong(
    name: str, sentence: str, torch: str, keras: str, option: str
) -> Mistake[Computation]:
    effect = Computation(
        normalisation.with_options(**{option: True}),
        normalisation.with_options(**{option: False}),
    )
    return Mistake(name, sentence, torch, keras, effect)


MISTAKES = (
    _wrong(
        "mean subtracted before the mean square",
        "the mean is subtracted first, as in a layer norm",
        "nn.RMSNorm, which subtracts no mean",
        "RMSNormalization, which subtracts no mean",
        "centred",
    ),
    _wrong(
        "variance for the mean square",
        "the divisor is the root of the variance, not of the mean square",
        "take the mean of x ** 2, not the variance",
        "RMSNormalization, not LayerNormalization(rms_scaling=True)",
        "by variance",
    ),
    _wrong(
        "sum of squares for their mean",
        "the divisor is the root of the sum of squares, not of their mean",
        "nn.RMSNorm, not F.normalize",
        "RMSNormalization, not UnitNormalization",
        "summed",
    ),
    Mistake(
        "initial scale",
        "the layer still has the scale 1 that it was made with",
        "copy scale into weight",
        "copy weight into scale",
        ArraysOfLayer(filled(weight=1)),
    ),
)

RMS_NORM = Kind(
    name="RMSNorm",
    torch=("RMSNorm",),
    keras=("RMSNormalization",),
    family="normalisation",
    sources={"RMSNormalization": norm_source.RMS_NORMALIZATION},
    compute=compute,
    same_in_words=normalisation.axes_in_words,
    rows=in_any_layer(copied("weight", "scale")),
    options=(
        Option(
            "epsilon",
            "eps",
            "epsilon",
            None,
            1e-6,
            in_keras=epsilon_in_keras,
            sample=(1e-4, 1e-4),
        ),
        Option(
            "scale",
            "elementwise_affine",
            "",
            True,
            True,
            instead="Keras's layer always has a scale: set it to ones",
            sample=(False, None),
        ),
        normalisation.AXES,
    ),
    mistakes=(ANOTHER_LAYER, *ROUNDED, *MISTAKES),
    files=(Axes({"weight": 1}, {"scale": 1}), Axes({"weight": 2}, {"scale": 2})),
    examples=(
        Example(
            "RMSNorm",
            {"normalized_shape": 4, "eps": 1e-6},
            "RMSNormalization",
            {},
        ),
        Example(
            "RMSNorm",
            {"normalized_shape": [5, 4], "eps": 1e-3},
            "RMSNormalization",
            {"axis": [-2, -1], "epsilon": 1e-3},
            "over two axes",
        ),
    ),
)
