"""Recurrent layers as users write them in PyTorch, right, or with one mistake."""

import torch
from torch import nn

FEATURES, SIZE = 5, 6


def parameter(*shape):
    return nn.Parameter(torch.randn(*shape) * 0.4)


class Lstm(nn.Module):
    """A loop over time; `sums` gives what the gates i, f, g, o are functions of."""

    def __init__(self, mistake="", returns="steps"):
        super().__init__()
        self.mistake, self.returns = mistake, returns
        self.make()

    def forward(self, x):
        h = c = x.new_zeros(len(x), SIZE)
        outputs = []
        for step in x.unbind(1):
            h, c = self.step(*self.sums(step, h), c)
            outputs.append(h)
        match self.returns:
            case "the last state":
                return h
            case "steps and states":
                return torch.stack(outputs, 1), (h, c)
        return torch.stack(outputs, 1)

    def step(self, i, f, g, o, c):
        gate, candidate = torch.sigmoid, torch.tanh(g)
        match self.mistake:
            case "gates exchanged":
                i, f = f, i
            case "one added":
                f = f + 1
            case "no tanh on g":
                candidate = g
            case "hard gate":
                gate = nn.functional.hardsigmoid
            case "hard gate 0.2":

                def gate(v):
                    return (0.2 * v + 0.5).clamp(0, 1)

        new = gate(f) * c + gate(i) * candidate
        shown = new if self.mistake != "old c" else c
        h = gate(o) * (shown if self.mistake == "no tanh on c" else torch.tanh(shown))
        return h, new


class Fused(Lstm):
    """Parameters for all gates, (inputs, 4 units)."""

    def make(self):
        self.W, self.U = parameter(FEATURES, 4 * SIZE), parameter(SIZE, 4 * SIZE)
        self.b = parameter(4 * SIZE)

    def sums(self, x, h):
        i, f, g, o = (x @ self.W + h @ self.U + self.b).chunk(4, 1)
        return (i, f, o, g) if self.mistake == "gates split" else (i, f, g, o)


class Separate(Lstm):
    """Parameters for each gate, (inputs, units)."""

    def make(self):
        for gate in "ifco":
            setattr(self, f"W_{gate}", parameter(FEATURES, SIZE))
            setattr(self, f"U_{gate}", parameter(SIZE, SIZE))
            setattr(self, f"b_{gate}", parameter(SIZE))

    def sums(self, x, h):
        for gate in "ifco":
            w, u, b = (getattr(self, f"{letter}_{gate}") for letter in "WUb")
            yield x @ w + h @ u + b


class TwoLinear(Lstm):
    """A linear layer of x and one of h, for all gates."""

    def make(self):
        self.x2h = nn.Linear(FEATURES, 4 * SIZE)
        self.h2h = nn.Linear(SIZE, 4 * SIZE)

    def sums(self, x, h):
        return (self.x2h(x) + self.h2h(h)).chunk(4, 1)


class OneLinear(Lstm):
    """A linear layer of x and h side by side, for all gates."""

    def make(self):
        self.gates = nn.Linear(FEATURES + SIZE, 4 * SIZE)

    def sums(self, x, h):
        both = (h, x) if self.mistake == "h before x" else (x, h)
        return self.gates(torch.cat(both, 1)).chunk(4, 1)


class FourLinear(Lstm):
    """A linear layer of x and h side by side for each gate."""

    def make(self):
        names = ("input_gate", "forget_gate", "cell_gate", "output_gate")
        for name in names:
            setattr(self, name, nn.Linear(FEATURES + SIZE, SIZE))

    def sums(self, x, h):
        both = torch.cat((x, h), 1)
        yield self.input_gate(both)
        yield self.forget_gate(both)
        yield self.cell_gate(both)
        yield self.output_gate(both)


class Gru(nn.Module):
    """A GRU whose reset gate acts before the product, as in the paper."""

    def __init__(self, mistake=""):
        super().__init__()
        self.mistake = mistake
        for gate in "rzh":
            setattr(self, f"W_{gate}", parameter(FEATURES, SIZE))
            setattr(self, f"U_{gate}", parameter(SIZE, SIZE))
            setattr(self, f"b_{gate}", parameter(SIZE))

    def forward(self, x):
        h, outputs = x.new_zeros(len(x), SIZE), []
        for step in x.unbind(1):
            r = torch.sigmoid(step @ self.W_r + h @ self.U_r + self.b_r)
            z = torch.sigmoid(step @ self.W_z + h @ self.U_z + self.b_z)
            from_h = (r * h) @ self.U_h
            if self.mistake == "after":
                from_h = r * (h @ self.U_h)
            n = torch.tanh(step @ self.W_h + from_h + self.b_h)
            z = 1 - z if self.mistake == "role" else z
            h = (1 - z) * n + z * h
            outputs.append(h)
        return torch.stack(outputs, 1)


class Rnn(nn.Module):
    """A simple recurrent layer of two linear layers."""

    def __init__(self, mistake=""):
        super().__init__()
        self.mistake = mistake
        self.i2h, self.h2h = nn.Linear(FEATURES, SIZE), nn.Linear(SIZE, SIZE)

    def forward(self, x):
        h, outputs = x.new_zeros(len(x), SIZE), []
        for step in x.unbind(1):
            total = self.i2h(step) + self.h2h(h)
            h = torch.relu(total) if self.mistake == "relu" else torch.tanh(total)
            outputs.append(h)
        return torch.stack(outputs, 1)
