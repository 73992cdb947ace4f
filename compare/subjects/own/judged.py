"""How a pair of models is judged, and what came of it; loads frameworks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compare.judging.result import DIFFERENT, ONE_REFUSES, Result
from compare.subjects.own import building, weights
from compare.subjects.own.pair import OwnPair

# PyTorch comes first.
from compare.twins.twins import Twins


@dataclass(frozen=True)
class Reading:
    """One way to judge a pair.

    Args:
        pair: what to run.
        note: what a reader must know of it, a sentence; "" where the pair is judged as
            it is.
        as_written: whether constants are judged as they were written down, not as
            float32 rounds them.
        own_weights_alone: whether to judge the weights that the models have, and no
            random ones.
        float32_alone: whether to judge in float32 alone.
    """

    pair: OwnPair
    note: str = ""
    as_written: bool = False
    own_weights_alone: bool = False
    float32_alone: bool = False


@dataclass(frozen=True)
class Judged:
    """A pair as it was run.

    Args:
        pair: as it was judged in the end, its layers exchanged if need be.
        twins: that ran.
        length: number of steps that they were built for; None for any.
        results: of every case.
        notes: what a reader must know, a sentence each.
        gradients: whether those of the pair's loss were compared as well.
    """

    pair: OwnPair
    twins: Twins
    length: int | None
    results: Sequence[Result]
    notes: Sequence[str]
    gradients: bool

    @property
    def wrong(self) -> list[Result]:
        """The results in which the models are not the same; not those of gradients."""
        wrong = []
        for result in self.results:
            is_unlike = result.verdict in (DIFFERENT, ONE_REFUSES)
            if is_unlike and not result.as_expected and not result.loss:
                wrong.append(result)
        return wrong

    def built_again(self, direction: str) -> Twins | None:
        """New twins with the weights of a direction; None where one side refuses.

        Those that ran have other weights by now.
        """
        twins, stages = building.twins_of(self.pair, self.length)
        if not stages:
            return None
        weights.loads(self.pair, twins, [])[direction](twins)
        return twins
