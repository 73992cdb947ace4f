"""Where a layer is of another kind, the fix is the layer of the right kind."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from torch import nn

import compare

L = keras.layers
IMAGES = np.random.default_rng(0).normal(size=(3, 9, 9, 3)).astype("float32")
ROWS = np.random.default_rng(1).normal(size=(5, 4)).astype("float32")


def fix(torch_model: nn.Module, keras_model: keras.Model, x: np.ndarray) -> str:
    torch.manual_seed(1)
    for parameter in torch_model.parameters():
        nn.init.normal_(parameter)
    evidence = compare.check(torch_model, keras_model, x, transfer="to_keras")
    assert evidence.verdict == "different"
    text = str(evidence.explain())
    return text.split("fix       ")[1].splitlines()[0]


def pooled(pool: nn.Module) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 7, 1), nn.ReLU(), pool, nn.Flatten(), nn.Linear(7, 5)
    )


def pooled_in_keras(pool: keras.Layer) -> keras.Model:
    convolution = L.Conv2D(7, 1, activation="relu")
    return keras.Sequential([keras.Input((9, 9, 3)), convolution, pool, L.Dense(5)])


POOLS = {
    "the largest in Keras": (
        nn.AdaptiveAvgPool2d(1),
        L.GlobalMaxPooling2D,
        "nn.AdaptiveMaxPool2d(output_size=(1, 1))",
        "GlobalAveragePooling2D()",
    ),
    "the mean in Keras": (
        nn.AdaptiveMaxPool2d(1),
        L.GlobalAveragePooling2D,
        "nn.AdaptiveAvgPool2d(output_size=(1, 1))",
        "GlobalMaxPooling2D()",
    ),
}


@pytest.mark.parametrize("case", POOLS.values(), ids=POOLS)
def test_another_global_pooling_is_mended_by_the_other_one(case):
    pool, keras_pool, in_torch, in_keras = case

    text = fix(pooled(pool), pooled_in_keras(keras_pool()), IMAGES)
    assert in_torch in text
    assert text.endswith(f" of Keras: {in_keras}")


def test_the_axes_that_a_pooling_of_keras_keeps_stay_kept():
    torch_model = nn.Sequential(nn.Conv2d(3, 7, 1), nn.AdaptiveAvgPool2d(1))
    keras_model = keras.Sequential(
        [keras.Input((9, 9, 3)), L.Conv2D(7, 1), L.GlobalMaxPooling2D(keepdims=True)]
    )

    text = fix(torch_model, keras_model, IMAGES)
    assert text.endswith(" of Keras: GlobalAveragePooling2D(keepdims=True)")


def test_a_softsign_for_a_softplus_is_mended_by_a_softplus():
    torch_model = nn.Sequential(nn.Linear(4, 5), nn.Softplus(), nn.Linear(5, 2))
    keras_model = keras.Sequential(
        [keras.Input((4,)), L.Dense(5), L.Activation("softsign"), L.Dense(2)]
    )

    text = fix(torch_model, keras_model, ROWS)
    assert "nn.Softsign()" in text
    assert text.endswith(' of Keras: Activation("softplus")')
