"""A batch of one, of which a `squeeze()` drops the batch axis as well."""

import keras
import numpy as np
import pytest
import torch

import compare

X = np.random.default_rng(3).normal(size=(3, 7, 4)).astype("float32")


class Squeezed(torch.nn.Module):
    """A head on the last state, from which every axis of size 1 is dropped."""

    def __init__(self):
        super().__init__()
        self.rnn = torch.nn.GRU(4, 6, batch_first=True)
        self.head = torch.nn.Linear(6, 1)

    def forward(self, x):
        return self.head(self.rnn(x)[1].squeeze())


class Returned(torch.nn.Module):
    """Two layers whose result is squeezed."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(4, 5)
        self.head = torch.nn.Linear(5, 3)

    def forward(self, x):
        return self.head(self.first(x)).squeeze()


@pytest.mark.parametrize("samples", [1, 3])
def test_a_batch_of_one_is_run_and_its_lost_axis_is_named(samples):
    layers = [keras.Input((None, 4)), keras.layers.GRU(6), keras.layers.Dense(1)]
    evidence = compare.check(
        Squeezed(), keras.Sequential(layers), X[:samples], "to_keras"
    )

    assert evidence.verdict == "different"
    assert "squeeze drops the batch axis of a batch of one before head" in str(
        evidence.explain()
    )
    assert "Judged for exactly" not in evidence.explain()


def test_a_result_without_its_batch_axis_is_named():
    layers = [keras.Input((4,)), keras.layers.Dense(5), keras.layers.Dense(3)]
    evidence = compare.check(Returned(), keras.Sequential(layers), X[:1, 0], "to_keras")

    assert evidence.verdict == "different"
    assert "batch axis of a batch of one in what PyTorch" in evidence.explain()
    assert evidence.results[0].explanation.explained
