"""Ports whose results are losses, as people asked about them."""

import keras
import numpy as np
import torch
import torch.nn.functional as F
from keras import layers, ops
from reported import Make, Port, Report, carried, drawn
from torch import Tensor, nn


def loss_of_logits(right: bool) -> Port:
    """CrossEntropyLoss is fed probabilities, and takes a softmax of its own."""

    class WithLoss(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(6, 4)

        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            logits = self.fc(x)
            if not right:
                logits = F.softmax(logits, dim=1)
            return F.cross_entropy(logits, y.long(), reduction="none")

    x, y = keras.Input((6,)), keras.Input((), dtype="int32")
    probabilities = layers.Dense(4, activation="softmax", name="fc")(x)
    loss = keras.losses.sparse_categorical_crossentropy(y, probabilities)
    targets = np.array([0, 3, 1, 1, 2], "int32")
    return carried(WithLoss(), keras.Model([x, y], loss), [drawn(5, 6), targets])


def loss_summed(right: bool) -> Port:
    """MSELoss(reduction='sum') is the mean times the number of elements."""

    class WithLoss(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1 = nn.Linear(6, 5)
            self.fc2 = nn.Linear(5, 3)
            self.loss = nn.MSELoss(reduction="mean" if right else "sum")

        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            return self.loss(self.fc2(torch.tanh(self.fc1(x))), y)

    x, y = keras.Input((6,)), keras.Input((3,))
    h = layers.Dense(5, activation="tanh", name="fc1")(x)
    out = layers.Dense(3, name="fc2")(h)
    model = keras.Model([x, y], ops.mean(ops.square(out - y)))
    return carried(WithLoss(), model, [drawn(5, 6), drawn(5, 3, seed=4)])


def loss_broadcast(right: bool) -> Port:
    """Predictions of (batch, 1) less targets of (batch,) are (batch, batch)."""

    class WithLoss(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1 = nn.Linear(6, 5)
            self.fc2 = nn.Linear(5, 1)

        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            out = self.fc2(F.relu(self.fc1(x)))
            if right:
                out = out.squeeze(1)
            return torch.mean((out - y) ** 2)

    x, y = keras.Input((6,)), keras.Input(())
    h = layers.Dense(5, activation="relu", name="fc1")(x)
    out = ops.squeeze(layers.Dense(1, name="fc2")(h), axis=-1)
    model = keras.Model([x, y], ops.mean(ops.square(out - y)))
    return carried(WithLoss(), model, [drawn(5, 6), drawn(5, seed=4)])


def report(name: str, cause: str, answer: str, make: Make) -> Report:
    return Report(name, "numbers", "", answer, cause, make)


REPORTS = (
    report("softmax in the loss", "softmax", "logits", loss_of_logits),
    report("summed loss", "15 times|sum", "mean", loss_summed),
    report(
        "broadcast loss",
        "broadcast|spread out",
        "squeeze(1)",
        loss_broadcast,
    ),
)
