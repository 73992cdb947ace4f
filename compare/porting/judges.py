"""What runs the original faithfully: a port is compared with that.

A file of Keras 3 is loaded by Keras 3, and the port is compared with what comes of it.
An older file need not mean to Keras 3 what it meant when it was saved. There the port
is compared with the model rebuilt from configuration and arrays; and that one with the
file itself, loaded by tf-keras, which is Keras 2 kept alive, or by Keras 3 where it
agrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from compare.errors import BadInput
from compare.kinds.graph import ModelPlan
from compare.porting.confirming import Confirmation, confirmation
from compare.porting.reading import Saved

JudgeName = Literal["Keras 3", "tf-keras", "rebuilt in Keras 3", "PyTorch"]

REBUILT = "It was compared with the model rebuilt in Keras 3"


@dataclass(frozen=True)
class Judge:
    """What a port is compared with.

    Args:
        name: of what runs the original.
        reason: why this one, a sentence or two.
        model: of Keras 3, alive.
        confirmation: of the model, where it is not loaded from the file itself; None
            where nothing that is there loads the file.
    """

    name: JudgeName
    reason: str
    model: Any
    confirmation: Confirmation | None = None

    @property
    def is_confirmed(self) -> bool:
        """Whether nothing says that the model is another than the original."""
        return self.confirmation is None or self.confirmation.is_same


def judge_of(
    path: Path,
    saved: Saved,
    twin: Any,
    runs: Sequence[Sequence[np.ndarray]],
) -> Judge:
    """Choose what a port is compared with.

    Args:
        path: of the file.
        saved: what was read from it.
        twin: the model, rebuilt in Keras 3 from configuration and arrays.
        runs: inputs of each run, one array for each.
    """
    # Here, since they load Keras.
    from compare.in_keras import legacy
    from compare.in_keras import saved as loading

    if not saved.is_whole:
        return Judge(
            "rebuilt in Keras 3", f"{REBUILT}: the file holds weights alone.", twin
        )
    if not saved.is_loadable:
        return Judge(
            "rebuilt in Keras 3",
            f"{REBUILT}: no Keras was let load the file, whose configuration names "
            "what is not Keras's own, and would be run.",
            twin,
        )
    is_old = not saved.version.startswith("3")
    reasons = []
    if is_old:
        if legacy.is_installed():
            try:
                original = legacy.Original(path, saved.plan)
                result = confirmation(original, twin, runs)
            except BadInput as error:
                reasons.append(f"tf-keras does not run the file ({error})")
            else:
                who = f"tf-keras {original.version}"
                reason = f"{REBUILT}, and that one with the file itself, run by {who}"
                return Judge("tf-keras", _told(reason, result), twin, result)
        else:
            reasons.append("tf-keras, the extra `legacy`, is not installed")
    try:
        loaded = loading.Original(path)
        precisions = {*loaded.precisions} - {"float32"}
        if precisions:
            return Judge(
                "rebuilt in Keras 3",
                f"{REBUILT} in float32: the model in the file computes in "
                f"{', '.join(sorted(precisions))}, and the port in float32.",
                twin,
            )
        if not is_old and _is_admitted(saved.plan):
            reason = "It was compared with the model as Keras 3 loads it from the file."
            return Judge("Keras 3", reason, loaded.model)
        result = confirmation(loaded, twin, runs)
    except BadInput as error:
        reasons.append(f"Keras 3 does not load the file ({error})")
    else:
        if result.is_same:
            reason = f"{REBUILT}, and that one with the file itself, run by Keras 3"
            return Judge("Keras 3", _told(reason, result), twin, result)
        reasons.append(
            "Keras 3 loads the file and means something else by it "
            f"({result.widest.gap:.1e} apart)"
        )
    return Judge(
        "rebuilt in Keras 3",
        f"{REBUILT} from the configuration and the arrays, and layer by layer with the "
        f"suite's own computation in NumPy: {'; '.join(reasons)}.",
        twin,
    )


def _is_admitted(plan: ModelPlan) -> bool:
    """Whether TensorFlow takes the names of a model and of its layers for scopes."""
    from compare.in_keras.legal_names import legal_names

    names = [plan.name, *plan.layers]
    if any(legal_names([name])[name] != name for name in names):
        return False
    inside = [part for layer in plan.layers.values() for part in (layer, *layer.inside)]
    return all(_is_admitted(part.model) for part in inside if part.model is not None)


def _told(reason: str, result: Confirmation) -> str:
    """A reason with what the comparison came to."""
    widest = result.widest
    return (
        f"{reason}: {result.verdict} in {len(result.results)} results, gap "
        f"{widest.gap:.1e}, limit {widest.limit:.1e}."
    )
