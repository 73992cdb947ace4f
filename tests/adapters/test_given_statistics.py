"""Tensors that a Keras layer holds beside its weights."""

import keras
import numpy as np
import torch
from own_models import FEATURES, in_pytorch

import compare

MEAN, VARIANCE = np.random.default_rng(0).uniform(1, 9, (2, FEATURES)).astype("float32")
X = np.random.default_rng(1).normal(5, 3, (3, 6, FEATURES)).astype(np.float32)


def test_normalization_that_was_given_its_statistics_is_the_same():
    """In float64 the root of the variance has all its digits."""

    def forward(model, x):
        x = (x - torch.from_numpy(MEAN)) / torch.from_numpy(VARIANCE).to(x).sqrt()
        return model.head(model.rnn(x)[0][:, -1])

    layers = [
        keras.layers.Normalization(mean=MEAN, variance=VARIANCE),
        keras.layers.LSTM(5),
        keras.layers.Dense(3),
    ]
    model = keras.Sequential(layers)
    model(X)
    kept = layers[0].variance
    evidence = compare.check(in_pytorch(forward)(), model, X, "to_keras")

    assert evidence.verdict == "same", evidence.explain()
    assert layers[0].variance is kept
