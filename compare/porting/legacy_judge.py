"""Whether tf-keras computes from a file of Keras 1 or 2 what the rebuilt model does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from compare.judging.four import Four
from compare.judging.result import StageResult
from compare.judging.verdict import judge
from compare.judging.words import PRECISIONS
from compare.kinds.graph import ModelPlan


@dataclass(frozen=True)
class Confirmation:
    """What came of running a file in tf-keras and the rebuilt model in Keras 3.

    Args:
        version: of tf-keras.
        results: the verdict on each result, of each run, in order.
    """

    version: str
    results: tuple[StageResult, ...]

    @property
    def is_same(self) -> bool:
        """Whether all results are the same."""
        return all(result.verdict == "same" for result in self.results)


def confirmation(
    path: Path,
    plan: ModelPlan,
    rebuilt: Any,
    runs: Sequence[Sequence[np.ndarray]],
) -> Confirmation:
    """Run a file in tf-keras, and judge the rebuilt model by that.

    Args:
        path: of the file, which was read: `reading.read` refuses foreign code.
        plan: what was read.
        rebuilt: the live model of Keras 3 that was made of it.
        runs: inputs of each run, one array for each.

    Raises:
        BadInput: if tf-keras does not load the file, or takes it for another model.
    """
    from compare.in_keras import legacy, rebuilding

    original = legacy.Original(path, plan)
    results: list[StageResult] = []
    for number, arrays in enumerate(runs):
        t32, t64 = (rebuilding.results(rebuilt, arrays, dtype) for dtype in PRECISIONS)
        k32, k64 = (original.results(arrays, dtype) for dtype in PRECISIONS)
        for place, arrays_of_result in enumerate(zip(t32, t64, k32, k64, strict=True)):
            name = f"run {number + 1}, result {place + 1}"
            result, _ = judge(name, Four(*arrays_of_result), has_time=False)
            results.append(result)
    return Confirmation(original.version, tuple(results))
