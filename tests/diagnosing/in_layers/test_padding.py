"""Padding that is not zero, which only PyTorch leaves out: it packs the batch."""

import numpy as np
import pytest
import torch
from own_models import TIME, X, in_keras, in_pytorch, plain, twins

from compare.diagnosing.diagnosis import diagnose

PADDING = -1.5  # as an embedding makes of index 0: any number but zero
LENGTHS = {"one is whole": [TIME, 4, 2], "none is whole": [5, 4, 2]}


def padded(lengths):
    """Sequences of these lengths, with padding behind."""
    steps = np.arange(TIME)[:, None]
    return np.where(steps < np.reshape(lengths, (-1, 1, 1)), X, np.float32(PADDING))


def packed(model, x):
    """What a recurrent layer makes of the data alone: every step, and the states."""
    lengths = (x != PADDING).any(2).sum(1)
    pack = torch.nn.utils.rnn.pack_padded_sequence
    return model.rnn(pack(x, lengths, True, False))


def state(model, x):
    return model.head(packed(model, x)[1][0][-1])


def ends(model, x):
    h_n = packed(model, x)[1]
    return model.head(torch.cat([h_n[-2], h_n[-1]], dim=1))


def last_valid(model, x):
    unpack = torch.nn.utils.rnn.pad_packed_sequence
    output, lengths = unpack(packed(model, x)[0], batch_first=True)
    return model.head(output[torch.arange(len(output)), lengths - 1])


MODELS = {
    "the state": ((state,), (plain, {})),
    "the last valid step": ((last_valid,), (plain, {})),
    "two directions": (
        (ends, dict(kind="GRU", bidirectional=True)),
        (plain, dict(kind="GRU", both_ways=True)),
    ),
}


def of(case):
    torch, keras = MODELS[case]
    return in_pytorch(torch[0], **dict(*torch[1:])), in_keras(keras[0], **keras[1])


@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("case", ["the state", "two directions"])
def test_padding_of_any_value_that_keras_reads_is_explained(case, lengths):
    found = diagnose(twins(*of(case)), (padded(lengths),))

    assert found.explained, found
    assert found.faults == ("mask ignored",)
    assert "rnn of Keras: give the layer the mask" in found.fix
    assert found.gap_after <= found.limit


def test_the_last_valid_step_of_a_packed_batch_is_told():
    data = padded(LENGTHS["one is whole"])
    found = diagnose(twins(*of("the last valid step")), (data,))

    assert found.explained, found
    assert found.faults == ("mask ignored",)


def mixed(model, x):
    """Data that differs within the lengths, and padding that does not."""
    return state(model, torch.where(x == PADDING, x, x * x.cos().cumsum(1)))


def test_data_that_differs_within_the_lengths_is_told_beside_the_padding():
    made = twins(in_pytorch(mixed), in_keras(plain))
    found = diagnose(made, (padded(LENGTHS["one is whole"]),))

    assert found.explained, found
    product = "`*` (the product of both) in PyTorch alone"
    assert found.faults == ("mask ignored", product)
    assert "x * x.cos().cumsum(1)" in found.torch_line


@pytest.mark.usefixtures("layers_alone")
def test_data_that_differs_within_the_lengths_is_not_explained_by_the_padding():
    """The cure leaves to PyTorch what it gave the layer itself."""
    made = twins(in_pytorch(mixed), in_keras(plain))
    found = diagnose(made, (padded(LENGTHS["one is whole"]),))

    assert not found.explained, found
    assert "something unknown in PyTorch" in found.sentence
