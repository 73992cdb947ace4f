"""LSTM, GRU and simple RNN in float64 NumPy, step by step, gate by gate.

A third opinion beside PyTorch and Keras: twins that agree may both be wrong. It is
written to be read, not to be fast. Parameters come as PyTorch names them, because those
names say everything: `weight_ih_l1_reverse` is the input's matrix in the backward
direction of the second layer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from compare.kinds.layer import Arrays

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}  # blocks of rows in each matrix and bias
NONLINEARITIES = {"tanh": np.tanh, "relu": lambda x: np.maximum(x, 0)}


def sigmoid(x):
    """1 / (1 + exp(-x)); only numbers below 0 meet exp, so nothing overflows."""
    small = np.exp(-np.abs(x))  # at most 1
    return np.where(x >= 0, 1, small) / (1 + small)


def lstm_step(p, x, h, c, gate=sigmoid, activation=np.tanh):
    """One step of a long short-term memory; gates are stacked i, f, g, o.

        i = sigmoid(W_i x + b_i + U_i h + b'_i)    what is let in
        f = sigmoid(W_f x + b_f + U_f h + b'_f)    what is kept
        g =    tanh(W_g x + b_g + U_g h + b'_g)    the candidate
        o = sigmoid(W_o x + b_o + U_o h + b'_o)    what is shown
        c = f * c + i * g
        h = o * tanh(c),  or  P (o * tanh(c)) where there is a projection P

    Args:
        p: W `weight_ih` (4 hidden_size, features), U `weight_hh` (4 hidden_size, size
            of h), b `bias_ih` and b' `bias_hh` (4 hidden_size,) or neither, and
            P `weight_hr` (size of h, hidden_size) or none.
        x: (batch, features).
        h: (batch, size of h), which is hidden_size where there is no projection.
        c: (batch, hidden_size).
        gate: computed in place of sigmoid.
        activation: computed in place of tanh.

    Returns:
        The next h and c.

    Source: Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; forget gate,
        Gers et al. 2000, doi:10.1162/089976600300015015; projection, Sak et al. 2014,
        arXiv:1402.1128.
    """
    i, f, g, o = sums("LSTM", p, x, h).values()
    c = gate(f) * c + gate(i) * activation(g)
    h = gate(o) * activation(c)
    return (h @ p["weight_hr"].T if "weight_hr" in p else h), c


def gru_step(p, x, h, gate=sigmoid, activation=np.tanh, reset_after=True):
    """One step of a gated recurrent unit; gates are stacked r, z, n.

        r = sigmoid(W_r x + b_r + U_r h + b'_r)       the reset gate
        z = sigmoid(W_z x + b_z + U_z h + b'_z)       the update gate
        n =    tanh(W_n x + b_n + r * (U_n h + b'_n))   the candidate
        h = (1 - z) * n + z * h

    The reset gate acts on the product, as in PyTorch and in Keras's `reset_after=True`;
    in the paper, and with `reset_after=False`, it acts on h before it.

    Arguments as for `lstm_step`, with 3 hidden_size rows, no projection and no c.
    Returns the next h, as a tuple of one.

    Source: Cho et al. 2014, arXiv:1406.1078.
    """
    r, z, x_n, h_n = sums("GRU", p, x, h).values()
    r, z = gate(r), gate(z)
    if not reset_after:
        _, h_n = _products(p, x, r * h)
        n = activation(x_n + h_n[:, -r.shape[1] :])
    else:
        n = activation(x_n + r * h_n)
    return ((1 - z) * n + z * h,)


def rnn_step(p, x, h, activation=np.tanh):
    """One step of a simple recurrent network: h = tanh(W x + b + U h + b').

    Arguments and result as for `gru_step`, with hidden_size rows.

    Source: Elman 1990, doi:10.1207/s15516709cog1402_1.
    """
    (only,) = sums("RNN", p, x, h).values()
    return (activation(only),)


def sums(kind, p, x, h):
    """What the gates of one step are functions of, by gate, (batch, hidden_size) each.

    A GRU's candidate has two, between which the reset gate acts: n is W_n x + b_n, and
    n' is U_n h + b'_n. The only one of a simple RNN is called h. Arguments as for the
    step of the kind, which is "LSTM", "GRU" or "RNN".
    """
    from_x, from_h = _products(p, x, h)  # (batch, gates * hidden_size)
    if kind == "GRU":
        x_r, x_z, x_n = np.split(from_x, 3, axis=1)
        h_r, h_z, h_n = np.split(from_h, 3, axis=1)
        return {"r": x_r + h_r, "z": x_z + h_z, "n": x_n, "n'": h_n}
    gates = "ifgo" if kind == "LSTM" else "h"
    parts = np.split(from_x + from_h, len(gates), axis=1)
    return dict(zip(gates, parts, strict=True))


def run(
    kind: str,
    arrays: Arrays,
    x: np.ndarray,
    lengths: np.ndarray | None = None,
    states: Sequence[np.ndarray] | None = None,
    nonlinearity: str = "tanh",
    backwards: bool = True,
    watch: Callable[[str, int, np.ndarray, np.ndarray], None] | None = None,
    **otherwise: Any,
) -> dict[str, np.ndarray]:
    """A whole recurrent layer, as `torch.nn.LSTM`, `GRU` or `RNN` with batch_first.

    D is 2 where there are arrays named `_reverse`, else 1. The steps of a sequence
    beyond its length change no state, their output is 0, and the backward direction
    starts at the last step within the length. Everything is computed in float64.

    Args:
        kind: "LSTM", "GRU" or "RNN".
        arrays: parameters by PyTorch's names; these and their shapes tell the number of
            layers, the directions, and whether there are biases and a projection.
        x: (batch, time >= 1, features).
        lengths: (batch,), integers from 0 to time; None where every step counts.
        states: (h,), or (h, c) for an LSTM, each (D * num_layers, batch, its size),
            in order of layer, then forward before backward; None for zeros.
        nonlinearity: "tanh" or "relu", of an RNN; the other kinds do not read it.
        backwards: whether the backward direction reads from the end, as it should.
        watch: called before each step with the ending of its parameters' names (such
            as "_l1_reverse"), the number of the step, and the x and h of the sequences
            that have it.
        otherwise: what each step is to compute in another way, such as
            `gate=hard_sigmoid`; see the step's function.

    Returns:
        "output" (batch, time, D * size of h), "h_n" and, for an LSTM, "c_n", both of
        the shape of `states`.

    Raises:
        ValueError: if an argument is none of the above; if a parameter is missing, left
            over, or not of the shape that the others ask for.
    """
    _expect("kind", ", ".join(GATES), kind, kind in GATES)
    holds = nonlinearity in NONLINEARITIES
    _expect("nonlinearity", ", ".join(NONLINEARITIES), nonlinearity, holds)
    outputs = np.asarray(x, "float64")  # of the layer below; at first the input
    holds = outputs.ndim == 3 and outputs.shape[1] > 0
    _expect("x of shape", "(batch, time >= 1, features)", outputs.shape, holds)
    batch, time, features = outputs.shape
    lengths = np.full(batch, time) if lengths is None else np.asarray(lengths)
    holds = lengths.shape == (batch,) and lengths.dtype.kind in "iu"
    holds = holds and np.all((lengths >= 0) & (lengths <= time))
    _expect("lengths", f"{batch} integers from 0 to {time}", lengths.tolist(), holds)
    arrays = {name: np.asarray(array, "float64") for name, array in arrays.items()}
    groups, sizes = _parameters(kind, arrays, features)
    shapes = [(sum(map(len, groups)), batch, size) for size in sizes]
    states = map(np.zeros, shapes) if states is None else states
    states = [np.array(state, "float64") for state in states]  # copies, to be updated
    came = [state.shape for state in states]
    _expect("states of shapes", shapes, came, came == shapes)

    step = {"LSTM": lstm_step, "GRU": gru_step, "RNN": rnn_step}[kind]
    if kind == "RNN":
        otherwise = {"activation": NONLINEARITIES[nonlinearity], **otherwise}
    step = partial(step, **otherwise)
    rest = zip(*states, strict=True)  # of each layer and direction, in order
    for group in groups:
        halves = []
        for (end, p), back in zip(group.items(), (False, backwards), strict=False):
            seen = watch and partial(watch, end)
            halves.append(_direction(step, p, outputs, lengths, next(rest), back, seen))
        outputs = np.concatenate(halves, axis=2)  # (batch, time, D * size of h)
    return {"output": outputs} | dict(zip(("h_n", "c_n"), states, strict=False))


def _direction(step, p, x, lengths, states, backward, watch):
    """The h of every step, (batch, time, size of h); `states` become the last ones."""
    output = np.zeros((*x.shape[:2], states[0].shape[1]))
    times = range(x.shape[1])
    for t in reversed(times) if backward else times:
        rows = np.flatnonzero(t < lengths)  # the sequences that have a step t
        if watch:
            watch(t, x[rows, t], states[0][rows])
        new = step(p, x[rows, t], *(state[rows] for state in states))
        for state, value in zip(states, new, strict=True):
            state[rows] = value
        output[rows, t] = new[0]
    return output


def _products(p, x, h):
    """W x + b and U h + b', each (batch, gates * hidden_size)."""
    from_x = x @ p["weight_ih"].T + p.get("bias_ih", 0)
    return from_x, h @ p["weight_hh"].T + p.get("bias_hh", 0)


def _parameters(kind, arrays, features):
    """Parameters by layer, ending and short name; the sizes of h and of c."""
    suffixes = ["", "_reverse"] if "weight_ih_l0_reverse" in arrays else [""]
    num_layers = sum("weight_ih" in name for name in arrays) // len(suffixes) or 1
    rows = {name: len(np.atleast_1d(array)) for name, array in arrays.items()}
    hidden_size = rows.get("weight_ih_l0", 0) // GATES[kind]
    size, stacked = hidden_size, GATES[kind] * hidden_size
    short = {"weight_ih": (stacked, features), "weight_hh": (stacked, size)}
    if "bias_ih_l0" in arrays:
        short |= {"bias_ih": (stacked,), "bias_hh": (stacked,)}
    if kind == "LSTM" and "weight_hr_l0" in arrays:
        size = rows["weight_hr_l0"]
        short |= {"weight_hh": (stacked, size), "weight_hr": (size, hidden_size)}

    left, groups = dict(arrays), []
    for layer in range(num_layers):
        ends = [f"_l{layer}{suffix}" for suffix in suffixes]
        wanted = {name + end: shape for end in ends for name, shape in short.items()}
        came = {name: left.pop(name).shape for name in wanted if name in left}
        _expect("parameters of shapes", wanted, came, wanted == came)
        groups.append(
            {end: {name: arrays[name + end] for name in short} for end in ends}
        )
        short["weight_ih"] = (stacked, len(suffixes) * size)
    _expect("parameters", "all to be used", f"{', '.join(left)} left over", not left)
    return groups, (size, hidden_size) if kind == "LSTM" else (size,)


def _expect(what, expected, came, holds):
    if not holds:
        raise ValueError(f"reference.run expects {what} {expected}, got {came}")
