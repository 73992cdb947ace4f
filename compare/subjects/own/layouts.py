"""Images and volumes that each model of a pair takes, and returns, in its own layout.

PyTorch's models take (batch, channels, height, width), and Keras's models (batch,
height, width, channels). Where a user gives one array for both, and a model takes it
in the other layout alone, each gets it in its own. Films have their steps before the
channels in PyTorch: (batch, steps, channels, height, width). Arrays of the suite have
the channels last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from compare.errors import BadInput
from compare.judging.words import Precision
from compare.subjects.own.pair import Layout, OwnPair
from compare.twins.stages import StagesOfAll
from compare.twins.twins import Twins

LEAST_AXES = 4  # of an image: with fewer, the axes between are time, or none
FILM_AXES = 5  # of a film, and of a volume
SINGLE: Precision = "float32"

# Layouts of inputs that are tried, with what is said of the results.
LAYOUTS: tuple[tuple[str, Layout], ...] = (
    ("", "inputs"),
    (", and so its results", "inputs and results"),
)
LAYOUTS_OF_FILMS: tuple[tuple[str, Layout], ...] = (
    ("", "films"),
    (", and so its results", "films and results"),
)

# The twins of a pair, and the number of steps that they are fixed to, or None.
Built = tuple[Twins, int | None]
Build = Callable[[OwnPair, list[str]], Built]


def build_laid_out(
    pair: OwnPair, notes: list[str], build: Build
) -> tuple[OwnPair, Twins, int | None]:
    """Build a pair, in another layout where its models do not run in the one given.

    Args:
        pair: what to build.
        notes: gets what `build` adds, and a sentence on the layouts.
        build: makes the twins, and adds notes.

    Raises:
        BadInput: as `build` does.
    """
    if not any(map(_is_image, pair.arrays)):
        return pair, *build(pair, notes)
    of_build: list[str] = []
    refused: BadInput | None = None
    refused_otherwise: BadInput | None = None
    built: Built | None = None
    is_refused = runs = False
    try:
        built = build(pair, of_build)
        stages = _first_run(built[0], pair)
        is_refused = stages is None
        runs = _agree_in_shape(built[0], stages)
        if runs and _agree_inside(stages):
            notes += of_build
            return pair, *built
    except BadInput as error:
        refused = error
    for other, note in _others(pair):
        of_other: list[str] = []
        try:
            built_otherwise = build(other, of_other)
        except BadInput as error:
            refused_otherwise = refused_otherwise or error
            continue
        twins = built_otherwise[0]
        stages = _first_run(twins, other)
        # A model that picks channels picks rows in another layout, and goes on.
        if _agree_in_shape(twins, stages) and (not runs or _agree_inside(stages)):
            notes += [note, *of_other]
            return other, *built_otherwise
    if built is None:
        assert refused is not None
        raise refused
    # In this layout a model refuses x; in another both take it, and layers do not fit.
    if refused_otherwise is not None and is_refused:
        raise refused_otherwise
    notes += of_build
    return pair, *built


def _is_image(array: np.ndarray) -> bool:
    return array.ndim >= LEAST_AXES and array.dtype.kind == "f"


def _first_run(twins: Twins, pair: OwnPair) -> StagesOfAll | None:
    """What both models make of one sample; None where one of them refuses it.

    Where the models are of a fixed batch, they are given all samples.
    """
    if twins.refusals:
        return None
    arrays = pair.arrays
    if twins.inputs[0].shape[0] is None:
        arrays = tuple(array[:1] for array in arrays)
    stages, refusals = twins.run(*arrays)
    return None if refusals else stages


def _agree_in_shape(twins: Twins, stages: StagesOfAll | None) -> bool:
    """Whether both models ran, and their results have the same shapes."""
    if stages is None or twins.outputs is None:
        return False
    torch, keras = stages["torch", SINGLE], stages["keras", SINGLE]
    return all(torch[name].shape == keras[name].shape for name in twins.outputs)


def _agree_inside(stages: StagesOfAll | None) -> bool:
    """Whether both models ran, and what is named alike in both has the same shapes."""
    if stages is None:
        return False
    torch, keras = stages["torch", SINGLE], stages["keras", SINGLE]
    return all(
        torch[name].shape == keras[name].shape for name in torch.keys() & keras.keys()
    )


def _others(pair: OwnPair) -> Iterator[tuple[OwnPair, str]]:
    """The pair in other layouts, with the sentence that says which it is."""
    last = tuple(
        np.ascontiguousarray(np.moveaxis(array, 1, -1)) if _is_image(array) else array
        for array in pair.arrays
    )
    inputs = _shapes(pair.arrays)
    moved = _shapes(last)
    for also, layout in LAYOUTS:
        to_torch = (
            f"PyTorch's model is given x {inputs} with its last axis second, (batch, "
            f"channels, ...){also}; Keras's model is given x as it is."
        )
        yield replace(pair, layout=layout), to_torch
        to_keras = (
            f"x {inputs} is (batch, channels, ...), as PyTorch's model takes it{also}; "
            f"Keras's model is given {moved}, channels last."
        )
        yield replace(pair, arrays=last, layout=layout), to_keras
    if any(map(_is_film, pair.arrays)):
        yield from _as_films(pair)
    yield (
        replace(pair, layout="results"),
        "PyTorch's model returns (batch, channels, ...), and Keras's model channels "
        "last: compared with the channels last.",
    )


def _is_film(array: np.ndarray) -> bool:
    return _is_image(array) and array.ndim == FILM_AXES


def _as_films(pair: OwnPair) -> Iterator[tuple[OwnPair, str]]:
    """The pair with the channels of films third in PyTorch, and the sentence on it."""
    last = tuple(
        np.ascontiguousarray(np.moveaxis(array, 2, -1)) if _is_film(array) else array
        for array in pair.arrays
    )
    inputs = _shapes(pair.arrays)
    for also, layout in LAYOUTS_OF_FILMS:
        to_torch = (
            f"PyTorch's model is given x {inputs} with its last axis third, (batch, "
            f"steps, channels, ...){also}; Keras's model is given x as it is."
        )
        yield replace(pair, layout=layout), to_torch
        to_keras = (
            f"x {inputs} is (batch, steps, channels, ...), as PyTorch's model takes "
            f"it{also}; Keras's model is given {_shapes(last)}, channels last."
        )
        yield replace(pair, arrays=last, layout=layout), to_keras


def _shapes(arrays: tuple[np.ndarray, ...]) -> str:
    return ", ".join(str(array.shape) for array in arrays if _is_image(array))


def given(layout: Layout, tensors: list[Any]) -> list[Any]:
    """Tensors, channels last, as PyTorch's model of a layout takes them.

    They stand in memory as a user's do: a model may `view` what it makes of them.
    """
    if layout in ("", "results"):
        return tensors
    return [_moved(layout, tensor) for tensor in tensors]


def _moved(layout: Layout, tensor: Any) -> Any:
    """An image with its channels where PyTorch's model has them; others as they are."""
    if tensor.ndim < LEAST_AXES or not tensor.is_floating_point():
        return tensor
    moved = tensor.movedim(-1, _channels_axis(layout, tensor.ndim))
    # With a single channel, contiguous() alone would keep strides of channels last, and
    # a convolution would hand them on.
    return moved.flatten().view(moved.shape)


def returned(layout: Layout, results: Any) -> Any:
    """What PyTorch's model of a layout returned, channels last."""
    if not layout.endswith("results"):
        return results
    if isinstance(results, dict):
        return {name: returned(layout, result) for name, result in results.items()}
    if isinstance(results, list | tuple):
        return tuple(returned(layout, result) for result in results)
    axes = getattr(results, "ndim", 0)
    if axes >= LEAST_AXES:
        return results.movedim(_channels_axis(layout, axes), -1)
    return results


def _channels_axis(layout: Layout, axes: int) -> int:
    """Where PyTorch's model has the channels of a tensor of so many axes."""
    return 2 if layout.startswith("films") and axes == FILM_AXES else 1
