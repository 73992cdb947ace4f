"""Layers that share their weights."""

import keras
import numpy as np
import pytest
from odd_models import DIFFERENT, SAME, X, in_keras, in_pytorch
from torch import nn

import compare
from compare import BadInput


def words():
    return np.random.default_rng(0).integers(0, 7, (5, 6))


def tied(scale=1.0):
    """A head that has the weight of the embedding."""

    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(7, 4)
            self.rnn = nn.GRU(4, 4, batch_first=True)
            self.head = nn.Linear(4, 7, bias=False)
            self.head.weight = self.embedding.weight

        def forward(self, x):
            return self.head(self.rnn(self.embedding(x))[0]) * scale

    return Tied()


@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_head_that_shares_the_weight_of_an_embedding(scale):
    class Tied(keras.Model):
        def __init__(self):
            super().__init__()
            self.embedding = keras.layers.Embedding(7, 4)
            self.rnn = keras.layers.GRU(4, return_sequences=True)

        def call(self, x):
            h = self.rnn(self.embedding(x))
            return keras.ops.matmul(h, keras.ops.transpose(self.embedding.embeddings))

    twin = Tied()
    twin(words())

    evidence = compare.check(tied(scale), twin, words(), "to_keras")

    assert evidence.verdict == (SAME if scale == 1.0 else DIFFERENT)
    assert "head" not in evidence.notes[0]


def untied():
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(7, 4),
            layers.GRU(4, return_sequences=True),
            layers.Dense(7, use_bias=False, name="dense"),
        ]
    )


def test_shared_weight_is_found_where_keras_has_two():
    evidence = compare.check(tied(), untied(), words(), "to_keras")

    assert evidence.verdict == SAME
    assert "head = dense" in evidence.notes[0]


def test_shared_weight_goes_into_both_of_keras_and_back_while_they_are_equal():
    model, twin = tied(), untied()

    compare.transfer(model, twin)

    assert np.array_equal(twin.layers[0].embeddings, twin.layers[2].kernel.numpy().T)
    compare.transfer(twin, model)
    twin.layers[2].set_weights([2 * twin.layers[2].kernel.numpy()])
    with pytest.raises(BadInput, match="share memory in the target"):
        compare.transfer(twin, model)


def test_note_on_a_cast_is_the_same_each_time():
    narrow = in_keras(lambda y: keras.ops.cast(y, "float32"))

    first, second = (
        compare.check(in_pytorch(), narrow, X, "to_keras") for _ in range(2)
    )

    assert any("Cast takes it to a lower precision" in note for note in first.notes)
    assert first.notes == second.notes
