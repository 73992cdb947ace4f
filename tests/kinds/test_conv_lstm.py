"""A convolutional LSTM by hand in PyTorch, beside the layer that Keras has."""

import keras
import numpy as np
import pytest
import torch

from compare.api import transfer
from compare.in_keras.precision import settled
from compare.judging.arrays import Input
from compare.kinds.conv_lstm import compute
from compare.kinds.writings import CONVOLVED, writing_of
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

FEATURES, SIZE = 2, 3
SHAPES = {1: (4, 6), 2: (4, 6, 5)}  # time and what is convolved over


class Cell(torch.nn.Module):
    """One convolution of x and h side by side, cut into i, f, o, g."""

    def __init__(self, axes, order="ifog"):
        super().__init__()
        convolution = getattr(torch.nn, f"Conv{axes}d")
        self.gates = convolution(FEATURES + SIZE, 4 * SIZE, 3, padding=1)
        self.order = order

    def forward(self, x, h, c):
        parts = self.gates(torch.cat([x, h], 1)).chunk(4, 1)
        by_gate = dict(zip(self.order, parts, strict=True))
        i, f, o = (torch.sigmoid(by_gate[gate]) for gate in "ifo")
        c = f * c + i * torch.tanh(by_gate["g"])
        return o * torch.tanh(c), c


class InPyTorch(torch.nn.Module):
    """The cell over time; x is (batch, time, features, *spatial)."""

    def __init__(self, axes, order="ifog"):
        super().__init__()
        self.cell = Cell(axes, order)

    def forward(self, x):
        x = x.movedim(-1, 2)
        h = c = x.new_zeros(len(x), SIZE, *x.shape[3:])
        for step in x.unbind(1):
            h, c = self.cell(step, h, c)
        return h.movedim(1, -1)


def in_keras(axes, **options):
    layer = getattr(keras.layers, f"ConvLSTM{axes}D")
    x = keras.Input((*SHAPES[axes], FEATURES))
    return keras.Model(x, layer(SIZE, 3, padding="same", name="cell", **options)(x))


def data(axes, dtype="float64"):
    rng = np.random.default_rng(0)
    return rng.normal(0, 1, (2, *SHAPES[axes], FEATURES)).astype(dtype)


@pytest.mark.parametrize("gate", ["sigmoid", "hard_sigmoid"])
@pytest.mark.parametrize("axes", [1, 2])
def test_keras_and_numpy_compute_the_same(axes, gate):
    torch.manual_seed(2)
    model = InPyTorch(axes)
    arrays = {n: a.detach().double().numpy() for n, a in model.named_parameters()}
    arrays = writing_of(arrays, CONVOLVED).read(arrays)
    with settled("float64"):
        twin = in_keras(axes, recurrent_activation=gate)
        transfer(model, twin)
        by_keras = twin(data(axes)).numpy()
    by_numpy = compute(arrays, data(axes), {"recurrent_activation": gate})

    assert np.abs(by_numpy["output"][:, -1] - by_keras).max() < 1e-12
    if gate == "sigmoid":
        by_torch = model.double()(torch.from_numpy(data(axes))).detach().numpy()
        assert np.abs(by_torch - by_keras).max() < 1e-12


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("axes", [1, 2])
def test_the_way_back_is_the_identity(axes, bias):
    torch.manual_seed(3)
    model, twin = InPyTorch(axes), in_keras(axes, use_bias=bias)
    if not bias:
        model.cell.gates.bias = None
    before = {name: array.clone() for name, array in model.named_parameters()}
    transfer(model, twin)
    for array in model.parameters():
        torch.nn.init.zeros_(array)
    transfer(twin, model)

    for name, array in model.named_parameters():
        assert torch.equal(before[name], array), name


@pytest.mark.parametrize(
    ("order", "verdict"), [("ifog", "same"), ("ifgo", "different")]
)
def test_gates_in_another_order_are_no_twin(order, verdict):
    def in_torch():
        return InPyTorch(2, order)

    inputs = [Input("x", (None, *SHAPES[2], FEATURES))]
    twins = Twins(dict(torch=in_torch, keras=lambda: in_keras(2)), inputs, ["y"])
    x = data(2, "float32")
    twins.match((x,))
    twins.load("to_keras", lambda layers: fresh_weights(layers, seed=[3]))
    stages, refusals = twins.run(x)

    assert not refusals
    assert twins.judge(stages, (x,)).verdict == verdict
