"""Whether the weights of a layer are those that it was made with."""

from __future__ import annotations

import numpy as np

from compare.judging.words import Side
from compare.kinds.layer import Arrays

UNRELATED = 4.0  # standard errors of a correlation: of chance, once in 16,000
NEARBY = 0.05  # of the largest number: all of them as near as that is no chance


def is_unrelated_and_fresh(right: Arrays, wrong: Arrays, side: Side) -> bool:
    """Whether arrays look freshly made, and have nothing to do with the right ones.

    Args:
        right: by PyTorch's names, in its layout.
        wrong: the same.
        side: "torch" or "keras", whose way of making weights is looked for.
    """
    if not all(are_unrelated(right[name], wrong[name]) for name in wrong):
        return False
    return is_fresh(wrong, side)


def is_fresh(arrays: Arrays, side: Side) -> bool:
    """Whether arrays look as if a side's framework had just made them.

    Args:
        arrays: of a layer, by PyTorch's names, in its layout.
        side: "torch" or "keras", whose way of making weights is looked for.
    """
    return _fresh_in_torch(arrays) if side == "torch" else _fresh_in_keras(arrays)


def is_left(right: Arrays, wrong: Arrays, side: Side) -> bool:
    """Whether PyTorch's bias_hh is as it was made, and all else is right.

    Keras's whole bias is then in bias_ih. A GRU of Keras has both.
    """
    biases = [name for name in wrong if name.startswith("bias_hh")]
    if side != "torch" or not biases:
        return False
    other_names = [name for name in wrong if name not in biases]
    if not all(np.allclose(right[n], wrong[n], rtol=1e-6, atol=0) for n in other_names):
        return False
    return all(
        _is_uniform(wrong[name], _torch_bound(wrong))
        and not np.allclose(wrong[name], right[name], rtol=1e-6, atol=0)
        for name in biases
    )


def are_unrelated(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether no number of the one is made of the other's, as far as that shows."""
    if np.array_equal(a, b):
        return False
    largest = max(np.abs(a).max(), np.abs(b).max())
    if np.abs(a - b).max() < NEARBY * largest:
        return False
    if a.size < 8 or not a.std() or not b.std():
        return True
    # The same numbers in another order have the same largest: sorting takes longer.
    if np.isclose(a.max(), b.max(), rtol=1e-6) and np.allclose(
        np.sort(a, axis=None), np.sort(b, axis=None), rtol=1e-6
    ):
        return False
    correlation = np.corrcoef(a.ravel(), b.ravel())[0, 1]
    # Fisher's transformation has a standard error that few numbers do not change.
    distance = np.arctanh(np.clip(abs(correlation), 0.0, 1.0 - 1e-12))
    return bool(distance < UNRELATED / np.sqrt(a.size - 3))


def _torch_bound(arrays: Arrays) -> float:
    """PyTorch's bound: 1 / sqrt(hidden_size), or of the inputs of one output."""
    if "weight" in arrays:
        return float(1 / np.sqrt(arrays["weight"][0].size))
    name = next(name for name in arrays if name.startswith("weight_hh"))
    return float(1 / np.sqrt(arrays[name].shape[1]))


def _fresh_in_torch(arrays: Arrays) -> bool:
    if set(arrays) == {"weight"} and _is_normal(arrays["weight"]):
        return True  # an Embedding
    if "out_proj.weight" in arrays:
        return _is_fresh_attention(arrays)
    bound = _torch_bound(arrays)
    return all(_is_uniform(array, bound) for array in arrays.values())


def _is_fresh_attention(arrays: Arrays) -> bool:
    """Whether weights of attention are drawn alike, whatever the bound, without biases.

    Keras's bound depends on how the kernels are cut into heads.
    """
    for name, array in arrays.items():
        if name.endswith("bias"):
            if array.any():
                return False
        elif not _is_uniform(array, float(np.abs(array).max())):
            return False
    return True


def _fresh_in_keras(arrays: Arrays) -> bool:
    if "out_proj.weight" in arrays:
        keras_arrays = {
            name: array for name, array in arrays.items() if "in_proj" not in name
        }
        if "in_proj_weight" in arrays:
            numbered = enumerate(np.split(arrays["in_proj_weight"], 3))
            for number, weight in numbered:
                keras_arrays[f"{number} weight"] = weight
        if "in_proj_bias" in arrays:
            keras_arrays["bias"] = arrays["in_proj_bias"]
        return _is_fresh_attention(keras_arrays)
    biases = [a for name, a in arrays.items() if "bias" in name]
    if not all(map(_is_zero_or_forget_one, biases)):
        return False
    for name, array in arrays.items():
        if name.startswith("weight_hh"):
            if not _is_orthogonal(array):
                return False
        elif "weight" in name and not _is_glorot(array):
            return False
    return True


def _is_zero_or_forget_one(bias: np.ndarray) -> bool:
    """A bias as Keras makes it: zero, but one for an LSTM's forget gate."""
    size = len(bias) // 4
    return not bias.any() or (
        bool((bias[size : 2 * size] == 1).all())
        and not bias[:size].any()
        and not bias[2 * size :].any()
    )


def _is_orthogonal(matrix: np.ndarray) -> bool:
    """Whether the rows of Keras's recurrent kernel are, PyTorch's columns."""
    return np.allclose(matrix.T @ matrix, np.eye(matrix.shape[1]), atol=1e-4)


def _is_glorot(array: np.ndarray) -> bool:
    """Whether uniform in Glorot's bound, or in 0.05, that of an Embedding."""
    if array.ndim < 2:
        return False  # a scale or slopes, which Keras makes one or zero
    inputs, outputs = array[0].size, len(array) * (array[0, 0].size or 1)
    glorot = np.sqrt(6 / (inputs + outputs))
    return _is_uniform(array, glorot) or _is_uniform(array, 0.05)


def _is_uniform(array: np.ndarray, bound: float) -> bool:
    """Whether an array may be drawn from -bound to bound."""
    limit, spread = bound * (1 + 1e-6), np.sqrt((array**2).mean()) * np.sqrt(3) / bound
    return bool(np.abs(array).max() <= limit and abs(spread - 1) < 2 / array.size**0.5)


def _is_normal(array: np.ndarray) -> bool:
    """Whether an array may be drawn from a standard normal distribution."""
    rough = 4 / array.size**0.5
    return bool(abs(array.mean()) < rough and abs(array.std() - 1) < rough)
