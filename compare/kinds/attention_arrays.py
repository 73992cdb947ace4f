"""Arrays of attention: PyTorch packs three projections, Keras cuts each into heads."""

from __future__ import annotations

import numpy as np

from compare.kinds.attention import PROJECTIONS
from compare.kinds.layer import Arrays
from compare.kinds.rows import Row, copied

OUTPUT = ("out_proj.weight", "output.kernel", "out_proj.bias", "output.bias")


def rows(torch: Arrays, keras: Arrays) -> tuple[Row, ...]:
    """The rows of attention, in Keras one layer or four dense layers by hand.

    Those are named by number, `0.kernel, 0.bias ...`: of queries, of keys, of values,
    and of the output.
    """
    names = {name: name for name in (*PROJECTIONS, "output")}
    if any(name.startswith("0.") for name in keras):
        names = {name: str(number) for number, name in enumerate(names)}
    heads = _heads_of(keras, names)
    kernels = [f"{names[name]}.kernel" for name in PROJECTIONS]
    biases = [f"{names[name]}.bias" for name in PROJECTIONS]
    output = names["output"]
    if "in_proj_weight" in torch:
        weights = [_packed("in_proj_weight", kernels, heads)]
    else:
        weights = [
            _in_heads(f"{letter}_proj_weight", kernel, heads)
            for letter, kernel in zip("qkv", kernels, strict=True)
        ]
    return (
        *weights,
        _packed_bias("in_proj_bias", biases, heads),
        _from_heads("out_proj.weight", f"{output}.kernel", heads),
        copied("out_proj.bias", f"{output}.bias"),
    )


def _heads_of(keras: Arrays, names: dict[str, str]) -> int:
    """How many heads Keras's kernels are cut into; 0 where they are not cut."""
    kernel = keras.get(f"{names['query']}.kernel")
    if kernel is None or len(kernel.shape) != 3:
        return 0
    return int(kernel.shape[1])


def _cut(array: np.ndarray, heads: int) -> np.ndarray:
    """Cut the last axis into (heads, size of a head), if there are heads."""
    if not heads or array.shape[-1] % heads:
        return array
    return array.reshape(*array.shape[:-1], heads, -1)


def _to_kernel(weight: np.ndarray, heads: int) -> np.ndarray:
    """(heads * size, features) to (features, heads, size)."""
    return _cut(weight.T, heads)


def _to_weight(kernel: np.ndarray) -> np.ndarray:
    """(features, heads, size), or (features, outputs), to (outputs, features)."""
    return kernel.reshape(len(kernel), -1).T


def _in_heads(torch: str, keras: str, heads: int) -> Row:
    """PyTorch's weight is (heads * size, features), Keras's (features, heads, size)."""

    def to_keras(weight: np.ndarray) -> tuple[np.ndarray, ...]:
        return (_to_kernel(weight, heads),)

    def to_torch(kernel: np.ndarray) -> tuple[np.ndarray, ...]:
        return (_to_weight(kernel),)

    return Row((torch,), (keras,), to_keras, to_torch)


def _packed(torch: str, keras: list[str], heads: int) -> Row:
    """PyTorch has the weights of queries, keys and values one below the other."""

    def to_keras(weight: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(_to_kernel(piece, heads) for piece in np.split(weight, 3))

    def to_torch(*kernels: np.ndarray) -> tuple[np.ndarray, ...]:
        return (np.concatenate([_to_weight(kernel) for kernel in kernels]),)

    return Row((torch,), tuple(keras), to_keras, to_torch)


def _packed_bias(torch: str, keras: list[str], heads: int) -> Row:
    """PyTorch has the three biases in one array, Keras each as (heads, size)."""

    def to_keras(bias: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(_cut(piece, heads) for piece in np.split(bias, 3))

    def to_torch(*biases: np.ndarray) -> tuple[np.ndarray, ...]:
        return (np.concatenate([bias.reshape(-1) for bias in biases]),)

    return Row((torch,), tuple(keras), to_keras, to_torch)


def _from_heads(torch: str, keras: str, heads: int) -> Row:
    """PyTorch's weight is (outputs, heads * size), Keras's (heads, size, outputs)."""

    def to_keras(weight: np.ndarray) -> tuple[np.ndarray, ...]:
        kernel = weight.T
        if heads and not len(kernel) % heads:
            kernel = kernel.reshape(heads, -1, kernel.shape[-1])
        return (kernel,)

    def to_torch(kernel: np.ndarray) -> tuple[np.ndarray, ...]:
        return (kernel.reshape(-1, kernel.shape[-1]).T,)

    return Row((torch,), (keras,), to_keras, to_torch)


def rows_of_linears(arrays: Arrays) -> tuple[Row, ...]:
    """The rows of attention that PyTorch has as a Linear for each projection.

    Args:
        arrays: of Keras's layer, such as "query.kernel" and "gate.bias".
    """
    found: list[Row] = []
    for name in arrays:
        part, kind = name.split(".")
        if kind == "kernel" and part == "output":
            found.append(_from_heads(f"{part}.weight", name, 0))
        elif kind == "kernel":
            found.append(_in_heads(f"{part}.weight", name, 0))
        else:
            found.append(_flattened(f"{part}.bias", name))
    return tuple(found)


def _flattened(torch: str, keras: str) -> Row:
    """PyTorch's bias is (heads * size,), Keras's (heads, size)."""

    def to_keras(bias: np.ndarray) -> tuple[np.ndarray, ...]:
        return (bias,)

    def to_torch(bias: np.ndarray) -> tuple[np.ndarray, ...]:
        return (bias.reshape(-1),)

    return Row((torch,), (keras,), to_keras, to_torch)
