"""The changes, one after the other, that make PyTorch's model do as Keras's does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np

from compare.diagnosing.operations.branches import (
    candidates_of_branches,
    reshapes_of_branches,
)
from compare.diagnosing.operations.by_hand import recurrent_by_hand
from compare.diagnosing.operations.by_hand_reads import read_otherwise
from compare.diagnosing.operations.candidate import Candidate
from compare.diagnosing.operations.candidates import DEEPEST, JUST, candidates
from compare.diagnosing.operations.carried import carried_otherwise
from compare.diagnosing.operations.counterparts import counterparts, same
from compare.diagnosing.operations.exchanged import exchanged
from compare.diagnosing.operations.kept_states import kept_on_one_side
from compare.diagnosing.operations.norms_at_residuals import norms_at_residuals
from compare.diagnosing.operations.own_weights import weights_otherwise
from compare.diagnosing.operations.regions import Regions, regions
from compare.diagnosing.operations.rotary import rotated_otherwise
from compare.diagnosing.operations.splits import split_otherwise
from compare.in_keras import traces as keras_traces
from compare.in_pytorch import traces as pytorch_traces
from compare.mistakes.traces import RETURN, Replacement, Trace

if TYPE_CHECKING:
    from compare.twins.twins import Twins

MOST_CAUSES = 4
MOST_RUNS = 150  # of PyTorch's model, for one cause
MOST_TRACES = 30
OF_KERAS = ("otherwise", "keras alone")  # what Keras's step makes is put in the place
THAT_CURE = (  # each yields changes of one sort, which count only where they cure
    read_otherwise,
    split_otherwise,
    exchanged,
    kept_on_one_side,
    carried_otherwise,
)
SECONDS = 20.0  # after which no further change is tried


@dataclass(frozen=True)
class Cause:
    """A change of PyTorch's model, and where the twins differed before it.

    Args:
        change: to be made.
        regions: where they differed, with the changes before it made.
    """

    change: Candidate
    regions: Regions


IsTold = Callable[[Cause], bool]


@dataclass(frozen=True)
class Causes:
    """What makes PyTorch's model do as Keras's does.

    Args:
        causes: in order.
        replacements: of all of them.
        begin: where the twins differed as they were.
        are_all: whether the models return the same with them, in float64.
    """

    causes: Sequence[Cause]
    replacements: Sequence[Replacement]
    begin: Regions
    are_all: bool


def causes(
    twins: Twins,
    arrays: Sequence[np.ndarray],
    known_alone: bool = False,
    is_told: IsTold | None = None,
) -> Causes | None:
    """Find out which operations make twins differ.

    Args:
        twins: with both in float64; different on these arrays.
        arrays: one for each input.
        known_alone: whether only mistakes of the library are looked for.
        is_told: whether the words for a change say what is wrong; if given, a change
            that cures counts only where they do.

    Returns:
        None where there is too much to note, or no step to be named.
    """
    end = time.monotonic() + SECONDS
    keras = _traced_keras(twins, arrays)
    if keras is None:
        return None
    differing_first: Regions | None = None
    cause_list: list[Cause] = []
    changes: list[Replacement] = []
    while True:
        torch = _traced(twins, arrays, changes)
        if torch is None:
            return None
        differing = regions(torch, keras, counterparts(torch, keras))
        if differing_first is None:
            differing_first = differing
        if differing.are_empty:
            return Causes(cause_list, changes, differing_first, are_all=True)
        new: list[Candidate] = []
        if len(cause_list) < MOST_CAUSES:
            search = _Search(twins, arrays, changes, differing, end, is_told)
            new = search.known()
            if not new and not known_alone:
                new = search.any()
        if not new:
            return Causes(cause_list, changes, differing_first, are_all=False)
        for candidate in new:
            cause_list.append(Cause(candidate, differing))
            changes = [*changes, *candidate.replacements(differing)]


def begin(twins: Twins, arrays: Sequence[np.ndarray]) -> Regions | None:
    """Find out where twins differ; arguments and None as in `causes`."""
    keras = _traced_keras(twins, arrays)
    torch = _traced(twins, arrays, ())
    if keras is None or torch is None:
        return None
    return regions(torch, keras, counterparts(torch, keras))


def _traced_keras(twins: Twins, arrays: Sequence[np.ndarray]) -> Trace | None:
    """Keras's trace; None where it does not come to its end."""
    twin = twins.twin("keras", "float64")
    try:
        trace = keras_traces.traced(twin, arrays)
    except Exception:
        return None
    return None if trace.is_cut else trace


def _traced(
    twins: Twins, arrays: Sequence[np.ndarray], changes: Sequence[Replacement]
) -> Trace | None:
    """PyTorch's trace with some changes; None where it does not come to its end."""
    twin = twins.twin("torch", "float64")
    try:
        trace = pytorch_traces.traced(twin, arrays, changes)
    except Exception:
        return None
    return None if trace.is_cut else trace


@dataclass(frozen=True)
class _Search:
    """Looks for one change.

    Args:
        twins: as in `causes`.
        arrays: as in `causes`.
        changes: that are made already.
        regions: where the twins differ with them.
        end: when to stop, by the clock.
        is_told: as in `causes`.
    """

    twins: Twins
    arrays: Sequence[np.ndarray]
    changes: Sequence[Replacement]
    regions: Regions
    end: float
    is_told: IsTold | None = None

    def known(self) -> list[Candidate]:
        """A change that a mistake of the library is, if it cures, or brings nearer."""
        changes = [*norms_at_residuals(self.regions)]
        changes += recurrent_by_hand(self.regions)
        changes += rotated_otherwise(self.regions)
        by_themselves = [changes_of(self.regions) for changes_of in THAT_CURE]
        of_all = chain(changes, *by_themselves)
        return self.first_that_cures(of_all) or self._best(changes)

    def any(self) -> list[Candidate]:
        """The simplest change that cures, or else brings the twins nearer."""
        return (
            self.first_that_cures(weights_otherwise(self.regions))
            or self.cure(0, 0)
            or self.together()
            or self.cure(1, JUST)
            or self.progress(of_layers=True)
            or self.cure(JUST + 1, DEEPEST)
            or self.progress()
        )

    def first_that_cures(self, changes: Iterable[Candidate]) -> list[Candidate]:
        """The first change with which PyTorch's model returns what Keras's does."""
        for candidate in changes:
            if self._cures([candidate]):
                return [candidate]
        return []

    def cure(self, shallowest: int, deepest: int) -> list[Candidate]:
        """The first change with which PyTorch's model returns what Keras's does.

        Args:
            shallowest: how many steps into the region it is at least.
            deepest: how many at most.
        """
        for candidate in islice(self._candidates(), MOST_RUNS):
            is_there = shallowest <= candidate.depth <= deepest
            if is_there and self._cures([candidate]) and self._is_told(candidate):
                return [candidate]
        return []

    def together(self) -> list[Candidate]:
        """Changes where the difference begins, in several branches, that cure it."""
        branches: list[Candidate] = []
        for of_branches in (candidates_of_branches, reshapes_of_branches):
            branches = of_branches(self.regions)
            if len(branches) > 1 and self._cures(branches):
                break
        else:
            return []
        for candidate in list(branches):
            fewer = [branch for branch in branches if branch is not candidate]
            if self._cures(fewer):
                branches = fewer
        return branches

    def _is_told(self, candidate: Candidate) -> bool:
        """Whether a change may be named."""
        return self.is_told is None or self.is_told(Cause(candidate, self.regions))

    def _cures(self, changes: Sequence[Candidate]) -> bool:
        """Whether PyTorch's model returns with some changes what Keras's does."""
        keras = self.regions.keras.trace
        expected = [keras.array(number) for number in keras.results]
        replacements = [*self.changes]
        for candidate in changes:
            replacements += candidate.replacements(self.regions)
        twin = self.twins.twin("torch", "float64")
        results = pytorch_traces.results_of(twin, self.arrays, replacements)
        if results is None or len(results) != len(expected):
            return False
        return all(map(same, results, expected))

    def progress(self, of_layers: bool = False) -> list[Candidate]:
        """The change after which most of what Keras's model makes is shared.

        Args:
            of_layers: whether only what layers with weights are given is changed.
        """
        every = self._candidates()
        if of_layers:
            every = (candidate for candidate in every if _is_given_to_layer(candidate))
        return self._best(islice(every, MOST_TRACES))

    def _best(self, every: Iterable[Candidate]) -> list[Candidate]:
        """The one change after which most is shared; none where nothing is."""
        best: list[Candidate] = []
        largest = 0
        for candidate in every:
            changes = [*self.changes, *candidate.replacements(self.regions)]
            torch = _traced(self.twins, self.arrays, changes)
            if torch is None:
                continue
            shared = self._newly_shared(torch, candidate)
            if shared > largest and self._is_told(candidate):
                best, largest = [candidate], shared
        return best

    def _newly_shared(self, torch: Trace, candidate: Candidate) -> int:
        """How many values of Keras's region have a counterpart with a change.

        Without those that the change itself has put into PyTorch's model.
        """
        keras = self.regions.keras
        shared = counterparts(torch, keras.trace)
        outputs: tuple[int, ...] = ()
        if candidate.keras is not None and candidate.manner in OF_KERAS:
            outputs = candidate.keras.outputs
        count = 0
        for number in keras.depths:
            if number == RETURN:
                continue
            for value in keras.trace.steps[number].outputs:
                is_new = (
                    value not in self.regions.shared.of_keras and value not in outputs
                )
                count += is_new and value in shared.of_keras
        return count

    def _candidates(self) -> Iterator[Candidate]:
        """The changes to be tried, while there is time."""
        for candidate in candidates(self.regions):
            if time.monotonic() > self.end:
                return
            yield candidate


def _is_given_to_layer(candidate: Candidate) -> bool:
    """Whether a layer with weights is given something else, where it begins."""
    manners = "another input", "keras alone"
    is_first = candidate.depth == 0
    return is_first and candidate.torch.has_weights and candidate.manner in manners
