"""A batch norm that one side has folded into the layer before it, not quite right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from compare.diagnosing.operations.candidate import Candidate
from compare.diagnosing.operations.layer_calls import Layer, layer_at
from compare.diagnosing.operations.naming import at
from compare.diagnosing.operations.regions import Region, Regions
from compare.diagnosing.operations.worded import Worded
from compare.judging.distances import near
from compare.judging.result import OTHER, SIDES
from compare.judging.words import Side
from compare.kinds.layer import Arrays
from compare.mistakes.traces import Step

ROUNDED = 1e-6  # of the largest value: products in float32
EPSILONS = (0.0, 1e-3, 1e-5)  # left out, of Keras, of PyTorch
WEIGHTED = ("dense", "convolution")


@dataclass(frozen=True)
class Fold:
    """A way to fold a batch norm into weights.

    Args:
        words: what is wrong with it; "" of the right one.
        weight: of the layer with the norm in it, the outputs first.
        bias: (outputs,).
    """

    words: str
    weight: np.ndarray
    bias: np.ndarray


def unlike_folds(change: Candidate, regions: Regions) -> Worded | None:
    """Say how a batch norm was folded, where one side alone still has it.

    Args:
        change: a step of PyTorch that does what one of Keras does.
        regions: where the twins differ.
    """
    if change.keras is None:
        return None
    steps: dict[Side, tuple[Step, Region]] = {
        "torch": (change.torch, regions.torch),
        "keras": (change.keras, regions.keras),
    }
    for side in SIDES:
        norm, before = _norm(*steps[side], side)
        opposite = OTHER[side]
        step, region = steps[opposite]
        alone = layer_at(step, region.trace, opposite)
        if norm is None or before is None or alone is None:
            continue
        if alone.kind.family not in WEIGHTED:
            continue
        for fold in _folds(norm, before):
            if _is_made(fold, alone.call.arrays):
                norm_step = steps[side][0]
                return _words(fold, norm_step, step, side)
    return None


def _norm(step: Step, region: Region, side: Side) -> tuple[Layer | None, Layer | None]:
    """A batch norm and the layer that it takes its input of, if a step is one."""
    norm = layer_at(step, region.trace, side)
    if norm is None or "running_var" not in norm.call.arrays:
        return None, None
    for value in step.inputs:
        maker = region.trace.maker(value)
        if maker is not None:
            before = layer_at(maker, region.trace, side)
            if before is not None and before.kind.family in WEIGHTED:
                return norm, before
    return None, None


def _folds(norm: Layer, before: Layer) -> Iterator[Fold]:
    """The ways to fold a norm into a layer, the right one first."""
    arrays: Mapping[str, np.ndarray] = norm.call.arrays
    weight = np.asarray(before.call.arrays["weight"], "float64")
    bias = before.call.arrays.get("bias", np.zeros(len(weight)))
    mean, variance = arrays["running_mean"], arrays["running_var"]
    gamma = arrays.get("weight", np.ones(len(mean)))
    beta = arrays.get("bias", np.zeros(len(mean)))
    norms_epsilon = norm.call.options.get("epsilon", EPSILONS[-1])

    def fold(words: str, factor: np.ndarray, offset: np.ndarray) -> Fold:
        shape = (-1, *[1] * (weight.ndim - 1))
        return Fold(words, weight * factor.reshape(shape), offset)

    factor = gamma / np.sqrt(variance + norms_epsilon)
    offset = beta + (bias - mean) * factor
    yield fold("", factor, offset)
    for epsilon in EPSILONS:
        if epsilon == norms_epsilon:
            continue
        wrong = gamma / np.sqrt(variance + epsilon)
        if np.isfinite(wrong).all():
            words = f"with the epsilon {epsilon:g}, not {norms_epsilon:g}"
            if not epsilon:
                words = f"without its epsilon, {norms_epsilon:g}"
            yield fold(words, wrong, beta + (bias - mean) * wrong)
    yield fold("and its mean left out", factor, beta + bias * factor)
    yield fold("and the bias before it not scaled", factor, beta + bias - mean * factor)
    yield fold("and the bias before it left out", factor, beta - mean * factor)
    yield fold("and its offset left out", factor, (bias - mean) * factor)
    plain = 1 / np.sqrt(variance + norms_epsilon)
    yield fold("and its scale left out", plain, beta + (bias - mean) * plain)
    by_variance = gamma / (variance + norms_epsilon)
    words = "by the variance, not its root"
    yield fold(words, by_variance, beta + (bias - mean) * by_variance)


def _is_made(fold: Fold, arrays: Arrays) -> bool:
    """Whether arrays of a layer are those with a norm folded in, up to rounding."""
    if arrays["weight"].shape != fold.weight.shape:
        return False
    bias = arrays.get("bias", np.zeros(len(fold.bias)))
    return near(arrays["weight"], fold.weight, ROUNDED) and near(
        bias, fold.bias, ROUNDED
    )


def _words(fold: Fold, norm: Step, layer: Step, side: Side) -> Worded:
    """How a norm was folded, in words.

    Args:
        fold: as it was made.
        norm: the step of the norm.
        layer: the step into which it is folded on the other side.
        side: that still has the norm.
    """
    opposite = OTHER[side]
    names = f"`{norm.layer}`", f"`{layer.layer or layer.name}`"
    sentence = f"{SIDES[opposite]} has {names[0]} of {SIDES[side]}{at(norm)} folded "
    sentence += f"into {names[1]}{at(layer)}"
    right = "weight * gamma / sqrt(variance + epsilon)"
    fix = f"fold {names[0]} as {right}, beta + (bias - mean) * gamma / sqrt(...)"
    if fold.words:
        sentence += f" {fold.words}"
    else:
        sentence += ": what is folded was rounded to float32"
        fix = f"keep {names[0]} apart, or fold it in float64"
    fixes: dict[Side, str] = {
        opposite: f"{SIDES[opposite]}: {fix}",
        side: f"{SIDES[side]}: fold {names[0]} in the same way",
    }
    return Worded(f"a batch norm folded {fold.words}".strip(), sentence, fixes)
