"""What attention of Keras is given beside its queries, as arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from inspect import signature
from typing import Any

import keras
import numpy as np

from compare.in_keras.arrays import to_numpy
from compare.in_keras.internals import Call, mask_of, mask_of_attention
from compare.in_keras.kinds import ATTENTION, parts
from compare.kinds.option import Options

MASKS = ("value_mask", "key_mask", "attention_mask", "use_causal_mask")


def is_attention(layer: keras.Layer) -> bool:
    """Whether this is attention of several heads, which takes several inputs."""
    return isinstance(layer, ATTENTION)


def run(
    layer: keras.Layer,
    call: Call,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> tuple[tuple[np.ndarray, np.ndarray, Options] | None, Any]:
    """Run attention; return its queries, its output, and what else it is given.

    Args:
        layer: of several heads.
        call: its `call`.
        args: positional arguments of the call.
        kwargs: other arguments of the call.

    Returns:
        Those three, None of a call that is not of sequences; and what it returned.
    """
    of_call = call_of(layer, args, kwargs)  # before its `call` takes masks off
    result = call(*args, **kwargs)
    if of_call is None:
        return None, result
    output = result[0] if isinstance(result, list | tuple) else result
    return (of_call[0], to_numpy(output), of_call[1]), result


def call_by_hand(inputs: Sequence[np.ndarray]) -> Options:
    """What attention by hand is given beside its queries, by its dense layers.

    Args:
        inputs: of the projections of queries, of keys and of values, and others.
    """
    query, key, value = inputs[:3]
    options = {}
    if not np.array_equal(key, query):
        options["key"] = key
    if not np.array_equal(value, key):
        options["value"] = value
    return options


def call_of(
    layer: keras.Layer, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[np.ndarray, Options] | None:
    """What a call of attention is given.

    Args:
        layer: of several heads.
        args: its positional arguments.
        kwargs: its other arguments.

    Returns:
        The queries, (batch, time, features), and what stands in the options of
        `kinds.attention.compute`: keys and values that are not the queries, and a mask.
        None of a call that is not of sequences.
    """
    arguments = signature(type(layer).call).bind(layer, *args, **kwargs).arguments
    query: Any = arguments.get("query")
    value: Any = arguments.get("value")
    key: Any = arguments.get("key")
    if key is None:
        key = value
    if not all(keras.ops.is_tensor(x) and len(x.shape) == 3 for x in (query, value)):
        return None
    options: dict[str, Any] = {}
    if key is not query:
        options["key"] = to_numpy(key)
    if value is not key:
        options["value"] = to_numpy(value)
    masks = {name: arguments[name] for name in MASKS if arguments.get(name) is not None}
    query_mask = mask_of(query)
    if query_mask is None and not isinstance(layer, keras.layers.MultiHeadAttention):
        query_mask = arguments.get("query_mask")
    mask = mask_of_attention(layer, query, value, query_mask=query_mask, **masks)
    if mask is not None:
        array = to_numpy(mask).astype(bool)
        if array.ndim == 2:
            array = array[None]
        if array.ndim == 3:
            array = array[:, None]  # the same for all heads
        options["mask"] = array
    return to_numpy(query), options


class CallsSeen:
    """What attention is given whose projections count as layers of their own.

    Args:
        layers: attention of several heads.
    """

    def __init__(self, layers: Iterable[keras.Layer]) -> None:
        self._layers = list(layers)
        self._calls: dict[int, list[Options]] = {}  # by the identity of the layer

    def replacements(self) -> list[tuple[keras.Layer, Callable[[Call], Call]]]:
        """For `calls_replaced`: each of the layers, watched."""
        return [(layer, partial(self._watched, layer)) for layer in self._layers]

    def by_output(self) -> dict[int, Options]:
        """What the layers that ran once were given, as `call_of` has it.

        Returns:
            Options by the identity of the layer's output projection.
        """
        calls_seen = {}
        for layer in self._layers:
            calls = self._calls.get(id(layer), [])
            if len(calls) == 1:
                calls_seen[id(parts(layer)["output."])] = calls[0]
        return calls_seen

    def _watched(self, layer: keras.Layer, call: Call) -> Call:
        def watched(*args: Any, **kwargs: Any) -> Any:
            of_call = call_of(layer, args, kwargs)
            if of_call is not None:
                self._calls.setdefault(id(layer), []).append(of_call[1])
            return call(*args, **kwargs)

        return watched
