"""An MLP-Mixer: patches, then mixing along tokens and along channels in turn."""

import keras
from keras import layers
from torch import nn


class FeedForward(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, dim)
        )

    def forward(self, x):
        return self.net(x)


class MixerBlock(nn.Module):
    def __init__(self, dim, patches, tokens_hidden, channels_hidden):
        super().__init__()
        self.ln1 = nn.LayerNorm(dim)
        self.token_mix = FeedForward(patches, tokens_hidden)
        self.ln2 = nn.LayerNorm(dim)
        self.channel_mix = FeedForward(dim, channels_hidden)

    def forward(self, x):
        y = self.ln1(x).transpose(1, 2)
        x = x + self.token_mix(y).transpose(1, 2)
        return x + self.channel_mix(self.ln2(x))


class Mixer(nn.Module):
    def __init__(self, patch=4, dim=6, patches=6, depth=2, classes=3):
        super().__init__()
        self.patch = patch
        self.project = nn.Linear(patch * patch * 3, dim)
        self.blocks = nn.ModuleList(
            [MixerBlock(dim, patches, 5, 9) for _ in range(depth)]
        )
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, classes)

    def forward(self, images):
        b, h, w, c = images.shape
        p = self.patch
        x = images.reshape(b, h // p, p, w // p, p, c)
        x = x.permute(0, 1, 3, 2, 4, 5).reshape(b, -1, p * p * c)
        x = self.project(x)
        for block in self.blocks:
            x = block(x)
        x = self.norm(x).mean(dim=1)
        return self.head(x)


class Patches(layers.Layer):
    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.size = size

    def call(self, images):
        _, height, width, channels = images.shape
        rows, columns = height // self.size, width // self.size
        shape = (-1, rows, self.size, columns, self.size, channels)
        x = keras.ops.reshape(images, shape)
        x = keras.ops.transpose(x, (0, 1, 3, 2, 4, 5))
        return keras.ops.reshape(x, (-1, rows * columns, self.size**2 * channels))


def mlp(x, hidden, out, name):
    x = layers.Dense(hidden, activation="gelu", name=f"{name}_0")(x)
    return layers.Dense(out, name=f"{name}_1")(x)


def in_torch():
    return Mixer()


def in_keras():
    images = keras.Input((8, 12, 3))
    x = layers.Dense(6, name="project")(Patches(4)(images))
    for i in range(2):
        y = layers.LayerNormalization(epsilon=1e-5, name=f"ln1_{i}")(x)
        y = layers.Permute((2, 1))(y)
        y = mlp(y, 5, 6, f"token_mix_{i}")
        y = layers.Permute((2, 1))(y)
        x = layers.Add()([x, y])
        y = layers.LayerNormalization(epsilon=1e-5, name=f"ln2_{i}")(x)
        y = mlp(y, 9, 6, f"channel_mix_{i}")
        x = layers.Add()([x, y])
    x = layers.LayerNormalization(epsilon=1e-5, name="norm")(x)
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(images, layers.Dense(3, name="head")(x))


def transfer(torch_model, keras_model):
    pairs = [("project", torch_model.project), ("norm", torch_model.norm)]
    pairs.append(("head", torch_model.head))
    for i, block in enumerate(torch_model.blocks):
        pairs += [(f"ln1_{i}", block.ln1), (f"ln2_{i}", block.ln2)]
        for name in ("token_mix", "channel_mix"):
            net = getattr(block, name).net
            pairs += [(f"{name}_{i}_0", net[0]), (f"{name}_{i}_1", net[2])]
    for name, module in pairs:
        weight = module.weight.detach().numpy()
        weight = weight.T
        bias = module.bias.detach().numpy()
        keras_model.get_layer(name).set_weights([weight, bias])


def inputs(rng):
    return rng.normal(0, 1, (4, 8, 12, 3)).astype("float32")
