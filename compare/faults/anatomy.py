"""What is seen of a model at work, and which mistakes can be made in it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from compare.faults.fault import BETWEEN, LAYER, WEIGHTS, Call, Fault, Sequence
from compare.faults.ways import RESULTS, WAYS


@dataclass(frozen=True)
class Anatomy:
    """What the layers of a model do on one input, in float64 and in order.

    Args:
        kinds: of the layers that hold arrays, by name, as they are computed.
        arrays: of each, by name.
        fed: what goes into each that is not recurrent.
        calls, handed: what goes into each that is recurrent, and what comes out.
        last: what comes out of the last layer that holds arrays, if an array.
        result: what the model returns first.
    """

    kinds: Mapping[str, str]
    arrays: Mapping[str, Mapping[str, np.ndarray]]
    fed: Mapping[str, np.ndarray]
    calls: Mapping[str, Call]
    handed: Mapping[str, Sequence]
    last: np.ndarray | None
    result: np.ndarray

    def behind(self, layer: str) -> str | None:
        """The layer that is computed next after one."""
        names = list(self.kinds)
        following = names[names.index(layer) + 1 :]
        return following[0] if following else None


def applies(fault: Fault, layer: str, found: Anatomy) -> bool:
    """Whether a mistake can be made in a layer of this kind, shape and place."""
    if found.kinds[layer] not in fault.kinds:
        return False
    if fault.place == WEIGHTS:
        return fault.change(found.arrays[layer]) is not None
    if fault.place == LAYER:
        if layer not in found.calls:
            return False
        call = found.calls[layer]  # its first step tells
        lengths = None if call.lengths is None else np.minimum(call.lengths, 1)
        return fault.change(replace(call, x=call.x[:, :1], lengths=lengths)) is not None
    if fault.place == BETWEEN:
        behind = found.behind(layer)
        if layer not in found.handed or behind not in found.fed:
            return False
        sequence = found.handed[layer]
        right, wrong = WAYS[fault.right](sequence), fault.change(sequence)
        return wrong is not None and alike(right, found.fed[behind])
    if found.last is None or layer != list(found.kinds)[-1]:
        return False
    return alike(RESULTS[fault.right](found.last), found.result)


def alike(made: np.ndarray | None, array: np.ndarray | None) -> bool:
    """Whether two arrays hold the same numbers, up to rounding in float64."""
    return (
        made is not None
        and made.shape == array.shape
        and np.allclose(made, array, rtol=1e-12, atol=1e-14)
    )
