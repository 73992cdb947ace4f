"""Attention by hand in PyTorch, whose projections are those of a layer of Keras."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from compare.diagnosing.finding import Finding, distinct, known_mistakes, of_suspects
from compare.diagnosing.isolated import Isolated
from compare.diagnosing.seeing import (
    attends,
    of_seeing,
    possible_masks,
    seeing,
)
from compare.judging.distances import near
from compare.judging.words import Side
from compare.kinds import call as layer_call
from compare.kinds.attention import PROJECTIONS
from compare.kinds.attention_mistakes import OF_GROUPS
from compare.kinds.attention_packed_mistakes import OF_PACKED
from compare.kinds.layer import Layer
from compare.kinds.mistake import Call, Computation
from compare.mistakes import Mistake
from compare.mistakes.anatomy import Anatomy

NAME, OUTPUT = "MultiheadAttention", ".output"


@dataclass(frozen=True)
class _Attention:
    """Attention whose four projections are layers of their own.

    Args:
        names: what the user of each side calls it.
        heads: of the queries.
        groups: heads of keys and values.
        projected: what the projections hand on, (batch, time, heads * size) each.
        is_packed: whether one layer of PyTorch makes queries, keys and values.
    """

    names: Mapping[Side, str]
    heads: int
    groups: int
    projected: Mapping[str, np.ndarray]
    is_packed: bool

    @property
    def times(self) -> tuple[int, int]:
        """How many queries there are, and how many keys."""
        return self.projected["query"].shape[1], self.projected["key"].shape[1]


def attended_by_hand(layer: str, isolated: Isolated) -> Finding | None:
    """What is made otherwise of the same queries, keys and values.

    Args:
        layer: its name; any, of which output projections of attention are looked at.
        isolated: the twins at work.

    Returns:
        None where it is no such layer, where both sides make the same, or where no
        mistake is known that makes one of the other.
    """
    attention = _attention(layer, isolated)
    if attention is None:
        return None
    torch, keras = isolated.relayed.input_of(layer), isolated.keras.input_of(layer)
    if torch is None or keras is None or near(torch, keras):
        return None
    masks = possible_masks(attention.times, isolated.keras)
    if layer in isolated.keras.attended:
        masks_in_keras = [isolated.keras.attended[layer].get("mask")]
    else:
        masks_in_keras = masks
    suspects: list[tuple[Side, Mistake[Computation]]] = []
    for mistake in _mistakes(attention, masks_in_keras, right=keras, wrong=torch):
        suspects.append(("torch", mistake))
    for mistake in _mistakes(attention, masks, right=torch, wrong=keras):
        suspects.append(("keras", mistake))
    output = isolated.keras.layer_outputs[layer]

    def compute(call: Call) -> np.ndarray:
        if call.x.shape[:2] != output.shape[:2]:
            raise ValueError("a cure is made for the inputs that were looked at")
        return output

    if not suspects:
        return None
    readings = of_suspects(suspects, attention.names)
    return Finding(layer, distinct(readings), cure=Computation(compute))


def _mistakes(
    attention: _Attention,
    masks: Sequence[np.ndarray | None],
    right: np.ndarray,
    wrong: np.ndarray,
) -> Iterator[Mistake[Computation]]:
    """The mistakes that make what is wrong, where what is right is attention.

    Args:
        attention: with what it is given.
        masks: those that it may have, of which the first that fits is taken.
        right: what attention makes.
        wrong: something else.
    """
    mistakes = [*known_mistakes(Computation, NAME), *OF_GROUPS]
    if attention.is_packed:
        mistakes += OF_PACKED
    for mask in masks:
        call = of_seeing(_call(attention, mask))
        if not attends(call.run(), right):
            continue
        for mistake in mistakes:
            if attends(mistake.effect.compute(call), wrong, seeing(call)):
                yield mistake
        return


def _call(attention: _Attention, mask: np.ndarray | None) -> Call:
    """The attention at work between its projections, which are done already."""
    query, key, value = (attention.projected[name] for name in PROJECTIONS)
    arrays = {"out_proj.weight": np.eye(query.shape[-1])}
    for letter, x in zip("qkv", (query, key, value), strict=True):
        arrays[f"{letter}_proj_weight"] = np.eye(x.shape[-1])
    options = {
        "heads": attention.heads,
        "groups": attention.groups,
        "key": key,
        "value": value,
        "mask": mask,
    }
    return layer_call(NAME, arrays, query, options=options)


def _attention(layer: str, isolated: Isolated) -> _Attention | None:
    """The attention whose output a layer projects; None of any other layer."""
    keras = isolated.layers.get("keras", {})
    kernel = keras[layer].arrays.get("kernel") if layer in keras else None
    keras_name = isolated.name(layer, "keras")
    if not keras_name.endswith(OUTPUT) or kernel is None or kernel.ndim != 3:
        return None
    name = keras_name.removesuffix(OUTPUT)
    shapes: dict[str, tuple[int, ...]] = {}
    projected: dict[str, np.ndarray] = {}
    is_packed = False
    for projection in isolated.keras.kinds:
        words = [
            word
            for word in PROJECTIONS
            if f"{name}.{word}" in isolated.name(projection, "keras")
        ]
        if words:
            kernels = _kernels(keras[projection])
            if len(kernels) != len(words):
                return None
            is_packed = len(words) == len(PROJECTIONS)
            shapes |= zip(words, kernels, strict=True)
            projected |= _split(isolated.keras, projection, words, kernels)
    if any(word not in projected or len(shapes[word]) != 3 for word in PROJECTIONS):
        return None
    torch = layer.rpartition(".")[0] or f"the attention before {layer}"
    names: dict[Side, str] = {"torch": torch, "keras": name}
    heads, groups = shapes["query"][1], shapes["key"][1]
    return _Attention(names, heads, groups, projected, is_packed)


def _kernels(layer: Layer) -> list[tuple[int, ...]]:
    """The shapes of the kernels of a layer, or of several that are one in PyTorch."""
    return [
        tuple(array.shape)
        for name, array in layer.arrays.items()
        if name.endswith("kernel")
    ]


def _split(
    keras: Anatomy, layer: str, words: list[str], kernels: list[tuple[int, ...]]
) -> dict[str, np.ndarray]:
    """What projections hand on, by their words, where one layer has several."""
    output = keras.layer_outputs.get(layer)
    sizes = [prod(kernel[1:]) for kernel in kernels]
    if output is None or output.ndim != 3 or output.shape[-1] != sum(sizes):
        return {}
    outputs = np.split(output, np.cumsum(sizes)[:-1], axis=-1)
    return dict(zip(words, outputs, strict=True))
