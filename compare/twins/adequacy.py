"""What the inputs of a pair did not make its models do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from compare.in_keras.operations import Watch as KerasWatch
from compare.in_pytorch.operations import Watch as PyTorchWatch
from compare.judging.result import SIDES
from compare.judging.words import Side
from compare.kinds.layer import Layer
from compare.mistakes.operations import NEEDS, Need, Operation
from compare.twins.frameworks import LAYERS

if TYPE_CHECKING:
    from compare.twins.twins import Twins

# Which operation: side, place, idle, call and number of parts.
_Key = tuple[Side, str, str, tuple[int, ...], int]

MOST = 6  # sentences of a pair; the others are counted


class Adequacy:
    """What the models of a pair did in some runs, and what they did in none."""

    def __init__(self) -> None:
        self._operations: dict[_Key, Operation] = {}
        self._weights: set[str] | None = None  # what they hid in every run

    def watch(self, twins: Twins, arrays: Sequence[np.ndarray]) -> None:
        """Run both models; what either does counts as exercised from now on.

        Args:
            twins: of the pair, with weights.
            arrays: one for each input; floats in float32.
        """
        for operation in PyTorchWatch(twins.twin("torch", "float32"))(arrays):
            self._add("torch", operation)
        for operation in KerasWatch(twins.twin("keras", "float32"))(arrays):
            self._add("keras", operation)
        layers = LAYERS["torch"].layers(twins.model("torch", "float32"))
        hiding = set(_of_weights(layers))
        self._weights = hiding if self._weights is None else self._weights & hiding

    def _add(self, side: Side, operation: Operation) -> None:
        units = 0 if operation.used is None else len(operation.used)
        # One line may have two of another number of units.
        key = side, operation.place, operation.idle, operation.call, units
        if key in self._operations:
            operation = self._operations[key].also(operation)
        self._operations[key] = operation

    def idle(self, *needs: Need) -> list[Operation]:
        """What did not act so far, and would with an input that has what it needs.

        Args:
            needs: of those to name; all where there are none.
        """
        return [
            operation
            for operation in self._operations.values()
            if not operation.acted and operation.need in (needs or NEEDS)
        ]

    def sentences(self) -> tuple[str, ...]:
        """What did not act so far, a sentence each; of many the number of the rest."""
        sentences: dict[str, None] = {}
        for need in NEEDS:
            for (side, *_), operation in self._operations.items():
                if not operation.acted and operation.need == need:
                    sentences.setdefault(operation.sentence(f"{SIDES[side]}'s model"))
        texts = [*sentences, *sorted(self._weights or ())]
        if len(texts) > MOST:
            texts = [*texts[:MOST], f"and {len(texts) - MOST} more"]
        return tuple(texts)


def _of_weights(layers: Mapping[str, Layer]) -> Iterator[str]:
    """What weights hide: biases of zero, and layers that have the same ones."""
    names: dict[tuple[object, ...], str] = {}
    for name, layer in layers.items():
        biases = [array for key, array in layer.arrays.items() if "bias" in key]
        if biases and not any(array.any() for array in biases):
            yield f"the bias of `{name}` is zero"
        if not layer.arrays:
            continue
        numbers = [(k, a.shape, hash(a.tobytes())) for k, a in layer.arrays.items()]
        same = names.setdefault((layer.kind, *numbers), name)
        if same != name:
            yield f"the weights of `{same}` and `{name}` are equal"
