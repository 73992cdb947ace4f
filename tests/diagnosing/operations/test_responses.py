"""Norms of local responses are told by the setting in which they differ."""

import keras
import numpy as np
import pytest
import tensorflow
import torch
from keras import layers
from torch import nn
from written_out import explained

import compare

IMAGES = np.random.default_rng(0).normal(0, 1, (2, 5, 6, 7)).astype("float32")
UNLIKE = {
    "alpha": (dict(alpha=0.3), "alpha=0.3", "alpha=1.5", "alpha=0.06"),
    "beta": (dict(beta=0.6), "beta=0.6", "beta=0.75", "beta=0.6"),
    "size": (dict(size=3, alpha=0.9), "size=3", "size=5", "depth_radius=1"),
    "k": (dict(k=2.0), "k=2", "k=1.5", "bias=2"),
}


class InPyTorch(nn.Module):
    def __init__(self, **unlike):
        super().__init__()
        settings = dict(size=5, alpha=1.5, beta=0.75, k=1.5) | unlike
        self.norm = nn.LocalResponseNorm(**settings)

    def forward(self, x):
        return torch.relu(self.norm(x.permute(0, 3, 1, 2))).permute(0, 2, 3, 1)


def in_keras():
    def norm(x):
        return tensorflow.nn.lrn(x, 2, bias=1.5, alpha=0.3, beta=0.75)

    x = keras.Input((5, 6, 7))
    return keras.Model(x, keras.ops.relu(layers.Lambda(norm)(x)))


@pytest.mark.parametrize("name", UNLIKE)
def test_a_local_response_norm_is_told_by_the_setting_that_differs(name):
    unlike, has, torch_fix, keras_fix = UNLIKE[name]
    found = explained(compare.check(InPyTorch(**unlike), in_keras(), IMAGES))

    assert found.sentence.startswith("the local response norm of PyTorch")
    assert f" has {has}" in found.sentence
    assert torch_fix in found.fix
    assert keras_fix in found.alternatives[0].fix


def test_alpha_by_the_size_is_the_same_norm():
    assert compare.check(InPyTorch(), in_keras(), IMAGES).verdict == "same"
