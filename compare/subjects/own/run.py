"""Two models that a user brings, run as the built-in pairs are; loads frameworks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from compare.judging.arrays import sequence
from compare.judging.losses import CROSS_ENTROPY
from compare.judging.result import (
    BOTH_REFUSE,
    DIFFERENT,
    ONE_REFUSES,
    OTHER,
    SAME,
    SAME_IN_FLOAT32,
    SIDES,
    Result,
)
from compare.listing import bounded
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
    orders,
    other_weights,
    pairings,
    rounded,
    weights,
    written_cells,
)
from compare.subjects.own import models as live
from compare.subjects.own import notes as notes_of_runs
from compare.subjects.own.blame import blamed
from compare.subjects.own.pair import OwnPair
from compare.subjects.own.weights import AS_IS, RANDOM
from compare.twins import settings

# PyTorch comes first.
from compare.twins.twins import Twins


@dataclass(frozen=True)
class Judged:
    """A pair as it was run.

    Args:
        pair: as it was judged in the end, its layers exchanged if need be.
        twins: that ran.
        length: number of steps that they were built for; None for any.
        results: of every case.
        notes: what a reader must know, a sentence each.
    """

    pair: OwnPair
    twins: Twins
    length: int | None
    results: Sequence[Result]
    notes: Sequence[str]


def run(pair: OwnPair, gradients: bool = False) -> Judged:
    """Judge a pair; where its models differ, also in other readings of the pair.

    Args:
        pair: what to compare.
        gradients: whether to compare those of the pair's loss as well.

    Raises:
        BadInput: if layers have no twins, or nothing was compared.
    """
    unheeded = live.unheeded_settings(pair.models)
    with settled(pair):
        judged = _judge(pair, gradients)
        for read_again in (
            _as_probabilities,
            _exchanged,
            _built_for_its_steps,
            _with_written_constants,
            _with_cells_as_written,
            _in_own_orders,
            _within_rounding,
        ):
            if _wrong(judged.results):
                judged = read_again(judged, gradients)
        judged = replace(judged, results=_with_other_weights(judged))
        recalled = longer_memory.of_results(
            judged.results, _wrong(judged.results), judged.pair, judged.length
        )
        judged = replace(judged, results=recalled)
        if not _wrong(judged.results):
            judged = _exercised(judged)
        on_training = learning.notes(judged.results, judged.twins, pair.arrays)
    notes = [*judged.notes, *notes_of_runs.on_weights(judged.results), *on_training]
    notes += [*live.notes(pair.models), *unheeded]
    notes += notes_of_runs.on_float32(judged.twins)
    return replace(judged, notes=notes)


def _judge(
    pair: OwnPair,
    gradients: bool,
    notes: Sequence[str] = (),
    written: bool = False,
    own_weights_alone: bool = False,
    single: bool = False,
) -> Judged:
    """Run a pair as it is.

    Args:
        pair: what to run.
        gradients: whether to compare those of the pair's loss as well.
        notes: go in front of those of the run.
        written: whether constants are judged as they were written down, not as float32
            rounds them.
        own_weights_alone: whether to judge the weights that the models have, and no
            random ones.
        single: whether to judge in float32 alone.
    """
    notes = [*notes]
    unlike: list[str] = []
    pair, built = layouts.build_laid_out(pair, notes, building.build)
    twins, length = built.twins, built.length
    if written:
        constants.as_written(twins)
    if single:
        twins.drop_float64("keras", rounded.REASON)
    cases = calls.cases(pair, length, twins.inputs[0].shape[0])
    pair, target = learning.settled(pair, twins, cases[0], gradients)
    loads = weights.loads(pair, twins, notes, unlike)
    if own_weights_alone:
        loads, unlike = {AS_IS: loads[AS_IS]}, []
    work = subject.Subject(
        name=pair.name,
        cases=cases,
        build=lambda length: twins,
        draw=partial(calls.cut, pair.arrays, twins.inputs),
        loads=loads,
        probe=lambda case: True,
        watch=False,  # but when all else is done, beside inputs of the suite's own
        loss=pair.loss if gradients else "",
        seed=pair.seed,
        target=target,
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
    return Judged(pair, twins, length, results, notes)


def _exercised(judged: Judged) -> Judged:
    """The run with the suite's own inputs, for what the user's do not exercise."""
    beside = exercising.exercised(
        judged.pair, judged.twins, judged.length, judged.results
    )
    results = [*judged.results, *beside.results]
    results[-1] = replace(results[-1], unexercised=beside.unexercised)
    return replace(judged, results=results, notes=[*judged.notes, *beside.notes])


def _with_other_weights(judged: Judged) -> list[Result]:
    """The results, those of weights as they are explained by these where they are all.

    A model that was trained on one side alone has weights of no known order.
    """
    results = list(judged.results)
    if not notes_of_runs.are_weights_alone(results) or judged.twins.only32:
        return results
    for number, result in enumerate(results):
        explanation = result.explanation
        if result.direction == AS_IS and explanation and not explanation.explained:
            # The twins that ran have random weights by now.
            twins, stages = building.twins_of(judged.pair, judged.length)
            if not stages:
                return results
            weights.loads(judged.pair, twins, [])[AS_IS](twins)
            explanation = other_weights.explained(
                twins, judged.pair.arrays, explanation
            )
            results[number] = replace(result, explanation=explanation)
    return results


def _wrong(results: Sequence[Result]) -> list[Result]:
    """The results in which the models are not the same; not those of gradients."""
    return [
        result
        for result in results
        if not result.as_expected
        and not result.loss
        and result.verdict in (DIFFERENT, ONE_REFUSES)
    ]


# ------------------------------------------------------------- other readings of a pair


def _exchanged(judged: Judged, gradients: bool) -> Judged:
    """The run with layers of the same sizes paired so that the models are the same.

    Where no pairing makes them the same it is the run as it was, with a note on it.
    """
    twins, pair = judged.twins, judged.pair
    if twins.only32 or twins.refusals or not twins.is_whole:
        return judged
    groups = pairings.interchangeable(twins, pair.table)
    if not groups:
        return judged
    case = Case(None, None, calls.FEW_SAMPLES, SAME)
    few = calls.cut(pair.arrays, twins.inputs, case)
    if twins.run(*few)[1]:  # a refusal has other reasons than how layers are paired
        return judged
    exchanged = pairings.others_that_fit(twins, groups, few, pair.seed)
    names = bounded(name for group in groups for name in group)
    if exchanged is None:
        note = (
            f"{names} have twins of the same kind and sizes, told apart by order: if "
            "it tells wrongly, give names, a table of layers of PyTorch and of Keras."
        )
        return replace(judged, notes=[*judged.notes, note])
    note = (
        f"{names}: paired with the layers of Keras, of the same sizes, with which "
        "the models are the same; paired in order of execution they are not."
    )
    pair = replace(pair, exchanged={**pair.exchanged, **exchanged})
    return _judge(pair, gradients, [note])


def _as_probabilities(judged: Judged, gradients: bool) -> Judged:
    """The run with a softmax after logits, if the models are the same then.

    Whoever takes the cross-entropy ends with logits in PyTorch and with a softmax in
    Keras: that is what the losses of the two take.
    """
    pair, twins = judged.pair, judged.twins
    if pair.loss != CROSS_ENTROPY or twins.only32 or twins.refusals:
        return judged
    side = learning.ending_otherwise(twins)
    if side is None:
        return judged
    pair = replace(pair, softmaxed=frozenset({side}))
    twins, stages = building.twins_of(pair, judged.length)
    if not stages or not _agree(twins, judged):
        return judged
    note = (
        f"{SIDES[side]}'s model returns logits and {SIDES[OTHER[side]]}'s their "
        "softmax, as the cross-entropies of the frameworks take them: compared after a "
        "softmax on both sides."
    )
    return _judge(pair, gradients, [note])


def _built_for_its_steps(judged: Judged, gradients: bool) -> Judged:
    """The run for exactly the steps of the input, if the models are the same then."""
    pair, x = judged.pair, sequence(judged.pair.arrays)
    if judged.length is not None or x is None:
        return judged
    twins, stages = building.twins_of(pair, x.shape[1])
    if not stages or twins.only32 or not _agree(twins, judged):
        return judged
    note = (
        f"Judged for exactly {x.shape[1]} steps, as the models are called: Keras's "
        "model works differently when it is traced once for any number of steps, since "
        "a part of it reads that number from the shape."
    )
    return _judge(replace(pair, free=False), gradients, [note])


def _with_written_constants(judged: Judged, gradients: bool) -> Judged:
    """The run with constants that are not rounded to float32, if that is all."""
    twins = judged.twins
    if twins.only32 or twins.refusals:
        return judged
    names = constants.as_written(twins)
    if not names or not _agree(twins, judged):
        return judged
    note = f"{names}: judged as they were written, not as float32 rounds them."
    return _judge(judged.pair, gradients, [note], written=True)


def _with_cells_as_written(judged: Judged, gradients: bool) -> Judged:
    """The run without random weights, where a rule does not hold for a cell by hand.

    The models are the same with their own weights, and with others that were moved by
    the rule they are not.
    """
    twins = judged.twins
    failing = {result.direction for result in _wrong(judged.results)}
    own = [result for result in judged.results if result.direction == AS_IS]
    if failing != {RANDOM} or not own or twins.only32:
        return judged
    twins, runs = building.twins_of(judged.pair, judged.length)
    if not runs:
        return judged
    weights.loads(judged.pair, twins, [])[AS_IS](twins)
    names = written_cells.stacked_otherwise(twins)
    if not names:
        return judged
    note = (
        f"{bounded(names)}: a cell by hand that has the numbers of its twin in another "
        "order than such cells have them (other gates first, or h before x), so the "
        "models are judged with the weights that they have, and with no others."
    )
    return _judge(judged.pair, gradients, [note], own_weights_alone=True)


def _in_own_orders(judged: Judged, gradients: bool) -> Judged:
    """The run with random weights in the orders that the user's weights have.

    That is where the models are the same with the weights that they have.
    """
    own = [r for r in judged.results if r.direction == AS_IS and not r.loss]
    if {result.verdict for result in own} != {SAME} or judged.twins.only32:
        return judged
    twins, runs = building.twins_of(judged.pair, judged.length)
    if not runs:
        return judged
    weights.loads(judged.pair, twins, [])[AS_IS](twins)
    found = orders.of_weights(twins)
    if not found:
        return judged
    names = bounded(f"{layer}.{key}" for layer in found for key in found[layer])
    note = (
        f"{names}: Keras has PyTorch's numbers in another order, with which the models "
        "are the same; random weights are given in that order too."
    )
    return _judge(replace(judged.pair, orders=found), gradients, [note])


def _within_rounding(judged: Judged, gradients: bool) -> Judged:
    """The run in float32, where a rounding to float32 explains what float64 shows."""
    if gradients or judged.twins.only32 or judged.twins.refusals:
        return judged
    twins, stages = building.twins_of(judged.pair, judged.length)
    if not stages or twins.only32:
        return judged
    note = rounded.in_words(judged.pair, twins, _wrong(judged.results))
    if not note:
        return judged
    again = _judge(judged.pair, gradients, [note], single=True)
    return judged if _wrong(again.results) else again


def _agree(twins: Twins, judged: Judged) -> bool:
    """Run twins with the weights of a failing run; return whether they agree now."""
    pair = judged.pair
    failing = _wrong(judged.results)[0]
    load = weights.loads(pair, twins, [])[failing.direction]
    load(twins)
    return twins.compare(*pair.arrays).verdict == SAME


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
