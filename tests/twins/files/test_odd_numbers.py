"""Numbers that are NaN or of another order of bytes, and what a transfer says."""

import h5py
import numpy as np
import pytest
from made_files import KERNEL, dense, linear, refused, state_dict, weights_only

from compare import BadInput
from compare.twins.files.transfer import transfer_files


def test_numbers_that_are_nan_stay_so(tmp_path):
    """They are not hidden: the target gets them where the source has them."""
    source = linear(tmp_path / "a.safetensors", value=np.nan)
    target = dense(tmp_path / "b.weights.h5")
    transfer_files(source, target)

    with h5py.File(target) as file:
        assert np.isnan(file["fc/vars/1"][()]).all()
        assert not np.isnan(file["fc/vars/0"][()]).any()


@pytest.mark.parametrize("as_source", [True, False])
def test_numbers_whose_highest_byte_comes_first_are_moved(tmp_path, as_source):
    keras, torch_file = tmp_path / "b.weights.h5", tmp_path / "a.safetensors"
    weights_only(keras, fc=[(KERNEL + 1).astype(">f4"), np.zeros(3, ">f4")])
    linear(torch_file)
    paths = (keras, torch_file) if as_source else (torch_file, keras)
    transfer_files(*map(str, paths))

    from safetensors.numpy import load_file

    with h5py.File(keras) as file:
        assert file["fc/vars/0"].dtype == ">f4"
        kernel = file["fc/vars/0"][()]
    assert np.array_equal(kernel, KERNEL + as_source)
    assert np.array_equal(load_file(torch_file)["fc.weight"], kernel.T)


def test_numbers_that_are_nan_are_moved_and_counted(tmp_path):
    source = linear(tmp_path / "fc.safetensors", value=np.nan)
    moves = transfer_files(source, dense(tmp_path / "fc.weights.h5"))

    assert {move.source: move.nan for move in moves} == {
        ("fc.weight",): 0,
        ("fc.bias",): 3,
    }


def test_a_file_of_keras_without_weights_is_said(tmp_path):
    target = weights_only(tmp_path / "fc.weights.h5")

    said = refused(linear(tmp_path / "fc.safetensors"), target)
    assert "expected weights of layers, got a file without any" in said


def test_a_table_of_layers_that_cannot_be_twins_is_said(tmp_path):
    kernels = {"a": [np.zeros((2, 3), "float32")], "b": [np.zeros((4, 5), "float32")]}
    target = weights_only(tmp_path / "two.weights.h5", **kernels)
    source = state_dict(
        tmp_path / "two.safetensors",
        one__weight=np.zeros((3, 2), "float32"),
        two__weight=np.zeros((5, 4), "float32"),
    )

    with pytest.raises(BadInput, match=r"names: .* got one Linear .* and b Dense"):
        transfer_files(source, target, names={"one": "b"})


def test_lists_of_layers_stand_side_by_side(tmp_path):
    """Raised in a child process, they are lines as well."""
    source = state_dict(
        tmp_path / "fc.safetensors",
        fc__weight=np.zeros((3, 2), "float32"),
        fc__bias=np.zeros(3, "float32"),
        more__weight=np.zeros((7, 6), "float32"),
    )

    _, heading, *rows = refused(source, dense(tmp_path / "fc.h5.weights.h5")).split(
        "\n"
    )
    assert heading.split() == ["PyTorch", "Keras"]
    assert len(rows) == 2
