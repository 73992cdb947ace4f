"""A GRU of Keras with one bias: only its reset gate is told, not the sum of biases."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from torch import nn

import compare

FEATURES, SIZE = 5, 6
X = np.random.default_rng(0).normal(size=(3, 7, FEATURES)).astype("float32")
RESETS = "the reset gate acts on the state before the matrix product"
SECOND = "in the second layer alone"


class InPyTorch(nn.Module):
    """GRUs and what is made of their last step."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.rnn = nn.GRU(FEATURES, SIZE, layers, batch_first=True)
        self.head = nn.Linear(SIZE, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.rnn(x)[0][:, -1])


def in_keras(*resets_after: bool) -> keras.Model:
    """As many GRUs as there are settings of `reset_after`."""
    layers = []
    for number, reset_after in enumerate(resets_after, 1):
        has_steps = number < len(resets_after)
        gru = keras.layers.GRU(
            SIZE, return_sequences=has_steps, reset_after=reset_after
        )
        layers.append(gru)
    model = [keras.Input((None, FEATURES)), *layers, keras.layers.Dense(2)]
    return keras.Sequential(model)


def explained(keras_model: keras.Model, layers: int, transfer: str) -> str:
    torch.manual_seed(4)
    torch_model = InPyTorch(layers)
    for parameter in torch_model.parameters():
        nn.init.normal_(parameter, std=0.4)
    evidence = compare.check(torch_model, keras_model, X, transfer=transfer)
    assert evidence.verdict == "different"
    return str(evidence.explain())


@pytest.mark.parametrize("transfer", ["to_keras", "to_torch", "random"])
def test_the_sum_of_two_biases_that_a_transfer_makes_is_no_cause(transfer):
    text = explained(in_keras(False), 1, transfer)

    assert RESETS in text.split("because")[1].splitlines()[0], text
    assert "both biases were added" not in text


@pytest.mark.parametrize("transfer", ["to_keras", "to_torch"])
def test_one_gru_of_a_stack_that_resets_before_is_told_and_not_refused(transfer):
    text = explained(in_keras(True, False), 2, transfer)

    because = text.split("because")[1].splitlines()
    assert RESETS in because[0], text
    assert SECOND in because[0]
    assert "reset_after=True, in the second layer alone" in text
    assert "both biases were added" not in text


def test_weights_are_not_moved_into_such_a_stack_without_a_word():
    with pytest.raises(compare.BadInput, match="reset_after=False"):
        compare.transfer(InPyTorch(2), in_keras(True, False))
