"""Mistakes in the arrays of a layer: at the wrong place, or in the wrong form."""

from collections.abc import Iterator

import numpy as np

from compare.kinds.fresh import is_left, is_unrelated_and_fresh
from compare.kinds.gates import each, order_mistakes
from compare.kinds.mistake import (
    ACROSS,
    CONVOLUTION,
    DENSE,
    EMBEDDING,
    NORMS,
    RECURRENT,
    WEIGHTS,
    Mistake,
)


def weight_mistakes() -> Iterator[Mistake]:
    """Every mistake of this kind, the wrong orders of gates first."""
    yield from order_mistakes()
    yield from _array_mistakes()


def _array_mistakes():
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1, "RNN(relu)": 1}

    def mistake(name, sentence, torch, keras, kinds, change, **more):
        return Mistake(name, sentence, torch, keras, WEIGHTS, kinds, change, **more)

    for name, torch, keras, kinds in (
        ("input kernel", "weight_ih", "kernel", RECURRENT),
        ("recurrent kernel", "weight_hh", "recurrent_kernel", ("LSTM", "GRU")),
    ):
        yield mistake(
            f"{name} read without transposing",
            f"the {name}'s numbers were copied in the other framework's memory order",
            f"{torch} = {keras}.T, not a reshape",
            f"{keras} = {torch}.T, not a reshape",
            kinds,
            each(_reshaped, torch),
            in_keras=each(_reshaped_in_keras, torch),
        )
    for kind, count in gates.items():
        yield mistake(
            f"{kind} recurrent kernel not transposed",
            "the recurrent kernel of each gate, which is square, was not transposed",
            "weight_hh = recurrent_kernel.T",
            "recurrent_kernel = weight_hh.T",
            (kind,),
            each(_blockwise(np.transpose, count), "weight_hh"),
        )
        yield mistake(
            f"{kind} recurrent kernel reversed",
            "the units of the recurrent kernel come in reverse order",
            "reverse the columns of weight_hh",
            "reverse the rows of recurrent_kernel",
            (kind,),
            each(lambda w: w[:, ::-1], "weight_hh"),
        )
    yield mistake(
        "input and recurrent kernel swapped",
        "the input kernel and the recurrent kernel are in each other's place",
        "swap weight_ih and weight_hh",
        "swap kernel and recurrent_kernel",
        RECURRENT,
        _swapped,
    )
    yield mistake(
        "input kernel reversed",
        "the features come to the layer in reverse order",
        "reverse the columns of weight_ih, or the features of the input",
        "reverse the rows of kernel, or the features of the input",
        RECURRENT,
        each(lambda w: w[:, ::-1], "weight_ih"),
    )
    for name, what, change in (
        ("doubled", "counted twice", lambda b: 2 * b),
        ("halved", "counted half", lambda b: b / 2),
        ("dropped", "left out", np.zeros_like),
    ):
        yield mistake(
            f"recurrent bias {name}",
            f"the bias of the recurrent layer is {what}",
            "bias_ih + bias_hh must be Keras's bias",
            "bias must be bias_ih + bias_hh",
            RECURRENT,
            each(change, "bias"),
        )
        yield mistake(
            f"dense bias {name}",
            f"the bias of the dense layer is {what}",
            "copy Keras's bias",
            "copy PyTorch's bias",
            DENSE,
            each(change, "bias"),
        )
    for one, other in (("bias_ih", "bias_hh"), ("bias_hh", "bias_ih")):
        yield mistake(
            f"only {one}",
            f"of the two biases only {one} was carried over",
            f"carry {other} over as well",
            f"bias = bias_ih + bias_hh, not {one} alone",
            RECURRENT,
            each(np.zeros_like, other),
        )
    yield mistake(
        "forget bias added again",
        "one was added to the bias of the forget gate, which had it already",
        "subtract 1 from the second quarter of bias_ih",
        "subtract 1 from the second quarter of bias (unit_forget_bias adds it once)",
        ("LSTM",),
        _forget_bias(1),
    )
    yield mistake(
        "forget bias left out",
        "the bias of the forget gate lacks the one that was added to it",
        "add 1 to the second quarter of bias_ih",
        "add 1 to the second quarter of bias",
        ("LSTM",),
        _forget_bias(-1),
    )
    yield mistake(
        "bias_hh left as it was made",
        "bias_hh still has its initial values, beside the whole bias in bias_ih",
        "bias_hh = 0: bias_ih has all of Keras's bias",
        "bias = bias_ih + bias_hh",
        RECURRENT,
        each(_initial, "bias_hh"),
        fits=is_left,
    )
    yield mistake(
        "GRU biases summed into one",
        "both biases were added and stand in the one, the other is zero",
        "bias_ih = bias[0], bias_hh = bias[1], in the order r, z, n",
        "bias = stack([bias_ih, bias_hh]), in the order z, r, h",
        ("GRU",),
        _summed_biases,
    )
    yield mistake(
        "GRU biases swapped",
        "bias_ih and bias_hh are in each other's place",
        "bias_ih = bias[0], bias_hh = bias[1], in the order r, z, n",
        "bias = stack([bias_ih, bias_hh]), in the order z, r, h",
        ("GRU",),
        _swapped_biases,
    )
    yield mistake(
        "directions swapped",
        "the forward and the backward direction have each other's weights",
        "swap the arrays with and without _reverse",
        "swap the weights of forward_layer and backward_layer",
        RECURRENT,
        _exchanged("_l0", "_l0_reverse"),
    )
    for whose, first, second in (
        ("forward", "_l0", "_l0_reverse"),
        ("backward", "_l0_reverse", "_l0"),
    ):
        yield mistake(
            f"{whose} weights in both directions",
            f"both directions have the weights of the {whose} one",
            f"copy the other direction into the arrays with {second} as well",
            "give forward_layer and backward_layer each its own weights",
            RECURRENT,
            _copied(first, second),
        )
    yield mistake(
        "layers swapped",
        "two layers of the stack have each other's weights",
        "swap the arrays of _l1 and _l2",
        "swap the weights of the second and the third layer",
        RECURRENT,
        _exchanged("_l1", "_l2"),
    )
    yield mistake(
        "first layers swapped",
        "the first two layers of the stack have each other's weights",
        "swap the arrays of _l0 and _l1",
        "swap the weights of the first and the second layer",
        RECURRENT,
        _exchanged("_l0", "_l1"),
    )
    yield Mistake(
        "weights of another layer",
        "the layer has the weights of another of its kind",
        "load this layer's own weights",
        "set this layer's own weights",
        ACROSS,
        RECURRENT + DENSE + EMBEDDING + CONVOLUTION + NORMS,
        lambda arrays: None,
    )
    yield mistake(
        "dense kernel read without transposing",
        "the dense kernel's numbers were copied in the other framework's memory order",
        "weight = kernel.T, not a reshape",
        "kernel = weight.T, not a reshape",
        DENSE,
        each(_reshaped, "weight"),
        in_keras=each(_reshaped_in_keras, "weight"),
    )
    yield mistake(
        "dense inputs reversed",
        "the inputs of the dense layer come in reverse order",
        "reverse the columns of weight",
        "reverse the rows of kernel",
        DENSE,
        each(lambda w: w[:, ::-1], "weight"),
    )
    for name, change in (("float16", _half), ("bfloat16", bfloat16)):
        yield mistake(
            f"weights rounded to {name}",
            f"the weights went through {name} on their way",
            "convert the weights in float32",
            "convert the weights in float32; set no mixed precision policy",
            RECURRENT + DENSE + EMBEDDING + CONVOLUTION + NORMS,
            each(change, "weight", "bias"),
        )
    yield mistake(
        "weights rounded to float16 and biases added in it",
        "the weights went through float16, in which both biases were added",
        "convert the weights in float32",
        "convert the weights in float32, then add the biases",
        ("LSTM", "RNN", "RNN(relu)"),
        _half_and_summed,
    )
    yield mistake(
        "initial weights",
        "the layer still has the weights that it was made with",
        "load this layer too: the name in the state dict may not fit",
        "set this layer's weights too, after it is built",
        RECURRENT + DENSE + EMBEDDING + CONVOLUTION,
        each(_initial, "weight", "bias"),
        fits=is_unrelated_and_fresh,
    )
    for name, read, given, by in (
        ("embedding off by one", "k", "k + 1", 1),
        ("embedding off by one, upwards", "k + 1", "k", -1),
    ):
        yield mistake(
            name,
            f"row {read} of the embedding is read for index {given}",
            "roll the rows of weight back by one, or shift the indices as Keras does",
            "roll the rows of embeddings back by one, or shift the indices as PyTorch "
            "does",
            EMBEDDING,
            each(lambda w, by=by: np.roll(w, by, axis=0), "weight"),
        )


def _blockwise(change, gates):
    """Change each gate's block of rows by itself, if it is square."""

    def changed(array):
        blocks = np.split(array, gates)
        return np.concatenate([change(block) for block in blocks])

    return changed


def _reshaped(array):
    """The numbers of the transposed matrix, read into the shape of this one.

    Nothing where there is one row or column, which cannot be misread.
    """
    if 1 in array.shape:
        return None
    return np.ascontiguousarray(array.T).reshape(array.shape)


def _reshaped_in_keras(array):
    """As `_reshaped`, of a kernel that was made of this matrix; transposed again."""
    if 1 in array.shape:
        return None
    return np.ascontiguousarray(array).reshape(array.T.shape).T


def _swapped(arrays):
    """weight_ih and weight_hh in each other's place, where they have one shape."""
    made = dict(arrays)
    for name in arrays:
        if name.startswith("weight_ih"):
            other = name.replace("weight_ih", "weight_hh")
            if arrays[name].shape != arrays[other].shape:
                return None
            made[name], made[other] = arrays[other], arrays[name]
    return made


def _exchanged(first, second):
    """Arrays whose names hold `first` in the place of those with `second`."""

    def changed(arrays):
        made = dict(arrays)
        for name in arrays:
            if name.endswith(second):
                other = name.removesuffix(second) + first
                if arrays[other].shape != arrays[name].shape:
                    return None
                made[name], made[other] = arrays[other], arrays[name]
        return made if any(name.endswith(second) for name in arrays) else None

    return changed


def _copied(first, second):
    """Arrays whose names end with `first` in those that end with `second` as well."""

    def changed(arrays):
        made = dict(arrays)
        for name in arrays:
            if name.endswith(second):
                other = name.removesuffix(second) + first
                if other not in arrays or arrays[other].shape != arrays[name].shape:
                    return None
                made[name] = arrays[other]
        two_ways = any(name.endswith("_l0_reverse") for name in arrays)
        return made if two_ways else None

    return changed


def _forget_bias(number):
    """So much more in the quarter of the forget gate."""

    def add(array):
        made = array.copy()
        size = len(array) // 4
        made[size : 2 * size] += number
        return made

    return each(add, "bias_ih")


def _summed_biases(arrays):
    """The sum in the place of bias_ih, and nothing in that of bias_hh."""
    made = dict(arrays)
    for name in arrays:
        if name.startswith("bias_ih"):
            other = name.replace("bias_ih", "bias_hh")
            made[name], made[other] = arrays[name] + arrays[other], 0 * arrays[other]
    return made if len(made) and any("bias" in name for name in arrays) else None


def _swapped_biases(arrays):
    swapped = {"bias_ih": "bias_hh", "bias_hh": "bias_ih"}
    made = {
        name: arrays[swapped[name[:7]] + name[7:]] if name[:7] in swapped else array
        for name, array in arrays.items()
    }
    return made if any("bias" in name for name in arrays) else None


def _half_and_summed(arrays):
    """Everything in float16, the sum of two biases as well."""
    made = each(_half, "weight", "bias")(arrays)
    return made and each(_half, "bias")(_summed_biases(made) or {})


def bfloat16(array: np.ndarray) -> np.ndarray:
    """Rounded to 8 bits of mantissa, half to even, as bfloat16 keeps them."""
    bits = array.astype(np.float32).view(np.uint32)
    bits = bits + 0x7FFF + ((bits >> 16) & 1)
    return (bits & 0xFFFF0000).astype(np.uint32).view(np.float32).astype(array.dtype)


def _half(array):
    return array.astype(np.float16).astype(array.dtype)


def _initial(array):
    """Fresh numbers of the usual size, not those that were learnt or transferred."""
    bound = 1 / np.sqrt(array.shape[-1])
    fresh = np.random.default_rng(array.shape).uniform(-bound, bound, array.shape)
    return fresh.astype(np.float32).astype(array.dtype)
