"""A bidirectional LSTM over sequences of several lengths: packed here, masked there."""

import keras
import torch
from keras import layers
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 5, batch_first=True, bidirectional=True)
        self.hidden = nn.Linear(10, 6)
        self.out = nn.Linear(6, 2)

    def forward(self, x):
        lengths = (x != 0).any(dim=-1).sum(dim=1).cpu()
        packed = pack_padded_sequence(
            x, lengths, batch_first=True, enforce_sorted=False
        )
        _, (h, c) = self.lstm(packed)  # noqa: RUF059
        h = torch.cat([h[0], h[1]], dim=-1)
        h = torch.relu(self.hidden(h))
        return self.out(h)


def in_torch():
    return InPyTorch()


def in_keras():
    return keras.Sequential(
        [
            keras.Input((7, 4)),
            layers.Masking(mask_value=0.0),
            layers.Bidirectional(layers.LSTM(5), merge_mode="concat", name="lstm"),
            layers.Dense(6, activation="relu", name="hidden"),
            layers.Dense(2, name="out"),
        ]
    )


def inputs(rng):
    x = rng.normal(0, 1, (4, 7, 4)).astype("float32")
    for sample, length in enumerate((7, 3, 5, 2)):
        x[sample, length:] = 0
    return x
