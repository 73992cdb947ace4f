"""A difference is explained once, by little, and proved on the whole input."""

import keras
import numpy as np
import pytest
from torch import nn

import compare
from compare.diagnosing import diagnosis

X = np.random.default_rng(0).normal(size=(6, 30, 4)).astype("float32")


def in_pytorch(take, factor=1):
    """A head on what is taken; beyond ten steps its result times a factor."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(4, 5, batch_first=True)
            self.head = nn.Linear(5, 2)

        def forward(self, x):
            y = self.head(take(self.rnn(x)[0]))
            return y * factor if x.shape[1] > 10 else y

    return Model()


def in_keras(take):
    x = keras.Input((None, 4))
    h = keras.layers.LSTM(5, return_sequences=True)(x)
    return keras.Model(x, keras.layers.Dense(2)(take(h)))


@pytest.fixture
def diagnosed(monkeypatch):
    """The number of steps of every input that is looked into."""
    steps = []
    look_into = diagnosis._diagnosed  # noqa: SLF001

    def noting(twins, arrays):
        steps.append(arrays[0].shape[1])
        return look_into(twins, arrays)

    monkeypatch.setattr(diagnosis, "_diagnosed", noting)
    return steps


@pytest.mark.parametrize("transfer", ["random", "to_keras", None])
def test_a_cause_is_looked_for_once_and_in_few_steps(diagnosed, transfer):
    """It used to be looked for in 30 steps, and again with other weights."""
    model, twin = in_pytorch(lambda h: h[:, 0]), in_keras(lambda h: h[:, -1])
    compare.transfer(model, twin)
    evidence = compare.check(model, twin, X, transfer)

    assert diagnosed == [7]
    first, *others = evidence.results
    assert (first.timesteps, first.batch) == (30, 6)
    assert "first step" in first.explanation.faults[0]
    assert first.explanation.gap_before == pytest.approx(first.deciding.gap64)
    assert first.explanation.gap_after < first.explanation.limit
    assert not any(result.explanation for result in others)


def test_what_few_steps_do_not_show_is_looked_for_in_all(diagnosed):
    model = in_pytorch(lambda h: h[:, 0], factor=3)
    twin = in_keras(lambda h: h[:, -1])
    evidence = compare.check(model, twin, X, "to_keras")

    assert evidence.verdict == "different"
    assert diagnosed[:2] == [7, 30]
    sentence = evidence.results[0].explanation.sentence
    assert "first step" in sentence
    assert "times" in sentence or "multipl" in sentence
