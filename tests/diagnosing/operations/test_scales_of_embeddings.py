"""The scale of an embedding is exact in float64, however a Keras user computes it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from keras import layers, ops
from torch import nn

import compare

WORDS = np.random.default_rng(4).integers(0, 9, (3, 5)).astype("int32")
SIZE = 8
SCALES = {
    "cast to float32": lambda x: x * tf.math.sqrt(tf.cast(SIZE, tf.float32)),
    "a number of Keras": lambda x: x * ops.sqrt(8.0),
    "a number of TensorFlow": lambda x: x * tf.cast(tf.sqrt(8.0), x.dtype),
    "a constant": lambda x: x * tf.sqrt(tf.constant(8.0)),
}


class Scaled(nn.Module):
    """Words, scaled or not, with positions."""

    def __init__(self, scale):
        super().__init__()
        self.words, self.positions = nn.Embedding(9, SIZE), nn.Embedding(5, SIZE)
        self.head, self.scale = nn.Linear(SIZE, 2), scale

    def forward(self, words):
        x = self.words(words) * self.scale + self.positions.weight
        return self.head(torch.relu(x))


class Positions(layers.Layer):
    """Adds an embedding of each step."""

    def __init__(self, embedding):
        super().__init__()
        self.embedding = embedding

    def build(self, shape):
        self.embedding.build(shape)

    def call(self, x):
        return x + self.embedding(ops.arange(ops.shape(x)[1]))


def evidence_of(scale, keras_scale):
    torch.manual_seed(2)
    model = Scaled(scale).eval()
    x = keras.Input((5,), dtype="int32")
    words, positions = layers.Embedding(9, SIZE), layers.Embedding(5, SIZE)
    head = layers.Dense(2)
    y = layers.Lambda(SCALES[keras_scale])(words(x))
    y = Positions(positions)(y)
    twin = keras.Model(x, head(layers.ReLU()(y)))
    words.set_weights([model.words.weight.detach().numpy()])
    positions.set_weights([model.positions.weight.detach().numpy()])
    head.set_weights([p.detach().numpy().T for p in model.head.parameters()])
    return compare.check(model, twin, WORDS)


@pytest.mark.parametrize("scale", SCALES)
def test_a_scale_that_is_right_is_the_same(scale):
    assert evidence_of(SIZE**0.5, scale).verdict == "same"


@pytest.mark.parametrize("scale", ["cast to float32", "a number of Keras"])
def test_a_scale_that_is_lacking_is_told(scale):
    evidence = evidence_of(1.0, scale)
    assert evidence.verdict == "different"
    found = [result.explanation for result in evidence.results if result.explanation]
    assert found[-1].explained
    assert "sqrt(8)" in found[-1].sentence
