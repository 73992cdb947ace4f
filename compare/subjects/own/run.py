"""Two models that a user brings, run as the built-in pairs are; loads frameworks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from compare.errors import BadInput
from compare.judging.result import (
    BOTH_REFUSE,
    ONE_REFUSES,
    SAME,
    SAME_IN_FLOAT32,
    Result,
)
from compare.one_line import class_and_message, place_in_suite
from compare.subjects import subject
from compare.subjects.cases import Case
from compare.subjects.own import (
    building,
    calls,
    constants,
    exercising,
    layouts,
    learning,
    longer_memory,
    other_weights,
    readings,
    rounded,
    weights,
)
from compare.subjects.own import models as live
from compare.subjects.own import notes as notes_of_runs
from compare.subjects.own.blame import blamed
from compare.subjects.own.judged import Judged, Reading
from compare.subjects.own.pair import OwnPair
from compare.subjects.own.weights import AS_IS
from compare.twins import settings

NOT_LOOKED = (
    "The models were judged, and not looked into further: {} ({}), a mistake in this "
    "suite, not in your models; please report it."
)
# Tried one after the other, as long as the models differ.
READINGS = (
    readings.as_probabilities,
    readings.exchanged,
    readings.built_for_its_steps,
    readings.with_written_constants,
    readings.with_cells_as_written,
    readings.in_own_orders,
)


def run(pair: OwnPair, gradients: bool = False) -> Judged:
    """Judge a pair; where its models differ, also in other readings of the pair.

    Args:
        pair: what to compare.
        gradients: whether to compare those of the pair's loss as well.

    Raises:
        BadInput: if layers have no twins, or nothing was compared.
    """
    unheeded = live.unheeded_settings(pair.models)
    judge = partial(_judge, gradients=gradients)
    with settled(pair):
        judged = judge(Reading(pair))
        for read_again in READINGS:
            if judged.wrong:
                judged = _looked_into(judged, partial(read_again, judge=judge))
        judged = _looked_into(judged, _with_causes)
        if judged.wrong:  # and weights that forget little show no cause
            judged = _looked_into(
                judged, partial(readings.within_rounding, judge=judge)
            )
        if not judged.wrong:
            judged = _exercised(judged)
        on_training = learning.notes(judged.results, judged.twins, pair.arrays)
    notes = [*judged.notes, *notes_of_runs.on_weights(judged.results), *on_training]
    notes += [*live.notes(pair.models), *unheeded]
    notes += notes_of_runs.on_float32(judged.twins)
    return replace(judged, notes=notes)


def _judge(reading: Reading, gradients: bool) -> Judged:
    """Run a pair in one reading.

    Args:
        reading: of the pair.
        gradients: whether to compare those of the pair's loss as well.
    """
    notes = [reading.note] if reading.note else []
    unlike: list[str] = []
    pair, built = layouts.build_laid_out(reading.pair, notes, building.build)
    twins, length = built.twins, built.length
    if reading.as_written:
        constants.as_written(twins)
    if reading.float32_alone:
        twins.drop_float64("keras", rounded.REASON)
    cases = calls.cases(pair, length, twins.inputs[0].shape[0])
    pair, target = learning.settled(pair, twins, cases[0], gradients)
    loads = weights.loads(pair, twins, notes, unlike)
    if reading.own_weights_alone:
        loads, unlike = {AS_IS: loads[AS_IS]}, []
    work = subject.Subject(
        name=pair.name,
        cases=cases,
        build=lambda length: twins,
        draw=partial(calls.cut, pair.arrays, twins.inputs),
        loads=loads,
        probe=lambda case: pair.probed,
        watch=False,  # but when all else is done, beside inputs of the suite's own
        loss=pair.loss if gradients else "",
        seed=pair.seed,
        target=target,
        pictured=pair.pictured,
    )
    results = []
    for result in subject.run(work):
        refused = _refuses_what_was_offered(pair, result, cases[0])
        if refused:
            note = notes_of_runs.on_refusal(result)
            if note not in notes:
                notes.append(note)
        results.append(_as_expected(result, refused, cases[0]))
    if {r.verdict for r in results if r.direction == AS_IS} == {SAME}:
        notes += unlike
    masked = calls.masked(twins, pair.arrays)
    if masked:
        notes.append(masked)
    notes += notes_of_runs.on_changed_inputs(twins)
    notes += notes_of_runs.on_the_inside(results)
    notes += notes_of_runs.on_few_samples(results, len(pair.arrays[0]))
    return Judged(pair, twins, length, results, notes, gradients, reading.note)


def _with_causes(judged: Judged) -> Judged:
    """The run, whose differences are explained by other weights where they can be."""
    judged = replace(judged, results=other_weights.of_results(judged))
    return replace(judged, results=longer_memory.of_results(judged))


def _looked_into(judged: Judged, look: Callable[[Judged], Judged]) -> Judged:
    """The run after another look at it; as it was where looking fails.

    The verdict stands then: what fails is a mistake of the suite.

    Args:
        judged: the run.
        look: returns it with other readings, or other explanations.
    """
    try:
        return look(judged)
    except (BadInput, MemoryError):
        raise
    except Exception as error:
        note = NOT_LOOKED.format(class_and_message(error), place_in_suite(error))
        return replace(judged, notes=[*judged.notes, note])


def _exercised(judged: Judged) -> Judged:
    """The run with the suite's own inputs, for what the user's do not exercise."""
    beside = exercising.exercised(
        judged.pair, judged.twins, judged.length, judged.results
    )
    results = [*judged.results, *beside.results]
    results[-1] = replace(results[-1], unexercised=beside.unexercised)
    return replace(judged, results=results, notes=[*judged.notes, *beside.notes])


# -------------------------------------------------------------------- results and notes


def _was_offered(result: Result, whole: Case) -> bool:
    """Whether a case is beside the user's own input."""
    if result.timesteps is None:
        return False
    return (result.timesteps, result.batch) != (whole.timesteps, whole.batch)


def _refuses_what_was_offered(pair: OwnPair, result: Result, whole: Case) -> bool:
    """Whether one side refuses a number of steps that the user did not ask for."""
    return (
        result.verdict == ONE_REFUSES and _was_offered(result, whole) and not pair.steps
    )


def _as_expected(result: Result, refused: bool, whole: Case) -> Result:
    """The result with what had to be expected of it.

    What is offered beside the user's own input may be refused, and float64 cannot be
    asked of every model.

    Args:
        result: that expects *same*.
        refused: whether one side refuses what the user did not ask for.
        whole: the case of the user's own input.
    """
    if refused:
        return replace(result, expected=ONE_REFUSES, explanation=None)
    if result.verdict == SAME_IN_FLOAT32:
        return replace(result, expected=SAME_IN_FLOAT32)
    if result.verdict == BOTH_REFUSE and _was_offered(result, whole):
        return replace(result, expected=BOTH_REFUSE)
    return result


@contextmanager
def settled(pair: OwnPair) -> Iterator[None]:
    """Leave a user's models, settings and random numbers as they were."""
    modes = live.modes_kept(pair.models)
    with blamed(pair.file), settings.relied_on(), modes:
        yield
