"""Arrays as Keras 1, CuDNN's layers and Theano kept them, made those of Keras 3.

Source: Keras 2.2.4, keras/engine/saving.py, `preprocess_weights_for_loading`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from compare.kinds.graph import LayerPlan
from compare.porting.reading.arrays import window
from compare.twins.files import cudnn

# Keras 1 had three arrays for each gate: of the input, of the state, and a bias. In the
# order of Keras 3 the gates are these.
GATES_OF_KERAS_1 = {"LSTM": (0, 2, 1, 3), "GRU": (0, 1, 2)}
GATES_OF_KERAS_1 |= {f"ConvLSTM{axes}D": (0, 2, 1, 3) for axes in (1, 2, 3)}
CONVOLUTIONS = tuple(f"Conv{axes}D" for axes in (1, 2, 3))
TRANSPOSED = tuple(f"Conv{axes}DTranspose" for axes in (1, 2, 3))
FLIPPED = (*CONVOLUTIONS, "Conv2DTranspose", "ConvLSTM2D")

Arrays = list[Any]  # data sets, or arrays

THEANO = "theano"


def as_in_keras_3(
    plan: LayerPlan, arrays: Sequence[Any], generation: int, backend: str
) -> Arrays:
    """The arrays of a layer, in the order of `layer.weights`.

    Args:
        plan: of the layer.
        arrays: those of the file, in its order.
        generation: of the Keras that saved them: 1, 2 or 3.
        backend: that it ran on; Theano turns the windows of convolutions.
    """
    if plan.keras == "TimeDistributed":
        return as_in_keras_3(plan.inside[0], arrays, generation, backend)
    if plan.keras == "Bidirectional":
        half = len(arrays) // 2
        forward, backward = plan.inside
        return [
            *as_in_keras_3(forward, arrays[:half], generation, backend),
            *as_in_keras_3(backward, arrays[half:], generation, backend),
        ]
    usual = _gates_together(plan, list(arrays))
    if plan.keras in ("LSTM", "GRU") and len(usual) == 3:
        named = {str(number): array for number, array in enumerate(usual)}
        usual = list(cudnn.as_usual(named).values())
    if plan.keras in CONVOLUTIONS and usual:
        usual[0] = _kernel(plan, usual[0], generation)
    elif plan.keras in TRANSPOSED and usual and generation == 1:
        usual[0] = _transposed_kernel(plan, usual[0])
    if backend == THEANO and plan.keras in FLIPPED and usual:
        usual[0] = _flipped(plan, usual[0])
        if plan.keras == "ConvLSTM2D":
            usual[1] = _flipped(plan, usual[1])
    return usual


def backend_note(plan: LayerPlan, generation: int, backend: str) -> str:
    """What has to be said of a convolution that Theano may have computed; or ""."""
    if plan.keras == "TimeDistributed":
        return backend_note(plan.inside[0], generation, backend)
    if plan.keras not in FLIPPED or set(window(plan)) == {1}:
        return ""
    if generation == 1 and not backend:
        return (
            "Keras 1 does not say on what it ran: on Theano, windows of convolutions "
            "are to be turned around, which is not done here"
        )
    is_even = any(size is None or size % 2 == 0 for size in window(plan))
    if backend == THEANO and is_even and plan.config.get("padding") == "same":
        return (
            f"{plan.name}: Theano pads an even window on the other side, so that "
            "edges are not the same here"
        )
    return ""


def _gates_together(plan: LayerPlan, arrays: Arrays) -> Arrays:
    """The arrays of all gates in one, where Keras 1 kept them apart."""
    order = GATES_OF_KERAS_1.get(plan.keras)
    if order is None or len(arrays) != 3 * len(order):
        return arrays
    together = []
    for part in range(3):
        gates = [np.asarray(arrays[3 * gate + part][()]) for gate in order]
        together.append(np.concatenate(gates, axis=-1))
    return together


def _kernel(plan: LayerPlan, kernel: Any, generation: int) -> Any:
    """A kernel as (window, inputs, filters)."""
    size, filters = window(plan), plan.config.get("filters")
    if plan.keras == "Conv1D" and len(kernel.shape) == 4:  # of Keras 1
        array = np.asarray(kernel[()])
        if array.shape[:2] != (size[0], 1) or array.shape[3] != filters:
            array = array.transpose(2, 3, 1, 0)
        return array[:, 0]
    shape = tuple(kernel.shape)
    axes = len(size)
    is_usual = shape[:axes] == size and shape[-1:] == (filters,)
    is_turned = shape[2:] == size and shape[:1] == (filters,)
    of_theano = generation == 1 and plan.config.get("data_format") == "channels_first"
    if is_turned and (of_theano or not is_usual):
        return np.moveaxis(np.asarray(kernel[()]), (1, 0), (-2, -1))
    return kernel


def _transposed_kernel(plan: LayerPlan, kernel: Any) -> Any:
    """A kernel of Keras 1 as (window, filters, inputs)."""
    array = np.asarray(kernel[()])
    if plan.config.get("data_format") == "channels_first":
        return np.moveaxis(array, (0, 1), (-2, -1))
    return array.swapaxes(-1, -2)


def _flipped(plan: LayerPlan, kernel: Any) -> Any:
    """A kernel with its window turned around on every axis."""
    array = np.asarray(kernel[()])
    return np.flip(array, tuple(range(len(window(plan)))))
