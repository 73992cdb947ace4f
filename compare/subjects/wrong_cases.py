"""The cases in which twins differ: which of them is explained, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from compare import progress
from compare.judging.explanation import Explanation
from compare.judging.result import ONE_REFUSES, Result
from compare.judging.words import Length
from compare.twins.twins import Twins

USUAL_BATCH = 4  # the batch of the case that is looked at more closely, or near it
MANY_TIMES = 2  # as many steps take longer to explain than another case and a proof


@dataclass(frozen=True)
class WrongCase:
    """A case in which twins differ or one refuses.

    Args:
        result: without an explanation.
        inputs: an array for each.
        number: of the result among those of its direction, from 0.
    """

    result: Result
    inputs: tuple[np.ndarray, ...]
    number: int

    @property
    def steps(self) -> int:
        """How many steps the models take, at least one."""
        return self.result.timesteps or 1


class Explainer:
    """Says why twins of a pair differ, until a cause is proved to be the whole one."""

    def __init__(self) -> None:
        self._is_proved = False
        self._directions: set[tuple[Length, str]] = set()  # explained, by length

    def explanation(
        self, twins: Twins, wrong: Sequence[WrongCase]
    ) -> tuple[WrongCase, Explanation | None]:
        """The explanation of one case of a direction; None if it was told.

        A case of few steps is explained in a fraction of the time of one with many. So
        the cause is looked for there, and proved on the first case. Where that is not
        to be, as of a loop with too many operations, the case of few is explained.

        Args:
            twins: with the weights of the direction.
            wrong: the cases in which they differ or one refuses, at least one.

        Returns:
            The case, the first where the explanation is not that of another one.
        """
        if twins.only32 or not self._is_due(wrong[0].result):
            return wrong[0], None
        # Here: a run in which all is the same does without, a tenth of its time.
        from compare.diagnosing import diagnosis

        progress.say("looking for the reason")
        case, least = wrong[0], quickest(wrong)
        explanation = None
        if case.steps > MANY_TIMES * least.steps:
            explanation = diagnosis.proved(twins, least.inputs, case.inputs)
        if explanation is None:
            explanation = diagnosis.diagnose(twins, case.inputs)
        if not explanation.explained and least.steps < case.steps:
            of_least = diagnosis.diagnose(twins, least.inputs)
            if of_least.explained:
                case, explanation = least, of_least
        self._is_proved = explanation.explained
        return case, explanation

    def _is_due(self, result: Result) -> bool:
        """Whether a direction has more to say than those before it.

        A proved cause is the whole one, and weights that were transferred to PyTorch
        show nothing that those to Keras do not.
        """
        self._directions.add((result.length, result.direction))
        if self._is_proved:
            return False
        before = (result.length, "to_keras")
        return not (result.direction == "to_torch" and before in self._directions)


def quickest(wrong: Sequence[WrongCase]) -> WrongCase:
    """The case that takes least to be explained and still shows what is wrong."""
    return min(wrong, key=_effort)


def _effort(wrong: WrongCase) -> tuple[bool, bool, int, bool, int]:
    """How long a case takes to explain; what shows too little comes last."""
    refused = wrong.result.verdict == ONE_REFUSES
    steps, batch = wrong.steps, wrong.result.batch or 0
    return refused, steps == 1, steps, batch == 1, abs(batch - USUAL_BATCH)
