"""A mistake in the diagnosis ends no run: the verdict stands without a cause."""

import numpy as np
import pytest
import torch

import compare
from compare.diagnosing import diagnosis
from compare.diagnosing.in_layers.same_arrays import are_same
from compare.in_pytorch import written
from compare.judging.result import DIFFERENT
from compare.subjects.own import run

SUITE = "a mistake in this suite, not in your models; please report it"


@pytest.fixture
def twins():
    import keras

    torch_model = torch.nn.Linear(3, 2)
    layer = keras.layers.Dense(2, activation="tanh")
    keras_model = keras.Sequential([keras.Input((3,)), layer])
    weight, bias = (array.detach().numpy() for array in torch_model.parameters())
    keras_model.set_weights([weight.T, bias])
    x = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    return torch_model, keras_model, x


def fail(*_, **__):
    raise KeyError("bias_hh")


def test_a_cause_that_could_not_be_looked_for_is_a_sentence(twins, monkeypatch):
    monkeypatch.setattr(diagnosis, "_diagnosed", fail)
    evidence = compare.check(*twins)

    assert evidence.verdict == DIFFERENT
    assert SUITE in evidence.explain()
    assert "KeyError" in evidence.explain()
    assert "none of 0 mistakes" not in evidence.explain()


def test_a_reading_that_fails_is_a_note(twins, monkeypatch):
    monkeypatch.setattr(run, "READINGS", (fail,))
    evidence = compare.check(*twins)

    assert evidence.verdict == DIFFERENT
    assert any(SUITE in note and "KeyError" in note for note in evidence.notes)


def test_a_layer_by_hand_may_have_the_sum_of_two_biases_alone():
    rng = np.random.default_rng(0)
    names = ("weight_ih", "weight_hh")
    arrays = {name: rng.normal(size=(8, 2, 3, 3)) for name in names}
    arrays["bias_ih"] = rng.normal(size=8)

    assert are_same("ConvLSTM", arrays, arrays)
    assert not are_same("ConvLSTM", arrays, arrays | {"bias_ih": np.zeros(8)})


class Cell(torch.nn.Module):
    """A layer by hand whose arrays are called as those of a layer of PyTorch."""

    def __init__(self):
        super().__init__()
        self.weight_ih_l0 = torch.nn.Parameter(torch.randn(9, 2))
        self.weight_hh_l0 = torch.nn.Parameter(torch.randn(9, 3))
        self.bias_ih_l0 = torch.nn.Parameter(torch.randn(9))
        self.bias_hh_l0 = torch.nn.Parameter(torch.randn(9))


def test_a_layer_by_hand_may_call_its_arrays_as_a_layer_does():
    model = torch.nn.ModuleDict({"cell": Cell()})
    written.note(model, {"cell": "GRUCell"})
    usual = written.usual(model, "cell")

    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    assert tuple(usual.arrays) == names
    back = written.as_written(model, "cell", usual.arrays)
    assert tuple(back) == tuple(f"{name}_l0" for name in names)
