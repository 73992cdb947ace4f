"""Normalisation to length one: a layer of Keras, a function of PyTorch.

It stands not in KINDS, since no layer of PyTorch is of it.
"""

from __future__ import annotations

import numpy as np

from compare.kinds import norm_source
from compare.kinds.kind import Kind
from compare.kinds.layer import Arrays
from compare.kinds.option import Option, Options, as_tuple

SHORTEST = 1e-12  # a length, the least by which Keras divides


def compute(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Divide by the root of the sum of squares over some axes.

        y = x / max(sqrt(sum of x^2), 1e-12)

    Args:
        arrays: none.
        x: (batch, ..., features).
        options: axes, over which is summed.

    Returns:
        The shape of x.
    """
    x = np.asarray(x, "float64")
    axes = as_tuple(options.get("axes", -1))
    length = np.sqrt((x**2).sum(axes, keepdims=True))
    return np.asarray(x / np.maximum(length, SHORTEST))


UNIT_NORMALIZATION = Kind(
    name="UnitNormalization",
    torch=(),
    keras=("UnitNormalization",),
    family="normalisation",
    sources={"UnitNormalization": norm_source.UNIT_NORMALIZATION},
    compute=compute,
    options=(
        Option(
            "axes",
            "",
            "axis",
            -1,
            -1,
            read=as_tuple,
            torch_attribute="axis",
            instead=(
                "torch.nn.functional.normalize(x, dim={value}), whose dim "
                "is 1 by itself; {value} counts Keras's axes"
            ),
            sample=(None, 1),
        ),
    ),
)
