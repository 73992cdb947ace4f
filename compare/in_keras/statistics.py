"""Statistics of batches, kept in Keras as PyTorch keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import keras

from compare.in_keras.internals import Call, calls_replaced
from compare.in_keras.models import options_set
from compare.in_keras.names import Renamed, children
from compare.judging.model_causes import Alignment


@contextmanager
def statistics_kept(
    model: keras.Model | Renamed, alignment: Alignment
) -> Iterator[None]:
    """Let batch norms keep their statistics in another way inside the block.

    Args:
        model: that learns in the block.
        alignment: in what way.
    """
    named = children(model)
    replacements = []
    with ExitStack() as stack:
        for name, momentum in alignment.momenta.items():
            stack.enter_context(options_set(named[name], momentum=momentum))
        for name in alignment.variance:
            replacements.append((named[name], partial(_less_one, named[name])))
        stack.enter_context(calls_replaced(replacements))
        yield


def _less_one(layer: keras.layers.BatchNormalization, call: Call) -> Call:
    """The `call` of a batch norm whose new variances divide by all values less one."""

    def run(x: Any, *args: Any, **kwargs: Any) -> Any:
        before = keras.ops.copy(layer.moving_variance.value)
        result = call(x, *args, **kwargs)
        if kwargs.get("training") and layer.trainable:
            size = keras.ops.cast(keras.ops.size(x), before.dtype)
            number = size / x.shape[layer.axis]  # of the values of a feature
            share = before * layer.momentum
            new = layer.moving_variance.value - share
            layer.moving_variance.assign(share + new * number / (number - 1))
        return result

    return run
