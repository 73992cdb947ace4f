"""Zoneout in cells by hand: a part of a state stays as it was before the step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from compare.kinds import conv_lstm, functions, lstm, running
from compare.kinds.by_hand_arrays import mistake_by_hand
from compare.kinds.layer import Arrays
from compare.kinds.mistake import Call, Computation, Mistake
from compare.kinds.option import Options
from compare.kinds.recurrent_computations import Returned, returned

# Rates that are in use; an unusual one is not found.
RATES = (0.1, 0.05, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)


def _zoned_out(of_h: float, of_c: float) -> Callable[[Call], Returned | None]:
    """Run a layer step by step, with a part of each state of the step before."""

    def compute(call: Call) -> Returned | None:
        if call.lengths is not None or sum("weight_hh" in n for n in call.arrays) > 1:
            return None
        result: Returned = {}
        before: list[np.ndarray] | None = call.options.get("states")
        outputs = []
        for step in range(call.x.shape[1]):
            x = call.x[:, step : step + 1]
            result = dict(returned(call, x=x, states=before))
            for name, rate in (("h_n", of_h), ("c_n", of_c)):
                if name in result:
                    place = list(result).index(name) - 1
                    old = 0.0 if before is None else before[place]
                    result[name] = rate * old + (1 - rate) * result[name]
            before = [result[name] for name in ("h_n", "c_n") if name in result]
            outputs.append(result["h_n"][-1])
        return {**result, "output": np.stack(outputs, axis=1)}

    return compute


def _c_before_h(rate: float) -> Callable[[Call], Returned | None]:
    """Run an LSTM whose h is made of a c that has a part of c of the step before."""

    def compute(call: Call) -> Returned | None:
        cell = conv_lstm.CELL if call.kind == conv_lstm.NAME else lstm.CELL

        def run_step(
            p: Arrays, x: np.ndarray, h: np.ndarray, c: np.ndarray, options: Options
        ) -> tuple[np.ndarray, ...]:
            sums = cell.sums(p, x, h)
            gate = functions.called(options.get("recurrent_activation", "sigmoid"))
            activation = functions.called(options.get("activation", "tanh"))
            i, f, o = (gate(sums[letter]) for letter in "ifo")
            new = f * c + i * activation(sums["g"])
            c = rate * c + (1 - rate) * new
            return lstm.projected(p, o * activation(c)), c

        options = {**call.options, "lengths": call.lengths}
        changed = replace(cell, step=run_step)
        result: Returned = running.run(changed, call.arrays, call.x, options)
        return result

    return compute


def _of(letters: Sequence[str], rate: float) -> Mistake[Computation]:
    """Zoneout of some states, "h" or "c"."""
    of_each = [
        f"{rate:g} {letter} of the step before + {1 - rate:g} {letter}"
        for letter in letters
    ]
    states = " and ".join(letters)
    pronoun = "it" if len(letters) == 1 else "them"
    rate_of_h = rate if "h" in letters else 0.0
    rate_of_c = rate if "c" in letters else 0.0
    return mistake_by_hand(
        f"zoneout of {rate:g} of {states}",
        f"zoneout is applied: each step hands on {' and '.join(of_each)}",
        f"hand on {states} as the step makes {pronoun}",
        _zoned_out(rate_of_h, rate_of_c),
    )


def _of_c_before_h(rate: float) -> Mistake[Computation]:
    """Zoneout of c, before h is made of it."""
    return mistake_by_hand(
        f"zoneout of {rate:g} of c before h",
        f"zoneout is applied: c = {rate:g} c of the step before + {1 - rate:g} (f * c "
        "+ i * tanh(g)), of which h is made",
        "c = f * c + i * tanh(g)",
        _c_before_h(rate),
    )


def _of_a_rate(rate: float) -> tuple[Mistake[Computation], ...]:
    """Zoneout of h, of c, of both, and of c before h is made of it."""
    of_h_and_c = _of(("h", "c"), rate)
    return _of("h", rate), _of("c", rate), of_h_and_c, _of_c_before_h(rate)


ZONEOUTS_OF_H = tuple(_of("h", rate) for rate in RATES)
ZONEOUTS = tuple(chain.from_iterable(map(_of_a_rate, RATES)))
