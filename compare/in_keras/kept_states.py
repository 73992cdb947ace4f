"""States that layers of Keras keep from call to call: left out, or gone on with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import keras
import numpy as np

from compare.in_keras.calling import called
from compare.in_keras.internals import every_layer
from compare.in_keras.models import copied, forget_states, options_set
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
    forget_states(copy)
    with settled(dtype):
        return [called(copy, arrays, dtype) for arrays in calls]
