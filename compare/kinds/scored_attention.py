"""Attention without projections: Keras has two layers, PyTorch users write it.

Neither stands in KINDS, since no layer of PyTorch is of it: a module of the user's own
that holds the scales of Keras's layer is its twin.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from compare.kinds.attention import given, weighed
from compare.kinds.computing import Compute
from compare.kinds.kind import Kind
from compare.kinds.layer import Arrays
from compare.kinds.option import Option, Options
from compare.kinds.rows import copied, in_any_layer
from compare.kinds.scored_attention_source import SCORED

# Takes arrays, queries, keys and options, and returns scores, (batch, time, source).
Scores = Callable[[Arrays, np.ndarray, np.ndarray, Options], np.ndarray]


def by_product(
    arrays: Arrays, query: np.ndarray, key: np.ndarray, options: Options
) -> np.ndarray:
    """Score each key for each query by their product, or by their sum.

        dot:     scale q k^T
        concat:  weight * the sum of tanh(scale (q + k)) over the features

    Args:
        arrays: `scale`, (), or none; `concat_score_weight`, (), of "concat".
        query: (batch, time, features).
        key: (batch, source, features).
        options: score_mode, "dot" or "concat".

    Source: Luong et al. 2015, arXiv:1508.04025, section 3.1, the first of three scores.
    """
    scale = arrays.get("scale", np.float64(1))
    if options.get("score_mode", "dot") == "dot":
        return np.asarray(scale * (query @ key.swapaxes(1, 2)))
    sums = np.tanh(scale * _added(query, key)).sum(-1)
    return np.asarray(arrays["concat_score_weight"] * sums)


def by_sum(
    arrays: Arrays, query: np.ndarray, key: np.ndarray, options: Options
) -> np.ndarray:
    """Score each key for each query by the sum of scale * tanh(q + k) over features.

    Args:
        arrays: `scale`, (features,), or none.
        query: (batch, time, features).
        key: (batch, source, features).
        options: none is looked at.

    Source: Bahdanau, Cho & Bengio 2015, arXiv:1409.0473, section A.1.2, without its
        matrices.
    """
    scale = arrays.get("scale", np.float64(1))
    return np.asarray((scale * np.tanh(_added(query, key))).sum(-1))


def _added(query: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Each query and each key added, (batch, time, source, features)."""
    return np.asarray(query[:, :, None] + key[:, None])


def _weighing(scores: Scores) -> Compute:
    """Return what weighs values by a softmax of scores."""

    def compute(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
        """Weigh the values of all steps by how a query fits their keys.

        Args:
            arrays: as for the scores.
            x: queries, (batch, time, features).
            options: those of the layer; and of this call `value`, (batch, source,
                features), x where there is none; `key`, the same, the values where
                there is none; `mask`, True where a query sees a key, (batch or 1, 1,
                time or 1, source).

        Returns:
            (batch, time, features).
        """
        query = np.asarray(x, "float64")
        value = given(options, "value", given(options, "key", query))
        key = given(options, "key", value)
        by_key = scores(arrays, query, key, options)[:, None]
        weights = weighed(by_key, {"mask": options.get("mask")})
        return np.asarray(weights[:, 0] @ value)

    return compute


DROPOUT = Option(
    "dropout",
    "",
    "dropout",
    0.0,
    0.0,
    "training",
    instead="call F.dropout(weights, {value}, self.training) in PyTorch",
    sample=(None, 0.5),
)


def _scale(default: bool, shape: str) -> Option:
    return Option(
        "scale",
        "",
        "use_scale",
        default,
        default,
        torch_attribute="use_scale",
        instead=(
            f"hold self.scale = nn.Parameter(torch.ones({shape})) in PyTorch's module "
            "and multiply by it, or build Keras's layer with use_scale=False"
        ),
        sample=(None, not default),
    )


SCORED_ATTENTION = Kind(
    name="Attention",
    torch=(),
    keras=("Attention",),
    family="attention",
    compute=_weighing(by_product),
    rows=in_any_layer(
        copied("scale", "scale"), copied("concat_score_weight", "concat_score_weight")
    ),
    options=(
        _scale(False, "()"),
        Option(
            "score_mode",
            "",
            "score_mode",
            "dot",
            "dot",
            torch_attribute="score_mode",
            instead=(
                "hold self.concat_score_weight = nn.Parameter(torch.ones(())) in "
                "PyTorch's module and score by concat_score_weight * torch.tanh(scale "
                "* (q[:, :, None] + k[:, None])).sum(-1), or build Keras's layer with "
                'score_mode="dot"'
            ),
            sample=(None, "concat"),
        ),
        DROPOUT,
    ),
    switches={"scale": "use_scale", "concat_score_weight": "score_mode"},
    sources={"Attention": SCORED},
)
ADDITIVE_ATTENTION = Kind(
    name="AdditiveAttention",
    torch=(),
    keras=("AdditiveAttention",),
    family="attention",
    compute=_weighing(by_sum),
    rows=in_any_layer(copied("scale", "scale")),
    options=(_scale(True, "features"), DROPOUT),
    switches={"scale": "use_scale"},
    sources={"AdditiveAttention": SCORED},
)
