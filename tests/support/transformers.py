"""A transformer encoder that classifies texts, as users write it in each framework."""

from __future__ import annotations

from typing import Any

import keras
import torch
from keras import ops

WORDS, STEPS, SIZE, HEADS, HIDDEN = 20, 12, 16, 4, 32


class InPyTorch(torch.nn.Module):
    """Token and position embeddings, one encoder layer, a mean without padding."""

    def __init__(self, norm_first: bool = False, activation: str = "relu") -> None:
        super().__init__()
        self.tokens = torch.nn.Embedding(WORDS, SIZE)
        self.positions = torch.nn.Embedding(STEPS, SIZE)
        layer = torch.nn.TransformerEncoderLayer(
            SIZE,
            HEADS,
            HIDDEN,
            activation=activation,
            batch_first=True,
            norm_first=norm_first,
        )
        self.encoder = torch.nn.TransformerEncoder(
            layer, 1, enable_nested_tensor=not norm_first
        )
        self.head = torch.nn.Linear(SIZE, 3)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1]))
        x = self.encoder(x, src_key_padding_mask=ids == 0)
        keep = (ids != 0).unsqueeze(-1).to(x.dtype)
        return self.head((x * keep).sum(1) / keep.sum(1))


class ByHand(keras.layers.Layer):
    """Attention of four dense layers.

    Args:
        edit: what is wrong in it; empty for nothing.
    """

    def __init__(self, edit: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.edit = edit
        self.query, self.key = keras.layers.Dense(SIZE), keras.layers.Dense(SIZE)
        self.value, self.output_ = keras.layers.Dense(SIZE), keras.layers.Dense(SIZE)

    def call(self, x: Any, attention_mask: Any = None) -> Any:
        heads = 2 if self.edit == "half the heads" else HEADS
        size, time = SIZE // heads, ops.shape(x)[1]

        def cut(projected: Any) -> Any:
            if self.edit == "cut as (size, heads)":
                shaped = ops.reshape(projected, (-1, time, size, heads))
                return ops.transpose(shaped, (0, 3, 1, 2))
            shaped = ops.reshape(projected, (-1, time, heads, size))
            return ops.transpose(shaped, (0, 2, 1, 3))

        query, key, value = cut(self.query(x)), cut(self.key(x)), cut(self.value(x))
        scales = {"not scaled": 1, "scaled by all": SIZE**-0.5}
        scale = scales.get(self.edit, size**-0.5)
        scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) * scale
        if attention_mask is not None:
            mask = attention_mask[:, None]
            if self.edit == "mask added":
                scores = scores + ops.cast(mask, scores.dtype)
            elif self.edit == "mask multiplied":
                scores = scores * ops.cast(mask, scores.dtype)
            else:
                scores = ops.where(mask, scores, -1e9)
        axes = {"over queries": 2, "over heads": 1}
        weights = ops.softmax(scores, axis=axes.get(self.edit, -1))
        result = ops.matmul(weights, value)
        if self.edit == "joined as (size, heads)":
            result = ops.transpose(result, (0, 2, 3, 1))
        elif self.edit != "joined without swapping":
            result = ops.transpose(result, (0, 2, 1, 3))
        return self.output_(ops.reshape(result, (-1, time, SIZE)))


class Block(keras.layers.Layer):
    """An encoder layer; `edit` is as in `InKeras`."""

    def __init__(self, edit: str, by_hand: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.edit = edit
        if by_hand:
            self.attention: Any = ByHand(edit)
        else:
            self.attention = keras.layers.MultiHeadAttention(HEADS, SIZE // HEADS)
        epsilon = {"epsilon 1e-3": 1e-3, "epsilon 1e-6": 1e-6}.get(edit, 1e-5)
        self.norm1 = keras.layers.LayerNormalization(epsilon=epsilon)
        self.norm2 = keras.layers.LayerNormalization(epsilon=epsilon)
        activation = "gelu" if edit == "gelu" else "relu"
        self.wide = keras.layers.Dense(HIDDEN, activation=activation)
        self.narrow = keras.layers.Dense(SIZE)

    def _attended(self, x: Any, mask: Any) -> Any:
        if isinstance(self.attention, ByHand):
            return self.attention(x, attention_mask=mask)
        causal = self.edit == "causal"
        return self.attention(x, x, attention_mask=mask, use_causal_mask=causal)

    def call(self, x: Any, attention_mask: Any = None) -> Any:
        if self.edit == "norm first":
            x = x + self._attended(self.norm1(x), attention_mask)
            return x + self.narrow(self.wide(self.norm2(x)))
        attended = self._attended(x, attention_mask)
        residual = attended if self.edit == "no residual" else x + attended
        x = self.norm1(residual)
        return self.norm2(x + self.narrow(self.wide(x)))


class InKeras(keras.Model):
    """The same by a layer of one's own.

    Args:
        edit: what is wrong in it; empty for nothing.
        by_hand: whether the attention is written with dense layers.
    """

    def __init__(self, edit: str = "", by_hand: bool = False) -> None:
        super().__init__()
        self.edit = edit
        self.tokens = keras.layers.Embedding(WORDS, SIZE)
        self.positions = keras.layers.Embedding(STEPS, SIZE)
        self.blocks = [Block(edit, by_hand) for _ in range(1)]
        self.head = keras.layers.Dense(3)

    def call(self, ids: Any) -> Any:
        first = 1 if self.edit == "positions from 1" else 0
        positions = self.positions(ops.arange(ops.shape(ids)[1]) + first)
        x = self.tokens(ids)
        if self.edit != "no positions":
            x = x + positions
        valid = ops.not_equal(ids, 0)
        mask = valid[:, None]  # (batch, 1, source)
        if self.edit == "mask inverted":
            mask = ops.logical_not(mask)
        if self.edit == "no mask":
            mask = None
        for block in self.blocks:
            x = block(x, attention_mask=mask)
        keep = ops.cast(valid, x.dtype)[..., None]
        return self.head(ops.sum(x * keep, axis=1) / ops.sum(keep, axis=1))
