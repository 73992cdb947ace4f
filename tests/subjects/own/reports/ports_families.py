"""Ports of well-known networks of sequences and features, each wrong in a usual way."""

import keras
import numpy as np
import torch
import torch.nn.functional as F
from keras import layers, ops
from reported import (
    Net,
    Port,
    drawn,
    family,
    ported,
)
from torch import nn

SEQUENCES = drawn(4, 7, 5)
FILTERS = np.abs(drawn(9, 4, seed=5))


def lstm_autoencoder(right: bool) -> Port:
    """The latent vector is given at the first step alone, not repeated."""
    first = keras.Input((7, 5))
    h = layers.LSTM(4, name="encoder")(first)
    h = layers.RepeatVector(7)(h)
    h = layers.LSTM(6, return_sequences=True, name="decoder")(h)
    out = layers.TimeDistributed(layers.Dense(5, name="inner"), name="out")(h)

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        _, (h, _) = net.encoder(x)
        latent = h[-1].unsqueeze(1)
        repeated = latent.repeat(1, x.shape[1], 1)
        if not right:
            repeated = torch.zeros_like(repeated)
            repeated[:, :1] = latent
        return net.out(net.decoder(repeated)[0])

    return ported(
        compute,
        keras.Model(first, out),
        SEQUENCES,
        encoder=nn.LSTM(5, 4, batch_first=True),
        decoder=nn.LSTM(4, 6, batch_first=True),
        out=nn.Linear(6, 5),
    )


def wavenet(right: bool) -> Port:
    """Filter and gate of a gated activation are exchanged."""
    first = keras.Input((7, 5))
    a = layers.Conv1D(4, 2, padding="causal", dilation_rate=2, name="filter")(first)
    b = layers.Conv1D(4, 2, padding="causal", dilation_rate=2, name="gate")(first)
    h = layers.Multiply()([ops.tanh(a), ops.sigmoid(b)])
    out = layers.Conv1D(3, 1, name="skip")(h)

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        x = F.pad(x.transpose(1, 2), (2, 0))
        a, b = net.filter(x), net.gate(x)
        h = torch.tanh(a) * torch.sigmoid(b)
        if not right:
            h = torch.sigmoid(a) * torch.tanh(b)
        return net.skip(h).transpose(1, 2)

    return ported(
        compute,
        keras.Model(first, out),
        SEQUENCES,
        filter=nn.Conv1d(5, 4, 2, dilation=2),
        gate=nn.Conv1d(5, 4, 2, dilation=2),
        skip=nn.Conv1d(4, 3, 1),
    )


def siamese(right: bool) -> Port:
    """The distance of two codes is squared, not absolute."""
    shared = keras.Sequential(
        [keras.Input((5,)), layers.Dense(6, "relu", name="inner")], name="encoder"
    )
    left, other = keras.Input((5,)), keras.Input((5,))
    distance = ops.abs(shared(left) - shared(other))
    out = layers.Dense(1, activation="sigmoid", name="head")(distance)

    def compute(net: Net, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        d = F.relu(net.encoder(a)) - F.relu(net.encoder(b))
        d = d.abs() if right else d.pow(2)
        return torch.sigmoid(net.head(d))

    return ported(
        compute,
        keras.Model([left, other], out),
        [drawn(4, 5), drawn(4, 5, seed=2)],
        encoder=nn.Linear(5, 6),
        head=nn.Linear(6, 1),
    )


def projection(right: bool) -> Port:
    """Embeddings of a pair are normalised over the batch, not each by itself."""
    left, other = keras.Input((5,)), keras.Input((4,))
    a = layers.UnitNormalization()(layers.Dense(6, name="image")(left))
    b = layers.UnitNormalization()(layers.Dense(6, name="text")(other))
    out = 10.0 * ops.matmul(a, ops.transpose(b))

    def compute(net: Net, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        axis = 1 if right else 0
        a = F.normalize(net.image(x), dim=axis)
        b = F.normalize(net.text(y), dim=axis)
        return 10.0 * a @ b.T

    return ported(
        compute,
        keras.Model([left, other], out),
        [drawn(4, 5), drawn(4, 4, seed=2)],
        image=nn.Linear(5, 6),
        text=nn.Linear(4, 6),
    )


def mean_head(right: bool) -> Port:
    """A decoder is given the log variance for the mean."""
    first = keras.Input((5,))
    h = layers.Dense(8, activation="relu", name="hidden")(first)
    mean = layers.Dense(3, name="mean")(h)
    spread = layers.Dense(3, name="spread")(h)
    out = layers.Dense(5, activation="sigmoid", name="decoder")(mean)

    def compute(net: Net, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        h = F.relu(net.hidden(x))
        mean, spread = net.mean(h), net.spread(h)
        return torch.sigmoid(net.decoder(mean if right else spread)), spread

    return ported(
        compute,
        keras.Model(first, [out, spread]),
        drawn(4, 5),
        hidden=nn.Linear(5, 8),
        mean=nn.Linear(8, 3),
        spread=nn.Linear(8, 3),
        decoder=nn.Linear(3, 5),
    )


def attention_pooling(right: bool) -> Port:
    """The weights of a pooling by attention are a softmax over the features."""
    first = keras.Input((7,), dtype="int32")
    h = layers.Embedding(9, 6, name="words")(first)
    h = layers.LSTM(5, return_sequences=True, name="rnn")(h)
    scores = layers.Dense(1, name="score")(layers.Dense(4, "tanh", name="hidden")(h))
    weights = layers.Softmax(axis=1)(scores)
    out = layers.Dense(2, name="head")(ops.sum(weights * h, axis=1))

    def compute(net: Net, tokens: torch.Tensor) -> torch.Tensor:
        h, _ = net.rnn(net.words(tokens))
        scores = net.score(torch.tanh(net.hidden(h)))
        weights = torch.softmax(scores, 1 if right else -1)
        return net.head((weights * h).sum(1))

    return ported(
        compute,
        keras.Model(first, out),
        np.random.default_rng(3).integers(0, 9, (4, 7)).astype("int32"),
        words=nn.Embedding(9, 6),
        rnn=nn.LSTM(6, 5, batch_first=True),
        hidden=nn.Linear(5, 4),
        score=nn.Linear(4, 1),
        head=nn.Linear(5, 2),
    )


def actor_critic(right: bool) -> Port:
    """The value is taken from the input's features, not from the shared ones."""
    first = keras.Input((6,))
    h = layers.Dense(6, activation="tanh", name="shared")(first)
    policy = layers.Dense(3, activation="softmax", name="policy")(h)
    value = layers.Dense(1, name="value")(h)

    def compute(net: Net, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        h = torch.tanh(net.shared(x))
        return torch.softmax(net.policy(h), -1), net.value(h if right else x)

    return ported(
        compute,
        keras.Model(first, [policy, value]),
        drawn(4, 6),
        shared=nn.Linear(6, 6),
        policy=nn.Linear(6, 3),
        value=nn.Linear(6, 1),
    )


def mel(right: bool) -> Port:
    """The logarithm has another floor under the power of a spectrum."""
    first = keras.Input((7, 9))
    h = ops.matmul(ops.square(first), FILTERS)
    h = ops.log(ops.maximum(h, 1e-5))
    out = layers.Dense(3, name="head")(h)
    bank = torch.from_numpy(FILTERS)

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        h = x.pow(2) @ bank.to(x.dtype)
        h = torch.log(h.clamp(min=1e-5)) if right else torch.log10(h.clamp(min=1e-5))
        return net.head(h)

    return ported(
        compute, keras.Model(first, out), drawn(4, 7, 9), head=nn.Linear(4, 3)
    )


def graph(right: bool) -> Port:
    """Messages go along the edges turned round."""
    nodes, edges = keras.Input((6, 5)), keras.Input((6, 6))
    h = layers.Dense(4, name="first")(ops.matmul(edges, nodes))
    h = ops.relu(h)
    h = layers.Dense(3, name="second")(ops.matmul(edges, h))
    out = ops.mean(h, axis=1)

    def compute(net: Net, x: torch.Tensor, edges: torch.Tensor) -> torch.Tensor:
        a = edges if right else edges.transpose(1, 2)
        h = F.relu(net.first(torch.bmm(a, x)))
        return net.second(torch.bmm(a, h)).mean(1)

    return ported(
        compute,
        keras.Model([nodes, edges], out),
        [drawn(3, 6, 5), drawn(3, 6, 6, seed=2)],
        first=nn.Linear(5, 4),
        second=nn.Linear(4, 3),
    )


def two_towers(right: bool) -> Port:
    """A recommender leaves the bias of each user out of the score."""
    user, item = keras.Input((1,), dtype="int32"), keras.Input((1,), dtype="int32")
    u = layers.Flatten()(layers.Embedding(6, 4, name="users")(user))
    v = layers.Flatten()(layers.Embedding(7, 4, name="items")(item))
    bias = layers.Flatten()(layers.Embedding(6, 1, name="bias")(user))
    out = ops.sigmoid(layers.Dot(1)([u, v]) + bias)

    def compute(net: Net, user: torch.Tensor, item: torch.Tensor) -> torch.Tensor:
        u, v = net.users(user).flatten(1), net.items(item).flatten(1)
        score = (u * v).sum(1, keepdim=True)
        bias = net.bias(user).flatten(1)
        return torch.sigmoid(score + bias if right else score)

    rng = np.random.default_rng(4)
    return ported(
        compute,
        keras.Model([user, item], out),
        [rng.integers(0, size, (5, 1)).astype("int32") for size in (6, 7)],
        users=nn.Embedding(6, 4),
        items=nn.Embedding(7, 4),
        bias=nn.Embedding(6, 1),
    )


def highway(right: bool) -> Port:
    """The gate of a highway layer is exchanged with what is carried."""
    first = keras.Input((6,))
    gate = layers.Dense(6, activation="sigmoid", name="gate")(first)
    h = layers.Dense(6, activation="relu", name="transform")(first)
    out = layers.Dense(2, name="head")(gate * h + (1 - gate) * first)

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        gate, h = torch.sigmoid(net.gate(x)), F.relu(net.transform(x))
        mixed = gate * h + (1 - gate) * x if right else (1 - gate) * h + gate * x
        return net.head(mixed)

    return ported(
        compute,
        keras.Model(first, out),
        drawn(5, 6),
        gate=nn.Linear(6, 6),
        transform=nn.Linear(6, 6),
        head=nn.Linear(6, 2),
    )


REPORTS = (
    family("LSTM autoencoder", "repeat at each step", r"repeat", lstm_autoencoder),
    family("WaveNet", "tanh of the filter", r"tanh|sigmoid", wavenet),
    family("siamese", "absolute distance", r"abs|square|pow", siamese),
    family("projection", "each by itself", r"axis|length|normal", projection),
    family("mean head", "the mean", r"mean.*spread|spread.*mean", mean_head),
    family("attention pooling", "over the steps", r"softmax", attention_pooling),
    family("actor and critic", "the shared features", r"shared|input", actor_critic),
    family("mel front end", "natural logarithm", r"log", mel),
    family("graph", "as it is", r"transpose|axes|order", graph),
    family("two towers", "add the bias", r"bias|\+|Add", two_towers),
    family("highway", "gate * h", r"order|gate|product|less", highway),
)
