"""Layers without arrays whose settings are not the same, such as a pool's stride.

They stand between the layers that are each other's twins by their arrays, and are told
apart by their names, or by their order where that is the same on both sides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from compare.diagnosing.finding import Finding
from compare.diagnosing.in_layers.options import Wording, fewest, makes, unlike_of
from compare.diagnosing.isolated import Isolated
from compare.in_keras import bare as in_keras
from compare.in_pytorch import anatomy as pytorch_anatomy
from compare.in_pytorch import bare as in_pytorch
from compare.in_pytorch.mistakes import injected
from compare.judging.distances import NEAR, near
from compare.judging.words import Side
from compare.kinds.computing import Computed
from compare.kinds.mistake import Call, Computation
from compare.mistakes.bare import BareLayer
from compare.mistakes.runs import layer_of

if TYPE_CHECKING:
    from compare.twins.twins import Twins


@dataclass(frozen=True)
class _Pair:
    """Two layers without arrays that are each other's twins.

    Args:
        torch: PyTorch's.
        keras: Keras's, of the same kind.
    """

    torch: BareLayer
    keras: BareLayer


class BareLayers:
    """The layers without arrays of both sides, and their settings.

    Args:
        twins: different on these arrays, both in float64 as well.
        isolated: the twins at work.
        arrays: one for each input.
    """

    def __init__(
        self, twins: Twins, isolated: Isolated, arrays: tuple[np.ndarray, ...]
    ) -> None:
        self._twins, self._isolated, self._arrays = twins, isolated, arrays

    def unlike_before(self, following: str | None) -> list[Finding]:
        """Name the settings by which layers before another make other things.

        Args:
            following: the layer with arrays that comes next, or None for the results;
                it is to be given what Keras's is once the settings are alike.

        Returns:
            Nothing where settings do not explain it, or nothing differs there.
        """
        layers = list(self._isolated.torch.kinds)
        if following is not None and following not in layers:
            return []
        if self._is_given_the_same(self._isolated, following):
            return []
        before = layers if following is None else layers[: layers.index(following)]
        place = layer_of(before[-1]) if before else ""
        findings = []
        for pair in self._pairs:
            if pair.torch.after == place:
                findings += list(_unlike(pair))
        if findings and self._explain(findings, following):
            return findings
        return []

    @cached_property
    def _pairs(self) -> list[_Pair]:
        """The layers without arrays that are twins, in the order in which they run."""
        torch = in_pytorch.bare_layers(
            self._twins.twin("torch", "float64"), self._arrays
        )
        keras = in_keras.bare_layers(self._twins.twin("keras", "float64"), self._arrays)
        pairs = []
        for place in dict.fromkeys(layer.after for layer in torch):
            of_torch = [layer for layer in torch if layer.after == place]
            of_keras = [layer for layer in keras if layer.after == place]
            pairs += _paired(of_torch, of_keras)
        return pairs

    def _explain(self, findings: Sequence[Finding], following: str | None) -> bool:
        """Whether the next layer is given what Keras's is, with the settings alike."""
        twin = self._twins.twin("torch", "float64")
        cures = {finding.layer: finding.cure for finding in findings}
        with ExitStack() as stack:
            for layer, cure in cures.items():
                assert cure is not None  # each has one
                stack.enter_context(injected(twin, cure, layer, None))
            relayed = pytorch_anatomy.anatomy(
                twin, self._arrays, self._isolated.keras, self._isolated.time_major
            )
        cured = replace(self._isolated, relayed=relayed)
        return self._is_given_the_same(cured, following)

    @staticmethod
    def _is_given_the_same(isolated: Isolated, following: str | None) -> bool:
        """Whether both sides hand on the same there, where the layers before do."""
        if following is None:
            return near(isolated.relayed.result, isolated.keras.result)
        return isolated.input_gap(following) <= NEAR


def _paired(torch: Sequence[BareLayer], keras: Sequence[BareLayer]) -> list[_Pair]:
    """Pair the layers in one place: by name, or by kind where the order is the same."""
    by_name = {layer.name: layer for layer in keras}
    if all(layer.name in by_name for layer in torch):
        pairs = [_Pair(layer, by_name[layer.name]) for layer in torch]
        return [pair for pair in pairs if pair.torch.kind is pair.keras.kind]
    kinds = [layer.kind.name for layer in torch]
    if kinds != [layer.kind.name for layer in keras]:
        return []
    return [_Pair(*layers) for layers in zip(torch, keras, strict=True)]


def _unlike(pair: _Pair) -> Iterator[Finding]:
    """The settings in which two layers differ so that they make other things."""
    torch, keras = pair.torch, pair.keras
    if not makes(torch.call, torch.output) or not makes(keras.call, keras.output):
        return
    unlike = unlike_of(torch.kind.options, torch.call.options, keras.call.options)
    names: dict[Side, str] = {"torch": torch.name, "keras": keras.name}
    calls: dict[Side, Call] = {"torch": torch.call, "keras": keras.call}
    wording = Wording(names, calls)
    kind, options = keras.kind, keras.call.options

    def compute(call: Call) -> Computed | None:
        return kind.compute({}, call.x, options)

    def is_right(call: Call) -> bool:
        return makes(call, keras.output)

    for option in fewest(unlike, torch.call.options, keras.call, is_right):
        reading = wording.reading(option)
        yield Finding(torch.name, (reading,), cure=Computation(compute))
