"""Where a difference begins: a layer, a step, a unit and gates of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from compare.diagnosing.isolated import Isolated, Place
from compare.judging.distances import near
from compare.judging.result import SAME, StageResult
from compare.kinds import cell_of
from compare.kinds.layer import Arrays
from compare.kinds.mistake import Call
from compare.kinds.running import as_layer
from compare.mistakes.runs import layer_of, number_of

if TYPE_CHECKING:
    from compare.diagnosing.finding import Finding


def place_of(
    finding: Finding | None, isolated: Isolated, stage: StageResult | None
) -> Place | None:
    """Say where a difference begins.

    Args:
        finding: the first in the order in which the model meets them; None if nothing
            was found.
        isolated: the twins at work.
        stage: the one that decides the verdict; None if a twin refuses.

    Returns:
        The finding's layer if it differs alone, else the place after it that differs,
        else the one layer that cannot be looked into if nothing was found, else the
        stage that decides; None where none of these is known.
    """
    if finding is not None:
        gap = isolated.gaps.get(finding.layer)
        if gap is not None and not gap.is_rounding:
            gates = _gates_at(finding.layer, gap.timestep, isolated)
            return Place(finding.layer, gap.timestep, gap.unit, gates)
        if finding.following:
            return Place(f"between {finding.layer} and {finding.following}")
        if number_of(finding.layer) is not None and gap is None:
            return Place(layer_of(finding.layer))  # the other side has no such run
    unseen = list(dict.fromkeys(map(layer_of, isolated.unseen)))
    if finding is None and len(unseen) == 1:  # all else was looked into
        return Place(unseen[0])
    if stage is not None and stage.verdict != SAME:
        return _place_of_stage(stage, isolated)
    if finding is not None and finding.layer:
        return Place(finding.layer)
    return None


def _place_of_stage(stage: StageResult, isolated: Isolated) -> Place:
    """The place that a stage shows: its layer if it is a final state, else itself."""
    unit = None
    if stage.worst is not None and len(stage.worst.index) > 1:
        unit = stage.worst.index[-1] + 1  # features last
    layer = stage.stage.rpartition(".")[0]
    if layer in isolated.kinds:
        return Place(layer, stage.timestep, unit)
    return Place(stage.stage, stage.timestep, unit)


# ------------------------------------------------------------------------------- gates


def _gates_at(layer: str, timestep: int | None, isolated: Isolated) -> tuple[str, ...]:
    """Gates of a layer that the weights of either side make differ in one step.

    Args:
        layer: its name.
        timestep: counted from 1; None where there are no steps.
        isolated: the twins at work.

    Returns:
        Gates as PyTorch names them; empty for a layer that is not recurrent. Of several
        layers and directions they are those of the first in which any differs.
    """
    if layer not in isolated.keras.recurrent_calls or not timestep:
        return ()
    call = isolated.keras.recurrent_calls[layer]
    step = timestep - 1  # counted from 0
    torch_sums = _gate_sums(call, isolated.weights["torch"][layer], step)
    keras_sums = _gate_sums(call, isolated.weights["keras"][layer], step)
    for ending, sums in torch_sums.items():
        differing = {
            gate.rstrip("'")  # a GRU's candidate is of two sums, n and n'
            for gate in sums
            if not near(sums[gate], keras_sums[ending][gate])
        }
        if differing:
            gates = cell_of(call.kind).gates
            if len(gates) == 1:  # the only one need not be named
                return ()
            return tuple(gate for gate in gates if gate in differing)
    return ()


def _gate_sums(
    call: Call, arrays: Arrays, step: int
) -> dict[str, dict[str, np.ndarray]]:
    """What the gates of a recurrent layer are functions of, in one step.

    Args:
        call: the layer at work.
        arrays: its parameters in the place of the call's own.
        step: counted from 0.

    Returns:
        By the ending of the parameters' names (such as "_l1_reverse") and by gate, as
        `Cell.sums` gives it.
    """
    cell = cell_of(call.kind)
    sums: dict[str, dict[str, np.ndarray]] = {}

    def watch(ending: str, number: int, x: np.ndarray, h: np.ndarray) -> None:
        if number != step:
            return
        own_arrays = {
            name.removesuffix(ending): array
            for name, array in as_layer(arrays).items()
            if name.endswith(ending)
        }
        sums[ending] = cell.sums(own_arrays, x, h)

    replace(call, arrays=arrays).run(watch=watch)
    return sums
