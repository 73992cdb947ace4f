"""Attention of several heads, between the layers that project what goes in and out."""

from __future__ import annotations

from typing import Any

from compare.kinds.any_arrays import ANOTHER_LAYER, INITIAL, ROUNDED
from compare.kinds.attention import compute
from compare.kinds.attention_array_mistakes import ARRAY_MISTAKES
from compare.kinds.attention_arrays import rows
from compare.kinds.attention_mistakes import COMPUTATION_MISTAKES
from compare.kinds.attention_source import ATTENTION
from compare.kinds.kind import Axes, Example, Kind
from compare.kinds.option import REQUIRED, Option, Value, is_there

IN_TORCH = {"embed_dim": 8, "num_heads": 2, "batch_first": True}
IN_KERAS = {"num_heads": 2, "key_dim": 4}
SHAPE, CROSS = (3, 5, 8), (3, 7, 8)


def attention_axes(value: Value) -> Value:
    """Read the axis of time, which is the only one, as what Keras takes by itself."""
    return None if value in (None, (1,), [1], 1) else value


def query_heads(layer: Any) -> Value:
    """Read the heads of a GroupQueryAttention; not known of dense layers by hand."""
    return getattr(layer, "num_query_heads", REQUIRED)


def head_size(layer: Any) -> Value:
    """Read the size of its heads, which is that of keys and that of values."""
    return getattr(layer, "head_dim", REQUIRED)


def has_gate(layer: Any) -> Value:
    """Read whether a GroupQueryAttention has a gate; no other layer lacks the name."""
    return getattr(layer, "use_gate", False)


OPTIONS = (
    Option(
        "heads",
        "num_heads",
        "num_heads",
        REQUIRED,
        REQUIRED,
        sample=(4, 4),
        without_attribute=query_heads,
    ),
    Option(
        "key_dim",
        "",
        "key_dim",
        None,
        REQUIRED,
        torch_attribute="head_dim",
        instead="PyTorch's heads have embed_dim / num_heads features: no other size",
        sample=(None, 3),
        without_attribute=head_size,
    ),
    Option(
        "value_dim",
        "",
        "value_dim",
        None,
        None,
        torch_attribute="head_dim",
        instead="PyTorch's values have the size of its keys in a head",
        sample=(None, 3),
        without_attribute=head_size,
    ),
    Option(
        "bias",
        "bias",
        "use_bias",
        True,
        True,
        read=is_there,
        torch_attribute="in_proj_bias",
        sample=(False, False),
    ),
    Option("dropout", "dropout", "dropout", 0.0, 0.0, "training", sample=(0.5, 0.5)),
    Option(
        "batch_first",
        "batch_first",
        "",
        False,
        True,
        matters="training",  # what goes in and comes out tells which axis is which
        instead="Keras takes (batch, time, features): transpose what it is given",
        sample=(True, None),
    ),
    Option(
        "add_bias_kv",
        "add_bias_kv",
        "",
        False,
        False,
        in_pytorch=(False, True),
        read=is_there,
        torch_attribute="bias_k",
        refused=True,
        instead="write Keras's attention by hand with a key and a value more",
        sample=(True, None),
    ),
    Option(
        "add_zero_attn",
        "add_zero_attn",
        "",
        False,
        False,
        in_pytorch=(False, True),
        refused=True,
        instead="write Keras's attention by hand with a key and a value of zeros more",
        sample=(True, None),
    ),
    Option(
        "output_shape",
        "",
        "output_shape",
        None,
        None,
        in_pytorch=(None,),
        refused=True,
        keras_attribute="_output_shape",
        instead="put a Linear after PyTorch's layer",
        sample=(None, (6,)),
    ),
    Option(
        "attention_axes",
        "",
        "attention_axes",
        None,
        None,
        read=attention_axes,
        in_pytorch=(None,),
        refused=True,
        instead="reshape PyTorch's input so that the axis is its time",
        sample=(None, (1, 2)),
    ),
    Option(
        "sliding_window",
        "",
        "sliding_window",
        None,
        None,
        matters="training",  # it is in the mask of each call
        keras_attribute="_sliding_window",
        instead="hide the steps beyond the window by PyTorch's attn_mask",
        sample=(None, 2),
    ),
    Option(
        "use_gate",
        "",
        "use_gate",
        False,
        False,
        in_pytorch=(False,),
        refused=True,
        keras_attribute="_use_gate",
        without_attribute=has_gate,
        instead="write PyTorch's attention by hand, with a gate before its output",
        sample=(None, True),
    ),
)
PACKED = {
    "in_proj_weight": 2,
    "in_proj_bias": 1,
    "out_proj.weight": 2,
    "out_proj.bias": 1,
}
APART = {
    "q_proj_weight": 2,
    "k_proj_weight": 2,
    "v_proj_weight": 2,
    "in_proj_bias": 1,
    "out_proj.weight": 2,
    "out_proj.bias": 1,
}
BY_HEADS = {
    "query.kernel": 3,
    "query.bias": 2,
    "key.kernel": 3,
    "key.bias": 2,
    "value.kernel": 3,
    "value.bias": 2,
    "output.kernel": 3,
    "output.bias": 1,
}


def _without_bias(axes: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in axes.items() if "bias" not in name}


MULTI_HEAD_ATTENTION = Kind(
    name="MultiheadAttention",
    torch=("MultiheadAttention",),
    # of the second those whose heads all have keys of their own
    keras=("MultiHeadAttention", "GroupQueryAttention"),
    family="attention",
    compute=compute,
    rows=rows,
    options=OPTIONS,
    mistakes=(
        ANOTHER_LAYER,
        *ARRAY_MISTAKES,
        *ROUNDED,
        INITIAL,
        *COMPUTATION_MISTAKES,
    ),
    sources={"MultiHeadAttention": ATTENTION},
    files=(
        Axes(PACKED, BY_HEADS),
        Axes(_without_bias(PACKED), _without_bias(BY_HEADS)),
        Axes(APART, BY_HEADS),
        Axes(_without_bias(APART), _without_bias(BY_HEADS)),
    ),
    switches={name: "use_bias" for name in BY_HEADS if "bias" in name},
    examples=(
        Example(
            "MultiheadAttention", IN_TORCH, "MultiHeadAttention", IN_KERAS, shape=SHAPE
        ),
        Example(
            "MultiheadAttention",
            {**IN_TORCH, "bias": False},
            "MultiHeadAttention",
            {**IN_KERAS, "use_bias": False},
            "without bias",
            SHAPE,
        ),
        Example(
            "MultiheadAttention",
            {**IN_TORCH, "kdim": 6, "vdim": 3},
            "MultiHeadAttention",
            IN_KERAS,
            "keys and values of other sizes",
            SHAPE,
            call={"key": (3, 7, 6), "value": (3, 7, 3)},
        ),
        Example(
            "MultiheadAttention",
            {**IN_TORCH, "num_heads": 1},
            "MultiHeadAttention",
            {"num_heads": 1, "key_dim": 8},
            "of one head",
            SHAPE,
        ),
        Example(
            "MultiheadAttention",
            IN_TORCH,
            "MultiHeadAttention",
            IN_KERAS,
            "causal",
            SHAPE,
            call={"mask": "causal"},
        ),
        Example(
            "MultiheadAttention",
            IN_TORCH,
            "MultiHeadAttention",
            IN_KERAS,
            "causal, and padded",
            SHAPE,
            call={"mask": "both"},
        ),
        Example(
            "MultiheadAttention",
            IN_TORCH,
            "MultiHeadAttention",
            IN_KERAS,
            "of another sequence, padded",
            SHAPE,
            call={"key": CROSS, "mask": "padding"},
        ),
        Example(
            "MultiheadAttention",
            {**IN_TORCH, "batch_first": False},
            "MultiHeadAttention",
            IN_KERAS,
            "keys and values apart, time first",
            SHAPE,
            call={"key": SHAPE, "value": SHAPE},
        ),
    ),
)
