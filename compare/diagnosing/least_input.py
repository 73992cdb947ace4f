"""The least of an input on which twins still differ, where nothing explains why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from compare.diagnosing.conclusion import deciding_stage
from compare.errors import BadInput
from compare.judging.explanation import Explanation, listed
from compare.judging.result import DIFFERENT, StageResult

if TYPE_CHECKING:
    from compare.twins.twins import Twins

SAMPLES = (1, 2, 3)  # so many are tried
STEPS = (1, 2, 3, 4, 8)


def with_least_input(
    twins: Twins, arrays: tuple[np.ndarray, ...], explanation: Explanation
) -> Explanation:
    """Say on how small an input the twins differ, and what each returns there.

    Args:
        twins: different on these arrays.
        arrays: one for each input.
        explanation: what is said else.
    """
    if explanation.explained or explanation.gap_before is None:
        return explanation
    least, stage = _least(twins, arrays)
    if stage is None or stage.worst is None:
        return explanation
    inputs = []
    for argument, array in zip(twins.inputs, least, strict=True):
        inputs.append(f"{argument.name} {array.shape}")
    worst = stage.worst
    place = [int(index) for index in worst.index]
    sentence = (
        f"the least input on which they differ is {listed(inputs)}: at {place} of "
        f"{stage.stage} PyTorch has {worst.torch:.6g}, Keras {worst.keras:.6g}"
    )
    return replace(
        explanation,
        sentence=_with(explanation.sentence, sentence),
        rest=_with(explanation.rest, sentence),
    )


def _with(text: str, sentence: str) -> str:
    """A text with one more sentence."""
    return f"{text}; {sentence}" if text else sentence


def _least(
    twins: Twins, arrays: tuple[np.ndarray, ...]
) -> tuple[tuple[np.ndarray, ...], StageResult | None]:
    """The first few samples, then the first few steps, on which twins differ."""
    least, stage = arrays, None
    if twins.time_axis:
        for count in SAMPLES:
            fewer = tuple(array[:count] for array in arrays)
            stage = _difference(twins, fewer)
            if stage is not None:
                least = fewer
                break
    if stage is None:
        return arrays, _difference(twins, arrays)
    time = _steps(arrays)
    for count in STEPS:
        if count >= time:
            break
        shorter = tuple(_cut(array, count, time) for array in least)
        of_steps = _difference(twins, shorter)
        if of_steps is not None:
            return shorter, of_steps
    return least, stage


def _steps(arrays: Sequence[np.ndarray]) -> int:
    """How many steps the first input has; 0 where it has no axis of time."""
    x = arrays[0]
    is_text = x.ndim == 2 and x.dtype.kind in "iu"
    if x.ndim == 3 or is_text:
        return x.shape[1]
    return 0


def _cut(array: np.ndarray, count: int, time: int) -> np.ndarray:
    """The first steps of an array that has as many as the first input."""
    has_steps = array.ndim > 1 and array.shape[1] == time
    return array[:, :count] if has_steps else array


def _difference(twins: Twins, arrays: tuple[np.ndarray, ...]) -> StageResult | None:
    """The stage in which twins differ on arrays; None where they do not, or refuse."""
    try:
        judgement = twins.compare(*arrays)
    except (BadInput, IndexError, RuntimeError, TypeError, ValueError):
        return None
    if judgement.verdict != DIFFERENT:
        return None
    return deciding_stage(judgement)
