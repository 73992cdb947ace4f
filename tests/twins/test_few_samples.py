"""Large models are judged in float64 on two samples, and in float32 on all of them."""

from typing import ClassVar

import keras
import numpy as np
import pytest
import torch
from torch import nn

import compare
from compare.in_pytorch.layers import load
from compare.in_pytorch.twin import Twin
from compare.judging.arrays import Input
from compare.twins import effort

SAMPLES, SIZE = 8, 6
NOTE = "Judged in float64 on 2 of 8 samples and in float32 on all 8"


class InPyTorch(nn.Module):
    def __init__(self, limit=1e9, factor=1.0):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.head = nn.Linear(4, 5)
        self.limit, self.factor = limit, factor

    def forward(self, x):
        is_beyond = x.amax((1, 2, 3)) > self.limit  # (batch,)
        y = self.head(torch.tanh(self.conv(x.permute(0, 3, 1, 2))).mean((2, 3)))
        return torch.where(is_beyond[:, None], y * self.factor, y)


def in_keras():
    layers = keras.layers
    inputs = layers.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(4, 3, padding="same", activation="tanh")(inputs)
    return keras.Model(inputs, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))


def checked(torch_model, samples=SAMPLES, sixth=1.0):
    """Check twins on inputs below 1, of which the sixth sample is `sixth` times so."""
    torch.manual_seed(0)
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (samples, SIZE, SIZE, 3)).astype("f4")
    x[5:6] *= np.float32(sixth)
    return compare.check(torch_model, in_keras(), x, transfer="to_keras")


@pytest.fixture
def _all_are_large(monkeypatch):
    monkeypatch.setattr(effort, "LARGE_RUN", 0)


@pytest.mark.usefixtures("_all_are_large")
def test_a_large_model_is_judged_in_float64_on_two_samples():
    evidence = checked(InPyTorch())

    assert evidence.verdict == "same"
    assert f"{NOTE}, since the model is large." in evidence.explain()
    assert evidence.results[0].in_float64 == 2
    assert evidence.results[0].as_dict()["in_float64"] == 2


@pytest.mark.usefixtures("_all_are_large")
@pytest.mark.parametrize("factor", [1.5, 1 + 1e-5])
def test_what_one_other_sample_shows_is_found(factor):
    """The sixth sample alone passes a limit; 1e-5 is ten times what rounding does."""
    evidence = checked(InPyTorch(limit=3, factor=factor), sixth=5)

    assert evidence.verdict == "different"
    assert NOTE not in evidence.explain()


@pytest.mark.usefixtures("_all_are_large")
def test_two_samples_are_judged_in_float64_as_they_are():
    evidence = checked(InPyTorch(), samples=2)

    assert evidence.verdict == "same"
    assert all(result.in_float64 is None for result in evidence.results)


def test_a_small_model_is_judged_in_float64_on_all_samples():
    evidence = checked(InPyTorch())

    assert NOTE not in evidence.explain()
    assert "in_float64" not in evidence.results[0].as_dict()


@pytest.mark.usefixtures("_all_are_large")
def test_other_weights_are_compared_on_one_sample(monkeypatch):
    monkeypatch.setattr(effort, "MISTAKES", 0)
    monkeypatch.setattr(effort, "MISTAKES_IN_LARGE", 0)
    torch.manual_seed(0)
    keras.utils.set_random_seed(0)
    torch_model, keras_model = InPyTorch(), in_keras()
    compare.transfer(torch_model, keras_model)
    x = np.random.default_rng(0).normal(size=(SAMPLES, SIZE, SIZE, 3)).astype("f4")

    evidence = compare.check(torch_model, keras_model, x)

    assert evidence.verdict == "same"
    assert "Random weights were compared on 1 of 8 samples" in evidence.explain()


class Counting(nn.Module):
    """Notes how many samples it is run on in float32."""

    sizes: ClassVar[list[int]] = []

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.head = nn.Linear(4, 5)

    def forward(self, x):
        if x.dtype == torch.float32:
            self.sizes.append(len(x))
        return self.head(torch.tanh(self.conv(x.permute(0, 3, 1, 2))).mean((2, 3)))


@pytest.mark.usefixtures("_all_are_large")
def test_the_run_that_shows_the_order_of_layers_is_not_made_again():
    Counting.sizes.clear()

    evidence = checked(Counting())

    assert evidence.verdict == "same"
    assert Counting.sizes.count(SAMPLES) == 2  # with its own weights and random ones


def test_the_run_that_shows_the_order_counts_for_its_weights_alone():
    x = np.random.default_rng(0).normal(size=(SAMPLES, SIZE, SIZE, 3)).astype("f4")
    inputs = [Input("x", (None, SIZE, SIZE, 3))]
    twin = Twin(Counting, inputs, "float32", None)
    twin.is_large = True
    twin.layers((x,))
    load(twin.model, {"head": {"bias": np.arange(5.0), "weight": np.ones((5, 4))}})

    found, expected = twin(x), twin(x)

    np.testing.assert_array_equal(found["output"], expected["output"])
