"""Layers and arrays that do not count, and layers that count as several."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from compare.errors import BadInput
from compare.in_keras.twin import Twin as KerasTwin
from compare.in_pytorch.layers import full_name
from compare.in_pytorch.twin import Twin as PyTorchTwin
from compare.judging.words import Side
from compare.kinds import is_recurrent, of_keras_class
from compare.kinds.conv_lstm import CONVOLUTIONS
from compare.kinds.conv_lstm import NAME as CONV_LSTM
from compare.kinds.layer import Layer
from compare.kinds.names import plain
from compare.listing import bounded
from compare.matching.matching import Matched
from compare.twins.frameworks import REFUSALS

Layers = Mapping[str, Layer]
# Full names of arrays of PyTorch's model, names of layers of Keras's model.
Names = dict[Side, list[str]]


def unread(
    torch: PyTorchTwin,
    keras: KerasTwin,
    layers: Layers,
    match: Matched,
    arrays: Sequence[np.ndarray],
) -> Names:
    """What has no part in the results.

    Of layers without a twin, and of those that the user wrote: a cell by hand may have
    a second bias, as PyTorch's cells do, and not use it.

    Args:
        torch: PyTorch's twin.
        keras: Keras's twin.
        layers: those of PyTorch's twin.
        match: which layers have twins so far.
        arrays: one for each input.
    """
    names: Names = {"torch": [], "keras": []}
    asked = dict.fromkeys(match.alone["torch"])
    for name, layer in layers.items():
        if layer.by_hand:
            asked.setdefault(name)
    # Of a model that refuses the input nothing is known; the runs say what it refuses.
    with suppress(*REFUSALS["torch"]):
        for name in asked:
            keys = torch.unread(name, arrays)
            names["torch"] += [full_name(name, key) for key in keys]
    with suppress(*REFUSALS["keras"]):
        for name in match.alone["keras"]:
            if keras.unread(name, arrays):
                names["keras"].append(name)
    return names


def named(torch: Layers, keras: Layers, ignore: Collection[str]) -> Names:
    """What a user says does not count.

    Args:
        torch: layers of PyTorch's model.
        keras: layers of Keras's model.
        ignore: names of layers of either, or of parameters of PyTorch's model.

    Raises:
        BadInput: if a name is of neither side.
    """
    names: Names = {"torch": [], "keras": []}
    arrays = []
    for layer, held in torch.items():
        arrays += [(layer, full_name(layer, key)) for key in held.arrays]
    for name in ignore:
        in_torch = [full for layer, full in arrays if name in (layer, full)]
        in_keras = [layer for layer in keras if layer == name]
        if not in_torch and not in_keras:
            known_names = [full for _, full in arrays] + list(keras)
            raise BadInput(
                f"ignore: expected a layer, or a parameter of PyTorch's model, got "
                f"{name!r}; there are {bounded(known_names)}"
            )
        names["torch"] += in_torch
        names["keras"] += in_keras
    return names


def without(
    torch: Layers, keras: Layers, ignore: Collection[str]
) -> tuple[Layers, Layers]:
    """The layers of both models, PyTorch's first, without what a user ignores.

    Arguments and errors as for `named`.
    """
    names = named(torch, keras, ignore)
    counted = {}
    for layer, held in torch.items():
        arrays = {
            key: array
            for key, array in held.arrays.items()
            if full_name(layer, key) not in names["torch"]
        }
        if arrays:
            counted[layer] = replace(held, arrays=arrays)
    return counted, {
        layer: held for layer, held in keras.items() if layer not in names["keras"]
    }


def reads_both_ways_apart(torch: Layers, keras: Layers, match: Matched) -> bool:
    """Whether PyTorch's model may have two layers for one that reads both ways.

    Args:
        torch: layers of PyTorch's model.
        keras: layers of Keras's model.
        match: which layers have twins so far.
    """
    one_way = 0
    for name in match.alone["torch"]:
        reads_back = any(key.endswith("_reverse") for key in torch[name].arrays)
        if is_recurrent(torch[name].kind) and not reads_back:
            one_way += 1
    both_ways = 0
    for name in match.alone["keras"]:
        both_ways += any("backward." in key for key in keras[name].arrays)
    return one_way > 1 and both_ways > 0


def reads_as_cell(torch: Layers, keras: Layers, match: Matched) -> bool:
    """Whether the twin of a layer is recurrent: a linear one, or a convolution.

    It holds all gates of a cell.

    Args:
        torch: layers by name.
        keras: layers by name.
        match: which are twins.
    """
    for name, twins in match.twins.items():
        if torch[name].kind in ("Linear", *CONVOLUTIONS):
            name_in_keras = plain(keras[twins[0]].kind)
            kind = of_keras_class(name_in_keras)
            if name_in_keras == CONV_LSTM:
                return True
            if kind is not None and kind.family == "recurrent":
                return True
    return False
