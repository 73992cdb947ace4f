"""Networks of sequences, right and in wrong ports of one line."""

from __future__ import annotations

import math

import keras
import torch
import torch.nn.functional as F
from keras import layers, ops
from ported_bases import SERIES, TOKENS, KerasModel, Module
from torch import nn

# ------------------------------------------------------------------------------ TextCNN


def text_cnn(pool=None, join=None, embed=None):
    def forward(m, t):
        e = m.emb(t) if embed is None else embed(m, t)
        e = e.transpose(1, 2)
        a, b = torch.relu(m.a(e)), torch.relu(m.b(e))
        if pool is None:
            a, b = a.amax(-1), b.amax(-1)
        else:
            a, b = pool(a), pool(b)
        y = torch.cat([a, b], 1) if join is None else join(a, b)
        return m.fc(y)

    return Module(
        forward,
        emb=nn.Embedding(21, 5),
        a=nn.Conv1d(5, 4, 2),
        b=nn.Conv1d(5, 4, 3),
        fc=nn.Linear(8, 2),
    )


def text_cnn_in_keras():
    t = keras.Input((8,), dtype="int32")
    e = layers.Embedding(21, 5, name="emb")(t)
    a = layers.Conv1D(4, 2, activation="relu", name="a")(e)
    b = layers.Conv1D(4, 3, activation="relu", name="b")(e)
    parts = [layers.GlobalMaxPooling1D()(a), layers.GlobalMaxPooling1D()(b)]
    y = layers.Concatenate()(parts)
    return keras.Model(t, layers.Dense(2, name="fc")(y))


# ------------------------------------------------------------------------- autoencoder


def repeated(read=None, repeat=None, reverse=None):
    def forward(m, x):
        _, (h, c) = m.enc(x)
        z = h[-1] if read is None else read(h, c)
        r = z[:, None].expand(-1, 8, -1) if repeat is None else repeat(z)
        y, _ = m.dec(r)
        y = y if reverse is None else reverse(y)
        return m.out(y)

    return Module(
        forward,
        enc=nn.LSTM(5, 6, batch_first=True),
        dec=nn.LSTM(6, 6, batch_first=True),
        out=nn.Linear(6, 5),
    )


def repeated_in_keras():
    i = keras.Input((8, 5))
    z = layers.LSTM(6, name="enc")(i)
    y = layers.RepeatVector(8)(z)
    y = layers.LSTM(6, return_sequences=True, name="dec")(y)
    y = layers.TimeDistributed(layers.Dense(5, name="out"))(y)
    return keras.Model(i, y)


# ------------------------------------------------------------------------- norm by hand


def normed(norm):
    def forward(m, x):
        h = torch.tanh(m.a(x))
        return m.fc(norm(h).mean(1))

    return Module(forward, a=nn.Linear(5, 6), fc=nn.Linear(6, 2))


def by_hand(h, unbiased=False, eps=1e-3, dim=-1):
    mean = h.mean(dim, keepdim=True)
    var = h.var(dim, keepdim=True, unbiased=unbiased)
    return (h - mean) / torch.sqrt(var + eps)


def normed_in_keras():
    def call(m, x):
        h = ops.tanh(m.a(x))
        mean = ops.mean(h, axis=-1, keepdims=True)
        var = ops.var(h, axis=-1, keepdims=True)
        n = (h - mean) / ops.sqrt(var + 1e-3)
        return m.fc(ops.mean(n, axis=1))

    return KerasModel(call, a=layers.Dense(6), fc=layers.Dense(2))


# --------------------------------------------------------------- a step of time, a gate


def gated(gate=None, shift=None, end=None):
    def forward(m, x):
        z = torch.sigmoid(m.z(x))
        h = torch.tanh(m.h(x))
        y = z * h + (1 - z) * m.p(x) if gate is None else gate(z, h, m.p(x))
        y = y[:, 1:] - y[:, :-1] if shift is None else shift(y)
        y = m.fc(y)
        return y[:, -1] if end is None else end(y)

    return Module(
        forward,
        z=nn.Linear(5, 6),
        h=nn.Linear(5, 6),
        p=nn.Linear(5, 6),
        fc=nn.Linear(6, 2),
    )


def gated_in_keras(spread=False):
    def call(m, x):
        z = ops.sigmoid(m.z(x))
        h = ops.tanh(m.h(x))
        y = z * h + (1 - z) * m.p(x)
        y = y[:, 1:] - y[:, :-1]
        y = m.fc(y)
        return y[:, -1, 0] - y[:, -1, 1] if spread else y[:, -1]

    return KerasModel(
        call,
        z=layers.Dense(6),
        h=layers.Dense(6),
        p=layers.Dense(6),
        fc=layers.Dense(2),
    )


# --------------------------------------------------------------- a loop over the steps


class Leaky(nn.Module):
    """A recurrent cell by hand: h = 0.9 h + 0.1 tanh(W x + U h)."""

    def __init__(self, step, first=0.0, reverse=False):
        super().__init__()
        self.w = nn.Linear(5, 6)
        self.u = nn.Linear(6, 6)
        self.fc = nn.Linear(6, 2)
        self._step, self._first, self._reverse = step, first, reverse

    def forward(self, x):
        h = torch.full((len(x), 6), self._first, dtype=x.dtype)
        steps = range(x.shape[1])
        for t in reversed(steps) if self._reverse else steps:
            h = self._step(self.w(x[:, t]), self.u(h), h)
        return self.fc(h)


def leaky(w, u, h):
    return 0.9 * h + 0.1 * torch.tanh(w + u)


class LeakyInKeras(keras.Model):
    def __init__(self):
        super().__init__()
        self.w = layers.Dense(6)
        self.u = layers.Dense(6)
        self.fc = layers.Dense(2)

    def call(self, x):
        h = ops.zeros((ops.shape(x)[0], 6), dtype=x.dtype)
        for t in range(x.shape[1]):
            z = ops.tanh(self.w(x[:, t]) + self.u(h))
            h = 0.9 * h + 0.1 * z
        return self.fc(h)


# ---------------------------------------------------------------------------- the table


def swapped(a, b):
    return torch.cat([b, a], 1)


# By what is wrong: PyTorch's model, Keras's, the input, and words of the sentence.
PORTS = {
    "text: mean for the largest": (
        lambda: text_cnn(lambda a: a.mean(-1)),
        text_cnn_in_keras,
        TOKENS,
        "the mean over axis 2",
    ),
    "text: joined in the other order": (
        lambda: text_cnn(join=swapped),
        text_cnn_in_keras,
        TOKENS,
        "joins the largest of all steps of b and the largest of all steps of a",
    ),
    "text: indices off by one": (
        lambda: text_cnn(embed=lambda m, t: m.emb(t - 1)),
        text_cnn_in_keras,
        TOKENS,
        "indices that the embedding is asked for are one too low",
    ),
    "text: indices clamped": (
        lambda: text_cnn(embed=lambda m, t: m.emb(t.clamp(max=9))),
        text_cnn_in_keras,
        TOKENS,
        "clamp",
    ),
    "text: embedding times sqrt(d)": (
        lambda: text_cnn(embed=lambda m, t: m.emb(t) * math.sqrt(5)),
        text_cnn_in_keras,
        TOKENS,
        "PyTorch multiplies by 2.236067977",
    ),
    "text: view for transpose": (
        lambda: text_cnn(embed=lambda m, t: m.emb(t).view(4, 5, 8).transpose(1, 2)),
        text_cnn_in_keras,
        TOKENS,
        "without transposing",
    ),
    "autoencoder: c for h": (
        lambda: repeated(lambda h, c: c[-1]),
        repeated_in_keras,
        SERIES,
        "(state c)",
    ),
    "autoencoder: a repeat that mixes the samples": (
        lambda: repeated(repeat=lambda z: z.repeat(8, 1).view(-1, 8, 6)),
        repeated_in_keras,
        SERIES,
        "the whole repeated 8 times along axis 0",
    ),
    "autoencoder: reversed": (
        lambda: repeated(reverse=lambda y: y.flip(1)),
        repeated_in_keras,
        SERIES,
        "every step, last first",
    ),
    "norm: n - 1": (
        lambda: normed(lambda h: by_hand(h, unbiased=True)),
        normed_in_keras,
        SERIES,
        "n - 1",
    ),
    "norm: epsilon": (
        lambda: normed(lambda h: by_hand(h, eps=1e-5)),
        normed_in_keras,
        SERIES,
        "`+`",
    ),
    "norm: over time": (
        lambda: normed(lambda h: by_hand(h, dim=1)),
        normed_in_keras,
        SERIES,
        "the mean over axis 1",
    ),
    "norm: by length": (
        lambda: normed(lambda h: F.normalize(h, dim=-1)),
        normed_in_keras,
        SERIES,
        "normalize",
    ),
    "gate: exchanged": (
        lambda: gated(lambda z, h, p: (1 - z) * h + z * p),
        gated_in_keras,
        SERIES,
        "the product of both",
    ),
    "gate: the old state left out": (
        lambda: gated(lambda z, h, p: z * h),
        gated_in_keras,
        SERIES,
        "`+`",
    ),
    "steps: subtracted the other way": (
        lambda: gated(shift=lambda y: y[:, :-1] - y[:, 1:]),
        gated_in_keras,
        SERIES,
        "`-`",
    ),
    "steps: the first for the last": (
        lambda: gated(end=lambda y: y[:, 0]),
        gated_in_keras,
        SERIES,
        "the first step",
    ),
    "steps: the mean for the last": (
        lambda: gated(end=lambda y: y.mean(1)),
        gated_in_keras,
        SERIES,
        "the mean of all steps",
    ),
    "steps: running sum": (
        lambda: gated(shift=lambda y: y[:, 1:].cumsum(1) - y[:, :-1]),
        gated_in_keras,
        SERIES,
        "cumsum",
    ),
    "steps: rolled": (
        lambda: gated(shift=lambda y: (y - y.roll(1, 1))[:, :-1]),
        gated_in_keras,
        SERIES,
        "`roll(1, 1)`, `-` and",
    ),
    "loop: relu for tanh": (
        lambda: Leaky(lambda w, u, h: 0.9 * h + 0.1 * torch.relu(w + u)),
        LeakyInKeras,
        SERIES,
        "a relu",
    ),
    "loop: product for sum": (
        lambda: Leaky(lambda w, u, h: 0.9 * h + 0.1 * torch.tanh(w * u)),
        LeakyInKeras,
        SERIES,
        "the product of both",
    ),
    "loop: from the end": (
        lambda: Leaky(leaky, reverse=True),
        LeakyInKeras,
        SERIES,
        "(time 8 of 8)",
    ),
    "loop: begins with ones": (
        lambda: Leaky(leaky, first=1.0),
        LeakyInKeras,
        SERIES,
        "all 1",
    ),
    "broadcast: (N,) less (N, 1)": (
        lambda: gated(end=lambda y: y[:, -1, 0] - y[:, -1, 1:]),
        lambda: gated_in_keras(spread=True),
        SERIES,
        "spread out to (4, 4)",
    ),
}
