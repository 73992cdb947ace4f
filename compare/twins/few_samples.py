"""Large models are judged in float64 on a few samples, and in float32 on all of them.

Float64 takes three to four times as long as float32. Where the twins are the same on
the first samples, float32 shows whether the others are too; where it does not, float64
runs on all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from compare.judging.chunks import largest_gaps
from compare.judging.four import scale_of
from compare.judging.result import SAME, Judgement, StageResult
from compare.judging.verdict import FLOOR32
from compare.judging.words import Precision
from compare.twins import effort
from compare.twins.frameworks import LAYERS
from compare.twins.stages import Stages, StagesOfAll

if TYPE_CHECKING:
    from compare.twins.twins import Twins

SINGLE: tuple[Precision, ...] = ("float32",)
DOUBLE: tuple[Precision, ...] = ("float64",)
SAMPLES = 2  # the first ones, on which float64 runs
FACTOR = 4.0  # of the noise of these, within which other samples differ in float32


class Judge:
    """Judges twins that have the same weights all the while, on input after input.

    Args:
        twins: with weights.
    """

    def __init__(self, twins: Twins) -> None:
        self._twins = twins
        self._few: tuple[np.ndarray, ...] = ()  # on which float64 ran for all
        self._of_few: StagesOfAll = {}

    def judged(
        self, arrays: Sequence[np.ndarray]
    ) -> tuple[Judgement, StagesOfAll | None]:
        """The judgement on one input; and the stages, if there are those of all of it.

        Args:
            arrays: one for each input.
        """
        stages: StagesOfAll | None = None
        if self._ran_on(arrays):
            judgement, stages = self._again(arrays)
        else:
            judgement = self._same(arrays)
        if judgement is not None and judgement.verdict == SAME:
            return judgement, stages
        stages, refusals = self._twins.run(*arrays)
        return self._twins.judged(stages, refusals, arrays), stages

    def _same(self, arrays: Sequence[np.ndarray]) -> Judgement | None:
        """The judgement on large twins that are the same on all samples.

        Returns:
            None where the twins are not large, where it does not show in this way that
            they are the same, or where one refuses: then all are to run on all samples.
        """
        twins, samples = self._twins, len(arrays[0])
        if samples <= SAMPLES or twins.only32 or not can_be_cut(twins, arrays):
            return None
        layers = LAYERS["torch"].layers(twins.model("torch", "float32"))
        if not effort.may_be_large(layers, arrays):
            return None
        in_float32, refusals = twins.run(*arrays, precisions=SINGLE)
        if refusals or not can_be_cut(twins, arrays):  # known when they have run
            return None
        if not effort.is_large_run(layers, in_float32["torch", "float32"]):
            return None
        few = first(arrays, SAMPLES)
        of_few, refusals = twins.run(*few, precisions=DOUBLE)
        if refusals or twins.only32:
            return None
        stages: StagesOfAll = {}
        for (side, precision), whole in in_float32.items():
            cut = _cut(whole, of_few[side, "float64"], samples)
            if cut is None:
                return None
            stages[side, precision] = cut
        judgement = twins.judge(stages | of_few, few)
        if judgement.verdict != SAME or not _agree(judgement.stages, in_float32):
            return None
        self._few, self._of_few = few, of_few
        return replace(judgement, in_float64=SAMPLES)

    def _ran_on(self, arrays: Sequence[np.ndarray]) -> bool:
        """Whether float64 has run on these samples, as the first ones of another."""
        if not self._few or len(arrays[0]) > SAMPLES:
            return False
        return all(
            np.array_equal(array, few[: len(array)])
            for array, few in zip(arrays, self._few, strict=True)
        )

    def _again(
        self, arrays: Sequence[np.ndarray]
    ) -> tuple[Judgement | None, StagesOfAll]:
        """The judgement by float32 of these samples, and float64 of the run before.

        Where a model takes a single sample otherwise they are not the same.

        Returns:
            None where one refuses; and the stages.
        """
        stages, refusals = self._twins.run(*arrays, precisions=SINGLE)
        if refusals:
            return None, {}
        for key, of_few in self._of_few.items():
            stages[key] = {name: a[: len(arrays[0])] for name, a in of_few.items()}
        return self._twins.judge(stages, arrays), stages


def can_be_cut(twins: Twins, arrays: Sequence[np.ndarray]) -> bool:
    """Whether the twins run on the first samples of several.

    Masks are those of the last run, and so they are of all samples or of the first.
    """
    if twins.twin("keras", "float32").masks or twins.twin("torch", "float32").packed:
        return False
    any_number = all(taken.shape[0] is None for taken in twins.inputs)
    return any_number and twins.time_axis != 0 and len(arrays[0]) > 1


def first(arrays: Sequence[np.ndarray], samples: int) -> tuple[np.ndarray, ...]:
    """The first samples of each array."""
    return tuple(array[:samples] for array in arrays)


def _cut(whole: Stages, few: Stages, samples: int) -> Stages | None:
    """The first samples of each stage, as many as in stages of few; None if unlike.

    Args:
        whole: stages of all samples.
        few: the same stages of the first ones.
        samples: how many there are in all.
    """
    stages = {}
    for name, array in few.items():
        if name not in whole:
            return None
        of_all = whole[name]
        if not array.ndim or len(array) != SAMPLES or len(of_all) != samples:
            return None
        stages[name] = of_all[:SAMPLES]
    return stages


def _agree(judged: Sequence[StageResult], in_float32: StagesOfAll) -> bool:
    """Whether float32 of all samples is no farther apart than rounding explains.

    Args:
        judged: the stages of the first samples, which are the same.
        in_float32: stages of all samples.
    """
    torch, keras = in_float32["torch", "float32"], in_float32["keras", "float32"]
    noise = FLOOR32
    for stage in judged:
        noise = max(noise, stage.noise_torch + stage.noise_keras)
        a, b = torch[stage.stage], keras[stage.stage]
        if a.shape != b.shape or a.dtype != b.dtype:
            return False
        gap = largest_gaps(a, b, has_time=False)[0] / scale_of(a, b)
        if not gap <= FACTOR * noise:  # NaN is not
            return False
    return True
