"""How attention goes wrong: in its scores, in its heads, in what it is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from compare.judging.words import Side
from compare.kinds.attention import given
from compare.kinds.attention_mask_mistakes import OF_MASKS
from compare.kinds.mistake import Call, Computation, Mistake

# ------------------------------------------------------------------------------ scores


def _size_of_head(call: Call) -> float:
    """How many features a head has."""
    heads: int = call.options["heads"]
    size: int = call.arrays["out_proj.weight"].shape[1]
    return size / heads


def _unscaled(call: Call) -> np.ndarray | None:
    if not call.options.get("heads") or _size_of_head(call) == 1:
        return None
    result: np.ndarray | None = call.run(scale=1.0)
    return result


def _scaled_by_all(call: Call) -> np.ndarray | None:
    """Divide by the root of all features; None where that is the root of a head's."""
    heads = call.options.get("heads")
    if not heads or heads == 1:
        return None
    result: np.ndarray | None = call.run(scale=(_size_of_head(call) * heads) ** -0.5)
    return result


def _without_root(call: Call) -> np.ndarray | None:
    if not call.options.get("heads") or _size_of_head(call) == 1:
        return None
    result: np.ndarray | None = call.run(scale=1 / _size_of_head(call))
    return result


def _along(axis: int) -> Callable[[Call], np.ndarray | None]:
    def compute(call: Call) -> np.ndarray | None:
        if axis == 1 and call.options.get("heads") == 1:
            return None
        result: np.ndarray | None = call.run(axis=axis)
        return result

    return compute


def _other_heads(factor: float) -> Callable[[Call], np.ndarray | None]:
    """Take some times as many heads; 0 for one alone."""

    def compute(call: Call) -> np.ndarray | None:
        heads = call.options.get("heads")
        if not heads or call.options.get("groups") not in (None, heads):
            return None
        number = factor * heads or 1
        if number == heads or number != int(number):
            return None
        result: np.ndarray | None = call.run(heads=int(number), groups=None)
        return result

    return compute


def _in_order(**order: Any) -> Callable[[Call], np.ndarray | None]:
    """Cut or join the heads in another order; None where there is one."""

    def compute(call: Call) -> np.ndarray | None:
        heads = call.options.get("heads")
        if heads in (None, 1) or call.options.get("groups") not in (None, heads):
            return None
        if "size first" in order.values() and _size_of_head(call) == 1:
            return None
        result: np.ndarray | None = call.run(**order)
        return result

    return compute


def _by_turns(call: Call) -> np.ndarray | None:
    """Let heads have the keys of groups by turns; None where there are no groups."""
    heads, groups = call.options.get("heads"), call.options.get("groups")
    if not heads or groups in (None, 1, heads):
        return None
    result: np.ndarray | None = call.run(grouped="by turns")
    return result


# ---------------------------------------------------------------------------- in a call


def _asked_by_keys(call: Call) -> np.ndarray | None:
    """Take the queries for keys and values, and those for queries."""
    key = call.options.get("key")
    if key is None or key.shape != call.x.shape or np.array_equal(key, call.x):
        return None
    result: np.ndarray | None = call.run(x=key, key=call.x, value=call.x)
    return result


def _keys_for_values(call: Call) -> np.ndarray | None:
    """Take keys and values for each other, where both are given and differ."""
    key, value = call.options.get("key"), call.options.get("value")
    if key is None or value is None or key.shape != value.shape:
        return None
    if np.array_equal(key, value):
        return None
    result: np.ndarray | None = call.run(key=value, value=key)
    return result


def _of_queries(*names: str) -> Callable[[Call], np.ndarray | None]:
    """Take the queries for keys or values, where those are given and differ."""

    def compute(call: Call) -> np.ndarray | None:
        key = given(call.options, "key", call.x)
        inputs = {"key": key, "value": given(call.options, "value", key)}
        right = dict(inputs)
        for name in names:
            inputs[name] = call.x
        if inputs["key"].shape[:2] != inputs["value"].shape[:2]:
            return None
        same = [np.array_equal(inputs[name], right[name]) for name in names]
        sizes = [inputs[name].shape[-1] == right[name].shape[-1] for name in names]
        mask = call.options.get("mask")
        if all(same) or not all(sizes):
            return None
        if mask is not None and mask.shape[-1] not in (1, inputs["key"].shape[1]):
            return None
        result: np.ndarray | None = call.run(**inputs)
        return result

    return compute


def over_batch(call: Call) -> np.ndarray | None:
    """Take batch and time for each other; None where a mask would not fit."""
    options = call.options
    if options.get("mask") is not None or options.get("added") is not None:
        return None
    if len(call.x) < 2:
        return None
    turned = {}
    for name in ("key", "value"):
        array = options.get(name)
        if array is not None:
            if len(array) != len(call.x):
                return None
            turned[name] = array.swapaxes(0, 1)
    if any(array.shape[1] != call.x.shape[0] for array in turned.values()):
        return None
    if any(array.shape[0] != call.x.shape[1] for array in turned.values()):
        return None
    computed = call.run(x=call.x.swapaxes(0, 1), **turned)
    return computed.swapaxes(0, 1) if isinstance(computed, np.ndarray) else None


def _computed(
    name: str,
    sentence: str,
    torch: str,
    keras: str,
    compute: Callable[[Call], np.ndarray | None],
    may_be_meant: bool = False,
) -> Mistake[Computation]:
    """A mistake in what attention computes.

    Args:
        name: of the mistake.
        sentence: what is wrong.
        torch: what to change in PyTorch.
        keras: what to change in Keras.
        compute: does it.
        may_be_meant: whether the other side may be the wrong one.
    """
    meant: dict[Side, str] | None = None
    if may_be_meant:
        meant = {"torch": torch, "keras": keras}
    return Mistake(name, sentence, torch, keras, Computation(compute), meant=meant)


OF_SCORES = (
    _computed(
        "attention scale forgotten",
        "the scores are not divided by the root of a head's size",
        "divide the scores by sqrt(embed_dim / num_heads)",
        "divide the scores by sqrt(key_dim)",
        _unscaled,
    ),
    _computed(
        "attention scale of all heads",
        "the scores are divided by the root of all heads' size, not of one head's",
        "divide the scores by sqrt(embed_dim / num_heads), not sqrt(embed_dim)",
        "divide the scores by sqrt(key_dim), not by that of all heads together",
        _scaled_by_all,
    ),
    _computed(
        "attention scale without root",
        "the scores are divided by a head's size, or twice by its root, not once",
        "divide the scores by sqrt(embed_dim / num_heads), once",
        "divide the scores by sqrt(key_dim), once",
        _without_root,
    ),
    _computed(
        "attention softmax over queries",
        "the softmax of the attention goes over the queries, not over the keys",
        "softmax(scores, dim=-1), the axis of the keys",
        "softmax(scores, axis=-1), the axis of the keys",
        _along(-2),
    ),
    _computed(
        "attention softmax over heads",
        "the softmax of the attention goes over the heads, not over the keys",
        "softmax(scores, dim=-1), the axis of the keys",
        "softmax(scores, axis=-1), the axis of the keys",
        _along(1),
    ),
    *(
        _computed(
            f"{name} heads",
            f"the attention has another number of heads: {sentence}",
            "num_heads must be Keras's",
            "num_heads must be PyTorch's, and key_dim its embed_dim / num_heads",
            _other_heads(factor),
            may_be_meant=True,
        )
        for name, sentence, factor in (
            ("half the", "half as many", 0.5),
            ("twice the", "twice as many", 2),
            ("one in the place of all", "one", 0),
        )
    ),
    _computed(
        "attention cut into heads interleaved",
        "what is projected is cut as (size, heads), not as (heads, size)",
        "reshape(batch, time, heads, size), then swap time and heads",
        "reshape(batch, time, heads, size), then swap time and heads",
        _in_order(cut="size first"),
    ),
    _computed(
        "attention cut into heads without swapping time and heads",
        "what is projected is cut into heads without swapping time and heads",
        "reshape(batch, time, heads, size), then swap time and heads",
        "reshape(batch, time, heads, size), then swap time and heads",
        _in_order(cut="time first"),
    ),
    _computed(
        "attention joined from heads interleaved",
        "the heads are joined as (size, heads), not as (heads, size)",
        "transpose to (batch, time, heads, size) before reshape(batch, time, -1)",
        "transpose to (batch, time, heads, size) before reshape(batch, time, -1)",
        _in_order(joined="size first"),
    ),
    _computed(
        "attention joined without swapping time and heads",
        "the heads are joined without swapping time and heads back",
        "transpose to (batch, time, heads, size) before reshape(batch, time, -1)",
        "transpose to (batch, time, heads, size) before reshape(batch, time, -1)",
        _in_order(joined="time first"),
    ),
)
# Of heads in groups, which no layer of PyTorch has: it is written by hand there.
OF_GROUPS = (
    _computed(
        "attention groups by turns",
        "keys and values are repeated by turns, not each for neighbouring heads",
        "k.repeat_interleave(heads // groups, dim=1), or enable_gqa=True; not k.repeat",
        "repeat(k, heads // groups), each for neighbouring heads; not tile",
        _by_turns,
    ),
)
OF_CALLS = (
    _computed(
        "query and key exchanged in the call",
        "the attention is asked by what it should be asked about",
        "the query comes first, then key and value",
        "the query comes first, then value and key",
        _asked_by_keys,
    ),
    _computed(
        "attention to itself",
        "the attention looks at itself: it takes its queries for keys and values",
        "give the other sequence as key and as value",
        "give the other sequence as value, which is the key too if none is given",
        _of_queries("key", "value"),
    ),
    _computed(
        "queries for keys",
        "the attention takes its queries for keys too",
        "PyTorch's order is query, key, value: give the other sequence as key",
        "Keras's order is query, value, key: give the other sequence as key",
        _of_queries("key"),
    ),
    _computed(
        "queries for values",
        "the attention takes its queries for values too",
        "PyTorch's order is query, key, value: give the other sequence as value",
        "Keras's order is query, value, key: give the other sequence as value",
        _of_queries("value"),
    ),
    _computed(
        "key and value exchanged in the call",
        "the attention takes keys and values for each other",
        "PyTorch's order is query, key, value; Keras's is query, value, key",
        "Keras's order is query, value, key; PyTorch's is query, key, value",
        _keys_for_values,
    ),
    _computed(
        "attention over the batch",
        "the attention takes batch and time for each other",
        "batch_first=True",
        "give the layer (batch, time, features)",
        over_batch,
    ),
)

COMPUTATION_MISTAKES = (*OF_SCORES, *OF_MASKS, *OF_CALLS)
