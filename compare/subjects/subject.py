"""A pair and its cases in, results out; loads both frameworks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby

import numpy as np

from compare import kinds, progress
from compare.errors import BadInput
from compare.in_pytorch import precision as in_pytorch_precision
from compare.judging import verdict
from compare.judging.result import (
    DIFFERENT,
    ILL_CONDITIONED,
    ONE_REFUSES,
    SAME,
    SIDES,
    Judgement,
    Result,
    differs_inside,
)
from compare.judging.sensitivity import Sensitivity
from compare.judging.words import Side, Verdict
from compare.subjects.cases import FIXED, Case
from compare.subjects.wrong_cases import USUAL_BATCH, Explainer, WrongCase, quickest
from compare.twins import few_samples, reaching, sensitivity, steadiness
from compare.twins.adequacy import Adequacy
from compare.twins.frameworks import LAYERS
from compare.twins.stages import StagesOfAll
from compare.twins.targets import targets as random_targets
from compare.twins.twins import Twins
from compare.twins.weights import load_anew

# On which a large model is run with other weights than the first, where no case has a
# single sample: it need not take one.
FEW_SAMPLES = 2


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
        watch: whether to say what the cases do not make the models do.
        loss: of the gradients, if they are to be compared.
        seed: of random targets.
        target: makes what the loss compares the first result with in a case; None to
            draw it.
        pictured: whether a page draws the twins at work: in the first case in which
            they differ, or else in one in which mistakes are made.
    """

    name: str
    cases: Sequence[Case]
    build: Callable[[int | None], Twins]
    draw: Callable[[Case], tuple[np.ndarray, ...]]
    loads: Mapping[str, Callable[[Twins], None]]
    probe: Callable[[Case], bool]
    watch: bool = True
    loss: str = ""
    seed: int = 0
    target: Callable[[Case], np.ndarray] | None = None
    pictured: bool = False


def run(subject: Subject) -> Iterator[Result]:
    """Results of one pair, as they come.

    Raises:
        BadInput: if both twins refuse every case, so that nothing was compared.
    """
    compared = False
    refusals: dict[Side, str] = {}
    probe, explainer, adequacy = _Probe(subject), Explainer(), Adequacy()
    camera = _Camera(subject.pictured)
    for length, group in groupby(subject.cases, key=lambda case: case.length):
        its_cases = list(group)
        with in_pytorch_precision.one_thread():
            twins = subject.build(length)
        with _threads(twins):
            for result in _run_length(
                subject, twins, its_cases, probe, explainer, adequacy, camera
            ):
                if result.stages or result.verdict == ONE_REFUSES:
                    compared = True
                refusals |= result.refusals
                yield result
    if not compared:
        reasons = [f"{SIDES[side]}: {text}" for side, text in refusals.items()]
        if not reasons:
            reasons = ["the pair declares no case"]
        raise BadInput(
            f"{subject.name}: expected at least one case in which both twins run, got "
            f"none, so nothing was compared ({'; '.join(reasons)})"
        )


def _threads(twins: Twins) -> AbstractContextManager[None]:
    """PyTorch's threads for twins: one, but for large products as many as the user has.

    A recurrent layer makes many small ones in turn.
    """
    if twins.refusals or not twins.twin("torch", "float32").is_large:
        return in_pytorch_precision.one_thread()
    layers = LAYERS["torch"].layers(twins.model("torch", "float32"))
    if any(layer.kind in kinds.RECURRENT for layer in layers.values()):
        return in_pytorch_precision.one_thread()
    return nullcontext()


def _run_length(
    subject: Subject,
    twins: Twins,
    cases: Sequence[Case],
    probe: _Probe,
    explainer: Explainer,
    adequacy: Adequacy,
    camera: _Camera,
) -> Iterator[Result]:
    """Results of the twins of one length, direction by direction, gradients last."""
    whole = cases
    for direction, load in subject.loads.items():
        cases = whole
        if probe.is_partial():  # other weights than the first, in a large model
            cases = _on_few_samples(whole)
        probed_case = _probed_case(subject, cases)
        if twins.refusals:
            yield _refused(subject, twins, cases[0], direction)
            continue
        load(twins)
        judge = few_samples.Judge(twins)
        results: list[Result] = []
        wrong: list[WrongCase] = []
        steady = False  # whether that was looked at; what holds once holds in all cases
        for number, case in enumerate(cases, start=1):
            progress.say(f"weights {direction}, case {number} of {len(cases)}")
            inputs = subject.draw(case)
            judgement, stages = judge.judged(inputs)
            drawn = ""
            if differs_inside(judgement.verdict, judgement.stages):
                reached = reaching.reached(twins, inputs)
                if reached is not None:
                    inputs, judgement = reached  # different, and so not probed
                    drawn = reaching.DRAWN
            result = _result(subject, case, direction, case.expected, judgement)
            result = replace(result, drawn=drawn)
            if result.verdict == SAME and case == probed_case and probe.is_open():
                probed = probe.run(twins, inputs, stages, direction)
                result = replace(result, sensitivity=probed)
            if result.verdict in (DIFFERENT, ILL_CONDITIONED) and not steady:
                explanation = steadiness.unsteady(twins, inputs)
                steady = explanation is None
                if explanation is not None:
                    result = replace(result, verdict=DIFFERENT, explanation=explanation)
            if result.verdict in (DIFFERENT, ONE_REFUSES) and not result.explanation:
                wrong.append(WrongCase(result, inputs, len(results)))
            if subject.watch and result.verdict == SAME and case == probed_case:
                adequacy.watch(twins, inputs)
                result = replace(result, unexercised=adequacy.sentences())
            if result.verdict == SAME and case == probed_case:
                result = camera.pictured(twins, inputs, result)
            results.append(result)
        if wrong:
            wrong_case, explanation = explainer.explanation(twins, wrong)
            result = replace(wrong_case.result, explanation=explanation)
            results[wrong_case.number] = result
            camera.picture_one(twins, wrong, results)
        yield from results
        if subject.loss:
            yield from _gradients(subject, twins, cases, direction)


def _refused(subject: Subject, twins: Twins, case: Case, direction: str) -> Result:
    """The result where one side at least refused to be built."""
    # The side that could be built may still refuse this input; both messages are told.
    _, refusals = twins.run(*subject.draw(case))
    refusals = twins.refusals | refusals
    return Result(
        pair=subject.name,
        length=case.length or "none",
        timesteps=None,
        batch=None,
        direction=direction,
        verdict=verdict.of_refusals(refusals),
        expected=case.expected,
        refusals=refusals,
    )


def _result(
    subject: Subject,
    case: Case,
    direction: str,
    expected: Verdict,
    judgement: Judgement,
) -> Result:
    """What was judged, with what was run."""
    return Result.from_judgement(
        judgement,
        pair=subject.name,
        length=case.length or "none",
        timesteps=case.timesteps,
        batch=case.batch,
        direction=direction,
        expected=expected,
    )


class _Camera:
    """Draws twins at work for a page: once where they are the same, once where not.

    Args:
        is_on: whether there is a page.
    """

    def __init__(self, is_on: bool) -> None:
        self._is_on = is_on
        self._drawn: set[bool] = set()

    def picture_one(
        self, twins: Twins, wrong: Sequence[WrongCase], results: list[Result]
    ) -> None:
        """Give one of the results that differ its picture, if one is due.

        Args:
            twins: with the weights of the results.
            wrong: the cases that differ.
            results: of the direction, in which theirs are.
        """
        case = quickest(wrong)  # of few steps, which a picture shows each
        number = case.number
        results[number] = self.pictured(twins, case.inputs, results[number])

    def pictured(
        self, twins: Twins, inputs: tuple[np.ndarray, ...], result: Result
    ) -> Result:
        """The result with its picture, if one is due.

        Args:
            twins: with the weights of the result.
            inputs: an array for each.
            result: of these inputs.
        """
        is_same = result.verdict == SAME
        if not self._is_on or is_same in self._drawn:
            return result
        from compare.diagnosing import picturing  # which runs without a page do without

        progress.say("drawing")
        picture = picturing.picture(twins, inputs, result)
        if picture is not None:
            self._drawn.add(is_same)
        return replace(result, picture=picture)


class _Probe:
    """Makes mistakes in a twin, and keeps count of those that were noticed so far.

    Args:
        subject: whose twins.
    """

    def __init__(self, subject: Subject):
        self._subject = subject
        self._last_direction = list(subject.loads)[-1]
        self._sensitivity: Sensitivity | None = None

    def is_open(self) -> bool:
        """Whether a mistake was not noticed yet, and it is not known why."""
        if self._sensitivity is None:
            return True
        return any(not survivor.reason for survivor in self._sensitivity.survivors)

    def is_partial(self) -> bool:
        """Whether not every mistake was made, since the model is large."""
        return self._sensitivity is not None and self._sensitivity.left_out > 0

    def run(
        self,
        twins: Twins,
        inputs: tuple[np.ndarray, ...],
        stages: StagesOfAll | None,
        direction: str,
    ) -> Sensitivity:
        """Make every mistake that was not noticed yet; return what all runs noticed.

        In the last direction the reasons of those that no run noticed are looked for.

        Args:
            twins: with weights, and the same on these inputs.
            inputs: an array for each.
            stages: of the twins on these inputs, if all ran on them.
            direction: where the weights are from.
        """
        probed = sensitivity.sensitivity(
            self._subject.name, twins, inputs, self._sensitivity, stages
        )
        if probed.survivors and direction == self._last_direction:
            reload = partial(load_anew, twins)
            probed = sensitivity.with_reasons(probed, twins, inputs, reload)
            self._subject.loads[direction](twins)
        self._sensitivity = probed
        return probed


def _gradients(
    subject: Subject, twins: Twins, cases: Sequence[Case], direction: str
) -> Iterator[Result]:
    """The result of a loss and its gradients, in one case of a length, if any runs."""
    case = _gradients_case(cases)
    if case is None:
        return
    inputs = subject.draw(case)
    stages = twins.twin("torch", "float32")(*inputs)
    assert twins.outputs is not None  # named at the latest when they first ran
    shapes = [stages[name].shape for name in twins.outputs]
    if subject.target is None:
        targets = random_targets(subject.loss, shapes, subject.seed)
    else:
        targets = [subject.target(case)]
    judgement = twins.gradients(subject.loss, inputs, targets)
    result = _result(subject, case, direction, SAME, judgement)
    if result.verdict == SAME:
        probed = sensitivity.loss_sensitivity(
            subject.name, twins, subject.loss, inputs, targets
        )
        if probed.faults:
            result = replace(result, sensitivity=probed)
    elif result.verdict == DIFFERENT:
        from compare.diagnosing import losses

        explanation = losses.diagnose(
            twins, subject.loss, inputs, targets, result.stages
        )
        result = replace(result, explanation=explanation)
    yield result


# ------------------------------------------------------------- cases that are picked


def _probed_case(subject: Subject, cases: Sequence[Case]) -> Case | None:
    """The case of a length in which mistakes are made: few steps, but not one."""
    suitable = [
        case
        for case in cases
        if case.expected == SAME and case.timesteps != 1 and subject.probe(case)
    ]
    return min(suitable, key=_fewest_steps, default=None)


def _on_few_samples(cases: Sequence[Case]) -> list[Case]:
    """The cases of each number of steps with most samples, on a few of them."""
    by_steps: dict[int | None, Case] = {}
    samples = 1 if any(case.batch == 1 for case in cases) else FEW_SAMPLES
    for case in cases:
        few = replace(case, batch=min(case.batch, samples))
        if case.timesteps not in by_steps or few.batch > by_steps[few.timesteps].batch:
            by_steps[few.timesteps] = few
    return list(by_steps.values())


def _gradients_case(cases: Sequence[Case]) -> Case | None:
    """The case of a length whose gradients are compared: many steps, but not most."""
    suitable = [
        case
        for case in cases
        if case.expected == SAME and (case.timesteps or 0) <= FIXED
    ]
    return min(suitable, key=_most_steps, default=None)


def _fewest_steps(case: Case) -> tuple[int, int]:
    return case.timesteps or 0, abs(case.batch - USUAL_BATCH)


def _most_steps(case: Case) -> tuple[int, int]:
    return -(case.timesteps or 0), abs(case.batch - USUAL_BATCH)
