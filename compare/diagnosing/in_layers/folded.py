"""A batch norm that one side has folded into the layer before it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from compare.diagnosing.isolated import Isolated
from compare.judging.distances import near
from compare.judging.result import OTHER
from compare.judging.words import Side
from compare.kinds.layer import Arrays
from compare.mistakes.arrangements.values import row_factors

EPSILONS = (1e-5, 1e-3)  # of PyTorch, and of Keras
ROUNDED = 1e-6  # of the largest value: two products in float32
LENGTH = 1e-5  # how far a length may be from 1


def folded(layer: str, side: Side, isolated: Isolated) -> dict[str, tuple[str, str]]:
    """Say which arrays are multiples, output by output, of what they should be.

    Args:
        layer: its name; it has a weight, of which the first axis is that of outputs in
            PyTorch's layout.
        side: whose arrays may be wrong.
        isolated: the twins at work.

    Returns:
        A sentence's end and a fix for each array, by its name on that side.
    """
    held = isolated.weights[side].get(layer, {})
    right = isolated.weights[OTHER[side]].get(layer, {})
    if "weight" not in held or "weight" not in right:
        return {}
    factors = row_factors(held["weight"], right["weight"], axis=0)
    if factors is None:
        return {}
    weight = "weight" if side == "torch" else "kernel"
    for norm, scale, shift in _norms(side, len(factors), isolated):
        if not near(factors, scale, ROUNDED):
            continue
        name = isolated.name(norm, side)
        sentence = f"has the scale of the batch norm {name} folded into it"
        fix = f"do not fold {name} into it, or do so on both sides"
        sentences = {weight: (sentence, fix)}
        bias = right.get("bias")
        if bias is not None and "bias" in held:
            expected = bias * scale + shift
            if near(held["bias"], expected, ROUNDED):
                sentences["bias"] = (f"has the offset of {name} folded into it", fix)
        return sentences
    lengths = np.sqrt((held["weight"].reshape(len(factors), -1) ** 2).sum(axis=1))
    if np.abs(lengths - 1).max() <= LENGTH:
        sentence = (
            "has outputs of the length 1: they are not multiplied by the lengths g of "
            "the weight norm"
        )
        return {weight: (sentence, f"{weight} = g * v / norm(v)")}
    sentence = "is a multiple of what it should be, another one for each output"
    fix = "leave out the scale, of a norm or of a quantisation, that is folded into it"
    return {weight: (sentence, fix)}


def _norms(
    side: Side, outputs: int, isolated: Isolated
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """The batch norms of so many features: name, scale and offset, (features,) each.

    Args:
        side: the side on which one may be folded; the other one still has it.
        outputs: how many features there are.
        isolated: the twins at work.
    """
    for name, arrays in isolated.weights[OTHER[side]].items():
        if "running_var" not in arrays or len(arrays["running_var"]) != outputs:
            continue
        epsilons = [
            anatomy.options.get(name, {}).get("epsilon")
            for anatomy in isolated.anatomies.values()
        ]
        for epsilon in dict.fromkeys([*epsilons, *EPSILONS]):
            if epsilon is not None:
                yield name, *_scale_and_shift(arrays, epsilon)


def _scale_and_shift(arrays: Arrays, epsilon: float) -> tuple[np.ndarray, np.ndarray]:
    """What a batch norm multiplies by, and then adds."""
    scale = arrays.get("weight", 1.0) / np.sqrt(arrays["running_var"] + epsilon)
    return scale, arrays.get("bias", 0.0) - arrays["running_mean"] * scale
