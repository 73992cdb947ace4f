"""Mistakes in cells by hand: what their code makes of arrays that are right.

Layers of the frameworks cannot go wrong in these ways, so the mistakes are looked for
in layers by hand alone, and made in none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from compare.kinds import conv_lstm, functions, gru, lstm, running
from compare.kinds.by_hand_arrays import (
    SIDE_BY_SIDE,
    mistake_by_hand,
    on_block,
    orders_of,
    with_arrays,
)
from compare.kinds.by_hand_zoneout import ZONEOUTS, ZONEOUTS_OF_H
from compare.kinds.computing import Cell
from compare.kinds.conv_lstm_windows import EDGES, OF_BOTH, OF_X_ALONE
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


def of_layers(kind: str) -> list[Mistake[Computation]]:
    """Return what a layer of Keras may be set to, that a cell by hand does not do.

    Args:
        kind: as in `of_kind`.
    """
    if kind == conv_lstm.NAME:
        return [*OF_LAYERS, FROM_THE_END, *OF_X_ALONE]
    return [*OF_LAYERS, FROM_THE_END]


def of_kind(kind: str) -> list[Mistake[Computation]]:
    """Return the mistakes of a cell by hand, the likely ones first.

    Args:
        kind: "LSTM", "ConvLSTM", "GRU", "RNN" or "RNN(relu)".
    """
    if kind == conv_lstm.NAME:
        orders, sequences = orders_of(conv_lstm.GATES), (FROM_THE_END, *BETWEEN_STEPS)
        of_steps = *FOR_ONE_TANH, *sequences, *OF_BOTH, *EDGES, *ZONEOUTS
        return [*LSTM, *orders, *_functions(), *of_steps]
    if kind == "LSTM":
        return [*LSTM, *orders_of("ifgo"), *_functions(), *FOR_ONE_TANH, *ZONEOUTS]
    if kind == "GRU":
        return [*GRU, *orders_of("rzn"), *_functions(), *ZONEOUTS_OF_H]
    return [SIDE_BY_SIDE, *_functions(), *ZONEOUTS_OF_H]


def _functions() -> Iterator[Mistake[Computation]]:
    """Other functions in the step, with what to change in code of the user's own."""
    for mistake in OTHER_GATES:
        fix = "use a sigmoid in the gates"
        yield replace(mistake, torch=fix, keras=fix)
    for mistake in NO_TANH:
        yield replace(mistake, torch="use tanh there", keras="use tanh there")
    yield mistake_by_hand(
        "sigmoid for tanh by hand",
        "a sigmoid is in the place of tanh",
        "use tanh there",
        computes(activation="sigmoid"),
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
            h, c = step(cell.sums(p, x, h), c, options)
            return lstm.projected(p, h), c

        return _run_with(replace(cell, step=run_step))(call)

    return compute


def _tanh_of_projected(call: Call) -> Returned | None:
    """A tanh follows the projection; None where there is none."""
    if "weight_hr" not in " ".join(call.arrays):
        return None

    def run_step(
        p: Arrays, x: np.ndarray, h: np.ndarray, c: np.ndarray, options: Options
    ) -> tuple[np.ndarray, ...]:
        h, c = lstm.step(p, x, h, c, options)
        return np.tanh(h), c

    return _run_with(replace(lstm.CELL, step=run_step))(call)


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
    return mistake_by_hand(
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
    mistake_by_hand(
        "no tanh on c",
        "the tanh on the cell state is left out: h = o * c, not o * tanh(c)",
        "h = o * tanh(c)",
        _lstm(_no_tanh_on_c),
    ),
    mistake_by_hand(
        "no tanh on the candidate",
        "the tanh on the candidate is left out: c = f * c + i * g, g without its tanh",
        "c = f * c + i * tanh(g)",
        _lstm(_no_tanh_on_g),
    ),
    mistake_by_hand(
        "forget bias added by hand",
        "one is added to what the forget gate is a function of, on top of its bias",
        "leave the one out: the bias of the forget gate has it",
        with_arrays(on_block(1, 4, _add(1), "bias_ih")),
    ),
    mistake_by_hand(
        "forget bias subtracted by hand",
        "the bias of the forget gate lacks the one that the other side adds to it",
        "add 1 to what the forget gate is a function of",
        with_arrays(on_block(1, 4, _add(-1), "bias_ih")),
    ),
    mistake_by_hand(
        "tanh on the projection",
        "a tanh follows the projection: h = tanh(W (o * tanh(c)))",
        "h = W (o * tanh(c))",
        _tanh_of_projected,
    ),
    mistake_by_hand(
        "old cell state shown",
        "h is made of the cell state before the step: h = o * tanh(c of the step "
        "before)",
        "compute c first: h = o * tanh(c)",
        _lstm(_old_c_shown),
    ),
    mistake_by_hand(
        "input gate coupled",
        "the input gate is 1 - f, and not a gate of its own",
        "c = f * c + i * tanh(g)",
        _lstm(_coupled),
    ),
    mistake_by_hand(
        "no output gate",
        "the output gate is left out: h = tanh(c)",
        "h = o * tanh(c)",
        _lstm(_no_output_gate),
    ),
    mistake_by_hand(
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
    mistake_by_hand(
        "no reset gate",
        "the reset gate is left out: n = tanh(W x + U h)",
        "n = tanh(W x + r * (U h))",
        _gru(_no_reset_gate),
    ),
    mistake_by_hand(
        "update gate for the reset gate",
        "the update gate is in the place of the reset gate: n = tanh(W x + z * (U h))",
        "n = tanh(W x + r * (U h))",
        _gru(_reset_by_update_gate),
    ),
    mistake_by_hand(
        "update gate exchanged",
        "the update gate has the other role: z * n + (1 - z) * h, not (1 - z) * n + z "
        "* h",
        "h = (1 - z) * n + z * h",
        with_arrays(on_block(1, 3, np.negative, "weight_ih", "weight_hh", "bias")),
    ),
    mistake_by_hand(
        "reset gate after the product by hand",
        "the reset gate acts on the product, n = tanh(W x + r * (U h)), and not on the "
        "state before it",
        "n = tanh(W x + U (r * h))",
        _reset_after,
    ),
    mistake_by_hand(
        "reset gate before the product by hand",
        "the reset gate acts on the state before the matrix product, n = tanh(W x + U "
        "(r * h)), and not on the product",
        "n = tanh(W x + r * (U h))",
        _reset_before,
    ),
)
