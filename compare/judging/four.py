"""One stage of twins in both precisions, and how far its four arrays are apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from compare.judging.chunks import farthest, largest, largest_gaps
from compare.judging.result import Worst


class Four(NamedTuple):
    """One stage of one case, from both twins in both precisions."""

    t32: np.ndarray
    t64: np.ndarray
    k32: np.ndarray
    k64: np.ndarray


@dataclass(frozen=True)
class Distances:
    """How far apart the four arrays of a stage are, as `judge` defines dist.

    Each is (steps,), the largest so far.

    Args:
        torch: PyTorch's float32 from its float64.
        keras: Keras's float32 from its float64.
        gap32: PyTorch from Keras, in float32.
        gap64: PyTorch from Keras, in float64.
    """

    torch: np.ndarray
    keras: np.ndarray
    gap32: np.ndarray
    gap64: np.ndarray

    @property
    def noise(self) -> np.ndarray:
        """What rounding does to both twins together: (steps,)."""
        noise: np.ndarray = self.torch + self.keras
        return noise


class Track:
    """How far apart the four arrays of one tensor are after each step of a training."""

    def __init__(self) -> None:
        self._gaps: list[list[float]] = []  # (steps, 4), as parts of the largest value
        self._largest = 0.0  # value so far

    def add(self, stage: Four) -> None:
        """Note one more step, in parts of the largest value so far."""
        self._largest = max(self._largest, largest(stage.t64), largest(stage.k64))
        scale = self._largest or 1.0
        gaps = [largest_gaps(a, b, has_time=False)[0] for a, b in pairs(stage)]
        self._gaps.append([gap / scale for gap in gaps])

    def distances(self) -> Distances:
        """The distances after each step."""
        return Distances(*np.maximum.accumulate(self._gaps, axis=0).T)


def distances_of(gaps: Sequence[np.ndarray], scale: float) -> Distances:
    """The distances of a stage.

    Args:
        gaps: largest |a - b| at each step of the four pairs, each (steps,).
        scale: of the stage.
    """
    return Distances(*(largest_so_far(gap, scale) for gap in gaps))


def pairs(four: Four) -> list[tuple[np.ndarray, np.ndarray]]:
    """The arrays whose distances are measured, in the order of `Distances`."""
    return [
        (four.t32, four.t64),
        (four.k32, four.k64),
        (four.t32, four.k32),
        (four.t64, four.k64),
    ]


def scale_of(t64: np.ndarray, k64: np.ndarray) -> float:
    """The largest finite value of two arrays; 1 where that is 0."""
    return max(largest(t64), largest(k64)) or 1.0


def noise_of(a32: np.ndarray, a64: np.ndarray) -> float:
    """How far float32 of a stage is from float64, as a part of the largest value."""
    gaps = largest_gaps(a32, a64, has_time=False)
    return float(largest_so_far(gaps, scale_of(a32, a64))[0])


def largest_so_far(gaps: np.ndarray, scale: float) -> np.ndarray:
    """Largest |a - b| / scale so far, of the largest |a - b| at each step: (steps,)."""
    relative = gaps / scale
    relative[np.isnan(relative)] = np.inf  # float32 overflowed to NaN: no digit is left
    return np.maximum.accumulate(relative)


def worst_element(
    t64: np.ndarray, k64: np.ndarray, horizon: int, has_time: bool
) -> Worst:
    """The element that is farthest apart within the horizon, or in the first step."""
    if has_time:
        steps = max(horizon, 1)
        t64, k64 = t64[:, :steps], k64[:, :steps]
    index = farthest(t64, k64)
    return Worst(index, float(t64[index]), float(k64[index]))
