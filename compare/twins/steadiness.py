"""Whether a model gives the same result when it is called again; loads frameworks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from compare.in_keras import names as in_keras_names
from compare.in_pytorch import twin as in_pytorch
from compare.judging.distances import NEAR, distance
from compare.judging.evidence import SIDES
from compare.judging.explanation import Explanation
from compare.mistakes import MISTAKES

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
    for (side, dtype), twin in twins.twins.items():
        if dtype != twins.dtypes[-1]:
            continue
        with in_pytorch.torch.random.fork_rng(devices=[]):
            gap, stage = _gap(*_twice(twin, arrays))
            if gap <= NEAR:
                continue
            name = STATES if _keeps_states(side, twin, arrays) else DROPOUT
        mistake = next(mistake for mistake in MISTAKES if mistake.name == name)
        return Explanation(
            explained=True,
            faults=(name,),
            sentence=f"{SIDES[side]}'s model gives another result when it is called "
            f"again on the same input, first at {stage}: {SENTENCES[name]}",
            fix=f"{SIDES[side]}: {getattr(mistake, side)}",
            indistinguishable_from=(),
            gap_before=gap,
            gap_after=None,
            limit=None,
            tried=len(SENTENCES),
            layer=stage,
        )
    return None


def _twice(twin, arrays, seed=None):
    """Two runs on the same input, and between them one on the input turned round.

    States that are kept settle where one input is repeated: their last runs are alike.
    """
    other = [np.flip(a, 1).copy() if a.ndim > 2 else a for a in arrays]
    runs = []
    for given in (arrays, other, arrays):
        if seed is not None:
            in_pytorch.torch.manual_seed(seed)
        runs.append(twin(*given))
    return runs[0], runs[2]


def _gap(first, second):
    """How far apart two runs are at the first stage at which they are, and where."""
    for stage, array in first.items():
        if not np.array_equal(array, second[stage], equal_nan=True):  # NaN is steady
            gap = distance(array, second[stage])
            if not gap <= NEAR:
                return gap, stage
    return 0.0, ""


def _keeps_states(side, twin, arrays):
    """Whether it is states, and not random numbers, that differ in the next call."""
    if side == "keras":
        model = in_keras_names.unnamed(twin.model)
        return any(getattr(each, "stateful", False) for each in model._flatten_layers())
    return _gap(*_twice(twin, arrays, seed=0))[0] > NEAR
