"""Layers without arrays, such as pooling, that are not the same on both sides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from compare.diagnosing.finding import Finding, Reading, worded
from compare.diagnosing.in_layers.fixes import (
    AROUND,
    fix_of_option,
    layer_like,
    written,
)
from compare.diagnosing.in_layers.options import fewest, makes
from compare.diagnosing.wordings import PLACES, Wording
from compare.in_keras import bare as in_keras
from compare.in_pytorch import bare as in_pytorch
from compare.judging.distances import near
from compare.judging.result import OTHER, SIDES
from compare.judging.words import Side
from compare.kinds.kind import Family, Kind
from compare.kinds.mistake import Call, Computation
from compare.kinds.option import Option
from compare.mistakes.bare import BareLayer

if TYPE_CHECKING:
    from compare.twins.twins import Twins

Pair = tuple[BareLayer, BareLayer]  # PyTorch's and Keras's

# Of these a layer of one kind may stand in the place of one of another.
EXCHANGED: tuple[Family, ...] = ("activation", "pooling")


def unlike_bare_layers(
    twins: Twins, arrays: tuple[np.ndarray, ...]
) -> Iterator[Finding]:
    """Name layers without arrays that make other things of the same.

    A layer's twin is the one that is given the same, or that runs in its place among
    those of its sort. Both must do what their settings say.

    Args:
        twins: both in float64.
        arrays: one for each input.
    """
    torch = in_pytorch.bare_layers(twins.twin("torch", "float64"), arrays)
    keras = in_keras.bare_layers(twins.twin("keras", "float64"), arrays)
    by_name: dict[str, list[Pair]] = {}
    for pair in _pairs(torch, keras):
        by_name.setdefault(pair[0].name, []).append(pair)
    for pairs in by_name.values():
        first_pair = pairs[0]
        if all(_are_alike(keras_layer, first_pair[1]) for _, keras_layer in pairs):
            yield from _unlike(first_pair)


def _are_alike(layer: BareLayer, twin: BareLayer) -> bool:
    """Whether two layers of one side are the same but for their names."""
    same_options = layer.call.options == twin.call.options
    return layer.kind is twin.kind and same_options


# ------------------------------------------------------------------------------- pairs


def _pairs(torch: Sequence[BareLayer], keras: Sequence[BareLayer]) -> Iterator[Pair]:
    """Layers of PyTorch with their twins in Keras."""
    sorts = dict.fromkeys(map(_sort, torch))
    for sort in sorts:
        of_torch = [layer for layer in torch if _sort(layer) == sort]
        of_keras = [layer for layer in keras if _sort(layer) == sort]
        if len(of_torch) != len(of_keras):
            continue
        for layer in of_torch:
            x, moved = layer.call.x, _moved(layer)
            twin = of_keras[0]
            for keras_layer in of_keras:
                if near(x, keras_layer.call.x) or near(moved, keras_layer.call.x):
                    twin = keras_layer
                    break
            of_keras.remove(twin)
            yield layer, twin


def _moved(layer: BareLayer) -> np.ndarray:
    """What PyTorch's layer is given, features last where its model has them first.

    A layer that does the same to each number takes them as they are.
    """
    x = layer.call.x
    if x.ndim < 3 or layer.kind.features_first or not _does_the_same_to_each(layer):
        return x
    return np.moveaxis(x, 1, -1)


def _does_the_same_to_each(layer: BareLayer) -> bool:
    """Whether a layer applies a function to each number, along no axis."""
    is_activation = layer.kind.family == "activation"
    return is_activation and "axis" not in layer.call.options


def _sort(layer: BareLayer) -> str:
    """What layers must have in common to stand in each other's place."""
    if layer.kind.family in EXCHANGED:
        return layer.kind.family
    if AROUND in layer.call.options:
        return AROUND
    return layer.kind.name


# ------------------------------------------------------------------------ what differs


def _unlike(pair: Pair) -> Iterator[Finding]:
    """What two layers do not have in common, if it changes what they make."""
    torch, keras = pair
    x = keras.call.x
    same_x = torch.call.x.shape == x.shape or _moved(torch).shape == x.shape
    if not same_x or not all(makes(layer.call, layer.output) for layer in pair):
        return
    output = replace(torch.call, x=x).run()  # of what Keras's layer is given
    if not isinstance(output, np.ndarray):
        return
    are_of_one_size = output.size == keras.output.size
    if are_of_one_size and near(output.ravel(), keras.output.ravel()):
        return
    cure = Computation(_as_in_keras(keras.kind, keras.call))
    if torch.kind is not keras.kind:
        yield Finding(torch.name, (_another_kind(pair),), cure=cure)
        return
    options = torch.call.options
    if torch.kind.same_in_words is not None:
        options = torch.kind.same_in_words(options, keras.call.options, keras.call.x)
    unlike = []
    for option in torch.kind.options:
        if option.matters != "results":
            continue
        if options[option.name] != keras.call.options[option.name]:
            unlike.append(option)

    def is_right(call: Call) -> bool:
        return makes(call, keras.output)

    for option in fewest(unlike, options, keras.call, is_right):
        yield Finding(torch.name, (_another_value(pair, option),), cure=cure)


def _as_in_keras(kind: Kind, keras: Call) -> Callable[[Call], np.ndarray | None]:
    """What takes PyTorch's layer at work and returns what Keras's would."""

    def compute(call: Call) -> np.ndarray | None:
        result = kind.compute({}, call.x, keras.options)
        return result if isinstance(result, np.ndarray) else None

    return compute


# ----------------------------------------------------------------------------- in words


def _another_kind(pair: Pair) -> Reading:
    """Another layer stands in the place of one."""
    torch, keras = pair
    sentence = (
        f"{PLACES['torch']} is {torch.written} in PyTorch, {keras.written} in Keras"
    )
    fixes = []
    sides: dict[Side, BareLayer] = {"torch": torch, "keras": keras}
    for side in SIDES:
        right = sides[OTHER[side]]
        own = sides[side].call
        text = layer_like(side, right.call, own, right.kind, right.written)
        fixes.append(f"{PLACES[side]} of {SIDES[side]}: {text}")
    return _of_pair(pair, sentence, fixes)


def _another_value(pair: Pair, option: Option) -> Reading:
    """A setting has another value."""
    layers: dict[Side, BareLayer] = {"torch": pair[0], "keras": pair[1]}
    calls = {side: layer.call for side, layer in layers.items()}
    values = {side: written(call.options[option.name]) for side, call in calls.items()}
    sentence = (
        f"in {PLACES['torch']}, {option.name} is {values['torch']} in PyTorch, "
        f"{values['keras']} in Keras"
    )
    fixes = []
    for side in SIDES:
        fix = fix_of_option(option, side, calls)
        fixes.append(f"{PLACES[side]} of {SIDES[side]}: {fix}")
    return _of_pair(pair, sentence, fixes)


def _of_pair(pair: Pair, sentence: str, fixes: Sequence[str]) -> Reading:
    """A reading in which either side may be changed, with its fix each."""
    names: dict[Side, str] = {"torch": pair[0].name, "keras": pair[1].name}
    wording = Wording(sentence, f"either {' or '.join(fixes)}")
    return worded("", (), wording, names)
