"""What PyTorch users write in the place of layers that Keras alone has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from compare.kinds.kind import Example


class GroupQueryAttention(nn.Module):
    """Attention whose heads share keys and values.

    Args:
        features: of queries, of keys and values, and of the output.
        head_dim: size of a head.
        num_query_heads: how many heads there are.
        num_key_value_heads: how many keys and values there are for them.
        use_bias: of all four projections.
    """

    def __init__(
        self,
        features: int,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        use_bias: bool = True,
    ) -> None:
        super().__init__()
        self.head_dim = head_dim
        wide, narrow = num_query_heads * head_dim, num_key_value_heads * head_dim
        self.q_proj = nn.Linear(features, wide, bias=use_bias)
        self.k_proj = nn.Linear(features, narrow, bias=use_bias)
        self.v_proj = nn.Linear(features, narrow, bias=use_bias)
        self.o_proj = nn.Linear(wide, features, bias=use_bias)

    def in_heads(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, time, heads * size) as (batch, heads, time, size)."""
        return x.unflatten(-1, (-1, self.head_dim)).transpose(1, 2)

    def forward(
        self,
        query: torch.Tensor,
        value: torch.Tensor,
        key: torch.Tensor,
        mask: torch.Tensor | None = None,
    ) -> torch.Tensor:
        attended = functional.scaled_dot_product_attention(
            self.in_heads(self.q_proj(query)),
            self.in_heads(self.k_proj(key)),
            self.in_heads(self.v_proj(value)),
            attn_mask=mask,
            enable_gqa=True,
        )
        return self.o_proj(attended.transpose(1, 2).flatten(2))


class Attention(nn.Module):
    """Values weighed by how queries fit keys, without projections.

    Args:
        use_scale: whether the scores have a factor that is learnt.
        score_mode: "dot" or "concat".
    """

    def __init__(self, use_scale: bool = False, score_mode: str = "dot") -> None:
        super().__init__()
        self.use_scale, self.score_mode = use_scale, score_mode
        self.scale = nn.Parameter(torch.ones(())) if use_scale else 1
        if score_mode == "concat":
            self.concat_score_weight = nn.Parameter(torch.ones(()))

    def scores(self, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        """How each key fits each query, (batch, time, source)."""
        if self.score_mode == "dot":
            return self.scale * (query @ key.transpose(1, 2))
        added = self.scale * (query[:, :, None] + key[:, None])
        return self.concat_score_weight * torch.tanh(added).sum(-1)

    def forward(
        self,
        query: torch.Tensor,
        value: torch.Tensor,
        key: torch.Tensor,
        mask: torch.Tensor | None = None,
    ) -> torch.Tensor:
        scores = self.scores(query, key)
        if mask is not None:
            scores = scores.masked_fill(~mask[:, 0], -torch.inf)
        return scores.softmax(-1) @ value


class AdditiveAttention(Attention):
    """The same with the sum of tanh as a score.

    Args:
        features: of queries and keys.
        use_scale: whether each feature has a factor that is learnt.
    """

    def __init__(self, features: int, use_scale: bool = True) -> None:
        super().__init__()
        self.use_scale = use_scale
        self.scale = nn.Parameter(torch.ones(features)) if use_scale else 1

    def scores(self, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        return (self.scale * torch.tanh(query[:, :, None] + key[:, None])).sum(-1)


class UnitNormalization(nn.Module):
    """Vectors of length one.

    Args:
        axis: over which lengths are taken, one or several.
    """

    def __init__(self, axis: int | tuple[int, ...] = -1) -> None:
        super().__init__()
        self.axis = axis

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if isinstance(self.axis, int):
            return functional.normalize(x, dim=self.axis)
        length = torch.linalg.vector_norm(x, dim=self.axis, keepdim=True)
        return x / length.clamp_min(1e-12)


LAYERS: dict[str, type[nn.Module]] = {
    cls.__name__: cls
    for cls in (GroupQueryAttention, Attention, AdditiveAttention, UnitNormalization)
}
SCORED = ("Attention", "AdditiveAttention")


def in_torch(layer: nn.Module, x: torch.Tensor, options: Mapping[str, Any]) -> Any:
    """What a layer by hand returns.

    Args:
        layer: one of these.
        x: what goes in, or queries.
        options: of `attention_calls.options_of`.
    """
    if isinstance(layer, UnitNormalization):
        return layer(x)
    value = torch.tensor(options["value"]) if "value" in options else None
    key = torch.tensor(options["key"]) if "key" in options else value
    if key is None:
        key = x
    mask = options.get("mask")
    if mask is not None:
        mask = torch.tensor(np.ascontiguousarray(mask))
    return layer(x, key if value is None else value, key, mask)


def in_keras(layer: Any, x: Any, options: Mapping[str, Any], example: Example) -> Any:
    """What attention without projections returns in Keras.

    Args:
        layer: an Attention or an AdditiveAttention.
        x: queries.
        options: of `attention_calls.options_of`.
        example: whose call says which mask there is.
    """
    value = options.get("value", options.get("key"))
    value = x if value is None else keras.ops.convert_to_tensor(value)
    key = keras.ops.convert_to_tensor(options["key"]) if "key" in options else value
    masks, kind_of_mask = None, example.call.get("mask")
    if kind_of_mask in ("padding", "both"):
        shown = options["mask"][:, 0, -1]  # the last query sees all that counts
        masks = [None, keras.ops.convert_to_tensor(shown)]
    causal = kind_of_mask in ("causal", "both")
    return layer([x, value, key], mask=masks, use_causal_mask=causal)


def arrays_of(layer: GroupQueryAttention) -> dict[str, np.ndarray]:
    """The projections as `kinds.attention.projections` names them."""
    arrays = {
        f"{letter}_proj_weight": getattr(layer, f"{letter}_proj").weight
        for letter in "qkv"
    }
    arrays["out_proj.weight"] = layer.o_proj.weight
    if layer.o_proj.bias is not None:
        parts = [layer.q_proj.bias, layer.k_proj.bias, layer.v_proj.bias]
        arrays["in_proj_bias"] = torch.cat(parts)
        arrays["out_proj.bias"] = layer.o_proj.bias
    return {name: array.detach().numpy() for name, array in arrays.items()}
