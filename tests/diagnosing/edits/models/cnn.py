"""A classifier of small images: two convolutions, flattened, two dense layers."""

import keras
import torch
from keras import layers
from torch import nn


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(6, 8, 3)
        self.fc1 = nn.Linear(96, 10)
        self.fc2 = nn.Linear(10, 4)

    def forward(self, x):
        x = x.permute(0, 3, 1, 2) / 255.0
        x = torch.relu(self.conv1(x))
        x = self.pool(x)
        x = torch.relu(self.conv2(x))
        x = x.permute(0, 2, 3, 1)
        x = torch.flatten(x, 1)
        x = nn.functional.leaky_relu(self.fc1(x), 0.1)
        return torch.log_softmax(self.fc2(x), dim=1)


def in_torch():
    return InPyTorch()


def in_keras():
    return keras.Sequential(
        [
            keras.Input((12, 10, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(6, 3, padding="same", activation="relu", name="conv1"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Conv2D(8, 3, activation="relu", name="conv2"),
            layers.Flatten(),
            layers.Dense(10, name="fc1"),
            layers.LeakyReLU(negative_slope=0.1),
            layers.Dense(4, name="fc2"),
            layers.Activation("log_softmax"),
        ]
    )


def inputs(rng):
    return rng.uniform(0, 255, (4, 12, 10, 3)).astype("float32")
