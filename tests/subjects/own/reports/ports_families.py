"""Ports of well-known families of models, each wrong in one usual way."""

from collections.abc import Callable

import keras
import numpy as np
import torch
import torch.nn.functional as F
from keras import layers, ops
from reported import (
    Net,
    Port,
    Report,
    channels_first,
    channels_last,
    drawn,
    filled,
    moved,
)
from torch import nn

IMAGES = drawn(3, 8, 8, 3)
SEQUENCES = drawn(4, 7, 5)


def ported(
    compute: Callable[..., torch.Tensor],
    keras_model: keras.Model,
    x: np.ndarray | list[np.ndarray],
    **modules: nn.Module,
) -> Port:
    """The port with the weights of every layer of Keras of the same name."""
    port = Port(Net(compute, **modules), filled(keras_model), x)
    return moved(port, *((name, name) for name in modules))


def inception(right: bool) -> Port:
    """Branches are joined, one of them over in another order."""
    first = keras.Input((8, 8, 3))
    one = layers.Conv2D(4, 1, activation="relu", name="one")(first)
    three = layers.Conv2D(2, 1, activation="relu", name="reduce")(first)
    three = layers.Conv2D(4, 3, padding="same", activation="relu", name="three")(three)
    pool = layers.MaxPooling2D(3, 1, padding="same")(first)
    pool = layers.Conv2D(4, 1, activation="relu", name="pool")(pool)
    joined = layers.Concatenate()([one, three, pool])
    head = layers.Dense(3, name="head")(layers.GlobalAveragePooling2D()(joined))

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        x = channels_first(x)
        a = F.relu(net.one(x))
        b = F.relu(net.three(F.relu(net.reduce(x))))
        c = F.relu(net.pool(F.max_pool2d(x, 3, stride=1, padding=1)))
        parts = [a, b, c] if right else [a, c, b]
        return net.head(torch.cat(parts, 1).mean((2, 3)))

    return ported(
        compute,
        keras.Model(first, head),
        IMAGES,
        one=nn.Conv2d(3, 4, 1),
        reduce=nn.Conv2d(3, 2, 1),
        three=nn.Conv2d(2, 4, 3, padding=1),
        pool=nn.Conv2d(3, 4, 1),
        head=nn.Linear(12, 3),
    )


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


def generator(right: bool) -> Port:
    """The latent image is reshaped as channels last and read as channels first."""
    first = keras.Input((6,))
    h = layers.Dense(2 * 2 * 4, name="dense")(first)
    h = layers.LeakyReLU(negative_slope=0.2)(h)
    h = layers.Reshape((2, 2, 4))(h)
    h = layers.Conv2DTranspose(3, 4, strides=2, padding="same", name="up")(h)
    out = layers.Activation("tanh")(h)

    def compute(net: Net, z: torch.Tensor) -> torch.Tensor:
        h = F.leaky_relu(net.dense(z), 0.2)
        image = h.view(-1, 4, 2, 2)
        if right:
            image = h.view(-1, 2, 2, 4).permute(0, 3, 1, 2)
        return channels_last(torch.tanh(net.up(image)))

    return ported(
        compute,
        keras.Model(first, out),
        drawn(3, 6),
        dense=nn.Linear(6, 16),
        up=nn.ConvTranspose2d(4, 3, 4, stride=2, padding=1),
    )


def dense_block(right: bool) -> Port:
    """New features go before the old ones."""
    first = h = keras.Input((8, 8, 3))
    for number in range(2):
        y = layers.BatchNormalization(epsilon=1e-5, name=f"norm{number}")(h)
        y = layers.ReLU()(y)
        y = layers.Conv2D(2, 3, padding="same", use_bias=False, name=f"conv{number}")(y)
        h = layers.Concatenate()([h, y])
    out = layers.Dense(3, name="head")(layers.GlobalAveragePooling2D()(h))

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        h = channels_first(x)
        for norm, conv in ((net.norm0, net.conv0), (net.norm1, net.conv1)):
            y = conv(F.relu(norm(h)))
            h = torch.cat([h, y] if right else [y, h], 1)
        return net.head(h.mean((2, 3)))

    return ported(
        compute,
        keras.Model(first, out),
        IMAGES,
        norm0=nn.BatchNorm2d(3),
        conv0=nn.Conv2d(3, 2, 3, padding=1, bias=False),
        norm1=nn.BatchNorm2d(5),
        conv1=nn.Conv2d(5, 2, 3, padding=1, bias=False),
        head=nn.Linear(7, 3),
    )


def inverted_residual(right: bool) -> Port:
    """The projection of MobileNet is linear; here it ends with a relu6."""
    first = keras.Input((8, 8, 3))
    h = layers.Conv2D(6, 1, use_bias=False, name="expand")(first)
    h = layers.ReLU(6.0)(layers.BatchNormalization(epsilon=1e-3, name="norm1")(h))
    h = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depth")(h)
    h = layers.ReLU(6.0)(layers.BatchNormalization(epsilon=1e-3, name="norm2")(h))
    h = layers.Conv2D(3, 1, use_bias=False, name="project")(h)
    h = layers.BatchNormalization(epsilon=1e-3, name="norm3")(h)
    out = layers.Add()([first, h])

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        x = channels_first(x)
        h = F.relu6(net.norm1(net.expand(x)))
        h = F.relu6(net.norm2(net.depth(h)))
        h = net.norm3(net.project(h))
        return channels_last(x + (h if right else F.relu6(h)))

    return ported(
        compute,
        keras.Model(first, out),
        IMAGES,
        expand=nn.Conv2d(3, 6, 1, bias=False),
        norm1=nn.BatchNorm2d(6, eps=1e-3),
        depth=nn.Conv2d(6, 6, 3, padding=1, groups=6, bias=False),
        norm2=nn.BatchNorm2d(6, eps=1e-3),
        project=nn.Conv2d(6, 3, 1, bias=False),
        norm3=nn.BatchNorm2d(3, eps=1e-3),
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


def squeeze_excite(right: bool) -> Port:
    """The gate is added to the features, not multiplied."""
    first = keras.Input((7, 5))
    h = layers.Conv1D(6, 3, padding="same", activation="relu", name="conv")(first)
    s = layers.GlobalAveragePooling1D(keepdims=True)(h)
    s = layers.Dense(3, activation="relu", name="squeeze")(s)
    s = layers.Dense(6, activation="sigmoid", name="excite")(s)
    out = layers.Dense(2, name="head")(layers.GlobalMaxPooling1D()(h * s))

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        h = F.relu(net.conv(x.transpose(1, 2))).transpose(1, 2)
        s = torch.sigmoid(net.excite(F.relu(net.squeeze(h.mean(1, keepdim=True)))))
        return net.head((h * s if right else h + s).amax(1))

    return ported(
        compute,
        keras.Model(first, out),
        SEQUENCES,
        conv=nn.Conv1d(5, 6, 3, padding=1),
        squeeze=nn.Linear(6, 3),
        excite=nn.Linear(3, 6),
        head=nn.Linear(6, 2),
    )


def patches(right: bool) -> Port:
    """Patches are flattened column by column."""
    first = keras.Input((8, 8, 3))
    h = layers.Conv2D(6, 4, strides=4, name="patch")(first)
    h = layers.Reshape((4, 6))(h)
    h = layers.LayerNormalization(epsilon=1e-6, name="norm")(h)
    out = layers.Dense(3, name="head")(layers.Flatten()(h))

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        h = net.patch(channels_first(x))
        h = h if right else h.transpose(2, 3)
        h = h.flatten(2).transpose(1, 2)
        return net.head(net.norm(h).flatten(1))

    return ported(
        compute,
        keras.Model(first, out),
        IMAGES,
        patch=nn.Conv2d(3, 6, 4, stride=4),
        norm=nn.LayerNorm(6, eps=1e-6),
        head=nn.Linear(24, 3),
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


FILTERS = np.abs(drawn(9, 4, seed=5))


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


def mixer(right: bool) -> Port:
    """The sum around the mix of channels begins before the mix of tokens."""
    first = keras.Input((6, 6))
    h = layers.LayerNormalization(epsilon=1e-6, name="norm1")(first)
    h = layers.Permute((2, 1))(h)
    h = layers.Dense(6, activation="gelu", name="tokens")(h)
    h = layers.Permute((2, 1))(h)
    mixed = layers.Add()([first, h])
    h = layers.LayerNormalization(epsilon=1e-6, name="norm2")(mixed)
    h = layers.Dense(6, activation="gelu", name="channels")(h)
    out = layers.Add()([mixed, h])

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        h = F.gelu(net.tokens(net.norm1(x).transpose(1, 2))).transpose(1, 2)
        mixed = x + h
        h = F.gelu(net.channels(net.norm2(mixed)))
        return (mixed if right else x) + h

    return ported(
        compute,
        keras.Model(first, out),
        drawn(4, 6, 6),
        norm1=nn.LayerNorm(6, eps=1e-6),
        tokens=nn.Linear(6, 6),
        norm2=nn.LayerNorm(6, eps=1e-6),
        channels=nn.Linear(6, 6),
    )


def film(right: bool) -> Port:
    """Features are scaled by gamma, not by one more than gamma."""
    images, condition = keras.Input((8, 8, 3)), keras.Input((5,))
    h = layers.Conv2D(4, 3, padding="same", name="conv")(images)
    gamma = layers.Dense(4, name="gamma")(condition)[:, None, None, :]
    beta = layers.Dense(4, name="beta")(condition)[:, None, None, :]
    out = ops.relu(h * (1 + gamma) + beta)

    def compute(net: Net, x: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        h = net.conv(channels_first(x))
        gamma = net.gamma(condition)[:, :, None, None]
        beta = net.beta(condition)[:, :, None, None]
        scale = 1 + gamma if right else gamma
        return channels_last(F.relu(h * scale + beta))

    return ported(
        compute,
        keras.Model([images, condition], out),
        [IMAGES, drawn(3, 5, seed=2)],
        conv=nn.Conv2d(3, 4, 3, padding=1),
        gamma=nn.Linear(5, 4),
        beta=nn.Linear(5, 4),
    )


def unet(right: bool) -> Port:
    """Images are enlarged with their corners aligned."""
    first = keras.Input((8, 8, 3))
    down = layers.Conv2D(4, 3, padding="same", activation="relu", name="down")(first)
    h = layers.MaxPooling2D(2)(down)
    h = layers.Conv2D(4, 3, padding="same", activation="relu", name="middle")(h)
    h = layers.UpSampling2D(2, interpolation="bilinear")(h)
    h = layers.Concatenate()([h, down])
    out = layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="up")(h)

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        down = F.relu(net.down(channels_first(x)))
        h = F.relu(net.middle(F.max_pool2d(down, 2)))
        h = F.interpolate(h, scale_factor=2, mode="bilinear", align_corners=not right)
        return channels_last(torch.sigmoid(net.up(torch.cat([h, down], 1))))

    return ported(
        compute,
        keras.Model(first, out),
        IMAGES,
        down=nn.Conv2d(3, 4, 3, padding=1),
        middle=nn.Conv2d(4, 4, 3, padding=1),
        up=nn.Conv2d(8, 1, 3, padding=1),
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


def report(name: str, answer: str, cause: str, make: Callable[[bool], Port]) -> Report:
    return Report(name, "families", "", answer, cause, make)


REPORTS = (
    report("inception", "join one, three, pool", r"join|order|cat", inception),
    report("LSTM autoencoder", "repeat at each step", r"repeat", lstm_autoencoder),
    report("generator", "view and permute", r"order|permute|reshape|read", generator),
    report("dense block", "old features first", r"join|order|cat", dense_block),
    report("inverted residual", "linear projection", r"relu", inverted_residual),
    report("WaveNet", "tanh of the filter", r"tanh|sigmoid", wavenet),
    report("siamese", "absolute distance", r"abs|square|pow", siamese),
    report("squeeze and excite", "multiply", r"multiplies.*adds", squeeze_excite),
    report("patches", "row by row", r"transpose|order|axes", patches),
    report("projection", "each by itself", r"axis|length|normal", projection),
    report("mean head", "the mean", r"mean.*spread|spread.*mean", mean_head),
    report("attention pooling", "over the steps", r"softmax", attention_pooling),
    report("actor and critic", "the shared features", r"shared|input", actor_critic),
    report("mel front end", "natural logarithm", r"log", mel),
    report("graph", "as it is", r"transpose|axes|order", graph),
    report("mixer", "the mixed tokens", r"\+|sum|takes", mixer),
    report("FiLM", "1 + gamma", r"`\+`", film),
    report("U-Net", "corners not aligned", r"corner|interpol|align", unet),
    report("two towers", "add the bias", r"bias|\+|Add", two_towers),
    report("highway", "gate * h", r"order|gate|product|less", highway),
)
