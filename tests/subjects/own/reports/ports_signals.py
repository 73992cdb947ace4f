"""Ports of sound, series, tables and graphs, as people asked about them."""

import keras
import numpy as np
import torch
import torch.nn.functional as F
from keras import layers, ops
from reported import Make, Port, Report, carried, drawn, put
from torch import Tensor, nn


def skips_added(right: bool) -> Port:
    """WaveNet adds what all its blocks skip."""

    class WaveNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv_0 = nn.Linear(4, 4)
            self.conv_1 = nn.Linear(4, 4)
            self.skip_0 = nn.Linear(4, 5)
            self.skip_1 = nn.Linear(4, 5)
            self.out = nn.Linear(5, 3)

        def forward(self, x: Tensor) -> Tensor:
            h0 = torch.tanh(self.conv_0(x))
            skip = self.skip_0(h0)
            h1 = torch.tanh(self.conv_1(x + h0))
            skip = skip + self.skip_1(h1) if right else self.skip_1(h1)
            return self.out(F.relu(skip))

    x = keras.Input((6, 4))
    h0 = layers.Dense(4, activation="tanh", name="conv_0")(x)
    skip_0 = layers.Dense(5, name="skip_0")(h0)
    h1 = layers.Dense(4, activation="tanh", name="conv_1")(layers.Add()([x, h0]))
    skip_1 = layers.Dense(5, name="skip_1")(h1)
    out = layers.ReLU()(layers.Add()([skip_0, skip_1]))
    model = keras.Model(x, layers.Dense(3, name="out")(out))
    return carried(WaveNet(), model, drawn(3, 6, 4))


def halved_residual(right: bool) -> Port:
    """A vocoder multiplies each sum with its shortcut by the root of a half."""

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv1d(4, 4, 3, padding=1)
            self.last = nn.Conv1d(4, 2, 1)

        def forward(self, x: Tensor) -> Tensor:
            x = x.transpose(1, 2)
            h = x + torch.tanh(self.conv(x))
            if right:
                h = h * 0.5**0.5
            return self.last(h).transpose(1, 2)

    x = keras.Input((6, 4))
    h = layers.Conv1D(4, 3, padding="same", activation="tanh", name="conv")(x)
    h = (x + h) * 0.5**0.5
    model = keras.Model(x, layers.Conv1D(2, 1, name="last")(h))
    return carried(Residual(), model, drawn(3, 6, 4))


def last_channel(right: bool) -> Port:
    """The last step is x[:, :, -1] where channels come first."""

    class TCN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv1d(3, 6, 3)
            self.linear = nn.Linear(6, 2)

        def forward(self, x: Tensor) -> Tensor:
            x = F.pad(x.transpose(1, 2), (2, 0))
            x = F.relu(self.conv(x))
            return self.linear(x[:, :, -1] if right else x[:, -1])

    inputs = keras.Input((6, 3))
    x = layers.Conv1D(6, 3, padding="causal", activation="relu", name="conv")(inputs)
    model = keras.Model(inputs, layers.Dense(2, name="linear")(x[:, -1]))
    return carried(TCN(), model, drawn(3, 6, 3))


def statistics_pooling(right: bool) -> Port:
    """An x-vector has the mean and the deviation, not the variance."""

    class XVector(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tdnn = nn.Linear(4, 5)
            self.segment = nn.Linear(10, 3)

        def forward(self, x: Tensor) -> Tensor:
            x = F.relu(self.tdnn(x))
            mean, variance = x.mean(1), x.var(1, unbiased=False)
            spread = torch.sqrt(variance + 1e-5) if right else variance + 1e-5
            return self.segment(torch.cat([mean, spread], dim=1))

    inputs = keras.Input((7, 4))
    x = layers.Dense(5, activation="relu", name="tdnn")(inputs)
    mean, spread = ops.mean(x, axis=1), ops.sqrt(ops.var(x, axis=1) + 1e-5)
    x = ops.concatenate([mean, spread], axis=1)
    model = keras.Model(inputs, layers.Dense(3, name="segment")(x))
    return carried(XVector(), model, drawn(3, 7, 4))


def backcast(right: bool) -> Port:
    """N-BEATS takes the backcast off its input, not the input off the backcast."""

    class NBeats(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block = nn.Linear(6, 6)
            self.forecast = nn.Linear(6, 3)

        def forward(self, x: Tensor) -> Tensor:
            b = self.block(x)
            residual = x - b if right else b - x
            return self.forecast(F.relu(residual))

    x = keras.Input((6,))
    residual = layers.Subtract()([x, layers.Dense(6, name="block")(x)])
    out = layers.Dense(3, name="forecast")(layers.ReLU()(residual))
    return carried(NBeats(), keras.Model(x, out), drawn(4, 6))


def denormalised(right: bool) -> Port:
    """RevIN multiplies by the spread before the mean is added."""

    class RevIN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = nn.Linear(8, 8)

        def forward(self, x: Tensor) -> Tensor:
            mean = x.mean(1, keepdim=True)
            spread = torch.sqrt(x.var(1, keepdim=True, unbiased=False) + 1e-5)
            y = self.model((x - mean) / spread)
            return y * spread + mean if right else (y + mean) * spread

    x = keras.Input((8,))
    mean = ops.mean(x, axis=1, keepdims=True)
    spread = ops.sqrt(ops.var(x, axis=1, keepdims=True) + 1e-5)
    y = layers.Dense(8, name="model")((x - mean) / spread)
    return carried(RevIN(), keras.Model(x, y * spread + mean), drawn(4, 8) + 1)


def moving_average(right: bool) -> Port:
    """DLinear repeats the ends of a series where its mean looks beyond them."""

    class DLinear(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.avg = nn.AvgPool1d(3, stride=1)
            self.seasonal = nn.Linear(8, 3)
            self.trend = nn.Linear(8, 3)

        def forward(self, x: Tensor) -> Tensor:
            if right:
                padded = F.pad(x.unsqueeze(1), (1, 1), mode="replicate")
            else:
                padded = F.pad(x.unsqueeze(1), (1, 1))
            trend = self.avg(padded).squeeze(1)
            return self.seasonal(x - trend) + self.trend(trend)

    x = keras.Input((8,))
    padded = ops.concatenate([x[:, :1], x, x[:, -1:]], axis=1)
    trend = layers.AveragePooling1D(3, strides=1)(ops.expand_dims(padded, -1))
    trend = ops.squeeze(trend, -1)
    out = layers.Dense(3, name="seasonal")(x - trend)
    model = keras.Model(x, out + layers.Dense(3, name="trend")(trend))
    return carried(DLinear(), model, drawn(4, 8))


def cross_layer(right: bool) -> Port:
    """A cross layer multiplies the bias by its first input too."""

    class CrossNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cross = nn.Linear(5, 5)
            self.out = nn.Linear(5, 1)

        def forward(self, x0: Tensor) -> Tensor:
            if right:
                x = x0 * self.cross(x0) + x0
            else:
                x = x0 * F.linear(x0, self.cross.weight) + self.cross.bias + x0
            return torch.sigmoid(self.out(x))

    x0 = keras.Input((5,))
    x = x0 * layers.Dense(5, name="cross")(x0) + x0
    model = keras.Model(x0, layers.Dense(1, activation="sigmoid", name="out")(x))
    return carried(CrossNet(), model, drawn(6, 5))


def observations_clipped(right: bool) -> Port:
    """Observations are cut to [-1, 1] once they are normalised."""

    class Policy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1 = nn.Linear(4, 6)
            self.mu = nn.Linear(6, 2)

        def forward(self, obs: Tensor) -> Tensor:
            obs = (obs - 0.5) / 0.7
            if right:
                obs = torch.clamp(obs, -1.0, 1.0)
            return torch.tanh(self.mu(F.relu(self.fc1(obs))))

    obs = keras.Input((4,))
    x = ops.clip((obs - 0.5) / 0.7, -1.0, 1.0)
    x = layers.Dense(6, activation="relu", name="fc1")(x)
    model = keras.Model(obs, layers.Dense(2, activation="tanh", name="mu")(x))
    return carried(Policy(), model, drawn(6, 4))


def graph_by_rows(right: bool) -> Port:
    """A GCN divides by the roots of both degrees, not by the one of the row."""

    class GCN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Linear(4, 3, bias=False)

        def forward(self, x: Tensor, a: Tensor) -> Tensor:
            degree = a.sum(-1)
            if right:
                root = degree**-0.5
                a = root.unsqueeze(-1) * a * root.unsqueeze(-2)
            else:
                a = a / degree.unsqueeze(-1)
            return F.relu(a @ self.weight(x))

    x, a = keras.Input((5, 4)), keras.Input((5, 5))
    root = ops.sum(a, axis=-1) ** -0.5
    scaled = ops.expand_dims(root, -1) * a * ops.expand_dims(root, -2)
    h = layers.Dense(3, use_bias=False, name="weight")(x)
    model = keras.Model([x, a], ops.relu(ops.matmul(scaled, h)))
    edges = (drawn(2, 5, 5, seed=3) > 0).astype("float32")
    edges = np.maximum(edges, edges.transpose(0, 2, 1))
    edges = np.maximum(edges, np.eye(5, dtype="float32"))
    return carried(GCN(), model, [drawn(2, 5, 4), edges])


def near_identity(right: bool) -> Port:
    """PointNet's small network learns what is added to the identity."""

    class TNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3, 9)
            self.conv = nn.Linear(3, 5)

        def forward(self, points: Tensor) -> Tensor:
            t = self.fc(points.max(dim=1)[0]).view(-1, 3, 3)
            if right:
                t = t + torch.eye(3, device=t.device, dtype=t.dtype)
            return F.relu(self.conv(torch.bmm(points, t))).max(dim=1)[0]

    points = keras.Input((8, 3))
    t = layers.Dense(9, name="fc")(layers.GlobalMaxPooling1D()(points))
    t = layers.Reshape((3, 3))(t) + np.eye(3, dtype="float32")
    x = layers.Dot(axes=(2, 1))([points, t])
    x = layers.Dense(5, activation="relu", name="conv")(x)
    model = keras.Model(points, layers.GlobalMaxPooling1D()(x))
    return carried(TNet(), model, drawn(3, 8, 3))


def shifted_softplus(right: bool) -> Port:
    """SchNet takes log(2) off its softplus."""

    class SchNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.dense1 = nn.Linear(4, 6)
            self.dense2 = nn.Linear(6, 3)

        def forward(self, x: Tensor) -> Tensor:
            h = F.softplus(self.dense1(x))
            if right:
                h = h - np.log(2.0)
            return self.dense2(h)

    x = keras.Input((4,))
    h = ops.softplus(layers.Dense(6, name="dense1")(x)) - np.log(2.0)
    return carried(
        SchNet(), keras.Model(x, layers.Dense(3, name="dense2")(h)), drawn(5, 4)
    )


def gated_linear_unit(right: bool) -> Port:
    """The gate is the second half, as in F.glu."""

    class GatedConv(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv1d(3, 8, 3)

        def forward(self, x: Tensor) -> Tensor:
            x = self.conv(x.transpose(1, 2))
            if right:
                return F.glu(x, dim=1).transpose(1, 2)
            a, b = x.chunk(2, dim=1)
            return (torch.sigmoid(a) * b).transpose(1, 2)

    inputs = keras.Input((7, 3))
    a, b = ops.split(layers.Conv1D(8, 3, name="conv")(inputs), 2, axis=-1)
    return carried(GatedConv(), keras.Model(inputs, a * ops.sigmoid(b)), drawn(3, 7, 3))


def maxout(right: bool) -> Port:
    """The pieces of a unit stand side by side."""

    class Maxout(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 12)
            self.out = nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            x = self.fc(x)
            if right:
                x = x.view(-1, 4, 3).max(dim=2)[0]
            else:
                x = x.view(-1, 3, 4).max(dim=1)[0]
            return self.out(x)

    x = keras.Input((4,))
    h = layers.Reshape((4, 3))(layers.Dense(12, name="fc")(x))
    model = keras.Model(x, layers.Dense(2, name="out")(ops.max(h, axis=-1)))
    return carried(Maxout(), model, drawn(5, 4))


class EqualDense(layers.Dense):
    """A dense layer whose kernel is multiplied at each call."""

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        factor = (2 / self.kernel.shape[0]) ** 0.5
        return ops.matmul(x, self.kernel * factor) + self.bias


def equal_rate(right: bool) -> Port:
    """A progressive GAN multiplies its kernels while it runs."""

    class EqualLinear(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            factor = (2 / self.weight.shape[1]) ** 0.5 if right else 1.0
            return F.linear(x, self.weight * factor, self.bias)

    class Mapping(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1 = EqualLinear(5, 6)
            self.fc2 = nn.Linear(6, 3)

        def forward(self, z: Tensor) -> Tensor:
            return self.fc2(F.leaky_relu(self.fc1(z), 0.2))

    z = keras.Input((5,))
    h = layers.LeakyReLU(negative_slope=0.2)(EqualDense(6, name="fc1")(z))
    return carried(
        Mapping(), keras.Model(z, layers.Dense(3, name="fc2")(h)), drawn(5, 5)
    )


def codebook(right: bool) -> Port:
    """TensorFlow has a code in each column, PyTorch in each row."""

    class Quantizer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.enc = nn.Linear(5, 4)
            self.codes = nn.Parameter(torch.zeros(7, 4))

        def forward(self, x: Tensor) -> Tensor:
            z = self.enc(x)
            return (
                (z**2).sum(-1, keepdim=True)
                - 2 * z @ self.codes.t()
                + (self.codes**2).sum(-1)
            )

    class Distances(layers.Layer):
        def build(self, shape: tuple[int | None, ...]) -> None:
            self.codes = self.add_weight(shape=(shape[-1], 7), name="codes")

        def call(self, z: keras.KerasTensor) -> keras.KerasTensor:
            return (
                ops.sum(z**2, axis=-1, keepdims=True)
                - 2 * ops.matmul(z, self.codes)
                + ops.sum(self.codes**2, axis=0)
            )

    x = keras.Input((5,))
    z = layers.Dense(4, name="enc")(x)
    model = keras.Model(x, Distances(name="quantizer")(z))
    port = carried(Quantizer(), model, drawn(6, 5))
    codes = model.get_layer("quantizer").get_weights()[0]
    put(port.torch_model.codes, codes.T if right else codes.reshape(7, 4))
    return port


def fourier(right: bool) -> Port:
    """FNet transforms along steps and features, and keeps the real part."""

    class FNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.ff = nn.Linear(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            mixed = torch.fft.fft2(x) if right else torch.fft.fft(x)
            return self.ff(mixed.real)

    x = keras.Input((6, 4))
    real, _ = ops.fft2((x, ops.zeros_like(x)))
    model = keras.Model(x, layers.Dense(3, name="ff")(real))
    return carried(FNet(), model, drawn(3, 6, 4))


def report(name: str, cause: str, answer: str, make: Make, thread: str = "") -> Report:
    return Report(name, "numbers", thread, answer, cause, make)


REPORTS = (
    report("skips added", r"skip|sum|add|\+", "skip + s", skips_added),
    report(
        "halved residual",
        r"multipl|factor|scale|0\.70|root|sqrt|times",
        "* sqrt(0.5)",
        halved_residual,
        "r9y9/wavenet_vocoder",
    ),
    report(
        "last channel", "last|axis|axes|step|channel|slice", "x[:, :, -1]", last_channel
    ),
    report(
        "statistics pooling",
        "root|sqrt|deviation|varianc",
        "sqrt",
        statistics_pooling,
    ),
    report(
        "backcast", r"less|subtract|sign|order|exchang|minus|`-`", "x - b", backcast
    ),
    report("RevIN", r"order|before|mean|after|\+|multipl", "* then +", denormalised),
    report(
        "moving average", "pad|replicat|repeat|zero|edge", "replicate", moving_average
    ),
    report("cross layer", "bias", "x0 * (W x + b)", cross_layer),
    report(
        "observations clipped",
        "clamp|clip|cut|between",
        "clamp",
        observations_clipped,
    ),
    report(
        "graph by rows",
        r"root|sqrt|power|divid|multipl|\*\*|scale|-0\.5",
        "D^-1/2 A D^-1/2",
        graph_by_rows,
    ),
    report("near the identity", r"identity|add|\+|eye", "+ eye(3)", near_identity),
    report(
        "shifted softplus",
        r"0\.69|subtract|less|log|minus|add|sub",
        "- log(2)",
        shifted_softplus,
    ),
    report(
        "gated linear unit",
        "half|halves|gate|order|exchang|sigmoid|chunk|split",
        "F.glu",
        gated_linear_unit,
    ),
    report("maxout", "order|reshape|view|axes|read|group", "view(-1, 4, 3)", maxout),
    report(
        "equal learning rate",
        r"multipl|factor|scale|0\.63|times",
        "sqrt(2 / n)",
        equal_rate,
    ),
    report("codebook", "memory order|transpos|reshap", "codes.T", codebook),
    report("FNet", "fft|fourier|axes|axis|steps", "fft2", fourier),
)
