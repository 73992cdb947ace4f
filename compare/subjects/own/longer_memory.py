"""Differences that hardly reach the results, since models forget what makes them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from compare.diagnosing import diagnosis
from compare.judging.explanation import Explanation
from compare.judging.result import DIFFERENT, Result
from compare.subjects.own.judged import Judged
from compare.twins.twins import Twins
from compare.twins.weights import remember

FAINT = 1e-6  # gap below which operations take two arrays for the same
SEEN = (
    "seen with weights that forget little: with the model's own it hardly reaches the "
    "results"
)


def is_faint(explanation: Explanation) -> bool:
    """Whether a difference is not explained, and hardly reaches the results."""
    gap = explanation.gap_before
    return not explanation.explained and gap is not None and gap < FAINT


def of_results(judged: Judged) -> list[Result]:
    """The results, those that differ faintly explained if they can be."""
    recalled = list(judged.results)
    wrong = judged.wrong
    for number, result in enumerate(judged.results):
        explanation = result.explanation
        is_wrong = any(result is differing for differing in wrong)
        if explanation is None or not is_wrong or not is_faint(explanation):
            continue
        twins = judged.built_again(result.direction)
        if twins is None:
            break
        explanation = explained(twins, judged.pair.arrays, explanation)
        recalled[number] = replace(result, explanation=explanation)
    return recalled


def explained(
    twins: Twins, arrays: tuple[np.ndarray, ...], before: Explanation
) -> Explanation:
    """Explain what hardly reaches the results by weights with which it does.

    Steps that are cut off at the beginning are such: an LSTM has forgotten most of them
    fifty steps later.

    Args:
        twins: that differ on these arrays; get other weights.
        arrays: one for each input.
        before: what explains the difference, or does not.

    Returns:
        What was given, where it explains the difference, where that is not faint, or
        where other weights explain no more.
    """
    if not is_faint(before) or twins.only32 or not twins.is_whole:
        return before
    remember(twins)
    if twins.compare(*arrays).verdict != DIFFERENT:
        return before
    again = diagnosis.diagnose(twins, arrays)
    if not again.explained:
        return before
    return replace(again, sentence=f"{again.sentence}; {SEEN}")
