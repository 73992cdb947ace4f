"""A model called on symbols: what it returns, and in which order its layers run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import keras

from compare.in_keras.arrays import is_tensor, unfit
from compare.in_keras.internals import Call, calls_replaced, every_layer
from compare.in_keras.shapes import loops_not_traced, weights_not_drawn
from compare.judging.arrays import Input, check_tensors, flat
from compare.judging.words import Precision
from compare.matching import adapter

Order = dict[int, int]  # the place of each layer that is called, by its identity


def on_symbols(
    model: keras.Model,
    inputs: Sequence[Input],
    dtype: Precision,
    call: adapter.Call,
    refused: Callable[[], AbstractContextManager[None]],
) -> tuple[keras.Model, Order]:
    """A model as a functional one of its inputs; builds its layers.

    Args:
        model: of any sort.
        inputs: what it takes.
        dtype: of the inputs that are floats.
        call: hands arguments to it, one for each input.
        refused: makes a block in which what a user's own model raises is a refusal.

    Returns:
        The functional model, and the order in which layers are called.

    Raises:
        BadInput: if the model returns something else than tensors.
        REFUSALS: as the model does.
    """
    arguments = [
        keras.Input(batch_shape=argument.shape, dtype=argument.dtype or dtype)
        for argument in inputs
    ]
    order: Order = {}
    inside = every_layer(model, itself=False)
    noting = calls_replaced((layer, partial(_noted, order, layer)) for layer in inside)
    with noting, _returning_tensors(model), refused():
        functional = keras.Model(arguments, call(model, arguments))
    check_tensors("Keras", model, flat(functional.output), is_tensor, unfit)
    return functional, order


def _noted(order: Order, layer: keras.Layer, call: Call) -> Call:
    """The `call` of a layer, after which its place in the order is known."""

    def noted(*args: Any, **kwargs: Any) -> Any:
        order.setdefault(id(layer), len(order))
        with weights_not_drawn(layer), loops_not_traced(layer):
            return call(*args, **kwargs)

    return noted


@contextmanager
def _returning_tensors(model: keras.Model) -> Iterator[None]:
    """Check what a model returns inside, where Keras refuses to take it.

    Raises:
        BadInput: if it is something else than tensors.
    """
    returned = []

    def noting(call: Call) -> Call:
        def noted(*args: Any, **kwargs: Any) -> Any:
            returned.append(call(*args, **kwargs))
            return returned[-1]

        return noted

    try:
        with calls_replaced([(model, noting)]):
            yield
    except ValueError:
        for result in returned:
            check_tensors("Keras", model, flat(result), is_tensor, unfit)
        raise
