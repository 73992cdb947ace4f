"""Modules that take the time before the batch, and twins that take the same."""

import numpy as np
import pytest
import torch
from torch import nn
from traced_twins import drawn

from compare import BadInput
from compare.in_keras.rebuilding import results
from compare.in_pytorch.runs import Input
from compare.porting.back_wishes import wished_back
from compare.porting.reading.modules import module_plan
from compare.porting.written_back import written_back


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(5, 4)
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        y, (h, _) = self.rnn(torch.tanh(x))
        return self.fc(y), h[-1]


class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(9, 5)
        self.rnn = nn.GRU(5, 4)

    def forward(self, x):
        return self.rnn(self.table(x))[0]


def test_the_twin_takes_what_the_module_takes():
    module = drawn(Net())
    work = written_back(module_plan(module, [Input(("time", "batch", 5))]), module, 0)
    x = np.random.default_rng(0).normal(size=(7, 3, 5)).astype("float32")

    with torch.no_grad():
        right = module.double()(torch.from_numpy(x).double())
    for first, second in zip(right, results(work.twin, [x], "float64"), strict=True):
        np.testing.assert_allclose(second, first.numpy(), atol=1e-12)


def test_shapes_say_that_the_time_is_first():
    module = drawn(Net())
    traced = module_plan(module, [Input(("time", "batch", 5))])
    source = written_back(traced, module, 0).source

    assert "inputs: float32, (time, batch, 5)." in source
    assert "x = ops.tanh(inputs)  # (time, batch, 5)" in source
    assert "x = ops.transpose(x, axes=(1, 0, 2))  # (batch, time, 5)" in source
    assert "transpose_1: float32, (time, batch, 2)." in source
    assert ": float32, (batch, 4)." in source
    assert "x: time first, as the module takes it" in traced.notes[0]


def test_shapes_of_words_say_it_too():
    module = drawn(Words())
    traced = module_plan(module, [Input(("time", "batch"))])
    source = written_back(traced, module, 0).source

    assert "inputs: int64, (time, batch)." in source
    assert "# (time, batch, 5)" in source


@pytest.mark.parametrize("shape", ["time,batch,8", "batch,8", "batch,time,8", "batch"])
def test_the_batch_may_be_first_or_second(tmp_path, shape):
    weights = tmp_path / "net.pt"
    weights.write_bytes(b"something")

    wish = wished_back(
        str(weights), str(tmp_path / "out"), "net.py:Net", [shape], False, 0
    )

    assert "batch" in wish.shapes[0]


@pytest.mark.parametrize("shape", ["time,8,batch", "time,8", "batch,,8"])
def test_other_shapes_are_refused_with_what_to_write(tmp_path, shape):
    weights = tmp_path / "net.pt"
    weights.write_bytes(b"something")

    with pytest.raises(BadInput, match="or time,batch,40 where the module takes time"):
        wished_back(
            str(weights), str(tmp_path / "out"), "net.py:Net", [shape], False, 0
        )
