"""Weights that PyTorch computes from other tensors of a file, as in a weight norm.

What is moved is the weight that a layer computes while it evaluates. The keys are those
of `torch.nn.utils.weight_norm` and `spectral_norm`, and of both in
`torch.nn.utils.parametrizations`.

Source: Salimans & Kingma 2016, arXiv:1602.07868, equation 2; Miyato et al. 2018,
    arXiv:1802.05957, algorithm 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from compare.errors import BadInput

Arrays = Mapping[str, np.ndarray]  # by their keys in a file


@dataclass(frozen=True)
class WeightNorm:
    """A weight w = g v / |v|, whose rows have the lengths g.

    Args:
        g: key of the lengths, of size 1 in every axis over which is summed.
        v: key of an array of the shape of the weight.
    """

    g: str
    v: str

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys in the file, in the place of which is the weight."""
        return self.g, self.v

    def weight(self, arrays: Arrays) -> np.ndarray:
        """Compute the weight, in the precision of the file."""
        g, v = arrays[self.g], arrays[self.v]
        weight: np.ndarray = v.astype("float64") * (g / _lengths(g, v))
        return weight.astype(v.dtype)

    def parts(self, weight: np.ndarray, arrays: Arrays) -> dict[str, np.ndarray]:
        """Return what the file has to hold for a weight."""
        g = arrays[self.g]
        return {self.g: _lengths(g, weight).reshape(g.shape), self.v: weight}


@dataclass(frozen=True)
class SpectralNorm:
    """A weight w / (u W v): W is w as a matrix, u and v are those it stretches most.

    Args:
        w: key of an array of the shape of the weight.
        u: key of a vector of as many numbers as one axis of w has.
        v: key of a vector of as many numbers as the other axes have together.
    """

    w: str
    u: str
    v: str

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys in the file, in the place of which is the weight."""
        return self.w, self.u, self.v

    def weight(self, arrays: Arrays) -> np.ndarray:
        """Compute the weight, in the precision of the file."""
        w, u, v = (arrays[key].astype("float64") for key in self.keys)
        matrices = [
            np.moveaxis(w, axis, 0).reshape(len(u), -1)
            for axis in (0, 1)  # of a transposed convolution, 1
            if w.shape[axis] == len(u)
        ]
        # Where both axes have the size, u is what the right matrix makes of v.
        scores = [np.abs(u @ matrix @ v) for matrix in matrices]
        matrix = matrices[int(np.argmax(scores))]
        weight: np.ndarray = w / (u @ matrix @ v)
        return weight.astype(arrays[self.w].dtype)

    def parts(self, weight: np.ndarray, arrays: Arrays) -> dict[str, np.ndarray]:
        """Return what the file has to hold for a weight.

        Raises:
            BadInput: always: what the vectors are is found while the layer learns.
        """
        layer = re.sub(r"(\.parametrizations)?\.\w+\.?(original|_orig)?$", "", self.w)
        raise BadInput(
            f"{self.w}: expected a weight that can be replaced, got one that is "
            f"divided by its spectral norm; save {layer} without it, load the weights "
            "into that, and put spectral_norm on again afterwards"
        )


Computed = WeightNorm | SpectralNorm


def computed(arrays: Arrays) -> Iterator[tuple[str, Computed]]:
    """Yield the full name of each weight that is computed, and what from.

    Args:
        arrays: of a file; of these only keys and shapes are looked at.
    """
    for key in arrays:
        name = re.sub(r"parametrizations\.(\w+)\.original[01]?$", r"\1", key)
        if name != key:
            start = key.rpartition("original")[0]
            weight_norm = WeightNorm(f"{start}original0", f"{start}original1")
            spectral_norm = SpectralNorm(
                f"{start}original", f"{start}0._u", f"{start}0._v"
            )
        elif key.endswith(("_g", "_orig")):
            name = key.rpartition("_")[0]
            weight_norm = WeightNorm(f"{name}_g", f"{name}_v")
            spectral_norm = SpectralNorm(f"{name}_orig", f"{name}_u", f"{name}_v")
        else:
            continue
        if key == weight_norm.g and _is_weight_norm(weight_norm, arrays):
            yield name, weight_norm
        elif key == spectral_norm.w and _is_spectral_norm(spectral_norm, arrays):
            yield name, spectral_norm


def _is_weight_norm(norm: WeightNorm, arrays: Arrays) -> bool:
    """Whether a file has both arrays of a weight norm, and their shapes fit."""
    if norm.v not in arrays:
        return False
    g, v = arrays[norm.g].shape, arrays[norm.v].shape
    if not g:  # one length for all
        return True
    return len(g) == len(v) and all(
        size in (1, whole) for size, whole in zip(g, v, strict=True)
    )


def _is_spectral_norm(norm: SpectralNorm, arrays: Arrays) -> bool:
    """Whether a file has all arrays of a spectral norm, and their shapes fit."""
    if norm.u not in arrays or norm.v not in arrays:
        return False
    w, u, v = (arrays[key].shape for key in norm.keys)
    if len(w) < 2 or len(u) != 1 or len(v) != 1 or u[0] not in w[:2]:
        return False
    return u[0] * v[0] == int(np.prod(w))


def _lengths(g: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The lengths of v along the axes of which g has one number, in float64."""
    axes = tuple(axis for axis in range(v.ndim) if g.ndim == 0 or g.shape[axis] == 1)
    squares = np.square(v.astype("float64")).sum(axes, keepdims=True)
    lengths: np.ndarray = np.sqrt(squares)
    return lengths
