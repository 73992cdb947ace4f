"""The activation that a layer of Keras has inside and PyTorch has behind the layer."""

from contextlib import contextmanager

import keras


@contextmanager
def before_activation(layer: keras.Layer):
    """A list of what goes into the activation inside a layer while it runs.

    PyTorch has the activation behind the layer; a linear one is nothing.
    """
    before = []
    if not activates(layer):
        yield before
        return
    activation = layer.activation

    def recorded(x):
        before.append(x)
        return activation(x)

    vars(layer)["activation"] = recorded
    try:
        yield before
    finally:
        vars(layer)["activation"] = activation


def activates(layer):
    """Whether a layer has an activation inside that PyTorch has behind it."""
    inside = isinstance(layer, keras.layers.Dense | keras.layers.Conv1D)
    return inside and layer.activation not in (None, keras.activations.linear)
