"""Local response normalisation, which PyTorch has a layer of and Keras has none."""

from __future__ import annotations

import numpy as np

from compare.kinds.kind import Example, Kind
from compare.kinds.layer import Arrays
from compare.kinds.option import REQUIRED, Option, Options

INSTEAD = (
    "tf.nn.local_response_normalization(x, depth_radius=(size - 1) // 2, bias=k, "
    "alpha=alpha / size, beta=beta) in Keras, features last, in float32 and of an odd "
    "size alone; else sum the squares of neighbouring features by keras.ops"
)


def compute(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Divide each feature by a power of the squares of those beside it.

        y_c = x_c / (k + alpha / size * sum of x_d^2)^beta,   d beside c, zeros beyond

    Args:
        arrays: none.
        x: (batch, ..., features).
        options: size, how many features are summed, of an even one one more before than
            after; alpha; beta; k.

    Returns:
        The shape of x.

    Source: Krizhevsky, Sutskever & Hinton 2012, doi:10.1145/3065386, section 3.3, with
        alpha / size for its alpha.
    """
    x = np.asarray(x, "float64")
    size = options["size"]
    around = [(0, 0)] * (x.ndim - 1) + [(size // 2, (size - 1) // 2)]
    padded = np.pad(x**2, around)
    windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=-1)
    divisor = options["k"] + options["alpha"] / size * windows.sum(-1)
    return np.asarray(x / divisor ** options["beta"])


LOCAL_RESPONSE_NORM = Kind(
    name="LocalResponseNorm",
    torch=("LocalResponseNorm",),
    keras=(),
    family="normalisation",
    features_first=True,
    compute=compute,
    options=(
        Option("size", "size", "", REQUIRED, None, instead=INSTEAD, sample=(5, None)),
        Option("alpha", "alpha", "", 1e-4, None, instead=INSTEAD, sample=(1e-2, None)),
        Option("beta", "beta", "", 0.75, None, instead=INSTEAD, sample=(0.5, None)),
        Option("k", "k", "", 1.0, None, instead=INSTEAD, sample=(2.0, None)),
    ),
    examples=tuple(
        Example(
            "LocalResponseNorm",
            {"size": size, "alpha": 0.5, "beta": beta, "k": k},
            name=f"over {size} features, beta {beta}, k {k}",
            shape=(3, 5, 4, 7),
        )
        for size, beta, k in ((3, 0.75, 1.0), (4, 0.5, 2.0), (5, 0.75, 2.0))
    ),
)
