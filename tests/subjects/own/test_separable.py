"""Separable convolutions of Keras are two layers in PyTorch."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from torch import nn

import compare
from compare.in_keras.leaves import leaves
from compare.in_keras.separable import parts, whole
from compare.twins.files.transfer import transfer_files

CHANNELS, OUTPUTS = 4, 6


def convolutions(axes: int, multiplier: int, bias: bool = True, **options) -> list:
    """The two layers in PyTorch."""
    conv = {1: nn.Conv1d, 2: nn.Conv2d}[axes]
    inner = CHANNELS * multiplier
    return [
        conv(CHANNELS, inner, 3, groups=CHANNELS, bias=False, **options),
        conv(inner, OUTPUTS, 1, bias=bias),
    ]


class InPyTorch(nn.Module):
    """Two layers one after the other, in a part of the model, and a head."""

    def __init__(self, axes=2, multiplier=2, bias=True, **options):
        super().__init__()
        self.stem = nn.Sequential(*convolutions(axes, multiplier, bias, **options))
        self.head = nn.Linear(OUTPUTS, 2)

    def forward(self, x):
        y = self.stem(x.movedim(-1, 1)).relu()
        return self.head(y.flatten(2).mean(2))


def in_keras(axes=2, multiplier=2, bias=True, **options):
    layers = keras.layers
    separable = getattr(layers, f"SeparableConv{axes}D")
    pooling = getattr(layers, f"GlobalAveragePooling{axes}D")
    return keras.Sequential(
        [
            keras.Input((9, 8, CHANNELS)[-1 - axes :]),
            separable(
                OUTPUTS,
                3,
                depth_multiplier=multiplier,
                activation="relu",
                use_bias=bias,
                name="stem",
                **options,
            ),
            pooling(),
            layers.Dense(2, name="head"),
        ]
    )


def inputs(axes=2):
    shape = (3, *(9, 8, CHANNELS)[-1 - axes :])
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("transfer", ["to_keras", "to_torch"])
@pytest.mark.parametrize(
    ("settings", "in_torch", "of_keras"),
    [
        ({"axes": 1}, {}, {}),
        ({"axes": 2}, {}, {}),
        ({"axes": 2, "multiplier": 1, "bias": False}, {}, {}),
        ({"axes": 2}, {"padding": 1}, {"padding": "same"}),
        ({"axes": 2}, {"stride": 2}, {"strides": 2}),
        ({"axes": 1}, {"dilation": 2}, {"dilation_rate": 2}),
    ],
)
def test_two_layers_are_the_twins_of_one(settings, in_torch, of_keras, transfer):
    torch.manual_seed(0)
    model = InPyTorch(**settings, **in_torch).eval()
    x = inputs(settings["axes"])

    evidence = compare.check(model, in_keras(**settings, **of_keras), x, transfer)

    assert evidence.verdict == "same"
    (sensitivity,) = evidence.sensitivity
    assert "stem.0" not in {fault.layer for fault in sensitivity.survivors}


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "stem.0 of PyTorch, the window"),
        (1, "stem.pointwise of Keras, kernel went through float16"),
    ],
)
def test_what_is_wrong_in_one_of_the_two_is_named_in_it(number, words):
    """Though Keras's layer runs both at once."""
    torch.manual_seed(0)
    model, twin = InPyTorch().eval(), in_keras()
    compare.transfer(model, twin)
    stem = twin.get_layer("stem")
    arrays = stem.get_weights()
    arrays[number] = [arrays[0][::-1], np.float16(arrays[1])][number]
    stem.set_weights(arrays)

    evidence = compare.check(model, twin, inputs())

    assert evidence.verdict == "different"
    sentences = [r.explanation.sentence for r in evidence.results if r.explanation]
    assert sentences
    assert all(words in sentence for sentence in sentences)


def test_the_parts_hold_the_variables_of_the_layer_and_compute_what_it_does():
    """And the layer itself is as it was: it has no layers inside."""
    model = in_keras()
    stem = model.get_layer("stem")
    before = set(vars(stem))
    depthwise, pointwise = parts(stem)
    x = inputs()

    assert pointwise(depthwise(x)).numpy() == pytest.approx(stem(x).numpy(), abs=1e-6)
    assert list(leaves(model)) == ["stem.depthwise", "stem.pointwise", "head"]
    assert depthwise.held["kernel"] is stem.depthwise_kernel
    assert pointwise.held["bias"] is stem.bias
    assert whole(depthwise) is whole(pointwise) is stem
    assert parts(stem) == (depthwise, pointwise)
    assert set(vars(stem)) == before


@pytest.mark.parametrize("ending", [".keras", ".weights.h5", ".h5"])
def test_files_hold_the_two_as_one(tmp_path, ending):
    """Both ways, whatever the file says of its layers."""
    torch.manual_seed(0)
    model, twin, x = InPyTorch().eval(), in_keras(), inputs()
    saved, other = tmp_path / f"twin{ending}", tmp_path / "model.pt"
    save = twin.save_weights if ending == ".weights.h5" else twin.save
    save(saved)
    torch.save(model.state_dict(), other)
    transfer_files(str(other), str(saved), str(tmp_path / f"filled{ending}"))
    transfer_files(str(saved), str(other), str(tmp_path / "filled.pt"))

    with torch.no_grad():
        by_torch = model(torch.from_numpy(x)).numpy()
    by_keras = twin(x).numpy()
    twin.load_weights(tmp_path / f"filled{ending}")
    assert twin(x).numpy() == pytest.approx(by_torch, abs=1e-6)
    model.load_state_dict(torch.load(tmp_path / "filled.pt"))
    with torch.no_grad():
        assert model(torch.from_numpy(x)).numpy() == pytest.approx(by_keras, abs=1e-6)
