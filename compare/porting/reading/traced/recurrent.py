"""Recurrent layers of PyTorch with their states, as layers of Keras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from compare.in_pytorch.recorded import Packed, Ref, Step
from compare.kinds.graph import LayerPlan, Tensor
from compare.porting.reading.traced.indexing import taken
from compare.porting.reading.traced.layers import (
    arrays_of,
    is_zero,
    kind_and_config,
    moved,
    name_of,
    placed,
)
from compare.porting.reading.traced.packing import lengths_mask
from compare.porting.reading.traced.reader import Handler, Reader
from compare.porting.reading.traced.sizes import Shape, is_open
from compare.porting.reading.traced.values import (
    LastStep,
    PackedResult,
    Stack,
    Unported,
    Unsorting,
    Value,
)


@dataclass(frozen=True)
class _Needs:
    """What of a recurrent layer's results is read.

    Args:
        sequence: whether the output of all steps is.
        last: whether that of the last step is.
        h, c: numbers of the final states that are, of layers and directions.
    """

    sequence: bool
    last: bool
    h: frozenset[int]
    c: frozenset[int]


@dataclass(frozen=True)
class _Run:
    """What one layer of a stack is called with, and what it returned.

    Args:
        sequence: (batch, time, features), or the last step alone, (batch, features).
        h, c: of each direction; None of those that are not read.
    """

    sequence: Tensor
    h: list[Tensor | None]
    c: list[Tensor | None]


def recurrent(reader: Reader, step: Step) -> list[Any]:
    """A stack of recurrent layers."""
    module = reader.module(step.name)
    if getattr(module, "proj_size", 0):
        raise Unported(
            "proj_size, which Keras's LSTM lacks: a cell of one's own in a "
            "keras.layers.RNN, which multiplies h by weight_hr"
        )
    args = reader.bound(step, "input hx", hx=None)
    lengths, x = None, args.input
    batch_first = module.batch_first
    if isinstance(x, Packed):
        x, lengths, batch_first = reader.packed[x.data]
    value = reader.tensor(x)
    unbatched = len(value.shape) == 2
    batch_axis = 0 if batch_first or unbatched else 1
    if unbatched:
        shape, axes = (1, *value.shape), ((), *value.axes)
        value = replace(value, shape=shape, axes=axes)
    value = reader.graph.full(value)
    value = reader.graph.arranged(value, (batch_axis, 1 - batch_axis, 2))
    value = reader.graph.merged(value, keep=(batch_axis,))
    value = replace(  # (batch, time, features) from here on
        value,
        shape=(value.shape[batch_axis], value.shape[1 - batch_axis], value.shape[2]),
        axes=(value.axes[batch_axis], value.axes[1 - batch_axis], value.axes[2]),
    )
    offset = 0 if lengths is None else _tensors_of_packed(args.input)
    needs = _needs(reader, step, module, lengths is not None, unbatched, offset)
    initial = _initial(reader, args.hx, module, unbatched)
    mask = None
    if lengths is not None:
        mask = lengths_mask(reader, value, lengths)
    runs = _stack(reader, step, value, needs, initial, mask)
    return _results(reader, step, value, needs, runs, mask, lengths, batch_first)


def _tensors_of_packed(packed: Packed) -> int:
    """How many tensors a packed sequence has more than one."""
    parts = (packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices)
    return sum(part is not None for part in parts)


def _needs(
    reader: Reader, step: Step, module: Any, packed: bool, unbatched: bool, offset: int
) -> _Needs:
    number = reader.number(step)
    directions = 2 if module.bidirectional else 1
    count = module.num_layers * directions
    time_axis = 0 if unbatched or not module.batch_first else 1
    sequence = last = False
    for reading in reader.readers.get(Ref(number), []):
        if reading < 0 or packed or directions == 2:
            sequence = True
        elif is_last_step(reader.recording.steps[reading], step, time_axis):
            last = True
        else:
            sequence = True
    h = _states_read(reader, Ref(number, offset + 1), count)
    c = frozenset[int]()
    if reader.kind(step.name) == "LSTM":
        c = _states_read(reader, Ref(number, offset + 2), count)
    return _Needs(sequence, last, h, c)


def is_last_step(reading: Step, step: Step, time_axis: int) -> bool:
    """Whether a step takes the last step of a sequence, and all else of it."""
    if reading.function != "getitem":
        return False
    index = reading.args[1]
    items = list(index) if isinstance(index, tuple) else [index]
    if Ellipsis in [item for item in items if not isinstance(item, Ref)]:
        if items[0] is not Ellipsis:
            return False
        items = [slice(None)] * (4 - len(items)) + items[1:]
    if len(items) <= time_axis or len(items) > 3:
        return False
    for axis, item in enumerate(items):
        if axis == time_axis:
            size = step.results[0].shape[axis]
            whole = not is_open(size) and item == size - 1
            if isinstance(item, bool) or not (item == -1 or whole):
                return False
        elif item != slice(None):
            return False
    return True


def _states_read(reader: Reader, ref: Ref, count: int) -> frozenset[int]:
    """The numbers of the states that are read of all final ones."""
    numbers: set[int] = set()
    for reading in reader.readers.get(ref, []):
        if reading < 0:
            return frozenset(range(count))
        step = reader.recording.steps[reading]
        index = step.args[1] if step.function == "getitem" else None
        if isinstance(index, tuple) and index:
            index = index[0]
        if not isinstance(index, int):
            return frozenset(range(count))
        numbers.add(index % count)
    return frozenset(numbers)


def _initial(
    reader: Reader, hx: Any, module: Any, unbatched: bool
) -> list[list[Value]] | None:
    """The initial states, by layer and direction, h or h and c; None for zeros."""
    if hx is None:
        return None
    states = list(hx) if isinstance(hx, list | tuple) else [hx]
    if all(is_zero(reader, state) for state in states):
        return None
    count = module.num_layers * (2 if module.bidirectional else 1)
    items: list[list[Value]] = [[] for _ in range(count)]
    for state in states:
        if is_zero(reader, state):
            raise Unported("one initial state of zeros beside another one")
        known = reader.get(state)
        for number in range(count):
            if isinstance(known, Stack):
                item = known.items[number]
            else:
                item = taken(reader, reader.tensor(state), {0: number})
            if unbatched:
                item = replace(item, shape=(1, *item.shape), axes=((), *item.axes))
            items[number].append(reader.graph.plain(item))
    return items


def _stack(
    reader: Reader,
    step: Step,
    value: Value,
    needs: _Needs,
    initial: list[list[Value]] | None,
    mask: Tensor | None,
) -> list[_Run]:
    """Call all layers, one after another."""
    module = reader.module(step.name)
    directions = 2 if module.bidirectional else 1
    x = value.tensor
    runs = []
    for layer in range(module.num_layers):
        places = range(layer * directions, (layer + 1) * directions)
        states = None
        if initial is not None:
            states = [state.tensor for place in places for state in initial[place]]
        is_top = layer == module.num_layers - 1
        run = _called(
            reader,
            step,
            x,
            layer,
            needs.sequence or not is_top,
            (bool(needs.h & set(places)), bool(needs.c & set(places))),
            states,
            mask,
            len(value.axes[0]) > 1,
        )
        runs.append(run)
        x = run.sequence
        if module.dropout and not is_top:
            name = f"{reader.layer_name(step.name)}_dropout_{layer}"
            plan = LayerPlan(name, "Dropout", {"rate": module.dropout})
            x = Tensor(placed(reader.graph, plan, [x]))
    return runs


def _called(
    reader: Reader,
    step: Step,
    x: Tensor,
    layer: int,
    sequences: bool,
    states_read: tuple[bool, bool],
    states: Sequence[Tensor] | None,
    mask: Tensor | None,
    nested: bool,
) -> _Run:
    """Call one layer of the stack."""
    module = reader.module(step.name)
    kind, config = kind_and_config(module)
    directions = 2 if module.bidirectional else 1
    reads_h, reads_c = states_read
    returns = reads_c or (reads_h and (sequences or directions == 2))
    if sequences:
        config["return_sequences"] = True
    if returns:
        config["return_state"] = True
    name = name_of(reader, step)
    if module.num_layers > 1:
        name = f"{name}_{layer}"
    cls = kind.keras[0].split("(")[0]
    plan = LayerPlan(name, cls, config)
    torch = arrays_of(module)
    parts = ["kernel", "recurrent_kernel", *(["bias"] if module.bias else [])]
    prefixes = ["forward.", "backward."] if directions == 2 else [""]
    numbered = [f"{n}." for n in range(module.num_layers)]
    every = [f"{n}{p}{part}" for n in numbered for p in prefixes for part in parts]
    arrays = {
        key.removeprefix(f"{layer}."): array
        for key, array in moved(kind, torch, every).items()
        if key.startswith(f"{layer}.")
    }
    if directions == 2:
        backward = LayerPlan(name, cls, {**config, "go_backwards": True})
        plan = LayerPlan(name, "Bidirectional", {}, (plan, backward))
    kwargs: dict[str, Any] = {}
    if mask is not None:
        kwargs["mask"] = mask
    if states is not None:
        kwargs["initial_state"] = list(states)
    if nested:
        if returns or kwargs:
            raise Unported("states of sequences that are in sequences")
        plan = LayerPlan(name, "TimeDistributed", {}, (plan,))
    call = placed(reader.graph, plan, [x], arrays, kwargs)
    h: list[Tensor | None] = [None] * directions
    c: list[Tensor | None] = [None] * directions
    if returns:
        each = 2 if cls == "LSTM" else 1
        for place in range(directions):
            h[place] = Tensor(call, 1 + each * place)
            c[place] = Tensor(call, 2 + each * place) if each == 2 else None
    elif reads_h:
        h[0] = Tensor(call)
    return _Run(Tensor(call), h, c)


def _results(
    reader: Reader,
    step: Step,
    value: Value,
    needs: _Needs,
    runs: Sequence[_Run],
    mask: Tensor | None,
    lengths: Any,
    batch_first: bool,
) -> list[Any]:
    """What the layer's results are: the sequence, h_n and c_n."""
    module = reader.module(step.name)
    unbatched = mask is None and len(step.results[0].shape) == 2
    directions = 2 if module.bidirectional else 1
    size = module.hidden_size
    dtype = step.results[0].dtype
    batch = value.shape[0]
    top = runs[-1].sequence
    whole = (batch, value.shape[1], size * directions)
    sizes = (*value.sizes[:-1], size * directions)
    sequence: Any = Value(top, whole, value.axes, sizes, dtype)
    if not needs.sequence:
        groups = (value.axes[0], (len(value.axes[0]),))
        sizes = (*value.sizes[:-2], size)
        last = Value(top, (batch, size), groups, sizes, dtype)
        if unbatched:
            last = taken(reader, last, {0: 0})
        sequence = LastStep(last)
    elif unbatched:
        sequence = taken(reader, sequence, {0: 0})
    elif not batch_first:
        sequence = replace(
            sequence,
            shape=(whole[1], whole[0], whole[2]),
            axes=(value.axes[1], value.axes[0], value.axes[2]),
        )
    results: list[Any] = [sequence]
    if mask is not None:
        results = [PackedResult(sequence, mask, lengths, batch_first)]
        results += [Unsorting()] * (_tensors_of_packed(step.args[0]))
    for part in ("h", "c"):
        tensors = [tensor for run in runs for tensor in getattr(run, part)]
        if not getattr(needs, part):
            results.append(None)
            continue
        items = []
        for tensor in tensors:
            # those that are None are not read
            item = _state(tensor or Tensor(0), (batch, size), value, dtype)
            items.append(taken(reader, item, {0: 0}) if unbatched and tensor else item)
        results.append(Stack(tuple(items)))
    return results


def _state(tensor: Tensor, shape: Shape, value: Value, dtype: str) -> Value:
    count = len(value.axes[0])
    sizes = (*value.sizes[:count], shape[-1])
    return Value(tensor, shape, (value.axes[0], (count,)), sizes, dtype)


LAYERS: dict[str, Handler] = dict.fromkeys(("LSTM", "GRU", "RNN"), recurrent)
