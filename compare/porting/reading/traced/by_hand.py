"""Recurrent layers and cells that a module's author wrote, recognised by what they do.

Names and shapes of their arrays say what they may be; whether they are it, their
results say, compared in float64 with those of the kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any, Literal

import numpy as np

from compare import kinds
from compare.in_pytorch.kinds import kind_of
from compare.in_pytorch.recorded import Ref, Step
from compare.kinds.graph import LayerPlan, Tensor
from compare.kinds.kind import Kind
from compare.kinds.layer import Arrays, Layer
from compare.porting.reading.traced.layers import arrays_of, moved, placed
from compare.porting.reading.traced.reader import Handler, Reader
from compare.porting.reading.traced.values import Value

LAYER = "by hand"  # what such layers are called among those of PyTorch
NEAR = 1e-9  # how near the results of a module in float64 are to those of its kind
Part = Literal["output", "h", "c"]


@dataclass(frozen=True)
class Seen:
    """One call of a module, in float64.

    Args:
        args: arrays that it was called with.
        results: arrays that it returned.
    """

    args: tuple[np.ndarray, ...]
    results: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class ByHand:
    """What a module by hand is.

    Args:
        kind: whose layer it is.
        cls: of Keras.
        config: settings of Keras's layer.
        arrays: Keras's.
        is_cell: whether it takes one step and states.
        time_first: whether it takes (time, batch, ...).
        parts: what its results are.
    """

    kind: Kind
    cls: str
    config: Mapping[str, Any]
    arrays: Arrays
    is_cell: bool
    time_first: bool = False
    parts: tuple[Part, ...] = ()

    @property
    def word(self) -> str:
        """What it goes by among PyTorch's layers."""
        return f"{self.kind.name}Cell" if self.is_cell else LAYER


@dataclass(frozen=True)
class _Candidate:
    """A kind with arrays as a cell of PyTorch has them, and what is special of it."""

    kind: Kind
    arrays: Arrays
    options: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)


def recognised(module: Any, seen: Seen) -> ByHand | None:
    """What a module of the user's own is; None where it is nothing that is known.

    Args:
        module: with its weights.
        seen: a call of it.
    """
    if not seen.args or not seen.results:
        return None
    for candidate in _candidates(module):
        size = len(candidate.arrays["weight_hh"]) // len(_gates(candidate.kind))
        for is_cell, time_first, x in _readings(seen, candidate.kind):
            try:
                values = _values(candidate, seen, x, is_cell)
            except (ValueError, IndexError, KeyError):
                continue
            if time_first and "output" in values:
                values["output"] = values["output"].swapaxes(0, 1)
            parts = _parts(values, seen.results, candidate.kind)
            if parts is not None:
                return _by_hand(candidate, size, is_cell, time_first, parts)
    return None


def _gates(kind: Kind) -> str:
    assert kind.cell is not None
    return kind.cell.gates


def _candidates(module: Any) -> Iterator[_Candidate]:
    """All that a module may be by its arrays."""
    layer = Layer(kind_of(module), arrays_of(module), by_hand=True)
    families = (kinds.BY_NAME["LSTM"], kinds.BY_NAME["GRU"], kinds.BY_NAME["RNN"])
    for usual in kinds.usual_arrays(layer):
        usual = {name: np.asarray(a, "float64") for name, a in usual.items()}
        if "weight_hh" not in usual or "weight_hr" in usual:
            continue
        convolves = usual["weight_hh"].ndim > 2
        for kind in kinds.BY_HAND if convolves else families:
            count = len(_gates(kind))
            if len(usual["weight_hh"]) != count * usual["weight_hh"].shape[1]:
                continue
            for order in permutations(range(count)):
                arrays = {n: _ordered(a, order) for n, a in usual.items()}
                yield from _ways(kind, arrays)


def _ordered(array: np.ndarray, order: Sequence[int]) -> np.ndarray:
    blocks = np.split(array, len(order))
    return np.concatenate([blocks[place] for place in order])


def _ways(kind: Kind, arrays: Arrays) -> Iterator[_Candidate]:
    """The ways in which a kind may compute."""
    yield _Candidate(kind, arrays)
    if kind.name == "GRU":
        before = {"reset_after": False}
        turned = {name: _negated(array) for name, array in arrays.items()}
        yield _Candidate(kind, arrays, before, before)
        # h = (1 - z) h + z n: the same with the other sign of z's arrays
        yield _Candidate(kind, turned)
        yield _Candidate(kind, turned, before, before)
    elif kind.name == "RNN":
        relu = {"activation": "relu"}
        yield _Candidate(kind, arrays, relu, relu)


def _negated(array: np.ndarray) -> np.ndarray:
    """Arrays of a GRU, r, z, n, with the other sign of z's."""
    r, z, n = np.split(array, 3)
    return np.concatenate([r, -z, n])


def _readings(seen: Seen, kind: Kind) -> Iterator[tuple[bool, bool, np.ndarray]]:
    """How the first argument may be read: as one step, or as a sequence, either way."""
    x = seen.args[0]
    spatial = 0
    if kind.name == "ConvLSTM":
        spatial = x.ndim - 3
        if x.ndim < 4:
            return
        x = np.moveaxis(x, 2, -1)
    if x.ndim == 2 and len(seen.args) > 1:
        yield True, False, x
    elif x.ndim == 3 + spatial and len(seen.args) == 1:
        yield False, False, x
        yield False, True, x.swapaxes(0, 1)


def _values(
    candidate: _Candidate, seen: Seen, x: np.ndarray, is_cell: bool
) -> dict[str, np.ndarray]:
    """What the kind computes of the same."""
    kind = candidate.kind
    if is_cell:
        assert kind.cell is not None
        states = seen.args[1:]
        if len(states) != kind.cell.states:
            raise ValueError(len(states))
        result = kind.cell.step(candidate.arrays, x, *states, candidate.options)
        return dict(zip(("h", "c"), result, strict=False))
    arrays = {f"{name}_l0": array for name, array in candidate.arrays.items()}
    computed: Any = kind.compute(arrays, x, candidate.options)
    values = {"output": computed["output"], "h": computed["h_n"][0]}
    if "c_n" in computed:
        values["c"] = computed["c_n"][0]
    return values


def _parts(
    values: Mapping[str, np.ndarray], results: Sequence[np.ndarray], kind: Kind
) -> tuple[Any, ...] | None:
    """What each result is; None if one is nothing."""
    parts = []
    for result in results:
        if kind.name == "ConvLSTM":
            result = np.moveaxis(result, 2 if result.ndim > 4 else 1, -1)
        for name, value in values.items():
            if value.shape == result.shape and np.abs(value - result).max() < NEAR:
                parts.append(name)
                break
        else:
            return None
    return tuple(parts)


def _by_hand(
    candidate: _Candidate,
    size: int,
    is_cell: bool,
    time_first: bool,
    parts: tuple[Any, ...],
) -> ByHand:
    kind = candidate.kind
    config: dict[str, Any] = {"units": size, **candidate.config}
    cls = kind.keras[0]
    shapes: dict[str, np.ndarray] = {
        "kernel": np.zeros(()),
        "recurrent_kernel": np.zeros(()),
    }
    torch = candidate.arrays
    if kind.name == "ConvLSTM":
        window = torch["weight_ih"].shape[2:]
        cls = f"ConvLSTM{len(window)}D"
        config = {"filters": size, "kernel_size": window, "padding": "same"}
    if "bias_ih" in torch:
        count = len(torch["bias_ih"])
        is_after = kind.name == "GRU" and "reset_after" not in candidate.config
        shapes["bias"] = np.zeros((2, count) if is_after else (count,))
    else:
        config["use_bias"] = False
    arrays = moved(kind, torch, shapes)
    return ByHand(kind, cls, config, arrays, is_cell, time_first, parts)


# ------------------------------------------------------------------------ as a layer


def layer(reader: Reader, step: Step) -> list[Any]:
    """A recurrent layer by hand as one of Keras."""
    own = reader.by_hand[step.name]
    graph = reader.graph
    value = graph.full(reader.tensor(step.args[0]))
    order = list(range(len(value.shape)))
    if own.time_first:
        order[:2] = [1, 0]
    if own.kind.name == "ConvLSTM":
        order.append(order.pop(2))
    value = graph.merged(graph.arranged(value, order))
    number = reader.number(step)
    read = {
        part
        for place, part in enumerate(own.parts)
        if reader.readers.get(Ref(number, place))
    }
    config = dict(own.config)
    if "output" in read:
        config["return_sequences"] = True
    returns = "c" in read or read >= {"output", "h"}
    if returns:
        config["return_state"] = True
    plan = LayerPlan(reader.layer_name(step.name), own.cls, config)
    call = placed(graph, plan, [value.tensor], own.arrays)
    places = {"output": 0, "h": 1 if returns else 0, "c": 2}
    results = []
    for part, result in zip(own.parts, step.results, strict=True):
        tensor = Tensor(call, places[part])
        results.append(_result(own, part, tensor, result))
    return results


def _result(own: ByHand, part: Part, tensor: Tensor, result: Any) -> Value:
    """A result of Keras's layer as PyTorch's module has it."""
    shape = result.shape
    order = list(range(len(shape)))
    if part == "output" and own.time_first:
        order[:2] = [1, 0]
    if own.kind.name == "ConvLSTM":
        order.append(order.pop(2 if part == "output" else 1))
    axes = tuple((order.index(axis),) for axis in range(len(shape)))
    sizes = tuple(shape[axis] for axis in order)
    return Value(tensor, shape, axes, sizes, result.dtype)


LAYERS: dict[str, Handler] = {LAYER: layer}
