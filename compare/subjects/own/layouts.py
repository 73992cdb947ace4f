"""Images and volumes that each model of a pair takes, and returns, in its own layout.

PyTorch's models take (batch, channels, height, width), and Keras's models (batch,
height, width, channels). Where a user gives one array for both, and a model takes it
in the other layout alone, each gets it in its own. Arrays of the suite have the
channels last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from compare.errors import BadInput
from compare.judging.words import Precision
from compare.subjects.own.pair import Layout, OwnPair
from compare.twins.stages import StagesOfAll
from compare.twins.twins import Twins

LEAST_AXES = 4  # of an image: with fewer, the axes between are time, or none
SINGLE: Precision = "float32"

# Layouts of inputs that are tried, with what is said of the results.
LAYOUTS: tuple[tuple[str, Layout], ...] = (
    ("", "inputs"),
    (", and so its results", "inputs and results"),
)


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


def build_laid_out(
    pair: OwnPair, notes: list[str], build: Build
) -> tuple[OwnPair, Built]:
    """Build a pair, in another layout where its models do not run in the one given.

    Args:
        pair: what to build.
        notes: gets what `build` adds, and a sentence on the layouts.
        build: makes the twins, and adds notes.

    Raises:
        BadInput: as `build` does.
    """
    if not any(map(_is_image, pair.arrays)):
        return pair, build(pair, notes)
    of_build: list[str] = []
    refused: BadInput | None = None
    refused_otherwise: BadInput | None = None
    built: Built | None = None
    is_refused = False
    try:
        built = build(pair, of_build)
        is_refused = not built.stages
        if _agree_in_shape(built):
            notes += of_build
            return pair, built
    except BadInput as error:
        refused = error
    for other, note in _others(pair):
        of_other: list[str] = []
        try:
            built_otherwise = build(other, of_other)
        except BadInput as error:
            refused_otherwise = refused_otherwise or error
            continue
        if _agree_in_shape(built_otherwise):
            notes += [note, *of_other]
            return other, built_otherwise
    if built is None:
        assert refused is not None
        raise refused
    # In this layout a model refuses x; in another both take it, and layers do not fit.
    if refused_otherwise is not None and is_refused:
        raise refused_otherwise
    notes += of_build
    return pair, built


def _is_image(array: np.ndarray) -> bool:
    return array.ndim >= LEAST_AXES and array.dtype.kind == "f"


def _agree_in_shape(built: Built) -> bool:
    """Whether both models ran, and their results have the same shapes."""
    if not built.stages or built.twins.outputs is None:
        return False
    torch, keras = built.stages["torch", SINGLE], built.stages["keras", SINGLE]
    return all(torch[name].shape == keras[name].shape for name in built.twins.outputs)


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
    yield (
        replace(pair, layout="results"),
        "PyTorch's model returns (batch, channels, ...), and Keras's model channels "
        "last: compared with the channels last.",
    )


def _shapes(arrays: tuple[np.ndarray, ...]) -> str:
    return ", ".join(str(array.shape) for array in arrays if _is_image(array))


def given(layout: Layout, tensors: list[Any]) -> list[Any]:
    """Tensors, channels last, as PyTorch's model of a layout takes them."""
    if not layout.startswith("inputs"):
        return tensors
    return [
        tensor.movedim(-1, 1)
        if tensor.ndim >= LEAST_AXES and tensor.is_floating_point()
        else tensor
        for tensor in tensors
    ]


def returned(layout: Layout, results: Any) -> Any:
    """What PyTorch's model of a layout returned, channels last."""
    if not layout.endswith("results"):
        return results
    if isinstance(results, dict):
        return {name: returned(layout, result) for name, result in results.items()}
    if isinstance(results, list | tuple):
        return tuple(returned(layout, result) for result in results)
    if getattr(results, "ndim", 0) >= LEAST_AXES:
        return results.movedim(1, -1)
    return results
