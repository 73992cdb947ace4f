"""What the examples of attention are given beside their queries."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from compare.in_pytorch import attention
from compare.kinds.attention import causal
from compare.kinds.kind import Example


def options_of(example: Example) -> dict[str, Any]:
    """The arrays of an example's call, as options of its kind; none of another kind."""
    rng = np.random.default_rng(3)
    options: dict[str, Any] = {}
    for name in ("key", "value"):
        if name in example.call:
            options[name] = rng.uniform(-2, 2, example.call[name])
    mask = example.call.get("mask")
    if mask is None:
        return options
    batch, time = example.shape[:2]
    source = options.get("key", np.empty(example.shape)).shape[1]
    shows = np.ones((batch, 1, 1, source), dtype=bool)
    if mask != "causal":
        lengths = np.arange(source, source - batch, -1)
        shows = (np.arange(source) < lengths[:, None])[:, None, None]
    if mask != "padding":
        shows = shows & causal(time, source)
    options["mask"] = shows
    return options


def in_torch(layer: Any, x: Any, options: dict[str, Any]) -> Any:
    """What attention of PyTorch returns, (batch, time, features).

    Args:
        layer: a MultiheadAttention.
        x: queries, a tensor, (batch, time, features).
        options: of `options_of`.
    """
    args, kwargs = attention.arguments(layer, x, options)
    return attention.batch_first(layer, layer(*args, **kwargs)[0])


def in_keras(layer: Any, x: Any, options: dict[str, Any]) -> Any:
    """What attention of Keras returns, (batch, time, features).

    Args:
        layer: of several heads.
        x: queries, a tensor.
        options: of `options_of`.
    """
    mask = options.get("mask")
    given = {}
    for name in ("key", "value"):
        if name in options:
            given[name] = keras.ops.convert_to_tensor(options[name], dtype=x.dtype)
    key = given.get("key")
    value = given.get("value", key)
    if mask is not None:
        mask = np.broadcast_to(mask, (len(mask), 1, x.shape[1], mask.shape[-1]))[:, 0]
    return layer(x, x if value is None else value, key, attention_mask=mask)
