"""States, packed sequences and joins as people write them, in traced twins."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from traced_twins import assert_same_twin, drawn

from compare.in_pytorch.runs import Input
from compare.porting.reading.modules import module_plan

SERIES = Input(("batch", "time", 5))
WORDS = Input(("batch", "time"), dtype="int64")
LENGTHS = Input(("batch",), "lengths")


class Read(nn.Module):
    """A bidirectional stack, and something read of what it returns."""

    def __init__(self, read):
        super().__init__()
        self.lstm = nn.LSTM(5, 6, 2, batch_first=True, bidirectional=True)
        self.read = read

    def forward(self, x):
        output, (h, c) = self.lstm(x)
        return self.read(output, h, c)


READ = {
    "the last layer of a view": lambda o, h, c: h.view(2, 2, o.size(0), 6)[-1],
    "all states of a sample": lambda o, h, c: (
        h.permute(1, 0, 2).contiguous().view(o.size(0), -1)
    ),
    "a slice of the states": lambda o, h, c: h[-2:].transpose(0, 1).flatten(1),
    "sums over layers": lambda o, h, c: h.sum(0) + c.mean(dim=0),
    "either direction": lambda o, h, c: torch.cat(
        [h[0 : h.size(0) : 2], h[1 : h.size(0) : 2]], 2
    )[-1],
    "split states": lambda o, h, c: torch.cat(tuple(h.split(2, 0)[1]), -1),
    "directions added": lambda o, h, c: (o[:, :, :6] + o[:, :, 6:]).mean(1),
    "directions as an axis": lambda o, h, c: o.view(o.size(0), o.size(1), 2, 6)[
        :, -1, 0
    ],
    "either end": lambda o, h, c: torch.cat([o[:, -1, :6], o[:, 0, 6:]], 1),
    "pools over all steps": lambda o, h, c: torch.cat(
        [
            o.max(1).values,
            F.avg_pool1d(o.transpose(1, 2), o.size(1)).squeeze(-1),
            F.adaptive_max_pool1d(o.transpose(1, 2), 1).squeeze(2),
        ],
        1,
    ),
    "the last cell state": lambda o, h, c: c[-1],
}


@pytest.mark.parametrize("name", READ)
def test_what_is_read_of_a_stack_is_read_of_its_twin(name):
    assert_same_twin(Read(READ[name]), SERIES)


def test_states_that_are_given_go_in_and_come_out():
    class Given(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(5, 6, 2, batch_first=True)

        def forward(self, x, h, c):
            return self.lstm(x, (h, c))

    states = Input((2, "batch", 6))
    assert_same_twin(Given(), SERIES, states, states)


def test_a_single_sequence_without_a_batch():
    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(20, 5)
            self.lstm = nn.LSTM(5, 6)
            self.tags = nn.Linear(6, 3)

        def forward(self, words):
            embedded = self.embedding(words)
            output, _ = self.lstm(embedded.view(len(words), 1, -1))
            return F.log_softmax(self.tags(output.view(len(words), -1)), dim=1)

    class Unbatched(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(5, 6, bidirectional=True)

        def forward(self, x):
            output, (h, _) = self.lstm(x)
            return output, h[0]

    assert_same_twin(Tagger(), Input(("time",), dtype="int64"))
    assert_same_twin(Unbatched(), Input(("time", 5)))


def test_packed_sequences_are_masked():
    class Packing(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(20, 5, padding_idx=0)
            self.lstm = nn.LSTM(5, 6, batch_first=True, bidirectional=True)
            self.weights = nn.Linear(12, 1)

        def forward(self, x, lengths):
            packed = pack_padded_sequence(
                self.embedding(x), lengths.cpu(), True, enforce_sorted=False
            )
            output, (h, _) = self.lstm(packed)
            output, _ = pad_packed_sequence(output, True, total_length=x.size(1))
            scores = self.weights(torch.tanh(output)).squeeze(-1)
            scores = scores.masked_fill(x == 0, -1e9)
            weights = F.softmax(scores, 1).unsqueeze(-1)
            return (weights * output).sum(1), torch.cat((h[-2], h[-1]), 1)

    assert_same_twin(Packing(), WORDS, LENGTHS)


def test_the_last_step_of_each_sequence_is_gathered():
    class Gathering(nn.Module):
        def __init__(self):
            super().__init__()
            self.gru = nn.GRU(5, 6, batch_first=True)

        def forward(self, x, lengths):
            output, _ = self.gru(x)
            index = (lengths - 1).view(-1, 1).expand(len(lengths), output.size(2))
            return output.gather(1, index.unsqueeze(1)).squeeze(1)

    assert_same_twin(Gathering(), SERIES, LENGTHS)


def test_convolutions_over_words_of_several_widths():
    class Convolving(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(20, 8)
            self.convs = nn.ModuleList([nn.Conv2d(1, 4, (k, 8)) for k in (2, 3, 4)])

        def forward(self, x):
            x = self.embedding(x).unsqueeze(1)
            x = [F.relu(conv(x)).squeeze(3) for conv in self.convs]
            return torch.cat([F.max_pool1d(i, i.size(2)).squeeze(2) for i in x], 1)

    assert_same_twin(Convolving())


def test_attention_with_a_bare_vector():
    class Additive(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.GRU(5, 6, batch_first=True)
            self.attention = nn.Linear(12, 6)
            self.v = nn.Parameter(torch.zeros(6))

        def forward(self, x):
            output, h = self.encoder(x)
            last = h[-1].unsqueeze(1).repeat(1, output.size(1), 1)
            energy = torch.tanh(self.attention(torch.cat((last, output), 2)))
            v = self.v.repeat(output.size(0), 1).unsqueeze(1)
            scores = torch.bmm(v, energy.transpose(1, 2)).squeeze(1)
            weights = F.softmax(scores, dim=1)
            return torch.einsum("bt,bth->bh", weights, output), weights

    assert_same_twin(Additive(), SERIES)


def test_two_inputs_share_an_encoder():
    class Siamese(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.LSTM(5, 6, batch_first=True)

        def forward(self, left, right):
            a = self.encoder(left)[1][0].squeeze(0)
            b = self.encoder(right)[1][0].squeeze(0)
            return {"angle": F.cosine_similarity(a, b), "both": torch.abs(a - b) * a}

    result = assert_same_twin(Siamese(), SERIES, SERIES)

    assert len(result.model.trainable_weights) == 3


def test_random_numbers_are_refused():
    class Sampling(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(5, 4)

        def forward(self, x):
            mean, spread = self.fc(x).chunk(2, -1)
            return mean + spread * torch.randn_like(mean)

    traced = module_plan(drawn(Sampling()), [Input(("batch", 5))])

    assert "random numbers" in traced.stubs[0].sentence
