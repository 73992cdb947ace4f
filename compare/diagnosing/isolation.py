"""Where twins begin to differ: each layer alone, and what lies between the layers.

A layer of PyTorch is fed with what goes into its twin in Keras, so that one wrong layer
does not blame those that come after it. What lies between the layers is the code of the
models; it is seen where each layer of PyTorch hands on what its twin in Keras does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from compare.diagnosing.from_the_end import as_pytorch_reads
from compare.diagnosing.gaps import layer_gap
from compare.diagnosing.isolated import Isolated
from compare.diagnosing.layers_inside import of_layers_inside
from compare.diagnosing.windows import as_bare, surroundings
from compare.errors import BadInput
from compare.in_keras import anatomy as keras_mistakes
from compare.in_keras import layers as keras_layers
from compare.in_keras import options as in_keras_options
from compare.in_pytorch import anatomy as in_pytorch_anatomy
from compare.in_pytorch import layers as pytorch_layers
from compare.in_pytorch import options as in_pytorch_options
from compare.in_pytorch import refusals as in_pytorch_refusals
from compare.in_pytorch import twin as in_pytorch
from compare.in_pytorch import written
from compare.judging.distances import near
from compare.judging.verdict import HORIZON
from compare.judging.words import PRECISIONS
from compare.kinds import ATTENTION, as_usual, of_layer, read_as
from compare.kinds.layer import Arrays, Layer
from compare.kinds.mistake import Call, RecurrentOutput
from compare.kinds.option import REQUIRED
from compare.matching.rewriting import rewrite
from compare.mistakes.anatomy import Anatomy
from compare.mistakes.runs import (
    along_time,
    folded,
    layer_of,
    loops,
    unfolded,
    with_axes_of,
)

if TYPE_CHECKING:
    from compare.twins.twins import Twins


def isolate(twins: Twins, arrays: tuple[np.ndarray, ...]) -> Isolated:
    """Look into both twins while they run.

    Args:
        twins: with both in float64.
        arrays: one for each input.

    Raises:
        BadInput: if Keras's weights cannot be read.
    """
    torch_twin = twins.twin("torch", "float64")
    keras_twin = twins.twin("keras", "float64")
    every_layer = pytorch_layers.layers(torch_twin.model)
    layers = {name: every_layer[name] for name in twins.matched or every_layer}
    in_keras = keras_layers.layers(keras_twin.model)
    by_hand = _by_hand(layers, in_keras)
    for precision in twins.precisions:
        written.note(twins.model("torch", precision), by_hand)
    torch = of_layers_inside(in_pytorch_anatomy.anatomy(torch_twin, arrays), layers)
    kinds_of_layers = {name: layer.kind_at_work for name, layer in layers.items()}
    kinds_of_layers |= by_hand
    usual = {name: written.usual(torch_twin.model, name) for name in by_hand}
    rewritten = _rewritten(in_keras, layers, by_hand)
    bare = dict.fromkeys(  # such as a softmax
        layer_of(name) for name in torch.layer_inputs if layer_of(name) not in layers
    )
    keras = keras_mistakes.anatomy(
        keras_twin, arrays, kinds_of_layers, rewritten.arrays, bare, by_hand
    )
    keras = _as_pytorch_attends(torch, keras)
    keras = with_axes_of(folded(unfolded(keras, torch), torch), torch)
    torch = unfolded(torch, keras)
    in_loops = loops(torch, keras)
    shown = along_time(keras, in_loops["keras"])
    relayed, turned = _relayed(torch_twin, arrays, shown, in_loops["torch"])
    if _is_fed_back(in_loops, relayed, shown):
        on_both = in_loops["torch"] & in_loops["keras"]
        in_loops = {side: names - on_both for side, names in in_loops.items()}
        shown = along_time(keras, in_loops["keras"])
        relayed, turned = _relayed(torch_twin, arrays, shown, in_loops["torch"])
    torch, keras = along_time(torch, in_loops["torch"]), shown
    torch = _doing_as(torch, keras, by_hand)
    relayed = _doing_as(relayed, keras, by_hand)
    kinds = _with_unseen(torch.kinds, kinds_of_layers)
    keras, from_the_end = as_pytorch_reads(relayed, keras)
    around, keras = surroundings(relayed, keras)
    torch, relayed = as_bare(torch, around), as_bare(relayed, around)
    trusted = _trusted_steps(twins, torch, keras)
    alone = {}
    for layer in [*torch.kinds, *bare]:
        if layer in keras.recurrent_outputs or layer in keras.layer_outputs:
            steps, zeros = trusted.get(layer), around.get(layer)
            alone[layer] = layer_gap(torch_twin, layer, keras, steps, zeros)
    return Isolated(
        torch=torch,
        keras=keras,
        relayed=relayed,
        kinds=kinds,
        weights={
            "torch": {
                name: usual.get(layer_of(name), layers[layer_of(name)]).arrays
                for name in kinds
            },
            "keras": {
                name: rewritten.arrays[layer_of(name)]
                for name in kinds
                if layer_of(name) in rewritten.arrays
            },
        },
        gaps=alone,
        refusals=rewritten.refusals,
        time_major=turned,
        judged_steps=trusted,
        keras_names=_called(twins),
        from_the_end=from_the_end,
        around=around,
        by_hand=tuple(by_hand),
        layers={"torch": layers, "keras": in_keras},
        looped=tuple(in_loops["torch"]),
        settings={
            "torch": in_pytorch_options.options_by_layer(
                torch_twin.model, kinds_of_layers
            ),
            "keras": in_keras_options.options_by_layer(
                keras_twin.model, kinds_of_layers
            ),
        },
    )


def _doing_as(torch: Anatomy, keras: Anatomy, by_hand: Collection[str]) -> Anatomy:
    """Hold layers by hand to what Keras's layer is set to: activations, reset gate.

    Args:
        torch: what PyTorch's twin does.
        keras: what Keras's twin does; its calls have the settings.
        by_hand: names of the layers.
    """
    calls = dict(torch.recurrent_calls)
    for name, call in calls.items():
        if layer_of(name) in by_hand and name in keras.recurrent_calls:
            options = {**keras.recurrent_calls[name].options, "states": None}
            calls[name] = replace(call, options={**options, **call.options})
    return replace(torch, recurrent_calls=calls)


def _with_unseen(at_work: Mapping[str, str], layers: Mapping[str, str]) -> dict:
    """The kinds of the runs that were seen, then of the layers that were not.

    Args:
        at_work: kinds by the names of runs, in order.
        layers: kinds of all layers.
    """
    layers_at_work = set(map(layer_of, at_work))
    unseen = {}
    for name, kind in layers.items():
        if name not in layers_at_work:
            unseen[name] = of_layer(kind)
    return {**at_work, **unseen}


def _is_fed_back(
    in_loops: Mapping[str, set[str]], relayed: Anatomy, keras: Anatomy
) -> bool:
    """Whether a loop of both sides is given other steps, such as those it made before.

    Then what each run is given is to be looked at.
    """
    for layer in in_loops["torch"] & in_loops["keras"]:
        if not near(relayed.input_of(layer), keras.input_of(layer)):
            return True
    return False


def _as_pytorch_attends(torch: Anatomy, keras: Anatomy) -> Anatomy:
    """Let attention that is by hand in Keras be meant as PyTorch's layer says.

    Dense layers tell neither how many heads there are nor what is masked.

    Args:
        torch: what PyTorch's twin does.
        keras: what Keras's twin does.
    """
    options = dict(keras.options)
    for layer, its_options in keras.options.items():
        if torch.kinds.get(layer) not in ATTENTION or layer not in torch.options:
            continue
        if its_options["heads"] == REQUIRED:
            inputs = {key: its_options.get(key) for key in ("key", "value")}
            options[layer] = {**torch.options[layer], **inputs}
    return replace(keras, options=options)


# ----------------------------------------------------------------------------- weights


@dataclass(frozen=True)
class _Rewritten:
    """Keras's weights as PyTorch would have them.

    Args:
        arrays: by layer and name, in PyTorch's layout.
        refusals: by layer, why its arrays cannot be rewritten.
    """

    arrays: dict[str, Arrays]
    refusals: dict[str, str]


def _by_hand(torch: Mapping[str, Layer], keras: Mapping[str, Layer]) -> dict[str, str]:
    """The layers of PyTorch that are cells by hand, and the cells they are read as.

    Args:
        torch: layers by name.
        keras: their twins.
    """
    by_hand = {}
    for name, layer in torch.items():
        if name not in keras:
            continue
        as_read, _ = read_as(layer, keras[name])
        if as_read.kind != layer.kind and as_read.kind.endswith("Cell"):
            by_hand[name] = as_read.kind
    return by_hand


def _rewritten(
    keras: Mapping[str, Layer], torch: Mapping[str, Layer], by_hand: Mapping[str, str]
) -> _Rewritten:
    """Rewrite the arrays of Keras's layers, each by itself, for PyTorch's layers.

    Args:
        keras: layers by name; those that PyTorch does not have are left out.
        torch: layers by name.
        by_hand: those of them that are read as cells, whose arrays the result has.
    """
    rewritten = _Rewritten({}, {})
    for name, layer in keras.items():
        if name not in torch:
            continue
        if name not in by_hand:
            layer = _with_both_biases(layer)
        source = {name: layer}
        target = {name: torch[name]}
        try:
            arrays, _ = rewrite(source, target, "to_torch", strict=False)
        except BadInput as error:
            rewritten.refusals[name] = str(error)
        else:
            if name in by_hand:
                layer_by_hand = Layer(by_hand[name], arrays[name])
                arrays[name] = dict(as_usual(layer_by_hand).arrays)
            rewritten.arrays.update(arrays)
    return rewritten


def _with_both_biases(layer: Layer) -> Layer:
    """Give a GRU of Keras that has one bias a second one, of zeros.

    A GRU has one bias if its reset gate acts before the product, reset_after=False.
    That is a difference in what it computes, and is looked for there.
    """
    if "reset_after=False" not in layer.kind:
        return layer
    arrays = {}
    for name, array in layer.arrays.items():
        if array.ndim == 1:  # the bias
            array = np.stack([array, 0 * array])  # (2, gates * units)
        arrays[name] = array
    return Layer(layer.kind.split("(")[0], arrays)


# ----------------------------------------------------------------------- layers at work


def _relayed(
    twin: in_pytorch.Twin,
    arrays: tuple[np.ndarray, ...],
    keras: Anatomy,
    in_loops: set[str],
) -> tuple[Anatomy, tuple[str, ...]]:
    """Run PyTorch's twin with what Keras's layers hand on in the place of its own.

    A layer that takes batch and time for each other shows it only if those before it
    hand on what it expects. So there is one more run for each that is found.

    Args:
        twin: of PyTorch, in float64.
        arrays: one for each input.
        keras: what Keras's twin does.
        in_loops: layers of PyTorch whose runs are seen as one.

    Returns:
        What PyTorch's twin does, and its layers that take batch and time for each
        other.
    """
    turned: list[str] = []
    while True:
        relayed = in_pytorch_anatomy.anatomy(twin, arrays, keras, turned)
        relayed = unfolded(along_time(relayed, in_loops), keras)
        layer = _first_turned(relayed, keras, turned)
        if layer is None:
            return relayed, tuple(turned)
        turned.append(layer)


def _first_turned(torch: Anatomy, keras: Anatomy, turned: list[str]) -> str | None:
    """The first layer that is given batch and time in each other's place, if any.

    Args:
        torch: what PyTorch's twin does.
        keras: what Keras's twin does.
        turned: layers that are known to be, and are left out.
    """
    for layer, call in torch.recurrent_calls.items():
        if layer in turned or layer not in keras.recurrent_calls:
            continue
        keras_x = keras.recurrent_calls[layer].x  # (batch, time, features)
        if near(call.x.swapaxes(0, 1), keras_x) and not near(call.x, keras_x):
            return layer
    for layer, x in torch.layer_inputs.items():
        keras_input = keras.layer_inputs.get(layer)
        if layer in turned or torch.kinds.get(layer) not in ATTENTION:
            continue
        if keras_input is None or near(x, keras_input):
            continue
        if near(x.swapaxes(0, 1), keras_input):
            return layer
    return None


def _trusted_steps(twins: Twins, torch: Anatomy, keras: Anatomy) -> dict[str, int]:
    """How many steps of each recurrent layer can be judged, where not all can.

    Args:
        twins: both, in either precision.
        torch: what PyTorch's twin does.
        keras: what Keras's twin does.
    """
    trusted = {}
    for layer in torch.recurrent_calls:
        if layer in keras.recurrent_calls:
            steps = _trusted(twins, layer, keras.recurrent_calls[layer])
            if steps is not None:
                trusted[layer] = steps
    return trusted


def _trusted(twins: Twins, layer: str, call: Call) -> int | None:
    """Count the steps of a recurrent layer in which float32 keeps digits.

    In later steps a third implementation is as far off as either twin, and shows
    nothing.

    Args:
        twins: both, in either precision.
        layer: its name.
        call: Keras's layer at work; PyTorch's layer is given its input.

    Returns:
        The number of steps; None if float32 keeps digits in all of them, if the layer
        refuses the input, or if it is not recurrent.
    """
    outputs = []
    for precision in PRECISIONS:
        twin = twins.twin("torch", precision)
        try:
            output = in_pytorch_anatomy.alone(
                twin, layer, call.x, call.lengths, call.options.get("states")
            )
        except (*in_pytorch_refusals.REFUSALS, IndexError):
            return None
        if not isinstance(output, RecurrentOutput):
            return None
        outputs.append(output.output)  # (batch, time, size)
    output32, output64 = outputs
    scale = np.abs(output64).max()
    if scale == 0:
        scale = 1.0
    noise = np.abs(output32 - output64).max(axis=(0, 2)) / scale  # (time,)
    lost = np.flatnonzero(noise > HORIZON)
    return int(lost[0]) if lost.size else None


def _called(twins: Twins) -> dict[str, list[str]]:
    """What Keras's user calls each layer that has another name in PyTorch."""
    return keras_layers.own_names(twins.model("keras", "float32"))
