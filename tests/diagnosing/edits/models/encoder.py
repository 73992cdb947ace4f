"""A transformer encoder of the frameworks' own layers, over words with places."""

import keras
import torch
from keras import layers
from torch import nn

WORDS, STEPS, SIZE, HEADS, INNER = 20, 7, 8, 2, 12


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(WORDS, SIZE)
        self.places = nn.Embedding(STEPS, SIZE)
        self.layer = nn.TransformerEncoderLayer(
            SIZE, HEADS, INNER, 0.0, activation="gelu", batch_first=True
        )
        self.head = nn.Linear(SIZE, 3)

    def forward(self, x):
        steps = torch.arange(x.shape[1])
        h = self.words(x) + self.places(steps)
        h = self.layer(h)
        return self.head(h.mean(dim=1))


class InKeras(keras.Model):
    def __init__(self):
        super().__init__()
        self.words = layers.Embedding(WORDS, SIZE)
        self.places = layers.Embedding(STEPS, SIZE)
        self.attention = layers.MultiHeadAttention(HEADS, SIZE // HEADS)
        self.norm1 = layers.LayerNormalization(epsilon=1e-5)
        self.norm2 = layers.LayerNormalization(epsilon=1e-5)
        self.inner = layers.Dense(INNER, activation="gelu")
        self.outer = layers.Dense(SIZE)
        self.head = layers.Dense(3)

    def call(self, x):
        steps = keras.ops.arange(x.shape[1])
        h = self.words(x) + self.places(steps)
        a = self.attention(h, h)
        h = self.norm1(h + a)
        f = self.outer(self.inner(h))
        h = self.norm2(h + f)
        return self.head(keras.ops.mean(h, axis=1))


def in_torch():
    return InPyTorch()


def in_keras():
    return InKeras()


def array(tensor):
    return tensor.detach().numpy()


def transfer(torch_model, keras_model):
    keras_model.words.set_weights([array(torch_model.words.weight)])
    keras_model.places.set_weights([array(torch_model.places.weight)])
    layer = torch_model.layer
    weights = []
    kernels = array(layer.self_attn.in_proj_weight)
    biases = array(layer.self_attn.in_proj_bias)
    query, key, value = kernels.reshape(3, SIZE, SIZE)
    of_query, of_key, of_value = biases.reshape(3, SIZE)
    for kernel, bias in [(query, of_query), (key, of_key), (value, of_value)]:
        weights.append(kernel.T.reshape(SIZE, HEADS, SIZE // HEADS))
        weights.append(bias.reshape(HEADS, SIZE // HEADS))
    out = layer.self_attn.out_proj
    weights.append(array(out.weight).T.reshape(HEADS, SIZE // HEADS, SIZE))
    weights.append(array(out.bias))
    keras_model.attention.set_weights(weights)
    for norm, twin in [
        (layer.norm1, keras_model.norm1),
        (layer.norm2, keras_model.norm2),
    ]:
        twin.set_weights([array(norm.weight), array(norm.bias)])
    for dense, twin in [
        (layer.linear1, keras_model.inner),
        (layer.linear2, keras_model.outer),
        (torch_model.head, keras_model.head),
    ]:
        twin.set_weights([array(dense.weight).T, array(dense.bias)])


def inputs(rng):
    return rng.integers(0, WORDS, (4, STEPS))
