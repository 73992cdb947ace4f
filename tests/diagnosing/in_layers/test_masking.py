"""Padding that Keras alone masks is the whole cause, and the fix works as it says."""

import keras
import numpy as np
import pytest
import torch
from own_models import FEATURES, OUTPUTS, SIZE, TIME, X, in_pytorch, last, twins

from compare.diagnosing.diagnosis import diagnose

LENGTHS = np.array([7, 4, 2])
IS_PADDING = np.arange(TIME)[:, None] >= LENGTHS[:, None, None]
PADDED = np.where(IS_PADDING, np.float32(-1), X)  # which Masking takes for no data


class InTorch(torch.nn.Module):
    """A layer of each step, a recurrent one, and a head."""

    def __init__(self, is_dense=False, both_ways=False, take=None, packed=False):
        super().__init__()
        self.dense = torch.nn.Linear(FEATURES, FEATURES) if is_dense else None
        self.rnn = torch.nn.LSTM(
            FEATURES, SIZE, batch_first=True, bidirectional=both_ways
        )
        self.head = torch.nn.Linear(SIZE * (1 + both_ways), OUTPUTS)
        self.take, self.packed = take, packed

    def forward(self, x):
        lengths = (x != -1).any(2).sum(1)
        if self.dense is not None:
            x = self.dense(x)
        if self.packed:
            pack = torch.nn.utils.rnn.pack_padded_sequence
            return self.head(self.rnn(pack(x, lengths, True, False))[1][0][-1])
        output = self.rnn(x)[0]
        return self.head(self.take(output) if self.take else output)


class InKeras(keras.Model):
    def __init__(self, is_dense=False, both_ways=False, mean=False, last=False):
        super().__init__()
        self.masking = keras.layers.Masking(-1.0)
        self.dense = keras.layers.Dense(FEATURES) if is_dense else None
        self.rnn = keras.layers.LSTM(SIZE, return_sequences=not last)
        if both_ways:
            self.rnn = keras.layers.Bidirectional(self.rnn)
        self.mean = keras.layers.GlobalAveragePooling1D() if mean else None
        self.head = keras.layers.Dense(OUTPUTS)

    def call(self, x):
        x = self.masking(x)
        for layer in (self.dense, self.rnn, self.mean, self.head):
            x = x if layer is None else layer(x)
        return x


def take_last(output):
    return output[:, -1]


@pytest.mark.parametrize("is_dense", [False, True])
@pytest.mark.parametrize("both_ways", [False, True])
def test_padding_that_masking_overwrites_is_no_second_cause(is_dense, both_ways):
    take = None if both_ways else take_last
    options = dict(is_dense=is_dense, both_ways=both_ways)
    made = twins(
        lambda: InTorch(**options, take=take),
        lambda: InKeras(**options, last=not both_ways),
    )
    found = diagnose(made, (PADDED,))

    assert found.explained, found
    assert found.faults == ("mask ignored",)
    assert not found.rest


def test_the_mean_of_the_valid_steps_is_cured_where_nothing_is_packed():
    made = twins(
        lambda: InTorch(take=lambda output: output.mean(1)),
        lambda: InKeras(mean=True),
    )
    found = diagnose(made, (PADDED,))

    assert found.explained, found
    name = "the mean of all steps for the mean of the valid steps"
    assert name in found.faults


def test_who_packs_and_takes_the_state_as_the_fix_says_has_the_same_model():
    made = twins(lambda: InTorch(take=take_last), lambda: InKeras(last=True))
    fix = diagnose(made, (PADDED,)).fix
    mended = twins(lambda: InTorch(packed=True), lambda: InKeras(last=True))

    assert "pack_padded_sequence, and take h_n[-1]" in fix
    assert mended.compare(PADDED).verdict == "same"


def test_a_layer_by_hand_that_reads_padding_is_told():
    class Own(torch.nn.LSTM):
        """A cell of an LSTM, step by step."""

        def forward(self, x):
            h = c = x.new_zeros(len(x), self.hidden_size)
            outputs = []
            for step in range(x.shape[1]):
                gates = x[:, step] @ self.weight_ih_l0.T + self.bias_ih_l0
                gates = gates + h @ self.weight_hh_l0.T + self.bias_hh_l0
                i, f, g, o = gates.chunk(4, -1)
                c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                h = o.sigmoid() * c.tanh()
                outputs.append(h)
            return torch.stack(outputs, 1), (h[None], c[None])

    plain = in_pytorch(last)

    class Model(plain):
        def __init__(self):
            super().__init__()
            self.rnn = Own(FEATURES, SIZE, batch_first=True)

    found = diagnose(twins(Model, lambda: InKeras(last=True)), (PADDED,))

    assert found.explained, found
    assert found.faults == ("mask ignored",)
    assert "keep h and the output from each last valid step on" in found.fix


class TakesByLength(torch.nn.Module):
    """Runs over the padding and takes one step of each sequence by its length."""

    def __init__(self, back, act=None):
        super().__init__()
        self.rnn = torch.nn.LSTM(FEATURES, SIZE, batch_first=True)
        self.head = torch.nn.Linear(SIZE, OUTPUTS)
        self.back, self.act = back, act

    def forward(self, x):
        lengths = (x != -1).any(2).sum(1)
        step = self.rnn(x)[0][torch.arange(len(x)), lengths - self.back]
        return self.head(step if self.act is None else self.act(step))


def test_a_step_before_the_last_valid_one_is_told_and_no_padding_that_is_not_read():
    made = twins(lambda: TakesByLength(back=2), lambda: InKeras(last=True))
    found = diagnose(made, (PADDED,))

    assert found.explained, found
    assert found.sentence == (
        "between rnn and head, PyTorch takes the step before the last valid one, not "
        "the last valid step"
    )


def test_padding_that_is_not_read_is_no_cause_beside_another():
    made = twins(
        lambda: TakesByLength(back=1, act=torch.relu), lambda: InKeras(last=True)
    )
    found = diagnose(made, (PADDED,))

    assert found.explained, found
    assert "padded" not in found.sentence
    assert "relu" in found.sentence
