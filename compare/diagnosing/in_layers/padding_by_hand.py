"""Padding that a recurrent layer of the user's own takes for data.

What such a layer computes is not known, so it is run on each sequence without padding.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from compare.diagnosing.finding import Finding, finding_in_layer, mistake_named
from compare.diagnosing.in_layers.padding import KEPT, MASK, with_masked_steps
from compare.in_pytorch.anatomy import alone
from compare.in_pytorch.refusals import REFUSALS
from compare.judging.arrays import valid_steps
from compare.judging.distances import near
from compare.kinds.mistake import Call, Computation, RecurrentOutput

if TYPE_CHECKING:
    from compare.diagnosing.isolated import Isolated
    from compare.in_pytorch.twin import Twin


def padded_by_hand(twin: Twin, layer: str, isolated: Isolated) -> Finding | None:
    """The mistake by which a layer by hand in PyTorch reads padding, if it does.

    Args:
        twin: of PyTorch, in float64.
        layer: its name; recurrent on both sides.
        isolated: the twins at work.

    Returns:
        None where Keras masks nothing, or padding is not what differs.
    """
    torch_call = isolated.relayed.recurrent_calls[layer]
    keras_call = isolated.keras.recurrent_calls[layer]
    lengths = keras_call.lengths
    if torch_call.lengths is not None or lengths is None or not lengths.all():
        return None
    if torch_call.options or keras_call.options:  # begins with states
        return None
    results = _results_without_padding(twin, layer, keras_call.x, lengths)
    if results is None:
        return None
    keras_output = isolated.keras.recurrent_outputs[layer]
    output = results["output"]
    valid = np.where(valid_steps(output, lengths), output, 0)
    if not near(valid, keras_output.output):
        return None

    results["output"] = with_masked_steps(output, keras_output)

    def compute(call: Call) -> dict[str, np.ndarray]:
        return results

    mistake = mistake_named(MASK)
    cure = Computation(compute)
    finding = finding_in_layer(layer, isolated, [("torch", mistake)], cure)
    reading, *alternatives = finding.readings
    fix = f"{layer} of PyTorch: {KEPT}"
    return replace(finding, readings=(replace(reading, fix=fix), *alternatives))


def _results_without_padding(
    twin: Twin, layer: str, x: np.ndarray, lengths: np.ndarray
) -> dict[str, np.ndarray] | None:
    """What a layer returns of sequences, each run to its length.

    Args:
        twin: of PyTorch.
        layer: its name.
        x: (batch, time, features), the valid steps first.
        lengths: (batch,), from 1.

    Returns:
        As `running.run` does; from the length on the output repeats its last step. None
        where the layer refuses, or returns something else.
    """
    batch, time = x.shape[:2]
    arrays: dict[str, np.ndarray] = {}
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        try:
            result = alone(twin, layer, x[rows, :length])
        except REFUSALS:
            return None
        if not isinstance(result, RecurrentOutput) or result.states is None:
            return None
        steps = np.minimum(np.arange(time), length - 1)
        valid_arrays = {"output": result.output[:, steps], "h_n": result.states}
        if result.c is not None:
            valid_arrays["c_n"] = result.c[None]
        for name, array in valid_arrays.items():
            axis = 0 if name == "output" else 1  # of the batch
            if name not in arrays:
                shape = list(array.shape)
                shape[axis] = batch
                arrays[name] = np.zeros(shape)
            index = rows if axis == 0 else (slice(None), rows)
            arrays[name][index] = array
    return arrays
