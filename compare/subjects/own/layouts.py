"""Inputs and results with channels, which each model of a pair has in its own layout.

PyTorch's layers take (batch, channels, ...), and Keras's layers (batch, ..., channels).
Where a user gives one array for both, and a model takes it in the other layout alone,
each gets it in its own. Loads both frameworks.
"""

from __future__ import annotations

from collections.abc import Sequence

from compare.errors import BadInput
from compare.judging.layout import AS_GIVEN
from compare.subjects.own.other_layouts import is_open, may_run, other_layouts
from compare.subjects.own.pair import OwnPair
from compare.subjects.own.result_layouts import (
    with_channels_last,
    with_likely_results,
    with_same_results,
)
from compare.subjects.own.trials import Build, Built, Trial, has_channels, tried


def build_laid_out(
    pair: OwnPair, notes: list[str], build: Build
) -> tuple[OwnPair, Built]:
    """Build a pair, in another layout where its models do not run in the one given.

    Where several layouts fit, as with as many channels as steps, numbers decide: that
    one is taken in which the models are the same, if PyTorch's model takes its input
    for channels first as it is.

    Args:
        pair: what to build.
        notes: gets what `build` adds, and a sentence on the layouts.
        build: makes the twins, and adds notes.

    Raises:
        BadInput: as `build` does.
    """
    if pair.layout != AS_GIVEN:  # it was found before
        notes.append(pair.layout.note)
        return pair, build(pair, notes)
    if pair.layout_given:
        return pair, build(pair, notes)
    chosen = _chosen(pair, build)
    assert chosen.built is not None
    if chosen.pair.layout.note:
        notes.append(chosen.pair.layout.note)
    notes += chosen.notes
    return chosen.pair, chosen.built


def _chosen(pair: OwnPair, build: Build) -> Trial:
    """The trial of the layout in which a pair is judged.

    Raises:
        BadInput: if the pair cannot be built in any.
    """
    as_given = tried(pair, build)
    if not any(map(has_channels, pair.arrays)):
        return _with_results_laid_out(as_given, build)
    pairs = list(other_layouts(pair))
    if not as_given.fits:
        return _instead_of(as_given, pairs, build)
    if not as_given.is_alike_inside:
        # A model that picks channels picks rows in another layout, and goes on.
        trial = _alike_inside(pairs, build)
        if trial is not None:
            return trial
    is_undecided = is_open(as_given, pairs)
    if as_given.is_alike and not is_undecided:
        return as_given
    same = with_same_results(as_given, build)
    if same is not None:
        return same
    if is_undecided or not all(0 in axes for axes in as_given.fitting):
        trial, _ = _best_of(pairs, as_given, is_undecided, build)
        if trial is not None:
            return trial
    return with_likely_results(as_given, build)


def _with_results_laid_out(as_given: Trial, build: Build) -> Trial:
    """The trial of a pair whose inputs have no channels, as a generator of images.

    Raises:
        BadInput: if the pair cannot be built.
    """
    if as_given.error is not None:
        raise as_given.error
    if not as_given.fits or as_given.is_alike:
        return as_given
    same = with_same_results(as_given, build)
    return with_likely_results(as_given, build) if same is None else same


def _instead_of(as_given: Trial, pairs: Sequence[OwnPair], build: Build) -> Trial:
    """The trial of a pair that does not run, or does not fit, as it was given.

    Raises:
        BadInput: if it cannot be built in any layout.
    """
    trial, refusal = _best_of(pairs, as_given, False, build)
    if trial is not None:
        return trial
    if not as_given.runs:
        trial = _first_that_runs(pairs, as_given, build)
        if trial is not None:
            return trial
    if as_given.error is not None:
        raise as_given.error
    # In this layout a model refuses x; in another both take it, and layers do not fit.
    if refusal is not None and as_given.built is not None and not as_given.built.stages:
        raise refusal
    return as_given


def _first_that_runs(
    pairs: Sequence[OwnPair], as_given: Trial, build: Build
) -> Trial | None:
    """The trial of the first layout in which both models run, and differ in shape."""
    for pair in pairs:
        if may_run(as_given, pair, False):
            trial = tried(pair, build)
            if trial.runs:
                return with_channels_last(trial, build)
    return None


def _alike_inside(pairs: Sequence[OwnPair], build: Build) -> Trial | None:
    """The trial of the layout in which models have the same shapes inside as well."""
    for pair in pairs:
        trial = tried(pair, build)
        if trial.fits and trial.is_alike_inside:
            same = with_same_results(trial, build)
            return with_likely_results(trial, build) if same is None else same
    return None


def _best_of(
    pairs: Sequence[OwnPair], as_given: Trial, is_undecided: bool, build: Build
) -> tuple[Trial | None, BadInput | None]:
    """The trial of another layout that fits, one with the same results if there is one.

    Args:
        pairs: the pair in the other layouts.
        as_given: the pair as it was given.
        is_undecided: whether that fits as well, and shapes leave the layout open.
        build: makes the twins.

    Returns:
        The trial, None where no layout fits; and the first error of building.
    """
    fallback: Trial | None = None
    refusal: BadInput | None = None
    for pair in pairs:
        if not may_run(as_given, pair, is_undecided):
            continue
        trial = tried(pair, build)
        if refusal is None:
            refusal = trial.error
        if not trial.fits:
            continue
        if trial.is_alike and not is_undecided:
            return trial, refusal
        same = with_same_results(trial, build)
        if same is not None:
            return same, refusal
        if fallback is None:
            fallback = trial
    if fallback is not None:
        fallback = with_likely_results(fallback, build)
    return fallback, refusal
