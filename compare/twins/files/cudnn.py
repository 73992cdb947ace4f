"""Weights of CuDNNLSTM and CuDNNGRU, layers of Keras 2, as LSTM and GRU hold them.

Source: Keras 2.3.1, keras/engine/saving.py, `_convert_rnn_weights`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import h5py

GATES = (4, 3)  # of LSTM and GRU
PREFIX = "CuDNN: "  # begins the name of an array that stands otherwise in the file


@dataclass(frozen=True)
class Converted:
    """A data set as the usual layer has it; read when it is asked for.

    Args:
        data: in CuDNN's layout.
        gates: of the layer.
    """

    data: h5py.Dataset
    gates: int

    @property
    def name(self) -> str:
        """Its place in the file, where nothing can be written in this layout."""
        return f"{PREFIX}{self.data.name}"

    @property
    def dtype(self) -> np.dtype:
        """The type of its numbers."""
        return self.data.dtype

    @property
    def ndim(self) -> int:
        """How many axes it has."""
        return len(self.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """(rows, gates * units); of a bias, (gates * units,), or (2, ...) of a GRU."""
        if len(self.data.shape) == 2:
            return tuple(self.data.shape)
        width = self.data.shape[0] // 2
        return (width,) if self.gates == 4 else (2, width)

    def __getitem__(self, index: Any) -> np.ndarray:
        """Its numbers, or some of them.

        A kernel holds for each gate the transposed matrix in the shape of the matrix;
        a bias holds that of the input and that of the state, of which LSTM has the sum.
        """
        array = self.data[()]
        if array.ndim == 1:
            biases = array.reshape(2, -1)
            usual = biases.sum(0) if self.gates == 4 else biases
            return np.asarray(usual)[index]
        rows = array.shape[0]
        blocks = np.split(array, self.gates, axis=1)  # each (rows, units)
        usual = np.hstack([block.reshape(-1, rows).T for block in blocks])
        return np.asarray(usual)[index]


def as_usual(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays of a part of a layer, converted where they are CuDNN's.

    Args:
        arrays: data sets by name.

    Returns:
        The data sets themselves where they are of any other layer.
    """
    gates = _gates(list(arrays.values()))
    if gates is None:
        return {**arrays}
    return {name: Converted(data, gates) for name, data in arrays.items()}


def _gates(arrays: list[Any]) -> int | None:
    """How many gates a layer of CuDNN has, which has twice as many biases; or None."""
    if [array.ndim for array in arrays] != [2, 2, 1]:
        return None
    kernel, recurrent_kernel, bias = (array.shape for array in arrays)
    units = recurrent_kernel[0]
    for gates in GATES:
        width = gates * units
        if (kernel[1], recurrent_kernel[1], bias[0]) == (width, width, 2 * width):
            return gates
    return None
