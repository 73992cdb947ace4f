"""Attention whose heads share keys and values: a layer of Keras, four of PyTorch.

It stands not in KINDS, since no layer of PyTorch is of it: Keras's projections count as
dense layers of their own, and PyTorch's are Linears.
"""

from __future__ import annotations

from compare.kinds.attention import compute
from compare.kinds.attention_source import ATTENTION
from compare.kinds.kind import Axes, Kind
from compare.kinds.multi_head_attention import BY_HEADS
from compare.kinds.option import REQUIRED, Option

GROUPED_ATTENTION = Kind(
    name="GroupQueryAttention",
    torch=(),
    keras=("GroupQueryAttention",),
    family="attention",
    compute=compute,
    files=(Axes({}, BY_HEADS),),
    # Keras 3.15 calls its class otherwise than what it exports.
    sources={"GroupQueryAttention": ATTENTION, "GroupedQueryAttention": ATTENTION},
    options=(
        Option(
            "heads",
            "",
            "num_query_heads",
            REQUIRED,
            REQUIRED,
            instead="cut the queries of PyTorch's module into {value} heads",
            sample=(None, 8),
        ),
        Option(
            "groups",
            "",
            "num_key_value_heads",
            REQUIRED,
            REQUIRED,
            instead=(
                "cut keys and values of PyTorch's module into {value} heads, and give "
                "enable_gqa=True, or repeat_interleave(heads // {value}, 1)"
            ),
            sample=(None, 1),
        ),
        Option(
            "head_dim",
            "",
            "head_dim",
            REQUIRED,
            REQUIRED,
            instead="nn.Linear(features, heads * {value}) in PyTorch",
            sample=(None, 3),
        ),
        Option(
            "bias",
            "",
            "use_bias",
            True,
            True,
            instead="nn.Linear(..., bias={value}) in PyTorch, for all four",
            sample=(None, False),
        ),
        Option(
            "dropout",
            "",
            "dropout",
            0.0,
            0.0,
            "training",
            instead="give scaled_dot_product_attention dropout_p={value} in training",
            sample=(None, 0.5),
        ),
        Option(
            "use_gate",
            "",
            "use_gate",
            False,
            False,
            in_pytorch=(False,),
            instead=(
                "hold a fifth Linear in PyTorch's module, as wide as the queries, and "
                "multiply what the heads make by its sigmoid before the output"
            ),
            sample=(None, True),
        ),
    ),
)
