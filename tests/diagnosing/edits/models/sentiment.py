"""Sentiment: embedding, a bidirectional GRU, additive attention over the words."""

import keras
import numpy as np
import torch
from keras import layers, ops
from torch import nn


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 5)
        self.norm = nn.LayerNorm(5)
        self.gru = nn.GRU(5, 4, batch_first=True, bidirectional=True)
        self.key = nn.Linear(8, 6)
        self.score = nn.Linear(6, 1, bias=False)
        self.hidden = nn.Linear(16, 7)
        self.out = nn.Linear(7, 1)

    def forward(self, words):
        x = self.norm(self.embedding(words))
        h, last = self.gru(x)
        scores = self.score(torch.tanh(self.key(h))).squeeze(-1)
        weights = torch.softmax(scores, dim=1)
        context = (weights.unsqueeze(-1) * h).sum(dim=1)
        last = torch.cat([last[0], last[1]], dim=1)
        y = nn.functional.elu(self.hidden(torch.cat([context, last], dim=1)))
        return torch.sigmoid(self.out(y)).squeeze(-1)


class InKeras(keras.Model):
    def __init__(self):
        super().__init__()
        self.embedding = layers.Embedding(20, 5)
        self.norm = layers.LayerNormalization(epsilon=1e-5)
        self.gru = layers.Bidirectional(
            layers.GRU(4, return_sequences=True, return_state=True)
        )
        self.key = layers.Dense(6, activation="tanh")
        self.score = layers.Dense(1, use_bias=False)
        self.hidden = layers.Dense(7, activation="elu")
        self.out = layers.Dense(1, activation="sigmoid")

    def call(self, words):
        x = self.norm(self.embedding(words))
        h, forward, backward = self.gru(x)
        scores = self.score(self.key(h))
        weights = ops.softmax(scores, axis=1)
        context = ops.sum(weights * h, axis=1)
        y = self.hidden(ops.concatenate([context, forward, backward], axis=-1))
        return ops.squeeze(self.out(y), -1)


def in_torch():
    return InPyTorch()


def in_keras():
    model = InKeras()
    model(np.zeros((1, 6), "int32"))
    return model


def gates(array):
    r, z, n = np.split(array, 3)
    return np.concatenate([z, r, n])


def transfer(torch_model, keras_model):
    state = {name: value.numpy() for name, value in torch_model.state_dict().items()}
    keras_model.embedding.set_weights([state["embedding.weight"]])
    keras_model.norm.set_weights([state["norm.weight"], state["norm.bias"]])
    weights = []
    for end in ("", "_reverse"):
        biases = [gates(state[f"gru.bias_{part}_l0{end}"]) for part in ("ih", "hh")]
        weights += [
            gates(state[f"gru.weight_ih_l0{end}"]).T,
            gates(state[f"gru.weight_hh_l0{end}"]).T,
            np.stack(biases),
        ]
    keras_model.gru.set_weights(weights)
    keras_model.key.set_weights([state["key.weight"].T, state["key.bias"]])
    keras_model.score.set_weights([state["score.weight"].T])
    for name in ("hidden", "out"):
        dense = getattr(keras_model, name)
        dense.set_weights([state[f"{name}.weight"].T, state[f"{name}.bias"]])


def inputs(rng):
    return rng.integers(0, 20, (4, 9))
