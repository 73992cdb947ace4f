"""A pair and its cases in, results out; loads both frameworks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby

import numpy as np

from compare.diagnosing import diagnosis
from compare.errors import BadInput
from compare.in_pytorch import precision as in_pytorch_precision
from compare.judging import verdict
from compare.judging.evidence import (
    DIFFERENT,
    ILL_CONDITIONED,
    ONE_REFUSES,
    SAME,
    SIDES,
    Result,
)
from compare.subjects.cases import FIXED, Case
from compare.twins import sensitivity as probing
from compare.twins import steadiness
from compare.twins.targets import targets as random_targets
from compare.twins.twins import Twins
from compare.twins.weights import load_anew


@dataclass(frozen=True)
class Subject:
    """A pair as it is run, whoever wrote it.

    Args:
        name: of the pair.
        cases: those of one length together; the twins are built once for each.
        build: makes the twins for a length, or for any.
        draw: makes the inputs of a case, an array for each.
        loads: by direction, what gives the twins their weights.
        probe: whether mistakes are made in a case.
        loss: of the gradients, if they are to be compared.
        seed: of random targets.
    """

    name: str
    cases: Sequence[Case]
    build: Callable[[int | None], Twins]
    draw: Callable[[Case], tuple[np.ndarray, ...]]
    loads: Mapping[str, Callable[[Twins], None]]
    probe: Callable[[Case], bool]
    loss: str = ""
    seed: int = 0


def run(subject: Subject) -> Iterator[Result]:
    """Results of one pair, as they come.

    Raises:
        BadInput: if both twins refuse every case, so that nothing was compared.
    """
    compared, probed, said = False, None, {}
    for length, group in groupby(subject.cases, key=lambda case: case.length):
        with in_pytorch_precision.one_thread():
            twins = subject.build(length)
            for result in _run_length(subject, twins, list(group), probed):
                probed = probed if result.loss else result.sensitivity or probed
                compared |= bool(result.stages) or result.verdict == ONE_REFUSES
                said |= result.refusals
                yield result
    if not compared:
        reasons = "; ".join(f"{SIDES[side]}: {text}" for side, text in said.items())
        raise BadInput(
            f"{subject.name}: expected at least one case in which both twins run, got "
            f"none, so nothing was compared ({reasons or 'the pair declares no case'})"
        )


def _run_length(subject, twins, cases, probed):
    last = list(subject.loads)[-1]
    for direction, load in subject.loads.items():
        if twins.refusals:
            nothing = replace(cases[0], timesteps=None, batch=None)
            # One that was built may yet refuse to run, as the other to be built.
            said = twins.refusals | twins.run(*subject.draw(cases[0]))[1]
            yield Result(
                **_place(subject, nothing, direction),
                verdict=verdict.of_refusals(said),
                expected=cases[0].expected,
                refusals=said,
            )
            continue
        load(twins)
        short, explained, steady = _short(subject, cases), False, False
        for case in cases:
            inputs = subject.draw(case)
            result = Result(
                **_place(subject, case, direction),
                expected=case.expected,
                **twins.compare(*inputs),
            )
            if case in short and result.verdict == SAME and _open(probed):
                probed = probing.sensitivity(subject.name, twins, inputs, probed)
                if probed.survivors and direction == last:  # none has noticed
                    reload = partial(load_anew, twins)
                    probed = probing.with_reasons(probed, twins, inputs, reload)
                    load(twins)
                result = replace(result, sensitivity=probed)
            told = None
            if not steady and result.verdict in (DIFFERENT, ILL_CONDITIONED):
                told = steadiness.unsteady(twins, inputs)
                steady = told is None  # in one case as in all
            if told:
                result = replace(result, verdict=DIFFERENT, explanation=told)
            wrong = not told and result.verdict in (DIFFERENT, ONE_REFUSES)
            if wrong and not explained and not twins.only32:
                explained = True  # one explanation for all of one build and weights
                result = replace(result, explanation=diagnosis.diagnose(twins, inputs))
            yield result
        for case in _middling(cases) if subject.loss else ():
            inputs = subject.draw(case)
            stages = twins.twins["torch", "float32"](*inputs)
            shapes = [stages[name].shape for name in twins.outputs]
            targets = random_targets(subject.loss, shapes, subject.seed)
            result = Result(
                **_place(subject, case, direction),
                expected=SAME,
                **twins.gradients(subject.loss, inputs, targets),
            )
            asked = subject.name, twins, subject.loss, inputs, targets
            if result.verdict == SAME:
                worth = probing.of_loss(*asked)
                result = replace(result, sensitivity=worth if worth.faults else None)
            elif result.verdict == DIFFERENT:
                told = diagnosis.of_loss(*asked[1:], result.stages)
                result = replace(result, explanation=told)
            yield result


def _open(probed):
    """Whether some mistake was not noticed yet, nor is there a reason why."""
    return probed is None or any(not each.reason for each in probed.survivors)


def _middling(cases):
    """Of the cases of one length the one that is looked at more closely, in a list."""
    run = [
        case
        for case in cases
        if case.expected == SAME and (case.timesteps or 0) <= FIXED
    ]
    return sorted(run, key=lambda case: (-(case.timesteps or 0), abs(case.batch - 4)))[
        :1
    ]


def _short(subject, cases):
    """The case in which mistakes are made, in a list: few steps where there are."""
    run = [
        case
        for case in cases
        if case.expected == SAME and case.timesteps != 1 and subject.probe(case)
    ]
    return sorted(run, key=lambda case: (case.timesteps or 0, abs(case.batch - 4)))[:1]


def _place(subject, case, direction):
    return dict(
        pair=subject.name,
        length=case.length or "none",
        timesteps=case.timesteps,
        batch=case.batch,
        direction=direction,
    )
