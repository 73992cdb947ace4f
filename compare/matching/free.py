"""Keras's layers that have no twin yet, in order, and those that fit found quickly."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence

from compare import kinds
from compare.kinds.layer import Layer
from compare.kinds.names import plain
from compare.matching.fitting import (
    KindOf,
    fits,
    key_of_dense,
    key_of_direction,
    keys,
    keys_of_twin,
    sort_of,
)
from compare.matching.index import Index
from compare.matching.sizes import Sizes, parts_of

Layers = Mapping[str, Layer]


class Free:
    """Keras's layers that have no twin yet.

    Args:
        layers: all, in order.
        kind_of: which kinds count as one.

    Attributes:
        layers: those that have no twin.
    """

    def __init__(self, layers: Layers, kind_of: KindOf) -> None:
        self.layers = dict(layers)
        self._kind_of = kind_of
        self._index = Index()
        self._numbered: dict[str, list[str]] = {}  # by all but the number at the end
        for name, layer in layers.items():
            its_keys = [*keys_of_twin(layer), *_keys_in_parts(layer)]
            stem_of_part = part_of(name)
            if stem_of_part:
                its_keys += [(stem_of_part, key) for key in its_keys]
            self._index.add(name, sort_of(layer), its_keys)
            stem, dot, number = name.rpartition(".")
            if dot and number.isdecimal():
                self._numbered.setdefault(stem, []).append(name)

    def take(self, name: str) -> None:
        """Let a layer be free no longer; nothing where it is no layer, or was taken."""
        if self.layers.pop(name, None) is not None:
            self._index.take(name)

    def of_name(self, name: str) -> list[str]:
        """Return the layer of this name, or those of the list of this name."""
        if name in self.layers:
            return [name]
        return [twin for twin in self._numbered.get(name, ()) if twin in self.layers]

    def fit(self, layer: Layer, twins: Sequence[str]) -> bool:
        """Return whether layers, one or one for each part, could be a layer."""
        sizes_of_parts = parts_of(layer)
        if len(twins) == 1:
            return self._fits(layer, sizes_of_parts, twins[0])
        if len(sizes_of_parts) != len(twins):
            return False
        return all(
            self._fits(layer, [sizes], twin)
            for sizes, twin in zip(sizes_of_parts, twins, strict=True)
        )

    def first(self, layer: Layer, group: str = "") -> list[str]:
        """Return the first layers, in order, that could be a layer.

        Each part of a stack is looked for after the one before it; or one layer of
        Keras has them all.

        Args:
            layer: of PyTorch.
            group: of the model that they must be in; empty for any.

        Returns:
            Their names; none if there are not all.
        """
        sizes_of_parts = parts_of(layer)
        whole = self._first(layer, sizes_of_parts, group)
        stack: list[str] = []
        for number in range(len(sizes_of_parts)):
            after = stack[-1] if stack else None
            name = self._first(layer, [sizes_of_parts[number]], group, after)
            if name is None:
                stack = []
                break
            stack.append(name)
        if whole is None or (stack and self._index.is_before(stack[0], whole)):
            return stack
        return [whole]

    def first_in_direction(
        self, layer: Layer, key: Hashable, but: Collection[str]
    ) -> str | None:
        """Return the first recurrent layer of a key that is of the kind of a layer.

        Args:
            layer: of PyTorch.
            key: of a direction.
            but: layers that it may not be.
        """

        def fit(name: str) -> bool:
            return kinds.are_recurrent(layer.kind, plain(self.layers[name].kind))

        return self._index.first([key], fit, but=but)

    def in_order(self, key: Hashable) -> Iterator[tuple[str, bool]]:
        """Yield the layers of a key; and whether they stand beside the one before."""
        return self._index.in_order(key)

    def _first(
        self,
        layer: Layer,
        sizes_of_parts: Sequence[Sizes],
        group: str,
        after: str | None = None,
    ) -> str | None:
        """The first layer that could be parts of a layer."""

        def fit(name: str) -> bool:
            return self._fits(layer, sizes_of_parts, name)

        its_keys: list[Hashable] = [*keys(layer, sizes_of_parts)]
        if group:
            its_keys = [(group, key) for key in its_keys]
        return self._index.first(its_keys, fit, after)

    def _fits(self, layer: Layer, sizes_of_parts: Sequence[Sizes], twin: str) -> bool:
        return fits(layer, sizes_of_parts, self.layers[twin], self._kind_of)


def part_of(name: str) -> str:
    """Return the part of a model that a layer is in, such as `encoder`; empty if none.

    Args:
        name: of the layer, such as `encoder.rnn`.
    """
    part, dot, _ = name.partition(".")
    return part if dot else ""


def _keys_in_parts(layer: Layer) -> Iterator[Hashable]:
    """The keys of a layer that may be one of several beside each other."""
    kind = plain(layer.kind)
    if kinds.of_layers("Linear", kind) is not None:
        kernel = layer.arrays.get("kernel")  # of a damaged file, it may be anything
        if kernel is not None and len(kernel.shape) == 2:
            yield key_of_dense(kernel.shape[0], "bias" in layer.arrays)
    elif any(kind in recurrent.keras for recurrent in RECURRENT):
        yield key_of_direction(layer.arrays, "go_backwards=True" in layer.kind)


RECURRENT = [kinds.BY_NAME[name] for name in kinds.RECURRENT]
