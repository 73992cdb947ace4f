"""Where twins begin to differ: each layer alone, and what lies between the layers.

A layer of PyTorch is fed with what goes into its twin in Keras, so that one wrong layer
does not blame those behind it. What lies between the layers is the code of the models;
it is seen where PyTorch's layers hand on what Keras's do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from compare.diagnosing.from_the_end import read_alike
from compare.diagnosing.isolated import Gap, Isolated, Place
from compare.errors import BadInput
from compare.in_keras import anatomy as keras_mistakes
from compare.in_keras import layers as keras_layers
from compare.in_pytorch import anatomy as in_pytorch_anatomy
from compare.in_pytorch import layers as pytorch_layers
from compare.in_pytorch import refusals as in_pytorch_refusals
from compare.in_pytorch import twin as in_pytorch
from compare.judging.distances import NEAR, distance, near
from compare.judging.evidence import SAME, SIDES, StageResult
from compare.judging.explanation import listed
from compare.judging.verdict import HORIZON
from compare.kinds import reference
from compare.kinds.layer import Layer
from compare.matching.rewriting import rewrite
from compare.mistakes.anatomy import Anatomy

if TYPE_CHECKING:
    from compare.diagnosing.finding import Finding
    from compare.twins.twins import Twins


def isolate(twins: Twins, arrays: tuple[np.ndarray, ...]) -> Isolated:
    """Look into both twins while they run.

    Args:
        twins: with both in float64.
        arrays: one for each input.

    Raises:
        BadInput: if Keras's weights cannot be read.
    """
    ours, theirs = (twins.twin(side, "float64") for side in SIDES)
    torch = in_pytorch_anatomy.anatomy(ours, arrays)
    layers = pytorch_layers.layers(ours.model)
    held = {
        n: each for n, each in keras_layers.layers(theirs.model).items() if n in layers
    }
    kinds = {name: layers[name].kind for name in dict.fromkeys([*torch.kinds, *layers])}
    rewritten, unlike = {}, {}
    for name, layer in held.items():
        try:
            one = {name: _with_both_biases(layer)}
            made, _ = rewrite(one, {name: layers[name]}, "to_torch", strict=False)
            rewritten |= made
        except BadInput as error:
            unlike[name] = str(error)
    bare = [name for name in torch.fed if name not in layers]
    keras = keras_mistakes.anatomy(theirs, arrays, kinds, rewritten, bare)
    seen = [name for name in [*torch.kinds, *bare] if name in keras.handed | keras.made]
    relayed, turned = _relayed(ours, arrays, keras)
    keras, from_the_end = read_alike(relayed, keras)
    trusted = {}
    for name in [name for name in torch.calls if name in keras.calls]:
        steps = _trusted(twins, name, keras)
        if steps is not None:
            trusted[name] = steps
    return Isolated(
        torch,
        keras,
        relayed,
        kinds,
        {"torch": {name: layers[name].arrays for name in kinds}, "keras": rewritten},
        {name: gap(ours, name, keras, trusted.get(name)) for name in seen},
        unlike,
        turned,
        trusted,
        _called(twins),
        from_the_end,
    )


def _relayed(twin, arrays, keras):
    """What PyTorch's does on what Keras's layers hand on, and which of its are turned.

    One that takes batch and time for each other shows it only if those before it hand
    on what it expects.
    """
    turned = []
    while True:
        found = in_pytorch_anatomy.anatomy(twin, arrays, keras, turned)
        more = [
            name
            for name, call in found.calls.items()
            if name in keras.calls
            and name not in turned
            and near(call.x.swapaxes(0, 1), keras.calls[name].x)
            and not near(call.x, keras.calls[name].x)
        ]
        if not more:
            return found, tuple(turned)
        turned.append(more[0])


def _trusted(twins, layer, keras):
    """The steps of a recurrent layer in which float32 keeps digits; None if all do.

    Beyond them a third implementation is as far off as either twin and tells nothing.
    """
    call = keras.calls[layer]
    made = []
    for dtype in ("float32", "float64"):
        twin = twins.twin("torch", dtype)
        try:
            made.append(
                in_pytorch_anatomy.alone(twin, layer, call.x, call.lengths).output
            )
        except (*in_pytorch_refusals.REFUSALS, IndexError):
            return None
    apart = np.abs(made[0] - made[1]).max(axis=(0, 2)) / (np.abs(made[1]).max() or 1)
    lost = np.flatnonzero(apart > HORIZON)
    return int(lost[0]) if lost.size else None


def _called(twins):
    """Keras's own names of the layers that go by others."""
    own_names = keras_layers.own_names(twins.model("keras", "float32"))
    return {name: listed(names) for name, names in own_names.items()}


def _with_both_biases(layer):
    """A GRU of Keras that has one bias, with a second that is zero.

    The reset gate then acts before the product, which is another matter.
    """
    if "reset_after=False" not in layer.kind:
        return layer
    arrays = {
        name: np.stack([array, 0 * array]) if array.ndim == 1 else array
        for name, array in layer.arrays.items()
    }
    return Layer(layer.kind.split("(")[0], arrays)


def gap(
    twin: in_pytorch.Twin, layer: str, keras: Anatomy, steps: int | None = None
) -> Gap:
    """How far a layer of PyTorch's twin is from Keras's, both on Keras's input.

    Args:
        twin: in float64.
        layer: its name.
        keras: what Keras's twin does.
        steps: of a recurrent layer, the first so many are looked at; None for all.
    """
    call = keras.calls.get(layer)
    try:
        ours = in_pytorch_anatomy.alone(
            twin, layer, keras.given(layer), call and call.lengths
        )
    except (
        *in_pytorch_refusals.REFUSALS,
        IndexError,
    ) as error:  # an index out of range
        return Gap(np.inf, refusal=in_pytorch_refusals.message(error))
    if call is None:
        return _gap(ours, keras.made[layer])
    theirs = keras.handed[layer]
    if steps is not None:
        return _gap(ours.output[:, :steps], theirs.output[:, :steps])
    time = ours.output.shape[1]  # up to the longest; beyond there is nothing
    two_ways = any(name.endswith("_reverse") for name in call.arrays)
    gaps = [
        _gap(a, b, two_ways)
        for a, b in zip(
            (ours.output, ours.h, ours.c),
            (theirs.output[:, :time], theirs.h, theirs.c),
            strict=True,
        )
        if a is not None and b is not None
    ]
    return next((each for each in gaps if not each.is_none), gaps[0])


def _gap(ours, theirs, two_ways=False):
    """As `gap`, of two arrays; the backward half of units begins at the last step."""
    size = distance(ours, theirs)
    if size <= NEAR or not np.isfinite(size):
        return Gap(size)
    apart = np.abs(ours - theirs)  # features last
    if apart.ndim != 3:
        return Gap(size, None, int(np.argmax(apart)) % apart.shape[-1] + 1)
    limit = NEAR * max(np.abs(ours).max(), np.abs(theirs).max())
    half = apart.shape[2] // 2
    steps = np.flatnonzero(apart.max(axis=(0, 2)) > limit)
    backward = two_ways and apart[..., :half].max() <= limit
    step = int(steps[-1 if backward else 0])
    unit = int(np.argmax(apart[:, step])) % apart.shape[2]
    return Gap(size, step + 1, unit + 1)


def place(
    first: Finding | None, isolated: Isolated, stage: StageResult | None
) -> Place | None:
    """Where a difference begins.

    Args:
        first: what was found first, if anything.
        isolated: as `isolate` gives it.
        stage: the one that decides, if both twins run.
    """
    layer = first and first.layer
    found = isolated.alone.get(layer)
    if found and not found.is_none:
        gates = ()
        if layer in isolated.keras.calls and found.timestep:
            both = (isolated.weights[side][layer] for side in SIDES)
            gates = _gates(isolated.keras.calls[layer], both, found.timestep - 1)
        return Place(layer, found.timestep, found.unit, gates)
    if first and first.behind:
        return Place(f"between {layer} and {first.behind}")
    if stage and stage.verdict != SAME:
        index = stage.worst.index if stage.worst else ()
        unit = index[-1] + 1 if len(index) > 1 else None
        name = stage.stage.rpartition(".")[0]  # a final state goes by its layer
        name = name if name in isolated.kinds else stage.stage
        return Place(name, stage.timestep, unit)
    return Place(layer) if layer else None


def _gates(call, weights, step):
    """Gates whose sums differ in a step between two sets of weights, on one input.

    Of several layers and directions they are those of the first in which any differs.
    """
    first, second = (_sums(replace(call, arrays=each), step) for each in weights)
    for end, sums in first.items():
        differ = [gate for gate in sums if not near(sums[gate], second[end][gate])]
        if differ:
            known = {"LSTM": "ifgo", "GRU": "rzn"}.get(call.kind, "")
            shown = {gate.rstrip("'") for gate in differ}  # a GRU's candidate has two
            return tuple(gate for gate in known if gate in shown)
    return ()


def _sums(call, step):
    """What the gates of a layer are functions of in one step, by ending and gate."""
    found = {}

    def watch(end, number, x, h):
        if number == step:
            arrays = {
                name.removesuffix(end): array
                for name, array in call.arrays.items()
                if name.endswith(end)
            }
            kind = call.kind.removesuffix("(relu)")
            found[end] = reference.sums(kind, arrays, x, h)

    call.run(watch=watch)
    return found
