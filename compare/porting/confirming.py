"""Whether what loads the original file computes what the rebuilt model computes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from compare.errors import BadInput
from compare.judging.four import Four
from compare.judging.result import SAME, StageResult, worst_of
from compare.judging.verdict import judge
from compare.judging.words import PRECISIONS, Precision, Verdict


class Original(Protocol):
    """A saved model, loaded from its file by a Keras."""

    def results(
        self, arrays: Sequence[np.ndarray], dtype: Precision
    ) -> list[np.ndarray]:
        """What it returns in a precision, one array for each result."""


@dataclass(frozen=True)
class Confirmation:
    """What came of running the file itself and the rebuilt model beside it.

    Args:
        results: the verdict on each result, of each run, in order.
    """

    results: tuple[StageResult, ...]

    @property
    def is_same(self) -> bool:
        """Whether all results are the same."""
        return self.verdict == SAME

    @property
    def verdict(self) -> Verdict:
        """The worst verdict on a result."""
        return worst_of(result.verdict for result in self.results)

    @property
    def widest(self) -> StageResult:
        """The result whose gap comes nearest to its limit, or passes it farthest."""
        return max(self.results, key=lambda result: result.ratio)


def confirmation(
    original: Original, rebuilt: Any, runs: Sequence[Sequence[np.ndarray]]
) -> Confirmation:
    """Run the original and the rebuilt model, and judge the second by the first.

    Args:
        original: loaded from the file.
        rebuilt: the live model of Keras 3 that was made of what was read.
        runs: inputs of each run, one array for each.

    Raises:
        BadInput: if Keras 3 does not run the rebuilt model.
    """
    from compare.in_keras import rebuilding
    from compare.in_keras.refusals import message

    results: list[StageResult] = []
    for number, arrays in enumerate(runs):
        try:
            t32, t64 = (
                rebuilding.results(rebuilt, arrays, dtype) for dtype in PRECISIONS
            )
        except Exception as error:  # Keras raises many kinds
            raise BadInput(
                "expected layers that run in Keras 3 as they did, got a model that it "
                f"does not run: {message(error)}"
            ) from None
        k32, k64 = (original.results(arrays, dtype) for dtype in PRECISIONS)
        for place, arrays_of_result in enumerate(zip(t32, t64, k32, k64, strict=True)):
            name = f"run {number + 1}, result {place + 1}"
            result, _ = judge(name, Four(*arrays_of_result), has_time=False)
            results.append(result)
    return Confirmation(tuple(results))
