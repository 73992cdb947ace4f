"""Convolutions whose input the model pads itself, or whose output it cuts.

PyTorch's user pads before the layer with zeros, or cuts off what is too much after it;
Keras's layer pads by itself, padding="causal" or "same". So one function may show in
inputs and outputs of other lengths. Here each side is shown with the input as it was
before, and the zeros as padding of the layer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from compare.kinds import CONVOLUTION
from compare.kinds.mistake import Effect, Handover, JoinedInput, LayerInput
from compare.kinds.option import Options
from compare.kinds.windows import steps_around, windows_cut
from compare.mistakes.anatomy import Anatomy


@dataclass(frozen=True)
class Surroundings:
    """What PyTorch's model does before and after a convolution, along time.

    Args:
        before, after: how many zeros it puts before and after the input.
        cut: how many windows it cuts off the end of the output.
    """

    before: int = 0
    after: int = 0
    cut: int = 0

    def padded(self, x: np.ndarray) -> np.ndarray:
        """The input as the layer is given it, (batch, time, features)."""
        return np.pad(x, ((0, 0), (self.before, self.after), (0, 0)))

    def bare(self, x: np.ndarray) -> np.ndarray:
        """What the layer is given, (batch, time, features), without the zeros."""
        return x[:, self.before : x.shape[1] - self.after]

    def handed_on(self, output: np.ndarray) -> np.ndarray:
        """What stays of the layer's output, (batch, windows, features)."""
        return output[:, : output.shape[1] - self.cut]

    def before_cutting(self, output: np.ndarray) -> np.ndarray:
        """An output of which this stays, with zeros for what is cut off."""
        return np.pad(output, ((0, 0), (0, self.cut), (0, 0)))


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
        torch_x, keras_x = relayed.layer_inputs[layer], keras.layer_inputs[layer]
        if torch_x.ndim != 3 or keras_x.ndim != 3:
            continue
        before, after = _zeros_around(torch_x, keras_x)
        if before or after:
            by_layer[layer] = Surroundings(before, after)
        before, after = _zeros_around(keras_x, torch_x)
        if before or after:
            keras = as_bare(keras, {layer: Surroundings(before, after)})
        if layer in relayed.layer_outputs:
            num_windows = relayed.layer_outputs[layer].shape[1]
            num_kept = keras.layer_outputs[layer].shape[1]
            padding = keras.options[layer]["padding"]
            cut = windows_cut(padding, num_windows, num_kept)
            if cut:
                own = by_layer.get(layer, Surroundings())
                by_layer[layer] = replace(own, cut=cut)
    return by_layer, keras


def _zeros_around(longer: np.ndarray, shorter: np.ndarray) -> tuple[int, int]:
    """How many zeros stand before and after a sequence; none unless it is longer.

    Args:
        longer: (batch, time, features), perhaps padded.
        shorter: what may be in it, or stand in the place of what is in it.
    """
    added = longer.shape[1] - shorter.shape[1]
    if added <= 0 or longer.shape[::2] != shorter.shape[::2]:
        return 0, 0
    possible = [
        before
        for before in range(added + 1)
        if not longer[:, :before].any()
        and not longer[:, before + shorter.shape[1] :].any()
    ]
    for before in possible:
        if np.array_equal(longer[:, before : before + shorter.shape[1]], shorter):
            return before, added - before
    if possible:
        return possible[0], added - possible[0]
    return 0, 0


def as_bare(anatomy: Anatomy, around: Mapping[str, Surroundings]) -> Anatomy:
    """Show convolutions with what the model does around them as a part of them.

    Args:
        anatomy: what one side does.
        around: what that side's model does, by layer.
    """
    inputs, outputs = dict(anatomy.layer_inputs), dict(anatomy.layer_outputs)
    options: dict[str, Options] = dict(anatomy.options)
    for layer, surrounding in around.items():
        if layer not in inputs or layer not in outputs:
            continue
        x, own = inputs[layer], options[layer]
        size, stride = window_size(own)
        before, after = steps_around(own["padding"], x.shape[1], size, stride)
        inputs[layer] = surrounding.bare(x)
        outputs[layer] = surrounding.handed_on(outputs[layer])
        before += surrounding.before
        after = max(after + surrounding.after - stride * surrounding.cut, 0)
        options[layer] = {**own, "padding": (before, after)}
    return replace(anatomy, layer_inputs=inputs, layer_outputs=outputs, options=options)


def window_size(options: Options) -> tuple[int, int]:
    """The steps from the first to the last of a window, and to the next window."""
    (window,), (dilation,), (stride,) = (
        options["window"],
        options["dilation"],
        options["stride"],
    )
    return dilation * (window - 1) + 1, stride


# ------------------------------------------------------------------------------- cures


def given_padded(cure: Effect | None, around: Surroundings | None) -> Effect | None:
    """A cure of what a layer is given, with the zeros that PyTorch's model adds.

    Args:
        cure: gives the layer what Keras's layer is given.
        around: what PyTorch's model does around the layer; None for nothing.
    """
    if around is None or not (around.before or around.after):
        return cure
    match cure:
        case LayerInput(array=array):
            return LayerInput(around.padded(array))
        case Handover(function=function):
            return Handover(_padding(function, around))
        case JoinedInput(join=join):
            return JoinedInput(_padding(join, around))
        case _:
            return cure


def _padding(
    function: Callable[..., np.ndarray | None], around: Surroundings
) -> Callable[..., np.ndarray]:
    """The function that pads what another one returns."""

    def padded(argument: object) -> np.ndarray:
        array = function(argument)
        if array is None:
            raise ValueError("expected an array to pad, got none")
        return around.padded(array)

    return padded
