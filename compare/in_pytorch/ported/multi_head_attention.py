"""Attention of several heads, as Keras has it."""

import math

import torch
import torch.nn.functional as F
from torch import nn


class MultiHeadAttention(nn.Module):
    """Attention of several heads of any size, with a mask for each query.

        head = softmax(Q K^T / sqrt(key_size)) V,    y = W [head_1 ... head_n] + b

    nn.MultiheadAttention has heads of embed_dim / num_heads features, and makes NaN for
    a query that sees no key; Keras takes the mean of all values there.

    Args:
        features: sizes of queries, keys and values as they come in.
        heads: of queries.
        key_size: features of a query and of a key in each head.
        value_size: features of a value in each head.
        num_outputs: features of the result.
        groups: heads of keys and values, each for several neighbouring ones of queries;
            as many as of queries if not told.
        bias: whether the projections have one.
        gate: whether a projection of the query gates the result.
        dropout: of the weights, while the model trains.
        blind: what a query that sees no key gets of the values, "mean" or "zero".

    Call:
        query: float, (batch, time, features).
        key: float, (batch, source, features).
        value: float, (batch, source, features).
        mask: bool, (batch, time, source), or with heads behind the batch, or of size 1
            along axes; True where a query sees a key. None if it sees all.
        returns: a tuple of
            float, (batch, time, num_outputs).
            float, (batch, heads, time, source), the weights.

    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2; fewer heads of keys:
        Ainslie et al. 2023, arXiv:2305.13245, section 2.2.
    """

    def __init__(
        self,
        features: tuple[int, int, int],
        heads: int,
        key_size: int,
        value_size: int,
        num_outputs: int,
        groups: int | None = None,
        bias: bool = True,
        gate: bool = False,
        dropout: float = 0.0,
        blind: str = "mean",
    ):
        super().__init__()
        groups = heads if groups is None else groups
        self.heads = heads
        self.groups = groups
        self.dropout = dropout
        self.blind = blind
        self.query = nn.Linear(features[0], heads * key_size, bias)
        self.key = nn.Linear(features[1], groups * key_size, bias)
        self.value = nn.Linear(features[2], groups * value_size, bias)
        self.output = nn.Linear(heads * value_size, num_outputs, bias)
        self.gate = nn.Linear(features[0], heads * value_size, bias) if gate else None

    def forward(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        mask: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Attend; see `Call` of the class."""
        q = self.query(query).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        k = self.key(key).unflatten(-1, (self.groups, -1)).transpose(1, 2)
        v = self.value(value).unflatten(-1, (self.groups, -1)).transpose(1, 2)
        k = k.repeat_interleave(self.heads // self.groups, dim=1)
        v = v.repeat_interleave(self.heads // self.groups, dim=1)
        scores = q / math.sqrt(q.shape[-1]) @ k.transpose(2, 3)
        if mask is not None:
            while mask.dim() < 4:
                mask = mask.unsqueeze(-3)
            scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        weights = F.softmax(scores, dim=-1)  # (batch, heads, time, source)
        if mask is not None and self.blind == "zero":
            weights = weights.masked_fill(~mask, 0.0)
        dropped = F.dropout(weights, self.dropout, self.training)
        result = (dropped @ v).transpose(1, 2).flatten(2)
        if self.gate is not None:
            result = result * torch.sigmoid(self.gate(query))
        return self.output(result), weights
