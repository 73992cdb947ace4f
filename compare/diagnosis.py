"""Why twins differ: which named mistakes take one to the other.

Both twins are looked into while they run. What each layer has for weights, makes of its
input and hands on is compared with the reference and with the library of mistakes, each
place by itself, so that a wrong layer does not blame those behind it. What is found is
then made in PyTorch's twin, and explains the difference only if the twins are the same
with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from compare import in_keras, in_pytorch, keras_faults, pytorch_faults
from compare.cases import valid_steps
from compare.evidence import OTHER, SAME, SIDES, Explanation
from compare.faults import FAULTS, RESULTS, WAYS, Call, Fault
from compare.faults.anatomy import Anatomy
from compare.faults.fault import BETWEEN, LAYER, RESULT, WEIGHTS
from compare.transfer import rewrite

if TYPE_CHECKING:
    from compare.twins import Twins

NEAR = 1e-9  # of the largest value: far above float64's rounding, below any mistake
ORDER = (WEIGHTS, LAYER, BETWEEN, RESULT)  # in which cures are made


@dataclass(frozen=True)
class Finding:
    """One place where the twins do different things.

    Args:
        layer: its name.
        suspects: side and mistake, any of which makes the one of the other; one who
            looks at weights alone cannot tell whose are right.
        unknown: what is seen there where nothing is known to explain it.
        cure: makes PyTorch's twin do here as Keras's does.
    """

    layer: str
    suspects: tuple[tuple[str, Fault], ...] = ()
    unknown: str = ""
    cure: Fault | None = None


def diagnose(twins: Twins, arrays: tuple[np.ndarray, ...]) -> Explanation:
    """Why twins differ, or where, if no mistake of the library explains it.

    Args:
        twins: loaded, and different on these arrays, or one of them refuses.
        arrays: one for each input.
    """
    stages, refusals = twins.run(*arrays)
    torch, keras = _anatomies(twins, arrays)
    findings = list(_findings(torch, keras))
    before = None if refusals else _deciding(twins.judge(stages, arrays))
    after = None
    if findings and all(each.cure for each in findings):
        after = _cured(twins, arrays, findings, torch)
    explained = after is not None and after["verdict"] == SAME
    last = _deciding(after) if explained else before
    known = [each for each in findings if each.suspects]
    return Explanation(
        explained=explained,
        faults=tuple(each.suspects[0][1].name for each in known),
        sentence="; and ".join(map(_sentence, findings)),
        fix="; and ".join(map(_fix, known)),
        indistinguishable_from=tuple(
            f"{SIDES[side]}: {fault.name}"
            for e in known
            for side, fault in e.suspects[1:]
        ),
        gap_before=before.gap64 if before else None,
        gap_after=last.gap64 if last else None,
        limit=last.limit64 if last else None,
        tried=len(FAULTS),
    )


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


def _anatomies(twins, arrays):
    """Both twins in float64, Keras's weights in PyTorch's layout."""
    models = {side: twins.twins[side, "float64"].model for side in SIDES}
    torch = in_pytorch.layers(models["torch"])
    weights, _ = rewrite(in_keras.layers(models["keras"]), torch, "to_torch")
    kinds = {name: layer.kind for name, layer in torch.items()}
    return (
        pytorch_faults.anatomy(twins.twins["torch", "float64"], arrays),
        keras_faults.anatomy(twins.twins["keras", "float64"], arrays, kinds, weights),
    )


def _cured(twins, arrays, findings, torch):
    """The verdict with PyTorch's twin doing as Keras's does in every place found."""
    cures = sorted(findings, key=lambda each: ORDER.index(each.cure.place))
    with ExitStack() as stack:
        for (side, _), twin in twins.twins.items():
            for each in cures if side == "torch" else ():
                behind = torch.behind(each.layer)
                stack.enter_context(
                    pytorch_faults.injected(twin, each.cure, each.layer, behind)
                )
        return twins.compare(*arrays)


def _findings(torch: Anatomy, keras: Anatomy) -> Iterator[Finding]:
    sides = {"torch": torch, "keras": keras}
    both = [layer for layer in torch.kinds if layer in keras.kinds]
    for layer in both:
        yield from _weights(layer, sides)
        if layer in torch.calls and layer in keras.calls:
            yield from _computed(layer, sides)
            yield from _between(layer, sides)
    if both:
        yield from _result(both[-1], sides)


def _cure(place, change):
    """What Keras's twin does in a place, to be made in PyTorch's; has no name."""
    return Fault("", "", "", "", place, (), change)


# -------------------------------------------------------------------------- weights


def _weights(layer, sides):
    """The mistakes that make one side's arrays out of the other's."""
    kind = sides["torch"].kinds[layer]
    arrays = {side: each.arrays[layer] for side, each in sides.items()}
    if _same_arrays(kind, arrays["torch"], arrays["keras"]):
        return
    known = [f for f in FAULTS if f.place == WEIGHTS and kind in f.kinds]
    target = dict(arrays["keras"])
    cure = _cure(WEIGHTS, lambda _: target)
    suspects = [
        (side, fault)
        for side, other in OTHER.items()
        for fault in known
        if _same_arrays(kind, fault.change(arrays[other]), arrays[side])
    ]
    if suspects:
        yield Finding(layer, tuple(suspects), cure=cure)
        return
    pairs = [
        (side, first, second)
        for side, other in OTHER.items()
        for first in known
        for once in [first.change(arrays[other])]
        for second in (known if once else ())
        if _same_arrays(kind, second.change(once), arrays[side])
    ]
    if not pairs:
        yield Finding(layer, unknown="the weights differ in no known way")
        return
    firsts = dict.fromkeys((side, first) for side, first, _ in pairs)
    seconds = dict.fromkeys((side, second) for side, _, second in pairs)
    yield Finding(layer, tuple(firsts), cure=cure)
    yield Finding(layer, tuple(seconds), cure=cure)


def _same_arrays(kind, first, second):
    if first is None or second is None:
        return False
    first, second = _summed(kind, first), _summed(kind, second)
    return all(near(first[name], second[name]) for name in first)


def _summed(kind: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays with the sum of two added biases in the place of the two."""
    made = dict(arrays)
    for name in arrays if kind != "GRU" else ():
        if name.startswith("bias_ih"):
            made[name] = made[name] + made.pop(name.replace("bias_ih", "bias_hh"))
    return made


def near(a: np.ndarray | None, b: np.ndarray | None) -> bool:
    """Whether two arrays are the same, up to rounding in float64."""
    if a is None or b is None or a.shape != b.shape:
        return False
    scale = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0)) or 1.0
    return bool(np.abs(a - b).max(initial=0) <= NEAR * scale)


# --------------------------------------------------------------------------- layers


def _computed(layer, sides):
    """What a recurrent layer makes of its input, where it is not what it should."""
    kind = sides["torch"].kinds[layer]
    suspects, ways = [], {}
    for side, found in sides.items():
        call, handed = found.calls[layer], found.handed[layer]
        if _made(call.run(), call, handed):
            continue
        ways[side] = [
            fault
            for fault in FAULTS
            if fault.place == LAYER
            and kind in fault.kinds
            and _made(fault.change(call), call, handed)
        ]
        if not ways[side]:
            unknown = f"{SIDES[side]}'s layer computes something unknown of its input"
            yield Finding(layer, unknown=unknown)
            return
        suspects += [(side, fault) for fault in ways[side]]
    if suspects:
        change = ways["keras"][0].change if "keras" in ways else Call.run
        yield Finding(layer, tuple(suspects), cure=_cure(LAYER, change))


def _made(made, call, handed):
    """Whether a result of the reference is what a layer handed on."""
    if made is None:
        return False
    output = made["output"]
    if call.lengths is not None:
        output = np.where(valid_steps(output, call.lengths), output, 0)
    return (
        near(output, handed.output)
        and near(made["h_n"][-1], handed.h)
        and (handed.c is None or near(made["c_n"][-1], handed.c))
    )


# -------------------------------------------------------------------------- between


def _between(layer, sides):
    """What the next layer gets of a recurrent one."""
    behind = sides["torch"].behind(layer)
    if all(behind in found.fed for found in sides.values()):
        ways = {
            side: [
                name
                for name, way in WAYS.items()
                if near(way(found.handed[layer]), found.fed[behind])
            ]
            for side, found in sides.items()
        }
        yield from _confused(layer, ways, BETWEEN, WAYS, f"{behind} gets")


def _result(layer, sides):
    """What is made of the last layer's output."""
    seen = [a for found in sides.values() for a in (found.last, found.result)]
    if all(array is not None for array in seen):
        ways = {
            side: [
                name
                for name, function in RESULTS.items()
                if near(function(found.last), found.result)
            ]
            for side, found in sides.items()
        }
        yield from _confused(layer, ways, RESULT, RESULTS, "the result is made by")


def _confused(layer, ways, place, functions, what):
    """The mistake that takes one side's way for the other's."""
    if set(ways["torch"]) & set(ways["keras"]):
        return
    for side, names in ways.items():
        if not names:
            yield Finding(layer, unknown=f"{what} something unknown in {SIDES[side]}")
            return
    wrong = {side: [functions[name] for name in names] for side, names in ways.items()}
    suspects = [
        (side, fault)
        for side, other in OTHER.items()
        for fault in FAULTS
        if fault.place == place
        and fault.right in ways[other]
        and fault.change in wrong[side]
    ]
    if not suspects:
        theirs, ours = ways["keras"][0], ways["torch"][0]
        fault = Fault(
            f"{theirs} against {ours}",
            f"{what} {theirs}, and {ours} in PyTorch",
            f"use {theirs}",
            f"use {ours}",
            place,
            (),
            functions[theirs],
        )
        suspects = [("keras", fault)]
    cure = _cure(place, functions[ways["keras"][0]])
    yield Finding(layer, tuple(suspects), cure=cure)
