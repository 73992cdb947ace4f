"""Words about what is taken of packed, stacked and stepping recurrent layers."""

import keras
import numpy as np
import pytest
import torch
from keras import layers, ops
from torch import nn

import compare

WORDS = np.array([[3, 5, 2, 4, 1], [6, 2, 0, 0, 0], [1, 4, 7, 3, 0], [5, 0, 0, 0, 0]])
WORDS = WORDS.astype("int32")
FILMS = np.random.default_rng(5).standard_normal((2, 3, 5, 4, 2)).astype("float32")
SIZE = 4


def randomised(module):
    torch.manual_seed(3)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module.eval()


def arrays_of(module):
    return [p.detach().numpy().T for p in module.parameters()]


class Reader(nn.Module):
    """Packed words, of two layers of two directions."""

    def __init__(self, view="layers first", is_sorted=False):
        super().__init__()
        self.view, self.is_sorted = view, is_sorted
        self.words = nn.Embedding(9, 3)
        self.rnn = nn.GRU(3, SIZE, 2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(2 * SIZE, 2)

    def forward(self, words):
        lengths, order = (words != 0).sum(1), torch.arange(len(words))
        if self.is_sorted:
            lengths, order = lengths.sort(descending=True)
        packed = nn.utils.rnn.pack_padded_sequence(
            self.words(words[order]),
            lengths.cpu(),
            batch_first=True,
            enforce_sorted=self.is_sorted,
        )
        h = self.rnn(packed)[1]
        if self.view == "layers first":
            ends = h.view(2, 2, len(words), SIZE)[-1]
        else:
            ends = h.view(2, 2, len(words), SIZE)[:, -1]
        return self.head(torch.cat([ends[0], ends[1]], 1))


def reading(**wrong):
    model = randomised(Reader(**wrong))
    x = keras.Input((None,), dtype="int32")
    words, head = layers.Embedding(9, 3, mask_zero=True), layers.Dense(2)
    first = layers.Bidirectional(layers.GRU(SIZE, return_sequences=True))
    second = layers.Bidirectional(layers.GRU(SIZE))
    twin = keras.Model(x, head(second(first(words(x)))))
    compare.transfer(model, twin)
    return compare.check(model, twin, WORDS)


def sentence(evidence):
    assert evidence.verdict == "different"
    found = [result.explanation for result in evidence.results if result.explanation]
    assert found[-1].explained, found[-1].sentence
    return found[-1].sentence


def test_the_reader_is_the_same():
    assert reading().verdict == "same"


def test_a_view_with_directions_first_is_told():
    assert "viewed as (directions, layers, batch, size)" in sentence(
        reading(view="directions first")
    )


def test_samples_that_stay_sorted_by_length_are_told():
    assert "samples of the batch in another order" in sentence(reading(is_sorted=True))


class Film(nn.Module):
    """A ConvLSTM by hand."""

    def __init__(self):
        super().__init__()
        self.gates = nn.Conv2d(2 + SIZE, 4 * SIZE, 3, padding=1)
        self.head = nn.Linear(SIZE, 2)

    def forward(self, x):
        x = x.movedim(-1, 2)
        h = c = x.new_zeros(len(x), SIZE, *x.shape[3:])
        for step in x.unbind(1):
            i, f, o, g = self.gates(torch.cat([step, h], 1)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        return self.head(h.mean((2, 3)))


@pytest.mark.parametrize("backwards", [False, True])
def test_a_conv_lstm_of_keras_that_reads_from_the_end_is_told(backwards):
    model, x = randomised(Film()), keras.Input(FILMS.shape[1:])
    usual, head = layers.ConvLSTM2D(SIZE, 3, padding="same"), layers.Dense(2)
    compare.transfer(model, keras.Model(x, head(ops.mean(usual(x), axis=(1, 2)))))
    film = layers.ConvLSTM2D(SIZE, 3, padding="same", go_backwards=backwards)
    twin = keras.Model(x, head(ops.mean(film(x), axis=(1, 2))))
    film.set_weights(usual.get_weights())
    evidence = compare.check(model, twin, FILMS)
    if backwards:
        assert "reads the sequence backwards" in sentence(evidence)
    else:
        assert evidence.verdict == "same"


class Greedy(nn.Module):
    """Each word is the likeliest after the one before."""

    def __init__(self):
        super().__init__()
        self.words, self.cell = nn.Embedding(9, 3), nn.RNNCell(3, SIZE)
        self.head = nn.Linear(SIZE, 9)

    def forward(self, words):
        word, h, scores = words[:, 0], None, []
        for _ in range(4):
            h = self.cell(self.words(word), h)
            scores.append(self.head(h))
            word = scores[-1].argmax(-1)
        return torch.stack(scores, 1)


class KerasGreedy(keras.Model):
    """The same in Keras, or always with the first word."""

    def __init__(self, is_fed_back):
        super().__init__()
        self.is_fed_back = is_fed_back
        self.words, self.cell = layers.Embedding(9, 3), layers.SimpleRNNCell(SIZE)
        self.head = layers.Dense(9)

    def call(self, words):
        word, scores = words[:, 0], []
        h = ops.zeros((ops.shape(words)[0], SIZE))
        for _ in range(4):
            h, _ = self.cell(self.words(word), [h])
            scores.append(self.head(h))
            if self.is_fed_back:
                word = ops.argmax(scores[-1], axis=-1)
        return ops.stack(scores, 1)


@pytest.mark.parametrize("is_fed_back", [True, False])
def test_a_greedy_loop_is_judged_in_float64(is_fed_back):
    """The argmax of Keras takes the bits of float32, of which only the sign is read."""
    model, twin = randomised(Greedy()), KerasGreedy(is_fed_back)
    twin(WORDS)
    twin.words.set_weights([model.words.weight.detach().numpy()])
    twin.head.set_weights(arrays_of(model.head))
    w, u, b, d = arrays_of(model.cell)
    twin.cell.set_weights([w, u, b + d])
    evidence = compare.check(model, twin, WORDS)
    if is_fed_back:
        assert evidence.verdict == "same"
    else:
        assert "in every pass" in sentence(evidence)
