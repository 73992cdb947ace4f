"""A layer of each kind, in a module, has a twin that computes the same."""

import pytest
from torch import nn
from traced_twins import assert_same_twin, drawn

from compare import kinds
from compare.in_pytorch.runs import Input
from compare.porting.reading.modules import module_plan

# Layers that have no twin, or a twin that does not run in float64.
WITHOUT = {
    "LocalResponseNorm": "Keras has no such layer",
    "LPPool1d": "Keras has no such layer",
    "LPPool2d": "Keras has no such layer",
    "LPPool3d": "Keras has no such layer",
    "UpsamplingBilinear2d": "Keras resamples without aligned corners",
    "Upsample bicubic": "PyTorch and TensorFlow mean others by it",
    "Upsample to a size": "Keras resamples by whole factors",
    "AvgPool1d padded, with the padding counted": "its last window is not whole",
    "AvgPool2d padded, with the padding counted": "its last window is not whole",
    "AvgPool3d padded, with the padding counted": "its last window is not whole",
}
IN_FLOAT32 = ("AdaptiveMaxPool3d to two steps", "AdaptiveAvgPool3d to two steps")


class Layer(nn.Module):
    """A module of one layer."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)


def examples():
    for kind in kinds.KINDS:
        for example in kind.examples:
            name = f"{example.torch} {example.name}".strip()
            if "Cell" in example.torch or kind.family == "attention":
                continue
            if name not in IN_FLOAT32:
                yield pytest.param(kind, example, id=f"{name} {example.torch_settings}")


def module_of(kind, example):
    """The module, and what it takes."""
    layer = getattr(nn, example.torch)(**example.torch_settings)
    shape = list(example.shape)
    if (kind.features_first or example.features_first) and len(shape) > 2:
        shape.insert(1, shape.pop())
    dtype = "int64" if example.torch == "Embedding" else "float32"
    return Layer(layer), Input(("batch", *shape[1:]), "x", dtype)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize(("kind", "example"), [*examples()])
def test_a_layer_and_its_twin_give_the_same(kind, example):
    module, given = module_of(kind, example)
    name = f"{example.torch} {example.name}".strip()

    if name in WITHOUT or example.torch in WITHOUT:
        traced = module_plan(drawn(module), [given])
        assert len(traced.stubs) == 1
    else:
        assert_same_twin(module, given)
