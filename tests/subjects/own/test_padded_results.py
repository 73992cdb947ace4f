"""Results of every step, where Keras masks padded steps."""

import keras
import numpy as np
import pytest
import torch

import compare

FEATURES, SIZE, TIME = 4, 5, 6
PADDING = -1.0
LENGTHS = {"after": (6, 3, 1, 4), "none": (6, 6, 6, 6)}


def sequences(lengths, before=False):
    """(batch, time, features), padded after each sequence, or before it."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(len(lengths), TIME, FEATURES)).astype("float32")
    is_padding = np.arange(TIME) >= np.array(lengths)[:, None]
    x[is_padding] = PADDING
    return x[:, ::-1].copy() if before else x


def in_keras(both_ways=False, **settings):
    layers = keras.layers
    rnn = layers.LSTM(SIZE, return_sequences=True, **settings)
    return keras.Sequential(
        [
            keras.Input((TIME, FEATURES)),
            layers.Masking(PADDING),
            layers.Dense(FEATURES),
            layers.Bidirectional(rnn) if both_ways else rnn,
            layers.Dense(2),
        ]
    )


class InTorch(torch.nn.Module):
    """Returns something for every step, and knows no padding."""

    def __init__(self, both_ways=False):
        super().__init__()
        self.first = torch.nn.Linear(FEATURES, FEATURES)
        self.rnn = torch.nn.LSTM(
            FEATURES, SIZE, batch_first=True, bidirectional=both_ways
        )
        self.last = torch.nn.Linear(SIZE * (2 if both_ways else 1), 2)

    def forward(self, x):
        return self.last(self.rnn(self.first(x))[0])


class Packing(InTorch):
    def forward(self, x):
        lengths = (x != PADDING).any(-1).sum(1)
        packed = torch.nn.utils.rnn.pack_padded_sequence(
            self.first(x), lengths, True, False
        )
        output, _ = self.rnn(packed)
        unpack = torch.nn.utils.rnn.pad_packed_sequence
        return self.last(unpack(output, True, total_length=TIME)[0])


class Multiplying(InTorch):
    """Puts zeros where the padding is."""

    def forward(self, x):
        is_data = (x != PADDING).any(-1, keepdim=True)
        return self.last(self.rnn(self.first(x))[0] * is_data)


WRONG = {
    "repeated": {},
    "zeros": dict(zero_output_for_mask=True),
    "two ways": dict(both_ways=True),
}


@pytest.mark.parametrize("case", WRONG)
def test_padding_that_pytorch_reads_is_a_difference_of_the_padded_steps(case):
    """`Masking` zeroes the steps as well, which is none of the cause."""
    settings = WRONG[case]
    model = InTorch(both_ways=settings.get("both_ways", False))
    x = sequences(LENGTHS["after"])

    evidence = compare.check(model, in_keras(**settings), x, "to_torch")

    assert evidence.verdict == "different"
    assert evidence.results[0].explanation.explained, evidence.explain()
    assert evidence.results[0].explanation.faults == ("mask ignored",)


@pytest.mark.parametrize("both_ways", [False, True])
def test_padding_before_the_data_is_the_whole_cause_as_well(both_ways):
    x = sequences(LENGTHS["after"], before=True)

    evidence = compare.check(InTorch(both_ways), in_keras(both_ways), x, "to_torch")

    explanation = evidence.results[0].explanation
    assert explanation.explained, evidence.explain()
    assert explanation.faults == ("mask ignored",)
    assert "move the valid steps of each sequence to its front" in explanation.fix


@pytest.mark.parametrize("model", [Packing, Multiplying])
def test_padded_steps_that_both_leave_out_are_not_compared(model):
    """PyTorch returns zeros there, and Keras the last step once more."""
    x = sequences(LENGTHS["after"])

    evidence = compare.check(model(), in_keras(), x, "to_torch")

    assert evidence.verdict == "same", evidence.explain()
    assert "what the models make of them is not compared" in evidence.explain()


CELLS = {"LSTM": "LSTMCell", "GRU": "GRUCell", "SimpleRNN": "RNNCell"}


@pytest.mark.parametrize("whole", [True, False], ids=["steps", "last"])
@pytest.mark.parametrize("kind", CELLS)
def test_a_loop_over_a_cell_that_reads_padding_is_told_what_to_keep(kind, whole):
    class Loop(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = getattr(torch.nn, CELLS[kind])(FEATURES, SIZE)
            self.last = torch.nn.Linear(SIZE, 2)

        def forward(self, x):
            h = c = x.new_zeros(len(x), SIZE)
            steps = []
            for step in x.unbind(1):
                if kind == "LSTM":
                    h, c = self.cell(step, (h, c))
                else:
                    h = self.cell(step, h)
                steps.append(h)
            return self.last(torch.stack(steps, 1) if whole else h)

    keras_model = keras.Sequential(
        [
            keras.Input((TIME, FEATURES)),
            keras.layers.Masking(PADDING),
            getattr(keras.layers, kind)(SIZE, return_sequences=whole),
            keras.layers.Dense(2),
        ]
    )
    evidence = compare.check(
        Loop(), keras_model, sequences(LENGTHS["after"]), "to_torch"
    )

    explanation = evidence.results[0].explanation
    assert explanation.explained, evidence.explain()
    assert explanation.faults == ("mask ignored",)
    assert "keep h and the output from each last valid step on" in explanation.fix


def test_padding_is_drawn_where_the_users_sequences_have_none():
    evidence = compare.check(
        InTorch(), in_keras(), sequences(LENGTHS["none"]), "to_torch"
    )

    assert evidence.verdict == "different"
    assert "padded sequences, which yours are not" in evidence.explain()


def test_layers_that_take_each_step_by_itself_are_the_same_at_padded_steps():
    layers = keras.layers
    tokens = np.array([[1, 2, 3, 4], [5, 6, 0, 0], [7, 0, 0, 0]])
    keras_model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(8, FEATURES, mask_zero=True),
            layers.Dense(2),
        ]
    )
    torch_model = torch.nn.Sequential(
        torch.nn.Embedding(8, FEATURES), torch.nn.Linear(FEATURES, 2)
    )

    evidence = compare.check(torch_model, keras_model, tokens, "to_torch")

    assert evidence.verdict == "same"
    assert "what the models return at them is compared" in evidence.explain()


def test_a_series_of_one_feature_is_judged():
    """Its features in reverse are the same, and PyTorch takes no such array."""
    x = np.random.default_rng(5).normal(size=(4, TIME, 1)).astype("float32")

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.LSTM(1, SIZE, batch_first=True)
            self.last = torch.nn.Linear(SIZE, 1)

        def forward(self, x):
            return self.last(self.rnn(x)[0][:, -1])

    keras_model = keras.Sequential(
        [keras.Input((None, 1)), keras.layers.LSTM(SIZE), keras.layers.Dense(1)]
    )

    assert compare.check(Model(), keras_model, x, "to_torch").verdict == "same"
