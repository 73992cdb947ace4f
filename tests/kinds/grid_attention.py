"""Configurations of attention of several heads, and of dense layers by an equation."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from grid import Configuration, Impossible, Unsayable

from compare.kinds.kind import Example

BATCH, TIME, SOURCE = 3, 5, 7
HEADS = ((1, 8), (2, 4), (4, 2), (8, 1), (2, 3))  # how many, and the size of each


def _calls(size: int) -> dict[str, dict[str, Any]]:
    """What the layer is given beside its queries, by a name."""
    other, same = (BATCH, SOURCE, size), (BATCH, TIME, size)
    return {
        "of itself": {},
        "of itself, causal": {"mask": "causal"},
        "of itself, padded": {"mask": "padding"},
        "of itself, causal and padded": {"mask": "both"},
        "of another sequence": {"key": other},
        "of another sequence, padded": {"key": other, "mask": "padding"},
        "with values of their own": {"key": same, "value": same, "mask": "causal"},
        "with keys and values of other sizes": {
            "key": (BATCH, SOURCE, size + 2),
            "value": (BATCH, SOURCE, size - 3),
        },
    }


def _attention() -> Iterator[Configuration]:
    for (heads, size), bias in product(HEADS, (True, False)):
        features = heads * size
        in_torch = {"embed_dim": features, "num_heads": heads, "bias": bias}
        in_keras = {"num_heads": heads, "key_dim": size, "use_bias": bias}
        bias_words = "" if bias else ", without bias"
        for words, call in _calls(features).items():
            sizes = {}
            if "value" in call and call["value"][-1] != features:
                sizes = {"kdim": call["key"][-1], "vdim": call["value"][-1]}
            example = Example(
                "MultiheadAttention",
                {**in_torch, **sizes, "batch_first": True},
                "MultiHeadAttention",
                in_keras,
                f"{heads} heads of {size} {words}{bias_words}",
                (BATCH, TIME, features),
                call=call,
            )
            yield Configuration("MultiheadAttention", example)


def _time_first() -> Iterator[Configuration]:
    for mask in ("causal", "padding", "both"):
        example = Example(
            "MultiheadAttention",
            {"embed_dim": 8, "num_heads": 2},
            "MultiHeadAttention",
            {"num_heads": 2, "key_dim": 4},
            f"time first, {mask}",
            (BATCH, TIME, 8),
            call={"mask": mask},
        )
        yield Configuration("MultiheadAttention", example)


# An equation, its output's shape and its bias, and PyTorch's outputs; x is (3, 5, 4).
EQUATIONS = (
    ("abc,cd->abd", (None, 6), "d", 6),
    ("btd,de->bte", (TIME, 6), "e", 6),
    ("...x,xy->...y", (6,), "y", 6),
    ("btd,dnh->btnh", (None, 2, 3), "nh", 6),
    ("abc,cde->abde", (None, 3, 2), "de", 6),
    ("abc,cdef->abdef", (None, 2, 2, 3), "def", 12),
    ("abc,cd->abd", (None, 1), "d", 1),
    ("abc,cd->abd", (None, 4), "d", 4),
    ("abc,cde->abde", (None, 2, 2), "de", 4),
    ("abc,cde->abde", (None, 4, 1), "de", 4),
)


def _by_equations() -> Iterator[Configuration]:
    for number, (equation, shape, bias_axes, outputs) in enumerate(EQUATIONS):
        for bias in (True, False):
            in_keras = {"equation": equation, "output_shape": shape}
            if bias:
                in_keras["bias_axes"] = bias_axes
            words = "with" if bias else "without"
            example = Example(
                "Linear",
                {"in_features": 4, "out_features": outputs, "bias": bias},
                "EinsumDense",
                in_keras,
                f"by {equation} {words} bias, {number}",
            )
            yield Configuration("Linear", example)


FROM_HEADS = tuple(
    Configuration(
        "Linear",
        Example(
            "Linear",
            {"in_features": 4, "out_features": outputs},
            "EinsumDense",
            {
                "equation": "btnh,nhd->btd",
                "output_shape": (None, outputs),
                "bias_axes": "d",
            },
            f"from heads to {outputs}",
        ),
    )
    for outputs in (1, 2, 4, 6)
)

CONFIGURATIONS = (*_attention(), *_time_first(), *_by_equations(), *FROM_HEADS)

SIZES = {"embed_dim": 8, "num_heads": 2}
IN_KERAS = {"num_heads": 2, "key_dim": 4}
UNSAYABLE = (
    Unsayable(
        "MultiheadAttention",
        "torch",
        {**SIZES, "add_bias_kv": True},
        "add_bias_kv",
        "by hand",
    ),
    Unsayable(
        "MultiheadAttention",
        "torch",
        {**SIZES, "add_zero_attn": True},
        "add_zero_attn",
        "by hand",
    ),
    Unsayable("MultiheadAttention", "torch", SIZES, "batch_first", "transpose"),
    Unsayable(
        "MultiheadAttention",
        "keras",
        {**IN_KERAS, "output_shape": 6},
        "output_shape",
        "Linear after",
    ),
    Unsayable(
        "MultiheadAttention",
        "keras",
        {**IN_KERAS, "attention_axes": (1, 2)},
        "attention_axes",
        "reshape",
    ),
    Unsayable(
        "MultiheadAttention",
        "keras",
        {**IN_KERAS, "use_gate": True},
        "use_gate",
        "by hand",
    ),
    Unsayable(
        "MultiheadAttention",
        "keras",
        {**IN_KERAS, "value_dim": 3},
        "value_dim",
        "size of its keys",
    ),
)
IMPOSSIBLE = (
    Impossible(
        "torch",
        "MultiheadAttention",
        {"embed_dim": 8, "num_heads": 3},
        (3, 5, 8),
        "heads that do not divide the features",
    ),
    Impossible(
        "keras",
        "MultiHeadAttention",
        {"num_heads": 0, "key_dim": 4},
        (3, 5, 8),
        "no heads",
    ),
)
