"""Ports of dense models, as people asked about them."""

import keras
import numpy as np
import torch
import torch.nn.functional as F
from keras import layers, ops
from reported import Make, Port, Report, carried, drawn, put
from torch import Tensor, nn


def sampled_code(right: bool) -> Port:
    """A variational autoencoder takes exp(log variance) for a deviation."""

    class VAE(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.enc = nn.Linear(6, 8)
            self.mu = nn.Linear(8, 3)
            self.logvar = nn.Linear(8, 3)
            self.dec = nn.Linear(3, 6)

        def forward(self, x: Tensor, eps: Tensor) -> Tensor:
            h = torch.relu(self.enc(x))
            logvar = self.logvar(h)
            std = torch.exp(0.5 * logvar) if right else torch.exp(logvar)
            return torch.sigmoid(self.dec(self.mu(h) + std * eps))

    x, eps = keras.Input((6,)), keras.Input((3,))
    h = layers.Dense(8, activation="relu", name="enc")(x)
    mu, logvar = layers.Dense(3, name="mu")(h), layers.Dense(3, name="logvar")(h)
    z = mu + ops.exp(0.5 * logvar) * eps
    model = keras.Model([x, eps], layers.Dense(6, activation="sigmoid", name="dec")(z))
    return carried(VAE(), model, [drawn(4, 6), drawn(4, 3, seed=5)])


def sigmoid_twice(right: bool) -> Port:
    """The last layer has a sigmoid, and so has the end of forward."""

    class Binary(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer_1 = nn.Linear(5, 8)
            self.layer_2 = nn.Linear(8, 8)
            self.layer_out = nn.Linear(8, 1)
            self.last = nn.Identity() if right else nn.Sigmoid()

        def forward(self, x: Tensor) -> Tensor:
            x = torch.relu(self.layer_1(x))
            x = torch.relu(self.layer_2(x))
            x = torch.sigmoid(self.layer_out(x))
            return self.last(x)

    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(8, activation="relu", name="layer_1"),
            layers.Dense(8, activation="relu", name="layer_2"),
            layers.Dense(1, activation="sigmoid", name="layer_out"),
        ]
    )
    return carried(Binary(), model, drawn(6, 5))


def log_softmax(right: bool) -> Port:
    """PyTorch returns log probabilities, since NLLLoss wants them."""
    net = nn.Sequential(
        nn.Linear(7, 9),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(9, 4),
        nn.Softmax(dim=1) if right else nn.LogSoftmax(dim=1),
    )
    model = keras.Sequential(
        [
            keras.Input((7,)),
            layers.Dense(9, activation="relu", name="0"),
            layers.Dropout(0.2),
            layers.Dense(4, activation="softmax", name="3"),
        ]
    )
    return carried(net, model, drawn(5, 7))


def norm_of_steps(right: bool) -> Port:
    """BatchNorm1d takes the second axis for the features."""

    class SeqNorm(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3, 6)
            self.bn = nn.BatchNorm1d(6, eps=1e-3)
            self.out = nn.Linear(6, 2)

        def forward(self, x: Tensor) -> Tensor:
            x = self.fc(x)
            if not right:
                return self.out(F.relu(self.bn(x)))
            x = self.bn(x.transpose(1, 2)).transpose(1, 2)
            return self.out(F.relu(x))

    model = keras.Sequential(
        [
            keras.Input((6, 3)),
            layers.Dense(6, name="fc"),
            layers.BatchNormalization(name="bn"),
            layers.ReLU(),
            layers.Dense(2, name="out"),
        ]
    )
    return carried(SeqNorm(), model, drawn(4, 6, 3))


def dropout_in_eval(right: bool) -> Port:
    """F.dropout drops out after eval() too, unless it is told not to."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1 = nn.Linear(6, 20)
            self.fc2 = nn.Linear(20, 3)

        def forward(self, x: Tensor) -> Tensor:
            x = F.relu(self.fc1(x))
            x = F.dropout(x, 0.5, training=self.training if right else True)
            return self.fc2(x)

    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(20, activation="relu", name="fc1"),
            layers.Dropout(0.5),
            layers.Dense(3, name="fc2"),
        ]
    )
    return carried(Net(), model, drawn(4, 6))


def unbiased(right: bool) -> Port:
    """Tensor.std divides by n - 1, and a layer norm by n."""

    class MyLayerNorm(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 6)
            self.gamma = nn.Parameter(torch.ones(6))
            self.beta = nn.Parameter(torch.zeros(6))

        def forward(self, x: Tensor) -> Tensor:
            x = self.fc(x)
            mean = x.mean(-1, keepdim=True)
            variance = x.var(-1, keepdim=True, unbiased=not right)
            return self.gamma * (x - mean) / torch.sqrt(variance + 1e-6) + self.beta

    model = keras.Sequential(
        [
            keras.Input((5, 4)),
            layers.Dense(6, name="fc"),
            layers.LayerNormalization(epsilon=1e-6, name="norm"),
        ]
    )
    port = carried(MyLayerNorm(), model, drawn(3, 5, 4))
    gamma, beta = model.get_layer("norm").get_weights()
    put(port.torch_model.gamma, gamma)
    put(port.torch_model.beta, beta)
    return port


def cosine(right: bool) -> Port:
    """Dot(normalize=True) is a cosine."""

    class TwoTowers(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.user = nn.Linear(4, 5)
            self.item = nn.Linear(3, 5)

        def forward(self, user: Tensor, item: Tensor) -> Tensor:
            u, i = self.user(user), self.item(item)
            if right:
                u, i = F.normalize(u, dim=1), F.normalize(i, dim=1)
            return (u * i).sum(dim=1, keepdim=True)

    user, item = keras.Input((4,)), keras.Input((3,))
    u, i = layers.Dense(5, name="user")(user), layers.Dense(5, name="item")(item)
    model = keras.Model([user, item], layers.Dot(axes=1, normalize=True)([u, i]))
    return carried(TwoTowers(), model, [drawn(6, 4), drawn(6, 3, seed=2)])


def factorisation(right: bool) -> Port:
    """Half of (the square of the sum less the sum of the squares)."""

    class FM(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(12, 4)
            self.linear = nn.Linear(4, 1)

        def forward(self, x: Tensor) -> Tensor:
            e = self.embedding(x)
            interaction = e.sum(1) ** 2 - (e**2).sum(1)
            if right:
                interaction = 0.5 * interaction
            return torch.sigmoid(self.linear(interaction))

    x = keras.Input((3,), dtype="int32")
    e = layers.Embedding(12, 4, name="embedding")(x)
    fm = 0.5 * (ops.square(ops.sum(e, axis=1)) - ops.sum(ops.square(e), axis=1))
    model = keras.Model(x, layers.Dense(1, activation="sigmoid", name="linear")(fm))
    return carried(FM(), model, np.array([[0, 5, 9], [3, 4, 11], [1, 7, 8]], "int32"))


def series_by_view(right: bool) -> Port:
    """Steps and features are exchanged by permute, not by view."""

    class CNN1d(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv1d(4, 6, 3)
            self.fc = nn.Linear(6, 2)

        def forward(self, x: Tensor) -> Tensor:
            x = x.permute(0, 2, 1) if right else x.view(x.size(0), 4, 10)
            x = F.relu(self.conv1(x))
            return self.fc(F.adaptive_avg_pool1d(x, 1).squeeze(-1))

    model = keras.Sequential(
        [
            keras.Input((10, 4)),
            layers.Conv1D(6, 3, activation="relu", name="conv1"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(2, name="fc"),
        ]
    )
    return carried(CNN1d(), model, drawn(5, 10, 4))


def last_value(right: bool) -> Port:
    """NLinear subtracts the last value of a series, and adds it again."""

    class NLinear(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.Linear = nn.Linear(8, 3)

        def forward(self, x: Tensor) -> Tensor:
            seq_last = x[:, -1:] if right else x[:, :1]
            x = (x - seq_last).permute(0, 2, 1)
            return self.Linear(x).permute(0, 2, 1) + seq_last

    x = keras.Input((8, 2))
    last = x[:, -1:, :]
    h = layers.Permute((2, 1))(x - last)
    h = layers.Dense(3, name="Linear")(h)
    model = keras.Model(x, layers.Permute((2, 1))(h) + last)
    return carried(NLinear(), model, drawn(4, 8, 2))


def point_transform(right: bool) -> Port:
    """Points are rows in Keras: x @ T; PyTorch's are columns: T' @ x."""

    class PointNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tnet = nn.Linear(3, 9)
            self.conv1 = nn.Conv1d(3, 5, 1)
            self.fc = nn.Linear(5, 2)

        def forward(self, points: Tensor) -> Tensor:
            transform = self.tnet(points.mean(dim=1)).view(-1, 3, 3)
            x = points.transpose(2, 1)
            if right:
                transform = transform.transpose(2, 1)
            x = torch.bmm(transform, x)
            return self.fc(torch.max(F.relu(self.conv1(x)), 2)[0])

    points = keras.Input((10, 3))
    transform = layers.Dense(9, name="tnet")(layers.GlobalAveragePooling1D()(points))
    transform = layers.Reshape((3, 3))(transform)
    x = layers.Dot(axes=(2, 1))([points, transform])
    x = layers.Conv1D(5, 1, activation="relu", name="conv1")(x)
    x = layers.GlobalMaxPooling1D()(x)
    model = keras.Model(points, layers.Dense(2, name="fc")(x))
    return carried(PointNet(), model, drawn(3, 10, 3))


def siren(right: bool) -> Port:
    """Every layer of a SIREN multiplies by omega, not the first alone."""

    class Siren(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.ModuleList([nn.Linear(2, 6), nn.Linear(6, 6)])
            self.final = nn.Linear(6, 1)

        def forward(self, coords: Tensor) -> Tensor:
            x = torch.sin(3.0 * self.net[0](coords))
            x = self.net[1](x)
            x = torch.sin(3.0 * x) if right else torch.sin(x)
            return self.final(x)

    coords = keras.Input((2,))
    x = ops.sin(3.0 * layers.Dense(6, name="net_0")(coords))
    x = ops.sin(3.0 * layers.Dense(6, name="net_1")(x))
    model = keras.Model(coords, layers.Dense(1, name="final")(x))
    return carried(Siren(), model, drawn(6, 2))


def report(name: str, cause: str, answer: str, make: Make) -> Report:
    return Report(name, "numbers", "", answer, cause, make)


REPORTS = (
    report(
        "sampled code",
        r"half|0\.5|\b2\b|twice|factor|multipl|scale",
        "exp(0.5 * x)",
        sampled_code,
    ),
    report("sigmoid twice", "sigmoid", "one sigmoid", sigmoid_twice),
    report("log softmax", "log|softmax", "softmax", log_softmax),
    report(
        "norm of steps", "axis|steps|features|transpos|axes", "transpose", norm_of_steps
    ),
    report(
        "dropout in eval", "dropout|random", "training=self.training", dropout_in_eval
    ),
    report(
        "unbiased",
        r"unbiased|n - 1|correction|varianc|deviation",
        "unbiased=False",
        unbiased,
    ),
    report("cosine", "normali|norm|length|cosine", "normalize both", cosine),
    report(
        "factorisation machine",
        r"half|0\.5|\b2\b|twice|factor|multipl|scale",
        "0.5",
        factorisation,
    ),
    report(
        "series by view",
        "view|reshape|permut|transpos|axes|order",
        "permute",
        series_by_view,
    ),
    report("NLinear", "last|first|slice|step", "x[:, -1:]", last_value),
    report("PointNet", "transpos", "transform.transpose(2, 1)", point_transform),
    report("SIREN", r"multipl|factor|scale|\b3\b|times", "3.0 in both", siren),
)
