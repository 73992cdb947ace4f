"""What attention of PyTorch is given beside its queries, as arrays, and back.

Arrays are as Keras has them: batch first, and True in a mask where a query sees a key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from inspect import signature
from typing import Any, TypeGuard

import numpy as np
import torch

from compare.in_pytorch.kinds import kind_of
from compare.in_pytorch.models import options_set
from compare.kinds import call, options_of
from compare.kinds.attention import causal
from compare.kinds.layer import Arrays
from compare.kinds.mistake import Call
from compare.kinds.option import Options

TRANSFORMERS = (torch.nn.TransformerEncoderLayer, torch.nn.TransformerDecoderLayer)


def is_attention(
    layer: torch.nn.Module,
) -> TypeGuard[torch.nn.MultiheadAttention]:
    """Whether this is PyTorch's attention, which takes several inputs."""
    return isinstance(layer, torch.nn.MultiheadAttention)


def batch_first(
    layer: torch.nn.MultiheadAttention, tensor: torch.Tensor
) -> torch.Tensor:
    """Swap time and batch of (batch, time, size) if the layer has time first."""
    if layer.batch_first or tensor.ndim != 3:
        return tensor
    return tensor.transpose(0, 1)


def call_of(
    layer: torch.nn.MultiheadAttention,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> tuple[torch.Tensor, Options] | None:
    """What a call of attention is given.

    Args:
        layer: the layer.
        args: its positional arguments.
        kwargs: its other arguments.

    Returns:
        The queries, (batch, time, features), and what stands in the options of
        `kinds.attention.compute`: keys and values that are not the queries, and masks.
        None of a call that is not of a batch.
    """
    try:
        bound = signature(layer.forward).bind(*args, **kwargs).arguments
    except TypeError:  # it will refuse
        return None
    three: tuple[Any, ...] = tuple(bound.get(n) for n in ("query", "key", "value"))
    query, key, value = three
    if not all(isinstance(x, torch.Tensor) and x.ndim == 3 for x in three):
        return None
    options: dict[str, Any] = {}
    if key is not query:
        options["key"] = batch_first(layer, key).numpy().copy()
    if value is not key:
        options["value"] = batch_first(layer, value).numpy().copy()
    options |= _masks(layer, bound)
    return batch_first(layer, query), options


def _masks(
    layer: torch.nn.MultiheadAttention, bound: Mapping[str, Any]
) -> dict[str, np.ndarray]:
    """The mask of a call, and what is added to its scores, (batch, heads, ...) each."""
    padding, attention = bound.get("key_padding_mask"), bound.get("attn_mask")
    query, key = (batch_first(layer, bound[name]) for name in ("query", "key"))
    mask: np.ndarray | None = None
    added: np.ndarray | None = None
    if bound.get("is_causal") and padding is None and not bound.get("need_weights", 1):
        # PyTorch takes the hint then, and does not look at the mask.
        return {"mask": causal(query.shape[1], key.shape[1])}
    for tensor, is_padding in ((padding, True), (attention, False)):
        if tensor is None:
            continue
        array = tensor.numpy().copy()
        if is_padding:
            array = array[:, None, None, :]  # (batch, source)
        elif array.ndim == 3:  # (batch * heads, time, source)
            array = array.reshape(-1, layer.num_heads, *array.shape[1:])
            if (array == array[:, :1]).all():  # the same for all heads
                array = array[:, :1]
        else:
            array = array[None, None]  # (time, source)
        if array.dtype.kind == "f":
            shows = np.isfinite(array)
            if array[shows].any():
                shown = np.where(shows, array, 0)
                added = shown if added is None else added + shown
        else:
            shows = ~array.astype(bool)
        mask = shows if mask is None else mask & shows
    masks = {"mask": mask, "added": added}
    return {name: array for name, array in masks.items() if array is not None}


def at_work(
    layer: torch.nn.MultiheadAttention,
    arrays: Arrays,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> Call | None:
    """The layer at work; None where `call_of` has none."""
    inputs_and_options = call_of(layer, args, kwargs)
    if inputs_and_options is None:
        return None
    kind = kind_of(layer)
    options = {**options_of("torch", kind, layer), **inputs_and_options[1]}
    return call(kind, arrays, inputs_and_options[0].numpy(), options=options)


def arguments(
    layer: torch.nn.MultiheadAttention, x: torch.Tensor, options: Options
) -> tuple[tuple[torch.Tensor, ...], dict[str, torch.Tensor]]:
    """What a layer is given so that it computes a call of `kinds.attention.compute`.

    Args:
        layer: the layer.
        x: queries, (batch, time, features).
        options: those of the call.

    Returns:
        Arguments by position and by name.
    """
    query = batch_first(layer, x)
    key = value = query
    if options.get("key") is not None:
        key = value = batch_first(layer, torch.tensor(options["key"]).to(x.dtype))
    if options.get("value") is not None:
        value = batch_first(layer, torch.tensor(options["value"]).to(x.dtype))
    mask, added = options.get("mask"), options.get("added")
    if mask is None and added is None:
        return (query, key, value), {}
    batch, time = x.shape[:2]
    source = batch_first(layer, key).shape[1]
    total = np.zeros((batch, layer.num_heads, time, source))
    if added is not None:
        total = total + added
    if mask is not None:
        total = np.where(mask, total, -np.inf)
    flat = torch.tensor(total.reshape(-1, time, source)).to(x.dtype)
    return (query, key, value), {"attn_mask": flat}


def norms_first(model: torch.nn.Module) -> dict[str, bool]:
    """Whether each transformer layer has its norms first, by its name."""
    return {
        name: module.norm_first
        for name, module in model.named_modules()
        if isinstance(module, TRANSFORMERS)
    }


@contextmanager
def norms_moved(model: torch.nn.Module) -> Iterator[None]:
    """Let transformer layers have their norms first, or last, unlike as they are."""
    with ExitStack() as stack:
        for name, is_first in norms_first(model).items():
            layer = model.get_submodule(name)
            stack.enter_context(options_set(layer, norm_first=not is_first))
        yield


def returning(
    layer: torch.nn.MultiheadAttention,
    result: Any,
    array: np.ndarray,
    turned: bool = False,
) -> Any:
    """What a layer returned, with an array in the place of its output.

    Args:
        layer: the layer.
        result: what it returned: an output and weights.
        array: (batch, time, features).
        turned: whether the layer takes batch and time for each other, and is to hand on
            the array as the layers around it take it.
    """
    if turned:
        array = array.swapaxes(0, 1)
    output = torch.from_numpy(np.array(array)).to(result[0].dtype)
    return (batch_first(layer, output), *result[1:])
