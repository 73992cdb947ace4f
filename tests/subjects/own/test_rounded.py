"""Constants and weights that one model has rounded to float32: no mistake."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from keras import ops
from torch import nn

import compare

KL = keras.layers
SIZE, STEPS, WORDS = 16, 9, 20
RNG = np.random.default_rng(0)
TOKENS = RNG.integers(0, WORDS, (4, STEPS))
IMAGES = RNG.integers(0, 256, (3, 8, 8, 3)).astype(np.float32)
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
SPREAD = np.array([0.229, 0.224, 0.225], np.float32)


def positions(base: float = 10000.0, first: int = 0) -> np.ndarray:
    """A table of positions, computed in float64 and rounded."""
    steps = np.arange(first, first + STEPS)[:, None]
    angles = steps * np.exp(np.arange(0, SIZE, 2) * (-np.log(base) / SIZE))
    return np.stack([np.sin(angles), np.cos(angles)], -1).reshape(STEPS, SIZE)


class Placed(nn.Module):
    """Words with positions, whose table is computed in float32."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(WORDS, SIZE)
        self.head = nn.Linear(SIZE, 3)
        powers = torch.arange(0, SIZE, 2).float() * (-np.log(10000.0) / SIZE)
        angles = torch.arange(STEPS).float()[:, None] * torch.exp(powers)
        table = torch.stack([torch.sin(angles), torch.cos(angles)], -1)
        self.register_buffer("table", table.reshape(STEPS, SIZE))

    def forward(self, x):
        return self.head(torch.tanh(self.words(x) + self.table))


class PlacedInKeras(keras.Model):
    def __init__(self, table):
        super().__init__()
        self.words, self.head = KL.Embedding(WORDS, SIZE), KL.Dense(3)
        self.table = table.astype("float32")

    def call(self, x):
        return self.head(ops.tanh(self.words(x) + self.table))


@pytest.mark.parametrize(
    ("table", "verdict"),
    [
        (positions(), "same in float32"),
        (positions(first=1), "different"),
        (positions(base=9990.0), "different"),
    ],
    ids=["right", "a step too far", "another base"],
)
def test_a_table_that_is_computed_in_float32(table, verdict):
    twin = PlacedInKeras(table)
    twin(TOKENS)
    evidence = compare.check(Placed().eval(), twin, TOKENS, "to_keras")

    assert evidence.verdict == verdict, evidence.explain()
    assert evidence.as_expected == (verdict != "different")
    said = "alike but for what float32 makes of them" in evidence.explain()
    assert said == (verdict != "different")


class Sines(KL.Layer):
    """Adds positions that it computes anew in its own precision, or in float32."""

    def __init__(self, precision=None):
        super().__init__()
        self.precision = precision

    def call(self, x):
        dtype = self.precision or self.compute_dtype
        steps = ops.cast(ops.arange(ops.shape(x)[1]), dtype)[:, None]
        powers = 2 * ops.cast(ops.arange(SIZE // 2), dtype) / SIZE
        angles = steps / ops.power(ops.cast(10000.0, dtype), powers)
        table = ops.stack([ops.sin(angles), ops.cos(angles)], -1)
        return x + ops.cast(ops.reshape(table, (-1, SIZE)), x.dtype)


@pytest.mark.parametrize("precision", [None, "float32"], ids=["its own", "float32"])
@pytest.mark.parametrize("steps", [STEPS, None], ids=["for its steps", "for any"])
def test_a_table_that_a_layer_computes_anew(steps, precision):
    """PyTorch has it rounded to float32: each number is then near Keras's own."""
    x = keras.Input((steps,), dtype="int64")
    h = KL.Activation("tanh")(Sines(precision)(KL.Embedding(WORDS, SIZE)(x)))
    twin = keras.Model(x, KL.Dense(3)(h))
    evidence = compare.check(Placed().eval(), twin, TOKENS, "to_keras")

    assert evidence.verdict == "same in float32", evidence.explain()


def test_a_table_beside_a_layer_that_keras_traces_otherwise():
    """`TimeDistributed` takes the batch for the steps where any number will do."""
    x = keras.Input((None,), dtype="int64")
    h = KL.Activation("tanh")(Sines()(KL.Embedding(WORDS, SIZE)(x)))
    twin = keras.Model(x, KL.TimeDistributed(KL.Dense(3))(h))
    evidence = compare.check(Placed().eval(), twin, TOKENS, "to_keras")

    assert evidence.verdict == "same in float32", evidence.explain()
    assert f"Judged for exactly {STEPS} steps" in evidence.explain()


class Folded(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3, bias=False)
        self.norm = nn.BatchNorm2d(5, eps=1e-3)
        self.norm.running_mean.uniform_(-1, 1)
        self.norm.running_var.uniform_(0.5, 2)
        self.norm.bias.data.uniform_(-1, 1)

    def forward(self, x):
        return self.norm(self.conv(x)).relu()


@pytest.mark.parametrize(
    ("epsilon", "verdict"), [(1e-3, "same in float32"), (1e-5, "different")]
)
def test_a_norm_that_is_folded_into_float32_weights(epsilon, verdict):
    torch.manual_seed(0)
    model = Folded().eval()
    arrays = {name: value.numpy() for name, value in model.state_dict().items()}
    factor = arrays["norm.weight"] / np.sqrt(arrays["norm.running_var"] + epsilon)
    kernel = arrays["conv.weight"].transpose(2, 3, 1, 0) * factor
    bias = arrays["norm.bias"] - arrays["norm.running_mean"] * factor
    x = keras.Input((8, 8, 3))
    twin = keras.Model(x, KL.Conv2D(5, 3, activation="relu")(x))
    twin.layers[1].set_weights([kernel, bias])
    evidence = compare.check(model, twin, IMAGES / 255)

    assert evidence.verdict == verdict, evidence.explain()


class Standardised(nn.Module):
    """Images by their usual mean and deviation, of numbers from 0 to 1."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None])
        self.register_buffer("spread", torch.tensor(SPREAD)[:, None, None])
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return self.conv((x / 255 - self.mean) / self.spread).mean((2, 3))


@pytest.mark.parametrize(
    ("standardise", "verdict"),
    [
        (lambda x: (x - MEAN * 255) / (SPREAD * 255), "same in float32"),
        (lambda x: x * (1 / (255 * SPREAD)) - MEAN / SPREAD, "same in float32"),
        (lambda x: (x - MEAN * 255) / (SPREAD * 255.01), "different"),
    ],
    ids=["of bytes", "a factor", "wrong"],
)
def test_images_that_are_standardised_by_other_constants(standardise, verdict):
    x = keras.Input((8, 8, 3))
    made = KL.GlobalAveragePooling2D()(KL.Conv2D(4, 3)(standardise(x)))
    evidence = compare.check(
        Standardised(), keras.Model(x, made), IMAGES, transfer="to_keras"
    )

    assert evidence.verdict == verdict, evidence.explain()


def test_an_epsilon_by_hand_is_no_rounding_however_large_the_variance():
    """The gap is below a rounding of the input as it is, and not on another scale."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(12, 3)

        def forward(self, x):
            x = x * 30
            off = x - x.mean(-1, keepdim=True)
            spread = torch.sqrt(x.var(-1, keepdim=True, unbiased=False) + 1e-5)
            return self.head(off / spread)

    first = keras.Input((12,))
    x = first * 30
    off = x - ops.mean(x, -1, keepdims=True)
    made = KL.Dense(3)(off / ops.sqrt(ops.var(x, -1, keepdims=True) + 1e-6))
    x = RNG.normal(size=(5, 12)).astype(np.float32)
    evidence = compare.check(Model(), keras.Model(first, made), x, "to_keras")

    assert evidence.verdict == "different"
