"""What a user's own pair brings to a training run: embeddings, results, dropout."""

import time

import keras
import numpy as np
import pytest
from torch import nn

from compare import BadInput
from compare.judging.optimizers import Recipe
from compare.subjects.own import run as own
from compare.subjects.own import training as own_training
from compare.subjects.own.pair import OwnPair
from compare.twins import training

WORDS, SIZE, BATCH, TIME, OUTPUTS = 20, 6, 4, 5, 3
TOKENS = np.random.default_rng(0).integers(0, WORDS, (BATCH, TIME))


def in_pytorch(rate=0.0, several=False):
    class InPyTorch(nn.Module):
        def __init__(self):
            super().__init__()
            self.words = nn.Embedding(WORDS, SIZE)
            self.rnn = nn.GRU(SIZE, SIZE, batch_first=True)
            self.drop = nn.Dropout(rate)
            self.mean, self.spread = nn.Linear(SIZE, OUTPUTS), nn.Linear(SIZE, 2)

        def forward(self, x):
            h = self.drop(self.rnn(self.words(x))[1][-1])
            mean, spread = self.mean(h), self.spread(h)
            return dict(mean=mean, spread=spread) if several else (mean, spread)

    return InPyTorch


def in_keras(rate=0.0, several=False, recurrent_rate=0.0):
    def make():
        layers = keras.layers
        x = keras.Input((TIME,), dtype="int32")
        h = layers.Embedding(WORDS, SIZE)(x)
        h = layers.GRU(SIZE, recurrent_dropout=recurrent_rate)(h)
        h = layers.Dropout(rate)(h)
        mean = layers.Dense(OUTPUTS, name="mean")(h)
        spread = layers.Dense(2, name="spread")(h)
        results = dict(mean=mean, spread=spread) if several else (mean, spread)
        return keras.Model(x, results)

    return make


@pytest.fixture
def train():
    """What trains a pair for two epochs."""

    def trained(ours, theirs, loss="mean_squared_error", target=None, **recipe):
        models = dict(torch=ours, keras=theirs)
        pair = OwnPair("mine", models, (TOKENS,), loss=loss, target=target)
        with own.settled(pair):
            task, recipe = own_training.task(pair), Recipe(epochs=2, **recipe)
            return training.train(task, recipe, time.perf_counter(), lambda *_: None)

    return trained


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "rmsprop", "adam", "adamw"])
def test_embeddings_learn_in_step(train, optimizer):
    """TensorFlow's gradient of one has the rows that were looked up, and no others."""
    evidence = train(in_pytorch(), in_keras(), optimizer=optimizer)

    assert {tensor.verdict for tensor in evidence.tensors} == {"same"}


def test_models_that_return_dictionaries_learn_in_step(train):
    """By the first result: the head that makes the other learns nothing."""
    several = dict(several=True)
    evidence = train(in_pytorch(**several), in_keras(**several))

    assert {tensor.verdict for tensor in evidence.tensors} == {"same"}


@pytest.mark.parametrize(
    ("rates", "got"),
    [
        (((0.5,), (0.5,)), "dropout 0.5 in drop in PyTorch's model"),
        (((), (0.3,)), "dropout 0.3 in dropout.* in Keras's model"),
        (((), (0.0, False, 0.2)), "dropout of states 0.2 in rnn in Keras's model"),
    ],
    ids=["both", "Keras's layer", "inside Keras's layer"],
)
def test_dropout_is_refused(train, rates, got):
    ours, theirs = rates

    with pytest.raises(BadInput, match=f"mine: expected .* got {got}; make it 0"):
        train(in_pytorch(*ours), in_keras(*theirs))


@pytest.mark.parametrize(
    ("loss", "target", "got"),
    [
        ("mean_squared_error", np.zeros((BATCH, 7)), r"float64 of shape \(4, 7\): "),
        ("cross_entropy", np.full(BATCH, OUTPUTS), r"int64 of shape \(4,\): Target 3 "),
        ("cross_entropy", np.zeros(BATCH), r"float64 of shape \(4,\): "),
    ],
    ids=["another shape", "a class too many", "no classes"],
)
def test_a_target_that_the_loss_does_not_take_is_refused(train, loss, target, got):
    with pytest.raises(BadInput, match=f"mine: .* that {loss} takes .*, got {got}"):
        train(in_pytorch(), in_keras(), loss, target)
