"""Mistakes in cells by hand: what their code makes of arrays that are right.

Layers of the frameworks cannot go wrong in these ways, so the mistakes are looked for
in layers by hand alone, and made in none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import permutations

import numpy as np

from compare.kinds import conv_lstm, functions, gru, lstm, running
from compare.kinds.changes import change_each
from compare.kinds.computing import Cell
from compare.kinds.layer import Arrays
from compare.kinds.mistake import Call, Computation, Mistake
from compare.kinds.option import Options
from compare.kinds.recurrent_computations import (
    BETWEEN_STEPS,
    FROM_THE_END,
    NO_TANH,
    OTHER_GATES,
    Returned,
    computes,
    returned,
)

HAndC = tuple[np.ndarray, np.ndarray]  # (batch, size) each
# Of a layer of Keras whose twin is by hand, since PyTorch has none of its kind.
OF_LAYERS: list[Mistake[Computation]] = [*OTHER_GATES, *NO_TANH]


def of_kind(kind: str) -> list[Mistake[Computation]]:
    """Return the mistakes of a cell by hand, the likely ones first.

    Args:
        kind: "LSTM", "ConvLSTM", "GRU", "RNN" or "RNN(relu)".
    """
    if kind == conv_lstm.NAME:
        orders, sequences = _orders(conv_lstm.GATES), (FROM_THE_END, *BETWEEN_STEPS)
        return [*LSTM, *orders, *_functions(), *FOR_ONE_TANH, *sequences]
    if kind == "LSTM":
        return [*LSTM, *_orders("ifgo"), *_functions(), *FOR_ONE_TANH]
    if kind == "GRU":
        return [*GRU, *_orders("rzn"), *_functions()]
    return [SIDE_BY_SIDE, *_functions()]


def _mistake(
    name: str, sentence: str, fix: str, compute: Callable[[Call], Returned | None]
) -> Mistake[Computation]:
    return Mistake(name, sentence, fix, fix, Computation(compute))


def _functions() -> Iterator[Mistake[Computation]]:
    """Other functions in the step, with what to change in code of the user's own."""
    for mistake in OTHER_GATES:
        fix = "use a sigmoid in the gates"
        yield replace(mistake, torch=fix, keras=fix)
    for mistake in NO_TANH:
        yield replace(mistake, torch="use tanh there", keras="use tanh there")
    yield _mistake(
        "sigmoid for tanh by hand",
        "a sigmoid is in the place of tanh",
        "use tanh there",
        computes(activation="sigmoid"),
    )


# ------------------------------------------------------------- arrays taken otherwise


def _with_arrays(
    change: Callable[[Arrays], Arrays | None],
) -> Callable[[Call], Returned | None]:
    """Run a layer with other arrays; None where they cannot be changed."""

    def compute(call: Call) -> Returned | None:
        if sum("weight_hh" in name for name in call.arrays) > 1:
            return None
        arrays = change(call.arrays)
        return None if arrays is None else returned(replace(call, arrays=arrays))

    return compute


def _on_block(
    block: int, number: int, change: Callable[[np.ndarray], np.ndarray], *names: str
) -> Callable[[Arrays], Arrays | None]:
    """Change the rows of one gate in the arrays whose names begin so."""

    def changed(array: np.ndarray) -> np.ndarray:
        blocks = np.split(array, number)
        blocks[block] = change(blocks[block])
        return np.concatenate(blocks)

    return change_each(changed, *names)


def _orders(gates: str) -> Iterator[Mistake[Computation]]:
    """Every wrong order in which the code splits what it computes for all gates."""
    right, *orders = permutations(range(len(gates)))
    listed = ", ".join(gates)
    for order in orders:
        wrong = ", ".join(gates[number] for number in order)

        def taken(array: np.ndarray, order: tuple[int, ...] = order) -> np.ndarray:
            blocks = np.split(array, len(order))
            # The code calls its part of a number what stands elsewhere in the arrays.
            return np.concatenate([blocks[order.index(gate)] for gate in right])

        change = change_each(taken, "weight_ih", "weight_hh", "bias")
        yield _mistake(
            f"gates split {wrong}",
            f"the gates are taken in the order {wrong}; their arrays have {listed}",
            f"take the gates in the order {listed}",
            _with_arrays(change),
        )


def _h_before_x(arrays: Arrays) -> Arrays | None:
    """A matrix for x and h side by side is multiplied with h and x."""
    result = dict(arrays)
    for name in arrays:
        if "weight_ih" in name:
            partner = name.replace("weight_ih", "weight_hh")
            both = np.concatenate([arrays[name], arrays[partner]], axis=1)
            size = arrays[partner].shape[1]
            result[name], result[partner] = both[:, size:], both[:, :size]
    return result


SIDE_BY_SIDE = _mistake(
    "cat([h, x]) for cat([x, h])",
    "h stands before x in what the matrix is multiplied with, cat([h, x]), not cat([x, "
    "h])",
    "put x before h: cat([x, h])",
    _with_arrays(_h_before_x),
)
# ----------------------------------------------------------------------- other steps


def _run_with(cell: Cell) -> Callable[[Call], Returned]:
    """Run a layer with another step."""

    def compute(call: Call) -> Returned:
        options = {**call.options, "lengths": call.lengths}
        result: Returned = running.run(cell, call.arrays, call.x, options)
        return result

    return compute


def _lstm(
    step: Callable[[Arrays, np.ndarray, Options], HAndC],
) -> Callable[[Call], Returned]:
    """Run an LSTM with another step.

    Args:
        step: takes the sums of the gates, c and the options; returns the next h and c.
    """

    def compute(call: Call) -> Returned:
        cell = conv_lstm.CELL if call.kind == conv_lstm.NAME else lstm.CELL

        def run_step(
            p: Arrays, x: np.ndarray, h: np.ndarray, c: np.ndarray, options: Options
        ) -> tuple[np.ndarray, ...]:
            return tuple(step(cell.sums(p, x, h), c, options))

        return _run_with(replace(cell, step=run_step))(call)

    return compute


def _gates_of(options: Options) -> tuple[functions.Function, functions.Function]:
    gate = functions.called(options.get("recurrent_activation", "sigmoid"))
    return gate, functions.called(options.get("activation", "tanh"))


def _no_tanh_on_c(s: Arrays, c: np.ndarray, options: Options) -> HAndC:
    gate, activation = _gates_of(options)
    c = gate(s["f"]) * c + gate(s["i"]) * activation(s["g"])
    return gate(s["o"]) * c, c


def _no_tanh_on_g(s: Arrays, c: np.ndarray, options: Options) -> HAndC:
    gate, activation = _gates_of(options)
    c = gate(s["f"]) * c + gate(s["i"]) * s["g"]
    return gate(s["o"]) * activation(c), c


def _old_c_shown(s: Arrays, c: np.ndarray, options: Options) -> HAndC:
    gate, activation = _gates_of(options)
    new = gate(s["f"]) * c + gate(s["i"]) * activation(s["g"])
    return gate(s["o"]) * activation(c), new


def _for_one_tanh(place: str, name: str) -> Mistake[Computation]:
    """Another function in the place of one tanh of an LSTM.

    Args:
        place: "c" or "g", of what it is the function.
        name: of the function.
    """

    def step(s: Arrays, c: np.ndarray, options: Options) -> HAndC:
        gate, usual = _gates_of(options)
        changed = functions.called(name)
        of_g, of_c = (changed, usual) if place == "g" else (usual, changed)
        c = gate(s["f"]) * c + gate(s["i"]) * of_g(s["g"])
        return gate(s["o"]) * of_c(c), c

    on, right = {
        "c": ("on the cell state", "h = o * tanh(c)"),
        "g": ("on the candidate", "c = f * c + i * tanh(g)"),
    }[place]
    return _mistake(
        f"{name} for tanh {on}",
        f"{name} is in the place of the tanh {on} alone: "
        f"{right.replace('tanh', name)}, not {right}",
        right,
        _lstm(step),
    )


def _coupled(s: Arrays, c: np.ndarray, options: Options) -> HAndC:
    gate, activation = _gates_of(options)
    f = gate(s["f"])
    c = f * c + (1 - f) * activation(s["g"])
    return gate(s["o"]) * activation(c), c


def _no_output_gate(s: Arrays, c: np.ndarray, options: Options) -> HAndC:
    gate, activation = _gates_of(options)
    c = gate(s["f"]) * c + gate(s["i"]) * activation(s["g"])
    return activation(c), c


def _no_forget_gate(s: Arrays, c: np.ndarray, options: Options) -> HAndC:
    gate, activation = _gates_of(options)
    c = c + gate(s["i"]) * activation(s["g"])
    return gate(s["o"]) * activation(c), c


def _add(number: int) -> Callable[[np.ndarray], np.ndarray]:
    def added(array: np.ndarray) -> np.ndarray:
        return array + number

    return added


LSTM = (
    SIDE_BY_SIDE,
    _mistake(
        "no tanh on c",
        "the tanh on the cell state is left out: h = o * c, not o * tanh(c)",
        "h = o * tanh(c)",
        _lstm(_no_tanh_on_c),
    ),
    _mistake(
        "no tanh on the candidate",
        "the tanh on the candidate is left out: c = f * c + i * g, g without its tanh",
        "c = f * c + i * tanh(g)",
        _lstm(_no_tanh_on_g),
    ),
    _mistake(
        "forget bias added by hand",
        "one is added to what the forget gate is a function of, on top of its bias",
        "leave the one out: the bias of the forget gate has it",
        _with_arrays(_on_block(1, 4, _add(1), "bias_ih")),
    ),
    _mistake(
        "forget bias subtracted by hand",
        "the bias of the forget gate lacks the one that the other side adds to it",
        "add 1 to what the forget gate is a function of",
        _with_arrays(_on_block(1, 4, _add(-1), "bias_ih")),
    ),
    _mistake(
        "old cell state shown",
        "h is made of the cell state before the step: h = o * tanh(c of the step "
        "before)",
        "compute c first: h = o * tanh(c)",
        _lstm(_old_c_shown),
    ),
    _mistake(
        "input gate coupled",
        "the input gate is 1 - f, and not a gate of its own",
        "c = f * c + i * tanh(g)",
        _lstm(_coupled),
    ),
    _mistake(
        "no output gate",
        "the output gate is left out: h = tanh(c)",
        "h = o * tanh(c)",
        _lstm(_no_output_gate),
    ),
    _mistake(
        "no forget gate",
        "the forget gate is left out: c = c + i * tanh(g)",
        "c = f * c + i * tanh(g)",
        _lstm(_no_forget_gate),
    ),
)


FOR_ONE_TANH = tuple(
    _for_one_tanh(place, name)
    for place in ("g", "c")
    for name in ("relu", "sigmoid", "hard_sigmoid")
)


def _reset_after(call: Call) -> Returned:
    return returned(call, reset_after=True)


def _reset_before(call: Call) -> Returned:
    return returned(call, reset_after=False)


def _gru(
    candidate: Callable[[Arrays, Arrays, functions.Function], np.ndarray],
) -> Callable[[Call], Returned]:
    """Run a GRU with another candidate.

    Args:
        candidate: takes the sums, the gates r and z, and the activation.
    """

    def run_step(
        p: Arrays, x: np.ndarray, h: np.ndarray, options: Options
    ) -> tuple[np.ndarray, ...]:
        gate, activation = _gates_of(options)
        s = gru.sums(p, x, h)
        gates = {letter: gate(s[letter]) for letter in "rz"}
        n = candidate(s, gates, activation)
        return ((1 - gates["z"]) * n + gates["z"] * h,)

    return _run_with(Cell(gru.GATES, 1, run_step, gru.sums))


def _no_reset_gate(
    s: Arrays, gates: Arrays, activation: functions.Function
) -> np.ndarray:
    return activation(s["n"] + s["n'"])


def _reset_by_update_gate(
    s: Arrays, gates: Arrays, activation: functions.Function
) -> np.ndarray:
    return activation(s["n"] + gates["z"] * s["n'"])


GRU = (
    SIDE_BY_SIDE,
    _mistake(
        "no reset gate",
        "the reset gate is left out: n = tanh(W x + U h)",
        "n = tanh(W x + r * (U h))",
        _gru(_no_reset_gate),
    ),
    _mistake(
        "update gate for the reset gate",
        "the update gate is in the place of the reset gate: n = tanh(W x + z * (U h))",
        "n = tanh(W x + r * (U h))",
        _gru(_reset_by_update_gate),
    ),
    _mistake(
        "update gate exchanged",
        "the update gate has the other role: z * n + (1 - z) * h, not (1 - z) * n + z "
        "* h",
        "h = (1 - z) * n + z * h",
        _with_arrays(_on_block(1, 3, np.negative, "weight_ih", "weight_hh", "bias")),
    ),
    _mistake(
        "reset gate after the product by hand",
        "the reset gate acts on the product, n = tanh(W x + r * (U h)), and not on the "
        "state before it",
        "n = tanh(W x + U (r * h))",
        _reset_after,
    ),
    _mistake(
        "reset gate before the product by hand",
        "the reset gate acts on the state before the matrix product, n = tanh(W x + U "
        "(r * h)), and not on the product",
        "n = tanh(W x + r * (U h))",
        _reset_before,
    ),
)
