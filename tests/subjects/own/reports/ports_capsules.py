"""Ports of capsules and of other parts of networks of images."""

import keras
import numpy as np
import torch
import torch.nn.functional as F
from keras import layers, ops
from reported import Make, Port, Report, carried, drawn, filled, moved, put
from torch import Tensor, nn


def squash(right: bool) -> Port:
    """The length of a capsule is taken along its own numbers, not over capsules."""

    class PrimaryCaps(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.caps = nn.Linear(6, 20)
            self.out = nn.Linear(20, 3)

        def forward(self, x: Tensor) -> Tensor:
            u = self.caps(x).view(x.size(0), 4, 5)
            dim = 2 if right else 1
            squared = (u**2).sum(dim=dim, keepdim=True)
            u = squared / (1.0 + squared) * u / torch.sqrt(squared + 1e-7)
            return self.out(u.flatten(1))

    inputs = keras.Input((6,))
    u = layers.Reshape((4, 5))(layers.Dense(20, name="caps")(inputs))
    squared = ops.sum(ops.square(u), axis=-1, keepdims=True)
    u = squared / (1.0 + squared) * u / ops.sqrt(squared + 1e-7)
    out = layers.Dense(3, name="out")(layers.Flatten()(u))
    return carried(PrimaryCaps(), keras.Model(inputs, out), drawn(4, 6))


def routing(right: bool) -> Port:
    """A capsule below divides itself among those above."""

    class Routing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.votes = nn.Linear(4, 15)
            self.logits = nn.Linear(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            votes = self.votes(x).view(x.size(0), 6, 3, 5)
            c = F.softmax(self.logits(x), dim=2 if right else 1)
            return (c.unsqueeze(-1) * votes).sum(dim=1)

    inputs = keras.Input((6, 4))
    votes = layers.Reshape((6, 3, 5))(layers.Dense(15, name="votes")(inputs))
    c = ops.softmax(layers.Dense(3, name="logits")(inputs), axis=2)
    out = ops.sum(ops.expand_dims(c, -1) * votes, axis=1)
    return carried(Routing(), keras.Model(inputs, out), drawn(3, 6, 4))


def scaled_residual(right: bool) -> Port:
    """Inception-ResNet scales the branch, not the shortcut."""

    class Block35(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = 0.17
            self.branch0 = nn.Conv2d(4, 3, 1)
            self.branch1 = nn.Conv2d(4, 3, 3, padding=1)
            self.conv2d = nn.Conv2d(6, 4, 1)

        def forward(self, x: Tensor) -> Tensor:
            x = x.permute(0, 3, 1, 2)
            mixed = torch.cat([F.relu(self.branch0(x)), F.relu(self.branch1(x))], 1)
            up = self.conv2d(mixed)
            out = x + self.scale * up if right else self.scale * x + up
            return F.relu(out).permute(0, 2, 3, 1)

    x = keras.Input((5, 6, 4))
    branch0 = layers.Conv2D(3, 1, activation="relu", name="branch0")(x)
    branch1 = layers.Conv2D(3, 3, padding="same", activation="relu", name="branch1")(x)
    mixed = layers.Concatenate()([branch0, branch1])
    up = layers.Conv2D(4, 1, name="conv2d")(mixed)
    model = keras.Model(x, layers.ReLU()(x + up * 0.17))
    return carried(Block35(), model, drawn(2, 5, 6, 4))


class StandardisedConv2D(layers.Conv2D):
    """A convolution whose kernels have mean 0 and deviation 1."""

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        mean = ops.mean(self.kernel, axis=(0, 1, 2), keepdims=True)
        variance = ops.var(self.kernel, axis=(0, 1, 2), keepdims=True)
        kernel = (self.kernel - mean) / ops.sqrt(variance + 1e-5)
        return ops.conv(x, kernel, padding="valid") + self.bias


def standardised_kernel(right: bool) -> Port:
    """BiT standardises its kernels; a plain convolution got the raw ones."""

    class StdConv2d(nn.Conv2d):
        def forward(self, x: Tensor) -> Tensor:
            variance, mean = torch.var_mean(
                self.weight, dim=(1, 2, 3), keepdim=True, unbiased=False
            )
            weight = (self.weight - mean) / torch.sqrt(variance + 1e-5)
            return F.conv2d(x, weight if right else self.weight, self.bias)

    class BiT(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = StdConv2d(3, 5, 3)
            self.fc = nn.Linear(5, 2)

        def forward(self, x: Tensor) -> Tensor:
            x = F.relu(self.conv(x.permute(0, 3, 1, 2)))
            return self.fc(x.mean((2, 3)))

    inputs = keras.Input((7, 6, 3))
    x = layers.ReLU()(StandardisedConv2D(5, 3, name="conv")(inputs))
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, layers.Dense(2, name="fc")(x))
    return carried(BiT(), model, drawn(2, 7, 6, 3))


def norm_without_scale(right: bool) -> Port:
    """With scale=False the list of weights begins with beta."""

    class ConvBN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3, bias=False)
            self.norm = nn.BatchNorm2d(4, eps=1e-3)

        def forward(self, x: Tensor) -> Tensor:
            x = self.norm(self.conv(x.permute(0, 3, 1, 2)))
            return F.relu(x).permute(0, 2, 3, 1)

    model = keras.Sequential(
        [
            keras.Input((6, 7, 3)),
            layers.Conv2D(4, 3, use_bias=False, name="conv"),
            layers.BatchNormalization(scale=False, name="norm"),
            layers.ReLU(),
        ]
    )
    port = moved(Port(ConvBN(), filled(model), drawn(2, 6, 7, 3)), ("conv", "conv"))
    beta, mean, variance = model.get_layer("norm").get_weights()
    beta = np.abs(beta) + 0.2  # a variance must not be negative
    model.get_layer("norm").set_weights([beta, mean, variance])
    norm = port.torch_model.norm
    ones = np.ones(4, "float32")
    held = [ones, beta, mean, variance] if right else [beta, mean, variance, ones]
    for parameter, array in zip(
        [norm.weight, norm.bias, norm.running_mean, norm.running_var], held, strict=True
    ):
        put(parameter, array)
    return port


def spatial_attention(right: bool) -> Port:
    """CBAM joins the mean and the maximum over channels, in this order."""

    class SpatialAttention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Conv2d(3, 4, 3, padding=1)
            self.conv1 = nn.Conv2d(2, 1, 3, padding=1, bias=False)

        def forward(self, x: Tensor) -> Tensor:
            x = self.stem(x.permute(0, 3, 1, 2))
            avg_out = torch.mean(x, dim=1, keepdim=True)
            max_out, _ = torch.max(x, dim=1, keepdim=True)
            both = [avg_out, max_out] if right else [max_out, avg_out]
            gate = torch.sigmoid(self.conv1(torch.cat(both, dim=1)))
            return (x * gate).permute(0, 2, 3, 1)

    inputs = keras.Input((6, 5, 3))
    x = layers.Conv2D(4, 3, padding="same", name="stem")(inputs)
    avg_pool = ops.mean(x, axis=3, keepdims=True)
    max_pool = ops.max(x, axis=3, keepdims=True)
    both = layers.Concatenate(axis=3)([avg_pool, max_pool])
    gate = layers.Conv2D(
        1, 3, padding="same", use_bias=False, activation="sigmoid", name="conv1"
    )(both)
    model = keras.Model(inputs, layers.Multiply()([x, gate]))
    return carried(SpatialAttention(), model, drawn(2, 6, 5, 3))


def channel_split(right: bool) -> Port:
    """ShuffleNet passes the first half on and convolves the second."""

    class ShuffleUnit(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Conv2d(3, 8, 1)
            self.branch = nn.Conv2d(4, 4, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            x1, x2 = self.stem(x.permute(0, 3, 1, 2)).chunk(2, dim=1)
            if not right:
                x1, x2 = x2, x1
            out = torch.cat((x1, F.relu(self.branch(x2))), dim=1)
            return out.permute(0, 2, 3, 1)

    inputs = keras.Input((5, 6, 3))
    x = layers.Conv2D(8, 1, name="stem")(inputs)
    x1, x2 = x[..., :4], x[..., 4:]
    x2 = layers.Conv2D(4, 3, padding="same", activation="relu", name="branch")(x2)
    model = keras.Model(inputs, layers.Concatenate()([x1, x2]))
    return carried(ShuffleUnit(), model, drawn(2, 5, 6, 3))


class ResponseNorm(layers.Layer):
    """ConvNeXt's norm of global responses, channels last."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.gamma = self.add_weight(shape=(shape[-1],), name="gamma")
        self.beta = self.add_weight(shape=(shape[-1],), name="beta")

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        size = ops.sqrt(ops.sum(ops.square(x), axis=(1, 2), keepdims=True))
        ratio = size / (ops.mean(size, axis=-1, keepdims=True) + 1e-6)
        return self.gamma * (x * ratio) + self.beta + x


def response_norm(right: bool) -> Port:
    """The size of a channel is taken over the image, and divided by their mean."""

    class GRN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 1)
            self.gamma = nn.Parameter(torch.zeros(4))
            self.beta = nn.Parameter(torch.zeros(4))

        def forward(self, x: Tensor) -> Tensor:
            x = self.conv(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
            gx = torch.norm(x, p=2, dim=(1, 2), keepdim=True)
            dim = -1 if right else 0
            nx = gx / (gx.mean(dim=dim, keepdim=True) + 1e-6)
            return self.gamma * (x * nx) + self.beta + x

    inputs = keras.Input((5, 6, 3))
    x = layers.Conv2D(4, 1, name="conv")(inputs)
    model = keras.Model(inputs, ResponseNorm(name="grn")(x))
    port = carried(GRN(), model, drawn(3, 5, 6, 3))
    gamma, beta = model.get_layer("grn").get_weights()
    put(port.torch_model.gamma, gamma)
    put(port.torch_model.beta, beta)
    return port


def adaptive_norm(right: bool) -> Port:
    """AdaIN's deviation divides by n in TensorFlow, by n - 1 in PyTorch."""

    class AdaIN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Conv2d(3, 4, 3)
            self.decoder = nn.Conv2d(4, 3, 1)

        def forward(self, content: Tensor, style: Tensor) -> Tensor:
            c = self.encoder(content.permute(0, 3, 1, 2))
            s = self.encoder(style.permute(0, 3, 1, 2))
            c_std = c.std((2, 3), keepdim=True, unbiased=False) + 1e-5
            s_std = s.std((2, 3), keepdim=True, unbiased=not right) + 1e-5
            out = (c - c.mean((2, 3), keepdim=True)) / c_std * s_std
            out = out + s.mean((2, 3), keepdim=True)
            return self.decoder(out).permute(0, 2, 3, 1)

    content, style = keras.Input((6, 5, 3)), keras.Input((6, 5, 3))
    encoder = layers.Conv2D(4, 3, name="encoder")
    c, s = encoder(content), encoder(style)
    c_std = ops.std(c, axis=(1, 2), keepdims=True) + 1e-5
    s_std = ops.std(s, axis=(1, 2), keepdims=True) + 1e-5
    out = (c - ops.mean(c, axis=(1, 2), keepdims=True)) / c_std * s_std
    out = out + ops.mean(s, axis=(1, 2), keepdims=True)
    out = layers.Conv2D(3, 1, name="decoder")(out)
    model = keras.Model([content, style], out)
    return carried(AdaIN(), model, [drawn(2, 6, 5, 3), drawn(2, 6, 5, 3, seed=4)])


def survival(right: bool) -> Port:
    """Stochastic depth multiplies its branch by its chance at inference."""

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(4, 4, 3, padding=1)
            self.conv2 = nn.Conv2d(4, 4, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            x = x.permute(0, 3, 1, 2)
            out = self.conv2(F.relu(self.conv1(x)))
            if right:
                out = 0.8 * out
            return F.relu(x + out).permute(0, 2, 3, 1)

    x = keras.Input((5, 6, 4))
    out = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv1")(x)
    out = layers.Conv2D(4, 3, padding="same", name="conv2")(out)
    model = keras.Model(x, ops.relu(x + 0.8 * out))
    return carried(Block(), model, drawn(2, 5, 6, 4))


def vlad_order(right: bool) -> Port:
    """NetVLAD's clusters are the slower axis where its vector is made flat."""

    class NetVLAD(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Linear(5, 3)
            self.hidden = nn.Linear(15, 4)

        def forward(self, x: Tensor) -> Tensor:
            soft = F.softmax(self.conv(x), dim=-1)
            vlad = torch.bmm(soft.transpose(1, 2), x)
            vlad = F.normalize(vlad, p=2, dim=2)
            if not right:
                vlad = vlad.transpose(1, 2).contiguous()
            return self.hidden(vlad.view(x.size(0), -1))

    x = keras.Input((7, 5))
    soft = layers.Softmax()(layers.Dense(3, name="conv")(x))
    vlad = ops.matmul(ops.transpose(soft, (0, 2, 1)), x)
    vlad = layers.UnitNormalization(axis=2)(vlad)
    out = layers.Dense(4, name="hidden")(layers.Flatten()(vlad))
    return carried(NetVLAD(), keras.Model(x, out), drawn(3, 7, 5))


def report(name: str, cause: str, answer: str, make: Make, thread: str = "") -> Report:
    return Report(name, "pictures", thread, answer, cause, make)


REPORTS = (
    report(
        "squash",
        "dim|axis|axes|capsule",
        "dim=2",
        squash,
        "cedrickchee/capsule-net-pytorch, issue 6",
    ),
    report(
        "routing", "softmax", "dim=2", routing, "motokimura/capsnet_pytorch, pull 1"
    ),
    report(
        "scaled residual",
        r"0\.17|scale|multipl|factor",
        "x + scale * up",
        scaled_residual,
        "fchollet/deep-learning-models, issue 99",
    ),
    report(
        "standardised kernel",
        r"standardi|takes the weight conv\.weight, where",
        "standardise the kernels",
        standardised_kernel,
        "joe-siyuan-qiao/WeightStandardization, issue 12",
    ),
    report(
        "norm without scale",
        "weight holds what belongs in bias|shift|scale|offset|order",
        "ones for gamma",
        norm_without_scale,
        "fchollet/deep-learning-models, Inception",
    ),
    report("CBAM", "order|concat|join|cat", "cat([mean, max])", spatial_attention),
    report(
        "channel split",
        "half|halves|order|exchang|chunk|split|slice|channels",
        "x1 first",
        channel_split,
    ),
    report(
        "GRN",
        "axis|axes|dim|mean|batch",
        "mean(dim=-1)",
        response_norm,
        "huggingface/transformers, pull 25558",
    ),
    report(
        "AdaIN", "unbiased|n - 1|correction|deviation", "unbiased=False", adaptive_norm
    ),
    report(
        "stochastic depth",
        r"0\.8|scale|multipl|factor|times",
        "multiply by 0.8",
        survival,
    ),
    report(
        "NetVLAD",
        "order|transpos|permut|flatten|axes|channel by channel",
        "no transpose",
        vlad_order,
        "Nanne/pytorch-NetVlad",
    ),
)
