"""Inputs and results with channels, which each model of a pair has in its own layout.

PyTorch's layers take (batch, channels, ...), and Keras's layers (batch, ..., channels):
sequences, images, volumes, and videos (batch, time, channels, height, width). Where a
user gives one array for both, and a model takes it in the other layout alone, each gets
it in its own. Arrays of the suite have the channels last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from compare.errors import BadInput
from compare.in_pytorch import channels
from compare.judging.arrays import by_field
from compare.judging.distances import distance
from compare.judging.layout import AS_GIVEN, Layout
from compare.judging.verdict import HORIZON
from compare.judging.words import Precision
from compare.subjects.own import weights
from compare.subjects.own.pair import OwnPair, input_name
from compare.twins.stages import StagesOfAll
from compare.twins.twins import Twins

SEQUENCE_AXES, IMAGE_AXES, VIDEO_AXES = 3, 4, 5  # with the batch and the channels
SINGLE: Precision = "float32"
ORDINALS = {1: "second", 2: "third"}
ORDERS = {1: "(batch, channels, ...)", 2: "(batch, time, channels, ...)"}
RESULTS_MOVED = "What PyTorch's model returns is compared with its channels last."


@dataclass(frozen=True)
class Built:
    """The twins of a pair as they were built.

    Args:
        twins: that were built.
        length: the number of steps that they are fixed to, or None.
        stages: what both models do on a sample; nothing where one of them refuses.
    """

    twins: Twins
    length: int | None
    stages: StagesOfAll


Build = Callable[[OwnPair, list[str]], Built]


@dataclass
class _Trial:
    """A pair in one layout, built and run on a sample.

    Args:
        pair: with the layout, and arrays that have the channels last.
        built: the twins; None where building was refused.
        notes: of building.
        error: what building raised.
        fitting: for each result, the axes of channels with which the shapes agree.
        is_alike_inside: whether what is named alike in both has the same shapes.
    """

    pair: OwnPair
    built: Built | None = None
    notes: Sequence[str] = ()
    error: BadInput | None = None
    fitting: Sequence[Sequence[int]] = ()
    is_alike_inside: bool = True

    @property
    def fits(self) -> bool:
        """Whether both models ran, and their results can have the same shapes."""
        return bool(self.fitting) and all(self.fitting)

    @property
    def is_alike(self) -> bool:
        """Whether shapes agree as results are, and in no other way."""
        return all(tuple(axes) == (0,) for axes in self.fitting)


def build_laid_out(
    pair: OwnPair, notes: list[str], build: Build
) -> tuple[OwnPair, Built]:
    """Build a pair, in another layout where its models do not run in the one given.

    Where several layouts fit, as with as many channels as steps, numbers decide: that
    one is taken in which the models are the same, if PyTorch's model takes its input
    for channels first as it is.

    Args:
        pair: what to build.
        notes: gets what `build` adds, and a sentence on the layouts.
        build: makes the twins, and adds notes.

    Raises:
        BadInput: as `build` does.
    """
    if pair.layout != AS_GIVEN:  # it was found before
        notes.append(pair.layout.note)
        return pair, build(pair, notes)
    if not any(map(_has_channels, pair.arrays)):
        return pair, build(pair, notes)
    chosen = _chosen(pair, build)
    assert chosen.built is not None
    if chosen.pair.layout.note:
        notes.append(chosen.pair.layout.note)
    notes += chosen.notes
    return chosen.pair, chosen.built


def _chosen(pair: OwnPair, build: Build) -> _Trial:
    """The trial of the layout in which a pair is judged.

    Raises:
        BadInput: if the pair cannot be built in any.
    """
    first = _tried(pair, build)
    others = list(_others(pair))
    is_open = False
    if first.fits and not first.is_alike_inside:
        # A model that picks channels picks rows in another layout, and goes on.
        for other in others:
            trial = _tried(other, build)
            if trial.fits and trial.is_alike_inside:
                return _with_results(trial, build) or _with_likely_results(trial, build)
    if first.fits:
        is_open = _is_open(first, others)
        if first.is_alike and not is_open:
            return first
        laid_out = _with_results(first, build)
        if laid_out is not None:
            return laid_out
        if not is_open and all(0 in axes for axes in first.fitting):
            return _with_likely_results(first, build)
    fallback: _Trial | None = None
    refused: BadInput | None = None
    for other in others:
        if not _may_run(first, other, is_open):
            continue
        trial = _tried(other, build)
        refused = refused or trial.error
        if not trial.fits:
            continue
        if trial.is_alike and not is_open:
            return trial
        laid_out = _with_results(trial, build)
        if laid_out is not None:
            return laid_out
        fallback = fallback or trial
    if fallback is not None:
        return _with_likely_results(fallback, build)
    if first.fits:
        return _with_likely_results(first, build)
    if first.error is not None:
        raise first.error
    # In this layout a model refuses x; in another both take it, and layers do not fit.
    if refused is not None and not (first.built and first.built.stages):
        raise refused
    return first


# ------------------------------------------------------------------------------ trials


def _tried(pair: OwnPair, build: Build) -> _Trial:
    """Build a pair in its layout, and run it on one sample."""
    notes: list[str] = []
    try:
        built = build(pair, notes)
    except BadInput as error:
        return _Trial(pair, error=error)
    if not built.stages or built.twins.outputs is None:
        return _Trial(pair, built, notes)
    torch, keras = built.stages["torch", SINGLE], built.stages["keras", SINGLE]
    fitting = []
    for name in built.twins.outputs:
        fitting.append(_fitting(torch[name], keras[name], pair.layout))
    is_alike_inside = all(
        torch[name].shape == keras[name].shape
        for name in torch.keys() & keras.keys() - set(built.twins.outputs)
    )
    return _Trial(pair, built, notes, None, fitting, is_alike_inside)


def _first_run(twins: Twins, pair: OwnPair) -> StagesOfAll | None:
    """What both models make of one sample; None where one of them refuses it.

    Where the models are of a fixed batch, they are given all samples.
    """
    if twins.refusals:
        return None
    stages, refusals = twins.run(*_sample(twins, pair))
    return None if refusals else stages


def _sample(twins: Twins, pair: OwnPair) -> tuple[np.ndarray, ...]:
    if twins.inputs[0].shape[0] is None:
        return tuple(array[:1] for array in pair.arrays)
    return pair.arrays


def _fitting(torch: np.ndarray, keras: np.ndarray, layout: Layout) -> list[int]:
    """The axes of PyTorch's channels, or 0, with which results have the same shape.

    A sequence is moved only where an input is: elsewhere a transposed one is a mistake.
    """
    axes = _axes(torch)
    if torch.ndim == SEQUENCE_AXES and not any(layout.inputs):
        axes = ()
    return [
        axis for axis in (0, *axes) if _moved_last(torch, axis).shape == keras.shape
    ]


def _moved_last(array: np.ndarray, axis: int) -> np.ndarray:
    return np.moveaxis(array, axis, -1) if axis else array


def _axes(array: np.ndarray) -> tuple[int, ...]:
    """The axes of an array that may be PyTorch's channels, beside the last."""
    least = SEQUENCE_AXES
    if array.dtype.kind != "f":  # bytes of images, but not indices of words
        least = IMAGE_AXES
    if array.ndim < least or array.dtype.kind == "b":
        return ()
    return (1, 2) if array.ndim == VIDEO_AXES else (1,)


def _has_channels(array: np.ndarray) -> bool:
    return bool(_axes(array))


# ----------------------------------------------------------------------- other layouts


def _others(pair: OwnPair) -> Iterator[OwnPair]:
    """The pair in other layouts: x as Keras's model takes it, then as PyTorch's does.

    Images are moved first, then all arrays, then each on its own.
    """
    for axes in _choices(pair.arrays):
        names = _shapes(pair, pair.arrays, axes)
        axis = max(axes)
        note = (
            f"PyTorch's model is given {names} with its last axis {ORDINALS[axis]}, "
            f"{ORDERS[axis]}; Keras's model is given {_word(axes)} as it is."
        )
        yield replace(pair, layout=Layout(axes, (), note))
    for axes in _choices(pair.arrays):
        last = tuple(
            np.ascontiguousarray(_moved_last(array, axis))
            for array, axis in zip(pair.arrays, axes, strict=True)
        )
        names = _shapes(pair, pair.arrays, axes)
        note = (
            f"{names} is {ORDERS[max(axes)]}, as PyTorch's model takes it; Keras's "
            f"model is given {_shapes(pair, last, axes, False)}, channels last."
        )
        yield replace(pair, arrays=last, layout=Layout(axes, (), note))


def _choices(arrays: Sequence[np.ndarray]) -> list[tuple[int, ...]]:
    """The axes of channels of each array that are tried together, the likely first."""
    choices = []
    for axis in (1, 2):
        for least in (IMAGE_AXES, SEQUENCE_AXES):
            axes = []
            for array in arrays:
                is_moved = array.ndim >= least and _has_channels(array)
                if axis == 2 and is_moved and array.ndim != VIDEO_AXES:
                    axes.append(1)
                else:
                    axes.append(axis if is_moved else 0)
            choices.append(tuple(axes))
        for number, array in enumerate(arrays):
            if axis in _axes(array):
                alone = [0] * len(arrays)
                alone[number] = axis
                choices.append(tuple(alone))
    return [axes for axes in dict.fromkeys(choices) if any(axes)]


def _shapes(
    pair: OwnPair,
    arrays: Sequence[np.ndarray],
    axes: Sequence[int],
    named: bool = True,
) -> str:
    """The arrays that are moved: `x (4, 3, 8, 8)`."""
    texts = []
    for number, (array, axis) in enumerate(zip(arrays, axes, strict=True)):
        if axis:
            name = f"{input_name(pair.names, number)} " if named else ""
            texts.append(f"{name}{array.shape}")
    return " and ".join(texts)


def _word(axes: Sequence[int]) -> str:
    return "it" if sum(map(bool, axes)) == 1 else "each"


def _is_open(first: _Trial, others: Sequence[OwnPair]) -> bool:
    """Whether PyTorch's model may take x for channels first, since shapes allow both.

    It takes an axis for channels that is as long as the last, and does not move it.
    """
    assert first.built is not None
    twin = first.built.twins.twin("torch", SINGLE)
    sample = _sample(first.built.twins, first.pair)
    for other in others:
        moved = [n for n, axis in enumerate(other.layout.inputs) if axis]
        if all(_stays_in_shape(first.pair, other, number) for number in moved):
            for number in moved:
                axis = other.layout.inputs[number]
                if channels.reads_at(twin, sample, number, axis):
                    return True
    return False


def _stays_in_shape(pair: OwnPair, other: OwnPair, number: int) -> bool:
    array, axis = pair.arrays[number], other.layout.inputs[number]
    return array.shape[axis] == array.shape[-1] and array.shape[axis] > 1


def _may_run(first: _Trial, other: OwnPair, ran: bool) -> bool:
    """Whether PyTorch's model takes what it would be given in another layout.

    Args:
        first: the pair as it was given.
        other: in the other layout.
        ran: whether the first one ran, and shapes leave the layout open.
    """
    if first.built is None or first.built.twins.refusals:
        return True
    twins = first.built.twins
    twin = twins.twin("torch", SINGLE)
    sample = []
    for array, axis in zip(_sample(twins, other), other.layout.inputs, strict=True):
        # A copy has the strides of its shape, which a `view` may need.
        sample.append(np.moveaxis(array, -1, axis).copy() if axis else array)
    moved = [number for number, axis in enumerate(other.layout.inputs) if axis]
    for number in moved:
        axis = other.layout.inputs[number]
        if ran and not channels.reads_at(twin, sample, number, axis):
            return False
    run = channels.Run(twin, sample)
    # A sequence is moved for a layer that has its channels second, and for no other.
    if all(other.arrays[number].ndim == SEQUENCE_AXES for number in moved):
        return run.is_whole and run.first is not None
    return run.is_whole


# ------------------------------------------------------------------ layouts of results


def _with_results(trial: _Trial, build: Build) -> _Trial | None:
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
            stages = _first_run(twins, trial.pair)
        if stages is None:
            return None
        axes = _nearest(stages, twins.outputs, trial.fitting)
        if _largest_distance(stages, twins.outputs, axes) < HORIZON:
            is_changed = direction == weights.RANDOM
            return _laid_out(trial, axes, build, is_changed)
    return None


def _with_likely_results(trial: _Trial, build: Build) -> _Trial:
    """The trial of models that differ: channels are where those of the inputs are."""
    axes = []
    for fitting_axes in trial.fitting:
        by_inputs = any(trial.pair.layout.inputs)
        axes.append(fitting_axes[-1] if by_inputs else fitting_axes[0])
    return _laid_out(trial, tuple(axes), build, is_changed=True)


def _nearest(
    stages: StagesOfAll, outputs: Sequence[str], fitting: Sequence[Sequence[int]]
) -> tuple[int, ...]:
    """Of the axes that fit each result, that with which the models are nearest."""
    axes = []
    for name, fitting_axes in zip(outputs, fitting, strict=True):
        torch, keras = stages["torch", SINGLE][name], stages["keras", SINGLE][name]
        distances = [distance(_moved_last(torch, axis), keras) for axis in fitting_axes]
        axes.append(fitting_axes[int(np.argmin(distances))])
    return tuple(axes)


def _largest_distance(
    stages: StagesOfAll, outputs: Sequence[str], axes: Sequence[int]
) -> float:
    distances = []
    for name, axis in zip(outputs, axes, strict=True):
        torch = _moved_last(stages["torch", SINGLE][name], axis)
        distances.append(distance(torch, stages["keras", SINGLE][name]))
    return max(distances)


def _laid_out(
    trial: _Trial, axes: tuple[int, ...], build: Build, is_changed: bool
) -> _Trial:
    """The trial with the axes of the channels of results.

    Args:
        trial: that ran.
        axes: of each result.
        build: makes the twins.
        is_changed: whether its twins have other weights by now than a user's own.
    """
    note = trial.pair.layout.note
    if any(axes):
        note = f"{note} {RESULTS_MOVED}".strip()
    layout = replace(trial.pair.layout, results=axes, note=note)
    pair = replace(trial.pair, layout=layout)
    if not any(axes) and not is_changed:
        return replace(trial, pair=pair)
    notes: list[str] = []
    return replace(trial, pair=pair, built=build(pair, notes), notes=notes)


# ------------------------------------------------------------------------------ calls


def given(layout: Layout, tensors: list[Any]) -> list[Any]:
    """Tensors, channels last, as PyTorch's model of a layout takes them.

    They stand in memory as a user's do: a model may `view` what it makes of them.
    """
    moved = []
    for number, tensor in enumerate(tensors):
        axis = layout.axis_of_input(number)
        if axis:
            tensor = tensor.movedim(-1, axis)
            # With one channel, contiguous() alone would keep the strides of channels
            # last, and a convolution would hand them on.
            tensor = tensor.flatten().view(tensor.shape)
        moved.append(tensor)
    return moved


def returned(layout: Layout, results: Any) -> Any:
    """What PyTorch's model of a layout returned, channels last.

    Results count as `compare.judging.arrays.flat` names them.
    """
    if not any(layout.results):
        return results
    return _returned(layout, results, iter(range(len(layout.results))))


def _returned(layout: Layout, results: Any, numbers: Iterator[int]) -> Any:
    results = by_field(results)
    if isinstance(results, dict):
        return {
            name: _returned(layout, results[name], numbers) for name in sorted(results)
        }
    if isinstance(results, list | tuple):
        return tuple(_returned(layout, result, numbers) for result in results)
    if results is None:
        return None
    axis = layout.axis_of_result(next(numbers, len(layout.results)))
    return results.movedim(axis, -1) if axis else results
