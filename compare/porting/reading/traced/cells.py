"""Cells of PyTorch, once or in a loop over time, as recurrent layers of Keras."""

from __future__ import annotations

from typing import Any

from compare.in_pytorch.recorded import Ref, Step
from compare.kinds.graph import LayerPlan, Tensor
from compare.porting.reading.traced.layers import (
    arrays_of,
    is_zero,
    kind_and_config,
    moved,
    name_of,
    placed,
)
from compare.porting.reading.traced.loops import LOOP
from compare.porting.reading.traced.reader import Handler, Reader
from compare.porting.reading.traced.recurrent import is_last_step
from compare.porting.reading.traced.values import LastStep, Unported, Value


def loop(reader: Reader, step: Step) -> list[Any]:
    """A cell over all steps of a sequence."""
    number = reader.number(step)
    last_alone = True
    for reading in reader.readers.get(Ref(number), []):
        reads_last = reading >= 0 and is_last_step(
            reader.recording.steps[reading], step, 1
        )
        last_alone = last_alone and reads_last
    graph = reader.graph
    value = graph.plain(reader.tensor(step.args[0]))
    c = len(step.results) > 2 and reader.is_read(number, 2)
    h = reader.is_read(number, 1)
    config = {}
    if not last_alone:
        config["return_sequences"] = True
    returns = c or (h and not last_alone)
    if returns:
        config["return_state"] = True
    call = _called(reader, step, value.tensor, config)
    sizes = step.results[0].shape
    dtype = value.dtype
    sequence: Any
    state = (sizes[0], sizes[2])
    if last_alone:
        sequence = LastStep(Value(Tensor(call), state, ((0,), (1,)), state, dtype))
    else:
        sequence = Value(Tensor(call), sizes, ((0,), (1,), (2,)), sizes, dtype)
    output = 1 if returns else 0
    final = Value(Tensor(call, output), state, ((0,), (1,)), state, dtype)
    return [sequence, final, Value(Tensor(call, 2), state, ((0,), (1,)), state, dtype)]


def cell(reader: Reader, step: Step) -> list[Any]:
    """One step of a recurrent layer: a layer over a sequence of one step."""
    graph = reader.graph
    value = graph.plain(reader.tensor(step.args[0]))
    if len(value.shape) != 2:
        raise Unported("a cell without a batch")
    is_lstm = len(step.results) > 1
    config = {"return_state": True} if is_lstm else {}
    sequence = graph.op("expand_dims", value.tensor, axis=1)
    call = _called(reader, step, sequence, config)
    sizes = (value.shape[0], step.results[0].shape[1])
    axes = ((0,), (1,))
    h = Value(Tensor(call, int(is_lstm)), sizes, axes, sizes, value.dtype)
    if not is_lstm:
        return [h]
    return [h, Value(Tensor(call, 2), sizes, axes, sizes, value.dtype)]


def _called(reader: Reader, step: Step, x: Tensor, config: dict[str, Any]) -> int:
    """Call the layer of a cell on a sequence; returns the number of the call."""
    cls, settings, arrays = _cell(reader, step.name)
    states = list(step.args[1:])
    if len(states) == 1 and isinstance(states[0], list | tuple):
        states = list(states[0])
    states += (step.kwargs or {}).values()
    kwargs: dict[str, Any] = {}
    if not all(state is None or is_zero(reader, state) for state in states):
        if any(is_zero(reader, state) for state in states):
            raise Unported("one initial state of zeros beside another one")
        plain = [reader.graph.plain(reader.tensor(state)) for state in states]
        kwargs["initial_state"] = [value.tensor for value in plain]
    plan = LayerPlan(name_of(reader, step), cls, {**settings, **config})
    return placed(reader.graph, plan, [x], arrays, kwargs)


def _cell(reader: Reader, name: str) -> tuple[str, dict[str, Any], Any]:
    """Keras's class, settings and arrays of a cell, of PyTorch or by hand."""
    own = reader.by_hand.get(name)
    if own is not None:
        return own.cls, dict(own.config), own.arrays
    module = reader.module(name)
    kind, settings = kind_and_config(module)
    names = ["kernel", "recurrent_kernel", *(["bias"] if module.bias else [])]
    arrays = moved(kind, arrays_of(module), names)
    return kind.keras[0].split("(")[0], settings, arrays


FUNCTIONS: dict[str, Handler] = {LOOP: loop}
LAYERS: dict[str, Handler] = dict.fromkeys(("LSTMCell", "GRUCell", "RNNCell"), cell)
