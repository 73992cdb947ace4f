"""Where twins do different things, and which named mistakes take one to the other.

Each place is looked at by itself: what a layer has for weights, what it makes of its
input, what it is given, and what is made of the last one's output.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from compare.diagnosing import isolation
from compare.diagnosing.between import combined, concatenated
from compare.diagnosing.between import ways as between
from compare.diagnosing.between.ways import differing, ways_of
from compare.diagnosing.finding import (
    Finding,
    Link,
    Reading,
    known_mistakes,
    named,
    of_layer,
)
from compare.diagnosing.finding import reading as read
from compare.diagnosing.in_layers import stacks
from compare.diagnosing.in_layers.directions import crossed, left_turned
from compare.diagnosing.in_layers.norms import normalises
from compare.diagnosing.in_layers.padding import counted, padded_before, read_at_the_end
from compare.diagnosing.in_layers.weights import weights
from compare.diagnosing.isolated import Isolated
from compare.in_pytorch import mistakes as pytorch_mistakes
from compare.judging.arrays import valid_steps
from compare.judging.distances import NEAR, near
from compare.judging.evidence import OTHER, SIDES
from compare.kinds.mistake import (
    NORMS,
    ArraysOfLayer,
    Computation,
    LayerInput,
    ResultOrder,
)
from compare.mistakes import Call

if TYPE_CHECKING:
    from compare.twins.twins import Twins

CONFUSED, INPUT = "batch and time confused", "the input"


def findings(
    twins: Twins, isolated: Isolated, arrays: Sequence[np.ndarray]
) -> Iterator[Finding]:
    """Every place where the twins do different things, as the model meets them.

    Args:
        twins: different on these arrays.
        isolated: as `isolate` gives it for them.
        arrays: one for each input.
    """
    isolated = _with_inputs(twins, isolated, arrays)
    torch, keras = isolated.torch, isolated.keras
    for layer in isolated.kinds:
        if layer in isolated.unlike:
            yield Finding(layer, unknown=isolated.unlike[layer])
        if layer not in isolated.weights["keras"]:
            continue
        before = padded_before(layer, isolated)
        yield from [before] if before else _between(layer, isolated)
        yield from weights(layer, isolated)
        if layer in torch.calls and layer in keras.calls:
            yield from () if before else _computed(layer, isolated)
        elif layer in torch.made and layer in keras.made:
            yield from _applied(twins, layer, isolated)
    both = [layer for layer in torch.kinds if layer in keras.kinds]
    if both:
        yield from _result(both, isolated)


def _with_inputs(twins, isolated, arrays):
    """The same with the inputs, where they are floats, as if a layer made each."""
    floats = {
        each.name: array.astype("float64")
        for each, array in zip(twins.inputs, arrays, strict=True)
        if array.dtype.kind == "f"
    }
    if twins.time_axis == 0:
        floats = {n: a.swapaxes(0, 1) if a.ndim > 2 else a for n, a in floats.items()}
    named = {
        INPUT if len(arrays) == 1 else f"{INPUT} {name}": array
        for name, array in floats.items()
    }
    sides = {
        side: replace(found, made=named | found.made)
        for side, found in (("torch", isolated.torch), ("keras", isolated.keras))
    }
    return replace(isolated, **sides)


# --------------------------------------------------------------------------- layers


def _computed(layer, isolated):
    """What a recurrent layer makes of its input, where it is not what it should."""
    sides = {"torch": isolated.torch, "keras": isolated.keras}
    calls = {side: found.calls[layer] for side, found in sides.items()}
    known, steps = (
        known_mistakes(Computation, calls["torch"].kind),
        isolated.trusted.get(layer),
    )
    suspects, ways = [], {}
    for side, found in sides.items():
        call, handed = calls[side], found.handed[layer]
        if _made(call.run(), call, handed, steps):
            continue
        ways[side] = [
            f for f in known if _made(f.effect.compute(call), call, handed, steps)
        ]
        if not ways[side] and side == "keras":
            passed = found.stacked.get(layer, [(call.x, handed.output)])
            parts = stacks.in_one(known, call, passed, steps)
            ways[side] = [
                f for f in parts if _made(f.effect.compute(call), call, handed, steps)
            ]
        if not ways[side]:
            unknown = f"{SIDES[side]}'s layer computes something unknown of its input"
            yield Finding(layer, unknown=unknown)
            return
        suspects += [(side, mistake) for mistake in ways[side]]
    if suspects:
        compute = ways["keras"][0].effect.compute if "keras" in ways else Call.run
        yield of_layer(layer, isolated, suspects, Computation(compute))
        return
    yield from counted(layer, isolated)


def _made(made, call, handed, steps=None):
    """Whether a result of the reference, or nothing, is what a layer handed on.

    In the first steps alone, and without the final states, if so many are given.
    """
    if made is None:
        return False
    output = made["output"]
    if call.lengths is not None:
        output = np.where(valid_steps(output, call.lengths), output, 0)
    if steps is not None:
        return near(output[:, :steps], handed.output[:, :steps])
    return (
        near(output, handed.output)
        and near(made["h_n"][-1], handed.h)
        and (handed.c is None or near(made["c_n"][-1], handed.c))
    )


def _applied(twins, layer, isolated):
    """What a layer that is not recurrent makes of the same input and weights."""
    arrays = dict(isolated.weights["keras"][layer])
    twin = twins.twins["torch", "float64"]
    with pytorch_mistakes.injected(twin, ArraysOfLayer(lambda _: arrays), layer, None):
        if isolation.gap(twin, layer, isolated.keras).is_none:
            return
    if isolated.torch.kinds[layer] in NORMS:
        yield from normalises(layer, isolated)
        return
    suspects = [
        (side, mistake)
        for side, found in (("torch", isolated.torch), ("keras", isolated.keras))
        for mistake in known_mistakes(Computation, isolated.torch.kinds[layer])
        if near(mistake.effect.compute(found.call(layer)), found.made[layer])
    ]
    if suspects:
        yield of_layer(layer, isolated, suspects, Computation(_right(arrays)))
        return
    unknown = "what is made of the same input and weights is not the same"
    yield Finding(layer, unknown=unknown)


def _right(arrays):
    """What an embedding makes of its indices."""
    return lambda call: arrays["weight"][call.x]


# -------------------------------------------------------------------------- between


def _between(layer, isolated):
    """What a layer is given, where those before it hand on the same."""
    torch, keras = isolated.torch, isolated.keras
    if layer in isolated.turned:
        where = read(layer, "torch", named(CONFUSED))
        yield Finding(layer, (where,), cure=Computation(_turned_back))
        return
    gap = isolated.between(layer)
    if gap <= NEAR or layer not in torch.kinds:
        return
    if layer in keras.calls:
        found = _read_otherwise(layer, isolated)
        if found:
            yield found
            return
    elif isolated.kinds[layer] == "Embedding":
        found = _indexed_otherwise(layer, isolated)
        if found:
            yield found
            return
    before = list(torch.kinds)[: list(torch.kinds).index(layer)]
    how = f"by {gap:.1e}" if np.isfinite(gap) else "in shape"
    found = _linked(before, layer, isolated)
    for each in found or ():
        if each.unknown and each.layer.startswith(INPUT):
            unknown = f"{each.unknown}: what goes in differs {how}"
            each = replace(each, unknown=unknown)
        yield each
    if found is None and not isolated.unseen:
        same = ", though the layers before hand on the same" if before else ""
        yield Finding(layer, unknown=f"what goes in differs {how}{same}")


def _linked(before, behind, isolated):
    """What is handed on to a layer or the caller, from the nearest that explains it.

    What takes neither other arrays nor numbers comes first.

    Args:
        before: names of the layers before it, in order.
        behind: its name, or nothing.
        isolated: as `isolate` gives it.

    Returns:
        Where it differs; None where neither side is known to make anything of them.
    """
    torch, keras = isolated.torch, isolated.keras
    inputs = [name for name in torch.made if name.startswith(INPUT)]
    others = partial(combined.recognise, [*inputs, *before])
    half = None
    for recognise in (between.recognise, others):
        if recognise is others:
            joined = _joined([*inputs, *before], behind, isolated)
            if joined is not None:
                return joined
        for layer in (*reversed(before), *(inputs if behind else ())):
            made = [found.handed | found.made for found in (torch, keras)]
            if any(layer not in each for each in made):
                continue
            link = Link(layer, behind)
            sides = _recognised(link, isolated, recognise)
            if all(sides.values()):
                found = _differing(link, sides, isolated)
                return _of_input(found, keras) if layer in inputs else found
            if any(sides.values()):
                half = half or (link, sides)
    return differing(*half) if half else None


def _differing(link, sides, isolated):
    """Where the sides hand on otherwise, as it is told of this layer."""
    found = [*differing(link, sides)]
    if not found:
        return [*read_at_the_end(link, isolated, sides)]
    if link.layer in isolated.from_the_end:
        names = {side: [way for way, _ in known] for side, known in sides.items()}
        first, *more = found
        readings = left_turned(link, names) or first.readings
        return [replace(first, readings=readings), *more]
    return found


def _joined(names, behind, isolated):
    """Where several arrays side by side are handed on; None where they are not."""
    if not names:
        return None
    torch, keras = isolated.torch, isolated.keras
    link, sides = Link(names[-1], behind), {}
    for side, found in ("torch", torch), ("keras", keras):
        given = link.given(found)
        turned = isolated.turned if side == "torch" else ()
        if given is not None:
            sides[side] = concatenated.parts(found, names, given, turned)
    if not all(sides.get(side) for side in SIDES):
        return None
    cure = concatenated.joining(sides["keras"], keras, behind)
    turned = crossed(isolated)
    sides["keras"] = concatenated.renamed(sides["keras"], turned)
    from_the_end = *isolated.from_the_end, *turned
    return concatenated.differing(link, sides, cure, from_the_end)


def _recognised(link, isolated, recognise):
    """What each side does between two layers."""
    turned = link.layer in isolated.turned
    return {
        side: {}
        if given is None
        else recognise(found, link.layer, given, not link.behind, turned)
        for side, found, turned in (
            ("torch", isolated.torch, turned),
            ("keras", isolated.keras, False),
        )
        for given in [link.given(found)]
    }


def _of_input(found, keras):
    """Findings about an input, with a cure that needs no layer before."""
    for each in found:
        if each.cure:
            _, sequence = ways_of(keras, each.layer, False)
            made = each.cure.function(sequence)
            each = replace(each, cure=LayerInput(made))
        yield each


def _read_otherwise(layer, isolated):
    """The mistake by which a recurrent layer reads the other side's input."""
    relayed, keras = isolated.relayed, isolated.keras
    given = {"torch": relayed.given(layer), "keras": keras.given(layer)}
    if given["torch"].shape != given["keras"].shape:
        return None
    suspects = []
    for side, found in (("torch", relayed), ("keras", keras)):
        call = replace(found.calls[layer], x=given[OTHER[side]])
        suspects += [
            (side, mistake)
            for mistake in known_mistakes(Computation, call.kind)
            if _made(mistake.effect.compute(call), call, found.handed[layer])
        ]
    cure = Computation(lambda call: call.run(x=given["keras"]))
    return of_layer(layer, isolated, suspects, cure) if suspects else None


def _indexed_otherwise(layer, isolated):
    """The mistake by which an embedding is asked for other rows."""
    given = {
        "torch": isolated.relayed.fed[layer],
        "keras": isolated.keras.fed[layer].astype("int64"),
    }
    arrays = {side: isolated.weights[side][layer] for side in SIDES}
    calls = {s: Call("Embedding", arrays[s], given[s], None) for s in SIDES}
    suspects = [
        (side, mistake)
        for side, other in OTHER.items()
        for mistake in known_mistakes(Computation, "Embedding")
        if near(
            mistake.effect.compute(replace(calls[side], x=given[other])),
            arrays[side]["weight"][given[side]],
        )
    ]
    wanted = arrays["keras"]["weight"][given["keras"]]
    cure = Computation(lambda call: wanted)
    return of_layer(layer, isolated, suspects, cure) if suspects else None


def _turned_back(call):
    """A layer that gets, and is to hand on, batch and time in each other's place."""
    made = call.run(x=call.x.swapaxes(0, 1), lengths=None)
    return made | {"output": made["output"].swapaxes(0, 1)}


def _result(layers, isolated):
    """What is made of the last layer's output, and the order of several results."""
    torch, keras = isolated.torch, isolated.keras
    order = _order(isolated.relayed.results, keras.results)
    if order:
        mistake = named("results in another order")
        readings = [
            Reading(s, (mistake,), f"{who}'s {mistake.sentence[4:]}", f"{who}: {fix}")
            for s, who in SIDES.items()
            for fix in [getattr(mistake, s)]
        ]
        cure = ResultOrder(lambda _: order)
        yield Finding(layers[-1], tuple(readings), cure=cure)
        return
    ours, theirs = isolated.relayed.result, keras.result
    if near(ours, theirs) or torch.result is None or theirs is None:
        return
    found = _linked(layers, None, isolated)
    if found is not None:
        yield from found
    elif layers[-1] in torch.handed | torch.made and not isolated.unseen:
        unknown = "the result is made by something unknown in PyTorch"
        yield Finding(layers[-1], unknown=unknown)


def _order(ours, theirs):
    """The numbers of PyTorch's results in Keras's order; None where it is the same."""
    found = []
    for result in theirs:
        fits = [
            n for n, each in enumerate(ours) if n not in found and near(each, result)
        ]
        if not fits:
            return None
        found.append(fits[0])
    straight = found == sorted(found)
    return None if straight or len(found) < len(ours) else found
