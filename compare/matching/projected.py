"""Linear layers of PyTorch that are the projections of one attention of Keras."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from compare.kinds.attention import PROJECTIONS
from compare.kinds.layer import Layer
from compare.kinds.names import plain
from compare.matching.free import Free

Layers = Mapping[str, Layer]
OUTPUT = "output"


@dataclass(frozen=True)
class Projected:
    """Layers of PyTorch and their twins, the projections of one attention of Keras.

    Args:
        twins: Keras's layers by the name of PyTorch's; several where one layer of
            PyTorch makes queries, keys and values.
        is_named: whether names or sizes tell which attention it is; else their order.
    """

    twins: Mapping[str, list[str]]
    is_named: bool


def projected(torch: Layers, free: Free) -> Iterator[Projected]:
    """Yield the linear layers that are the projections of an attention.

    Which of four is which, their names tell, such as `q_proj` and `W_k`; one that makes
    queries, keys and values has as many outputs as the three together.

    Args:
        torch: layers of PyTorch that have no twin yet, in the order of execution.
        free: layers of Keras that have none, each projection by itself.
    """
    attentions = _attentions(free.layers)
    for group in list(_groups(torch)):
        parent = group[0].rpartition(".")[0]
        fitting = {}
        for name, by_word in attentions.items():
            twins = _twins(group, by_word, torch, free)
            if twins is not None:
                fitting[name] = twins
        if not fitting:
            continue
        same_name = [name for name in fitting if _own(name) == _own(parent)]
        name = next(iter(same_name or fitting))
        del attentions[name]
        yield Projected(fitting[name], len(fitting) == 1 or len(same_name) == 1)


def _attentions(keras: Layers) -> dict[str, dict[str, str]]:
    """The names of the four projections of each attention, by the attention's name."""
    attentions: dict[str, dict[str, str]] = {}
    for name, layer in keras.items():
        attention, _, word = name.rpartition(".")
        if word in (*PROJECTIONS, OUTPUT) and plain(layer.kind) == "EinsumDense":
            attentions.setdefault(attention, {})[word] = name
    return {name: by_word for name, by_word in attentions.items() if len(by_word) == 4}


def _groups(torch: Layers) -> Iterator[list[str]]:
    """Linear layers beside each other that may be all projections of one attention.

    Yields:
        Those of queries, keys, values and the output; or one for the first three, and
        the output.
    """
    children: dict[str, list[str]] = {}
    for name, layer in torch.items():
        if layer.kind == "Linear" and "weight" in layer.arrays:
            children.setdefault(name.rpartition(".")[0], []).append(name)
    for names in children.values():
        three = _three_named(names)
        if three:
            for output in names:
                if output not in three:
                    yield [*three, output]
        for place, name in enumerate(names):
            outputs, inputs = torch[name].arrays["weight"].shape
            if outputs > inputs:
                for output in (*names[place + 1 : place + 2], *names[:place][-1:]):
                    yield [name, output]


def _three_named(names: Sequence[str]) -> list[str]:
    """The layers of queries, keys and values by their names; none where one lacks."""
    three = []
    for word in PROJECTIONS:
        name = _named(names, word)
        if name is not None and name not in three:
            three.append(name)
    return three if len(three) == len(PROJECTIONS) else []


def _named(names: Sequence[str], word: str) -> str | None:
    """The first layer whose own name is a word such as "query", or its letter."""
    letter = word[0]
    for name in names:
        last_name = _own(name).lower()
        if re.search(rf"{word[:4]}|(^|_|w){letter}(_|$|\d|proj)", last_name):
            return name
    return None


def _own(name: str) -> str:
    return name.rpartition(".")[2]


def _twins(
    group: Sequence[str], by_word: Mapping[str, str], torch: Layers, free: Free
) -> dict[str, list[str]] | None:
    """The twins of the layers of a group; None where one is of other sizes."""
    three = [by_word[word] for word in PROJECTIONS]
    if len(group) == 4:
        twins = {}
        for name, twin in zip(group, [*three, by_word[OUTPUT]], strict=True):
            if not free.fit(torch[name], [twin]):
                return None
            twins[name] = [twin]
        return twins
    packed, output = group
    if not _packs(torch[packed], [free.layers[twin] for twin in three]):
        return None
    if not free.fit(torch[output], [by_word[OUTPUT]]):
        return None
    return {packed: three, output: [by_word[OUTPUT]]}


def _packs(layer: Layer, three: Sequence[Layer]) -> bool:
    """Whether a layer has the sizes of three that are put side by side."""
    shapes = [twin.arrays["kernel"].shape for twin in three]
    units = sum(prod(shape[1:]) for shape in shapes)
    biased = {"bias" in twin.arrays for twin in three}
    return (
        tuple(layer.arrays["weight"].shape) == (units, shapes[0][0])
        and len({shape[0] for shape in shapes}) == 1
        and biased == {"bias" in layer.arrays}
    )
