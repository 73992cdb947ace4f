"""A loop of more steps than are noted is explained on sequences of few."""

import keras
import numpy as np
import torch
from keras import ops
from own_cases import in_pytorch

import compare
from compare.mistakes import traces

UNITS, FEATURES, STEPS = 3, 2, 12
OPERATIONS = 130  # of each model that are noted: less than the whole loop has


class Cell(keras.Layer):
    """A step that mixes the state and a new one by a gate."""

    def __init__(self):
        super().__init__()
        self.state_size = UNITS

    def build(self, shape):
        self.w = self.add_weight(shape=(FEATURES, 2 * UNITS), name="w")
        self.u = self.add_weight(shape=(UNITS, 2 * UNITS), name="u")

    def call(self, x, states):
        (h,) = states
        mixed = ops.matmul(x, self.w) + ops.matmul(h, self.u)
        f, g = ops.sigmoid(mixed[:, :UNITS]), ops.tanh(mixed[:, UNITS:])
        h = f * h + (1 - f) * g
        return h, [h]


class Loop(torch.nn.Module):
    """The same step, but that gate and rest are exchanged."""

    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.empty(FEATURES, 2 * UNITS))
        self.u = torch.nn.Parameter(torch.empty(UNITS, 2 * UNITS))

    def forward(self, x):
        h = x.new_zeros(len(x), UNITS)
        for step in x.unbind(1):
            f, g = (step @ self.w + h @ self.u).chunk(2, -1)
            f, g = torch.sigmoid(f), torch.tanh(g)
            h = (1 - f) * h + f * g
        return h


def test_a_loop_with_too_many_operations_is_explained_on_few_steps(monkeypatch):
    monkeypatch.setattr(traces, "MOST_STEPS", OPERATIONS)
    rng = np.random.default_rng(0)
    first = in_pytorch(lambda m, x: m.rnn(x), rnn=Loop())
    second = keras.Sequential([keras.Input((None, FEATURES)), keras.layers.RNN(Cell())])
    arrays = [rng.normal(size=variable.shape) for variable in second.weights]
    second.set_weights(arrays)
    with torch.no_grad():
        for parameter, array in zip(first.parameters(), arrays, strict=True):
            parameter.copy_(torch.from_numpy(array))
    x = rng.normal(size=(3, STEPS, FEATURES)).astype("float32")
    evidence = compare.check(first, second, x)

    (result,) = [r for r in evidence.results if r.explanation]
    assert result.explanation.explained, result.explanation.sentence
    assert result.timesteps < STEPS
    assert "h = (1 - f) * h + f * g" in result.explanation.torch_line
