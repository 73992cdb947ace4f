"""Twins at work on one input, as a page draws them; loads both frameworks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from compare.diagnosing.isolation import isolate
from compare.errors import BadInput
from compare.in_keras import traces as keras_traces
from compare.in_pytorch import traces as pytorch_traces
from compare.judging.curves import step_curves
from compare.judging.distances import near
from compare.judging.four import Four, scale_of
from compare.judging.picture import (
    GateCurves,
    Graph,
    HeatMap,
    Node,
    Picture,
    SourceLine,
    StepCurves,
)
from compare.judging.result import Result
from compare.judging.words import Side
from compare.kinds import RECURRENT, cell_of
from compare.kinds.mistake import Call
from compare.kinds.running import as_layer
from compare.mistakes.traces import RETURN, Line, Step, Trace

if TYPE_CHECKING:
    from compare.twins.stages import StagesOfAll
    from compare.twins.twins import Twins

MOST_CELLS = 96  # of a heat map in each axis; beyond, neighbours are merged
MOST_NODES = 120  # of a graph
INPUT = "the input "  # begins what a trace says of a value


def picture(
    twins: Twins, arrays: tuple[np.ndarray, ...], result: Result
) -> Picture | None:
    """Run twins once more, and keep what a page draws of it.

    Args:
        twins: with the weights that they had when they were judged.
        arrays: one for each input.
        result: of these arrays.

    Returns:
        None where a side refuses the arrays or has no float64.
    """
    stages, refusals = twins.run(*arrays)
    decider = result.deciding
    if refusals or twins.only32 or decider is None:
        return None
    fours, timed = twins.counted.fours(stages, arrays)
    name = decider.stage
    heat = None
    if name in fours:
        heat = heat_map(name, fours[name], name in timed, decider.limit)
    return Picture(
        verdicts={stage.stage: stage.verdict for stage in result.stages},
        shapes={name: four.t64.shape for name, four in fours.items()},
        stage=name,
        heat=heat,
        steps=_curves_at(name, step_curves(fours, timed), [*fours]),
        gates=_gates(twins, arrays, decider.timestep),
        graphs=_graphs(twins, arrays, stages, [*fours]),
    )


def _curves_at(
    stage: str, curves: Mapping[str, StepCurves], names: Sequence[str]
) -> StepCurves | None:
    """The curves of a stage, or else of the last one before it that has time."""
    for name in reversed(names[: names.index(stage) + 1] if stage in names else []):
        if name in curves:
            return curves[name]
    return None


# ------------------------------------------------------------------------- heat maps


def heat_map(stage: str, four: Four, has_time: bool, limit: float) -> HeatMap | None:
    """How far twins are apart in two axes of a stage; None of one without two axes.

    Args:
        stage: its name.
        four: arrays of (batch, time, units), (batch, height, width, channels),
            (batch, units) and the like.
        has_time: whether axis 1 is time.
        limit: of the stage.
    """
    t64, k64 = four.t64, four.k64
    if t64.shape != k64.shape or t64.ndim < 2:
        return None
    with np.errstate(invalid="ignore"):  # infinity less infinity is NaN
        gap = np.abs(np.subtract(t64, k64, dtype="float64")) / scale_of(t64, k64)
    if t64.ndim == 2:
        rows, columns = "sample", "unit"
    elif t64.ndim == 3:
        rows, columns = "time" if has_time else "position", "unit"
        gap = gap.max(axis=0)
    else:
        rows, columns = "height", "width"
        if has_time:
            rows, columns = "time", "position"
        gap = gap.max(axis=(0, *range(3, t64.ndim)))
    values, merged = _merged(gap)
    return HeatMap(stage, rows, columns, values, merged, limit)


def _merged(values: np.ndarray) -> tuple[np.ndarray, tuple[int, int]]:
    """Cells of which none is lost: the largest of neighbours where there are many."""
    merged = []
    for axis in (0, 1):
        size = values.shape[axis]
        width = -(-size // MOST_CELLS)  # rounded up
        merged.append(width)
        if width > 1:
            starts = np.arange(0, size, width)
            values = np.maximum.reduceat(values, starts, axis=axis)
    return values, (merged[0], merged[1])


# ----------------------------------------------------------------------------- gates


def _gates(
    twins: Twins, arrays: tuple[np.ndarray, ...], timestep: int | None
) -> GateCurves | None:
    """What the gates of a recurrent layer are given, where they differ most.

    Args:
        twins: both.
        arrays: one for each input.
        timestep: up to which the layers may differ, counted from 1; None for the end.
    """
    with suppress(BadInput, ValueError):
        isolated = isolate(twins, arrays)
        torch_calls = isolated.torch.recurrent_calls
        keras_calls = isolated.keras.recurrent_calls
        curves = None
        for layer in torch_calls:
            if layer not in keras_calls:
                continue
            of_layer = gate_curves(layer, torch_calls[layer], keras_calls[layer])
            if of_layer is None:
                continue
            curves = of_layer
            if not _agree(of_layer):
                break
        return curves
    return None


def _agree(curves: GateCurves) -> bool:
    """Whether the gates of both sides are given the same."""
    for gate in curves.gates.values():
        torch, keras = np.nan_to_num(gate["torch"]), np.nan_to_num(gate["keras"])
        if not near(torch, keras):
            return False
    return True


def gate_curves(layer: str, torch: Call, keras: Call) -> GateCurves | None:
    """What the gates of twin layers are given, in the sample and unit farthest apart.

    Args:
        layer: its name.
        torch: PyTorch's layer at work.
        keras: Keras's layer at work, its arrays as PyTorch has them.

    Returns:
        None where there are no gates, or the steps of the twins are not the same.
    """
    if torch.kind != keras.kind or torch.kind not in RECURRENT:
        return None
    if len(cell_of(torch.kind).gates) < 2:
        return None
    of_torch, of_keras = _gate_sums(torch), _gate_sums(keras)
    worst, place = -1.0, None
    for part, gates in of_torch.items():
        for gate, values in gates.items():
            twin_values = of_keras.get(part, {}).get(gate)
            if twin_values is None or twin_values.shape != values.shape:
                return None
            gap = np.nan_to_num(np.abs(values - twin_values))  # NaN beyond its length
            if gap.max() > worst:
                worst = gap.max()
                index = np.unravel_index(gap.argmax(), gap.shape)
                place = part, int(index[0]), int(index[2])
    if place is None:
        return None
    part, sample, unit = place
    curves: dict[str, dict[Side, np.ndarray]] = {}
    for gate in of_torch[part]:
        curves[gate] = {
            "torch": of_torch[part][gate][sample, :, unit],
            "keras": of_keras[part][gate][sample, :, unit],
        }
    name = part if len(of_torch) > 1 else ""
    return GateCurves(layer, name.strip("_"), sample + 1, unit + 1, curves)


def _gate_sums(call: Call) -> dict[str, dict[str, np.ndarray]]:
    """What the gates are functions of, by part and gate, (batch, time, units) each.

    Steps beyond the length of a sequence are NaN.
    """
    cell = cell_of(call.kind)
    batch, time = call.x.shape[:2]
    lengths = np.full(batch, time) if call.lengths is None else call.lengths
    arrays_of_part: dict[str, dict[str, np.ndarray]] = {}
    gates_of_part: dict[str, dict[str, np.ndarray]] = {}

    def watch(ending: str, step: int, x: np.ndarray, h: np.ndarray) -> None:
        if ending not in arrays_of_part:
            arrays_of_part[ending] = {
                name.removesuffix(ending): array
                for name, array in as_layer(call.arrays).items()
                if name.endswith(ending)
            }
        samples = np.flatnonzero(step < lengths)
        gates = gates_of_part.setdefault(ending, {})
        for gate, values in cell.sums(arrays_of_part[ending], x, h).items():
            if gate not in gates:
                gates[gate] = np.full((batch, time, values.shape[-1]), np.nan)
            gates[gate][samples, step] = values

    call.run(watch=watch)
    return gates_of_part


# ---------------------------------------------------------------------------- graphs


def _graphs(
    twins: Twins,
    arrays: tuple[np.ndarray, ...],
    stages: StagesOfAll,
    names: Sequence[str],
) -> dict[Side, Graph]:
    """The graph of each side.

    Args:
        twins: both.
        arrays: one for each input.
        stages: what the twins make of these arrays.
        names: of the stages that were judged, in order.
    """
    traces: dict[Side, Trace] = {
        "torch": pytorch_traces.traced(twins.twin("torch", "float64"), arrays),
        "keras": keras_traces.traced(twins.twin("keras", "float64"), arrays),
    }
    graphs: dict[Side, Graph] = {}
    for side, trace in traces.items():
        of_side = {name: stages[side, "float64"][name] for name in names}
        graphs[side] = graph(trace, of_side)
    return graphs


def graph(trace: Trace, stages: Mapping[str, np.ndarray]) -> Graph:
    """What a model did, as a graph.

    Args:
        trace: of the model.
        stages: that were judged, in order.
    """
    nodes: list[Node] = []
    places: dict[int, int] = {}  # in the graph, by the number of a value
    for value in trace.values:
        if value.maker is None and value.source.startswith(INPUT):
            places[value.number] = len(nodes)
            name = value.source.removeprefix(INPUT)
            nodes.append(Node(name, "input", value.array.shape, ()))
    steps = [step for number, step in trace.steps.items() if number != RETURN]
    left = dict(stages)  # which no step has made so far
    for step in steps[:MOST_NODES]:
        makes = [trace.array(number) for number in step.outputs]
        takes = [places[number] for number in step.inputs if number in places]
        node = Node(
            name=step.layer if step.is_layer else step.name,
            kind=step.name if step.is_layer else "",
            shape=makes[0].shape,
            takes=tuple(dict.fromkeys(takes)),
            line=_line(step.line),
            stages=_stages_made(step, makes, left),
        )
        for number in step.outputs:
            places[number] = len(nodes)
        nodes.append(node)
    return Graph(nodes, trace.is_cut or len(steps) > MOST_NODES)


def _stages_made(
    step: Step, makes: Sequence[np.ndarray], left: dict[str, np.ndarray]
) -> tuple[str, ...]:
    """The stages that a step makes, which are taken out of those that are left.

    Keras calls a layer otherwise in each copy of a model, so its arrays tell it; those
    of PyTorch's convolutions have another order of axes, so there its name does, and of
    states, such as `lstm.h` of `lstm`.
    """
    names = []
    for name, array in left.items():
        is_its_own = step.is_layer and f"{name}.".startswith(f"{step.layer}.")
        if is_its_own or any(map(partial(_same_numbers, array), makes)):
            names.append(name)
    for name in names:
        del left[name]
    return tuple(names)


def _same_numbers(a: np.ndarray, b: np.ndarray) -> bool:
    return np.array_equal(a, b, equal_nan=True)


def _line(line: Line | None) -> SourceLine | None:
    if line is None:
        return None
    return SourceLine(line.file, line.number, line.text)
