"""Finds which layer is the twin of which, in live models; loads both frameworks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from compare.in_keras.twin import Twin as KerasTwin
from compare.in_pytorch import layers as pytorch_layers
from compare.in_pytorch.twin import Twin as PyTorchTwin
from compare.judging.result import SIDES
from compare.judging.words import Precision, Side
from compare.kinds.layer import Layer
from compare.matching.matching import Matched, match, matched
from compare.twins import effort, uncounted
from compare.twins.frameworks import CELLS


class Matcher:
    """Finds the twin of each layer; where one has none, counts layers otherwise.

    Tied weights, two directions, attention and cells are one layer or several, so that
    both sides have as many.

    Args:
        torch: PyTorch's twin in each precision.
        keras: Keras's twin in each precision.
        ignored: what does not count, as in `Twins`; gets what has no part in the
            results.

    Attributes:
        leaf_names: of Keras's layers, before they are renamed, in their order.
    """

    def __init__(
        self,
        torch: Mapping[Precision, PyTorchTwin],
        keras: Mapping[Precision, KerasTwin],
        ignored: dict[Side, list[str]],
    ) -> None:
        self._torch, self._keras, self._ignored = torch, keras, ignored
        self._of_side: Mapping[Side, Collection[PyTorchTwin | KerasTwin]] = {
            "torch": torch.values(),
            "keras": keras.values(),
        }
        self.leaf_names: list[str] = []

    def match(
        self,
        arrays: Sequence[np.ndarray],
        names: Mapping | None,
        complete: bool,
        ignore: Collection[str],
        known: Mapping[str, str],
    ) -> Matched:
        """Which layers are twins, and which have none.

        Arguments and errors as for `Twins.match`.
        """
        torch_twin = self._torch["float32"]
        held = pytorch_layers.layers(torch_twin.model)
        torch_twin.is_large = effort.may_be_large(held, arrays)
        torch, keras = self._layers_that_count(arrays)
        if self._ignore(uncounted.named(torch, keras, ignore)):
            torch, keras = self._layers_that_count(arrays)
        if set(names or ()) - torch.keys() and self._hold_cells_together("torch"):
            torch, keras = self._layers_that_count(arrays)  # a cell is named as one
        twins_found = _matched(torch, keras, names, known)

        def again() -> None:
            """Match the layers as they count now."""
            nonlocal torch, keras, twins_found
            torch, keras = self._layers_that_count(arrays)
            twins_found = _matched(torch, keras, names, known)

        if not twins_found.is_complete and self._hold_tied_weights_apart():
            again()
        twins = self._torch["float32"], self._keras["float32"]
        if self._ignore(uncounted.unread(*twins, torch, twins_found, arrays)):
            again()
        apart = uncounted.reads_both_ways_apart(torch, keras, twins_found)
        if not twins_found.is_complete and apart:
            for twin in self._keras.values():
                twin.leaves.hold_directions_apart()
            again()
        if not twins_found.is_complete and self._hold_attention_apart(
            twins_found.alone["keras"]
        ):
            again()
        is_cell = uncounted.reads_as_cell(torch, keras, twins_found)
        if (is_cell or not twins_found.is_complete) and self._hold_cells_together(
            "torch"
        ):
            again()
        if not twins_found.is_complete and self._hold_cells_together("keras"):
            again()
        if not twins_found.is_complete and complete:
            match(torch, keras, names)  # says which, and raises
        return twins_found

    def _layers_that_count(
        self, arrays: Sequence[np.ndarray]
    ) -> tuple[dict[str, Layer], dict[str, Layer]]:
        """The layers of both models, PyTorch's first, without what is ignored.

        PyTorch's model runs for it: its layers come in the order of execution.
        """
        keras = self._keras["float32"].layers(arrays)
        self.leaf_names = list(keras)
        ignored = self._ignored["keras"]
        return self._torch["float32"].layers(arrays), {
            name: layer for name, layer in keras.items() if name not in ignored
        }

    def _ignore(self, names: Mapping[Side, Sequence[str]]) -> bool:
        """Let these count no longer; return whether there are any."""
        for side in SIDES:
            self._ignored[side] += names[side]
        for twin in self._torch.values():
            pytorch_layers.ignore(twin.model, names["torch"])
        return any(names.values())

    def _hold_tied_weights_apart(self) -> bool:
        """Whether PyTorch's models have tied weights, which count as several now."""
        twins = self._torch.values()
        return all([pytorch_layers.hold_apart(twin.model) for twin in twins])

    def _hold_cells_together(self, side: Side) -> bool:
        """Whether a side's models have cells made of layers, each one layer now."""
        twins = self._of_side[side]
        return all([CELLS[side].hold_cells(twin.model) for twin in twins])

    def _hold_attention_apart(self, names: Collection[str]) -> bool:
        """Whether some of these layers of Keras are attention, now four layers each."""
        numbers = [self.leaf_names.index(name) for name in names]
        twins = self._keras.values()
        return all([twin.leaves.hold_attention_apart(numbers) for twin in twins])


def _matched(
    torch: Mapping[str, Layer],
    keras: Mapping[str, Layer],
    names: Mapping | None,
    known: Mapping[str, str],
) -> Matched:
    """Which layers are twins, and which have none; arguments as of `Matcher.match`."""
    table: dict = {}
    for name, twin in known.items():
        if name in torch and twin in keras:
            table[name] = twin
    return matched(torch, keras, table | dict(names or {}), complete=False)
