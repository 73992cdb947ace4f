"""States that layers of Keras keep from call to call: left out, or begun anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import keras
import numpy as np

from compare.in_keras import rebuilding
from compare.in_keras.internals import every_layer
from compare.in_keras.models import copied, options_set
from compare.in_keras.precision import settled
from compare.judging.words import Precision


@contextmanager
def forgetting(model: keras.Model) -> Iterator[None]:
    """Let each call of a model, or of a copy, begin with zeros inside the block."""
    with ExitStack() as stack:
        for layer in every_layer(model):
            if getattr(layer, "stateful", False) is True:
                stack.enter_context(options_set(layer, stateful=False))
        yield


def begin_anew(model: keras.Model) -> None:
    """Let the next call begin with zeros."""
    for layer in every_layer(model):
        if isinstance(layer, keras.layers.RNN) and layer.stateful:
            for state in keras.tree.flatten(layer.states):
                state.assign(np.zeros(state.shape))


def over_calls(
    model: keras.Model, calls: Sequence[Sequence[np.ndarray]], dtype: Precision
) -> list[list[np.ndarray]]:
    """What calls in turn return, of which the first begins with zeros.

    Args:
        model: in any precision; it is not changed.
        calls: inputs of each, one array for each input.
        dtype: in which it computes.

    Returns:
        For each call, one array for each result.
    """
    copy = copied(model, dtype)
    begin_anew(copy)
    with settled(dtype):
        return [rebuilding.called(copy, arrays, dtype) for arrays in calls]
