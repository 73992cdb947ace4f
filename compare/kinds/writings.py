"""The usual ways in which users write the arrays of a recurrent cell by hand.

One matrix for all gates or one for each, for the input and for h or for both side by
side, rows or columns for the units, as parameters or in linear layers: what the arrays
are called and their shapes tell. A writing takes them to those of PyTorch's cell, and
back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from compare.kinds.cell_names import Role, gate_of, role_beside_gate, role_of
from compare.kinds.layer import Arrays

# In which order Keras stacks the gates of a kind, by PyTorch's order.
IN_KERAS = {"ifgo": "ifgo", "rzn": "zrn", "h": "h"}
CONVOLVED = "ifog"  # of a cell that convolves, as users write it
PROJECTIONS = {"proj", "projection", "hr", "project", "p", "r"}


@dataclass(frozen=True)
class Writing:
    """How a user writes the arrays of a cell.

    Args:
        names: of the user's arrays.
        read: takes them by name, and returns `weight_ih` (gates * hidden_size,
            features), `weight_hh`, and `bias_ih` and `bias_hh` or neither.
        write: the other way; two biases are added where the user has one.
        read_gradients: as `read`, of gradients: where the user has one bias, that of x
            and that of h both have its gradient.
        write_gradients: as `write`, of gradients: where the user has one bias, it has
            the gradient of either.
        first_biases: names of the biases, those beside the input where there are two.
        added: the two biases of all gates or of each; empty where a gate has only one.
    """

    names: tuple[str, ...]
    read: Callable[[Arrays], dict[str, np.ndarray]]
    write: Callable[[Arrays], dict[str, np.ndarray]]
    read_gradients: Callable[[Arrays], dict[str, np.ndarray]]
    write_gradients: Callable[[Arrays], dict[str, np.ndarray]]
    first_biases: tuple[str, ...]
    added: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Matrix:
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


@dataclass(frozen=True)
class _Bias:
    """A bias of a cell: of all gates or of one, beside the input or beside h."""

    name: str
    role: Role
    gate: str | None


def writing_of(arrays: Arrays, gates: str) -> Writing | None:
    """Recognise how arrays of a user's cell are written.

    Args:
        arrays: by name; only names and shapes are looked at. Names may have a layer in
            front, "x2h.weight".
        gates: a letter for each gate, in the order in which PyTorch stacks them.

    Returns:
        None where they are written in no usual way.
    """
    shapes = {name: tuple(array.shape) for name, array in arrays.items()}
    windows = {shape[2:] for shape in shapes.values() if len(shape) > 1}
    if len(windows) != 1 or (gates == CONVOLVED) != any(windows):
        return None
    matrices = {name: shape[:2] for name, shape in shapes.items() if len(shape) > 1}
    vectors = {name: shape for name, shape in shapes.items() if len(shape) == 1}
    if len(matrices) + len(vectors) < len(shapes):
        return None
    roles = _matrices(matrices, gates)
    if roles is None:
        return None
    if any(windows) and any(matrix.is_turned for matrix in roles):
        return None
    size = _hidden_size(roles, matrices, gates)
    biases = _biases(vectors, gates, size)
    if biases is None:
        return None
    return _writing(roles, biases, size, gates, matrices)


# ----------------------------------------------------------------------------- matrices


def _matrices(
    shapes: Mapping[str, tuple[int, ...]], gates: str
) -> list[_Matrix] | None:
    """What each matrix is, or None."""
    number = len(gates)
    names = list(shapes)
    if len(names) == 2:
        return _two(names, shapes, number) or _projected(names, shapes, gates)
    if len(names) == 3 and number == 4:
        return _projected(names, shapes, gates)
    if len(names) == 1 and number > 1:
        return _one(names[0], shapes[names[0]], number)
    if number > 1 and len(names) in (number, 2 * number):
        return _by_gate(names, shapes, gates)
    return None


def _two(
    names: list[str], shapes: Mapping[str, tuple[int, ...]], number: int
) -> list[_Matrix] | None:
    """A matrix for the input and one for h, all gates in each."""
    ordered = sorted(names, key=lambda name: role_of(name) == "h")
    if {role_of(name) for name in names} == {None} and number == 1:
        return None  # any two square matrices are no cell
    for for_x, for_h in (ordered, ordered[::-1]):
        for is_turned in _turns(for_x):
            rows, columns = _turned(shapes[for_h], is_turned)
            if (
                rows == number * columns
                and _turned(shapes[for_x], is_turned)[0] == rows
            ):
                return [
                    _Matrix(for_x, "x", None, is_turned),
                    _Matrix(for_h, "h", None, is_turned),
                ]
    return None


def _one(name: str, shape: tuple[int, ...], number: int) -> list[_Matrix] | None:
    """One matrix for the input and h side by side, all gates in it."""
    for is_turned in _turns(name):
        rows, columns = _turned(shape, is_turned)
        if rows % number == 0 and columns > rows // number:
            return [_Matrix(name, "xh", None, is_turned)]
    return None


def _projected(
    names: list[str], shapes: Mapping[str, tuple[int, ...]], gates: str
) -> list[_Matrix] | None:
    """The matrices of all gates of an LSTM, and that of a projection."""
    if gates != "ifgo":
        return None
    for name in names:
        if not PROJECTIONS.intersection(re.split(r"[._]", name.lower())):
            continue
        of_gates = sorted(set(names) - {name}, key=lambda name: role_of(name) == "h")
        for is_turned in _turns(name):
            size, units = _turned(shapes[name], is_turned)
            rows = {_turned(shapes[matrix], is_turned)[0] for matrix in of_gates}
            columns = _turned(shapes[of_gates[-1]], is_turned)[1]
            if rows != {4 * units} or size > units:
                continue
            projection = _Matrix(name, "c", None, is_turned)
            if len(of_gates) == 1 and columns > size:
                return [_Matrix(of_gates[0], "xh", None, is_turned), projection]
            if len(of_gates) == 2 and columns == size:
                for_x, for_h = of_gates
                return [
                    _Matrix(for_x, "x", None, is_turned),
                    _Matrix(for_h, "h", None, is_turned),
                    projection,
                ]
    return None


def _by_gate(
    names: list[str], shapes: Mapping[str, tuple[int, ...]], gates: str
) -> list[_Matrix] | None:
    """A matrix, or two, for each gate."""
    are_as_many = len(names) == len(gates)
    matrices = []
    for name in names:
        gate, role = gate_of(name, gates), role_beside_gate(name, gates)
        if gate is None or (role is None and not are_as_many):
            return None
        matrices.append((name, "xh" if are_as_many else str(role), gate))
    told_apart = {(role, gate) for _, role, gate in matrices}
    if len(told_apart) < len(names):
        return None
    for is_turned in _turns(names[0]):
        rows = {_turned(shapes[name], is_turned)[0] for name in names}
        square = all(
            len(set(shapes[name])) == 1 for name, role, _ in matrices if role == "h"
        )
        wide = all(
            _turned(shapes[name], is_turned)[1] > min(rows)
            for name, role, _ in matrices
            if role == "xh"
        )
        if len(rows) == 1 and square and wide:
            return [_Matrix(*matrix, is_turned) for matrix in matrices]
    return None


def _turns(name: str) -> tuple[bool, ...]:
    """Whether a matrix may be (inputs, units): what is likely comes first."""
    if name.endswith(".weight") or name.startswith("weight"):
        return (False,)
    return (True,) if name.endswith("kernel") else (True, False)


def _turned(shape: tuple[int, ...], is_turned: bool) -> tuple[int, ...]:
    return shape[::-1] if is_turned else shape


def _hidden_size(
    matrices: list[_Matrix], shapes: Mapping[str, tuple[int, ...]], gates: str
) -> int:
    matrix = matrices[0]
    rows = _turned(shapes[matrix.name], matrix.is_turned)[0]
    return rows if matrix.gate is not None else rows // len(gates)


# ------------------------------------------------------------------------------- biases


def _biases(
    shapes: Mapping[str, tuple[int, ...]], gates: str, size: int
) -> list[_Bias] | None:
    """What each bias is; empty where there are none, None where they are unusual."""
    names, number = list(shapes), len(gates)
    if all(shapes[name] == (number * size,) for name in names) and len(names) <= 2:
        if len(names) == 1:
            return [_Bias(names[0], "x", None)]
        ordered = sorted(names, key=lambda name: role_of(name) == "h")
        roles: tuple[Role, Role] = ("x", "h")
        return [_Bias(n, role, None) for n, role in zip(ordered, roles, strict=False)]
    if any(shapes[name] != (size,) for name in names):
        return None
    biases = []
    for name in names:
        gate = gate_of(name, gates)
        if gate is None:
            return None
        is_second = len(names) > number and role_beside_gate(name, gates) == "h"
        biases.append(_Bias(name, "h" if is_second else "x", gate))
    told_apart = {(bias.role, bias.gate) for bias in biases}
    if len(told_apart) < len(biases):
        return None
    # Each gate has its bias; a second one it may have or not.
    has_all = {bias.gate for bias in biases if bias.role == "x"} == set(gates)
    return biases if has_all else None


# ------------------------------------------------------------------------------ writing


def _writing(
    matrices: Sequence[_Matrix],
    biases: Sequence[_Bias],
    size: int,
    gates: str,
    shapes: Mapping[str, tuple[int, ...]],
) -> Writing:
    """The functions of a writing."""
    number = len(gates)
    order = gates
    if matrices[0].is_turned and matrices[0].gate is None:
        order = IN_KERAS[gates]  # such matrices are Keras's

    def in_blocks(array: np.ndarray, gate: str | None) -> dict[str, np.ndarray]:
        """The rows of each gate."""
        if gate is not None:
            return {gate: array}
        return dict(zip(order, np.split(array, number), strict=True))

    def stacked(blocks: Mapping[str, np.ndarray], letters: str) -> np.ndarray:
        return np.concatenate([blocks[letter] for letter in letters])

    state = size  # of h
    for matrix in matrices:
        if matrix.role == "c":
            state = _turned(shapes[matrix.name], matrix.is_turned)[0]
    with_second = {bias.gate for bias in biases if bias.role == "h"}

    def read_with(arrays: Arrays, of_gradients: bool) -> dict[str, np.ndarray]:
        parts: dict[str, dict[str, np.ndarray]] = {"x": {}, "h": {}}
        projection = {}
        for matrix in matrices:
            array = np.asarray(arrays[matrix.name])
            array = array.T if matrix.is_turned else array
            if matrix.role == "xh":
                parts["x"] |= in_blocks(array[:, :-state], matrix.gate)
                parts["h"] |= in_blocks(array[:, -state:], matrix.gate)
            elif matrix.role == "c":
                projection["weight_hr"] = array
            else:
                parts[matrix.role] |= in_blocks(array, matrix.gate)
        result = {
            "weight_ih": stacked(parts["x"], gates),
            "weight_hh": stacked(parts["h"], gates),
        }
        if biases:
            zero = np.zeros(size, result["weight_ih"].dtype)
            vectors: dict[str, dict[str, np.ndarray]] = {"x": {}, "h": {}}
            for bias in biases:
                array = np.asarray(arrays[bias.name])
                vectors[bias.role] |= in_blocks(array, bias.gate)
            for gate in gates:
                alone = vectors["x"][gate] if of_gradients else zero
                vectors["h"].setdefault(gate, alone)
            result["bias_ih"] = stacked(vectors["x"], gates)
            result["bias_hh"] = stacked(vectors["h"], gates)
        return result | projection

    def write_with(arrays: Arrays, of_gradients: bool) -> dict[str, np.ndarray]:
        blocks = {}
        for name, array in arrays.items():
            if name == "weight_hr":
                continue
            parts = np.split(np.asarray(array), number)
            blocks[name] = dict(zip(gates, parts, strict=True))
        result = {}
        for matrix in matrices:
            if matrix.role == "c":
                array = np.asarray(arrays["weight_hr"])
                result[matrix.name] = array.T if matrix.is_turned else array
                continue
            letters = order if matrix.gate is None else matrix.gate
            rows = {
                "x": stacked(blocks["weight_ih"], letters),
                "h": stacked(blocks["weight_hh"], letters),
            }
            array = np.concatenate([rows[role] for role in matrix.role], axis=1)
            result[matrix.name] = array.T if matrix.is_turned else array
        for bias in biases:
            letters = order if bias.gate is None else bias.gate
            bias_ih = stacked(blocks["bias_ih"], letters)
            bias_hh = stacked(blocks["bias_hh"], letters)
            if bias.role == "h":
                result[bias.name] = bias_hh
            elif bias.gate in with_second or of_gradients:
                result[bias.name] = bias_ih
            else:
                result[bias.name] = bias_ih + bias_hh
        return result

    names = tuple(matrix.name for matrix in matrices)
    names += tuple(bias.name for bias in biases)
    first_biases = tuple(bias.name for bias in biases if bias.role == "x")
    return Writing(
        names,
        partial(read_with, of_gradients=False),
        partial(write_with, of_gradients=False),
        partial(read_with, of_gradients=True),
        partial(write_with, of_gradients=True),
        first_biases,
        _added(biases),
    )


def _added(biases: Sequence[_Bias]) -> tuple[tuple[str, str], ...]:
    """The biases beside the input and beside h, of all gates or of each."""
    beside_h = {bias.gate: bias.name for bias in biases if bias.role == "h"}
    beside_x = {bias.gate: bias.name for bias in biases if bias.role == "x"}
    if beside_x.keys() != beside_h.keys():
        return ()
    return tuple((name, beside_h[gate]) for gate, name in beside_x.items())
