"""What the report of a transfer says that the files do not tell."""

import h5py
import keras
import numpy as np
import pytest
import torch

from compare.twins.files.transfer import transfer_files

FEATURES, UNITS, GATES = 4, 5, 4
HARD = "hard_sigmoid"


def saved_cell(path, cls):
    """A state dict with a cell; whose user may have written what it computes."""
    torch.save(torch.nn.ModuleDict({"rnn": cls(FEATURES, UNITS)}).state_dict(), path)
    return str(path)


def saved_layer(path, layer):
    keras.Sequential([keras.Input((6, FEATURES)), layer]).save(path)
    return str(path)


def saved_weights(path, version, biases=1):
    """Weights of an LSTM alone, as a version of Keras 2 wrote them."""
    rng = np.random.default_rng(3)
    shapes = {
        "kernel": (FEATURES, GATES * UNITS),
        "recurrent_kernel": (UNITS, GATES * UNITS),
        "bias": (biases * GATES * UNITS,),
    }
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"rnn"]
        file.attrs["keras_version"] = version
        group = file.create_group("rnn")
        group.attrs["weight_names"] = [f"rnn/{name}:0".encode() for name in shapes]
        for name, shape in shapes.items():
            group[f"rnn/{name}:0"] = rng.normal(size=shape).astype("float32")
    return str(path)


def told(moves):
    return " ".join(dict.fromkeys(move.beside for move in moves if move.beside))


LAYERS = {
    "hard sigmoid": (
        lambda: keras.layers.LSTM(UNITS, recurrent_activation=HARD, name="rnn"),
        torch.nn.LSTMCell,
        "recurrent_activation=hard_sigmoid",
    ),
    "gate before the product": (
        lambda: keras.layers.GRU(UNITS, reset_after=False, name="rnn"),
        torch.nn.GRUCell,
        "reset_after=False",
    ),
    "another activation": (
        lambda: keras.layers.LSTM(UNITS, activation="elu", name="rnn"),
        torch.nn.LSTMCell,
        "activation=elu",
    ),
}


@pytest.mark.parametrize("case", LAYERS)
def test_a_cell_may_be_by_hand_and_what_it_must_compute_is_said(tmp_path, case):
    make, cell, option = LAYERS[case]
    layer = saved_layer(tmp_path / "model.keras", make())
    target = saved_cell(tmp_path / "cell.pt", cell)

    moves = transfer_files(layer, target)

    assert option in told(moves)
    assert "right only if your cell, written by hand, does" in told(moves)


def test_the_numbers_of_a_cell_by_hand_go_back_into_keras(tmp_path):
    make, cell, option = LAYERS["hard sigmoid"]
    layer = saved_layer(tmp_path / "model.keras", make())
    source = saved_cell(tmp_path / "cell.pt", cell)

    moves = transfer_files(source, layer)
    kernel = keras.models.load_model(layer).layers[0].get_weights()[0]

    assert option in told(moves)
    assert np.array_equal(kernel.T, torch.load(source)["rnn.weight_ih"].numpy())


def test_a_usual_cell_needs_nothing_beside(tmp_path):
    layer = saved_layer(tmp_path / "model.keras", keras.layers.LSTM(UNITS, name="rnn"))
    cell = saved_cell(tmp_path / "cell.pt", torch.nn.LSTMCell)

    assert told(transfer_files(layer, cell)) == ""


@pytest.mark.parametrize("version", [b"2.1.5", "1.2.2", b"2.2.4-tf"])
def test_weights_of_before_keras_2_3_may_be_of_a_hard_sigmoid(tmp_path, version):
    weights = saved_weights(tmp_path / "old.h5", version)
    target = tmp_path / "model.pt"
    model = torch.nn.ModuleDict({"rnn": torch.nn.LSTM(FEATURES, UNITS)})
    torch.save(model.state_dict(), target)

    moves = transfer_files(weights, str(target))

    assert "the hard sigmoid 0.2 x + 0.5 in its gates by default" in told(moves)
    assert 'recurrent_activation="sigmoid"' in told(moves)


@pytest.mark.parametrize(("version", "biases"), [(b"2.3.1", 1), (b"2.1.5", 2)])
def test_later_weights_and_those_of_cudnn_are_of_a_sigmoid(tmp_path, version, biases):
    weights = saved_weights(tmp_path / "old.h5", version, biases)
    target = tmp_path / "model.pt"
    model = torch.nn.ModuleDict({"rnn": torch.nn.LSTM(FEATURES, UNITS)})
    torch.save(model.state_dict(), target)

    assert told(transfer_files(weights, str(target))) == ""
