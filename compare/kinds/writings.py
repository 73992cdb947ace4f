"""The usual ways in which users write the arrays of a recurrent cell by hand.

One matrix for all gates or one for each, for the input and for h or for both side by
side, rows or columns for the units, as parameters or in linear layers: what the arrays
are called and their shapes tell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from compare.kinds.cell_names import Role, gate_of, role_beside_gate, role_of
from compare.kinds.layer import Arrays
from compare.kinds.writing import Bias, Matrix, Writing

CONVOLVED = "ifog"  # of a cell that convolves, as users write it
PROJECTIONS = {"proj", "projection", "hr", "project", "p", "r"}


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
    size_of_h = _size_of_h(roles, matrices, size)
    return Writing(roles, biases, gates, size, size_of_h)


# ----------------------------------------------------------------------------- matrices


def _matrices(shapes: Mapping[str, tuple[int, ...]], gates: str) -> list[Matrix] | None:
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
) -> list[Matrix] | None:
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
                    Matrix(for_x, "x", None, is_turned),
                    Matrix(for_h, "h", None, is_turned),
                ]
    return None


def _one(name: str, shape: tuple[int, ...], number: int) -> list[Matrix] | None:
    """One matrix for the input and h side by side, all gates in it."""
    for is_turned in _turns(name):
        rows, columns = _turned(shape, is_turned)
        if rows % number == 0 and columns > rows // number:
            return [Matrix(name, "xh", None, is_turned)]
    return None


def _projected(
    names: list[str], shapes: Mapping[str, tuple[int, ...]], gates: str
) -> list[Matrix] | None:
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
            projection = Matrix(name, "c", None, is_turned)
            if len(of_gates) == 1 and columns > size:
                return [Matrix(of_gates[0], "xh", None, is_turned), projection]
            if len(of_gates) == 2 and columns == size:
                for_x, for_h = of_gates
                return [
                    Matrix(for_x, "x", None, is_turned),
                    Matrix(for_h, "h", None, is_turned),
                    projection,
                ]
    return None


def _by_gate(
    names: list[str], shapes: Mapping[str, tuple[int, ...]], gates: str
) -> list[Matrix] | None:
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
            return [Matrix(*matrix, is_turned) for matrix in matrices]
    return None


def _turns(name: str) -> tuple[bool, ...]:
    """Whether a matrix may be (inputs, units): what is likely comes first."""
    if name.endswith(".weight") or name.startswith("weight"):
        return (False,)
    return (True,) if name.endswith("kernel") else (True, False)


def _turned(shape: tuple[int, ...], is_turned: bool) -> tuple[int, ...]:
    return shape[::-1] if is_turned else shape


def _hidden_size(
    matrices: list[Matrix], shapes: Mapping[str, tuple[int, ...]], gates: str
) -> int:
    matrix = matrices[0]
    rows = _turned(shapes[matrix.name], matrix.is_turned)[0]
    return rows if matrix.gate is not None else rows // len(gates)


# ------------------------------------------------------------------------------- biases


def _biases(
    shapes: Mapping[str, tuple[int, ...]], gates: str, size: int
) -> list[Bias] | None:
    """What each bias is; empty where there are none, None where they are unusual."""
    names, number = list(shapes), len(gates)
    if all(shapes[name] == (number * size,) for name in names) and len(names) <= 2:
        if len(names) == 1:
            return [Bias(names[0], "x", None)]
        ordered = sorted(names, key=lambda name: role_of(name) == "h")
        roles: tuple[Role, Role] = ("x", "h")
        return [Bias(n, role, None) for n, role in zip(ordered, roles, strict=False)]
    if any(shapes[name] != (size,) for name in names):
        return None
    biases = []
    for name in names:
        gate = gate_of(name, gates)
        if gate is None:
            return None
        is_second = len(names) > number and role_beside_gate(name, gates) == "h"
        biases.append(Bias(name, "h" if is_second else "x", gate))
    told_apart = {(bias.role, bias.gate) for bias in biases}
    if len(told_apart) < len(biases):
        return None
    # Each gate has its bias; a second one it may have or not.
    has_all = {bias.gate for bias in biases if bias.role == "x"} == set(gates)
    return biases if has_all else None


# --------------------------------------------------------------------------------- size


def _size_of_h(
    matrices: Sequence[Matrix], shapes: Mapping[str, tuple[int, ...]], size: int
) -> int:
    """How many numbers h has: as many as there are units, if nothing projects them."""
    for matrix in matrices:
        if matrix.role == "c":
            return _turned(shapes[matrix.name], matrix.is_turned)[0]
    return size
