"""Keras's layer around a layer for spectral norm.

The kernel inside is the weight that counts; `vector_u`, from which each step of
training goes on, is no weight of the model.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

ITERATIONS = 100  # of the power method, which comes nearer to the largest vector


def is_spectral(layer: Any) -> bool:
    """Whether this is such a layer."""
    return isinstance(layer, keras.layers.SpectralNormalization)


def unwrapped(layer: Any) -> Any:
    """The layer inside, or any other layer as it is."""
    return layer.layer if is_spectral(layer) else layer


def vectors(layers: list[keras.Layer]) -> list[keras.Variable]:
    """What these layers keep for training, of those that are built."""
    return [layer.vector_u for layer in layers if is_spectral(layer) and layer.built]


def settle_vectors(layers: list[keras.Layer]) -> None:
    """Let training go on from the vector that each kernel stretches most.

    Args:
        layers: whose kernels were written.
    """
    for layer in layers:
        if not is_spectral(layer):
            continue
        kernel = np.asarray(layer.kernel, "float64")
        matrix = kernel.reshape(-1, kernel.shape[-1])
        u = np.asarray(layer.vector_u, "float64")
        for _ in range(ITERATIONS):
            v = u @ matrix.T
            u = (v / np.linalg.norm(v)) @ matrix
            u = u / np.linalg.norm(u)
        layer.vector_u.assign(u)
