"""Mistakes in the arrays of a recurrent layer: misplaced, or in a wrong form."""

from __future__ import annotations

import numpy as np

from compare.kinds.changes import (
    MISCOUNTED,
    ArrayChange,
    ArraysChange,
    change_each,
    columns_reversed,
    half,
    in_blocks,
    initial,
    reshaped,
    reshaped_in_keras,
)
from compare.kinds.fresh import is_left
from compare.kinds.layer import Arrays
from compare.kinds.mistake import ArraysOfLayer, Mistake

ArraysMistake = Mistake[ArraysOfLayer]


def _read_without_transposing(name: str, torch: str, keras: str) -> ArraysMistake:
    return Mistake(
        f"{name} read without transposing",
        f"the {name}'s numbers were copied in the other framework's memory order",
        f"{torch} = {keras}.T, not a reshape",
        f"{keras} = {torch}.T, not a reshape",
        ArraysOfLayer(
            change_each(reshaped, torch),
            in_keras=change_each(reshaped_in_keras, torch),
        ),
    )


def gates_reshaped(kind: str, gates: int) -> ArraysMistake:
    """Return the mistake of copying each gate's input kernel without transposing it.

    Of the square recurrent kernel the same is `recurrent_kernel`'s first mistake.

    Args:
        kind: name of the kind, which is part of the mistake's name.
        gates: how many blocks of rows the kernel has.
    """
    return Mistake(
        f"{kind} input kernel of each gate read without transposing",
        "the numbers of each gate's input kernel were copied in the other framework's "
        "memory order",
        "weight_ih = kernel.T, not a reshape of each gate",
        "kernel = weight_ih.T, not a reshape of each gate",
        ArraysOfLayer(
            change_each(_of_gates(reshaped, gates), "weight_ih"),
            in_keras=change_each(_of_gates(reshaped_in_keras, gates), "weight_ih"),
        ),
    )


def _of_gates(change: ArrayChange, gates: int) -> ArrayChange:
    """Change each gate's block of rows by itself; None where one cannot be changed."""

    def changed(array: np.ndarray) -> np.ndarray | None:
        blocks = [change(block) for block in np.split(array, gates)]
        possible = [block for block in blocks if block is not None]
        return np.concatenate(possible) if len(possible) == gates else None

    return changed


GATES_OF_GRU = 3
INPUT_KERNEL_RESHAPED = _read_without_transposing("input kernel", "weight_ih", "kernel")
RECURRENT_KERNEL_RESHAPED = _read_without_transposing(
    "recurrent kernel", "weight_hh", "recurrent_kernel"
)


def recurrent_kernel(kind: str, gates: int) -> tuple[ArraysMistake, ...]:
    """Return the mistakes in a recurrent kernel of so many gates.

    Args:
        kind: name of the kind, which is part of the mistakes' names.
        gates: how many square blocks of rows it has.
    """
    # A GRU's gates are r, z, n in PyTorch and z, r, h in Keras.
    order = ", with its first two thirds exchanged" if gates == GATES_OF_GRU else ""
    return (
        Mistake(
            f"{kind} recurrent kernel not transposed",
            "the recurrent kernel of each gate, which is square, was not transposed",
            f"weight_hh = recurrent_kernel.T{order}",
            f"recurrent_kernel = weight_hh.T{order}",
            ArraysOfLayer(change_each(in_blocks(np.transpose, gates), "weight_hh")),
        ),
        Mistake(
            f"{kind} recurrent kernel reversed",
            "the units of the recurrent kernel come in reverse order",
            "reverse the columns of weight_hh",
            "reverse the rows of recurrent_kernel",
            ArraysOfLayer(change_each(columns_reversed, "weight_hh")),
        ),
    )


def _kernels_swapped(arrays: Arrays) -> Arrays | None:
    """Put weight_ih and weight_hh in each other's place, where they have one shape."""
    result = dict(arrays)
    for name in arrays:
        if name.startswith("weight_ih"):
            recurrent = name.replace("weight_ih", "weight_hh")
            if arrays[name].shape != arrays[recurrent].shape:
                return None
            result[name], result[recurrent] = arrays[recurrent], arrays[name]
    return result


KERNELS = (
    Mistake(
        "input and recurrent kernel swapped",
        "the input kernel and the recurrent kernel are in each other's place",
        "swap weight_ih and weight_hh",
        "swap kernel and recurrent_kernel",
        ArraysOfLayer(_kernels_swapped),
    ),
    Mistake(
        "input kernel reversed",
        "the features come to the layer in reverse order",
        "reverse the columns of weight_ih, or the features of the input",
        "reverse the rows of kernel, or the features of the input",
        ArraysOfLayer(change_each(columns_reversed, "weight_ih")),
    ),
)


def _only(carried: str, missing: str) -> ArraysMistake:
    return Mistake(
        f"only {carried}",
        f"of the two biases only {carried} was carried over",
        f"carry {missing} over as well",
        f"bias = bias_ih + bias_hh, not {carried} alone",
        ArraysOfLayer(change_each(np.zeros_like, missing)),
    )


BIASES = (
    *(
        Mistake(
            f"recurrent bias {name}",
            f"the bias of the recurrent layer is {counted}",
            "bias_ih + bias_hh must be Keras's bias",
            "bias must be bias_ih + bias_hh",
            ArraysOfLayer(change_each(change, "bias")),
        )
        for name, counted, change in MISCOUNTED
    ),
    _only("bias_ih", "bias_hh"),
    _only("bias_hh", "bias_ih"),
)
SECOND_BIAS_LEFT = Mistake(
    "bias_hh left as it was made",
    "bias_hh still has its initial values, beside the whole bias in bias_ih",
    "bias_hh = 0: bias_ih has all of Keras's bias",
    "bias = bias_ih + bias_hh",
    ArraysOfLayer(change_each(initial, "bias_hh"), fits=is_left),
)


def biases_summed(arrays: Arrays) -> Arrays | None:
    """Put the sum of both biases in the place of bias_ih, and zeros in bias_hh's."""
    result = dict(arrays)
    for name in arrays:
        if name.startswith("bias_ih"):
            partner = name.replace("bias_ih", "bias_hh")
            result[name] = arrays[name] + arrays[partner]
            result[partner] = 0 * arrays[partner]
    return result if any("bias" in name for name in arrays) else None


def _half_and_summed(arrays: Arrays) -> Arrays | None:
    """Round everything to float16, the sum of two biases as well."""
    rounded = change_each(half, "weight", "bias")(arrays)
    if rounded is None:
        return None
    return change_each(half, "bias")(biases_summed(rounded) or {})


ROUNDED_AND_SUMMED = Mistake(
    "weights rounded to float16 and biases added in it",
    "the weights went through float16, in which both biases were added",
    "convert the weights in float32",
    "convert the weights in float32, then add the biases",
    ArraysOfLayer(_half_and_summed),
)


def _exchanged(end: str, twin_end: str) -> ArraysChange:
    """Exchange the arrays whose names end with `end` and those with `twin_end`."""

    def changed(arrays: Arrays) -> Arrays | None:
        result = dict(arrays)
        for name in arrays:
            if name.endswith(twin_end):
                twin = name.removesuffix(twin_end) + end
                if arrays[twin].shape != arrays[name].shape:
                    return None
                result[name], result[twin] = arrays[twin], arrays[name]
        return result if any(name.endswith(twin_end) for name in arrays) else None

    return changed


def _copied(begin: str, end: str) -> ArraysChange:
    """Copy the arrays whose names end with `begin` into those that end with `end`.

    None where the layer has one direction, or the shapes differ.
    """

    def changed(arrays: Arrays) -> Arrays | None:
        result = dict(arrays)
        for name in arrays:
            if name.endswith(end):
                source = name.removesuffix(end) + begin
                if source not in arrays or arrays[source].shape != arrays[name].shape:
                    return None
                result[name] = arrays[source]
        two_directions = any(name.endswith("_l0_reverse") for name in arrays)
        return result if two_directions else None

    return changed


def _in_both_directions(direction: str, source: str, target: str) -> ArraysMistake:
    return Mistake(
        f"{direction} weights in both directions",
        f"both directions have the weights of the {direction} one",
        f"copy the other direction into the arrays with {target} as well",
        "give forward_layer and backward_layer each its own weights",
        ArraysOfLayer(_copied(source, target)),
    )


DIRECTIONS_AND_LAYERS = (
    Mistake(
        "directions swapped",
        "the forward and the backward direction have each other's weights",
        "swap the arrays with and without _reverse",
        "swap the weights of forward_layer and backward_layer",
        ArraysOfLayer(_exchanged("_l0", "_l0_reverse")),
    ),
    _in_both_directions("forward", "_l0", "_l0_reverse"),
    _in_both_directions("backward", "_l0_reverse", "_l0"),
    Mistake(
        "layers swapped",
        "two layers of the stack have each other's weights",
        "swap the arrays of _l1 and _l2",
        "swap the weights of the second and the third layer",
        ArraysOfLayer(_exchanged("_l1", "_l2")),
    ),
    Mistake(
        "first layers swapped",
        "the first two layers of the stack have each other's weights",
        "swap the arrays of _l0 and _l1",
        "swap the weights of the first and the second layer",
        ArraysOfLayer(_exchanged("_l0", "_l1")),
    ),
)
