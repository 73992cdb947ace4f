"""Numbers of axes in words, as each model counts its own."""

from __future__ import annotations

import re

from compare.diagnosing.operations.candidate import Candidate
from compare.diagnosing.operations.recognised import Recognised
from compare.diagnosing.operations.regions import Regions

IN_WORDS = re.compile(r"\b(over|along) (axis|axes) (\d+(?:, \d+)*(?: and \d+)?)")


def as_keras_counts(
    label: Recognised, change: Candidate, regions: Regions
) -> Recognised:
    """Return what is computed with axes as Keras's array has them, not PyTorch's array.

    Images have their features last in Keras: its axis 3 is axis 1 in PyTorch.

    Args:
        label: in PyTorch's axes.
        change: knows how Keras's array is laid out in PyTorch.
        regions: has the array.
    """
    arrangement = change.arrangement
    if arrangement is None or change.keras is None:
        return label
    order = arrangement.order
    array = regions.keras.trace.array(change.keras.outputs[change.keras_place])
    sizes = tuple(array.shape[axis] for axis in order)
    if arrangement.shape not in (None, sizes):  # reshaped: its axes are other ones
        return label

    def counted(match: re.Match[str]) -> str:
        numbers = [int(number) for number in re.findall(r"\d+", match[3])]
        if max(numbers) >= len(order):
            return match[0]
        axes = sorted(order[number] for number in numbers)
        words = ", ".join(map(str, axes[:-1])) + " and " if len(axes) > 1 else ""
        return f"{match[1]} {match[2]} {words}{axes[-1]}"

    detail = IN_WORDS.sub(counted, label.detail)
    return Recognised(IN_WORDS.sub(counted, label.family), detail)
