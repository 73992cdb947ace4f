"""The Keras twin of a module that is followed while it runs computes the same."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from traced_modules import (
    AttentionOverTime,
    BeatTracker,
    ConvolutionsAndLSTM,
    GPTBlock,
    ResidualNetwork,
    SpeakerEncoder,
    TextClassifier,
    TransformerClassifier,
)
from traced_twins import assert_same_twin, drawn, twin

from compare.in_pytorch.runs import Input
from compare.porting.writing.keras_source import keras_source

NETWORKS = [
    (BeatTracker, (Input(("batch", "time", 72)),)),
    (SpeakerEncoder, ()),
    (TextClassifier, ()),
    (AttentionOverTime, (Input(("batch", "time", 5)),)),
    (TransformerClassifier, ()),
    (lambda: TransformerClassifier(causal=True), ()),
    (GPTBlock, ()),
    (ConvolutionsAndLSTM, ()),
    (ResidualNetwork, ()),
    (ResidualNetwork, (Input(("batch", 3, 32, 32)),)),
]


class Function(nn.Module):
    """A function of layers and an input."""

    def __init__(self, forward, **layers):
        super().__init__()
        for name, layer in layers.items():
            setattr(self, name, layer)
        self._forward = forward

    def forward(self, x):
        return self._forward(self, x)


@pytest.mark.parametrize(("make", "inputs"), NETWORKS)
def test_a_network_and_its_twin_give_the_same_at_any_size(make, inputs):
    assert_same_twin(make(), *inputs)


def test_a_batch_and_its_time_as_one_stay_two_axes():
    traced, result = twin(drawn(BeatTracker()), Input(("batch", "time", 72)))

    text = keras_source(traced.plan, result.facts, result.models)

    assert "layers.TimeDistributed(layers.Conv1D(2, 10)" in text


def test_names_of_attributes_stay():
    traced, _ = twin(drawn(TransformerClassifier()))

    assert "encoder_layers_0_self_attn" in traced.plan.layers
    assert "embedding" in traced.plan.layers


def test_axes_that_are_moved_and_moved_back_move_nothing():
    def forward(m, x):
        y = m.conv(x.permute(0, 2, 1))
        return F.relu(y).permute(0, 2, 1)

    module = Function(forward, conv=nn.Conv1d(5, 4, 3))
    traced, _ = twin(drawn(module), Input(("batch", "time", 5)))

    names = [layer.keras for layer in traced.plan.layers.values()]
    assert names == ["InputLayer", "Conv1D", "ops.relu"]


def test_only_the_last_step_is_returned_where_only_it_is_read():
    def forward(m, x):
        return m.lstm(x)[0][:, -1]

    module = Function(forward, lstm=nn.LSTM(5, 4, 2, batch_first=True))
    traced, _ = twin(drawn(module))

    assert traced.plan.layers["lstm_0"].config["return_sequences"] is True
    assert "return_sequences" not in traced.plan.layers["lstm_1"].config


FUNCTIONS = {
    "a mean over any time": lambda m, x: x.sum(1) / x.size(1),
    "slices": lambda m, x: torch.cat([x[:, 1:], x[:, :-1]], dim=-1),
    "the middle": lambda m, x: x[:, 2:-1, 1:3],
    "every second": lambda m, x: x[:, ::2],
    "stacked": lambda m, x: torch.stack([x, 2 * x], dim=1).mean(1),
    "chunks": lambda m, x: (lambda a, b: a * torch.sigmoid(b))(*x.chunk(2, -1)),
    "split unevenly": lambda m, x: torch.split(x, [1, 3, 2], dim=2)[1],
    "unbound": lambda m, x: x.unbind(2)[3],
    "variance": lambda m, x: x.var(-1) + x.std(2, unbiased=False),
    "largest": lambda m, x: x.max(dim=1)[0],
    "where the largest is": lambda m, x: x.argmax(-1),
    "einsum": lambda m, x: torch.einsum("btf,bsf->bts", x, x),
    "in place": lambda m, x: x.clone().mul_(2).add_(1).relu_(),
    "a sum of products": lambda m, x: (x @ x.transpose(1, 2)).softmax(-1) @ x,
    "flattened heads": lambda m, x: (
        x.view(x.size(0), -1, 2, 3).transpose(1, 2).reshape(x.size(0), 2, -1, 3)
    ),
    "repeated": lambda m, x: x[:, :1].expand(-1, 4, -1) + x.mean(1, keepdim=True),
    "repeated and joined": lambda m, x: torch.cat(
        [x, x[:, -1:].repeat(1, x.size(1), 1) * 0 + x], -1
    ),
    "padded in front": lambda m, x: F.pad(x, (0, 0, 3, 0)),
    "rolled by hand": lambda m, x: torch.cat([x[:, -2:], x[:, :-2]], 1),
    "unit vectors": lambda m, x: F.normalize(x, dim=-1) + F.normalize(x, p=1, dim=2),
    "conditions": lambda m, x: torch.where(x > 0, x, 0.1 * x).masked_fill(x < -1, -1),
    "limits": lambda m, x: x.clamp(-0.5, 0.5) + x.clamp(min=0) + x.clamp(max=1),
    "cumulated": lambda m, x: x.cumsum(1).flip(1),
    "reflected operands": lambda m, x: 2 - x + 1 / (3 + x.abs()) + 2**x,
    "functions": lambda m, x: F.gelu(x) + F.silu(x) + F.elu(x) + F.softplus(x),
    "sharp functions": lambda m, x: F.hardtanh(x) + F.hardswish(x) + F.relu6(3 * x),
    "new tensors": lambda m, x: x + x.new_zeros(x.size(0), 1, 6) + torch.ones_like(x),
    "picked": lambda m, x: x[..., [2, 0]],
    "norms without weights": lambda m, x: F.layer_norm(x, (6,)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_a_function_does_its_twin_does(name):
    assert_same_twin(Function(FUNCTIONS[name]), Input(("batch", "time", 6), "x"))


def test_bare_weights_are_moved():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.kernel = nn.Parameter(torch.zeros(5, 4))
            self.scale = nn.Parameter(torch.zeros(4))
            self.register_buffer("shift", torch.tensor([0.5, -1.0, 2.0, 0.25]))

        def forward(self, x):
            return (x @ self.kernel * self.scale + self.shift) * F.softplus(self.scale)

    result = assert_same_twin(Scaled(), Input(("batch", "time", 5)))

    assert len(result.model.trainable_weights) >= 2


def test_weights_that_are_computed_are_held():
    layer = nn.utils.parametrizations.weight_norm(nn.Conv1d(5, 4, 3, padding=1))
    module = Function(lambda m, x: m.conv(x).mean(-1), conv=layer)

    traced, _ = twin(drawn(module), Input(("batch", 5, "time")))

    assert traced.weights["conv"]["kernel"].shape == (3, 5, 4)


def test_what_forward_asks_of_numbers_is_told():
    def forward(m, x):
        if x.max() > 100:
            return x * 0
        return m.fc(x)

    traced, _ = twin(drawn(Function(forward, fc=nn.Linear(3, 2))))

    assert any("always goes the way" in note for note in traced.notes)


def test_nothing_of_the_module_is_changed():
    module = drawn(SpeakerEncoder())
    module.train()
    before = {name: t.clone() for name, t in module.state_dict().items()}

    twin(module)

    assert module.training
    assert "forward" not in vars(module.lstm)
    for name, tensor in module.state_dict().items():
        assert np.array_equal(tensor, before[name])
