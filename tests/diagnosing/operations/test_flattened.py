"""What a pool makes, flattened with the channels first, or with the channels last."""

import keras
import numpy as np
import pytest
import torch

import compare

X = np.random.default_rng(2).normal(size=(2, 3, 8, 8)).astype("float32")


def in_torch(first=None):
    nn = torch.nn
    layers = [nn.Conv2d(3, 5, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, *(first or [nn.Flatten()]), nn.Linear(80, 4)).eval()


class Turned(torch.nn.Module):
    """The cure that is told of PyTorch."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


def in_keras(torch_model, *before):
    layers = keras.layers
    conv = layers.Conv2D(5, 3, padding="same", activation="relu")
    head = layers.Dense(4)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            conv,
            layers.MaxPooling2D(),
            *before,
            layers.Flatten(),
            head,
        ]
    )
    arrays = [p.detach().numpy() for p in torch_model.parameters()]
    conv.set_weights([arrays[0].transpose(2, 3, 1, 0), arrays[1]])
    head.set_weights([arrays[2].T, arrays[3]])
    return model


def test_the_order_is_told_where_a_pool_is_between():
    model = in_torch()
    evidence = compare.check(model, in_keras(model), X)

    assert evidence.verdict == "different"
    explanation = next(r.explanation for r in evidence.results if r.explanation)
    assert explanation.explained
    assert "takes all positions, channel by channel" in explanation.sentence
    assert "takes all positions, one after another" in explanation.sentence
    assert "x.permute(0, 2, 3, 1).flatten(1)" in evidence.explain()
    assert "Permute((3, 1, 2)) before Flatten" in evidence.explain()


@pytest.mark.parametrize("side", ["torch", "keras"])
def test_either_fix_makes_the_models_the_same(side):
    model = in_torch([Turned()] if side == "torch" else None)
    before = [] if side == "torch" else [keras.layers.Permute((3, 1, 2))]

    assert compare.check(model, in_keras(model, *before), X).verdict == "same"


class Wide(torch.nn.Module):
    """Flattens with the channels last, the height before the width."""

    def __init__(self):
        super().__init__()
        self.conv, self.head = torch.nn.Conv2d(3, 5, 3), torch.nn.Linear(180, 4)

    def forward(self, x):
        return self.head(self.conv(x).permute(0, 2, 3, 1).flatten(1))


def test_no_transpose_is_missed_where_there_is_one():
    """Keras exchanges height and width, and PyTorch has the axes as they are to be."""
    layers = keras.layers
    twin = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(5, 3),
            layers.Permute((2, 1, 3)),
            layers.Flatten(),
            layers.Dense(4),
        ]
    )
    evidence = compare.check(Wide().eval(), twin, X, "to_keras")

    assert "with the axes in the order (0, 2, 1, 3)" in evidence.explain()
    assert "without a transpose" not in evidence.explain()
