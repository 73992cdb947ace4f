"""Attention by hand in PyTorch, whose projections are those of a layer of Keras."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from compare.diagnosing.finding import Finding, distinct, known_mistakes, reading
from compare.diagnosing.isolated import Isolated
from compare.judging.distances import near
from compare.judging.words import Side
from compare.kinds import call as layer_call
from compare.kinds.attention import PROJECTIONS, causal
from compare.kinds.attention_mistakes import OF_GROUPS
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
    """

    names: Mapping[Side, str]
    heads: int
    groups: int
    projected: Mapping[str, np.ndarray]


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
    readings = []
    for mistake in _mistakes(attention, right=keras, wrong=torch):
        readings.append(reading(attention.names["torch"], "torch", mistake))
    for mistake in _mistakes(attention, right=torch, wrong=keras):
        readings.append(reading(attention.names["keras"], "keras", mistake))
    output = isolated.keras.layer_outputs[layer]

    def compute(call: Call) -> np.ndarray:
        if call.x.shape[:2] != output.shape[:2]:
            raise ValueError("a cure is made for the inputs that were looked at")
        return output

    if not readings:
        return None
    return Finding(layer, distinct(readings), cure=Computation(compute))


def _mistakes(
    attention: _Attention, right: np.ndarray, wrong: np.ndarray
) -> Iterator[Mistake[Computation]]:
    """The mistakes that make what is wrong, where what is right is attention.

    Args:
        attention: with what it is given.
        right: what attention makes, without a mask or with a causal one.
        wrong: something else.
    """
    for mask in _masks(attention):
        call = _call(attention, mask)
        made = call.run()
        if made is None or not near(made, right):
            continue
        for mistake in (*known_mistakes(Computation, NAME), *OF_GROUPS):
            computed = mistake.effect.compute(call)
            if isinstance(computed, np.ndarray) and near(computed, wrong):
                yield mistake
        return


def _masks(attention: _Attention) -> list[np.ndarray | None]:
    time, source = (attention.projected[name].shape[1] for name in PROJECTIONS[:2])
    return [None, causal(time, source)]


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
    own = isolated.name(layer, "keras")
    if not own.endswith(OUTPUT) or kernel is None or kernel.ndim != 3:
        return None
    name = own.removesuffix(OUTPUT)
    shapes: dict[str, tuple[int, ...]] = {}
    projected: dict[str, np.ndarray] = {}
    for other in isolated.keras.kinds:
        words = [
            word
            for word in PROJECTIONS
            if f"{name}.{word}" in isolated.name(other, "keras")
        ]
        if words:
            kernels = _kernels(keras[other])
            if len(kernels) != len(words):
                return None
            shapes |= zip(words, kernels, strict=True)
            projected |= _split(isolated.keras, other, words, kernels)
    if any(word not in projected or len(shapes[word]) != 3 for word in PROJECTIONS):
        return None
    torch = layer.rpartition(".")[0] or f"the attention before {layer}"
    names: dict[Side, str] = {"torch": torch, "keras": name}
    return _Attention(names, shapes["query"][1], shapes["key"][1], projected)


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
    parts = np.split(output, np.cumsum(sizes)[:-1], axis=-1)
    return dict(zip(words, parts, strict=True))
