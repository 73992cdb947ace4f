"""Norms that stand before a branch on one side and after its sum on the other.

They are seen from the operations, where no layer holds the branch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from compare.diagnosing.norm_places import OF_BRANCHES, Order, written
from compare.diagnosing.operations.candidate import Candidate
from compare.diagnosing.operations.naming import at
from compare.diagnosing.operations.regions import Regions
from compare.diagnosing.operations.worded import Worded
from compare.judging.explanation import listed
from compare.judging.result import OTHER, SIDES
from compare.judging.words import Side
from compare.kinds import BY_TORCH_NAME, of_keras_class
from compare.mistakes.traces import RETURN, Replacement, Step, Trace

SUMS = ("+", "add", "Add")
FEW = 2  # less than so many norms may stand otherwise, after the last block
KINDS = ("LayerNorm", "RMSNorm", "GroupNorm")  # that stand beside residuals


@dataclass(frozen=True)
class Residual:
    """A sum of an array and of what a branch makes of it.

    Args:
        step: the sum.
        stream: the value that goes around the branch.
        branch: numbers of the steps that make the other one of it.
    """

    step: Step
    stream: int
    branch: frozenset[int]


@dataclass(frozen=True)
class Norm:
    """A norm beside a residual.

    Args:
        step: the layer.
        order: where it stands, as to the residual.
        residual: that it stands at.
    """

    step: Step
    order: Order
    residual: Residual


def norms_at_residuals(regions: Regions) -> Iterator[Candidate]:
    """Suppose that PyTorch has its norms where Keras has them.

    The first norm of each side are twins. Only a run shows whether that is all.
    """
    norms, keras_norms = _unlike(
        _norms(regions.torch.trace, "torch"), _norms(regions.keras.trace, "keras")
    )
    if not norms:
        return
    order = keras_norms[0].order
    changes: list[Replacement] = []
    for norm in norms:
        changes += _moved(norm, order, regions.torch.trace)
    yield Candidate(
        "torch alone",
        norms[0].step,
        0,
        0,
        words=_words(norms, keras_norms),
        instead=tuple(changes),
    )


def _unlike(
    torch: Sequence[Norm], keras: Sequence[Norm]
) -> tuple[list[Norm], list[Norm]]:
    """The norms that stand in another place than their twins, in one on each side.

    None where some stand in a third.
    """
    if len(torch) != len(keras):
        torch, keras = _of_one_order(torch), _of_one_order(keras)
    if len(torch) != len(keras):
        return [], []
    pairs = [(a, b) for a, b in zip(torch, keras, strict=True) if a.order != b.order]
    orders = {(norm.order, twin.order) for norm, twin in pairs}
    if len(orders) != 1:
        return [], []
    return [norm for norm, _ in pairs], [twin for _, twin in pairs]


def _of_one_order(norms: Sequence[Norm]) -> list[Norm]:
    """Norms without a last one after all blocks; none where they stand unlike."""
    alike = [norm for norm in norms if norm.order == norms[0].order]
    are_first = alike == list(norms[: len(alike)])
    return alike if are_first and len(norms) - len(alike) < FEW else []


def _words(norms: Sequence[Norm], keras_norms: Sequence[Norm]) -> Worded:
    """The place of the norms on either side."""
    places: dict[Side, Norm] = {"torch": norms[0], "keras": keras_norms[0]}
    names = listed(list(dict.fromkeys(f"`{norm.step.layer}`" for norm in norms)))
    word, verb = ("norms", "stand") if len(norms) > 1 else ("norm", "stands")
    words = [
        f"{OF_BRANCHES[norm.order]} in {SIDES[side]}{at(norm.step)}"
        for side, norm in places.items()
    ]
    sentence = f"the {word} {names} {verb} {', '.join(words)}"
    fixes: dict[Side, str] = {}
    for side, norm in places.items():
        right = written(places[OTHER[side]].order, "branch")
        wrong = written(norm.order, "branch")
        fixes[side] = f"{SIDES[side]}{at(norm.step)}: write {right}, not {wrong}"
    return Worded("norm before or after the residual", sentence, fixes)


def _norms(trace: Trace, side: Side) -> list[Norm]:
    """The norms that stand at residuals, in the order of the run."""
    residuals = _residuals(trace)
    norms = []
    for step in trace.steps.values():
        if not step.is_layer or _kind_of(step, side) not in KINDS:
            continue
        x = step.inputs[0]
        for residual in residuals:
            is_first = x == residual.stream and step.number in residual.branch
            if is_first and _is_alone(step, residual, trace):
                norms.append(Norm(step, "before", residual))
            elif x in residual.step.outputs and _takers(x, trace) == [step]:
                norms.append(Norm(step, "after", residual))
            elif {*step.outputs} & {*residual.step.inputs} - {residual.stream}:
                norms.append(Norm(step, "last", residual))
    return norms


def _is_alone(step: Step, residual: Residual, trace: Trace) -> bool:
    """Whether nothing else of a branch takes what goes around it."""
    takers = [taker for taker in _takers(residual.stream, trace) if taker != step]
    return all(taker.number not in residual.branch for taker in takers)


def _kind_of(step: Step, side: Side) -> str:
    """The kind of a layer, by PyTorch's name; "" of one that is not known."""
    kind = BY_TORCH_NAME.get(step.name)
    if side == "keras":
        kind = of_keras_class(step.name)
    return "" if kind is None else kind.name


def _residuals(trace: Trace) -> list[Residual]:
    """The sums of a value and of what is made of it, in the order of the run."""
    residuals = []
    for step in trace.steps.values():
        if step.name not in SUMS or len(step.inputs) != 2:
            continue
        for stream, branched in (step.inputs, step.inputs[::-1]):
            branch = _between(stream, branched, trace)
            is_like = trace.array(stream).shape == trace.array(branched).shape
            if branch and is_like and trace.array(stream).ndim > 1:
                residuals.append(Residual(step, stream, frozenset(branch)))
                break
    return residuals


def _between(stream: int, end: int, trace: Trace) -> set[int]:
    """Numbers of the steps that make one value of another; none where nothing does."""
    reached: set[int] = {stream}
    after: list[Step] = []
    for step in trace.steps.values():
        if step.number != RETURN and reached & {*step.inputs}:
            reached |= {*step.outputs}
            after.append(step)
    if end not in reached:
        return set()
    needed, branch = {end}, set()
    for step in reversed(after):
        if needed & {*step.outputs}:
            branch.add(step.number)
            needed |= {value for value in step.inputs if value != stream}
    return branch


def _takers(value: int, trace: Trace) -> list[Step]:
    """The steps that take a value."""
    return [step for step in trace.steps.values() if value in step.inputs]


def _moved(norm: Norm, order: Order, trace: Trace) -> list[Replacement]:
    """The changes that let a norm stand elsewhere at its residual.

    Args:
        norm: where it stands.
        order: where it is to stand.
        trace: of PyTorch.
    """
    layer, residual = norm.step.layer, norm.residual
    changes = [Replacement(norm.step.number, 0, hands_on=0)]
    if order == "after":
        return [*changes, Replacement(residual.step.number, 0, through=layer)]
    inputs = []
    if order == "last":
        for place, value in enumerate(residual.step.inputs):
            if value != residual.stream:
                inputs.append((residual.step.number, place))
    else:
        for number in sorted(residual.branch):
            for place, value in enumerate(trace.steps[number].inputs):
                if value == residual.stream:
                    inputs.append((number, place))
    for number, place in inputs:
        change = Replacement(number, place, is_input=True, through=layer)
        changes.append(change)
    return changes
