"""Convolutions whose input the model pads itself, or whose output it cuts.

PyTorch's user pads before the layer, or cuts off what is too much after it; Keras's
layer pads by itself, padding="causal" or "same", but with zeros alone. So one function
may show in inputs and outputs of other lengths. Here each side is shown with the input
as it was before, and what is put around it as padding of the layer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from compare.kinds import CONVOLUTION
from compare.kinds.convolution import FILLING, MODES, padded
from compare.kinds.mistake import Effect, Handover, JoinedInput, LayerInput
from compare.kinds.option import Options, Value
from compare.kinds.windows import Around, around, reaches, windows_cut
from compare.mistakes.anatomy import Anatomy

IMAGE = 4  # axes: (batch, height, width, channels)
ZEROS = "zeros"
MOST_ALIKE = 4  # numbers next to an end that two ways to pad may have in common


@dataclass(frozen=True)
class Surroundings:
    """What PyTorch's model does before and after a convolution.

    Args:
        zeros: how many it puts before and after each axis of the input.
        cut: how many windows it cuts off the end of the output, along its first axis,
            which is time.
        filling: what it puts there instead of zeros, one of `MODES`.
    """

    zeros: Around
    cut: int = 0
    filling: str = ZEROS

    def padded(self, x: np.ndarray) -> np.ndarray:
        """The input as the layer is given it, (batch, *spatial, features)."""
        return padded(x, self.zeros, {FILLING: self.filling})

    def bare(self, x: np.ndarray) -> np.ndarray:
        """What the layer is given, (batch, *spatial, features), without the zeros."""
        sizes = x.shape[1:-1]
        within = tuple(
            slice(before, size - after)
            for size, (before, after) in zip(sizes, self.zeros, strict=True)
        )
        return x[(slice(None), *within)]

    def handed_on(self, output: np.ndarray) -> np.ndarray:
        """What stays of the layer's output, (batch, *windows, features)."""
        return output[:, : output.shape[1] - self.cut]

    def before_cutting(self, output: np.ndarray) -> np.ndarray:
        """An output of which this stays, with zeros for what is cut off."""
        edges = [(0, 0)] * output.ndim
        edges[1] = (0, self.cut)
        return np.pad(output, edges)


def surroundings(
    relayed: Anatomy, keras: Anatomy
) -> tuple[dict[str, Surroundings], Anatomy]:
    """See what PyTorch's model does around its convolutions.

    Args:
        relayed: what PyTorch's twin does where its layers hand on what Keras's do.
        keras: what Keras's twin does.

    Returns:
        By layer; none of layers around which nothing is done. And Keras's anatomy,
        with what its own model pads as padding of the layer.
    """
    by_layer = {}
    for layer, kind in relayed.kinds.items():
        if kind not in CONVOLUTION or layer not in keras.layer_outputs:
            continue
        if keras.kinds.get(layer) not in CONVOLUTION:
            continue  # a name that a layer of another kind has too, such as Dense
        torch_x, keras_x = relayed.layer_inputs[layer], keras.layer_inputs[layer]
        if torch_x.ndim != keras_x.ndim or torch_x.ndim < 3:
            continue
        zeros = _zeros_around(torch_x, keras_x)
        zeros_in_keras = _zeros_around(keras_x, torch_x)
        turned = torch_x.swapaxes(1, 2)  # height and width in each other's place
        if torch_x.ndim == IMAGE and _is_padded(turned, keras_x):
            zeros = _zeros_around(turned, keras_x)
            zeros = None if zeros is None else zeros[::-1]
            zeros_in_keras = _zeros_around(keras_x, turned)
        around_torch = _filled_around(torch_x, keras_x, relayed.options[layer])
        around_keras = _filled_around(keras_x, torch_x, keras.options[layer])
        if around_torch is None and zeros is not None:
            around_torch = Surroundings(zeros)
        if around_keras is None and zeros_in_keras is not None:
            around_keras = Surroundings(zeros_in_keras)
        of_both = _filled_around_both(
            (torch_x, relayed.options[layer]), (keras_x, keras.options[layer])
        )
        if of_both is not None:
            around_torch, around_keras = of_both
        if around_torch is not None:
            by_layer[layer] = around_torch
        if around_keras is not None:
            keras = as_bare(keras, {layer: around_keras})
        if layer in relayed.layer_outputs:
            num_windows = relayed.layer_outputs[layer].shape[1]
            num_kept = keras.layer_outputs[layer].shape[1]
            padding = keras.options[layer]["padding"]
            cut = windows_cut(padding, num_windows, num_kept)
            if cut:
                nothing = Surroundings(((0, 0),) * (torch_x.ndim - 2))
                surrounding = by_layer.get(layer, nothing)
                by_layer[layer] = replace(surrounding, cut=cut)
    return by_layer, keras


def _is_padded(one: np.ndarray, another: np.ndarray) -> bool:
    """Whether one of two arrays is the other with zeros around it.

    Args:
        one: (batch, *spatial, features).
        another: the same.
    """
    for longer, shorter in ((one, another), (another, one)):
        zeros = _zeros_around(longer, shorter)
        if zeros is None:
            continue
        return np.array_equal(Surroundings(zeros).bare(longer), shorter)
    return False


def _zeros_around(longer: np.ndarray, shorter: np.ndarray) -> Around | None:
    """How many zeros stand before and after each axis of what is longer.

    Args:
        longer: (batch, *spatial, features), perhaps padded.
        shorter: what may be in it, or stand in the place of what is in it.

    Returns:
        None unless it is longer, and has zeros around.
    """
    if longer.shape[0] != shorter.shape[0] or longer.shape[-1] != shorter.shape[-1]:
        return None
    added = [
        more - less
        for more, less in zip(longer.shape[1:-1], shorter.shape[1:-1], strict=True)
    ]
    if min(added) < 0 or not any(added):
        return None
    possible = [
        _starts(longer, axis, steps) for axis, steps in enumerate(added, start=1)
    ]
    if not all(possible):
        return None
    for starts in product(*possible):
        zeros = tuple(
            (before, steps - before)
            for before, steps in zip(starts, added, strict=True)
        )
        if np.array_equal(Surroundings(zeros).bare(longer), shorter):
            return zeros
    return tuple(
        (starts[0], steps - starts[0])
        for starts, steps in zip(possible, added, strict=True)
    )


def _filled_around(
    longer: np.ndarray, shorter: np.ndarray, options: Options
) -> Surroundings | None:
    """What stands around an input that is another one with its own numbers around it.

    Args:
        longer: (batch, *spatial, features), perhaps padded.
        shorter: what may be in it.
        options: of the layer that is given the longer one.

    Returns:
        None unless it is that, in one of `MODES`, and the layer itself adds nothing.
    """
    if longer.shape[0] != shorter.shape[0] or longer.shape[-1] != shorter.shape[-1]:
        return None
    sizes = shorter.shape[1:-1]
    added = [more - less for more, less in zip(longer.shape[1:-1], sizes, strict=True)]
    if min(added) < 0 or not any(added) or min(sizes) < 1:
        return None
    own = around(options["padding"], longer.shape[1:-1], *window_size(options))
    if any(map(any, own)):
        return None
    for starts in product(*[range(steps + 1) for steps in added]):
        edges = tuple(
            (before, steps - before)
            for before, steps in zip(starts, added, strict=True)
        )
        if not np.array_equal(Surroundings(edges).bare(longer), shorter):
            continue
        filled = _filled_with(longer, edges)
        if filled is not None:
            return None if filled.filling == ZEROS else filled
    return None


def _filled_around_both(
    torch: tuple[np.ndarray, Options], keras: tuple[np.ndarray, Options]
) -> tuple[Surroundings, Surroundings] | None:
    """What stands around the inputs of both layers, which are the same within.

    Args:
        torch: what PyTorch's layer is given, (batch, *spatial, features); its options.
        keras: the same of Keras.

    Returns:
        None unless both are padded as far, with something else, and by no layer.
    """
    torch_x, keras_x = torch[0], keras[0]
    if torch_x.shape != keras_x.shape or np.array_equal(torch_x, keras_x):
        return None
    if _pads_itself(*torch) or _pads_itself(*keras):
        return None
    is_alike = (torch_x == keras_x).all(axis=(0, -1))
    within = np.argwhere(is_alike)
    if not len(within):
        return None
    possible = []
    for axis, size in enumerate(is_alike.shape):
        before, after = within[:, axis].min(), size - 1 - within[:, axis].max()
        # Some ways to pad put the same next to an end, and differ further out.
        possible += [
            range(before, before + MOST_ALIKE),
            range(after, after + MOST_ALIKE),
        ]
    for numbers in product(*possible):
        edges = tuple(zip(numbers[::2], numbers[1::2], strict=True))
        bare = Surroundings(edges).bare(torch_x)
        if not bare.size or not np.array_equal(bare, Surroundings(edges).bare(keras_x)):
            continue
        of_torch, of_keras = _filled_with(torch_x, edges), _filled_with(keras_x, edges)
        if of_torch is not None and of_keras is not None:
            return of_torch, of_keras
    return None


def _filled_with(x: np.ndarray, edges: Around) -> Surroundings | None:
    """With what an input is padded so far; None where no way to pad makes it."""
    bare = Surroundings(edges).bare(x)
    for mode in (ZEROS, *MODES):
        filled = Surroundings(edges, filling=mode)
        if np.array_equal(filled.padded(bare), x):
            return filled
    return None


def _pads_itself(x: np.ndarray, options: Options) -> bool:
    """Whether a layer with these options puts something around its input."""
    own = around(options["padding"], x.shape[1:-1], *window_size(options))
    return any(map(any, own))


def _starts(x: np.ndarray, axis: int, added: int) -> list[int]:
    """How many zeros may stand before an axis if so many stand around it."""
    axes = tuple(number for number in range(x.ndim) if number != axis)
    is_zero = np.atleast_1d(~x.any(axis=axes))
    num_kept = len(is_zero) - added
    return [
        before
        for before in range(added + 1)
        if is_zero[:before].all() and is_zero[before + num_kept :].all()
    ]


def as_bare(anatomy: Anatomy, surroundings: Mapping[str, Surroundings]) -> Anatomy:
    """Show convolutions with what the model does around them as a part of them.

    Args:
        anatomy: what one side does.
        surroundings: what that side's model does, by layer.
    """
    inputs, outputs = dict(anatomy.layer_inputs), dict(anatomy.layer_outputs)
    options: dict[str, dict[str, Value]] = {
        layer: dict(settings) for layer, settings in anatomy.options.items()
    }
    for layer, surrounding in surroundings.items():
        if layer not in inputs or layer not in outputs:
            continue
        x, layer_options = inputs[layer], options[layer]
        reaches, strides = window_size(layer_options)
        inputs[layer] = surrounding.bare(x)
        outputs[layer] = surrounding.handed_on(outputs[layer])
        own_zeros = around(layer_options["padding"], x.shape[1:-1], reaches, strides)
        zeros = [
            (before + own_before, after + own_after)
            for (before, after), (own_before, own_after) in zip(
                surrounding.zeros, own_zeros, strict=True
            )
        ]
        before, after = zeros[0]
        zeros[0] = before, max(after - strides[0] * surrounding.cut, 0)
        options[layer] = {**layer_options, "padding": tuple(zeros)}
        if surrounding.filling != ZEROS:
            options[layer][FILLING] = surrounding.filling
    return replace(anatomy, layer_inputs=inputs, layer_outputs=outputs, options=options)


def window_size(options: Options) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The steps from the first to the last of a window, and to the next window.

    Returns:
        A number for each axis.
    """
    return reaches(options["window"], options["dilation"]), options["stride"]


# ------------------------------------------------------------------------------- cures


def given_padded(
    cure: Effect | None, surrounding: Surroundings | None
) -> Effect | None:
    """A cure of what a layer is given, with the zeros that PyTorch's model adds.

    Args:
        cure: gives the layer what Keras's layer is given.
        surrounding: what PyTorch's model does around the layer; None for nothing.
    """
    if surrounding is None or not any(map(any, surrounding.zeros)):
        return cure
    match cure:
        case LayerInput(array=array):
            return LayerInput(surrounding.padded(array))
        case Handover(function=function):
            return Handover(_padding(function, surrounding))
        case JoinedInput(join=join):
            return JoinedInput(_padding(join, surrounding))
        case _:
            return cure


def _padding(
    function: Callable[..., np.ndarray | None], surrounding: Surroundings
) -> Callable[..., np.ndarray]:
    """The function that pads what another one returns."""

    def with_padding(argument: object) -> np.ndarray:
        array = function(argument)
        if array is None:
            raise ValueError("expected an array to pad, got none")
        return surrounding.padded(array)

    return with_padding
