"""The arrays that a layer of Keras 3 holds: names, order, and sizes as far as known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compare.kinds.graph import LayerPlan

# Sizes of the axes of an array; None where the configuration alone does not tell it.
Shape = tuple[int | None, ...] | None
Shapes = dict[str, Shape]

GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}
PROJECTIONS = ("query", "key", "value")
STATISTICS = ("moving_mean", "moving_variance")


def arrays_of(plan: LayerPlan) -> Shapes:
    """The shapes of a layer's arrays, in the order of `layer.weights` of Keras 3.

    Those of layers inside a wrapper have its prefix; a model inside has none here.
    """
    if plan.keras == "Bidirectional":
        shapes: Shapes = {}
        for prefix, inside in zip(("forward", "backward"), plan.inside, strict=True):
            shapes |= _prefixed(prefix, arrays_of(inside))
        return shapes
    if plan.keras == "RNN":
        if len(plan.inside) == 1:
            return arrays_of(plan.inside[0])
        shapes = {}
        for number, cell in enumerate(plan.inside):
            shapes |= _prefixed(str(number), arrays_of(cell))
        return shapes
    if plan.keras == "TimeDistributed":
        return arrays_of(plan.inside[0])
    own = _OWN.get(plan.keras.removesuffix("Cell"))
    return own(plan) if own else {}


def _prefixed(prefix: str, shapes: Shapes) -> Shapes:
    return {f"{prefix}.{name}": shape for name, shape in shapes.items()}


def _with_bias(config: Mapping[str, Any], shapes: Shapes, bias: Shape) -> Shapes:
    """The arrays, with a bias unless the layer is told to have none."""
    if config.get("use_bias", True):
        return {**shapes, "bias": bias}
    return shapes


def _dense(plan: LayerPlan) -> Shapes:
    units = plan.config.get("units")
    return _with_bias(plan.config, {"kernel": (None, units)}, (units,))


def _einsum_dense(plan: LayerPlan) -> Shapes:
    shapes: Shapes = {"kernel": None}
    if plan.config.get("bias_axes"):
        shapes["bias"] = None
    return shapes


def _embedding(plan: LayerPlan) -> Shapes:
    return {"embeddings": (plan.config.get("input_dim"), plan.config.get("output_dim"))}


def _recurrent(plan: LayerPlan) -> Shapes:
    units = plan.config.get("units")
    gates = GATES[plan.keras.removesuffix("Cell")]
    width = None if units is None else gates * units
    bias: Shape = (width,)
    if gates == GATES["GRU"] and plan.config.get("reset_after", True):
        bias = (2, width)
    shapes: Shapes = {"kernel": (None, width), "recurrent_kernel": (units, width)}
    return _with_bias(plan.config, shapes, bias)


def window(plan: LayerPlan) -> tuple[int | None, ...]:
    """The size of a convolution's window, an axis each."""
    axes = int(plan.keras.removesuffix("Transpose").removesuffix("D")[-1])
    size = plan.config.get("kernel_size")
    if isinstance(size, list | tuple):
        return tuple(size)
    return (size,) * axes


def _convolution(plan: LayerPlan) -> Shapes:
    filters = plan.config.get("filters")
    shapes: Shapes = {"kernel": (*window(plan), None, filters)}
    return _with_bias(plan.config, shapes, (filters,))


def _transposed(plan: LayerPlan) -> Shapes:
    filters = plan.config.get("filters")
    shapes: Shapes = {"kernel": (*window(plan), filters, None)}
    return _with_bias(plan.config, shapes, (filters,))


def _depthwise(plan: LayerPlan) -> Shapes:
    multiplier = plan.config.get("depth_multiplier", 1)
    shapes: Shapes = {"kernel": (*window(plan), None, multiplier)}
    return _with_bias(plan.config, shapes, (None,))


def _separable(plan: LayerPlan) -> Shapes:
    size, filters = window(plan), plan.config.get("filters")
    multiplier = plan.config.get("depth_multiplier", 1)
    shapes: Shapes = {
        "depthwise_kernel": (*size, None, multiplier),
        "pointwise_kernel": (*(1 for _ in size), None, filters),
    }
    return _with_bias(plan.config, shapes, (filters,))


def _conv_lstm(plan: LayerPlan) -> Shapes:
    size, filters = window(plan), plan.config.get("filters")
    width = None if filters is None else GATES["LSTM"] * filters
    shapes: Shapes = {
        "kernel": (*size, None, width),
        "recurrent_kernel": (*size, filters, width),
    }
    return _with_bias(plan.config, shapes, (width,))


def _normalised(plan: LayerPlan) -> Shapes:
    shapes: Shapes = {}
    if plan.config.get("scale", True):
        shapes["gamma"] = None
    if plan.config.get("center", True):
        shapes["beta"] = None
    return shapes


def _batch_normalised(plan: LayerPlan) -> Shapes:
    shapes = _normalised(plan)
    return {**shapes, **dict.fromkeys(STATISTICS)}


def _rms_normalised(plan: LayerPlan) -> Shapes:
    return {"scale": None}


def _standardised(plan: LayerPlan) -> Shapes:
    if plan.config.get("mean") is not None:
        return {}
    return {"mean": None, "variance": None, "count": ()}


def _prelu(plan: LayerPlan) -> Shapes:
    return {"alpha": None}


def _attention(plan: LayerPlan) -> Shapes:
    shapes: Shapes = {}
    if plan.config.get("use_scale", False):
        shapes["scale"] = ()
    if plan.config.get("score_mode") == "concat":
        shapes["concat_score_weight"] = ()
    return shapes


def _additive_attention(plan: LayerPlan) -> Shapes:
    if plan.config.get("use_scale", True):
        return {"scale": None}
    return {}


def _heads(plan: LayerPlan) -> Shapes:
    shapes: Shapes = {}
    for projection in (*PROJECTIONS, "output"):
        shapes[f"{projection}.kernel"] = None
        if plan.config.get("use_bias", True):
            shapes[f"{projection}.bias"] = None
    return shapes


_OWN = {
    "Dense": _dense,
    "EinsumDense": _einsum_dense,
    "Embedding": _embedding,
    "BatchNormalization": _batch_normalised,
    "LayerNormalization": _normalised,
    "GroupNormalization": _normalised,
    "RMSNormalization": _rms_normalised,
    "Normalization": _standardised,
    "PReLU": _prelu,
    "Attention": _attention,
    "AdditiveAttention": _additive_attention,
    "MultiHeadAttention": _heads,
    "GroupQueryAttention": _heads,
    "SeparableConv1D": _separable,
    "SeparableConv2D": _separable,
    "DepthwiseConv1D": _depthwise,
    "DepthwiseConv2D": _depthwise,
}
_OWN |= dict.fromkeys(GATES, _recurrent)
_OWN |= {f"Conv{axes}D": _convolution for axes in (1, 2, 3)}
_OWN |= {f"Conv{axes}DTranspose": _transposed for axes in (1, 2, 3)}
_OWN |= {f"ConvLSTM{axes}D": _conv_lstm for axes in (1, 2, 3)}
