"""What Keras cannot have of a module is a stub, and the rest is compared around it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from traced_twins import drawn

from compare import BadInput
from compare.in_keras import saved
from compare.in_pytorch import ports
from compare.in_pytorch.runs import Input
from compare.port_session import port_back
from compare.porting.reading.modules import module_plan
from compare.porting.written_back import written_back

IMPORTS = "import torch\nfrom torch import nn\n"
WITH_A_CHILD = f"""{IMPORTS}
class Spectral(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.arange(6) / 8)

    def forward(self, x):
        return torch.fft.rfft(x, dim=-1).abs().mean(-1, keepdim=True) * self.weight


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(5, 6)
        self.spectral = Spectral()
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        y = torch.tanh(self.fc(x))
        return self.head(self.spectral(y) + y)
"""


class Broken(nn.Module):
    """Places in which no class can stand."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(5, 6)

    def forward(self, x):
        y = self.fc(x)
        first = y[:, :3]
        torch.special.i0(first, out=first)
        return y


class Spectrum(nn.Module):
    """A module with a function that Keras's layers lack."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(5, 6)
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        y = torch.fft.rfft(torch.tanh(self.fc(x)), dim=1).abs()
        return {"out": self.head(y), "mean": y.mean(1)}


class TimeMajor(nn.Module):
    """A stub whose result has the batch second."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(5, 6)

    def forward(self, x):
        y = torch.special.i0(self.fc(x).transpose(0, 1))
        return y.mean(0)


class Shared(nn.Module):
    """A layer that is a stub and works twice."""

    def __init__(self):
        super().__init__()
        self.product = nn.Bilinear(5, 5, 5)
        self.fc = nn.Linear(5, 5)

    def forward(self, x):
        y = self.fc(self.product(x, torch.tanh(x)))
        return self.product(y, x) + 1


def user_files(folder: Path, text: str) -> tuple[str, str]:
    """A file of a user's, and its weights."""
    (folder / "net.py").write_text(text)
    space: dict = {"__name__": "net"}
    exec(text, space)
    torch.save(drawn(space["Net"]()).state_dict(), folder / "net.pt")
    return str(folder / "net.pt"), f"{folder / 'net.py'}:Net"


def written(module: nn.Module, *shape: int | str):
    traced = module_plan(drawn(module), [Input(shape)], stub=True)
    return written_back(traced, module, 0)


def gap_of(work) -> float:
    """The largest difference of the two that are compared."""
    inputs = work.runs[0]
    with torch.no_grad():
        right = work.module(*map(torch.from_numpy, inputs))
    results = work.twin([*inputs])
    pairs = zip(right, results, strict=True)
    return max(float(np.abs(a.numpy() - b.numpy()).max()) for a, b in pairs)


def test_a_module_that_no_rule_knows_is_one_class_and_holds_its_weights(tmp_path):
    weights, model = user_files(tmp_path, WITH_A_CHILD)
    out = tmp_path / "out"

    ported = port_back(weights, str(out), model, ["batch,time,5"], stub=True)

    assert ported.verdict == "same up to spectral"
    assert ported.is_same
    assert not ported.is_proved
    text = (out / "model.py").read_text()
    assert text.count("Stub(layers.Layer)") == 1
    assert 'self.weight = self.add_weight(shape=(6,), name="weight")' in text
    assert "x: float, (batch, time, 6)." in text
    assert "torch's fft_rfft" in text
    assert "**same up to spectral**" in (out / "README.md").read_text()
    run = subprocess.run(
        [sys.executable, "check.py"], cwd=out, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.endswith("the same as PyTorch, up to spectral\n")


def test_what_takes_complex_numbers_is_a_stub_too():
    work = written(Spectrum(), "batch", "time", 5)

    assert work.stub_names == ("fft_rfft", "abs")
    assert work.compared == ["what fft_rfft takes", "result 0", "result 1"]
    assert gap_of(work) < 1e-5


def test_what_follows_a_stub_is_held_to_what_it_returns():
    work = written(Spectrum(), "batch", "time", 5)

    kernel = work.twin.get_layer("head").kernel
    kernel.assign(kernel + 0.5)

    assert gap_of(work) > 0.1


def test_a_stub_may_return_the_batch_second():
    work = written(TimeMajor(), "batch", "time", 5)

    assert not work.has_batch
    assert gap_of(work) < 1e-5


def test_a_layer_that_works_twice_is_one_stub():
    work = written(Shared(), "batch", 5)

    assert work.stub_names == ("product",)
    assert len(work.runs[0]) == 3
    assert gap_of(work) < 1e-5


def test_a_twin_with_stubs_runs_up_to_them():
    traced = module_plan(drawn(Shared()), [Input(("batch", 5))], stub=True)
    work = written_back(traced, Shared(), 0)
    space: dict = {}
    exec(work.source, space)

    with pytest.raises(NotImplementedError, match="product: a stub, not written yet"):
        space["make_model"]()(np.zeros((2, 5), "float32"))


def test_nothing_can_stand_for_what_is_no_call():
    with pytest.raises(BadInput, match="put each into a module of its own"):
        written(Broken(), "batch", 5)


def test_results_in_a_dictionary_have_one_order():
    class Mixture(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(5, 6)

        def forward(self, x):
            y = self.fc(x)
            return {"pi": y[:, :3], "mu": y, "sigma": y[:, 2:]}

    module = drawn(Mixture())
    work = written_back(module_plan(module, [Input(("batch", 5))]), module, 0)

    right = ports.results(module, work.runs[0])
    results = saved.results(work.twin, work.runs[0])
    for first, second in zip(right, results, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-5)


def test_lengths_are_drawn_for_packed_sequences():
    class Packed(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.GRU(5, 4, batch_first=True)

        def forward(self, x, lengths):
            packed = nn.utils.rnn.pack_padded_sequence(
                x, lengths, batch_first=True, enforce_sorted=False
            )
            return self.rnn(packed)[1][-1]

    module = drawn(Packed())
    shapes = [Input(("batch", "time", 5)), Input(("batch",))]
    work = written_back(module_plan(module, shapes), module, 0)

    x, lengths = work.runs[0]
    assert lengths.max() == x.shape[1]
    assert lengths.min() >= 1
    assert not work.is_cut
    assert gap_of_results(module, work) < 1e-5


def gap_of_results(module: nn.Module, work) -> float:
    """How far the twin is from the module."""
    (right,) = ports.results(module, work.runs[0])
    (result,) = saved.results(work.twin, work.runs[0])
    return float(np.abs(right - result).max())


def test_the_refusal_names_the_way_out():
    traced = module_plan(drawn(Spectrum()), [Input(("batch", "time", 5))])

    with pytest.raises(BadInput, match=r"or --stub writes the rest$"):
        traced.check()
