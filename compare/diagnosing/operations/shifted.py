"""Arrays of a norm that stand in one another's places, as in a list that is shifted."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from compare.diagnosing.operations.candidate import Candidate
from compare.diagnosing.operations.layer_calls import twins_at
from compare.diagnosing.operations.regions import Regions
from compare.diagnosing.operations.worded import Worded
from compare.judging.distances import near
from compare.judging.explanation import listed
from compare.judging.words import Side
from compare.kinds.layer import Arrays

AS_MADE: Mapping[str, float] = {
    "weight": 1.0,
    "bias": 0.0,
    "running_mean": 0.0,
    "running_var": 1.0,
}
SETTINGS: Mapping[str, str] = {"weight": "scale", "bias": "center"}  # of Keras
ROUNDED = 1e-6  # of the largest number, as float32 does


def shifted_arrays(change: Candidate, regions: Regions) -> Worded | None:
    """Say that PyTorch's norm holds arrays of Keras's norm in the wrong places.

    A Keras norm without a scale or an offset has fewer arrays, and so its list of
    weights begins with another one.

    Args:
        change: a step of PyTorch that does what one of Keras does.
        regions: where the twins differ.
    """
    twins = twins_at(change, regions)
    if twins is None:
        return None
    torch, keras = twins
    assert change.keras is not None  # since there are twins
    held = {n: a for n, a in torch.call.arrays.items() if n != "num_batches_tracked"}
    if not held or not {*held} <= {*AS_MADE}:
        return None  # no norm, or one without arrays
    right = _completed(held, keras.call.arrays)
    missing = [name for name in held if _is_as_made(name, right)]
    if not missing:
        return None  # where both have as many, layers are compared array by array
    parts = []
    for name, array in held.items():
        if near(array, right[name], ROUNDED):
            continue
        source = _source(array, name, right)
        if source is not None:
            parts.append(f"{name} holds what belongs in {source}")
        elif _is_as_made(name, held):
            parts.append(f"{name} is as it was made")
        else:
            return None
    if not any("belongs" in part for part in parts):
        return None
    layer, keras_layer = change.torch.layer, change.keras.layer
    settings = [SETTINGS[name] for name in missing if name in SETTINGS]
    if not settings:
        return None
    off = listed([f"{setting}=False" for setting in settings])
    sentence = f"in {layer} of PyTorch, {listed(parts)}: {keras_layer} of Keras has "
    sentence += f"{off}, and so a shorter list of weights"
    fills = [f"{name} to {_number_in_words(AS_MADE[name])}" for name in missing]
    on = ", ".join(f"{setting}=True" for setting in settings)
    fixes: dict[Side, str] = {
        "torch": f"PyTorch: set each array of {layer} to its own numbers, "
        f"{listed(fills)}",
        "keras": f"Keras: {on} in {keras_layer}, with the arrays of PyTorch",
    }
    return Worded("arrays of a norm in one another's places", sentence, fixes)


def _is_as_made(name: str, arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether an array is as a new layer has it, as one that is left out."""
    return bool((arrays[name] == AS_MADE[name]).all())


def _completed(held: Arrays, arrays: Arrays) -> dict[str, np.ndarray]:
    """The arrays of Keras's norm, with those that it lacks as they are made."""
    size = len(next(iter(held.values())))
    completed = {}
    for name in held:
        made = np.full(size, AS_MADE[name])
        completed[name] = np.asarray(arrays.get(name, made))
    return completed


def _source(
    array: np.ndarray, name: str, right: Mapping[str, np.ndarray]
) -> str | None:
    """The array that stands in the place of another one; None where none does."""
    for source, numbers in right.items():
        if source != name and near(array, numbers, ROUNDED):
            return source
    return None


def _number_in_words(number: float) -> str:
    return "ones" if number else "zeros"
