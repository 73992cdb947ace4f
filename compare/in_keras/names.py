"""Keras models whose layers go by the names of their twins in PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

import keras


class Renamed:
    """A model whose layers go by the names of their twins in PyTorch.

    They are its attributes; a stack of layers that is one in PyTorch is a list.

    Args:
        model: Sequential, functional or subclassed, of any nesting.
        twins: by the name in PyTorch the layer, or the layers of a stack.
        whole: whether each layer that holds weights has a name here.
    """

    # a layer may be called _model, or weights
    __slots__ = ("__dict__", "_model", "_whole")

    def __init__(
        self,
        model: keras.Model,
        twins: Mapping[str, Sequence[keras.Layer]],
        whole: bool = True,
    ) -> None:
        for name, layers in twins.items():
            vars(self)[name] = layers[0] if len(layers) == 1 else list(layers)
        self._model = model
        self._whole = whole

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the model; return what it returns."""
        return self._model(*args, **kwargs)

    @property
    def weights(self) -> list[keras.Variable]:
        """The variables of the model."""
        return self._model.weights

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        """The variables of the model that are learnt."""
        return self._model.trainable_variables

    def original(self) -> keras.Model:
        """The model itself; call it by the class, a layer may have this name too."""
        return self._model

    def names_all(self) -> bool:
        """Whether each layer with weights has a name; call it by the class as well."""
        return self._whole


def is_whole(model: keras.Model | Renamed) -> bool:
    """Whether each layer of a model that holds weights can be asked for by name."""
    return not isinstance(model, Renamed) or Renamed.names_all(model)


def unnamed(model: keras.Model | Renamed) -> keras.Model:
    """The model itself, whatever its layers go by."""
    return Renamed.original(model) if isinstance(model, Renamed) else model


def children(model: keras.Model | Renamed) -> dict[str, Any]:
    """What a model has by attribute name, without Keras's own lists of the layers."""
    if isinstance(model, Renamed):
        return vars(model)
    return {
        name: value for name, value in vars(model).items() if not name.startswith("_")
    }


def layer_at(model: keras.Model | Renamed, path: str) -> keras.Layer | None:
    """The layer at a path of attributes, such as "encoder.lstm"; None without one."""
    try:
        value = attrgetter(path)(unnamed(model))
    except AttributeError:
        return None
    return value if isinstance(value, keras.Layer) else None
