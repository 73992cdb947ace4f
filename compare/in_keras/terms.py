"""What a Keras model adds to its loss: regularisers, and terms of its layers.

`fit` adds all of `model.losses`. Those that regularise a weight are made when they are
read; those that regularise what a layer returns are made when its call is over, and
those that a layer adds by itself while it is called.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import keras

from compare.in_keras.internals import Call, add_loss_replaced, calls_replaced
from compare.judging.model_causes import ADD_LOSS, REGULARISERS

# Whether to add a term; gets the layer, and whether its own code adds it.
Keep = Callable[[keras.Layer, bool], bool]


@contextmanager
def watched(layers: Collection[keras.Layer], keep: Keep) -> Iterator[None]:
    """Ask whenever one of some layers adds a term to the loss inside the block."""
    called: list[int] = []  # identities of the layers whose `call` is at work

    def calling(layer: keras.Layer, call: Call) -> Call:
        def run(*args: Any, **kwargs: Any) -> Any:
            called.append(id(layer))
            try:
                return call(*args, **kwargs)
            finally:
                called.pop()

        return run

    def adding(layer: keras.Layer, add: Call) -> Call:
        def add_or_not(loss: Any) -> None:
            if keep(layer, id(layer) in called):
                add(loss)

        return add_or_not

    calls = [(layer, partial(calling, layer)) for layer in layers]
    additions = [(layer, partial(adding, layer)) for layer in layers]
    with calls_replaced(calls), add_loss_replaced(additions):
        yield


@contextmanager
def left_out(
    model: keras.Model, layers: Collection[keras.Layer], names: Collection[str]
) -> Iterator[None]:
    """Leave terms out of `losses`, of a model that is run and read inside the block.

    Args:
        model: whose weights.
        layers: all of its layers, itself included.
        names: REGULARISERS, ADD_LOSS, both or neither.
    """
    if not names:
        yield
        return

    def keep(layer: keras.Layer, by_itself: bool) -> bool:
        return (ADD_LOSS if by_itself else REGULARISERS) not in names

    variables = list(model.trainable_variables) if REGULARISERS in names else []
    regularisers = [variable.regularizer for variable in variables]
    try:
        for variable in variables:
            variable.regularizer = None
        with watched(layers, keep):
            yield
    finally:
        for variable, regulariser in zip(variables, regularisers, strict=True):
            variable.regularizer = regulariser
