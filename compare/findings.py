"""Where twins do different things, and which named mistakes take one to the other.

Each place is looked at by itself: what a layer has for weights, what it makes of its
input, what it is given, and what is made of the last one's output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from compare import isolation, pytorch_faults
from compare.cases import valid_steps
from compare.evidence import OTHER, SIDES
from compare.faults import EPSILONS, FAULTS, RESULTS, WAYS, Call, Fault
from compare.faults.anatomy import NEAR, near
from compare.faults.fault import BETWEEN, LAYER, NORMS, RESULT, WEIGHTS
from compare.isolation import Isolated

if TYPE_CHECKING:
    from compare.twins import Twins

ROUNDED = float(np.finfo(np.float32).eps)  # of the largest value: Keras's sum of biases
CONFUSED, MASK = "batch and time confused", "mask ignored"


@dataclass(frozen=True)
class Finding:
    """One place where the twins do different things.

    Args:
        layer: its name.
        suspects: side and mistake, any of which makes the one of the other; one who
            looks at weights alone cannot tell whose are right.
        unknown: what is seen there where nothing is known to explain it.
        cure: makes PyTorch's twin do here as Keras's does.
        behind: the layer that is given something else, where it is not this one.
    """

    layer: str
    suspects: tuple[tuple[str, Fault], ...] = ()
    unknown: str = ""
    cure: Fault | None = None
    behind: str | None = None


def findings(twins: Twins, isolated: Isolated) -> Iterator[Finding]:
    """Every place where the twins do different things, as the model meets them."""
    torch, keras = isolated.torch, isolated.keras
    turned = False
    for layer in isolated.kinds:
        if layer in isolated.unlike:
            yield Finding(layer, unknown=isolated.unlike[layer])
        if layer not in isolated.weights["keras"]:
            continue
        for finding in () if turned else _between(layer, isolated):
            turned = CONFUSED in [fault.name for _, fault in finding.suspects]
            yield finding
        yield from _weights(layer, isolated)
        if layer in torch.calls and layer in keras.calls:
            yield from _computed(layer, isolated)
        elif layer in torch.made and layer in keras.made:
            yield from _applied(twins, layer, isolated)
    both = [layer for layer in torch.kinds if layer in keras.kinds]
    if both:
        yield from _result(both[-1], isolated)


def known_faults(place: str, kind: str) -> list[Fault]:
    """The mistakes that can be made in a place of a layer, or of a loss."""
    return [f for f in FAULTS if f.place == place and kind in f.kinds]


def _named(name):
    return next(fault for fault in FAULTS if fault.name == name)


def cure_of(place: str, change: Callable) -> Fault:
    """What Keras's twin does in a place, to be made in PyTorch's; has no name."""
    return Fault("", "", "", "", place, (), change)


# -------------------------------------------------------------------------- weights


def _weights(layer, isolated):
    """The mistakes that make one side's arrays out of the other's."""
    kind = isolated.kinds[layer].replace("Cell", "")  # of the same arrays
    arrays = {side: each[layer] for side, each in isolated.weights.items()}
    if _same_arrays(kind, arrays["torch"], arrays["keras"], NEAR):
        return
    known = known_faults(WEIGHTS, kind)
    target = dict(arrays["keras"])
    cure = cure_of(WEIGHTS, lambda _: target)
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
        rounded = _same_arrays(kind, arrays["torch"], arrays["keras"])
        how = "by no more than float32 rounds" if rounded else "in no known way"
        yield Finding(layer, unknown=f"the weights differ {how}")
        return
    firsts = dict.fromkeys((side, first) for side, first, _ in pairs)
    seconds = dict.fromkeys((side, second) for side, _, second in pairs)
    yield Finding(layer, tuple(firsts), cure=cure)
    yield Finding(layer, tuple(seconds), cure=cure)


def _same_arrays(kind, first, second, limit=ROUNDED):
    if first is None or second is None:
        return False
    first, second = _summed(kind, first), _summed(kind, second)
    return all(near(first[name], second[name], limit) for name in first)


def _summed(kind: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays with the sum of two added biases in the place of the two."""
    made = dict(arrays)
    for name in arrays if kind != "GRU" else ():
        if name.startswith("bias_ih"):
            made[name] = made[name] + made.pop(name.replace("bias_ih", "bias_hh"))
    return made


# --------------------------------------------------------------------------- layers


def _computed(layer, isolated):
    """What a recurrent layer makes of its input, where it is not what it should."""
    sides = {"torch": isolated.torch, "keras": isolated.keras}
    calls = {side: found.calls[layer] for side, found in sides.items()}
    known = known_faults(LAYER, calls["torch"].kind)
    suspects, ways = [], {}
    for side, found in sides.items():
        call, handed = calls[side], found.handed[layer]
        if _made(call.run(), call, handed):
            continue
        ways[side] = [f for f in known if _made(f.change(call), call, handed)]
        if not ways[side]:
            unknown = f"{SIDES[side]}'s layer computes something unknown of its input"
            yield Finding(layer, unknown=unknown)
            return
        suspects += [(side, fault) for fault in ways[side]]
    if suspects:
        change = ways["keras"][0].change if "keras" in ways else Call.run
        yield Finding(layer, tuple(suspects), cure=cure_of(LAYER, change))
        return
    counts = {side: _counts(call) for side, call in calls.items()}
    whole = calls["keras"].x.shape[1]
    sizes = {call.x.shape[:2] for call in calls.values()}
    if len(sizes) > 1 or np.array_equal(counts["torch"], counts["keras"]):
        return
    ignoring = [side for side, count in counts.items() if (count == whole).all()]
    if not ignoring:
        yield Finding(layer, unknown="the valid steps of the sequences differ")
        return
    lengths = calls["keras"].lengths
    cure = cure_of(LAYER, lambda call: _run_to(call, lengths))
    yield Finding(layer, ((ignoring[0], _named(MASK)),), cure=cure)


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


def _counts(call):
    """How many steps of each sequence count."""
    batch, time = call.x.shape[:2]
    return np.full(batch, time) if call.lengths is None else call.lengths


def _run_to(call, lengths):
    """What stops at these lengths, and repeats its last output as Keras does."""
    made = call.run(lengths=lengths)
    if lengths is None:
        return made
    last = np.minimum(np.arange(call.x.shape[1]), lengths[:, None] - 1)
    rows = np.arange(len(last))[:, None]
    return made | {"output": made["output"][rows, last]}


def _applied(twins, layer, isolated):
    """What a layer that is not recurrent makes of the same input and weights."""
    sides = {"torch": isolated.torch, "keras": isolated.keras}
    arrays = dict(isolated.weights["keras"][layer])
    twin = twins.twins["torch", "float64"]
    with pytorch_faults.injected(twin, cure_of(WEIGHTS, lambda _: arrays), layer, None):
        if isolation.gap(twin, layer, isolated.keras).is_none:
            return
    what = "what is made of the same input and weights is"
    if isolated.torch.kinds[layer] not in NORMS:
        yield Finding(layer, unknown=f"{what} not the same")
        return
    ways = {
        side: [
            name
            for name, way in EPSILONS.items()
            if near(way(found.call(layer)), found.made[layer])
        ]
        for side, found in sides.items()
    }
    yield from _confused(layer, ways, LAYER, EPSILONS, what)


# -------------------------------------------------------------------------- between


def _between(layer, isolated):
    """What a layer is given, where those before it hand on the same."""
    gap, torch, keras = isolated.between(layer), isolated.torch, isolated.keras
    if gap <= NEAR:
        return
    if layer in keras.calls:
        yield from _read_otherwise(layer, isolated, gap)
        return
    before = list(torch.kinds)[: list(torch.kinds).index(layer)]
    before = [name for name in before if name in torch.handed and name in keras.handed]
    ways = {
        side: [
            name
            for name, way in WAYS.items()
            if before and near(way(found.handed[before[-1]]), found.fed[layer])
        ]
        for side, found in (("torch", torch), ("keras", keras))
    }
    if any(ways.values()):
        what = f"{layer} gets"
        for each in _confused(before[-1], ways, BETWEEN, WAYS, what):
            yield replace(each, behind=layer)
    elif not isolated.unseen:
        yield Finding(layer, unknown=_unlike_input(gap))


def _unlike_input(gap):
    how = f"by {gap:.1e}" if np.isfinite(gap) else "in shape"
    return f"what goes in differs {how}, though the layers before hand on the same"


def _read_otherwise(layer, isolated, gap):
    """The mistake by which a recurrent layer reads the other side's input."""
    relayed, keras = isolated.relayed, isolated.keras
    given = {"torch": relayed.given(layer), "keras": keras.given(layer)}
    suspects, cure = [], None
    if near(given["torch"].swapaxes(0, 1), given["keras"]):
        suspects = [("torch", _named(CONFUSED))]
        cure = cure_of(LAYER, _turned_back)
    elif given["torch"].shape == given["keras"].shape:
        for side, found in (("torch", relayed), ("keras", keras)):
            call = replace(found.calls[layer], x=given[OTHER[side]])
            suspects += [
                (side, fault)
                for fault in known_faults(LAYER, call.kind)
                if _made(fault.change(call), call, found.handed[layer])
            ]
        cure = cure_of(LAYER, lambda call: call.run(x=given["keras"]))
    if suspects:
        yield Finding(layer, tuple(suspects), cure=cure)
    elif not isolated.unseen:
        yield Finding(layer, unknown=_unlike_input(gap))


def _turned_back(call):
    """A layer that gets, and is to hand on, batch and time in each other's place."""
    made = call.run(x=call.x.swapaxes(0, 1), lengths=None)
    return made | {"output": made["output"].swapaxes(0, 1)}


def _result(layer, isolated):
    """What is made of the last layer's output."""
    relayed, keras = isolated.relayed, isolated.keras
    if near(relayed.result, keras.result):
        return
    sides = {"torch": isolated.torch, "keras": keras}
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
    cure = cure_of(place, functions[ways["keras"][0]])
    yield Finding(layer, tuple(suspects), cure=cure)
