"""An autoencoder of images: strided convolutions, a dense code, and back."""

import keras
import torch
from keras import layers
from torch import nn


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.ZeroPad2d((0, 1, 0, 1)),
            nn.Conv2d(1, 4, 3, stride=2),
            nn.LeakyReLU(0.2),
            nn.Conv2d(4, 6, 5, padding=2),
            nn.InstanceNorm2d(6, affine=True, eps=1e-3),
            nn.SiLU(),
        )
        self.code = nn.Linear(4 * 6 * 6, 5)
        self.expand = nn.Linear(5, 4 * 6 * 6)
        self.up = nn.ConvTranspose2d(6, 4, 4, stride=2, padding=1)
        self.last = nn.Conv2d(4, 1, 3, padding=1)

    def forward(self, x):
        h = self.encoder(x.permute(0, 3, 1, 2))
        h = h.permute(0, 2, 3, 1).flatten(1)
        code = torch.tanh(self.code(h))
        h = torch.relu(self.expand(code)).view(-1, 4, 6, 6)
        h = self.up(h.permute(0, 3, 1, 2))
        h = nn.functional.softplus(h)
        return torch.sigmoid(self.last(h)).permute(0, 2, 3, 1)


def in_torch():
    return InPyTorch()


def in_keras():
    return keras.Sequential(
        [
            keras.Input((8, 12, 1)),
            layers.Conv2D(4, 3, strides=2, padding="same", name="conv1"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Conv2D(6, 5, padding="same", name="conv2"),
            layers.GroupNormalization(groups=-1, epsilon=1e-3, name="norm"),
            layers.Activation("silu"),
            layers.Flatten(),
            layers.Dense(5, activation="tanh", name="code"),
            layers.Dense(144, activation="relu", name="expand"),
            layers.Reshape((4, 6, 6)),
            layers.Conv2DTranspose(4, 4, strides=2, padding="same", name="up"),
            layers.Activation("softplus"),
            layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="last"),
        ]
    )


def transfer(torch_model, keras_model):
    encoder = torch_model.encoder
    pairs = {"conv1": encoder[1], "conv2": encoder[3], "up": torch_model.up}
    pairs["last"] = torch_model.last
    for name, conv in pairs.items():
        kernel = conv.weight.detach().numpy().transpose(2, 3, 1, 0)
        keras_model.get_layer(name).set_weights([kernel, conv.bias.detach().numpy()])
    norm = encoder[4]
    keras_model.get_layer("norm").set_weights(
        [norm.weight.detach().numpy(), norm.bias.detach().numpy()]
    )
    for name in ("code", "expand"):
        dense = getattr(torch_model, name)
        keras_model.get_layer(name).set_weights(
            [dense.weight.detach().numpy().T, dense.bias.detach().numpy()]
        )


def inputs(rng):
    return rng.normal(0, 1, (3, 8, 12, 1)).astype("float32")
