"""Upsampling, and layers that move numbers between features and places."""

from __future__ import annotations

from collections.abc import Callable
from math import floor

import numpy as np

from compare.kinds.kind import Example, Kind
from compare.kinds.layer import Arrays
from compare.kinds.option import REQUIRED, Option, Options, Value, plain_value

LINEAR = ("linear", "bilinear", "trilinear")
TABLE = 1024  # TensorFlow looks its cubic kernel up at so many places of a step


def resample(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray | None:
    """Take numbers at places that lie closer together, or further apart.

    Args:
        arrays: none.
        x: (batch, *spatial, features).
        options: factor, of all axes or of each; steps returned, in its place;
            interpolation; corners aligned, whether the first and the last number of an
            axis stay where they are, or else the middle of a step counts as its place.

    Returns:
        (batch, *steps, features); None of an interpolation that is not known here.
    """
    axes = x.ndim - 2
    counts = options.get("steps returned")
    factor = options.get("factor")
    factors = factor if isinstance(factor, tuple) else (factor,) * axes
    if counts is not None:
        counts = counts if isinstance(counts, tuple) else (counts,) * axes
        factors = (None,) * axes
    x = np.asarray(x, "float64")
    for axis in range(axes):
        size = x.shape[1 + axis]
        by = factors[axis]
        count = counts[axis] if counts is not None else floor(size * by)
        if options.get("corners aligned"):
            step = (size - 1) / max(count - 1, 1)
        else:
            step = size / count if by is None else 1 / by
        matrix = weights(
            options["interpolation"],
            (size, count),
            step,
            bool(options.get("corners aligned")),
        )
        if matrix is None:
            return None
        x = np.moveaxis(np.tensordot(matrix, x, (1, 1 + axis)), 0, 1 + axis)
    return x


def weights(
    interpolation: str, sizes: tuple[int, int], step: float, corners: bool = False
) -> np.ndarray | None:
    """What each step returned has of each step given.

    Args:
        interpolation: nearest, nearest-exact, one of LINEAR, bicubic as Keras has it,
            or "bicubic of PyTorch".
        sizes: how many steps are given, and how many are returned.
        step: from one place to the next, in steps given.
        corners: whether places begin at the first number, not at the first edge.

    Returns:
        (steps returned, steps given), rows that add up to 1; None of others.

    Source: Keys 1981, doi:10.1109/TASSP.1981.1163711, equation 4 for the cubic kernel:
        a is -0.5 in Keras, where what lies outside has no weight, and -0.75 in PyTorch,
        where the first and the last number are repeated.
    """
    size, returned = sizes
    numbers = np.arange(returned)
    if interpolation == "nearest":
        nearest = (numbers * step).astype(int)
        return np.asarray(np.eye(size)[np.minimum(nearest, size - 1)])
    if interpolation == "nearest-exact":
        nearest = ((numbers + 0.5) * step).astype(int)
        return np.asarray(np.eye(size)[np.minimum(nearest, size - 1)])
    places = numbers * step if corners else (numbers + 0.5) * step - 0.5
    if interpolation in LINEAR:
        return _taps(np.clip(places, 0, size - 1), size, (0, 1), _hat)
    if interpolation == "bicubic of PyTorch":
        return _taps(places, size, (-1, 0, 1, 2), cubic(-0.75))
    if interpolation == "bicubic":
        places = np.rint(places * TABLE) / TABLE
        matrix = _taps(places, size, (-1, 0, 1, 2), cubic(-0.5), repeated=False)
        result: np.ndarray = matrix / matrix.sum(axis=1, keepdims=True)
        return result
    return None


def _taps(
    places: np.ndarray,
    size: int,
    offsets: tuple[int, ...],
    kernel: Callable[[np.ndarray], np.ndarray],
    repeated: bool = True,
) -> np.ndarray:
    """What each place has of the steps around it, (places, steps given).

    Args:
        places: in steps given.
        size: how many steps there are.
        offsets: of the steps around a place, from the one before it.
        kernel: takes distances and returns weights.
        repeated: whether the first and the last step stand for those outside.
    """
    matrix = np.zeros((len(places), size))
    rows = np.arange(len(places))
    begin = np.floor(places).astype(int)
    for offset in offsets:
        share = kernel(places - (begin + offset))
        inside = (begin + offset >= 0) & (begin + offset < size)
        columns = np.clip(begin + offset, 0, size - 1)
        np.add.at(matrix, (rows, columns), np.where(inside | repeated, share, 0))
    return matrix


def _hat(distance: np.ndarray) -> np.ndarray:
    """The kernel of linear interpolation."""
    return np.asarray(np.maximum(1 - np.abs(distance), 0))


def cubic(a: float) -> Callable[[np.ndarray], np.ndarray]:
    """Return the kernel of cubic convolution with a slope of a at distance 1."""

    def kernel(distance: np.ndarray) -> np.ndarray:
        d = np.abs(distance)
        near = (a + 2) * d**3 - (a + 3) * d**2 + 1
        far = a * (d**3 - 5 * d**2 + 8 * d - 4)
        return np.where(d <= 1, near, np.where(d < 2, far, 0))

    return kernel


# --------------------------------------------------------------------------- settings


def factor_read(value: Value) -> Value:
    """A factor as one number where that of each axis is the same."""
    value = plain_value(value)
    if isinstance(value, tuple):
        factors = tuple(map(_whole, value))
        return factors[0] if len(set(factors)) == 1 else factors
    return _whole(value)


def _whole(factor: Value) -> Value:
    """A factor that is whole as an integer, which PyTorch keeps as a float."""
    if isinstance(factor, float) and factor.is_integer():
        return int(factor)
    return factor


def interpolation_in_keras(mode: str) -> str:
    """PyTorch's word in Keras's: linear ones are one, and cubic ones two."""
    if mode in LINEAR:
        return "bilinear"
    return "bicubic of PyTorch" if mode == "bicubic" else mode


UPSAMPLE = Kind(
    name="Upsample",
    torch=("Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d"),
    keras=("UpSampling2D", "UpSampling1D", "UpSampling3D"),
    family="other",
    compute=resample,
    options=(
        Option(
            "factor",
            "scale_factor",
            "size",
            None,
            (2, 2),
            read=factor_read,
            sample=(3, 3),
        ),
        Option(
            "steps returned",
            "size",
            "",
            None,
            None,
            instead="keras.layers.Resizing(height, width), whose nearest is PyTorch's "
            "nearest-exact",
            sample=((5, 7), None),
        ),
        Option(
            "interpolation",
            "mode",
            "interpolation",
            "nearest",
            "nearest",
            in_keras=interpolation_in_keras,
            in_pytorch=(
                "nearest",
                "nearest-exact",
                "bilinear",
                "area",
                "bicubic of PyTorch",
            ),
            keras_has=("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"),
            instead="keras.ops.image.resize has no such interpolation: write it with "
            "keras.ops.take",
            instead_in_torch='F.interpolate(x, scale_factor=2, mode="bicubic", '
            "antialias=True) for bicubic; PyTorch has no lanczos",
            sample=("bilinear", "bilinear"),
        ),
        Option(
            "corners aligned",
            "align_corners",
            "",
            None,
            False,
            in_keras=bool,
            instead="interpolate by hand, with keras.ops.take: Keras has no aligned "
            "corners",
            sample=(True, None),
        ),
    ),
    features_first=True,
    examples=(
        Example(
            "Upsample",
            {"scale_factor": 2, "mode": "nearest"},
            "UpSampling2D",
            {"size": 2},
            shape=(3, 5, 2, 4),
        ),
        Example(
            "Upsample",
            {"scale_factor": 3},
            "UpSampling1D",
            {"size": 3},
            "of one axis",
        ),
        Example(
            "Upsample",
            {"scale_factor": (2, 1, 3)},
            "UpSampling3D",
            {"size": (2, 1, 3)},
            "of three axes",
            (3, 2, 3, 2, 4),
        ),
        Example(
            "Upsample",
            {"scale_factor": 2, "mode": "bilinear"},
            "UpSampling2D",
            {"size": 2, "interpolation": "bilinear"},
            "bilinear",
            (3, 5, 3, 4),
        ),
        Example(
            "UpsamplingBilinear2d",
            {"scale_factor": 2},
            name="with corners aligned",
            shape=(3, 5, 3, 4),
        ),
        Example(
            "Upsample",
            {"scale_factor": 2, "mode": "bicubic"},
            name="bicubic",
            shape=(3, 5, 3, 4),
        ),
        Example(
            "Upsample",
            {"size": (3, 7), "mode": "nearest-exact"},
            name="to a size",
            shape=(3, 5, 3, 4),
        ),
    ),
)


def shuffled(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Spread features over places: r * r of them over a square of r by r.

    Args:
        arrays: none.
        x: (batch, height, width, features * r * r), the place walked through first.
        options: factor (r).

    Returns:
        (batch, height * r, width * r, features).

    Source: Shi et al. 2016, arXiv:1609.05158, equation 4.
    """
    r = options["factor"]
    batch, height, width, features = x.shape
    apart = np.asarray(x, "float64").reshape(batch, height, width, -1, r, r)
    placed = apart.transpose(0, 1, 4, 2, 5, 3)
    return placed.reshape(batch, height * r, width * r, features // r**2)


def unshuffled(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Gather squares of r by r places into features; see `shuffled`."""
    r = options["factor"]
    batch, height, width, features = x.shape
    shape = (batch, height // r, r, width // r, r, features)
    apart = np.asarray(x, "float64").reshape(shape).transpose(0, 1, 3, 5, 2, 4)
    return apart.reshape(batch, height // r, width // r, features * r**2)


# keras.ops.depth_to_space(x, r) has the features walked through first: move them with
# x.reshape(..., features, r * r), swapped, before it.
PIXEL_SHUFFLES = tuple(
    Kind(
        name=torch,
        torch=(torch,),
        keras=(),
        family="other",
        compute=compute,
        options=(Option("factor", name, "", REQUIRED, REQUIRED, sample=(3, None)),),
        features_first=True,
        examples=(Example(torch, {name: 2}, shape=(3, 4, 2, 8)),),
    )
    for torch, name, compute in (
        ("PixelShuffle", "upscale_factor", shuffled),
        ("PixelUnshuffle", "downscale_factor", unshuffled),
    )
)
