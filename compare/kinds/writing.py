"""How one user writes the arrays of a recurrent cell, and those of PyTorch's cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compare.kinds.cell_names import Role
from compare.kinds.layer import Arrays

# In which order Keras stacks the gates of a kind, by PyTorch's order.
IN_KERAS = {"ifgo": "ifgo", "rzn": "zrn", "h": "h"}

Blocks = dict[str, np.ndarray]  # by the letter of a gate


@dataclass(frozen=True)
class Matrix:
    """A matrix of a cell.

    Args:
        name: of the array.
        role: what it is multiplied with; "xh" for both side by side; "c" for what is
            shown of the cell state, which a projection makes h of.
        gate: its letter; None for all gates.
        is_turned: whether the array is (inputs, units), as in Keras.
    """

    name: str
    role: str
    gate: str | None
    is_turned: bool

    def upright(self, array: np.ndarray) -> np.ndarray:
        """The user's array as (units, inputs), or that as the user's array."""
        return array.T if self.is_turned else array


@dataclass(frozen=True)
class Bias:
    """A bias of a cell: of all gates or of one, beside the input or beside h."""

    name: str
    role: Role
    gate: str | None


@dataclass(frozen=True)
class Writing:
    """How a user writes the arrays of a cell.

    Args:
        matrices: the user's; of all gates or of each.
        biases: the user's; one or two for each gate, or none.
        gates: a letter for each gate, in the order in which PyTorch stacks them.
        size: the number of units.
        size_of_h: as `size`, but for a cell with a projection.
    """

    matrices: Sequence[Matrix]
    biases: Sequence[Bias]
    gates: str
    size: int
    size_of_h: int

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the user's arrays."""
        of_matrices = tuple(matrix.name for matrix in self.matrices)
        return of_matrices + tuple(bias.name for bias in self.biases)

    @property
    def first_biases(self) -> tuple[str, ...]:
        """Names of the biases, those beside the input where there are two."""
        return tuple(bias.name for bias in self.biases if bias.role == "x")

    @property
    def added(self) -> tuple[tuple[str, str], ...]:
        """The two biases of all gates or of each; empty where a gate has only one."""
        beside_h = {bias.gate: bias.name for bias in self.biases if bias.role == "h"}
        beside_x = {bias.gate: bias.name for bias in self.biases if bias.role == "x"}
        if beside_x.keys() != beside_h.keys():
            return ()
        return tuple((name, beside_h[gate]) for gate, name in beside_x.items())

    # ---------------------------------------------------------------------- read

    def read(self, arrays: Arrays) -> dict[str, np.ndarray]:
        """Take the user's arrays to those of PyTorch's cell.

        Returns:
            `weight_ih` (gates * hidden_size, features), `weight_hh`, and `bias_ih` and
            `bias_hh` or neither; of one bias the second one is zero.
        """
        weights = self._matrices_read(arrays)
        zero = np.zeros(self.size, weights["weight_ih"].dtype)
        vectors = self._bias_blocks(arrays)
        for gate in vectors["x"]:
            vectors["h"].setdefault(gate, zero)
        return weights | self._biases_read(vectors) | self._projection_read(arrays)

    def read_gradients(self, arrays: Arrays) -> dict[str, np.ndarray]:
        """As `read`, of gradients: either of two biases has that of the user's one."""
        vectors = self._bias_blocks(arrays)
        for gate, block in vectors["x"].items():
            vectors["h"].setdefault(gate, block)
        weights = self._matrices_read(arrays)
        return weights | self._biases_read(vectors) | self._projection_read(arrays)

    def _matrices_read(self, arrays: Arrays) -> dict[str, np.ndarray]:
        blocks: dict[str, Blocks] = {"x": {}, "h": {}}
        for matrix in self.matrices:
            array = matrix.upright(np.asarray(arrays[matrix.name]))
            if matrix.role == "xh":
                of_x = array[:, : -self.size_of_h]
                of_h = array[:, -self.size_of_h :]
                blocks["x"] |= self._in_blocks(of_x, matrix.gate)
                blocks["h"] |= self._in_blocks(of_h, matrix.gate)
            elif matrix.role != "c":
                blocks[matrix.role] |= self._in_blocks(array, matrix.gate)
        weight_ih = _stacked(blocks["x"], self.gates)
        weight_hh = _stacked(blocks["h"], self.gates)
        return {"weight_ih": weight_ih, "weight_hh": weight_hh}

    def _bias_blocks(self, arrays: Arrays) -> dict[str, Blocks]:
        """The biases of each gate, beside the input and beside h."""
        blocks: dict[str, Blocks] = {"x": {}, "h": {}}
        for bias in self.biases:
            array = np.asarray(arrays[bias.name])
            blocks[bias.role] |= self._in_blocks(array, bias.gate)
        return blocks

    def _biases_read(self, blocks: Mapping[str, Blocks]) -> dict[str, np.ndarray]:
        if not self.biases:
            return {}
        bias_ih = _stacked(blocks["x"], self.gates)
        bias_hh = _stacked(blocks["h"], self.gates)
        return {"bias_ih": bias_ih, "bias_hh": bias_hh}

    def _projection_read(self, arrays: Arrays) -> dict[str, np.ndarray]:
        """The projection that makes h of what is shown of the cell state, if any."""
        for matrix in self.matrices:
            if matrix.role == "c":
                return {"weight_hr": matrix.upright(np.asarray(arrays[matrix.name]))}
        return {}

    # --------------------------------------------------------------------- write

    def write(self, arrays: Arrays) -> dict[str, np.ndarray]:
        """Take the arrays of PyTorch's cell to the user's; two biases may be added."""
        blocks = self._blocks_of_usual(arrays)
        result = self._matrices_written(arrays, blocks)
        with_second = {bias.gate for bias in self.biases if bias.role == "h"}
        for bias in self.biases:
            bias_ih, bias_hh = self._biases_of(bias, blocks)
            if bias.role == "h":
                result[bias.name] = bias_hh
            elif bias.gate in with_second:
                result[bias.name] = bias_ih
            else:
                result[bias.name] = bias_ih + bias_hh
        return result

    def write_gradients(self, arrays: Arrays) -> dict[str, np.ndarray]:
        """As `write`, of gradients: the user's one bias has that of either of two."""
        blocks = self._blocks_of_usual(arrays)
        result = self._matrices_written(arrays, blocks)
        for bias in self.biases:
            bias_ih, bias_hh = self._biases_of(bias, blocks)
            result[bias.name] = bias_hh if bias.role == "h" else bias_ih
        return result

    def _blocks_of_usual(self, arrays: Arrays) -> dict[str, Blocks]:
        """The arrays of PyTorch's cell but for a projection, gate by gate."""
        blocks = {}
        for name, array in arrays.items():
            if name != "weight_hr":
                rows = np.split(np.asarray(array), len(self.gates))
                blocks[name] = dict(zip(self.gates, rows, strict=True))
        return blocks

    def _matrices_written(
        self, arrays: Arrays, blocks: Mapping[str, Blocks]
    ) -> dict[str, np.ndarray]:
        result = {}
        for matrix in self.matrices:
            if matrix.role == "c":
                array = np.asarray(arrays["weight_hr"])
            else:
                letters = self._letters(matrix.gate)
                rows = {
                    "x": _stacked(blocks["weight_ih"], letters),
                    "h": _stacked(blocks["weight_hh"], letters),
                }
                array = np.concatenate([rows[role] for role in matrix.role], axis=1)
            result[matrix.name] = matrix.upright(array)
        return result

    def _biases_of(
        self, bias: Bias, blocks: Mapping[str, Blocks]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Both biases of PyTorch's cell for the gates of a user's bias."""
        letters = self._letters(bias.gate)
        return (
            _stacked(blocks["bias_ih"], letters),
            _stacked(blocks["bias_hh"], letters),
        )

    # --------------------------------------------------------------------- gates

    def _letters(self, gate: str | None) -> str:
        """The gates of an array of the user's, in the order in which it has them."""
        if gate is not None:
            return gate
        matrix = self.matrices[0]
        if matrix.is_turned and matrix.gate is None:
            return IN_KERAS[self.gates]  # such matrices are Keras's
        return self.gates

    def _in_blocks(self, array: np.ndarray, gate: str | None) -> Blocks:
        """The rows of each gate that an array of the user's has."""
        letters = self._letters(gate)
        return dict(zip(letters, np.split(array, len(letters)), strict=True))


def _stacked(blocks: Mapping[str, np.ndarray], letters: str) -> np.ndarray:
    return np.concatenate([blocks[letter] for letter in letters])
