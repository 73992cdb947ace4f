"""Less work for Keras where it only finds the shapes of what a model returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow

from compare.in_keras.by_thread import replaced
from compare.in_keras.internals import initializers_replaced

DRAWN = (
    keras.initializers.Orthogonal,
    keras.initializers.RandomNormal,
    keras.initializers.RandomUniform,
    keras.initializers.TruncatedNormal,
    keras.initializers.VarianceScaling,  # those of Glorot, He and LeCun, too
)

STEPWISE = (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN)


@contextmanager
def weights_not_drawn(layer: keras.Layer) -> Iterator[None]:
    """Let weights without a value be mere shapes while a layer is called on symbols.

    A layer gets its weights as Keras first calls it, on symbols, to see what it
    returns. Keras draws them at once for each use, an orthogonal matrix by a QR
    decomposition, and draws them again afterwards as the values that they get. Half of
    the time of that call would go into numbers that nobody reads.
    """
    with initializers_replaced(layer, DRAWN, _placeholder):
        yield


def _placeholder(shape: tuple[int, ...], dtype: str) -> tensorflow.Tensor:
    """A symbol for numbers, as opaque to TensorFlow as those that are drawn."""
    return tensorflow.compat.v1.placeholder(dtype, shape)


@contextmanager
def loops_not_traced(layer: keras.Layer) -> Iterator[None]:
    """Let a recurrent layer of Keras itself do its first step and no other.

    Keras works out one step before the loop over all of them, which returns tensors of
    the same shapes. TensorFlow would trace that step once more as the body of the loop.
    """
    if type(layer) not in STEPWISE:
        yield
        return
    with replaced({(tensorflow, "while_loop"): _first_step}):
        yield


def _first_step(while_loop: Callable[..., Any]) -> Callable[..., Any]:
    """What stands in the place of `tensorflow.while_loop`."""

    def first_step(cond: Any, body: Any, loop_vars: Any, **options: Any) -> Any:
        _, (outputs,), *states = loop_vars
        shape = outputs.element_shape.as_list()
        for state in tensorflow.nest.flatten(states):
            if state.shape.as_list() != shape:  # the loop may refuse it
                return while_loop(cond=cond, body=body, loop_vars=loop_vars, **options)
        return loop_vars

    return first_step


def like_result(target: np.ndarray, shape: tuple[int | None, ...]) -> np.ndarray:
    """A target with the last axis of size 1 that a result has, or without one.

    Args:
        target: what a loss compares the result with.
        shape: of the result.
    """
    axes = len(shape)
    if axes == target.ndim + 1 and shape[-1] == 1:
        return target[..., None]
    if axes == target.ndim - 1 and target.shape[-1] == 1:
        return target[..., 0]
    return target
