"""Layers that lose their digits along the sequence are not accused of it."""

import keras
import numpy as np
import torch
from own_models import FEATURES, twins

from compare.diagnosing.diagnosis import diagnose
from compare.judging.words import PRECISIONS
from compare.twins.frameworks import FRAMEWORKS, LAYERS
from compare.twins.weights import fresh_weights

STEPS, SIZE = 200, 16
X = np.random.default_rng(0).normal(0, 1, (3, STEPS, FEATURES)).astype(np.float32)


def pair(forward):
    """Twins with weights with which float32 keeps no digit for so many steps."""

    class InPyTorch(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.RNN(FEATURES, SIZE, batch_first=True)
            self.head = torch.nn.Linear(SIZE, 3)

        def forward(self, x):
            return forward(self, x)

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            self.rnn = keras.layers.SimpleRNN(SIZE, return_sequences=True)
            self.head = keras.layers.Dense(3)

        def call(self, x):
            return self.head(self.rnn(x))

    def weights(layers):
        drawn = fresh_weights(layers, [2])
        return {n: {k: 6 * a for k, a in each.items()} for n, each in drawn.items()}

    made = twins(InPyTorch, InKeras, load=False)
    made.load("to_keras", weights)
    return made


def test_this_is_a_layer_that_loses_its_digits():
    """Without it the tests below would show nothing."""
    made = pair(lambda m, x: m.head(m.rnn(x)[0]))
    found = made.compare(X)

    assert found.verdict == "ill-conditioned"


def test_a_right_layer_is_not_accused_beside_a_wrong_order_of_steps():
    made = pair(lambda m, x: m.head(m.rnn(x)[0].flip(1)))
    found = diagnose(made, (X,))

    assert found.explained, found
    assert found.faults == ("every step, last first for every step",)


def test_a_wrong_bias_is_the_only_thing_told():
    made = pair(lambda m, x: m.head(m.rnn(x)[0]))
    for dtype in PRECISIONS:
        sides = {s: made.model(s, dtype) for s in FRAMEWORKS}
        ours = LAYERS["torch"].layers(sides["torch"])["rnn"].arrays
        held = dict(LAYERS["keras"].layers(sides["keras"])["rnn"].arrays)
        held["bias"] = ours["bias_ih_l0"]
        LAYERS["keras"].load(sides["keras"], {"rnn": held})
    found = diagnose(made, (X,))

    assert found.explained, found
    assert found.faults == ("only bias_ih",)
    assert "unknown" not in found.sentence


def test_a_right_pair_is_not_explained():
    made = pair(lambda m, x: m.head(m.rnn(x)[0]))
    found = diagnose(made, (X,))

    assert not found.explained
    assert found.faults == ()
    assert "differ" not in found.sentence


def test_noise_in_the_weights_stays_unknown():
    made = pair(lambda m, x: m.head(m.rnn(x)[0]))
    noise = np.random.default_rng(1).normal(0, 1e-2, (SIZE, SIZE))
    for dtype in PRECISIONS:
        model = made.model("keras", dtype)
        held = dict(LAYERS["keras"].layers(model)["rnn"].arrays)
        held["recurrent_kernel"] = held["recurrent_kernel"] + noise
        LAYERS["keras"].load(model, {"rnn": held})
    found = diagnose(made, (X,))

    assert not found.explained
    assert "in rnn, the weights differ in no known way" in found.sentence
