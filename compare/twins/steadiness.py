"""Whether a model gives the same result when it is called again; loads frameworks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from compare.in_pytorch import models as pytorch_models
from compare.judging.distances import NEAR, distance
from compare.judging.explanation import Explanation, listed
from compare.judging.result import SIDES
from compare.judging.words import Side
from compare.mistakes import MISTAKES
from compare.mistakes.drawing import drawing_layers
from compare.twins.frameworks import DRAWING, MODELS
from compare.twins.stages import Stages

if TYPE_CHECKING:
    from compare.twins.twins import Twins

STATES, DROPOUT = "states carried over", "dropout active"
SENTENCES = {
    STATES: "it begins with the states of the call before",
    DROPOUT: "dropout is active, as in training, or noise is added",
}


def unsteady(twins: Twins, arrays: tuple[np.ndarray, ...]) -> Explanation | None:
    """Why twins cannot be the same, where one of them is not the same as itself.

    Args:
        twins: loaded.
        arrays: one for each input, that both take.

    Returns:
        None where both give the same result twice.
    """
    precision = twins.precisions[-1]
    if twins.only32:  # a twin in float64 may be there, and refuse
        precision = "float32"
    for side in SIDES:
        twin = twins.twin(side, precision)
        with pytorch_models.untouched():
            gap, stage = _gap(*_twice(twin, arrays))
            if gap <= NEAR:
                continue
            name = STATES if _keeps_states(side, twin, arrays) else DROPOUT
            place, fix = "", _fix(name, side)
            if name == DROPOUT:
                place, fix = _drawing(side, twin, arrays)
        return Explanation(
            explained=True,
            faults=(name,),
            sentence=f"{SIDES[side]}'s model gives another result when it is called "
            f"again on the same input, first at {stage}: {SENTENCES[name]}{place}",
            fix=f"{SIDES[side]}: {fix}",
            indistinguishable_from=(),
            gap_before=gap,
            gap_after=None,
            limit=None,
            tried=len(SENTENCES),
            layer=stage,
        )
    return None


def _fix(name: str, side: Side) -> str:
    """What to change on a side that makes a mistake of the library."""
    mistake = next(mistake for mistake in MISTAKES if mistake.name == name)
    return mistake.torch if side == "torch" else mistake.keras


def _drawing(side: Side, twin: Any, arrays: Sequence[np.ndarray]) -> tuple[str, str]:
    """In which layers a model draws numbers, as the end of a sentence, and the fix."""
    adapter = DRAWING[side]
    layers = drawing_layers(
        adapter.layer_runs(twin, arrays), adapter.layer_runs(twin, arrays)
    )
    if not layers:
        return ", in the code between the layers", adapter.IN_CODE
    names = listed([f"`{layer.name}` ({layer.written})" for layer in layers])
    fixes = dict.fromkeys(layer.fix for layer in layers)
    return f", in {names}", "; and ".join(fixes)


def _twice(
    twin: Callable[..., Stages], arrays: Sequence[np.ndarray], seed: int | None = None
) -> tuple[Stages, Stages]:
    """Two runs on the same input, and between them one on the input turned round.

    States that are kept settle where one input is repeated: their last runs are alike.

    Args:
        twin: what to run.
        arrays: one for each input; those of more than two axes are turned along time.
        seed: of PyTorch's random numbers in each run; None lets them go on.
    """
    turned = [np.flip(a, 1).copy() if a.ndim > 2 else a for a in arrays]
    runs = []
    for inputs in (arrays, turned, arrays):
        if seed is not None:
            pytorch_models.draw_from(seed)
        runs.append(twin(*inputs))
    return runs[0], runs[2]


def _gap(run: Stages, again: Stages) -> tuple[float, str]:
    """How far apart two runs are at the first stage at which they are, and where."""
    for stage, array in run.items():
        if not np.array_equal(array, again[stage], equal_nan=True):  # NaN is steady
            gap = distance(array, again[stage])
            if not gap <= NEAR:  # nor is NaN, where one run alone has it
                return gap, stage
    return 0.0, ""


def _keeps_states(side: Side, twin: Any, arrays: Sequence[np.ndarray]) -> bool:
    """Whether it is states, and not random numbers, that differ in the next call."""
    states = MODELS[side].keeps_states(twin.model)
    if states is not None:
        return states
    gap, _ = _gap(*_twice(twin, arrays, seed=0))
    return gap > NEAR
