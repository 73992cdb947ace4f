"""Names of layers and classes, and inputs, that nobody expects."""

import keras
import numpy as np
import pytest
import torch
from odd_models import in_keras, in_pytorch, sequential

import compare
from compare import BadInput

X = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
ODD = "a\x1b[2J\nb\u202e"
SHOWN = r"a\x1b[2J\nb\u202e"


def named(name, units=3):
    """A model of PyTorch whose one layer has this name."""

    class Named(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.add_module(name, torch.nn.Linear(4, units))

        def forward(self, x):
            return torch.tanh(self.get_submodule(name)(x))

    Named.__name__ = name
    return Named()


def tanh():
    layers = [keras.layers.Dense(3), keras.layers.Activation("tanh")]
    return keras.Sequential([keras.Input((4,)), *layers])


@pytest.mark.parametrize(
    ("name", "shown"), [(ODD, SHOWN), ("[bold]", "[bold]"), ("x" * 10_000, "xx...xx")]
)
def test_name_of_a_layer_is_shown_in_every_text(name, shown):
    evidence = compare.check(named(name), tanh(), X, "to_keras")

    lines = evidence.explain().splitlines()
    assert evidence.verdict == "same"
    assert any(shown in line for line in lines)
    assert all(line.isprintable() and len(line) < 1_500 for line in lines)
    assert len(evidence.to_json()) < 200_000


@pytest.mark.parametrize("name", [ODD, "x" * 10_000])
def test_name_of_a_layer_without_a_twin_is_shown(name):
    with pytest.raises(BadInput, match="expected a twin for each layer") as error:
        compare.check(named(name, units=5), tanh(), X, "to_keras")

    lines = str(error.value).splitlines()
    assert len(lines) == 3
    assert all(line.isprintable() and len(line) < 1_500 for line in lines)


@pytest.mark.parametrize("ignore", [["dense"], None])
def test_input_of_an_axis_too_many_is_a_verdict_or_a_line(ignore):
    """Keras's own error, of many lines and in bold, used to come out."""
    with pytest.raises(BadInput) as error:
        compare.check(in_pytorch(), sequential(), X[:, :3, None], ignore=ignore)

    assert str(error.value).isprintable()


def test_layer_without_a_twin_is_not_asked_of_a_model_that_refuses():
    class WithMore(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.fc, self.aux = torch.nn.Linear(4, 3), torch.nn.Linear(7, 7)

        def forward(self, x):
            return self.fc(x)

    x = np.ones((2, 5, 4), np.float32)

    evidence = compare.check(WithMore(), sequential(), x, ignore=["fc", "aux"])

    assert evidence.verdict in ("one refuses", "different", "same")


def test_masked_entries_are_no_numbers():
    x = np.ma.masked_array(X, X > 1)

    with pytest.raises(BadInput, match=r"masked entries.* fill them first"):
        compare.check(in_pytorch(), in_keras(), x, "to_keras")
    whole = compare.check(in_pytorch(), in_keras(), np.ma.masked_array(X), "to_keras")

    assert whole.verdict == "same"


def test_bfloat16_is_taken_as_the_numbers_that_it_holds():
    x = torch.tensor(X).bfloat16()

    assert compare.check(in_pytorch(), in_keras(), x, "to_keras").verdict == "same"


class Raising:
    def __array__(self, *args, **kwargs):
        raise ZeroDivisionError(ODD)


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (Raising(), r"got: a\x1b[2J"),
        (torch.ones(2, 4).to_sparse(), "expected an array, got: can't convert Sparse"),
        (X + 0j, "expected numbers, got complex"),
        (None, "expected numbers, got object of type NoneType"),
        ([[1.0, 2.0], [3.0]], "expected an array, got: setting an array element"),
        ({ODD: X}, "nothing was compared"),
    ],
)
def test_input_that_cannot_be_used_is_one_line(x, said):
    with pytest.raises(BadInput) as error:
        compare.check(in_pytorch(), in_keras(), x, "to_keras")

    assert said in str(error.value)
    assert str(error.value).isprintable()


def test_array_in_the_place_of_a_transfer_is_one_line():
    with pytest.raises(BadInput, match="transfer: expected one of None"):
        compare.check(in_pytorch(), in_keras(), X, X)
