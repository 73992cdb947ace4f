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
from compare.diagnosing.in_layers.directions import uncrossed
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
    ResultOrder,
)
from compare.mistakes import MISTAKES
from compare.twins.injecting import injected_everywhere

if TYPE_CHECKING:
    from compare.twins.twins import Twins

# Effects in the order in which cures are made; HANDED are those on the next layer.
HANDED = (Handover, Activation, LayerInput, JoinedInput)
ORDER = (
    ArraysOfLayer,
    InitialStates,
    Computation,
    *HANDED,
    FinalActivation,
    ResultOrder,
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
    diagnosis = _diagnosed(twins, arrays)
    cures = _cured(twins, diagnosis.findings)
    return explained_by_operations(
        twins, arrays, diagnosis.explanation(), diagnosis.proofs, cures
    )


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
    diagnosis = _diagnosed(twins, arrays)
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
    """What is found out about twins that differ; arguments as in `diagnose`."""
    stages, refusals = twins.run(*arrays)
    before = None
    if not refusals:
        before = deciding_stage(twins.judge(stages, arrays))
    try:
        isolated = isolation.isolate(twins, arrays)
    except BadInput as error:
        return Diagnosis([], before, None, TRIED, str(error))
    findings = list(search.findings(twins, isolated, arrays))
    findings = list(uncrossed(findings, isolated))
    findings = told_once(findings, isolated.kinds)
    after = None
    if any(finding.cure for finding in findings):
        after = _judge_cured(twins, arrays, findings, isolated.time_major)
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
            return twins.judge(stages, arrays)
        except IndexError:  # the code between layers may not take what it gets now
            return None


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
