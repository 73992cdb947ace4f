"""Attention by hand, right and in wrong ports of one line."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from keras import layers, ops
from ported_bases import SERIES, KerasModel, Module
from torch import nn

# ------------------------------------------------------------------ attention by hand


def attention_parts():
    return {
        "q": nn.Linear(5, 6),
        "k": nn.Linear(5, 6),
        "v": nn.Linear(5, 6),
        "out": nn.Linear(6, 3),
    }


def attention_in_keras(score, weigh=None):
    def call(m, x):
        q, k, v = m.q(x), m.k(x), m.v(x)
        s = score(q, k)
        a = ops.softmax(s, axis=-1) if weigh is None else weigh(s)
        return m.out(ops.mean(ops.matmul(a, v), axis=1))

    return KerasModel(
        call,
        q=layers.Dense(6),
        k=layers.Dense(6),
        v=layers.Dense(6),
        out=layers.Dense(3),
    )


def keras_scores(q, k):
    return ops.matmul(q, ops.transpose(k, (0, 2, 1))) / math.sqrt(6)


def scores(q, k):
    return q @ k.transpose(1, 2) / math.sqrt(6)


def attention(score=None, weigh=None, end=None):
    def forward(m, x):
        q, k, v = m.q(x), m.k(x), m.v(x)
        s = scores(q, k) if score is None else score(q, k)
        a = torch.softmax(s, dim=-1) if weigh is None else weigh(s)
        y = a @ v
        return m.out(y.mean(1)) if end is None else end(m, y)

    return Module(forward, **attention_parts())


def causal(s, diagonal):
    mask = torch.triu(torch.ones(8, 8, dtype=torch.bool), diagonal)
    return torch.softmax(s.masked_fill(mask, float("-inf")), -1)


def causal_in_keras(s):
    allowed = ops.tril(ops.ones((8, 8)))
    return ops.softmax(ops.where(allowed > 0, s, -1e9), axis=-1)


def zeroed_after(s):
    mask = torch.tril(torch.ones(8, 8, dtype=s.dtype))
    return torch.softmax(s, -1) * mask


# ---------------------------------------------------------------------------- the table


# By what is wrong: PyTorch's model, Keras's, the input, and words of the sentence.
PORTS = {
    "attention: not scaled": (
        lambda: attention(lambda q, k: q @ k.transpose(1, 2)),
        lambda: attention_in_keras(keras_scores),
        SERIES,
        "softmax of q k^T over the keys",
    ),
    "attention: scaled by the wrong size": (
        lambda: attention(lambda q, k: q @ k.transpose(1, 2) / math.sqrt(5)),
        lambda: attention_in_keras(keras_scores),
        SERIES,
        "1 / sqrt(5)",
    ),
    "attention: softmax over the queries": (
        lambda: attention(weigh=lambda s: torch.softmax(s, dim=1)),
        lambda: attention_in_keras(keras_scores),
        SERIES,
        "PyTorch takes the mean of all steps",
    ),
    "attention: softmax over the batch, F.softmax without dim": (
        lambda: attention(weigh=lambda s: F.softmax(s, dim=0)),
        lambda: attention_in_keras(keras_scores),
        SERIES,
        "over the batch (axis 0)",
    ),
    "attention: keys and queries exchanged": (
        lambda: attention(lambda q, k: k @ q.transpose(1, 2) / math.sqrt(6)),
        lambda: attention_in_keras(keras_scores),
        SERIES,
        "softmax of k q^T",
    ),
    "attention: sigmoid for softmax": (
        lambda: attention(weigh=torch.sigmoid),
        lambda: attention_in_keras(keras_scores),
        SERIES,
        "a sigmoid",
    ),
    "attention: last query for the mean": (
        lambda: attention(end=lambda m, y: m.out(y[:, -1])),
        lambda: attention_in_keras(keras_scores),
        SERIES,
        "the last entry along axis 1",
    ),
    "attention: mask off by one": (
        lambda: attention(weigh=lambda s: causal(s, 2)),
        lambda: attention_in_keras(keras_scores, causal_in_keras),
        SERIES,
        "from diagonal 2 on",
    ),
    "attention: mask left out": (
        lambda: attention(),
        lambda: attention_in_keras(keras_scores, causal_in_keras),
        SERIES,
        "without later steps",
    ),
    "attention: mask after the softmax": (
        lambda: attention(weigh=zeroed_after),
        lambda: attention_in_keras(keras_scores, causal_in_keras),
        SERIES,
        "`where(",
    ),
}
