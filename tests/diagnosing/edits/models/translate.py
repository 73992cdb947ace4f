"""Translation: a bidirectional GRU reads, a GRU writes and attends to what was read."""

import keras
import numpy as np
import torch
from keras import layers, ops
from torch import nn


class Encoder(nn.Module):
    def __init__(self, words, size, hidden):
        super().__init__()
        self.embedding = nn.Embedding(words, size)
        self.rnn = nn.GRU(size, hidden, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * hidden, hidden)

    def forward(self, source):
        outputs, hidden = self.rnn(self.embedding(source))
        hidden = torch.cat((hidden[-2], hidden[-1]), dim=1)
        return outputs, torch.tanh(self.fc(hidden))


class Attention(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.w1 = nn.Linear(2 * hidden, hidden, bias=False)
        self.w2 = nn.Linear(hidden, hidden)
        self.v = nn.Linear(hidden, 1, bias=False)

    def forward(self, query, values):
        keys = self.w1(values).unsqueeze(1)
        queries = self.w2(query).unsqueeze(2)
        energy = self.v(torch.tanh(keys + queries)).squeeze(-1)
        weights = torch.softmax(energy, dim=-1)
        return weights @ values


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder(15, 4, 5)
        self.embedding = nn.Embedding(12, 4)
        self.decoder = nn.GRU(4, 5, batch_first=True)
        self.attention = Attention(5)
        self.out = nn.Linear(5 + 10 + 4, 12)

    def forward(self, source, target):
        values, state = self.encoder(source)
        embedded = self.embedding(target) * 4**0.5
        written, _ = self.decoder(embedded, state.unsqueeze(0))
        context = self.attention(written, values)
        return self.out(torch.cat((written, context, embedded), dim=2))


class Bahdanau(layers.Layer):
    def __init__(self, hidden, **kwargs):
        super().__init__(**kwargs)
        self.w1 = layers.Dense(hidden, use_bias=False)
        self.w2 = layers.Dense(hidden)
        self.v = layers.Dense(1, use_bias=False)

    def call(self, query, values):
        query = ops.expand_dims(query, 2)
        memory = ops.expand_dims(values, 1)
        score = self.v(ops.tanh(self.w1(memory) + self.w2(query)))
        weights = ops.softmax(score, axis=2)
        return ops.sum(weights * memory, axis=2)


class InKeras(keras.Model):
    def __init__(self):
        super().__init__()
        self.source_embedding = layers.Embedding(15, 4)
        self.encoder = layers.Bidirectional(
            layers.GRU(5, return_sequences=True, return_state=True)
        )
        self.bridge = layers.Dense(5, activation="tanh")
        self.target_embedding = layers.Embedding(12, 4)
        self.decoder = layers.GRU(5, return_sequences=True)
        self.attention = Bahdanau(5)
        self.out = layers.Dense(12)

    def call(self, inputs):
        source, target = inputs
        values, forward, backward = self.encoder(self.source_embedding(source))
        state = self.bridge(ops.concatenate([forward, backward], axis=1))
        embedded = self.target_embedding(target) * 4**0.5
        written = self.decoder(embedded, initial_state=state)
        context = self.attention(written, values)
        return self.out(ops.concatenate([written, context, embedded], axis=2))


def in_torch():
    return InPyTorch()


def in_keras():
    return InKeras()


def gru(state, prefix, end=""):
    def keras_order(array):
        r, z, n = np.split(array, 3, axis=0)
        return np.concatenate([z, r, n], axis=0)

    kernel = keras_order(state[f"{prefix}.weight_ih_l0{end}"]).T
    recurrent = keras_order(state[f"{prefix}.weight_hh_l0{end}"]).T
    bias = np.stack(
        [
            keras_order(state[f"{prefix}.bias_ih_l0{end}"]),
            keras_order(state[f"{prefix}.bias_hh_l0{end}"]),
        ]
    )
    return [kernel, recurrent, bias]


def transfer(torch_model, keras_model):
    state = {name: value.numpy() for name, value in torch_model.state_dict().items()}

    def dense(name, layer):
        weights = [state[f"{name}.weight"].T]
        if f"{name}.bias" in state:
            weights.append(state[f"{name}.bias"])
        layer.set_weights(weights)

    keras_model.source_embedding.set_weights([state["encoder.embedding.weight"]])
    keras_model.target_embedding.set_weights([state["embedding.weight"]])
    keras_model.encoder.set_weights(
        gru(state, "encoder.rnn") + gru(state, "encoder.rnn", "_reverse")
    )
    keras_model.decoder.set_weights(gru(state, "decoder"))
    dense("encoder.fc", keras_model.bridge)
    dense("attention.w1", keras_model.attention.w1)
    dense("attention.w2", keras_model.attention.w2)
    dense("attention.v", keras_model.attention.v)
    dense("out", keras_model.out)


def inputs(rng):
    return [rng.integers(0, 15, (3, 8)), rng.integers(0, 12, (3, 6))]
