"""Why twins differ: which named mistakes take one to the other.

Both twins are looked into while they run. What is found in one place or several is then
made in PyTorch's twin, and explains the difference only if the twins are the same with
it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from compare.diagnosing import isolation, search
from compare.diagnosing.conclusion import Diagnosis, deciding_stage
from compare.diagnosing.finding import Finding
from compare.diagnosing.in_layers.bare import unlike_bare_layers
from compare.diagnosing.in_layers.directions import uncrossed
from compare.diagnosing.least_input import with_least_input
from compare.diagnosing.norms_between_layers import norms_between_layers
from compare.diagnosing.norms_of_transformers import norms_of_transformers
from compare.diagnosing.operations.explaining import explained_by_operations
from compare.diagnosing.places import place_of
from compare.diagnosing.repeated import told_once
from compare.errors import BadInput
from compare.judging.explanation import Explanation
from compare.judging.result import ILL_CONDITIONED, SAME, Judgement
from compare.kinds.mistake import (
    Activation,
    ArraysOfAnotherLayer,
    ArraysOfLayer,
    Computation,
    FinalActivation,
    Handover,
    InitialStates,
    JoinedInput,
    LayerInput,
    OrderOfNorms,
    ResultOrder,
    ResultShapes,
)
from compare.mistakes import MISTAKES
from compare.one_line import class_and_message, place_in_suite
from compare.twins.injecting import injected_everywhere

if TYPE_CHECKING:
    from compare.twins.twins import Twins

# Effects in the order in which cures are made; HANDED are those on the next layer.
HANDED = (Handover, Activation, LayerInput, JoinedInput)
ORDER = (
    ArraysOfLayer,
    InitialStates,
    Computation,
    OrderOfNorms,
    *HANDED,
    FinalActivation,
    ResultOrder,
    ResultShapes,
)
ALIKE = (SAME, ILL_CONDITIONED)  # verdicts with which operations are not compared
FAILED = (
    "the cause could not be looked for: {} ({}), a mistake in this suite, not in your "
    "models; please report it"
)
TRIED = sum(
    isinstance(mistake.effect, (*ORDER, ArraysOfAnotherLayer)) for mistake in MISTAKES
)


def diagnose(twins: Twins, arrays: tuple[np.ndarray, ...]) -> Explanation:
    """Find out why twins differ, or where, if no mistake of the library explains it.

    Args:
        twins: loaded, and different on these arrays, or one of them refuses.
        arrays: one for each input.
    """
    try:
        return _explained(twins, arrays)
    except (BadInput, MemoryError):
        raise
    except Exception as error:  # the verdict stands without a cause
        return not_looked_for(error)


def not_looked_for(error: Exception) -> Explanation:
    """What is told of a difference where looking for its cause failed.

    Args:
        error: that the suite should not have raised.
    """
    return Explanation(
        explained=False,
        faults=(),
        sentence="",
        fix="",
        indistinguishable_from=(),
        gap_before=None,
        gap_after=None,
        limit=None,
        tried=0,
        rest=FAILED.format(class_and_message(error), place_in_suite(error)),
    )


def _explained(twins: Twins, arrays: tuple[np.ndarray, ...]) -> Explanation:
    """The explanation; arguments as in `diagnose`."""
    diagnosis = _diagnosed(twins, arrays)
    if diagnosis.before is not None and diagnosis.before.verdict in ALIKE:
        return diagnosis.explanation()
    cures = _cured(twins, diagnosis.findings)
    explanation = explained_by_operations(
        twins, arrays, diagnosis.explanation(), diagnosis.proofs, cures
    )
    return with_least_input(twins, arrays, explanation)


def proved(
    twins: Twins, arrays: tuple[np.ndarray, ...], whole: tuple[np.ndarray, ...]
) -> Explanation | None:
    """Explain twins by little, if that explains all: it takes a part of the time.

    Args:
        twins: as in `diagnose`.
        arrays: few samples and steps, on which they differ.
        whole: on which they differ as well, and are to be the same once cured.

    Returns:
        The explanation, its figures those of `whole`; None where no proof is found that
        holds on both.
    """
    try:
        diagnosis = _diagnosed(twins, arrays)
    except (BadInput, MemoryError):
        raise
    except Exception:  # `diagnose` says so
        return None
    if not diagnosis.is_proved():
        return None
    try:
        after = _judge_cured(twins, whole, diagnosis.findings, diagnosis.turned)
    except (ValueError, RuntimeError):  # a cure that is made for fewer steps
        return None
    if after is None or after.verdict not in (SAME, ILL_CONDITIONED):
        return None
    stages, refusals = twins.run(*whole)
    if refusals:
        return None
    last = deciding_stage(after)
    return replace(
        diagnosis.explanation(),
        gap_before=deciding_stage(twins.judge(stages, whole)).gap64,
        gap_after=last.gap64,
        limit=last.limit64,
    )


def _diagnosed(twins: Twins, arrays: tuple[np.ndarray, ...]) -> Diagnosis:
    """What is found out about twins that differ; arguments as in `diagnose`.

    Layers without arrays that are unlike count only if they are proved to be the cause,
    or a part of it: elsewhere the models may make up for it.
    """
    bare = list(unlike_bare_layers(twins, arrays))
    if bare:
        diagnosis = _with_bare(twins, arrays, bare)
        if diagnosis.is_proved():
            return diagnosis
    return _with_bare(twins, arrays, ())


def _with_bare(
    twins: Twins, arrays: tuple[np.ndarray, ...], bare: Sequence[Finding]
) -> Diagnosis:
    """What is found out beside what is known of layers without arrays."""
    stages, refusals = twins.run(*arrays)
    before = None
    if not refusals:
        before = deciding_stage(twins.judge(stages, arrays))
    try:
        with ExitStack() as stack:
            for finding in bare:
                assert finding.cure is not None
                stack.enter_context(
                    injected_everywhere(twins, finding.cure, finding.layer)
                )
            isolated = isolation.isolate(twins, arrays)
            findings = list(search.findings(twins, isolated, arrays))
    except BadInput as error:
        return Diagnosis([], before, None, TRIED, str(error))
    findings = list(uncrossed(findings, isolated))
    findings = [*bare, *told_once(findings, isolated.kinds)]
    after = None
    if not bare:
        moved, after = _with_norms_moved(twins, arrays)
        findings = moved or norms_between_layers(isolated, findings) or findings
    if after is None and any(finding.cure for finding in findings):
        after = _judge_cured(twins, arrays, findings, isolated.time_major)
        alone = _of_weights_alone(twins, arrays, findings, isolated.time_major)
        if alone is not None:
            findings, after = alone
        shared = [_shared(finding) for finding in findings]
        if shared != findings and (after is None or after.verdict != SAME):
            again = _judge_cured(twins, arrays, shared, isolated.time_major)
            if again is not None and again.verdict == SAME:
                findings, after = shared, again
    proofs = [SAME]
    if isolated.judged_steps:  # where float32 loses its digits, twins come no nearer
        proofs.append(ILL_CONDITIONED)
    first_finding = None
    if findings:
        first_finding = findings[0]
    return Diagnosis(
        findings,
        before,
        after,
        TRIED,
        isolated.in_words(),
        proofs,
        turned=isolated.time_major,
        place=place_of(first_finding, isolated, before),
    )


def _with_norms_moved(
    twins: Twins, arrays: tuple[np.ndarray, ...]
) -> tuple[list[Finding], Judgement | None]:
    """The finding that norms stand elsewhere, if that is all; and the twins cured."""
    moved = norms_of_transformers(twins)
    if moved is not None:
        after = _judge_cured(twins, arrays, [moved], ())
        if after is not None and after.verdict == SAME:
            return [moved], after
    return [], None


# ------------------------------------------------------------------------------- cures


def _judge_cured(
    twins: Twins,
    arrays: tuple[np.ndarray, ...],
    findings: Sequence[Finding],
    turned: Collection[str],
) -> Judgement | None:
    """Judge the twins with PyTorch's twin doing as Keras's twin in every place found.

    Args:
        twins: loaded.
        arrays: one for each input.
        findings: those that have no cure are left as they are.
        turned: layers of PyTorch that take batch and time for each other; their
            stages are judged in Keras's order, (batch, time, features).

    Returns:
        None where a twin refuses.
    """
    with _cured(twins, findings):
        try:
            stages, refusals = twins.run(*arrays)
            if refusals:
                return None
            for (side, _), arrays_by_stage in stages.items():
                if side == "torch":
                    _turn_back(arrays_by_stage, turned)
            if not twins.outputs:  # nobody named them, since a twin refused
                return None
            return twins.judge(stages, arrays)
        except IndexError:  # the code between layers may not take what it gets now
            return None


def _of_weights_alone(
    twins: Twins,
    arrays: tuple[np.ndarray, ...],
    findings: Sequence[Finding],
    turned: Collection[str],
) -> tuple[list[Finding], Judgement] | None:
    """The findings in weights, and the twins cured of them, where that is enough.

    Settings that differ may make up for each other in layers that are not looked at
    together, such as a padding for a cropping after it.
    """
    of_weights = [f for f in findings if isinstance(f.cure, ArraysOfLayer)]
    if not of_weights or len(of_weights) == len(findings):
        return None
    after = _judge_cured(twins, arrays, of_weights, turned)
    if after is None or after.verdict != SAME:
        return None
    return of_weights, after


def _shared(finding: Finding) -> Finding:
    """A finding whose cure also reaches what else is given the same tensor."""
    cure = finding.cure
    if isinstance(cure, Handover | LayerInput | JoinedInput):
        return replace(finding, cure=replace(cure, shared=True))
    return finding


@contextmanager
def _cured(twins: Twins, findings: Sequence[Finding]) -> Iterator[None]:
    """Let PyTorch's twin do as Keras's twin in every place found that has a cure."""
    with ExitStack() as stack:
        for finding in sorted(findings, key=_number_of_cure):
            if finding.cure is None:
                continue
            following = None  # is not read, but for what is handed on
            if isinstance(finding.cure, HANDED):
                following = finding.following
            stack.enter_context(
                injected_everywhere(twins, finding.cure, finding.layer, following)
            )
        yield


def _number_of_cure(finding: Finding) -> int:
    """The place in ORDER of a finding's cure, or the number after the last for none."""
    if finding.cure is None:
        return len(ORDER)
    return ORDER.index(type(finding.cure))


def _turn_back(stages: dict[str, np.ndarray], turned: Collection[str]) -> None:
    """Give the stages of some layers their batch and time in the right places."""
    for layer in turned:
        if layer in stages:
            stages[layer] = stages[layer].swapaxes(0, 1)  # (batch, time, features)
