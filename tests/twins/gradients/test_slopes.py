"""Gradients are the slopes of a third opinion."""

from functools import cache, partial

import keras
import numpy as np
import pytest
import torch
from gradient_models import (
    FEATURES,
    HIDDEN,
    LAYERS,
    LENGTHS,
    SIDES,
    of_each,
    padded,
)

from compare.judging.arrays import sequences
from compare.judging.result import DIFFERENT, SAME
from compare.kinds import BY_NAME
from compare.matching.rewriting import rewrite
from compare.twins import frameworks
from compare.twins.models import losses
from compare.twins.targets import targets
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

WIDTH = 1e-5  # of half a finite difference


def as_pytorch(twins, by_layer):
    """Keras's gradients by layer, and by name as PyTorch has them."""
    like = frameworks.LAYERS["torch"].layers(twins.model("torch", "float64"))
    return rewrite(by_layer, like, "gradients")[0]


def slope(loss, arrays, key, along):
    """Of a loss of arrays, along a direction in one of them, by central difference."""
    ends = [loss({**arrays, key: arrays[key] + way * along}) for way in (WIDTH, -WIDTH)]
    return (ends[0] - ends[1]) / (2 * WIDTH)


@pytest.mark.parametrize("side", SIDES)
@of_each(LAYERS)
def test_gradients_are_the_slopes_of_a_third_opinion(masked, name, side):
    """NumPy's loss along three random directions in each weight and in x."""
    made, kind = masked(name), name.split()[0]
    twins = made.twins
    layers = frameworks.LAYERS["torch"].layers(twins.model("torch", "float64"))
    arrays = {**layers[kind.lower()].arrays, "x": padded(0.0).astype(np.float64)}
    of_x, by_layer = made.of(side, "float64")
    if side == "keras":
        (found,) = as_pytorch(twins, by_layer).values()
    else:
        found = by_layer[kind.lower()].arrays
    found = {**found, "x": of_x}

    def loss(changed):
        weights = {key: array for key, array in changed.items() if key != "x"}
        results = BY_NAME[kind].compute(weights, changed["x"], {"lengths": LENGTHS})
        both = zip(made.outputs, made.targets, strict=True)
        return sum(np.mean((results[out] - target) ** 2) for out, target in both)

    rng = np.random.default_rng(0)
    assert found.keys() == arrays.keys()
    for key, gradient in found.items():
        for _ in range(3):
            along = rng.normal(size=gradient.shape)
            expected = slope(loss, arrays, key, along)
            assert np.sum(gradient * along) == pytest.approx(expected, abs=1e-8), key


@pytest.fixture(scope="module")
def small():
    """An LSTM and a head; cut, Keras lets no gradient through between them."""

    class InPyTorch(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = torch.nn.LSTM(FEATURES, HIDDEN, batch_first=True)
            self.head = torch.nn.Linear(HIDDEN, 1)

        def forward(self, x):
            return self.head(self.lstm(x)[0][:, -1])

    class InKeras(keras.Model):
        def __init__(self, cut):
            super().__init__()
            self.cut = cut
            self.lstm = keras.layers.LSTM(HIDDEN)
            self.head = keras.layers.Dense(1)

        def call(self, x):
            h = self.lstm(x)
            return self.head(keras.ops.stop_gradient(h) if self.cut else h)

    @cache
    def made(cut):
        make = {"torch": InPyTorch, "keras": partial(InKeras, cut)}
        twins = Twins(make, sequences(None, FEATURES), ["y"])
        twins.load("to_keras", partial(fresh_weights, seed=[1]))
        return twins

    return made


SMALL = padded(0.0), targets("mean_squared_error", [(len(LENGTHS), 1)], seed=0)


each_small = pytest.mark.parametrize(
    ("cut", "verdict"),
    [
        pytest.param(cut, verdict, marks=pytest.mark.xdist_group(f"cut {cut}"))
        for cut, verdict in ((False, SAME), (True, DIFFERENT))
    ],
)


@each_small
def test_a_wrong_gradient_is_caught(small, cut, verdict):
    x, target = SMALL
    found = small(cut).gradients("mean_squared_error", (x,), target)

    assert found.verdict == verdict
    assert {s.stage.split(".")[0] for s in found.stages if s.verdict != SAME} == (
        {"x", "lstm"} if cut else set()
    )


@each_small
def test_a_wrong_gradient_predicts_alike(small, cut, verdict):
    """Why gradients are compared at all."""
    assert small(cut).compare(SMALL[0]).verdict == SAME


@each_small
def test_a_wrong_gradient_is_not_the_slope_of_its_own_loss(small, cut, verdict):
    x, target = SMALL
    twin = small(cut).twin("keras", "float64")
    kept = dict(frameworks.LAYERS["keras"].layers(twin.model)["lstm"].arrays)

    def of(arrays):
        frameworks.LAYERS["keras"].load(twin.model, {"lstm": arrays})
        loss = losses("mean_squared_error")["keras"]
        return twin.gradients(loss, (x,), target, [None])

    along = np.random.default_rng(0).normal(size=kept["kernel"].shape)
    try:
        expected = slope(lambda arrays: float(of(arrays)[0]), kept, "kernel", along)
        found = np.sum(of(kept)[2]["lstm"].arrays["kernel"] * along)
    finally:
        frameworks.LAYERS["keras"].load(twin.model, {"lstm": kept})

    assert abs(expected) > 1e-3
    assert (found == pytest.approx(expected, abs=1e-8)) == (verdict == SAME)
