"""Models of a user's that do something to some inputs and not to others."""

import keras
import numpy as np
import torch
from own_cases import check, in_pytorch

UNITS, SYMBOLS = 5, 11
X = np.random.default_rng(3).normal(size=(5, 8, 4)).astype(np.float32)  # no zeros
ROWS = 0.2 * X[:, 0]  # (batch, features)
TOKENS = np.random.default_rng(3).integers(1, SYMBOLS, (5, 8))


def dense_torch(between):
    """Two linear layers, with a function between them, of (batch, features)."""
    return in_pytorch(
        lambda m, x: m.second(between(m.first(x))),
        first=torch.nn.Linear(4, 6),
        second=torch.nn.Linear(6, 2),
    )


def dense_keras(between=None):
    """Two dense layers, with a layer or function between them, of (features,)."""
    x = keras.Input((4,))
    h = keras.layers.Dense(6)(x)
    if between is not None:
        h = between(h)
    return keras.Model(x, keras.layers.Dense(2)(h))


def last_torch(before=None, kind="LSTM"):
    """A recurrent layer, of what a function makes of the input, and its last step."""

    def forward(m, x):
        x = x if before is None else before(x)
        return m.head(m.rnn(x)[0][:, -1])

    rnn = getattr(torch.nn, kind)(4, UNITS, batch_first=True)
    return in_pytorch(forward, rnn=rnn, head=torch.nn.Linear(UNITS, 2))


def last_keras(before=None, steps=None, **options):
    """The same in Keras, of a number of steps or any."""
    x = keras.Input((steps, 4))
    h = x if before is None else before(x)
    h = keras.layers.LSTM(UNITS, **options)(h)
    return keras.Model(x, keras.layers.Dense(2)(h))


def packed_torch():
    """An LSTM of a packed batch, whose lengths are those of steps that are not zero."""
    rnn = torch.nn.utils.rnn

    def forward(m, x):
        lengths = (x != 0).any(-1).sum(1)
        batch = rnn.pack_padded_sequence(x, lengths, True, enforce_sorted=False)
        return m.head(m.rnn(batch)[1][0][-1])

    return in_pytorch(
        forward,
        rnn=torch.nn.LSTM(4, UNITS, batch_first=True),
        head=torch.nn.Linear(UNITS, 2),
    )


def own_inputs(evidence):
    """What the suite ran beside the input that was given, with the verdict on it."""
    return {r.drawn: r.verdict for r in evidence.results if r.drawn}


def unexercised(evidence):
    """What is said of the pair that no input made the models do, as one text."""
    return " | ".join(s for said in evidence.unexercised.values() for s in said)


def judged(torch_model, keras_model, x):
    """The evidence on two models with PyTorch's weights, and the suite's inputs."""
    evidence = check(torch_model, keras_model, x)
    return evidence, own_inputs(evidence)
