"""Weights that are not learnt in exact arithmetic, and in rounded arithmetic are.

A bias in front of a batch norm is one: the batch norm takes it away again, so its
gradient is zero. Computed, it is rounding, and an optimizer that divides by the size of
a gradient makes a whole step of it; all that the bias is added to goes with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from compare.judging.result import SIDES
from compare.judging.words import PRECISIONS, Precision, Side
from compare.listing import bounded
from compare.matching.adapter import Training, Weights

ZERO = 1e-4  # of a gradient in float64, beside the same in float32: rounding alone
Still = Mapping[Side, Mapping[str, frozenset[str]]]  # arrays by side and layer


def find_still(
    trainer: Callable[[Side, Precision], Training],
    inputs: Sequence[np.ndarray],
    target: np.ndarray,
) -> Still:
    """The arrays whose gradient is zero but for rounding, on both sides or on none.

    Statistics of batches are changed.

    Args:
        trainer: gives what trains one of the four models.
        inputs: of the first step.
        target: of the first step.
    """
    gradients: dict[tuple[Side, Precision], Weights] = {}
    still: Still = {}
    for side in SIDES:
        for precision in PRECISIONS:
            model = trainer(side, precision)
            gradients[side, precision] = model.gradients(inputs, target)
        still = _still_arrays(gradients)
        if not still[side]:
            return {}  # no need to look at the twin
    return still


def note(still: Still) -> str:
    """A sentence that names the arrays that are not learnt, by Keras's names; or ""."""
    names: list[str] = []
    for name, keys in still.get("keras", {}).items():
        names += [f"{name}.{key}" for key in sorted(keys)]
    if not names:
        return ""
    return (
        f"{bounded(names)}: the gradient is zero but for rounding, as that of a bias "
        "in front of a batch norm is, and an optimizer may make whole steps of "
        "rounding; not learnt here, on either side."
    )


def _still_arrays(
    gradients: Mapping[tuple[Side, Precision], Weights],
) -> Still:
    """The arrays whose gradient shrinks with the precision, of layers of both sides.

    Args:
        gradients: of the first step, in both precisions, of one side or of both.
    """
    still: dict[Side, dict[str, frozenset[str]]] = {}
    for side in SIDES:
        if (side, "float64") not in gradients:
            continue
        still[side] = {}
        for name, arrays in gradients[side, "float64"].items():
            keys = frozenset(
                key
                for key, array in arrays.items()
                if _is_rounding(array, gradients[side, "float32"][name][key])
            )
            if keys:
                still[side][name] = keys
    if len(still) == len(SIDES):
        shared_names = still["torch"].keys() & still["keras"].keys()
        for side in SIDES:
            still[side] = {name: still[side][name] for name in shared_names}
    return still


def _is_rounding(a64: np.ndarray, a32: np.ndarray) -> bool:
    """Whether a gradient shrinks with the precision that it is computed in."""
    largest32 = float(np.abs(a32).max(initial=0.0))
    largest64 = float(np.abs(a64).max(initial=0.0))
    return largest32 > 0 and largest64 <= ZERO * largest32
