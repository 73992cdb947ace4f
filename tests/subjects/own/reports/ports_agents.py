"""Ports of models with several inputs or results, as people asked about them."""

import keras
import torch
import torch.nn.functional as F
from keras import layers, ops
from reported import Make, Port, Report, carried, drawn
from torch import Tensor, nn


def dueling(right: bool) -> Port:
    """The mean of the advantages is of each sample, not of the batch."""

    class DuelingDQN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1 = nn.Linear(6, 8)
            self.value = nn.Linear(8, 1)
            self.advantage = nn.Linear(8, 3)

        def forward(self, state: Tensor) -> Tensor:
            h = F.relu(self.fc1(state))
            v, a = self.value(h), self.advantage(h)
            return v + a - (a.mean(dim=1, keepdim=True) if right else a.mean())

    state = keras.Input((6,))
    h = layers.Dense(8, activation="relu", name="fc1")(state)
    v = layers.Dense(1, name="value")(h)
    a = layers.Dense(3, name="advantage")(h)
    q = v + (a - ops.mean(a, axis=1, keepdims=True))
    return carried(DuelingDQN(), keras.Model(state, q), drawn(5, 6))


def critic(right: bool) -> Port:
    """The critic reads (state, action), of one size in this task."""

    class Critic(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.l1 = nn.Linear(8, 6)
            self.l2 = nn.Linear(6, 1)

        def forward(self, state: Tensor, action: Tensor) -> Tensor:
            pair = [state, action] if right else [action, state]
            return self.l2(F.relu(self.l1(torch.cat(pair, 1))))

    state, action = keras.Input((4,), name="state"), keras.Input((4,), name="action")
    x = layers.Concatenate()([state, action])
    x = layers.Dense(6, activation="relu", name="l1")(x)
    model = keras.Model([state, action], layers.Dense(1, name="l2")(x))
    return carried(Critic(), model, [drawn(5, 4), drawn(5, 4, seed=2)])


def two_results(right: bool) -> Port:
    """Box and class are returned in the other order, of one shape."""

    class Heads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Linear(6, 8)
            self.cls = nn.Linear(8, 4)
            self.box = nn.Linear(8, 4)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            h = torch.relu(self.body(x))
            cls, box = self.cls(h), self.box(h)
            return (cls, box) if right else (box, cls)

    x = keras.Input((6,))
    h = layers.Dense(8, activation="relu", name="body")(x)
    model = keras.Model(
        x, [layers.Dense(4, name="cls")(h), layers.Dense(4, name="box")(h)]
    )
    return carried(Heads(), model, drawn(5, 6))


def report(name: str, cause: str, answer: str, make: Make) -> Report:
    return Report(name, "numbers", "", answer, cause, make)


REPORTS = (
    report("dueling", "mean|batch|axis", "a.mean(1, keepdim=True)", dueling),
    report("critic", "order|concat|join|exchang", "(state, action)", critic),
    report("two results", "order|exchang|result|swap", "(cls, box)", two_results),
)
