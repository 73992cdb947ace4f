"""The proof of a port whose layers keep their states from call to call.

A comparison runs either model many times, and each run must not begin where another one
ended. So the suite compares what a call does that begins with zeros; and here are calls
in turn, each of which goes on where the one before ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from compare.in_keras import kept_states as in_keras
from compare.in_keras.models import keeps_states
from compare.in_pytorch import kept_states as in_pytorch
from compare.judging.arrays import sequence
from compare.judging.distances import distance
from compare.judging.four import Four
from compare.judging.result import SAME, Result, StageResult, worst_of
from compare.judging.verdict import judge
from compare.judging.words import PRECISIONS, Length

CALLS = 3
WEIGHTS = "of the file, states kept"

Arrays = Sequence[np.ndarray]


@dataclass(frozen=True)
class CallsInTurn:
    """What came of calls in turn.

    Args:
        results: the verdict on each call.
        note: the same in a sentence.
    """

    results: tuple[Result, ...]
    note: str


@contextmanager
def forgetting(port: Any, original: Any) -> Iterator[None]:
    """Let each run of both models begin with zeros inside the block."""
    with in_pytorch.forgetting(port), in_keras.forgetting(original):
        yield


def begin_anew(port: Any, original: Any) -> bool:
    """Let the next call of both begin with zeros; returns whether states are kept."""
    in_pytorch.begin_anew(port)
    in_keras.begin_anew(original)
    return bool(keeps_states(original))


def over_calls(
    name: str, port: Any, original: Any, runs: Sequence[Arrays], length: Length
) -> CallsInTurn | None:
    """Call both models several times in turn without a reset, in both precisions.

    Args:
        name: of the pair, for people.
        port: a module of PyTorch with its weights.
        original: what it is compared with, a model of Keras.
        runs: inputs that both take, of as many samples in each run.
        length: what both are built for.

    Returns:
        None where no layer of the original keeps its states.
    """
    if not keeps_states(original):
        return None
    calls = [_turned(runs[n % len(runs)], n) for n in range(CALLS)]
    t32, t64 = (in_pytorch.over_calls(port, calls, dtype) for dtype in PRECISIONS)
    k32, k64 = (in_keras.over_calls(original, calls, dtype) for dtype in PRECISIONS)
    (anew,) = in_keras.over_calls(original, calls[-1:], "float64")
    results = []
    for number, fours in enumerate(zip(t32, t64, k32, k64, strict=True)):
        stages = _judged(number + 1, fours)
        x = sequence(calls[number])
        results.append(
            Result(
                pair=name,
                length=length,
                timesteps=None if x is None else x.shape[1],
                batch=len(calls[number][0]),
                direction=WEIGHTS,
                verdict=worst_of(stage.verdict for stage in stages),
                expected=SAME,
                stages=stages,
            )
        )
    effect = max(map(distance, k64[-1], anew))
    return CallsInTurn(tuple(results), _note(results, effect))


def _turned(arrays: Arrays, number: int) -> list[np.ndarray]:
    """Inputs whose samples have changed places, so that each goes on with another."""
    return [np.roll(array, number, axis=0) for array in arrays]


def _judged(number: int, fours: Sequence[Arrays]) -> tuple[StageResult, ...]:
    """The verdict on each result of a call."""
    stages = []
    for place, four in enumerate(zip(*fours, strict=True), 1):
        stage = f"call {number}, result {place}"
        result, _ = judge(stage, Four(*four), has_time=False)
        stages.append(result)
    return tuple(stages)


def _note(results: Sequence[Result], effect: float) -> str:
    """What was done, and what came of it."""
    stages = [stage for result in results for stage in result.stages]
    widest = max(stages, key=lambda stage: stage.ratio)
    verdict = worst_of(result.verdict for result in results)
    note = (
        "Layers keep their states from call to call. The models were compared where "
        f"each call begins with zeros, and over {CALLS} calls in turn without a "
        f"reset: {verdict}, gap {widest.gap:.1e}, limit {widest.limit:.1e}."
    )
    if effect <= widest.limit:
        return (
            f"{note} The states make no difference to what the last call returns: "
            "whether they are kept is not shown by it."
        )
    return f"{note} Without them the last call would be {effect:.1e} apart."
