"""Where two layers have different weights, and which mistakes make one of the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from compare.diagnosing.finding import (
    Finding,
    Reading,
    distinct,
    fix_of,
    known_mistakes,
    mistake_named,
    reading,
)
from compare.diagnosing.in_layers.arranged import arranged
from compare.diagnosing.in_layers.elsewhere import Elsewhere
from compare.diagnosing.in_layers.never_loaded import FRESH, never_loaded
from compare.diagnosing.in_layers.one_bias import as_keras_keeps
from compare.diagnosing.in_layers.same_arrays import ROUNDED, are_same, summed
from compare.diagnosing.in_layers.stacks import in_part, named_part
from compare.diagnosing.isolated import Isolated
from compare.judging.distances import NEAR, near
from compare.judging.result import OTHER, SIDES
from compare.judging.words import Side
from compare.kinds import RECURRENT
from compare.kinds.embedding import limited
from compare.kinds.layer import Arrays
from compare.kinds.mistake import ArraysOfLayer
from compare.mistakes import Mistake
from compare.mistakes.runs import layer_of

MAX_NORM = "max_norm"  # a setting of an embedding

Suspect = tuple[Side, Mistake[ArraysOfLayer]]


def weights(layer: str, isolated: Isolated, elsewhere: Elsewhere) -> Iterator[Finding]:
    """The mistakes that make one side's arrays of a layer out of the other side's.

    Args:
        layer: its name.
        isolated: the twins at work.
        elsewhere: the arrays of all layers.
    """
    kind = isolated.kinds[layer].replace("Cell", "")  # a cell has the same arrays
    arrays = {side: layers[layer] for side, layers in isolated.weights.items()}
    if kind == "GRU":
        arrays["torch"] = as_keras_keeps(layer, isolated)
    if _have_same_weights(layer, kind, arrays, isolated):
        return
    if are_same(kind, arrays["torch"], arrays["keras"]):
        # Any two mistakes that undo each other would explain that.
        unknown = "the weights differ by no more than float32 rounds"
        yield Finding(layer, unknown=unknown)
        return
    names = {side: isolated.name(layer, side) for side in SIDES}
    readings = _simple_readings(layer, kind, arrays, isolated)
    # What is less likely is looked for where nothing simpler makes the arrays.
    if not readings:
        for side, mistake in _in_some_arrays(kind, arrays):
            readings.append(reading(names[side], side, mistake))
    if not readings:
        for side, earlier, later in _pairs(kind, arrays):
            readings.append(reading(names[side], side, earlier, later))
    partly = ""
    if not readings:
        readings, partly = arranged(layer, kind, isolated, elsewhere)
    if not readings:
        readings = never_loaded(layer, isolated)
    if readings:
        target = dict(arrays["keras"])
        cure = ArraysOfLayer(lambda _: target)
        yield Finding(layer, distinct(readings), cure=cure)
        return
    yield Finding(layer, unknown=f"the weights differ in no known way{partly}")


def _simple_readings(
    layer: str, kind: str, arrays: Mapping[Side, Arrays], isolated: Isolated
) -> list[Reading]:
    """Readings of one cause in all arrays of a layer.

    Args:
        layer: its name.
        kind: as PyTorch names it, that of a cell's layer for a cell.
        arrays: of either side, in PyTorch's layout.
        isolated: the twins at work; has the arrays of the other layers.
    """
    names = {side: isolated.name(layer, side) for side in SIDES}
    readings = list(_one_bias_twice(kind, names, arrays))
    for side, mistake in _single_mistakes(kind, arrays):
        readings.append(reading(names[side], side, mistake))
    readings += _of_another_layer(layer, isolated)
    return readings


# ---------------------------------------------------------------------- kinds of causes


def _one_bias_twice(
    kind: str, names: Mapping[Side, str], arrays: Mapping[Side, Arrays]
) -> Iterator[Reading]:
    """A GRU may have one of its two biases in the place of the other as well.

    Args:
        kind: of the layer; only a GRU keeps two biases apart in Keras.
        names: what the user of each side calls the layer.
        arrays: of either side, in PyTorch's layout.
    """
    if kind != "GRU":
        return
    mistake = mistake_named("GRU biases swapped")  # is put right in the same way
    for side, opposite in OTHER.items():
        for bias in ("bias_ih", "bias_hh"):
            repeated = _with_one_bias(arrays[opposite], bias)
            biases = [array for name, array in repeated.items() if "bias" in name]
            if not any(array.any() for array in biases):
                continue  # zeros repeated are as they were
            if are_same(kind, repeated, arrays[side]):
                place = f"{names[side]} of {SIDES[side]}"
                sentence = f"in {place}, {bias} stands in the place of both biases"
                fix = f"{place}: {fix_of(mistake, side)}"
                yield Reading(side, (), sentence, fix)


def _with_one_bias(arrays: Arrays, bias: str) -> dict[str, np.ndarray]:
    """Arrays with one of two biases in the place of both.

    Args:
        arrays: of a layer, by PyTorch's names.
        bias: "bias_ih" or "bias_hh", which stays.
    """
    repeated = {}
    for name, array in arrays.items():
        if "bias" in name:
            ending = name[len("bias_ih") :]  # such as _l0_reverse
            array = arrays[bias + ending]
        repeated[name] = array
    return repeated


def _single_mistakes(kind: str, arrays: Mapping[Side, Arrays]) -> Iterator[Suspect]:
    """Mistakes that make one side's arrays of the other side's, each by itself.

    Args:
        kind: of the layer.
        arrays: of either side, in PyTorch's layout.
    """
    for side, opposite in OTHER.items():
        right, wrong = arrays[opposite], arrays[side]
        for mistake in known_mistakes(ArraysOfLayer, kind):
            fits = mistake.effect.fits
            if mistake.name == FRESH:  # any that are drawn fit: see `never_loaded`
                fits = None
            may_be = fits is not None and fits(right, wrong, side)
            if may_be or are_same(kind, mistake.effect.made_on(side, right), wrong):
                yield side, mistake


def _of_another_layer(layer: str, isolated: Isolated) -> Iterator[Reading]:
    """A side may have in this layer what the other side has in another of its kind.

    Args:
        layer: its name.
        isolated: the twins at work.
    """
    mistake = mistake_named("weights of another layer")
    kind = isolated.kinds[layer]
    for side, opposite in OTHER.items():
        arrays = isolated.weights[side][layer]
        for candidate, candidate_arrays in isolated.weights[opposite].items():
            if (
                layer_of(candidate) == layer_of(layer)
                or isolated.kinds.get(candidate) != kind
            ):
                continue
            if are_same(kind, arrays, candidate_arrays):
                owner = isolated.name(candidate, side)
                sentence = f"the layer has the weights of {owner}"
                exchanged = replace(mistake, sentence=sentence)
                yield reading(isolated.name(layer, side), side, exchanged)
                break  # the first is enough


def _in_some_arrays(kind: str, arrays: Mapping[Side, Arrays]) -> Iterator[Suspect]:
    """Mistakes in some of a recurrent layer's arrays, where the others are the same.

    Args:
        kind: of the layer.
        arrays: of either side, in PyTorch's layout.
    """
    names = _differing_arrays(kind, arrays)
    if not names or len(names) == len(arrays["torch"]):
        return  # that is no part, and was looked for before
    for side, opposite in OTHER.items():
        place = named_part(names, arrays["torch"], side)
        wrong = {name: arrays[side][name] for name in names}
        for mistake in known_mistakes(ArraysOfLayer, kind):
            if mistake.effect.fits is not None:  # does not make the same numbers again
                continue
            changed = mistake.effect.made_on(side, arrays[opposite])
            if not changed:
                continue
            if are_same(kind, {name: changed[name] for name in names}, wrong):
                yield side, in_part(mistake, place)


def _differing_arrays(kind: str, arrays: Mapping[Side, Arrays]) -> list[str]:
    """The names of a recurrent layer's arrays that differ, as PyTorch has them.

    Args:
        kind: of the layer; of one that is not recurrent, none are named.
        arrays: of either side, in PyTorch's layout; if one has others, none are named.
    """
    torch, keras = summed(kind, arrays["torch"]), summed(kind, arrays["keras"])
    if kind not in RECURRENT or torch.keys() != keras.keys():
        return []
    differing = [name for name in torch if not near(torch[name], keras[name], ROUNDED)]
    if kind != "GRU":  # where biases are added, either may be the one that differs
        differing += [name.replace("bias_ih", "bias_hh") for name in differing]
    return [name for name in arrays["torch"] if name in differing]


def _pairs(
    kind: str, arrays: Mapping[Side, Arrays]
) -> Iterator[tuple[Side, Mistake[ArraysOfLayer], Mistake[ArraysOfLayer]]]:
    """Two mistakes that make one side's arrays together: the earlier, then the later.

    Args:
        kind: of the layer.
        arrays: of either side, in PyTorch's layout.
    """
    candidates = known_mistakes(ArraysOfLayer, kind)
    for side, opposite in OTHER.items():
        for earlier in candidates:
            changed = earlier.effect.made_on(side, arrays[opposite])
            if not changed:
                continue
            for later in candidates:
                if are_same(kind, later.effect.made_on(side, changed), arrays[side]):
                    yield side, earlier, later


# --------------------------------------------------------------------------- the same


def _have_same_weights(
    layer: str, kind: str, arrays: Mapping[Side, Arrays], isolated: Isolated
) -> bool:
    """Whether both sides have the same weights, up to rounding in float64.

    Args:
        layer: its name.
        kind: of the layer.
        arrays: of either side, in PyTorch's layout.
        isolated: tells whether the run itself changed the layer's statistics, which are
            left out then.
    """
    torch, keras = arrays["torch"], arrays["keras"]
    longest = isolated.settings["torch"].get(layer_of(layer), {}).get(MAX_NORM)
    if longest is not None:  # PyTorch shortens the rows that it reads, in their place
        torch, keras = _limited(torch, longest), _limited(keras, longest)
    if isolated.is_changed_by_run(layer):
        torch, keras = _without_statistics(torch), _without_statistics(keras)
    return are_same(kind, torch, keras, NEAR)


def _limited(arrays: Arrays, longest: float) -> Arrays:
    """The arrays of an embedding whose rows have no more than some norm."""
    return {name: limited(array, longest) for name, array in arrays.items()}


def _without_statistics(arrays: Arrays) -> dict[str, np.ndarray]:
    """Arrays by name, less those that a layer learns of its inputs."""
    return {n: array for n, array in arrays.items() if not n.startswith("running")}
