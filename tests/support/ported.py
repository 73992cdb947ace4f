"""Models as users write them, each with a twin and wrong ports of one line."""

from __future__ import annotations

import copy
import math

import keras
import numpy as np
import torch
import torch.nn.functional as F
from keras import layers, ops
from torch import nn

from compare.in_keras.internals import every_layer
from compare.in_keras.names import unnamed
from compare.judging.words import PRECISIONS
from compare.matching.rewriting import carry, plan
from compare.twins.frameworks import LAYERS

RNG = np.random.default_rng(5)
SERIES = RNG.standard_normal((4, 8, 5)).astype("float32")
IMAGES = RNG.standard_normal((4, 8, 8, 3)).astype("float32")
TOKENS = RNG.integers(1, 20, (4, 8)).astype("int32")


class Module(nn.Module):
    """A module of some layers whose forward is a function of it and the input."""

    def __init__(self, forward, **parts):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self._forward = forward

    def forward(self, x):
        return self._forward(self, x)


class KerasModel(keras.Model):
    """The same in Keras."""

    def __init__(self, call, **parts):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self._call = call

    def call(self, x):
        return self._call(self, x)


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


# ------------------------------------------------------------------------ residual CNN


def block(order="post", joined=True, source="x", scale=None):
    def forward(m, x):
        x = x.permute(0, 3, 1, 2)
        y = torch.relu(m.conv1(x))
        z = m.conv2(y)
        if joined:
            z = z + (m.skip(x) if source == "x" else y)
        if scale is not None:
            z = scale * z
        z = torch.relu(z) if order == "post" else z
        return m.fc(z.mean((2, 3)))

    return Module(
        forward,
        conv1=nn.Conv2d(3, 4, 3, padding=1),
        conv2=nn.Conv2d(4, 4, 3, padding=1),
        skip=nn.Conv2d(3, 4, 1),
        fc=nn.Linear(4, 2),
    )


def block_in_keras():
    x = keras.Input((8, 8, 3))
    y = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv1")(x)
    z = layers.Conv2D(4, 3, padding="same", name="conv2")(y)
    z = layers.Add()([z, layers.Conv2D(4, 1, name="skip")(x)])
    z = layers.ReLU()(z)
    z = layers.GlobalAveragePooling2D()(z)
    return keras.Model(x, layers.Dense(2, name="fc")(z))


# -------------------------------------------------------------------- squeeze, excite


def squeeze_excite(squeeze=None, gate=None):
    def forward(m, x):
        x = torch.relu(m.conv(x.permute(0, 3, 1, 2)))
        s = x.mean((2, 3)) if squeeze is None else squeeze(x)
        w = torch.sigmoid(m.up(torch.relu(m.down(s))))[:, :, None, None]
        y = x * w if gate is None else gate(x, w)
        return m.fc(y.amax((2, 3)))

    return Module(
        forward,
        conv=nn.Conv2d(3, 6, 3),
        down=nn.Linear(6, 5),
        up=nn.Linear(5, 6),
        fc=nn.Linear(6, 2),
    )


def squeeze_excite_in_keras():
    i = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3, activation="relu", name="conv")(i)
    s = layers.GlobalAveragePooling2D()(x)
    w = layers.Dense(5, activation="relu", name="down")(s)
    w = layers.Dense(6, activation="sigmoid", name="up")(w)
    y = layers.Multiply()([x, layers.Reshape((1, 1, 6))(w)])
    y = layers.GlobalMaxPooling2D()(y)
    return keras.Model(i, layers.Dense(2, name="fc")(y))


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


# --------------------------------------------------------------------- U-Net, upsampled


def unet(up=None, join=None):
    def forward(m, x):
        x = x.permute(0, 3, 1, 2)
        a = torch.relu(m.enc(x))
        b = torch.relu(m.mid(F.max_pool2d(a, 2)))
        u = F.interpolate(b, scale_factor=2) if up is None else up(b)
        y = torch.cat([a, u], 1) if join is None else join(a, u)
        return m.dec(y).permute(0, 2, 3, 1)

    return Module(
        forward,
        enc=nn.Conv2d(3, 4, 3, padding=1),
        mid=nn.Conv2d(4, 4, 3, padding=1),
        dec=nn.Conv2d(8, 2, 1),
    )


def unet_in_keras():
    i = keras.Input((8, 8, 3))
    a = layers.Conv2D(4, 3, padding="same", activation="relu", name="enc")(i)
    b = layers.MaxPooling2D()(a)
    b = layers.Conv2D(4, 3, padding="same", activation="relu", name="mid")(b)
    u = layers.UpSampling2D()(b)
    y = layers.Concatenate()([a, u])
    return keras.Model(i, layers.Conv2D(2, 1, name="dec")(y))


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


def give_weights(twins, seed=2):
    """Give both sides the same weights; those of Conv2d by hand."""
    torch.manual_seed(seed)
    drawn = None
    for precision in PRECISIONS:
        torch_model = twins.model("torch", precision)
        if drawn is None:
            for parameter in torch_model.parameters():
                nn.init.normal_(parameter, 0, 0.4)
            drawn = copy.deepcopy(torch_model.state_dict())
        torch_model.load_state_dict(drawn)
        of_keras = {}
        for layer in every_layer(unnamed(twins.model("keras", precision))):
            of_keras[layer.name] = layer
        by_hand = set()
        for name, module in torch_model.named_modules():
            if isinstance(module, nn.Conv2d) and name in of_keras:
                kernel = module.weight.detach().numpy().transpose(2, 3, 1, 0)
                of_keras[name].set_weights([kernel, module.bias.detach().numpy()])
                by_hand.add(name)
        source = LAYERS["torch"].held(torch_model)
        target = LAYERS["keras"].held(twins.model("keras", precision))
        names = source.keys() & target.keys() - by_hand
        carry(
            plan(
                {name: source[name] for name in names},
                {name: target[name] for name in names},
                "to_keras",
                strict=False,
            ),
            LAYERS["torch"].read,
            LAYERS["keras"].write,
        )


# ---------------------------------------------------------------------------- the table


def swapped(a, b):
    return torch.cat([b, a], 1)


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
        "`where(",
    ),
    "attention: mask after the softmax": (
        lambda: attention(weigh=zeroed_after),
        lambda: attention_in_keras(keras_scores, causal_in_keras),
        SERIES,
        "`where(",
    ),
    "residual: left out": (
        lambda: block(joined=False),
        block_in_keras,
        IMAGES,
        "`skip` (Conv2D) and",
    ),
    "residual: from another place": (
        lambda: block(source="y"),
        block_in_keras,
        IMAGES,
        "skip",
    ),
    "residual: last relu left out": (
        lambda: block(order="none"),
        block_in_keras,
        IMAGES,
        "ReLU",
    ),
    "residual: halved": (
        lambda: block(scale=0.5),
        block_in_keras,
        IMAGES,
        "`*`",
    ),
    "squeeze: largest for the mean": (
        lambda: squeeze_excite(lambda x: x.amax((2, 3))),
        squeeze_excite_in_keras,
        IMAGES,
        "the largest over axes 2 and 3",
    ),
    "squeeze: 1 - w": (
        lambda: squeeze_excite(gate=lambda x, w: x * (1 - w)),
        squeeze_excite_in_keras,
        IMAGES,
        "`-`",
    ),
    "squeeze: added, not multiplied": (
        lambda: squeeze_excite(gate=lambda x, w: x + w),
        squeeze_excite_in_keras,
        IMAGES,
        "PyTorch has a sigmoid and adds",
    ),
    "squeeze: w * w": (
        lambda: squeeze_excite(gate=lambda x, w: x * w * w),
        squeeze_excite_in_keras,
        IMAGES,
        "`*`",
    ),
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
    "unet: bilinear": (
        lambda: unet(lambda b: F.interpolate(b, scale_factor=2, mode="bilinear")),
        unet_in_keras,
        IMAGES,
        "interpolate",
    ),
    "unet: skip joined after": (
        lambda: unet(join=swapped),
        unet_in_keras,
        IMAGES,
        "order",
    ),
    "unet: skip of the pooled": (
        lambda: unet(join=lambda a, u: torch.cat([u, u], 1)),
        unet_in_keras,
        IMAGES,
        "cat",
    ),
    "unet: flipped": (
        lambda: unet(lambda b: F.interpolate(b, scale_factor=2).flip(-1)),
        unet_in_keras,
        IMAGES,
        "flip",
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
