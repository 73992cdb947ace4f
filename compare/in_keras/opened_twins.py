"""A functional model that is opened at its stubs: what they return goes into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from compare.in_keras.internals import calls_in_graphs, fix_shape
from compare.kinds.names import identifier

# A stub, "" for the model itself; which of its calls; which of the tensors it takes or
# returns.
End = tuple[str, int, int]


def opened_twin(
    model: keras.Model,
    inputs: Sequence[End],
    outputs: Sequence[End],
    shapes: Mapping[End, tuple[int, ...]],
) -> keras.Model:
    """Cut a model at its stubs; it shares its layers with the whole one.

    Args:
        model: functional; a stub is called by the name of its layer.
        inputs: what the opened model takes; all that the model itself takes first.
        outputs: what it returns; of the model itself in Keras's order.
        shapes: of inputs that have one size of the batch alone.
    """
    taken: list[Any] = []
    for end in inputs:
        stub, call, number = end
        if not stub:
            taken.append(model.inputs[number])
            continue
        tensor = calls_in_graphs(model.get_layer(stub))[call][1][number]
        tensor.name = identifier(f"{stub}_{call}_{number}")  # not by a running number
        if end in shapes:
            fix_shape(tensor, shapes[end])
        taken.append(tensor)
    returned: list[Any] = []
    for stub, call, number in outputs:
        if not stub:
            returned.append(model.outputs[number])
        else:
            returned.append(calls_in_graphs(model.get_layer(stub))[call][0][number])
    return keras.Model(taken, returned, name=model.name)


def places_of_results(outputs: Any) -> list[int]:
    """Where Keras has each result of a model, whose results are in a structure.

    Args:
        outputs: with the numbers of the results in it; it sorts dictionaries.
    """
    numbers = keras.tree.flatten(outputs)
    return [int(place) for place in np.argsort(numbers)]
