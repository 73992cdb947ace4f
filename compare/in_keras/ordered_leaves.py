"""The layers of a model that hold weights, as they count in a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import keras

from compare.in_keras import separable
from compare.in_keras.kinds import ATTENTION, projections_apart
from compare.in_keras.leaves import directions_apart, leaves


class OrderedLeaves:
    """The layers that hold weights, in the order in which a model calls them.

    Args:
        model: of any nesting.
        order: the place of each layer that is called, by its identity.

    Attributes:
        attention_apart: attention whose projections count as layers.
    """

    def __init__(self, model: keras.Model, order: Mapping[int, int]) -> None:
        self._model, self._order = model, order
        self._directions_apart = False
        self.attention_apart: list[keras.Layer] = []

    def by_name(self) -> dict[str, keras.Layer]:
        """The layers, those that are not called at the end."""
        every = leaves(self._model)
        last = len(self._order)

        def place(name: str) -> int:
            return self._order.get(id(separable.whole(every[name])), last)

        in_order = {name: every[name] for name in sorted(every, key=place)}
        if self._directions_apart:
            in_order = directions_apart(in_order)
        return projections_apart(in_order, self.attention_apart)

    def is_called(self, layer: keras.Layer) -> bool:
        """Whether the model calls a layer."""
        return id(layer) in self._order

    def hold_directions_apart(self) -> None:
        """Count the two directions of each `Bidirectional` as two layers."""
        self._directions_apart = True

    def hold_attention_apart(self, numbers: Sequence[int]) -> bool:
        """Count the projections of attention as layers, not those of several heads.

        Args:
            numbers: of layers, in `by_name`; those that are no attention stay as they
                are.

        Returns:
            Whether some of them are attention.
        """
        in_order = list(self.by_name().values())
        new = []
        for number in numbers:
            if isinstance(in_order[number], ATTENTION):
                new.append(in_order[number])
        self.attention_apart += new
        return bool(new)
