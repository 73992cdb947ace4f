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

from compare.diagnosing import isolation
from compare.diagnosing.finding import Finding, known_mistakes, reading
from compare.diagnosing.in_layers.directions import uncrossed
from compare.diagnosing.search import findings
from compare.errors import BadInput
from compare.judging.evidence import (
    DIFFERENT,
    ILL_CONDITIONED,
    SAME,
    SIDES,
    StageResult,
)
from compare.judging.explanation import Alternative, Explanation
from compare.kinds.mistake import (
    Activation,
    ArraysOfAnotherLayer,
    ArraysOfLayer,
    Computation,
    FinalActivation,
    Handover,
    JoinedInput,
    LayerInput,
    LossFactor,
    ResultOrder,
)
from compare.mistakes import MISTAKES
from compare.twins.injecting import injected_everywhere

if TYPE_CHECKING:
    from compare.twins.twins import Twins

# Effects in the order in which cures are made; HANDED are those on the next layer.
HANDED = (Handover, Activation, LayerInput, JoinedInput)
ORDER = (ArraysOfLayer, Computation, *HANDED, FinalActivation, ResultOrder)
TRIED = sum(
    isinstance(mistake.effect, (*ORDER, ArraysOfAnotherLayer)) for mistake in MISTAKES
)


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
        return _explanation([], before, None, str(error))
    found = list(uncrossed([*findings(twins, isolated, arrays)], isolated))
    known = [each for each in found if each.cure]
    after = _cured(twins, arrays, known, isolated.turned) if known else None
    alike = (SAME, ILL_CONDITIONED) if isolated.trusted else (SAME,)
    place = isolation.place(found[0] if found else None, isolated, before)
    explanation = _explanation(found, before, after, isolated.narrowed(), alike)
    return replace(explanation, **asdict(place)) if place else explanation


def _explanation(found, before, after, seen="", alike=(SAME,), tried=TRIED):
    """What was found explains.

    Args:
        found: in the order in which the model meets them.
        before: the stage that decides without them, if both twins run.
        after: the judgement once they are made alike, if they can be.
        seen: what is seen beside them.
        alike: verdicts that prove it: in a layer that float32 loses its digits in,
            ill-conditioned is as near to the same as twins can come.
        tried: how many mistakes were looked for.
    """
    cured = after is not None and all(each.cure for each in found)
    explained = cured and after.verdict in alike
    last = _deciding(after) if explained else before
    known = [each for each in found if each.readings]
    told = [each.readings[0] for each in known]
    said = "; and ".join(_once(each.sentence for each in told))
    rest = _rest(found, after, seen)
    sentence = said or rest
    if said and not explained:
        sentence = f"explains part: {said}; beyond that {rest}"
    others = [other for each in known for other in each.readings[1:]]
    return Explanation(
        explained=explained,
        faults=_once(mistake.name for each in told for mistake in each.faults),
        sentence=sentence,
        fix="; and ".join(_once(each.fix for each in told)),
        indistinguishable_from=_once(
            f"{SIDES[other.side]}: {' and '.join(each.name for each in other.faults)}"
            for other in others
            if other.faults
        ),
        gap_before=before.gap64 if before else None,
        gap_after=last.gap64 if last else None,
        limit=last.limit64 if last else None,
        tried=tried,
        alternatives=_once(map(_alternative, others)),
        part="" if explained else said,
        rest="" if explained else rest,
    )


def _alternative(reading):
    names = tuple(mistake.name for mistake in reading.faults)
    return Alternative(reading.side, names, reading.sentence, reading.fix)


def _rest(found, after, seen):
    """What is seen that no mistake explains."""
    unknown = [
        f"{'behind' if each.behind else 'in'} {each.layer}, {each.unknown}"
        for each in found
        if not each.readings
    ]
    if after is not None and after.stages:
        gap = _deciding(after).gap64
        if np.isfinite(gap) and not unknown:
            unknown = [f"with that alike on both sides the gap is still {gap:.1e}"]
    return "; ".join(filter(None, ["; and ".join(_once(unknown)), seen]))


def _once(texts):
    """Each of several texts once: one mistake may show in two layers."""
    return tuple(dict.fromkeys(texts))


def _deciding(judged):
    stages = judged.stages
    wrong = [stage for stage in stages if stage.verdict != SAME]
    return wrong[0] if wrong else max(stages, key=lambda stage: stage.ratio)


def _cured(twins, arrays, found, turned):
    """The verdict with PyTorch's twin doing as Keras's does in every place found.

    The output of a layer that takes batch and time for each other is a stage in that
    order as well.
    """
    cures = sorted(found, key=lambda each: ORDER.index(type(each.cure)))
    with ExitStack() as stack:
        for each in cures:
            behind = each.behind if isinstance(each.cure, HANDED) else None
            stack.enter_context(
                injected_everywhere(twins, each.cure, each.layer, behind)
            )
        with suppress(IndexError):  # what is between may not take what it now gets
            stages, refusals = twins.run(*arrays)
            for (side, _), each in stages.items() if not refusals else ():
                for layer in turned if side == "torch" else ():
                    if layer in each:
                        each[layer] = each[layer].swapaxes(0, 1)
            return None if refusals else twins.judge(stages, arrays)
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
    known = known_mistakes(LossFactor, loss)
    suspects, cured, cure = [], None, None
    for side in SIDES if first.stage == "loss" else ():
        for mistake in known:
            factor = mistake.effect.factor
            tried = LossFactor(factor if side == "keras" else _inverse(factor))
            if all(factor(target.shape) is None for target in targets):
                continue
            with injected_everywhere(twins, tried):
                judged = twins.gradients(loss, arrays, targets)
            if judged.verdict == SAME:
                suspects.append((side, mistake))
                cured, cure = judged, tried
    readings = tuple(reading("loss", *each) for each in suspects)
    found = [Finding("loss", readings, cure=cure)] if readings else []
    return replace(
        _explanation(found, first, cured, _seen_of(first), tried=len(known)),
        layer=first.stage,
    )


def _inverse(factor):
    def inverse(shape):
        number = factor(shape)
        return None if number is None else 1 / number

    return inverse


def _seen_of(stage):
    """What a stage of gradients shows, where nothing explains it."""
    if stage.stage != "loss":
        return f"the loss is the same, its gradient by {stage.stage} is not"
    if not stage.worst or not stage.worst.keras:
        return "the loss is not the same"
    factor = stage.worst.torch / stage.worst.keras
    return f"PyTorch's loss is {factor:.6g} times Keras's"
