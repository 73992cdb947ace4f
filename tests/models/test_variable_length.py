"""Sequences of different lengths in one padded batch, packed and masked."""

from functools import partial

import keras
import numpy as np
import pytest
import torch

from compare.in_keras.precision import settled
from compare.judging.arrays import Input
from compare.judging.result import BOTH_REFUSE, SAME
from compare.judging.words import PRECISIONS
from compare.twins.models import twin_makers
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

FEATURES, HIDDEN = 4, 6
LENGTHS = np.array([5, 8, 3])
SIDES = ("torch", "keras")
INPUTS = (Input("x", (None, None, FEATURES)), Input("lengths", (None,), "int64"))
LAYERS = {  # kind -> file and what the layer returns
    "LSTM": ("lstm_layer", ["output", "h_n", "c_n"]),
    "GRU": ("gru_layer", ["output", "h_n"]),
    "RNN": ("rnn_layer", ["output", "h_n"]),
}

pytestmark = pytest.mark.xdist_group("variable length")  # one worker builds the twins


@pytest.fixture(scope="module")
def built():
    sizes = dict(num_features=FEATURES, hidden_size=HIDDEN, num_outputs=3)
    make = twin_makers("lstm_model_variable_seq", "LSTMModelVariableSeq", sizes)
    return Twins(make, INPUTS, ["prediction"])


@pytest.fixture
def twins(built):
    """The model's twins, with the same weights for every test."""
    built.load("to_keras", partial(fresh_weights, seed=[1]))
    return built


@pytest.fixture(scope="module", params=LAYERS)
def layer(request):
    """The twins of a bidirectional stack of two, by what a user calls the layer."""
    file, outputs = LAYERS[request.param]
    sizes = dict(
        num_features=FEATURES, hidden_size=HIDDEN, num_layers=2, bidirectional=True
    )
    make = twin_makers(file, f"{request.param}Layer", sizes)
    made = Twins(make, INPUTS, outputs)
    made.load("to_keras", partial(fresh_weights, seed=[1]))
    return f"{request.param}Layer", made


def ragged(lengths):
    """A random sequence, (length, features), for each length; no row is all zeros."""
    rng = np.random.default_rng(0)
    return [rng.uniform(-1, 1, (n, FEATURES)).astype(np.float32) for n in lengths]


def padded(lengths, value=0.0):
    """The sequences as one array, (batch, longest, features), padded on the right."""
    tensors = [torch.from_numpy(sequence) for sequence in ragged(lengths)]
    pad = torch.nn.utils.rnn.pad_sequence
    return pad(tensors, batch_first=True, padding_value=value).numpy()


def padded_left(lengths):
    """The same sequences with their zeros in front."""
    x = padded(lengths)
    return np.stack(
        [np.roll(row, x.shape[1] - n, 0) for row, n in zip(x, lengths, strict=True)]
    )


def valid(lengths):
    """(batch, longest): True where there is a step of the sequence."""
    return np.arange(max(lengths)) < np.asarray(lengths)[:, None]


def same_bits(one, other):
    return one.dtype == other.dtype and one.tobytes() == other.tobytes()


def apart(one, other):
    """The largest difference; a shape that only broadcasts is a mistake."""
    assert one.shape == other.shape
    return np.abs(one - other).max()


def in_torch(twins, x, pack=None):
    """Output, last h and prediction of PyTorch's layers in float64, called by hand.

    Args:
        twins: lend their layers.
        x: float32, (batch, time, features).
        pack: makes a packed sequence of the tensor; None reads the padding too.
    """
    model = twins.model("torch", "float64")
    with torch.no_grad():
        given = torch.from_numpy(x).double()
        output, (h, _) = model.lstm(pack(given) if pack else given)
        if pack:
            unpack = torch.nn.utils.rnn.pad_packed_sequence
            output, _ = unpack(output, batch_first=True)
        return output.numpy(), h[0].numpy(), model.head(h[0]).numpy()


def in_keras(twins, x, mask=None, masking=None):
    """Last output and prediction of Keras's layers in float64, called by hand.

    Args:
        twins: lend their layers.
        x: float32, (batch, time, features).
        mask: bool, (batch, time), True where valid; None reads the padding too.
        masking: layer in front of the recurrent one, which hands on a mask of its own.
    """
    convert = keras.ops.convert_to_numpy
    model = twins.model("keras", "float64")
    with settled("float64"):
        given = keras.ops.convert_to_tensor(x, dtype="float64")
        if masking:
            given = masking(given)
        output = model.lstm(given, mask=mask)
        return convert(output[:, -1]), convert(model.head(output[:, -1]))


@pytest.mark.parametrize("direction", ["to_keras", "to_torch"])
def test_lengths_5_8_3_are_the_same(twins, direction):
    twins.load(direction, partial(fresh_weights, seed=[2]))
    x = padded(LENGTHS)
    found = twins.compare(x, LENGTHS)

    assert x.shape == (3, 8, FEATURES)
    assert found.verdict == SAME, found
    assert not found.unmatched
    assert [stage.stage for stage in found.stages] == [
        "lstm",
        "lstm.h",
        "lstm.c",
        "prediction",
    ]


@pytest.mark.parametrize("direction", ["to_keras", "to_torch"])
def test_random_lengths_up_to_200_are_the_same(twins, direction):
    twins.load(direction, partial(fresh_weights, seed=[2]))
    lengths = np.random.default_rng(0).integers(1, 201, 16)
    lengths[:2] = 1, 200
    found = twins.compare(padded(lengths), lengths)

    assert found.verdict == SAME, found


def test_beyond_a_length_pytorch_writes_zeros_and_keras_repeats(twins):
    """The valid steps are the same, so what lies beyond is no difference."""
    stages, refusals = twins.run(padded(LENGTHS), LENGTHS)
    torch, keras = (stages[side, "float64"]["lstm"] for side in SIDES)
    inside = valid(LENGTHS)

    assert not refusals
    assert apart(torch[inside], keras[inside]) < 1e-14
    assert (torch[inside] != 0).all()
    assert (torch[~inside] == 0).all()
    for row, n in enumerate(LENGTHS):
        assert (keras[row, n:] == keras[row, n - 1]).all()


@pytest.mark.parametrize("value", [1e6, np.nan], ids=str)
def test_padding_does_not_change_a_bit_of_the_model(twins, value):
    """Also where the padding is NaN, which any arithmetic would hand on."""
    clean, _ = twins.run(padded(LENGTHS), LENGTHS)
    stages, refusals = twins.run(padded(LENGTHS, value), LENGTHS)
    inside = valid(LENGTHS)

    assert not refusals
    for side in SIDES:
        for dtype in PRECISIONS:
            before, after = clean[side, dtype], stages[side, dtype]
            assert np.isfinite(after["prediction"]).all()
            assert after["prediction"].dtype == dtype
            assert same_bits(before["lstm"][inside], after["lstm"][inside])
            for name in ("lstm.h", "lstm.c", "prediction"):
                assert same_bits(before[name], after[name])


@pytest.mark.parametrize("value", [1e6, np.nan], ids=str)
def test_padding_does_not_change_a_bit_of_a_layer(layer, value):
    """The backward direction meets the padding before it meets the sequence."""
    _, twins = layer
    clean, _ = twins.run(padded(LENGTHS), LENGTHS)
    stages, refusals = twins.run(padded(LENGTHS, value), LENGTHS)
    inside = valid(LENGTHS)

    assert not refusals
    for side in SIDES:
        for dtype in PRECISIONS:
            before, after = clean[side, dtype], stages[side, dtype]
            assert after["output"].shape == (3, 8, 2 * HIDDEN)
            assert np.isfinite(after["output"][inside]).all()
            assert same_bits(before["output"][inside], after["output"][inside])
            for name in ("h_n", "c_n"):
                if name in before:
                    assert np.isfinite(after[name]).all()
                    assert same_bits(before[name], after[name])


def test_padding_that_is_nan_leaves_the_layers_the_same(layer):
    _, twins = layer
    found = twins.compare(padded(LENGTHS, np.nan), LENGTHS)

    assert found.verdict == SAME, found


def test_enforce_sorted_makes_no_difference_to_sorted_lengths(twins):
    """It promises an order, for the export to ONNX; the numbers do not depend on it."""
    lengths = np.sort(LENGTHS)[::-1].copy()
    pack = partial(
        torch.nn.utils.rnn.pack_padded_sequence,
        lengths=torch.from_numpy(lengths),
        batch_first=True,
    )
    x = padded(lengths)
    promised = in_torch(twins, x, partial(pack, enforce_sorted=True))
    sorted_here = in_torch(twins, x, partial(pack, enforce_sorted=False))
    model = twins.twin("torch", "float64")(x, lengths)

    assert all(map(same_bits, promised, sorted_here))
    assert same_bits(promised[0], model["lstm"])
    assert same_bits(promised[2], model["prediction"])


def test_enforce_sorted_refuses_unsorted_lengths():
    x = torch.from_numpy(padded(LENGTHS))

    with pytest.raises(RuntimeError, match="sorted in decreasing order"):
        torch.nn.utils.rnn.pack_padded_sequence(
            x, torch.from_numpy(LENGTHS), batch_first=True, enforce_sorted=True
        )


def test_a_masking_layer_is_the_explicit_mask(twins):
    x = padded(LENGTHS)
    masking = keras.layers.Masking(mask_value=0.0, dtype="float64")
    _, explicit = in_keras(twins, x, mask=valid(LENGTHS))
    _, found = in_keras(twins, x, masking=masking)
    model = twins.twin("keras", "float64")(x, LENGTHS)["prediction"]

    assert (x[valid(LENGTHS)] != 0).any(-1).all()
    assert apart(found, explicit) < 1e-14
    assert apart(found, model) < 1e-14


def test_a_masking_layer_skips_a_real_row_of_zeros(twins):
    """The trap: of the sequences, only the one with such a row gets another answer."""
    x = padded(LENGTHS)
    x[1, 6] = 0
    masking = keras.layers.Masking(mask_value=0.0, dtype="float64")
    _, found = in_keras(twins, x, masking=masking)
    right = twins.twin("keras", "float64")(x, LENGTHS)["prediction"]
    skipped = valid(LENGTHS)
    skipped[1, 6] = False
    _, without_the_row = in_keras(twins, x, mask=skipped)

    assert apart(found[1], right[1]) > 1e-3
    assert apart(found[[0, 2]], right[[0, 2]]) < 1e-14
    assert apart(found, without_the_row) < 1e-14


def test_a_mask_makes_left_and_right_padding_the_same(twins):
    """Keras skips a masked step wherever it is."""
    right, _ = in_keras(twins, padded(LENGTHS), valid(LENGTHS))
    left, _ = in_keras(twins, padded_left(LENGTHS), valid(LENGTHS)[:, ::-1])

    assert apart(left, right) < 1e-14


def test_left_padding_read_by_lengths_is_wrong_in_both_twins_alike(twins):
    """The twins are the same; "same" does not say that the input was right."""
    right, _ = twins.run(padded(LENGTHS), LENGTHS)
    left, _ = twins.run(padded_left(LENGTHS), LENGTHS)
    found = twins.compare(padded_left(LENGTHS), LENGTHS)
    short = ~valid(LENGTHS)[:, -1]  # the longest has no padding to misplace

    assert found.verdict == SAME, found
    for side in SIDES:
        one, other = (run[side, "float64"]["prediction"] for run in (left, right))
        assert (np.abs(one - other).max(-1)[short] > 1e-3).all()
        assert apart(one[~short], other[~short]) < 1e-14


def test_padding_that_is_read_changes_the_answer(twins):
    """Steps of zeros are steps; only the longest sequence, without any, is right."""
    x = padded(LENGTHS)
    stages, _ = twins.run(x, LENGTHS)
    unpacked = in_torch(twins, x)[-1]
    unmasked = in_keras(twins, x)[-1]
    short = ~valid(LENGTHS)[:, -1]

    for side, read in (("torch", unpacked), ("keras", unmasked)):
        right = stages[side, "float64"]["prediction"]
        assert (np.abs(read - right).max(-1)[short] > 1e-3).all()
        assert apart(read[~short], right[~short]) < 1e-14
    assert apart(unpacked, unmasked) < 1e-14


def refused(cls, found):
    """Whether both twins refused the empty sequence, and said why."""
    said = f"{cls} expects 3 lengths of 1 to 8, got"
    return found.verdict == BOTH_REFUSE and all(
        said in found.refusals[side] for side in SIDES
    )


WRONG = [(5, 0, 3), (0, 0, 0), (5, 9, 3), (5, 8), (5,), (5, 8, 3, 2), (5, -1, 3)]


@pytest.mark.parametrize("lengths", WRONG, ids=str)
def test_the_model_refuses_lengths_that_are_not_one_for_each(twins, lengths):
    """No empty sequence, none longer than the input, none missing or left over."""
    found = twins.compare(padded(LENGTHS), np.array(lengths))

    assert refused("LSTMModelVariableSeq", found), found


@pytest.mark.parametrize("lengths", WRONG, ids=str)
def test_the_layers_refuse_lengths_that_are_not_one_for_each(layer, lengths):
    cls, twins = layer
    found = twins.compare(padded(LENGTHS), np.array(lengths))

    assert refused(cls, found), found


def test_a_refusal_leaves_the_twins_usable(twins):
    x = padded(LENGTHS)

    assert twins.compare(x, np.array([5, 0, 3])).verdict == BOTH_REFUSE
    assert twins.compare(x, LENGTHS).verdict == SAME


def alone(twins, lengths):
    """Row, length, and the float64 stages of each sequence run without padding."""
    for row, sequence in enumerate(ragged(lengths)):
        n = len(sequence)
        stages, refusals = twins.run(sequence[None], np.array([n]))
        assert not refusals
        for side in SIDES:
            yield row, n, side, stages[side, "float64"]


def test_a_sequence_alone_is_what_it_is_in_the_batch(twins):
    batch, _ = twins.run(padded(LENGTHS, np.nan), LENGTHS)
    for row, n, side, stages in alone(twins, LENGTHS):
        together = batch[side, "float64"]
        assert apart(stages["lstm"][0], together["lstm"][row, :n]) < 1e-12
        for name in ("lstm.h", "lstm.c", "prediction"):
            assert apart(stages[name][0], together[name][row]) < 1e-12


def test_a_sequence_alone_is_what_it_is_in_the_batch_of_a_layer(layer):
    """States are (layers * directions, batch, hidden_size)."""
    _, twins = layer
    batch, _ = twins.run(padded(LENGTHS, np.nan), LENGTHS)
    for row, n, side, stages in alone(twins, LENGTHS):
        together = batch[side, "float64"]
        assert apart(stages["output"][0], together["output"][row, :n]) < 1e-12
        for name in ("h_n", "c_n"):
            if name in together:
                assert apart(stages[name][:, 0], together[name][:, row]) < 1e-12
