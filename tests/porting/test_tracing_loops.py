"""Loops over time, and cells and layers by hand, become layers of Keras."""

import pytest
import torch
from torch import nn
from traced_twins import assert_same_twin, drawn, twin

from compare.in_pytorch.runs import Input

SERIES = Input(("batch", "time", 5))


class OneCell(nn.Module):
    """A cell in a loop, and a dense layer after each step."""

    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(5, 6)
        self.fc = nn.Linear(6, 2)

    def forward(self, x):
        h = torch.zeros(x.size(0), 6)
        c = torch.zeros(x.size(0), 6)
        outputs = []
        for step in range(x.size(1)):
            h, c = self.cell(x[:, step], (h, c))
            outputs.append(self.fc(h))
        return torch.stack(outputs, 1), h, c


class TwoCells(nn.Module):
    """Cells one above the other, between layers for each step."""

    def __init__(self):
        super().__init__()
        self.inputs = nn.Linear(5, 4)
        self.lower = nn.LSTMCell(4, 6)
        self.upper = nn.GRUCell(6, 3)
        self.out = nn.Linear(3, 2)

    def forward(self, x):
        h = torch.zeros(x.size(0), 6, device=x.device)
        c = torch.zeros_like(h)
        g = torch.zeros(x.size(0), 3)
        outputs = []
        for part in x.split(1, dim=1):
            part = torch.relu(self.inputs(part.squeeze(1)))
            h, c = self.lower(part, (h, c))
            g = self.upper(h, g)
            outputs += [torch.tanh(self.out(g)).unsqueeze(1)]
        return torch.cat(outputs, dim=1)


class FromTheEnd(nn.Module):
    """A cell that reads a sequence with time first from its end."""

    def __init__(self):
        super().__init__()
        self.cell = nn.RNNCell(5, 6, nonlinearity="relu")
        self.out = nn.Linear(6, 2)

    def forward(self, x):
        h = x.new_zeros(x.size(1), 6)
        for step in range(x.size(0) - 1, -1, -1):
            h = self.cell(x[step], h)
        return self.out(h)


class LSTMByHand(nn.Module):
    """A cell with its gates in the order i, f, o, g."""

    def __init__(self, features, size):
        super().__init__()
        self.i2h = nn.Linear(features, 4 * size)
        self.h2h = nn.Linear(size, 4 * size)

    def forward(self, x, state):
        h, c = state
        i, f, o, g = (self.i2h(x) + self.h2h(h)).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c


class GRUByHand(nn.Module):
    """A cell as in the paper: z keeps the new, r acts before the product."""

    def __init__(self, features, size):
        super().__init__()
        for gate in "zrh":
            setattr(self, f"W_{gate}", nn.Linear(features, size))
            setattr(self, f"U_{gate}", nn.Linear(size, size, bias=False))

    def forward(self, x, h):
        z = torch.sigmoid(self.W_z(x) + self.U_z(h))
        r = torch.sigmoid(self.W_r(x) + self.U_r(h))
        n = torch.tanh(self.W_h(x) + self.U_h(r * h))
        return (1 - z) * h + z * n


class Loop(nn.Module):
    """A cell by hand in a loop."""

    def __init__(self, cell, states):
        super().__init__()
        self.cell = cell
        self.states = states

    def forward(self, x):
        h = c = torch.zeros(x.size(0), 6)
        outputs = []
        for step in range(x.size(1)):
            if self.states == 2:
                h, c = self.cell(x[:, step, :], (h, c))
            else:
                h = self.cell(x[:, step, :], h)
            outputs.append(h)
        return torch.stack(outputs, dim=1)


@pytest.mark.parametrize(
    ("module", "given", "layers"),
    [
        (OneCell(), SERIES, ["LSTM", "Dense"]),
        (TwoCells(), SERIES, ["Dense", "LSTM", "GRU", "Dense"]),
        (FromTheEnd(), Input(("time", "batch", 5)), ["SimpleRNN", "Dense"]),
        (Loop(LSTMByHand(5, 6), 2), SERIES, ["LSTM"]),
        (Loop(GRUByHand(5, 6), 1), SERIES, ["GRU"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_loop_over_time_is_a_layer_at_any_length(module, given, layers):
    assert_same_twin(module, given)

    plan = twin(module, given)[0].plan
    named = [layer.keras for layer in plan.layers.values()]
    assert [name for name in named if not name.startswith(("ops.", "Input"))] == layers


def test_a_gate_that_acts_before_the_product_is_seen_though_states_begin_at_zero():
    traced, _ = twin(drawn(Loop(GRUByHand(5, 6), 1)), SERIES)

    assert traced.plan.layers["cell"].config["reset_after"] is False


def test_a_cell_that_is_none_of_the_known_ones_is_followed_at_a_fixed_length():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.kernel = nn.Linear(5, 6)
            self.recurrent = nn.Linear(6, 6)

        def forward(self, x, h):
            return torch.sin(self.kernel(x) + self.recurrent(h))

    assert_same_twin(Loop(Odd(), 1), Input(("batch", 4, 5)))


def test_results_that_are_put_into_zeros_step_by_step():
    class Filling(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.GRUCell(5, 6)

        def forward(self, x):
            h = torch.zeros(x.size(0), 6)
            outputs = torch.zeros(x.size(0), x.size(1), 6)
            for step in range(x.size(1)):
                h = self.cell(x[:, step], h)
                outputs[:, step] = h
            return outputs

    result = assert_same_twin(Filling(), SERIES)

    assert [type(layer).__name__ for layer in result.model.layers][1:] == ["GRU"]
