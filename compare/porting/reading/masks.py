"""Masks that Keras 3 finds by itself, and writes into configurations as operations.

What `Masking` and `Embedding(mask_zero=True)` make of their input stands there as
`NotEqual`, and is handed on in the calls of other layers. A plan leaves it to Keras.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from compare.kinds.graph import OPERATION, LayerPlan
from compare.porting.reading.values import Reference, references

Key = tuple[str, int]  # a layer's name, and the number of its call

COMPARISON = f"{OPERATION}not_equal"  # what each of these masks begins with


@dataclass(frozen=True)
class Node:
    """A call of a layer as the configuration has it.

    Args:
        layer: its name.
        args: by place; tensors are references.
        kwargs: by name.
    """

    layer: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    @property
    def sources(self) -> Iterator[Reference]:
        """The tensors that it reads."""
        return references([self.args, dict(self.kwargs)])


def without_masks(
    nodes: Mapping[Key, Node], plans: Mapping[str, LayerPlan], ends: Any
) -> dict[Key, Node]:
    """Calls without the masks that Keras hands on by itself.

    Args:
        nodes: all calls of a model; operations are called once each.
        plans: of all its layers.
        ends: the model's inputs and outputs.
    """
    hidden = _hidden_by(nodes, plans)
    cleaned = {}
    for key, node in nodes.items():
        mask = node.kwargs.get("mask")
        others = {name: v for name, v in node.kwargs.items() if name != "mask"}
        # Keras hands none on to a layer that reads several tensors.
        is_alone = len(list(references([node.args, others]))) == 1
        if mask and is_alone and _is_automatic(mask, nodes, plans, hidden):
            node = Node(node.layer, node.args, others)
        cleaned[key] = node
    return _read(cleaned, plans, ends)


def makes_mask(plan: LayerPlan) -> bool:
    """Whether a layer, or one inside it, makes a mask of what it reads."""
    if plan.keras == "Masking":
        return True
    if plan.keras == "Embedding":
        return bool(plan.config.get("mask_zero"))
    inside = list(plan.inside)
    if plan.model is not None:
        inside += plan.model.layers.values()
    return any(map(makes_mask, inside))


def _hidden_by(
    nodes: Mapping[Key, Node], plans: Mapping[str, LayerPlan]
) -> set[Reference]:
    """The tensors that layers read which make a mask of them."""
    hidden: set[Reference] = set()
    for node in nodes.values():
        if makes_mask(plans[node.layer]):
            hidden.update(references(node.args))
    return hidden


def _is_automatic(
    mask: Any,
    nodes: Mapping[Key, Node],
    plans: Mapping[str, LayerPlan],
    hidden: set[Reference],
) -> bool:
    """Whether operations made a mask of what a masking layer reads."""
    waiting = list(references(mask))
    seen: set[Reference] = set()
    while waiting:
        reference = waiting.pop()
        node = nodes.get((reference.layer, reference.node))
        if reference in seen or node is None:
            continue
        seen.add(reference)
        if not plans[node.layer].keras.startswith(OPERATION):
            continue
        sources = list(node.sources)
        if plans[node.layer].keras == COMPARISON and hidden.intersection(sources):
            return True
        waiting += sources
    return False


def _read(
    nodes: Mapping[Key, Node], plans: Mapping[str, LayerPlan], ends: Any
) -> dict[Key, Node]:
    """The calls without operations whose results nothing reads any more."""
    needed = set()
    waiting: list[Reference] = list(references(ends))
    for key, node in nodes.items():
        if not plans[node.layer].keras.startswith(OPERATION):
            needed.add(key)
            waiting += node.sources
    while waiting:
        reference = waiting.pop()
        for key in ((reference.layer, reference.node), (reference.layer, 0)):
            if key in nodes and key not in needed:
                needed.add(key)
                waiting += nodes[key].sources
    return {key: node for key, node in nodes.items() if key in needed}
