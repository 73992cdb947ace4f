"""Keras models whose layers go by the names of their twins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import keras  # after the settings it reads


class Renamed:
    """A model whose layers go by the names of their twins in PyTorch.

    Args:
        model: Sequential, functional or subclassed, of any nesting.
        twins: by the name in PyTorch the layer, or the layers of a stack.
    """

    __slots__ = ("__dict__", "_model")  # a layer may be called _model, or weights

    def __init__(self, model: keras.Model, twins: Mapping[str, Sequence[keras.Layer]]):
        vars(self).update(
            {
                name: each[0] if len(each) == 1 else list(each)
                for name, each in twins.items()
            }
        )
        self._model = model

    def __call__(self, *args, **kwargs):
        """What the model returns."""
        return self._model(*args, **kwargs)

    @property
    def weights(self) -> list[keras.Variable]:
        """Those of the model."""
        return self._model.weights

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        """Those of the model."""
        return self._model.trainable_variables


def unnamed(model: keras.Model | Renamed) -> keras.Model:
    """The model itself, whatever its layers go by."""
    return model._model if isinstance(model, Renamed) else model


def children(model: keras.Model | Renamed) -> dict[str, object]:
    """What a model has by attribute name, without Keras's own lists of the layers."""
    if isinstance(model, Renamed):
        return vars(model)
    return {n: each for n, each in vars(model).items() if not n.startswith("_")}
