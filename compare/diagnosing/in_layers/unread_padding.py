"""Padding that a layer takes for data, and that nothing after it reads.

A model that takes the last valid step of each sequence by its index is right, though
its layer has run on over the padding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from compare.diagnosing.in_layers.padding import MASK
from compare.in_pytorch.mistakes import injected
from compare.in_pytorch.refusals import REFUSALS
from compare.judging.arrays import valid_steps
from compare.judging.distances import near
from compare.kinds.mistake import Call, Computation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compare.diagnosing.finding import Finding
    from compare.diagnosing.isolated import Isolated
    from compare.twins.twins import Twins


def is_unread(
    finding: Finding, twins: Twins, arrays: Sequence[np.ndarray], isolated: Isolated
) -> bool:
    """Whether a finding is padding of PyTorch's layer that changes no result.

    Tried with other numbers in the padded steps, and in the final states.

    Args:
        finding: of any sort.
        twins: both.
        arrays: one for each input.
        isolated: the twins at work.
    """
    if not finding.readings or finding.readings[0].side != "torch":
        return False
    layer = finding.layer
    if [mistake.name for mistake in finding.readings[0].mistakes] != [MASK]:
        return False
    torch_call = isolated.torch.recurrent_calls.get(layer)
    keras_call = isolated.keras.recurrent_calls.get(layer)
    if torch_call is None or keras_call is None or keras_call.lengths is None:
        return False
    if layer in (*isolated.looped, *isolated.by_hand, *isolated.keras.orders):
        return False
    if any(name.endswith("_reverse") for name in torch_call.arrays):
        return False  # the way back begins in the padding
    lengths = keras_call.lengths

    def compute(call: Call) -> dict[str, np.ndarray]:
        result: dict[str, np.ndarray] = call.run()
        output = result["output"]
        is_valid = valid_steps(output, lengths)
        result["output"] = np.where(is_valid, output, -output - 1)
        for name in result:
            if name != "output":
                result[name] = -result[name] - 1
        return result

    twin = twins.twin("torch", "float64")
    try:
        before = twin(*arrays)
        with injected(twin, Computation(compute), layer, None):
            after = twin(*arrays)
    except (*REFUSALS, IndexError):
        return False
    assert twin.outputs is not None  # named at the latest when it first ran
    return all(near(before[name], after[name]) for name in twin.outputs)
