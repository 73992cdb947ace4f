"""Weights of layers that Keras 2 had for CuDNN, and the ending .hdf5."""

import h5py
import numpy as np
import pytest
import torch

from compare import BadInput
from compare.twins.files.transfer import transfer_files

FEATURES, UNITS = 4, 5
GATES = {"LSTM": 4, "GRU": 3}


def drawn(kind):
    """Kernel, recurrent kernel and bias as CuDNN's layer has them."""
    rng = np.random.default_rng(3)
    width = GATES[kind] * UNITS
    shapes = {
        "kernel": (FEATURES, width),
        "recurrent_kernel": (UNITS, width),
        "bias": (2 * width,),
    }
    return {
        name: rng.normal(size=shape).astype("float32") for name, shape in shapes.items()
    }


def saved(path, arrays):
    """A file of weights alone, as Keras 2 wrote it."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"rnn"]
        group = file.create_group("rnn")
        group.attrs["weight_names"] = [f"rnn/{name}:0".encode() for name in arrays]
        for name, array in arrays.items():
            group[f"rnn/{name}:0"] = array
    return str(path)


def module(kind):
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = getattr(torch.nn, kind)(FEATURES, UNITS, batch_first=True)

    return Model()


def gate(array, number, gates):
    return np.split(array, gates, axis=-1)[number]


@pytest.mark.parametrize("ending", [".h5", ".hdf5"])
@pytest.mark.parametrize("kind", GATES)
def test_weights_of_cudnn_are_read_in_their_layout(tmp_path, kind, ending):
    """A gate's kernel, (features, units), is what C order fills by units: see Keras."""
    arrays, target = drawn(kind), tmp_path / "model.pt"
    torch.save(module(kind).state_dict(), target)

    transfer_files(saved(tmp_path / f"old{ending}", arrays), str(target))

    state = {name: t.numpy() for name, t in torch.load(target).items()}
    gates = GATES[kind]
    order = {"LSTM": [0, 1, 2, 3], "GRU": [1, 0, 2]}[kind]  # i f g o; r z n of z r h
    for place, number in enumerate(order):
        rows = slice(place * UNITS, (place + 1) * UNITS)
        kernel = gate(arrays["kernel"], number, gates)
        recurrent = gate(arrays["recurrent_kernel"], number, gates)
        biases = gate(arrays["bias"].reshape(2, -1), number, gates)
        expected = kernel.reshape(UNITS, FEATURES)
        assert np.array_equal(state["rnn.weight_ih_l0"][rows], expected)
        assert np.array_equal(state["rnn.weight_hh_l0"][rows], recurrent)
        total = state["rnn.bias_ih_l0"][rows] + state["rnn.bias_hh_l0"][rows]
        assert np.allclose(total, biases.sum(0), atol=1e-6)
        if kind == "GRU":  # the bias inside the reset gate's product stays apart
            assert np.array_equal(state["rnn.bias_hh_l0"][rows], biases[1])


def test_no_file_is_written_in_the_layout_of_cudnn(tmp_path):
    source = tmp_path / "model.pt"
    torch.save(module("LSTM").state_dict(), source)
    target = saved(tmp_path / "old.h5", drawn("LSTM"))
    before = (tmp_path / "old.h5").read_bytes()

    with pytest.raises(BadInput, match="got one of CuDNNLSTM or CuDNNGRU"):
        transfer_files(str(source), target)
    assert (tmp_path / "old.h5").read_bytes() == before
