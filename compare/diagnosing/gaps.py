"""How far a layer of PyTorch is from its twin in Keras, both on Keras's input."""

from __future__ import annotations

import numpy as np

from compare.diagnosing.isolated import Gap
from compare.diagnosing.windows import Surroundings
from compare.in_pytorch.anatomy import alone
from compare.in_pytorch.refusals import REFUSALS, message
from compare.in_pytorch.twin import Twin
from compare.judging.distances import NEAR, distance
from compare.kinds.mistake import RecurrentOutput
from compare.kinds.option import Options
from compare.mistakes.anatomy import Anatomy


def layer_gap(
    twin: Twin,
    layer: str,
    keras: Anatomy,
    steps: int | None = None,
    around: Surroundings | None = None,
) -> Gap:
    """Run PyTorch's layer on Keras's input, and compare what comes out.

    Args:
        twin: of PyTorch, in float64.
        layer: its name; Keras's twin has what goes in there and what comes out.
        keras: what Keras's twin does.
        steps: how many steps of a recurrent layer to compare, from the first; its final
            states are left out then. None for all.
        around: what PyTorch's model does before and after a convolution; None for
            nothing.
    """
    call = keras.recurrent_calls.get(layer)
    try:
        if call is None:
            x, options = keras.layer_inputs[layer], keras.options.get(layer)
            output = _alone(twin, layer, x, around, options)
        else:
            states = call.options.get("states")
            output = alone(twin, layer, call.x, call.lengths, states)
    except (*REFUSALS, IndexError) as error:  # such as an index that is out of range
        return Gap(np.inf, refusal=message(error))
    if not isinstance(output, RecurrentOutput):
        return _array_gap(output, _output_alone(keras, layer, output.ndim))
    keras_output = keras.recurrent_outputs[layer]
    if steps is not None:
        # (batch, steps, size)
        return _array_gap(output.output[:, :steps], keras_output.output[:, :steps])
    has_two_directions = call is not None and any(
        name.endswith("_reverse") for name in call.arrays
    )
    return _recurrent_gap(output, keras_output, has_two_directions)


def _alone(
    twin: Twin,
    layer: str,
    x: np.ndarray,
    around: Surroundings | None,
    options: Options | None,
) -> np.ndarray | RecurrentOutput:
    """Run a layer that takes no lengths by itself; the arguments as in `layer_gap`."""
    if around is None:
        return alone(twin, layer, x, options=options)
    output = alone(twin, layer, around.padded(x))
    assert isinstance(output, np.ndarray)  # of a convolution
    return around.handed_on(output)


def _output_alone(keras: Anatomy, layer: str, axes: int) -> np.ndarray:
    """What Keras's layer makes, where PyTorch's layer is one that returns no states.

    Args:
        keras: what Keras's twin does.
        layer: its name.
        axes: how many the output of PyTorch's layer has: 2 of a final state alone.
    """
    if layer in keras.layer_outputs:
        return keras.layer_outputs[layer]
    recurrent = keras.recurrent_outputs[layer]
    if recurrent.h is not None and axes == recurrent.h.ndim:
        return recurrent.h
    return recurrent.output


def _recurrent_gap(
    torch: RecurrentOutput, keras: RecurrentOutput, has_two_directions: bool
) -> Gap:
    """The gap of all steps; if there is none, that of the final states h and c.

    Args:
        torch: what PyTorch's layer returns.
        keras: what Keras's layer returns.
        has_two_directions: whether the units are those of two directions.
    """
    time = torch.output.shape[1]  # a packed batch ends with its longest sequence
    steps = keras.output[:, :time]
    if time == 1:  # a layer by hand may return its last step alone
        steps = keras.output[:, -1:]
    pairs = (
        (torch.output, steps),
        (torch.h, keras.h),
        (torch.c, keras.c),
    )
    gaps = [
        _array_gap(torch_array, keras_array, has_two_directions)
        for torch_array, keras_array in pairs
        if torch_array is not None and keras_array is not None
    ]
    for gap in gaps:
        if not gap.is_rounding:
            return gap
    return gaps[0]


def _array_gap(
    torch: np.ndarray, keras: np.ndarray, has_two_directions: bool = False
) -> Gap:
    """The gap of two arrays, with the step and the unit that show it.

    Args:
        torch: of PyTorch, (batch, time, features), or with no or other axes between.
        keras: of Keras, of the same axes.
        has_two_directions: whether the second half of the features is made from the
            last step to the first. If it alone differs, it begins to at its last step.
    """
    size = distance(torch, keras)
    if size <= NEAR or not np.isfinite(size):
        return Gap(size)
    difference = np.abs(torch - keras)  # (batch, time, features), or without steps
    features = difference.shape[-1]
    if difference.ndim != 3:
        unit = int(np.argmax(difference)) % features  # from 0, as below
        return Gap(size, None, unit + 1)
    limit = NEAR * max(np.abs(torch).max(), np.abs(keras).max())
    differing_steps = np.flatnonzero(difference.max(axis=(0, 2)) > limit)
    step = int(differing_steps[0])  # from 0
    if has_two_directions and difference[..., : features // 2].max() <= limit:
        step = int(differing_steps[-1])
    unit = int(np.argmax(difference[:, step])) % features
    return Gap(size, step + 1, unit + 1)
