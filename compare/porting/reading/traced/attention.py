"""Attention of PyTorch in Keras's words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from compare.in_pytorch.recorded import Step
from compare.in_pytorch.unifying import Open
from compare.kinds.graph import LayerPlan, Tensor
from compare.porting.reading.traced.constants import hides_future
from compare.porting.reading.traced.layers import (
    arrays_of,
    kind_and_config,
    moved,
    name_of,
    placed,
)
from compare.porting.reading.traced.reader import Handler, Reader
from compare.porting.reading.traced.recomputed import recomputed
from compare.porting.reading.traced.shapes import without
from compare.porting.reading.traced.values import Constant, Unported, Value, uniform

ARGUMENTS = (
    "query key value key_padding_mask need_weights attn_mask average_attn_weights "
    "is_causal"
)


def multi_head(reader: Reader, step: Step) -> list[Any]:
    """A layer of attention with several heads."""
    module = reader.module(step.name)
    args = reader.bound(
        step,
        ARGUMENTS,
        key_padding_mask=None,
        need_weights=True,
        attn_mask=None,
        average_attn_weights=True,
        is_causal=False,
    )
    kind, config = kind_and_config(module)
    config.pop("value_dim", None)
    graph = reader.graph
    values: dict[Any, Value] = {}
    for ref in (args.query, args.key, args.value):
        if ref not in values:
            value = reader.tensor(ref)
            if len(value.shape) != 3:
                raise Unported("attention without a batch")
            order = (0, 1, 2) if module.batch_first else (1, 0, 2)
            values[ref] = graph.merged(graph.arranged(graph.full(value), order))
    tensors = [values[ref].tensor for ref in (args.query, args.value)]
    kwargs: dict[str, Any] = {}
    if args.key != args.value:
        kwargs["key"] = values[args.key].tensor
    mask, causal = _masks(reader, args.attn_mask, args.key_padding_mask)
    if causal:
        kwargs["use_causal_mask"] = True
    if mask is not None:
        kwargs["attention_mask"] = mask
    number = reader.number(step)
    scores = len(step.results) > 1 and reader.is_read(number, 1)
    if scores:
        kwargs["return_attention_scores"] = True
    arrays = _arrays(module, kind)
    plan = LayerPlan(name_of(reader, step), "MultiHeadAttention", config)
    call = placed(graph, plan, tensors, arrays, kwargs)
    query = values[args.query]
    shape = step.results[0].shape
    attended = Value(Tensor(call), shape, query.axes, query.sizes, query.dtype)
    results: list[Any] = [attended]
    if scores:
        tensor = Tensor(call, 1)
        if args.average_attn_weights:
            tensor = graph.op("mean", tensor, axis=1)
        whole = step.results[1].shape
        axes = tuple((axis,) for axis in range(len(whole)))
        results.append(Value(tensor, whole, axes, whole, query.dtype))
    return results


def _arrays(module: Any, kind: Any) -> Any:
    """Keras's arrays of attention, cut into heads."""
    heads = np.broadcast_to(0, (1, module.num_heads, 1))
    keras: dict[str, np.ndarray] = {}
    for part in ("query", "key", "value", "output"):
        keras[f"{part}.kernel"] = heads
        if module.in_proj_bias is not None:
            keras[f"{part}.bias"] = np.zeros(())
    return moved(kind, arrays_of(module), keras)


def _masks(reader: Reader, attn: Any, padding: Any) -> tuple[Tensor | None, bool]:
    """Keras's mask of what is attended to, bool; and whether it hides the future."""
    causal = False
    masks = []
    if attn is not None:
        known = reader.get(attn)
        if isinstance(known, Constant) and hides_future(known):
            causal = True
        elif isinstance(known, Constant) and uniform(known) in (0, False):
            pass
        elif isinstance(known, Constant):
            raise Unported("a mask of constants that does not hide the future")
        else:
            masks.append(_attended(reader, attn, 2))
    if padding is not None:
        masks.append(_attended(reader, padding, 1))
    if not masks:
        return None, causal
    mask = masks[0]
    for more in masks[1:]:
        mask = reader.graph.op("logical_and", mask, more)
    return mask, causal


def _attended(reader: Reader, mask: Any, axes: int) -> Tensor:
    """What is attended to, by a mask of what is not: (batch, 1 or queries, keys)."""
    step = reader.recording.steps[mask.step]
    if step.function == "masked_fill" and step.args[2] == -np.inf:
        start = reader.get(step.args[0])
        if isinstance(start, Constant) and uniform(start) == 0:
            mask = step.args[1]  # PyTorch makes numbers of a mask of bools
    value = reader.graph.plain(reader.tensor(mask))
    if value.dtype != "bool":
        raise Unported("a mask of numbers that are added to the scores")
    if axes == 2 and len(value.sizes) != 2:
        raise Unported("a mask of its own for each head")
    tensor = reader.graph.op("logical_not", value.tensor)
    axis = 1 if axes == 1 else 0
    return reader.graph.op("expand_dims", tensor, axis=axis)


def scaled_product(reader: Reader, step: Step) -> Value:
    """Attention as a function, of queries (batch, heads, time, size)."""
    args = reader.bound(
        step,
        "query key value attn_mask dropout_p is_causal scale enable_gqa",
        attn_mask=None,
        dropout_p=0.0,
        is_causal=False,
        scale=None,
        enable_gqa=False,
    )
    graph = reader.graph
    values = [reader.tensor(ref) for ref in (args.query, args.key, args.value)]
    count = len(values[0].shape)
    kwargs: dict[str, Any] = {}
    if args.is_causal:
        kwargs["is_causal"] = True
    if args.dropout_p:
        raise Unported(
            "dropout_p, which drops when the module evaluates too: pass 0 there"
        )
    size = values[0].shape[-1]
    scale = args.scale
    if scale is None and isinstance(size, int) and not _is_exact(size):
        scale = size**-0.5  # Keras rounds its own to float32 in any precision
    if scale is not None:
        kwargs["scale"] = scale
    mask = args.attn_mask
    if mask is not None:
        known = reader.get(mask)
        allowed = known
        if isinstance(known, Constant):
            allowed = Constant(_negated(known.value))
        if isinstance(allowed, Constant) and hides_future(allowed):
            kwargs["is_causal"] = True
        else:
            if isinstance(known, Constant) and isinstance(known.value, Open):
                reader.known[mask] = recomputed(reader, mask)
            given_mask = graph.plain(reader.tensor(mask))
            axes = tuple(range(4 - len(given_mask.sizes)))
            tensor = given_mask.tensor
            if axes:
                tensor = graph.op("expand_dims", tensor, axis=axes)
            kwargs["mask" if given_mask.dtype == "bool" else "bias"] = tensor
    if count == 3:
        values = [
            replace(
                v,
                shape=(v.shape[0], 1, *v.shape[1:]),
                axes=(v.axes[0], (), *v.axes[1:]),
            )
            for v in values
        ]
    elif count != 4:
        raise Unported("attention of tensors that are not (batch, heads, time, size)")
    arranged = [
        graph.merged(graph.arranged(graph.full(v), (0, 2, 1, 3))) for v in values
    ]
    query = arranged[0]
    tensors = [v.tensor for v in arranged]
    tensor = graph.op("dot_product_attention", *tensors, **kwargs)
    if "mask" in kwargs and not _shows_all(known):
        # Where a query sees nothing, PyTorch returns 0, and Keras the mean.
        sees = graph.op("any", kwargs["mask"], axis=-1, keepdims=True)
        sees = graph.op("transpose", sees, axes=(0, 2, 1, 3))
        tensor = graph.op("where", sees, tensor, 0.0)
    shape = (*query.shape[:-1], values[2].shape[-1])
    sizes = (*query.sizes[:-1], values[2].shape[-1])
    result = Value(tensor, shape, query.axes, sizes, query.dtype)
    if count == 3:
        return without(graph, result, {1})
    return result


def _is_exact(size: int) -> bool:
    """Whether float32 holds the scale of vectors of a size."""
    scale = size**-0.5
    return float(np.float32(scale)) == scale


def _shows_all(known: Any) -> bool:
    """Whether each query of a mask sees something."""
    is_fixed = isinstance(known, Constant) and isinstance(known.value, np.ndarray)
    return is_fixed and bool(known.value.any(-1).all())


def _negated(value: Any) -> Any:
    """What is not attended to, by what is; numbers that are added stay."""
    if isinstance(value, Open):
        return Open(tuple(map(_negated, value.values)))
    return ~value if value.dtype == bool else value


FUNCTIONS: dict[str, Handler] = {"scaled_dot_product_attention": scaled_product}


LAYERS: dict[str, Handler] = {"MultiheadAttention": multi_head}
