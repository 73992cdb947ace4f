"""Numbers that a model holds and nobody learns: they need no twin, and count."""

import keras
import numpy as np
import pytest
import torch

import compare

FEATURES = 5
X = np.random.default_rng(0).normal(3, 2, size=(4, 6, FEATURES)).astype(np.float32)
MEAN = np.arange(FEATURES, dtype=np.float32)
SPREAD = np.array([0.5, 1, 1.5, 2, 3], np.float32)  # float32 has their squares as well


@pytest.fixture
def standardised():
    """An LSTM of PyTorch's on standardised inputs: both figures are buffers."""

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = torch.nn.LSTM(FEATURES, 8, batch_first=True)
            self.head = torch.nn.Linear(8, 3)
            self.register_buffer("mean", torch.tensor(MEAN))
            self.register_buffer("spread", torch.tensor(SPREAD))

        def forward(self, x):
            made, _ = self.lstm((x - self.mean) / self.spread)
            return self.head(made[:, -1])

    return Model()


def in_code(mean=MEAN):
    return lambda x: (x - mean) / SPREAD


def adapted():
    layer = keras.layers.Normalization()
    layer.adapt(np.stack([MEAN - SPREAD, MEAN + SPREAD]))
    return layer


def own():
    class Standardise(keras.Layer):
        def build(self, shape):
            self.mean, self.spread = (
                self.add_weight(shape=(FEATURES,), trainable=False, name=name)
                for name in ("mean", "spread")
            )

        def call(self, x):
            return (x - self.mean) / self.spread

    layer = Standardise(name="standardise")
    layer.build(X.shape)
    layer.set_weights([MEAN, SPREAD])
    return layer


def behind(front):
    x = keras.Input((None, FEATURES))
    made = keras.layers.LSTM(8)(front(x))
    return keras.Model(x, keras.layers.Dense(3)(made))


@pytest.mark.parametrize("front", [in_code, adapted, own])
def test_constants_need_no_twin(standardised, front):
    evidence = compare.check(standardised, behind(front()), X, "to_keras")

    assert evidence.verdict == "same"
    assert "mean, spread of PyTorch: constants of the model" in evidence.explain()


def scaled(scale):
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.head = torch.nn.Linear(FEATURES, 3)
            scale(self)

        def forward(self, x):
            return self.head(x) * self.scale

    return Model()


@pytest.mark.parametrize(
    "hold",
    [lambda m, a: m.register_buffer("scale", a), lambda m, a: vars(m).update(scale=a)],
)
@pytest.mark.parametrize(("number", "verdict"), [(0.1, "same"), (0.10001, "different")])
def test_float32_may_round_a_number_that_keras_has_in_its_code(hold, number, verdict):
    first = scaled(lambda model: hold(model, torch.tensor(number)))
    x = keras.Input((None, FEATURES))
    second = keras.Model(x, keras.layers.Dense(3)(x) * 0.1)
    evidence = compare.check(first, second, X, "to_keras")

    assert evidence.verdict == verdict
    said = "scale of PyTorch: judged as they were written" in evidence.explain()
    assert said == (verdict == "same")


def test_pytorch_may_have_a_number_in_its_code_that_float32_rounds():
    class Scale(keras.Layer):
        def build(self, _):
            self.by = self.add_weight(
                shape=(), trainable=False, initializer=keras.initializers.Constant(0.1)
            )

        def call(self, x):
            return x * self.by

    first = scaled(lambda model: vars(model).update(scale=0.1))
    x = keras.Input((None, FEATURES))
    second = keras.Model(x, Scale(name="scale")(keras.layers.Dense(3)(x)))
    evidence = compare.check(first, second, X, "to_keras")

    assert evidence.verdict == "same"
    assert "scale.by of Keras: judged as they were written" in evidence.explain()


def test_constants_that_differ_are_noticed(standardised):
    wrong = behind(in_code(MEAN + 1))

    assert compare.check(standardised, wrong, X, "to_keras").verdict == "different"


def test_a_transfer_leaves_constants_as_they_are_and_says_so(standardised):
    model = behind(own())
    with pytest.warns(UserWarning, match="constants") as said:
        compare.transfer(standardised, model)

    assert [str(each.message).partition(":")[2] for each in said] == [
        " mean, spread of PyTorch: constants of the model, not weights; they stay "
        "as they are",
        " standardise of Keras: constants of the model, not weights; they stay as "
        "they are",
    ]
    assert np.array_equal(model.get_layer("standardise").mean.numpy(), MEAN)


def test_a_frozen_layer_of_the_users_own_still_needs_a_twin(standardised):
    layer = own()
    layer.trainable = False

    with pytest.raises(compare.BadInput, match="Standardise"):
        compare.check(standardised, behind(layer), X, "to_keras")


def test_running_statistics_are_no_constants():
    first = torch.nn.BatchNorm1d(FEATURES, affine=False)
    x = keras.Input((FEATURES,))
    layer = keras.layers.BatchNormalization(center=False, scale=False)
    second = keras.Model(x, layer(x))
    first.running_mean += 1
    compare.transfer(first, second)

    assert np.array_equal(layer.moving_mean.numpy(), np.ones(FEATURES))


@pytest.mark.parametrize(
    ("is_given", "is_buffer"),
    [(True, True), (True, False), (False, True)],
    ids=["given, a buffer", "given, in forward", "adapted, a buffer"],
)
def test_a_variance_that_float32_rounds_is_the_square_of_a_deviation(
    is_given, is_buffer
):
    """Whoever has the roots in PyTorch and the squares in Keras has a right port."""
    mean, spread = [0.485, 0.456, 0.406], [0.2023, 0.1994, 0.2010]
    x = np.random.default_rng(1).uniform(size=(4, 3)).astype("float32")
    layer = keras.layers.Normalization(mean=mean, variance=[s**2 for s in spread])
    if not is_given:
        layer = keras.layers.Normalization()
        layer.adapt(x)
        mean, spread = (np.asarray(layer.mean)[0], np.sqrt(layer.variance)[0])

    class Standardised(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.head = torch.nn.Linear(3, 2)
            if is_buffer:
                self.register_buffer("mean", torch.tensor(mean))
                self.register_buffer("spread", torch.tensor(spread))

        def forward(self, x):
            if is_buffer:
                return self.head((x - self.mean) / self.spread)
            return self.head((x - torch.tensor(mean)) / torch.tensor(spread))

    second = keras.Sequential([keras.Input((3,)), layer, keras.layers.Dense(2)])
    first = Standardised()
    compare.transfer(first, second)

    assert compare.check(first, second, x).verdict == "same"
