"""What a verdict is worth: which named mistakes would this very run have noticed?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from compare.in_pytorch import anatomy as in_pytorch_anatomy
from compare.in_pytorch import mistakes as pytorch_mistakes
from compare.judging.evidence import SAME, Sensitivity, Survivor
from compare.kinds.mistake import LossFactor
from compare.mistakes import MISTAKES
from compare.mistakes.anatomy import applies
from compare.twins import injecting as twins_injecting

if TYPE_CHECKING:
    from compare.twins.twins import Twins

TRIES = 12  # draws before a mistake is held to change nothing: signs alone are chance
EQUIVALENT = f"equivalent on this model: {TRIES} random draws do not show it either"
HERE = (
    "these inputs or weights cannot show it: give inputs of either sign, other weights"
)


def sensitivity(
    pair: str,
    twins: Twins,
    arrays: tuple[np.ndarray, ...],
    before: Sensitivity | None = None,
) -> Sensitivity:
    """Make every mistake that can be made in a twin, and judge as the run does.

    PyTorch's twin gets the mistake, in both precisions, and is compared with Keras's as
    it is. A mistake that makes the model refuse its input is noticed as well.

    Args:
        pair: its name.
        twins: loaded, and the same on these arrays.
        arrays: one for each input.
        before: what other weights showed; only what survived there is tried again.
    """
    stages, _ = twins.run(*arrays)
    found = in_pytorch_anatomy.anatomy(twins.twins["torch", "float64"], arrays)
    survivors, tried = [], 0
    again = before and {(each.fault, each.layer) for each in before.survivors}
    for layer in found.kinds:
        for mistake in MISTAKES:
            if again is not None and (mistake.name, layer) not in again:
                continue
            if applies(mistake, layer, found):
                tried += 1
                wrong = _with_mistake(
                    twins, arrays, mistake, layer, found.behind(layer)
                )
                if wrong and twins.judge(stages | wrong, arrays)["verdict"] == SAME:
                    survivors.append(Survivor(mistake.name, layer, mistake.sentence))
    tried = before.faults if before else tried
    return Sensitivity(pair, tried - len(survivors), tried, tuple(survivors))


def of_loss(
    pair: str,
    twins: Twins,
    loss: str,
    arrays: tuple[np.ndarray, ...],
    targets: Sequence[np.ndarray],
) -> Sensitivity:
    """Make every mistake that can be made in a loss in PyTorch's, and judge gradients.

    Args:
        pair: its name.
        twins: loaded; their gradients are the same.
        loss: name of the loss.
        arrays: one for each input.
        targets: one for each result that counts.
    """
    mistakes = [
        mistake
        for mistake in MISTAKES
        if isinstance(mistake.effect, LossFactor)
        and loss in mistake.kinds
        and any(mistake.effect.factor(target.shape) is not None for target in targets)
    ]
    survivors = []
    for mistake in mistakes:
        with twins_injecting.injected_everywhere(twins, mistake.effect):
            judged = twins.gradients(loss, arrays, targets)
        if judged["verdict"] == SAME:
            survivors.append(Survivor(mistake.name, "loss", mistake.sentence, HERE))
    tried = len(mistakes)
    return Sensitivity(pair, tried - len(survivors), tried, tuple(survivors), loss)


def with_reasons(
    found: Sensitivity,
    twins: Twins,
    arrays: tuple[np.ndarray, ...],
    reload: Callable[[int], None],
) -> Sensitivity:
    """The same, with the reason for each survivor: other weights and inputs tell.

    Args:
        found: with survivors.
        twins: their weights are changed.
        arrays: what they ran on; floats are drawn anew, of either sign.
        reload: draws weights from a seed and gives them to the twins.
    """
    last = found
    for seed in range(TRIES):
        if not last.survivors:
            break
        reload(seed)
        rng = np.random.default_rng(seed)
        drawn = tuple(
            rng.normal(0, 2, a.shape).astype(a.dtype) if a.dtype.kind == "f" else a
            for a in arrays
        )
        last = sensitivity(found.pair, twins, drawn, last)
    never = {(each.fault, each.layer) for each in last.survivors}
    survivors = (
        replace(each, reason=EQUIVALENT if (each.fault, each.layer) in never else HERE)
        for each in found.survivors
    )
    return replace(found, survivors=tuple(survivors))


def _with_mistake(twins, arrays, mistake, layer, behind):
    """The stages of PyTorch's twins with a mistake; nothing where they refuse."""
    stages = {}
    for side, dtype in twins.twins:
        if side == "torch":
            twin = twins.twins[side, dtype]
            with pytorch_mistakes.injected(twin, mistake.effect, layer, behind):
                try:
                    stages[side, dtype] = twin(*arrays)
                except (ValueError, RuntimeError, IndexError):
                    return {}
    return stages
