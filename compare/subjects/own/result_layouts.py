"""Where PyTorch's model has the channels in what it returns; loads both frameworks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from compare.judging.distances import distance
from compare.judging.verdict import HORIZON
from compare.subjects.own import weights
from compare.subjects.own.trials import (
    SINGLE,
    Build,
    Trial,
    axes_of_channels,
    first_run,
    moved_last,
)

# PyTorch comes first.
from compare.twins.stages import StagesOfAll

MOVED = "What PyTorch's model returns is compared with its channels last."


def with_same_results(trial: Trial, build: Build) -> Trial | None:
    """The trial with its results in the layout in which the models are the same.

    Own weights are tried first, or those that are transferred; then random ones.

    Returns:
        The trial, built anew where that is needed; None where the models differ.
    """
    assert trial.built is not None
    twins = trial.built.twins
    for direction, load in weights.loads(trial.pair, twins, []).items():
        stages: StagesOfAll | None = trial.built.stages
        if direction != weights.AS_IS:
            load(twins)
            stages = first_run(twins, trial.pair)
        if stages is None:
            return None
        axes = _nearest(stages, twins.outputs, trial.fitting)
        if _largest_distance(stages, twins.outputs, axes) < HORIZON:
            is_changed = direction == weights.RANDOM
            return _laid_out(trial, axes, build, is_changed)
    return None


def with_likely_results(trial: Trial, build: Build) -> Trial:
    """The trial of models that differ: channels are where those of the inputs are."""
    place = 0
    if any(trial.pair.layout.inputs):
        place = -1
    axes = tuple(fitting_axes[place] for fitting_axes in trial.fitting)
    return _laid_out(trial, axes, build, is_changed=True)


def with_channels_last(trial: Trial, build: Build) -> Trial:
    """The trial of models whose results differ in shape: as many channels are last."""
    assert trial.built is not None
    stages = trial.built.stages
    axes = []
    for name in trial.built.twins.outputs or ():
        torch, keras = stages["torch", SINGLE][name], stages["keras", SINGLE][name]
        axes.append(_axis_as_long(torch, keras))
    return _laid_out(trial, tuple(axes), build, is_changed=True)


def _axis_as_long(torch: np.ndarray, keras: np.ndarray) -> int:
    """The axis of PyTorch's result that may be Keras's channels; 0 where it is last."""
    if torch.ndim != keras.ndim:
        return 0
    for axis in axes_of_channels(torch):
        if torch.shape[axis] == keras.shape[-1]:
            return axis
    return 0


def _nearest(
    stages: StagesOfAll, outputs: Sequence[str], fitting: Sequence[Sequence[int]]
) -> tuple[int, ...]:
    """The axis of each result, among those that fit, with which models are nearest."""
    axes = []
    for name, fitting_axes in zip(outputs, fitting, strict=True):
        torch, keras = stages["torch", SINGLE][name], stages["keras", SINGLE][name]
        distances = [distance(moved_last(torch, axis), keras) for axis in fitting_axes]
        axes.append(fitting_axes[int(np.argmin(distances))])
    return tuple(axes)


def _largest_distance(
    stages: StagesOfAll, outputs: Sequence[str], axes: Sequence[int]
) -> float:
    """How far the models are apart in their results, with these axes last."""
    distances = []
    for name, axis in zip(outputs, axes, strict=True):
        torch = moved_last(stages["torch", SINGLE][name], axis)
        distances.append(distance(torch, stages["keras", SINGLE][name]))
    return max(distances)


def _laid_out(
    trial: Trial, axes: tuple[int, ...], build: Build, is_changed: bool
) -> Trial:
    """The trial with the axes of the channels of results.

    Args:
        trial: that ran.
        axes: of each result.
        build: makes the twins.
        is_changed: whether its twins have other weights by now than a user's own.
    """
    note = trial.pair.layout.note
    if any(axes):
        note = f"{note} {MOVED}".strip()
    layout = replace(trial.pair.layout, results=axes, note=note)
    pair = replace(trial.pair, layout=layout)
    if not any(axes) and not is_changed:
        return replace(trial, pair=pair)
    notes: list[str] = []
    return replace(trial, pair=pair, built=build(pair, notes), notes=notes)
