"""Settings that are not alike are named, with both values and the fix on either side.

Of layers without arrays, of recurrent ones and of norms; those of convolutions are in
test_options.py.
"""

from functools import partial

import keras
import numpy as np
import pytest
import torch
from own_models import in_keras, in_pytorch, last, plain
from own_models import twins as recurrent_twins

from compare.diagnosing.diagnosis import diagnose
from compare.judging.arrays import sequences
from compare.judging.result import SAME
from compare.kinds.functions import BY_NAME
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

X = np.random.default_rng(8).normal(0, 1, (3, 11, 4)).astype(np.float32)


def twins(of_torch, of_keras, names=("between", "between"), last_too=True):
    """A dense layer, then layers without arrays, and where it is so a head.

    Args:
        of_torch: makes PyTorch's layers without arrays.
        of_keras: the same of Keras.
        names: of these layers, with a number after it.
        last_too: whether there is a head after them.
    """

    class InPyTorch(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = torch.nn.Linear(4, 6)
            self.places = []
            for number, layer in enumerate(of_torch()):
                setattr(self, f"{names[0]}{number}", layer)
                self.places.append(f"{names[0]}{number}")
            if last_too:
                self.head = torch.nn.Linear(6, 3)

        def forward(self, x):
            x = self.first(x).transpose(1, 2)
            for place in self.places:
                x = getattr(self, place)(x)
            x = x.transpose(1, 2)
            return self.head(x) if last_too else x

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            self.first = keras.layers.Dense(6)
            self.places = []
            for number, layer in enumerate(of_keras()):
                setattr(self, f"{names[1]}{number}", layer)
                self.places.append(f"{names[1]}{number}")
            if last_too:
                self.head = keras.layers.Dense(3)

        def call(self, x):
            x = self.first(x)
            for place in self.places:
                x = getattr(self, place)(x)
            return self.head(x) if last_too else x

    built = Twins(dict(torch=InPyTorch, keras=InKeras), sequences(None, 4), ["y"])
    built.load("to_keras", partial(fresh_weights, seed=[2]))
    return built


nn, layers = torch.nn, keras.layers
CASES = {
    "a pool's size": (
        lambda: [nn.MaxPool1d(2, 2)],
        lambda: [layers.MaxPooling1D(3, 2)],
        "in between0, size is 2 in PyTorch, 3 in Keras",
        "either between0 of PyTorch: kernel_size=3 or {}0 of Keras: pool_size=2",
    ),
    "a pool's stride, after a relu": (
        lambda: [nn.ReLU(), nn.MaxPool1d(3, 2)],
        lambda: [layers.ReLU(), layers.MaxPooling1D(3, 1)],
        "in between1, stride is 2 in PyTorch, 1 in Keras",
        "either between1 of PyTorch: stride=1 or {}1 of Keras: strides=2",
    ),
    "a pool's padding": (
        lambda: [nn.AvgPool1d(3, 2, padding=1)],
        lambda: [layers.AveragePooling1D(3, 2, padding="same")],
        "in between0, padding counted is True in PyTorch, False in Keras",
        "",
    ),
    "a slope": (
        lambda: [nn.LeakyReLU()],
        lambda: [layers.LeakyReLU()],
        "in between0, slope is 0.01 in PyTorch, 0.3 in Keras",
        "either between0 of PyTorch: negative_slope=0.3 or {}0 of Keras: "
        "negative_slope=0.01",
    ),
    "an alpha": (
        lambda: [nn.ELU(0.5)],
        lambda: [layers.ELU()],
        "in between0, alpha is 0.5 in PyTorch, 1.0 in Keras",
        "either between0 of PyTorch: alpha=1.0 or {}0 of Keras: alpha=0.5",
    ),
    "a slope and a pool's size": (
        lambda: [nn.LeakyReLU(), nn.MaxPool1d(2, 2)],
        lambda: [layers.LeakyReLU(), layers.MaxPooling1D(3, 2)],
        "in between0, slope is 0.01 in PyTorch, 0.3 in Keras; and in between1, size is "
        "2 in PyTorch, 3 in Keras",
        "",
    ),
}


@pytest.mark.parametrize("name", ["between", "elsewhere"])
@pytest.mark.parametrize("case", CASES)
def test_a_setting_of_a_layer_without_arrays_is_named(case, name):
    """By the layer's name, or by its place."""
    of_torch, of_keras, sentence, fix = CASES[case]
    found = diagnose(twins(of_torch, of_keras, ("between", name)), (X,))

    assert found.explained, found
    assert found.sentence == sentence
    if fix:
        assert found.fix == fix.format(name)


def test_a_setting_of_the_last_layer_is_named():
    built = twins(
        lambda: [nn.LeakyReLU()], lambda: [layers.LeakyReLU()], last_too=False
    )
    found = diagnose(built, (X,))

    assert found.explained, found
    assert found.sentence == "in between0, slope is 0.01 in PyTorch, 0.3 in Keras"


def test_unlike_settings_that_make_no_difference_are_not_named():
    """Dropout that never acts as the model predicts; only the slope is wrong."""
    built = twins(
        lambda: [nn.Dropout(0.5), nn.LeakyReLU()],
        lambda: [layers.Dropout(0.1), layers.LeakyReLU()],
    )
    found = diagnose(built, (X,))

    assert found.explained, found
    assert found.sentence == "in between1, slope is 0.01 in PyTorch, 0.3 in Keras"


def test_right_twins_of_pools_are_the_same():
    built = twins(lambda: [nn.MaxPool1d(2)], lambda: [layers.MaxPooling1D(2)])
    stages, _ = built.run(X)

    assert built.judge(stages, (X,)).verdict == SAME


IN_STEPS = {
    "LSTM": {"activation": "elu"},
    "GRU": {"recurrent_activation": "softsign"},
    "SimpleRNN": {"activation": "softplus"},
}


@pytest.mark.parametrize("kind", IN_STEPS)
def test_an_activation_of_a_recurrent_layer_is_named(kind):
    settings = IN_STEPS[kind]
    in_torch = "RNN" if kind == "SimpleRNN" else kind
    built = recurrent_twins(
        in_pytorch(last, kind=in_torch), in_keras(plain, kind=kind, **settings)
    )
    found = diagnose(built, (X,))
    (name,) = settings
    usual = "sigmoid" if name == "recurrent_activation" else "tanh"

    assert found.explained, found
    assert found.sentence == (
        f'in rnn, {name} is "{usual}" in PyTorch, "{settings[name]}" in Keras'
    )
    assert f'rnn of Keras: {name}="{usual}"' in found.fix


def test_two_settings_of_a_recurrent_layer_are_named_together():
    settings = {"activation": "softsign", "recurrent_activation": "relu6"}
    built = recurrent_twins(in_pytorch(last), in_keras(plain, **settings))
    found = diagnose(built, (X,))

    assert found.explained, found
    assert 'activation is "tanh" in PyTorch, "softsign" in Keras' in found.sentence
    assert 'recurrent_activation is "sigmoid" in PyTorch, "relu6"' in found.sentence


@pytest.mark.parametrize("name", BY_NAME)
def test_each_activation_of_a_recurrent_layer_is_keras_s(name):
    x = np.random.default_rng(0).normal(0, 3, 50)
    function = keras.activations.get(name)
    in_keras = function(keras.ops.convert_to_tensor(x, dtype="float64"))

    assert np.allclose(BY_NAME[name](x), in_keras, rtol=1e-9, atol=1e-12)
