"""Models of a user's own class, made functional: their layers are seen then."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from compare.errors import BadInput
from compare.in_keras.models import is_graph
from compare.in_keras.refusals import message
from compare.one_line import class_name

Shape = tuple[int | None, ...]  # batch first; None where a size is open


def as_functional(
    model: keras.Model, shapes: Sequence[Shape], dtypes: Sequence[str] = ()
) -> keras.Model:
    """Return a model as a graph of layers, by running its `call` on symbols.

    The layers are those of the model itself. A functional or Sequential model that is
    built is returned as it is.

    Args:
        model: of any class; its code is run.
        shapes: of its inputs.
        dtypes: of its inputs; float32 for those that are left out.

    Raises:
        BadInput: if its code does not run on symbols, or shapes are needed.
    """
    if is_graph(model) and model.built:
        return model
    if not shapes:
        raise BadInput(
            f"{class_name(model)}: expected input_shape in the file of the model, such "
            "as ('batch', 'time', 8), got none; its layers are seen only at work"
        )
    inputs = []
    for number, shape in enumerate(shapes):
        dtype = dtypes[number] if number < len(dtypes) else "float32"
        inputs.append(keras.Input(batch_shape=shape, dtype=dtype))
    try:
        # Not by `__call__`, which would make one layer of it.
        outputs = model.call(*inputs)
    except Exception as error:  # whatever a user's own class says
        raise BadInput(
            f"{class_name(model)}: expected a call that runs on inputs without "
            f"numbers, got: {message(error)}"
        ) from None
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], outputs)


def with_weights(model: keras.Model, path: str) -> None:
    """Give a model that has run the weights of a file, by the names that Keras gives.

    Raises:
        BadInput: if they are not its.
    """
    model.built = True
    try:
        model.load_weights(path)
    except Exception as error:  # of many kinds
        raise BadInput(
            f"{path}: expected the weights of {class_name(model)}, got others: "
            f"{message(error)}"
        ) from None
