"""Recurrent layers over time in float64 NumPy: stacks, directions, lengths.

A third opinion beside PyTorch and Keras: twins that agree may both be wrong. It is
written to be read, not to be fast. Parameters come as PyTorch names them, because those
names say everything: `weight_ih_l1_reverse` is the input's matrix in the backward
direction of the second layer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from compare.kinds.computing import Cell
from compare.kinds.layer import Arrays
from compare.kinds.option import Options

Watch = Callable[[str, int, np.ndarray, np.ndarray], None]


def run(
    cell: Cell, arrays: Arrays, x: np.ndarray, options: Options
) -> dict[str, np.ndarray]:
    """Compute a recurrent layer, as `torch.nn.LSTM` does with batch_first.

    D is 2 where there are arrays named `_reverse`, else 1. The steps of a sequence
    beyond its length change no state, their output is 0, and the backward direction
    starts at the last step within the length. Everything is computed in float64.

    Args:
        cell: what one step computes.
        arrays: parameters by PyTorch's names; these and their shapes tell the number of
            layers, the directions, and whether there are biases and a projection.
        x: (batch, time >= 1, features); of a layer that convolves (batch, time >= 1,
            *spatial, features), as are its states and what it returns.
        options: what a step is to compute in another way, see the cell's step; and of
            this call, each left out or None for what is usual:
            lengths: (batch,), integers from 0 to time; usually every step counts.
            states: (h,), or (h, c) for an LSTM, each (D * num_layers, batch, its size),
                in order of layer, then forward before backward; usually zeros.
            backwards: whether the backward direction reads from the end, as it should.
            watch: called before each step with the ending of its parameters' names
                (such as "_l1_reverse"), the number of the step, and the x and h of the
                sequences that have it.

    Returns:
        "output" (batch, time, D * size of h), "h_n" and, for an LSTM, "c_n", both of
        the shape of `states`.

    Raises:
        ValueError: if an argument is none of the above; if a parameter is missing, left
            over, or not of the shape that the others ask for.
    """
    outputs = np.asarray(x, "float64")  # of the layer below; at first the input
    window = np.shape(as_layer(arrays).get("weight_ih_l0", 0))[2:]  # what it convolves
    holds = outputs.ndim == 3 + len(window) and outputs.shape[1] > 0
    spatial = ", *spatial" if window else ""
    shape = f"(batch, time >= 1{spatial}, features)"
    _expect("x of shape", shape, outputs.shape, holds)
    batch, time, *_, features = outputs.shape
    lengths = _lengths(options.get("lengths"), batch, time)
    layers = _parameters(cell, arrays, features)
    states = _states(options.get("states"), layers, (batch, *outputs.shape[2:-1]))
    backwards: bool = options.get("backwards", True)
    watch: Watch | None = options.get("watch")

    states_of_each = zip(*states, strict=True)  # by layer, then direction
    for directions in layers.parameters:
        halves = []
        for ending, p in directions.items():
            backward = backwards and ending.endswith("_reverse")
            watch_layer = None if watch is None else partial(watch, ending)
            pass_over = _Pass(cell, p, options, lengths, backward, watch_layer)
            halves.append(pass_over.output(outputs, next(states_of_each)))
        outputs = np.concatenate(halves, axis=-1)  # (batch, time, D * size of h)
    return {"output": outputs, **dict(zip(("h_n", "c_n"), states, strict=False))}


def as_layer(arrays: Arrays) -> Arrays:
    """Name the arrays of a cell as those of a layer of one part."""
    if "weight_ih" not in arrays:
        return arrays
    return {f"{name}_l0": array for name, array in arrays.items()}


def sums(
    cell_gates: str, p: Arrays, x: np.ndarray, h: np.ndarray
) -> dict[str, np.ndarray]:
    """Compute what the gates of one step are functions of, all of one form.

    Args:
        cell_gates: a letter for each block of rows.
        p: parameters by short name.
        x: (batch, features).
        h: (batch, size of h).

    Returns:
        W x + b + U h + b' by gate, (batch, hidden_size) each.
    """
    from_x, from_h = products(p, x, h)  # (batch, gates * hidden_size)
    parts = np.split(from_x + from_h, len(cell_gates), axis=1)
    return dict(zip(cell_gates, parts, strict=True))


def products(p: Arrays, x: np.ndarray, h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """W x + b and U h + b', each (batch, gates * hidden_size)."""
    from_x = x @ p["weight_ih"].T + p.get("bias_ih", 0)
    return from_x, h @ p["weight_hh"].T + p.get("bias_hh", 0)


@dataclass(frozen=True)
class _Pass:
    """One layer in one direction.

    Args:
        cell: what a step computes.
        p: parameters by short name, such as `weight_ih`.
        options: of the layer.
        lengths: (batch,), integers.
        backward: whether it reads the sequence from its end.
        watch: called before each step with its number, x and h.
    """

    cell: Cell
    p: Arrays
    options: Options
    lengths: np.ndarray
    backward: bool
    watch: Callable[[int, np.ndarray, np.ndarray], None] | None

    def output(self, x: np.ndarray, states: tuple[np.ndarray, ...]) -> np.ndarray:
        """Return h of every step, (batch, time, size); `states` become the last."""
        output = np.zeros((*x.shape[:-1], states[0].shape[-1]))
        times = list(range(x.shape[1]))
        if self.backward:
            times.reverse()
        for t in times:
            rows = np.flatnonzero(t < self.lengths)  # the sequences that have a step t
            if self.watch is not None:
                self.watch(t, x[rows, t], states[0][rows])
            before = [state[rows] for state in states]
            after = self.cell.step(self.p, x[rows, t], *before, options=self.options)
            for state, value in zip(states, after, strict=True):
                state[rows] = value
            output[rows, t] = after[0]
        return output


@dataclass(frozen=True)
class _Stack:
    """The parameters of a recurrent layer.

    Args:
        parameters: of each layer, by ending ("_l1_reverse") and then by short name.
        sizes: of h, and of c if there is one.
    """

    parameters: list[dict[str, dict[str, np.ndarray]]]
    sizes: tuple[int, ...]


def _parameters(cell: Cell, arrays: Arrays, features: int) -> _Stack:
    """Sort parameters by layer, ending and short name, and check their shapes."""
    arrays = {
        name: np.asarray(array, "float64") for name, array in as_layer(arrays).items()
    }
    suffixes = [""]
    if "weight_ih_l0_reverse" in arrays:
        suffixes.append("_reverse")
    num_layers = sum("weight_ih" in name for name in arrays) // len(suffixes) or 1
    shapes, sizes = _shapes(cell, arrays, features)

    unused, layers = dict(arrays), []
    for layer in range(num_layers):
        endings = [f"_l{layer}{suffix}" for suffix in suffixes]
        expected, actual = {}, {}
        for ending in endings:
            for name, shape in shapes.items():
                expected[name + ending] = shape
                if name + ending in unused:
                    actual[name + ending] = unused.pop(name + ending).shape
        _expect("parameters of shapes", expected, actual, expected == actual)
        by_direction = {}
        for end in endings:
            by_direction[end] = {name: arrays[name + end] for name in shapes}
        layers.append(by_direction)
        stacked, _, *window = shapes["weight_ih"]
        shapes["weight_ih"] = (stacked, len(suffixes) * sizes[0], *window)
    got = f"{', '.join(unused)} left over"
    _expect("parameters", "all to be used", got, not unused)
    return _Stack(layers, sizes)


def _shapes(
    cell: Cell, arrays: Arrays, features: int
) -> tuple[dict[str, tuple[int, ...]], tuple[int, ...]]:
    """The shapes of the first layer's parameters, and the sizes of the states."""
    rows = {name: len(np.atleast_1d(array)) for name, array in arrays.items()}
    hidden_size = rows.get("weight_ih_l0", 0) // len(cell.gates)
    stacked = len(cell.gates) * hidden_size
    size = hidden_size
    window = np.shape(arrays.get("weight_ih_l0", 0))[2:]
    shapes: dict[str, tuple[int, ...]] = {
        "weight_ih": (stacked, features, *window),
        "weight_hh": (stacked, size, *window),
    }
    if "bias_ih_l0" in arrays:
        shapes |= {"bias_ih": (stacked,), "bias_hh": (stacked,)}
    if cell.states == 2 and "weight_hr_l0" in arrays:  # only an LSTM projects
        size = rows["weight_hr_l0"]
        shapes |= {"weight_hh": (stacked, size), "weight_hr": (size, hidden_size)}
    return shapes, (size, hidden_size)[: cell.states]


def _lengths(lengths: np.ndarray | None, batch: int, time: int) -> np.ndarray:
    """The number of steps of each sequence, all where none are given."""
    if lengths is None:
        return np.full(batch, time)
    lengths = np.asarray(lengths)
    holds = lengths.shape == (batch,) and lengths.dtype.kind in "iu"
    holds = holds and bool(np.all((lengths >= 0) & (lengths <= time)))
    _expect("lengths", f"{batch} integers from 0 to {time}", lengths.tolist(), holds)
    return lengths


def _states(
    states: tuple[np.ndarray, ...] | None, layers: _Stack, samples: tuple[int, ...]
) -> list[np.ndarray]:
    """Copies of the states, which the run updates; zeros where none are given.

    Args:
        states: as in `run`.
        layers: their parameters.
        samples: the axes between the number of the layer and the size of a state.
    """
    number = sum(map(len, layers.parameters))
    shapes = [(number, *samples, size) for size in layers.sizes]
    if states is None:
        return [np.zeros(shape) for shape in shapes]
    copies = [np.array(state, "float64") for state in states]
    actual = [state.shape for state in copies]
    _expect("states of shapes", shapes, actual, actual == shapes)
    return copies


def _expect(subject: str, expected: object, actual: object, holds: bool) -> None:
    if not holds:
        raise ValueError(f"running.run expects {subject} {expected}, got {actual}")
