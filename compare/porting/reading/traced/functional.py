"""Layers of PyTorch as functions, whose weights stand elsewhere, as layers of Keras."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from compare.in_pytorch.recorded import Result, Step
from compare.kinds.graph import LayerPlan
from compare.porting.reading.traced.layers import (
    called,
    channels_last,
    features_last,
    with_last,
)
from compare.porting.reading.traced.reader import Handler, Reader
from compare.porting.reading.traced.reductions import matmul
from compare.porting.reading.traced.shapes import without
from compare.porting.reading.traced.values import Constant, Unported, Value


def linear(reader: Reader, step: Step) -> Value:
    """A dense layer."""
    args = reader.bound(step, "input weight bias", bias=None)
    weight = reader.fixed(args.weight)
    bias = None if args.bias is None else reader.fixed(args.bias)
    name = reader.weight_name(args.weight, "linear")
    return dense(reader, step, args.input, weight.T, bias, name)


def dense(
    reader: Reader,
    step: Step,
    source: Any,
    kernel: np.ndarray,
    bias: np.ndarray | None,
    name: str,
) -> Value:
    """A dense layer of a kernel (inputs, outputs)."""
    value = features_last(reader, reader.tensor(source))
    if kernel.ndim != 2 or len(value.sizes) < 2:
        raise Unported("a product that is no dense layer's")
    config: dict[str, Any] = {"units": kernel.shape[1]}
    arrays = {"kernel": kernel}
    if bias is None:
        config["use_bias"] = False
    else:
        arrays["bias"] = bias
    if name in reader.graph.layers:  # a weight that several layers share
        reader.graph.note(f"{name}: a weight that PyTorch shares is there twice")
        name = reader.graph.free(name)
    tensor = called(reader, LayerPlan(name, "Dense", config), value, arrays)
    return with_last(value, step, tensor)


def embedding(reader: Reader, step: Step) -> Value:
    """A table, from which indices take rows."""
    args = reader.bound(
        step,
        "input weight padding_idx max_norm norm_type scale_grad_by_freq sparse",
        padding_idx=None,
        max_norm=None,
        norm_type=2.0,
        scale_grad_by_freq=False,
        sparse=False,
    )
    if args.max_norm is not None:
        raise Unported("max_norm")
    table = reader.fixed(args.weight)
    value = reader.tensor(args.input)
    rows, size = table.shape
    config = {"input_dim": rows, "output_dim": size}
    plan = LayerPlan(reader.weight_name(args.weight, "embedding"), "Embedding", config)
    tensor = called(reader, plan, value, {"embeddings": table})
    axes = (*value.axes, (len(value.sizes),))
    shape, sizes = (*value.shape, size), (*value.sizes, size)
    return Value(tensor, shape, axes, sizes, step.results[0].dtype)


def embedding_bag(reader: Reader, step: Step) -> Value:
    """The sum, the mean or the largest of rows of a table, for each sample."""
    args = reader.bound(
        step,
        "input weight offsets max_norm norm_type scale_grad_by_freq mode sparse "
        "per_sample_weights include_last_offset padding_idx",
        offsets=None,
        max_norm=None,
        norm_type=2.0,
        scale_grad_by_freq=False,
        mode="mean",
        sparse=False,
        per_sample_weights=None,
        include_last_offset=False,
        padding_idx=None,
    )
    others = (args.offsets, args.max_norm, args.per_sample_weights, args.padding_idx)
    if any(other is not None for other in others):
        raise Unported("a bag with offsets, a norm, weights or padding")
    table = reader.fixed(args.weight)
    value = reader.graph.plain(reader.tensor(args.input))
    config = {"input_dim": table.shape[0], "output_dim": table.shape[1]}
    name = reader.weight_name(args.weight, "embedding")
    plan = LayerPlan(reader.graph.free(name), "Embedding", config)
    rows = called(reader, plan, value, {"embeddings": table})
    tensor = reader.graph.op(args.mode, rows, axis=1)
    result = step.results[0]
    return Value(tensor, result.shape, ((0,), (1,)), result.shape, result.dtype)


def layer_norm(reader: Reader, step: Step) -> Value:
    """The last axes brought to mean 0 and variance 1."""
    args = reader.bound(
        step,
        "input normalized_shape weight bias eps",
        weight=None,
        bias=None,
        eps=1e-5,
    )
    count = len(args.normalized_shape)
    value = features_last(reader, reader.tensor(args.input), count)
    config: dict[str, Any] = {"epsilon": args.eps}
    if count > 1:
        config["axis"] = tuple(range(-count, 0))
    arrays = {}
    name = "layer_norm"
    for part, word, setting in (
        (args.weight, "gamma", "scale"),
        (args.bias, "beta", "center"),
    ):
        if part is None:
            config[setting] = False
        else:
            arrays[word] = reader.fixed(part)
            name = reader.weight_name(part, name)
    plan = LayerPlan(reader.graph.free(name), "LayerNormalization", config)
    return replace(value, tensor=called(reader, plan, value, arrays))


def batch_norm(reader: Reader, step: Step) -> Value:
    """Features brought to the running mean and variance."""
    args = reader.bound(
        step,
        "input running_mean running_var weight bias training momentum eps",
        weight=None,
        bias=None,
        training=False,
        momentum=0.1,
        eps=1e-5,
    )
    if args.training or args.running_mean is None:
        raise Unported("a batch norm without running statistics")
    value = channels_last(reader, reader.tensor(args.input))
    config: dict[str, Any] = {
        "momentum": 1 - args.momentum,
        "epsilon": args.eps,
    }
    arrays = {
        "moving_mean": reader.fixed(args.running_mean),
        "moving_variance": reader.fixed(args.running_var),
    }
    for part, word, setting in (
        (args.weight, "gamma", "scale"),
        (args.bias, "beta", "center"),
    ):
        if part is None:
            config[setting] = False
        else:
            arrays[word] = reader.fixed(part)
    name = reader.weight_name(args.running_mean, "batch_norm")
    name = name.removesuffix("_running_mean")
    plan = LayerPlan(reader.graph.free(name), "BatchNormalization", config)
    return replace(value, tensor=called(reader, plan, value, arrays))


def product(reader: Reader, step: Step) -> Value:
    """A product with a matrix of weights, or of two tensors."""
    right = reader.get(step.args[1])
    if isinstance(right, Constant) and isinstance(right.value, np.ndarray):
        name = reader.weight_name(step.args[1], "matmul")
        if right.array.ndim == 1:
            return _scores(reader, step, right.array, name)
        return dense(reader, step, step.args[0], right.array, None, name)
    return matmul(reader, step)


def _scores(reader: Reader, step: Step, vector: np.ndarray, name: str) -> Value:
    """The product of each vector with one of weights: a dense layer of one unit."""
    result = step.results[0]
    one = replace(result, shape=(*result.shape, 1))
    column = _returning(step, one)
    value = dense(reader, column, step.args[0], vector[:, None], None, name)
    return without(reader.graph, value, {len(value.shape) - 1})


def _returning(step: Step, result: Result) -> Step:
    """A step that returns another tensor."""
    return replace(step, results=(result,))


def addmm(reader: Reader, step: Step) -> Value:
    """A product with a matrix, to which something is added: a dense layer's."""
    args = reader.bound(step, "input mat1 mat2 beta alpha", beta=1, alpha=1)
    kernel, bias = reader.get(args.mat2), reader.get(args.input)
    if args.beta != 1 or args.alpha != 1:
        raise Unported("a product and a sum that are scaled")
    if not isinstance(kernel, Constant) or not isinstance(bias, Constant):
        raise Unported("a product of tensors that both depend on the input")
    if bias.array.ndim != 1:
        raise Unported("a sum that is no dense layer's")
    name = reader.weight_name(args.mat2, "addmm")
    return dense(reader, step, args.mat1, kernel.array, bias.array, name)


FUNCTIONS: dict[str, Handler] = {
    "linear": linear,
    "embedding": embedding,
    "embedding_bag": embedding_bag,
    "layer_norm": layer_norm,
    "batch_norm": batch_norm,
    "matmul": product,
    "mm": product,
    "mv": product,
    "addmm": addmm,
}
