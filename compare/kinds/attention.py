"""Attention of several heads: a query takes a mean of values, weighed by keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compare.kinds.functions import softmax
from compare.kinds.layer import Arrays
from compare.kinds.option import Options

PROJECTIONS = ("query", "key", "value")

# What stands in the call of a layer beside its settings and its query, x: arrays that
# are None where they are not given.
ARGUMENTS = ("key", "value", "mask", "added")


@dataclass(frozen=True)
class Projection:
    """A matrix and a bias, as those of a Linear.

    Args:
        weight: (outputs, features).
        bias: (outputs,), or zero.
    """

    weight: np.ndarray
    bias: np.ndarray | float = 0.0

    def of(self, x: np.ndarray) -> np.ndarray:
        """Take (batch, time, features) to (batch, time, outputs)."""
        result: np.ndarray = np.asarray(x, "float64") @ self.weight.T
        return result + self.bias


def projections(arrays: Arrays) -> dict[str, Projection]:
    """Return what makes queries, keys and values, and the output, of what goes in.

    Args:
        arrays: by PyTorch's names: `in_proj_weight` (3 * size, features), or
            `q_proj_weight, k_proj_weight, v_proj_weight` where keys or values have
            another number of features; `in_proj_bias` or none; `out_proj.weight`,
            `out_proj.bias` or none.
    """
    if "in_proj_weight" in arrays:
        weights = np.split(arrays["in_proj_weight"], 3)
    else:
        weights = [arrays[f"{letter}_proj_weight"] for letter in "qkv"]
    biases: list[np.ndarray | float] = [0.0, 0.0, 0.0]
    if "in_proj_bias" in arrays:
        ends = np.cumsum([len(weight) for weight in weights])[:-1]
        biases = [*np.split(arrays["in_proj_bias"], ends)]
    by_name = {
        name: Projection(weight, bias)
        for name, weight, bias in zip(PROJECTIONS, weights, biases, strict=True)
    }
    output = arrays["out_proj.weight"]
    by_name["output"] = Projection(output, arrays.get("out_proj.bias", 0.0))
    return by_name


def compute(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray | None:
    """Weigh the values of all steps by how a query fits their keys, in each head.

        head = softmax(Q K^T / sqrt(size of a head)) V,   y = W [head_1 ... head_n] + b

    Args:
        arrays: as in `projections`.
        x: queries before their projection, (batch, time, features).
        options: `heads`; `groups`, heads of keys and values where they are fewer; and
            of this call `key` and `value`, (batch, source, features), x where there is
            none; `mask`, True where a query sees a key, (batch or 1, heads or 1, time,
            source); `added` to the scores, of these axes. A mistake may ask for another
            `scale`, another `axis` of the softmax, a `factor` of the scores; or another
            order in which heads are `cut` and `joined`: "size first", or "time first"
            where time and heads are not swapped; or
            `grouped` "by turns", where neighbouring heads have not the same keys.
            `blind` is "NaN" where nothing is to be said of a query that sees no key.

    Returns:
        (batch, time, features). None where the heads are not told, where a projection
        cannot be cut into them, or where a mask is for other heads. A query that sees
        no key takes the mean of all values; either framework makes that, zeros or NaN
        of it, by version and by call.

    Source: Vaswani et al. 2017, arXiv:1706.03762, equation 1 and section 3.2.2; fewer
        heads of keys: Ainslie et al. 2023, arXiv:2305.13245, section 2.2.
    """
    heads = options.get("heads")
    if not heads or heads < 1 or not _fit_heads(options, heads):
        return None
    by_name = projections(arrays)
    groups = options.get("groups") or heads
    counts = {"query": heads, "key": groups, "value": groups}
    inputs = {"query": x, "key": given(options, "key", x)}
    inputs["value"] = given(options, "value", inputs["key"])
    cut = {}
    for name in PROJECTIONS:
        projected = by_name[name].of(inputs[name])
        if projected.shape[-1] % counts[name]:
            return None
        cut[name] = _in_heads(projected, counts[name], options.get("cut"))
    for name in ("key", "value"):  # each serves the queries of several heads
        if options.get("grouped") == "by turns":
            cut[name] = np.tile(cut[name], (1, heads // groups, 1, 1))
        else:
            cut[name] = np.repeat(cut[name], heads // groups, axis=1)
    result = attended(cut["query"], cut["key"], cut["value"], options)
    output = by_name["output"]
    joined = _beside(result, options.get("joined"))
    if joined.shape[-1] != output.weight.shape[1]:
        return None
    return output.of(joined)


def attended(
    query: np.ndarray, key: np.ndarray, value: np.ndarray, options: Options
) -> np.ndarray:
    """Return the values weighed by a softmax of scores.

    Args:
        query: (batch, heads, time, size).
        key: (batch, heads, source, size).
        value: the same.
        options: as in `compute`.
    """
    scale = options.get("scale")
    if scale is None:
        scale = 1 / np.sqrt(query.shape[-1])
    scores = scale * (query @ key.swapaxes(-1, -2))  # (batch, heads, time, source)
    result: np.ndarray = weighed(scores, options) @ value
    return result


def weighed(scores: np.ndarray, options: Options) -> np.ndarray:
    """Return the softmax of scores, (batch, heads, time, source), without the masked.

    Args:
        scores: before the mask.
        options: as in `compute`.
    """
    added, mask, factor = (options.get(name) for name in ("added", "mask", "factor"))
    if factor is not None:
        scores = scores * factor
    if added is not None:
        scores = scores + added
    if mask is not None:
        scores = np.where(mask, scores, np.finfo("float64").min / 4)
    weights = softmax(scores, options.get("axis", -1))
    if mask is not None and options.get("blind") == "NaN":
        weights = np.where(mask.any(axis=-1, keepdims=True), weights, np.nan)
    return weights


def _fit_heads(options: Options, heads: int) -> bool:
    """Whether masks are for so many heads, or the same for all."""
    masks = [options.get(name) for name in ("mask", "added", "factor")]
    return all(mask is None or mask.shape[1] in (1, heads) for mask in masks)


def given(options: Options, name: str, instead: np.ndarray) -> np.ndarray:
    """Return an array of a call, or another where it is not given."""
    array = options.get(name)
    return instead if array is None else array


def _beside(result: np.ndarray, order: str | None) -> np.ndarray:
    """Put (batch, heads, time, size) beside each other: (batch, time, heads * size)."""
    batch, heads, time, size = result.shape
    axes = {"size first": (0, 2, 3, 1), "time first": (0, 1, 2, 3)}
    ordered = result.transpose(axes.get(order or "", (0, 2, 1, 3)))
    return ordered.reshape(batch, time, heads * size)


def _in_heads(projected: np.ndarray, heads: int, order: str | None) -> np.ndarray:
    """(batch, time, heads * size) as (batch, heads, time, size): neighbours in one."""
    batch, time, size = projected.shape
    if order == "size first":
        cut = projected.reshape(batch, time, size // heads, heads)
        return cut.transpose(0, 3, 1, 2)
    if order == "time first":
        return projected.reshape(batch, heads, time, size // heads)
    return projected.reshape(batch, time, heads, size // heads).swapaxes(1, 2)


def arguments_of(options: Options) -> Mapping[str, np.ndarray | None]:
    """Return the arrays of a call that stand among its options."""
    return {name: options.get(name) for name in ARGUMENTS}


def is_causal(mask: np.ndarray | None) -> bool:
    """Return whether a mask hides from each query all later steps."""
    if mask is None or mask.shape[-1] < 2 or mask.shape[-2] < 2:
        return False
    return not np.triu(mask, 1).any()


def causal(time: int, source: int, later: int = 0) -> np.ndarray:
    """Return the mask that shows a query the steps up to its own, (1, 1, time, source).

    Args:
        time: how many queries there are.
        source: how many keys.
        later: how many steps beyond its own it sees; -1 hides its own.
    """
    return np.tri(time, source, later, dtype=bool)[None, None]
