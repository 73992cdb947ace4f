"""Mistakes in the arrays of a layer: at the wrong place, or in the wrong form."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from compare.kinds.fresh import is_left, is_unrelated_and_fresh
from compare.kinds.gates import ArrayChange, change_each, order_mistakes
from compare.kinds.layer import Arrays
from compare.kinds.mistake import (
    CONVOLUTION,
    DENSE,
    EMBEDDING,
    NORMS,
    RECURRENT,
    ArraysOfAnotherLayer,
    ArraysOfLayer,
    Mistake,
)

ArraysChange = Callable[[Arrays], Arrays | None]


def weight_mistakes() -> Iterator[Mistake[ArraysOfLayer | ArraysOfAnotherLayer]]:
    """Every mistake of this kind, the wrong orders of gates first."""
    yield from order_mistakes()
    yield from _array_mistakes()


def _array_mistakes() -> Iterator[Mistake[ArraysOfLayer | ArraysOfAnotherLayer]]:
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1, "RNN(relu)": 1}

    for name, torch, keras, kinds in (
        ("input kernel", "weight_ih", "kernel", RECURRENT),
        ("recurrent kernel", "weight_hh", "recurrent_kernel", ("LSTM", "GRU")),
    ):
        yield Mistake(
            f"{name} read without transposing",
            f"the {name}'s numbers were copied in the other framework's memory order",
            f"{torch} = {keras}.T, not a reshape",
            f"{keras} = {torch}.T, not a reshape",
            kinds,
            ArraysOfLayer(
                change_each(_reshaped, torch),
                in_keras=change_each(_reshaped_in_keras, torch),
            ),
        )
    for kind, count in gates.items():
        yield Mistake(
            f"{kind} recurrent kernel not transposed",
            "the recurrent kernel of each gate, which is square, was not transposed",
            "weight_hh = recurrent_kernel.T",
            "recurrent_kernel = weight_hh.T",
            (kind,),
            ArraysOfLayer(change_each(_blockwise(np.transpose, count), "weight_hh")),
        )
        yield Mistake(
            f"{kind} recurrent kernel reversed",
            "the units of the recurrent kernel come in reverse order",
            "reverse the columns of weight_hh",
            "reverse the rows of recurrent_kernel",
            (kind,),
            ArraysOfLayer(change_each(lambda w: w[:, ::-1], "weight_hh")),
        )
    yield Mistake(
        "input and recurrent kernel swapped",
        "the input kernel and the recurrent kernel are in each other's place",
        "swap weight_ih and weight_hh",
        "swap kernel and recurrent_kernel",
        RECURRENT,
        ArraysOfLayer(_swapped),
    )
    yield Mistake(
        "input kernel reversed",
        "the features come to the layer in reverse order",
        "reverse the columns of weight_ih, or the features of the input",
        "reverse the rows of kernel, or the features of the input",
        RECURRENT,
        ArraysOfLayer(change_each(lambda w: w[:, ::-1], "weight_ih")),
    )
    for name, counted, change in (
        ("doubled", "counted twice", lambda b: 2 * b),
        ("halved", "counted half", lambda b: b / 2),
        ("dropped", "left out", np.zeros_like),
    ):
        yield Mistake(
            f"recurrent bias {name}",
            f"the bias of the recurrent layer is {counted}",
            "bias_ih + bias_hh must be Keras's bias",
            "bias must be bias_ih + bias_hh",
            RECURRENT,
            ArraysOfLayer(change_each(change, "bias")),
        )
        yield Mistake(
            f"dense bias {name}",
            f"the bias of the dense layer is {counted}",
            "copy Keras's bias",
            "copy PyTorch's bias",
            DENSE,
            ArraysOfLayer(change_each(change, "bias")),
        )
    for carried, missing in (("bias_ih", "bias_hh"), ("bias_hh", "bias_ih")):
        yield Mistake(
            f"only {carried}",
            f"of the two biases only {carried} was carried over",
            f"carry {missing} over as well",
            f"bias = bias_ih + bias_hh, not {carried} alone",
            RECURRENT,
            ArraysOfLayer(change_each(np.zeros_like, missing)),
        )
    yield Mistake(
        "forget bias added again",
        "one was added to the bias of the forget gate, which had it already",
        "subtract 1 from the second quarter of bias_ih",
        "subtract 1 from the second quarter of bias (unit_forget_bias adds it once)",
        ("LSTM",),
        ArraysOfLayer(_forget_bias(1)),
    )
    yield Mistake(
        "forget bias left out",
        "the bias of the forget gate lacks the one that was added to it",
        "add 1 to the second quarter of bias_ih",
        "add 1 to the second quarter of bias",
        ("LSTM",),
        ArraysOfLayer(_forget_bias(-1)),
    )
    yield Mistake(
        "bias_hh left as it was made",
        "bias_hh still has its initial values, beside the whole bias in bias_ih",
        "bias_hh = 0: bias_ih has all of Keras's bias",
        "bias = bias_ih + bias_hh",
        RECURRENT,
        ArraysOfLayer(change_each(_initial, "bias_hh"), fits=is_left),
    )
    yield Mistake(
        "GRU biases summed into one",
        "both biases were added and stand in the one, the other is zero",
        "bias_ih = bias[0], bias_hh = bias[1], in the order r, z, n",
        "bias = stack([bias_ih, bias_hh]), in the order z, r, h",
        ("GRU",),
        ArraysOfLayer(_summed_biases),
    )
    yield Mistake(
        "GRU biases swapped",
        "bias_ih and bias_hh are in each other's place",
        "bias_ih = bias[0], bias_hh = bias[1], in the order r, z, n",
        "bias = stack([bias_ih, bias_hh]), in the order z, r, h",
        ("GRU",),
        ArraysOfLayer(_swapped_biases),
    )
    yield Mistake(
        "directions swapped",
        "the forward and the backward direction have each other's weights",
        "swap the arrays with and without _reverse",
        "swap the weights of forward_layer and backward_layer",
        RECURRENT,
        ArraysOfLayer(_exchanged("_l0", "_l0_reverse")),
    )
    for whose, first, second in (
        ("forward", "_l0", "_l0_reverse"),
        ("backward", "_l0_reverse", "_l0"),
    ):
        yield Mistake(
            f"{whose} weights in both directions",
            f"both directions have the weights of the {whose} one",
            f"copy the other direction into the arrays with {second} as well",
            "give forward_layer and backward_layer each its own weights",
            RECURRENT,
            ArraysOfLayer(_copied(first, second)),
        )
    yield Mistake(
        "layers swapped",
        "two layers of the stack have each other's weights",
        "swap the arrays of _l1 and _l2",
        "swap the weights of the second and the third layer",
        RECURRENT,
        ArraysOfLayer(_exchanged("_l1", "_l2")),
    )
    yield Mistake(
        "first layers swapped",
        "the first two layers of the stack have each other's weights",
        "swap the arrays of _l0 and _l1",
        "swap the weights of the first and the second layer",
        RECURRENT,
        ArraysOfLayer(_exchanged("_l0", "_l1")),
    )
    yield Mistake(
        "weights of another layer",
        "the layer has the weights of another of its kind",
        "load this layer's own weights",
        "set this layer's own weights",
        RECURRENT + DENSE + EMBEDDING + CONVOLUTION + NORMS,
        ArraysOfAnotherLayer(),
    )
    yield Mistake(
        "dense kernel read without transposing",
        "the dense kernel's numbers were copied in the other framework's memory order",
        "weight = kernel.T, not a reshape",
        "kernel = weight.T, not a reshape",
        DENSE,
        ArraysOfLayer(
            change_each(_reshaped, "weight"),
            in_keras=change_each(_reshaped_in_keras, "weight"),
        ),
    )
    yield Mistake(
        "dense inputs reversed",
        "the inputs of the dense layer come in reverse order",
        "reverse the columns of weight",
        "reverse the rows of kernel",
        DENSE,
        ArraysOfLayer(change_each(lambda w: w[:, ::-1], "weight")),
    )
    for name, change in (("float16", _half), ("bfloat16", bfloat16)):
        yield Mistake(
            f"weights rounded to {name}",
            f"the weights went through {name} on their way",
            "convert the weights in float32",
            "convert the weights in float32; set no mixed precision policy",
            RECURRENT + DENSE + EMBEDDING + CONVOLUTION + NORMS,
            ArraysOfLayer(change_each(change, "weight", "bias")),
        )
    yield Mistake(
        "weights rounded to float16 and biases added in it",
        "the weights went through float16, in which both biases were added",
        "convert the weights in float32",
        "convert the weights in float32, then add the biases",
        ("LSTM", "RNN", "RNN(relu)"),
        ArraysOfLayer(_half_and_summed),
    )
    yield Mistake(
        "initial weights",
        "the layer still has the weights that it was made with",
        "load this layer too: the name in the state dict may not fit",
        "set this layer's weights too, after it is built",
        RECURRENT + DENSE + EMBEDDING + CONVOLUTION,
        ArraysOfLayer(
            change_each(_initial, "weight", "bias"), fits=is_unrelated_and_fresh
        ),
    )
    for name, read, index, by in (
        ("embedding off by one", "k", "k + 1", 1),
        ("embedding off by one, upwards", "k + 1", "k", -1),
    ):
        yield Mistake(
            name,
            f"row {read} of the embedding is read for index {index}",
            "roll the rows of weight back by one, or shift the indices as Keras does",
            "roll the rows of embeddings back by one, or shift the indices as PyTorch "
            "does",
            EMBEDDING,
            ArraysOfLayer(change_each(_rolled(by), "weight")),
        )


def _rolled(by: int) -> ArrayChange:
    """Move each row down by a number of rows; what falls out comes in at the top."""

    def change(array: np.ndarray) -> np.ndarray:
        return np.roll(array, by, axis=0)

    return change


def _blockwise(change: ArrayChange, gates: int) -> ArrayChange:
    """Change each gate's block of rows by itself, if it is square."""

    def changed(array: np.ndarray) -> np.ndarray:
        blocks = np.split(array, gates)
        return np.concatenate([change(block) for block in blocks])

    return changed


def _reshaped(array: np.ndarray) -> np.ndarray | None:
    """Read the numbers of the transposed matrix into the shape of this one.

    None where there is one row or column, which cannot be misread.
    """
    if 1 in array.shape:
        return None
    return np.ascontiguousarray(array.T).reshape(array.shape)


def _reshaped_in_keras(array: np.ndarray) -> np.ndarray | None:
    """Read this matrix into the shape of Keras's kernel, and transpose that."""
    if 1 in array.shape:
        return None
    return np.ascontiguousarray(array).reshape(array.T.shape).T


def _swapped(arrays: Arrays) -> Arrays | None:
    """Put weight_ih and weight_hh in each other's place, where they have one shape."""
    result = dict(arrays)
    for name in arrays:
        if name.startswith("weight_ih"):
            recurrent = name.replace("weight_ih", "weight_hh")
            if arrays[name].shape != arrays[recurrent].shape:
                return None
            result[name], result[recurrent] = arrays[recurrent], arrays[name]
    return result


def _exchanged(first: str, second: str) -> ArraysChange:
    """Exchange the arrays whose names end with `first` and those with `second`."""

    def changed(arrays: Arrays) -> Arrays | None:
        result = dict(arrays)
        for name in arrays:
            if name.endswith(second):
                twin = name.removesuffix(second) + first
                if arrays[twin].shape != arrays[name].shape:
                    return None
                result[name], result[twin] = arrays[twin], arrays[name]
        return result if any(name.endswith(second) for name in arrays) else None

    return changed


def _copied(first: str, second: str) -> ArraysChange:
    """Copy the arrays whose names end with `first` into those that end with `second`.

    None where the layer has one direction, or the shapes differ.
    """

    def changed(arrays: Arrays) -> Arrays | None:
        result = dict(arrays)
        for name in arrays:
            if name.endswith(second):
                source = name.removesuffix(second) + first
                if source not in arrays or arrays[source].shape != arrays[name].shape:
                    return None
                result[name] = arrays[source]
        two_directions = any(name.endswith("_l0_reverse") for name in arrays)
        return result if two_directions else None

    return changed


def _forget_bias(number: int) -> ArraysChange:
    """Add a number to the quarter of the forget gate."""

    def add(array: np.ndarray) -> np.ndarray:
        result = array.copy()
        size = len(array) // 4
        result[size : 2 * size] += number
        return result

    return change_each(add, "bias_ih")


def _summed_biases(arrays: Arrays) -> Arrays | None:
    """Put the sum of both biases in the place of bias_ih, and zeros in bias_hh's."""
    result = dict(arrays)
    for name in arrays:
        if name.startswith("bias_ih"):
            second = name.replace("bias_ih", "bias_hh")
            result[name] = arrays[name] + arrays[second]
            result[second] = 0 * arrays[second]
    return result if any("bias" in name for name in arrays) else None


def _swapped_biases(arrays: Arrays) -> Arrays | None:
    """Put bias_ih and bias_hh in each other's place."""
    result = dict(arrays)
    for name in arrays:
        if name.startswith("bias_ih"):
            second = name.replace("bias_ih", "bias_hh")
            result[name], result[second] = arrays[second], arrays[name]
    return result if any("bias" in name for name in arrays) else None


def _half_and_summed(arrays: Arrays) -> Arrays | None:
    """Round everything to float16, the sum of two biases as well."""
    rounded = change_each(_half, "weight", "bias")(arrays)
    if rounded is None:
        return None
    return change_each(_half, "bias")(_summed_biases(rounded) or {})


def bfloat16(array: np.ndarray) -> np.ndarray:
    """Round to 8 bits of mantissa, half to even, as bfloat16 keeps them."""
    bits = array.astype(np.float32).view(np.uint32)
    bits = bits + 0x7FFF + ((bits >> 16) & 1)
    return (bits & 0xFFFF0000).astype(np.uint32).view(np.float32).astype(array.dtype)


def _half(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float16).astype(array.dtype)


def _initial(array: np.ndarray) -> np.ndarray:
    """Draw numbers of the usual size, not those that were learnt or transferred."""
    bound = 1 / np.sqrt(array.shape[-1])
    fresh = np.random.default_rng(array.shape).uniform(-bound, bound, array.shape)
    return fresh.astype(np.float32).astype(array.dtype)
