"""Models that differ by no more than rounding to float32 makes of them.

A table that one side computes in float32 and the other in float64, or a norm that was
folded into the float32 weights of a layer, makes models differ in float64, where
rounding shrinks and that does not. No mistake has been made then, and in float32 they
are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from compare.diagnosing.between.operation import AS_ROUNDED
from compare.judging.distances import distance
from compare.judging.explanation import Explanation
from compare.judging.result import DIFFERENT, SAME, Result
from compare.judging.verdict import EPS32, SAFETY
from compare.subjects.cases import Case
from compare.subjects.own import calls, drawing, weights
from compare.subjects.own.pair import OwnPair
from compare.twins.twins import Twins

REASON = "the models are apart by a rounding to float32"  # judged in float32 alone
# In sentences of what is a rounding and no mistake.
SAID = (AS_ROUNDED, "folded was rounded to float32")
UNITS = 4.0  # of the last place in float32
WITHOUT_PROOF = 2.0  # times the noise that constants and weights may explain
# Of inputs: what has another scale, as an epsilon has, is no rounding in all of them.
SCALES = (2.0**-12, 2.0**-6, 2.0**6)
SAMPLES = 8  # on which other inputs run


@dataclass(frozen=True)
class _Figures:
    """How far results are apart, as parts of their largest values.

    Args:
        gap: in float64.
        noise: of both models together.
    """

    gap: float
    noise: float


def in_words(pair: OwnPair, twins: Twins, wrong: Sequence[Result]) -> str:
    """Say that models differ by roundings alone, if they do.

    Args:
        pair: whose models.
        twins: with the user's own weights; get others.
        wrong: the results in which they differ.

    Returns:
        A sentence; "" where there is more than a rounding, or a mistake explains it.
    """
    explanations = [result.explanation for result in wrong if result.explanation]
    if not explanations or any(result.verdict != DIFFERENT for result in wrong):
        return ""
    if not all(map(_may_be_rounding, explanations)):
        return ""
    factor = WITHOUT_PROOF
    if all(explanation.is_rounding for explanation in explanations):
        factor = SAFETY
    directions = {result.direction for result in wrong}
    largest = _Figures(0.0, 0.0)
    for direction, load in weights.loads(pair, twins, []).items():
        load(twins)
        if direction not in directions:
            continue
        for number, arrays in enumerate(_inputs(pair, twins)):
            figures = _figures(twins, arrays)
            if figures is None:
                if number:
                    continue
                return ""
            if figures.gap > factor * max(figures.noise, UNITS * EPS32):
                return ""
            if figures.gap > largest.gap:
                largest = figures
    return (
        f"In float64 the models are apart by {largest.gap:.1e}, where rounding to "
        f"float32 makes {largest.noise:.1e} of them: {_why(explanations[0])}. So they "
        "are judged in float32, where they are the same."
    )


def _may_be_rounding(explanation: Explanation) -> bool:
    """Whether nothing but roundings is known to be the cause."""
    if explanation.explained:
        tells_rounding = any(words in explanation.sentence for words in SAID)
        return explanation.is_rounding or tells_rounding
    return not explanation.part


def _why(explanation: Explanation) -> str:
    """What may have been rounded, or has."""
    if explanation.is_rounding:
        return f"{explanation.sentence}, alike but for what float32 makes of them"
    if explanation.explained:
        return explanation.sentence
    return (
        "no mistake was found, and constants or weights that one side has in float32 "
        "differ so, as a norm that was folded into a layer does"
    )


def _inputs(pair: OwnPair, twins: Twins) -> Iterator[tuple[np.ndarray, ...]]:
    """The user's input, then a few samples of it on other scales."""
    yield pair.arrays
    few = calls.cut(pair.arrays, twins.inputs, Case(None, None, SAMPLES, SAME))
    for scale in SCALES:
        arrays = drawing.times(few, scale)
        if arrays is not None:
            yield arrays


def _figures(twins: Twins, arrays: Sequence[np.ndarray]) -> _Figures | None:
    """How far the models are apart on an input; None where nothing can be measured."""
    stages, refusals = twins.run(*arrays)
    if refusals or len(twins.precisions) < 2:
        return None
    gap = noise = 0.0
    for name in twins.outputs:
        t32, t64 = stages["torch", "float32"][name], stages["torch", "float64"][name]
        k32, k64 = stages["keras", "float32"][name], stages["keras", "float64"][name]
        gap = max(gap, distance(t64, k64))
        noise = max(noise, distance(t32, t64) + distance(k32, k64))
    return _Figures(gap, noise) if np.isfinite(gap + noise) else None
