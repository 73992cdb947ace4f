"""Weight files that hold no configuration."""

import h5py
import keras
import numpy as np
import pytest
import torch
from weight_files import HIDDEN, save_torch

from compare import BadInput
from compare.twins.files.transfer import transfer_files


def word_models(size):
    """A subclassed model, whose file knows no order, behind its twin."""

    class Words(keras.Model):
        def __init__(self):
            super().__init__()
            self.words = keras.layers.Embedding(7, HIDDEN)
            self.mix = keras.layers.Dense(size, use_bias=False)
            self.rnns = [keras.layers.LSTM(5, return_sequences=True) for _ in "ab"]

        def call(self, x):
            x = self.mix(self.words(x))
            for rnn in self.rnns:
                x = rnn(x)
            return x

    class InTorch(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.words = torch.nn.Embedding(7, HIDDEN)
            self.mixing = torch.nn.Linear(HIDDEN, size, bias=False)
            self.rnn = torch.nn.LSTM(size, 5, 2, batch_first=True)

        def forward(self, x):
            return self.rnn(self.mixing(self.words(x)))[0]

    second = Words()
    second(np.zeros((1, 2), int))
    return InTorch(), second


def carried(folder, ending, size, names=None):
    """What PyTorch's model gives, and Keras's with the weights from its file."""
    first, second = word_models(size)
    source, target = folder / f"a{ending}", folder / "b.weights.h5"
    save_torch(first, source)
    second.save_weights(target)
    twins = {name: second.get_layer(index=n).name for name, n in (names or {}).items()}
    transfer_files(str(source), str(target), names=twins)
    second.load_weights(target)
    x = np.random.default_rng(0).integers(0, 7, (2, 5))
    with torch.no_grad():
        return first(torch.from_numpy(x)).numpy(), second(x).numpy()


@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
def test_a_lone_matrix_is_what_its_twin_is(tmp_path, ending):
    """An Embedding's is (7, 6) on both sides; a Linear's (8, 6) is a Dense's (6, 8)."""
    one, other = carried(tmp_path, ending, 8)

    assert np.abs(one - other).max() < 1e-6


@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
def test_a_lone_matrix_that_fits_two_twins_is_refused(tmp_path, ending):
    with pytest.raises(BadInput, match=r"that fit Dense dense.* or Embedding emb"):
        carried(tmp_path, ending, 7)
    one, other = carried(tmp_path, ending, 7, {"words": 0, "mixing": 1})

    assert np.abs(one - other).max() < 1e-6


def weights_only(path, **layers):
    """A file of the layout that Keras 3 gives the weights of a subclassed model."""
    with h5py.File(path, "w") as file:
        for name, arrays in layers.items():
            for number, array in enumerate(arrays):
                file[f"{name}/vars/{number}"] = array


def state_dict(path, **tensors):
    from safetensors.numpy import save_file

    save_file({n.replace("__", "."): t for n, t in tensors.items()}, path)


def test_a_square_matrix_that_may_be_either_is_refused(tmp_path):
    square = np.eye(3, dtype="float32")
    state_dict(tmp_path / "a.safetensors", first__weight=square)
    weights_only(tmp_path / "b.weights.h5", first=[square])

    with pytest.raises(
        BadInput, match="got arrays that fit Dense first or Embedding first"
    ):
        transfer_files(str(tmp_path / "a.safetensors"), str(tmp_path / "b.weights.h5"))


def alike(tmp_path, one, other):
    """Two layers of the same sizes, called differently on both sides."""
    rng = np.random.default_rng(0)
    bias = np.ones(3, "float32")
    arrays = rng.uniform(-1, 1, (4, 3, 3)).astype("float32")
    tensors = {}
    for name, array in zip(one, arrays, strict=False):
        tensors |= {f"{name}__weight": array, f"{name}__bias": bias}
    state_dict(tmp_path / "a.safetensors", **tensors)
    layers = {n: [a, bias] for n, a in zip(other, arrays[2:], strict=True)}
    weights_only(tmp_path / "b.weights.h5", **layers)
    return str(tmp_path / "a.safetensors"), str(tmp_path / "b.weights.h5"), arrays


def test_layers_that_only_an_unknown_order_tells_apart_are_refused(tmp_path):
    *paths, _ = alike(tmp_path, ["before", "after"], ["start", "end"])

    with pytest.raises(BadInput, match=r"be --names after=end,before=start$"):
        transfer_files(*paths)


def test_numbers_in_names_are_an_order(tmp_path):
    names = ["fc.2", "fc.10"], ["dense_9", "dense_10"]
    first, second, arrays = alike(tmp_path, *names)
    transfer_files(first, second)

    with h5py.File(second) as file:
        assert np.array_equal(file["dense_9/vars/0"], arrays[0].T)


def test_a_table_of_names_settles_the_order(tmp_path):
    first, second, arrays = alike(tmp_path, ["before", "after"], ["start", "end"])
    transfer_files(first, second, names={"before": "start", "after": "end"})

    with h5py.File(second) as file:
        assert np.array_equal(file["start/vars/0"], arrays[0].T)


def test_names_of_keras_2_are_understood(tmp_path):
    """`lstm_3/lstm_cell_5/kernel:0`; the state dict is that of a single layer."""
    rng = np.random.default_rng(0)
    shapes = dict(kernel=(3, 8), recurrent_kernel=(2, 8), bias=(8,))
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file.attrs["layer_names"] = [b"input_1", b"lstm_3"]
        file.create_group("input_1").attrs["weight_names"] = []
        paths = [f"lstm_3/lstm_cell_5/{name}:0" for name in shapes]
        for path, shape in zip(paths, shapes.values(), strict=True):
            file[f"lstm_3/{path}"] = rng.uniform(-1, 1, shape)
        file["lstm_3"].attrs["weight_names"] = [path.encode() for path in paths]
        kernel = file[f"lstm_3/{paths[0]}"][()]
    tensors = dict(weight_ih_l0=(8, 3), weight_hh_l0=(8, 2), bias_ih_l0=8, bias_hh_l0=8)
    tensors = {name: np.zeros(shape, "float32") for name, shape in tensors.items()}
    state_dict(tmp_path / "a.safetensors", **tensors)
    moves = transfer_files(str(tmp_path / "old.h5"), str(tmp_path / "a.safetensors"))
    from safetensors.numpy import load_file

    found = load_file(tmp_path / "a.safetensors")
    assert np.array_equal(found["weight_ih_l0"], kernel.T.astype("float32"))
    assert moves[0].source == ("lstm_3.kernel",)
