"""Why twins differ: which named mistakes take one to the other.

Both twins are looked into while they run. What is found in one place or several is then
made in PyTorch's twin, and explains the difference only if the twins are the same with
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np

from compare import isolation
from compare.errors import BadInput
from compare.evidence import DIFFERENT, SAME, SIDES, Explanation, StageResult
from compare.faults import FAULTS
from compare.faults.fault import BETWEEN, LAYER, LOSS, RESULT, WEIGHTS
from compare.findings import Finding, cure_of, findings, known_faults
from compare.pytorch_faults import injected_everywhere

if TYPE_CHECKING:
    from compare.twins import Twins

ORDER = (WEIGHTS, LAYER, BETWEEN, RESULT)  # in which cures are made
TRIED = sum(fault.place in ORDER for fault in FAULTS)


def diagnose(twins: Twins, arrays: tuple[np.ndarray, ...]) -> Explanation:
    """Why twins differ, or where, if no mistake of the library explains it.

    Args:
        twins: loaded, and different on these arrays, or one of them refuses.
        arrays: one for each input.
    """
    stages, refusals = twins.run(*arrays)
    before = None if refusals else _deciding(twins.judge(stages, arrays))
    try:
        isolated = isolation.isolate(twins, arrays)
    except BadInput as error:
        return _explanation([], before, None, sentence=str(error))
    found = list(findings(twins, isolated))
    after = None
    if found and all(each.cure for each in found):
        after = _cured(twins, arrays, found)
    place = isolation.place(found[0].layer if found else None, isolated, before)
    explanation = _explanation(found, before, after)
    if not explanation.explained:
        said = filter(None, (explanation.sentence, isolated.narrowed()))
        explanation = replace(explanation, sentence="; ".join(said))
    return replace(explanation, **asdict(place)) if place else explanation


def _explanation(found, before, after, tried=TRIED, sentence=""):
    """What was found explains.

    Args:
        found: in the order in which the model meets them.
        before: the stage that decides without them, if both twins run.
        after: the fields of a `Result` once they are made alike, if they can be.
        tried: how many mistakes were looked for.
        sentence: what is seen beside them.
    """
    explained = after is not None and after["verdict"] == SAME
    last = _deciding(after) if explained else before
    known = [each for each in found if each.suspects]
    return Explanation(
        explained=explained,
        faults=_once(each.suspects[0][1].name for each in known),
        sentence="; and ".join(_once(map(_sentence, found))) or sentence,
        fix="; and ".join(_once(map(_fix, known))),
        indistinguishable_from=_once(
            f"{SIDES[side]}: {fault.name}"
            for e in known
            for side, fault in e.suspects[1:]
        ),
        gap_before=before.gap64 if before else None,
        gap_after=last.gap64 if last else None,
        limit=last.limit64 if last else None,
        tried=tried,
    )


def _once(texts):
    """Each of several texts once: one mistake may show in two layers."""
    return tuple(dict.fromkeys(texts))


def _sentence(finding):
    if not finding.suspects:
        return f"in {finding.layer}, {finding.unknown}"
    side, fault = finding.suspects[0]
    return f"in {finding.layer} of {SIDES[side]}, {fault.sentence}"


def _fix(finding):
    side, fault = finding.suspects[0]
    return f"{finding.layer} of {SIDES[side]}: {getattr(fault, side)}"


def _deciding(judged):
    stages = judged["stages"]
    wrong = [stage for stage in stages if stage.verdict != SAME]
    return wrong[0] if wrong else max(stages, key=lambda stage: stage.ratio)


def _cured(twins, arrays, found):
    """The verdict with PyTorch's twin doing as Keras's does in every place found."""
    cures = sorted(found, key=lambda each: ORDER.index(each.cure.place))
    with ExitStack() as stack:
        for each in cures:
            stack.enter_context(
                injected_everywhere(twins, each.cure, each.layer, each.behind)
            )
        with suppress(IndexError):  # what is between may not take what it now gets
            return twins.compare(*arrays)
    return None


def of_loss(
    twins: Twins,
    loss: str,
    arrays: tuple[np.ndarray, ...],
    targets: Sequence[np.ndarray],
    stages: Sequence[StageResult],
) -> Explanation:
    """Why the gradients of a loss differ, where its value does by a constant factor.

    Args:
        twins: loaded, and the same on these arrays.
        loss: name of the loss.
        arrays: one for each input.
        targets: one for each result that counts.
        stages: what `Twins.gradients` says of them, one of which differs.
    """
    first = next(stage for stage in stages if stage.verdict == DIFFERENT)
    known = known_faults(LOSS, loss)
    suspects, cured, cure = [], None, None
    for side in SIDES if first.stage == "loss" else ():
        for fault in known:
            factor = fault.change if side == "keras" else _inverse(fault.change)
            tried = cure_of(LOSS, factor)
            if all(fault.change(target.shape) is None for target in targets):
                continue
            with injected_everywhere(twins, tried):
                judged = twins.gradients(loss, arrays, targets)
            if judged["verdict"] == SAME:
                suspects.append((side, fault))
                cured, cure = judged, tried
    found = [Finding("loss", tuple(suspects), cure=cure)] if suspects else []
    return replace(
        _explanation(found, first, cured, len(known), _seen_of(first)),
        layer=first.stage,
    )


def _inverse(change):
    def changed(shape):
        factor = change(shape)
        return None if factor is None else 1 / factor

    return changed


def _seen_of(stage):
    """What a stage of gradients shows, where nothing explains it."""
    if stage.stage != "loss":
        return f"the loss is the same, its gradient by {stage.stage} is not"
    if not stage.worst or not stage.worst.keras:
        return "the loss is not the same"
    factor = stage.worst.torch / stage.worst.keras
    return f"PyTorch's loss is {factor:.6g} times Keras's"
