"""Files that hold what they should not: refused in one line, nothing raw, no trap."""

import json
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from made_files import KERNEL, dense, linear, refused, state_dict

from compare import BadInput
from compare.twins.files.hdf5 import natural
from compare.twins.files.pytorch_files import StateDict
from compare.twins.files.transfer import transfer_files

# ----------------------------------------------------------------------------- PyTorch


def odd_tensors():
    weight = torch.ones(3, 2)
    return {
        "sparse": weight.to_sparse(),
        "meta": weight.to("meta"),
        "float8_e4m3fn": weight.to(torch.float8_e4m3fn),
        "quantized": torch.quantize_per_tensor(weight, 0.1, 0, torch.qint8),
        "bfloat16": weight.bfloat16(),
        "complex64": weight.to(torch.complex64),
    }


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "kind", ["sparse", "meta", "float8_e4m3fn", "quantized", "bfloat16", "complex64"]
)
def test_tensors_that_are_no_plain_numbers_are_refused(tmp_path, kind):
    torch.save({"fc.weight": odd_tensors()[kind]}, tmp_path / "a.pt")

    assert f"fc.weight, {kind}" in refused(tmp_path / "a.pt", dense(tmp_path / "b.h5"))


ODD_SHAPES = {
    "a scalar": dict(rnn__weight_hh_l0=np.array(1, "float32")),
    "no size": dict(
        rnn__weight_ih_l0=np.zeros((0, 0), "float32"),
        rnn__weight_hh_l0=np.zeros((0, 0), "float32"),
    ),
    "three axes": dict(rnn__weight_hh_l0=np.zeros((4, 1, 1), "float32")),
    "a strange number": {"x.²__weight": np.zeros((3, 2), "float32")},
    "a number of many digits": {f"a{'9' * 480}__weight": np.zeros((3, 2), "float32")},
}


@pytest.mark.parametrize("case", ODD_SHAPES)
def test_arrays_of_odd_shapes_and_names_are_listed(tmp_path, case):
    source = state_dict(tmp_path / "a.safetensors", **ODD_SHAPES[case])
    target = dense(tmp_path / "b.weights.h5")
    with pytest.raises(BadInput, match="expected a twin for each layer"):
        transfer_files(source, target)


def test_digits_that_are_no_number_sort():
    assert sorted(["x.²", "x.10", "x.9"], key=natural) == ["x.9", "x.10", "x.²"]
    assert natural("²") == ["²"]


def test_a_root_parameter_beside_a_model_is_not_lost(tmp_path):
    tensors = dict(weight=KERNEL, model__weight=KERNEL)
    found = StateDict(Path(state_dict(tmp_path / "a.safetensors", **tensors)))

    assert sorted(found.places.values()) == ["model.weight", "weight"]


@pytest.mark.parametrize("key", ["ema", "net", "state_dict", "generator"])
def test_a_state_dict_is_found_under_any_one_key(tmp_path, key):
    tensors = {"fc.weight": torch.ones(3, 2), "fc.bias": torch.zeros(3)}
    optimizers = {"optimizer": tensors, "g_optim": {"state": {}, "param_groups": []}}
    torch.save({key: tensors, "epoch": 3, **optimizers}, tmp_path / "a.pt")

    assert list(StateDict(tmp_path / "a.pt").layers) == ["fc"]


def test_of_several_state_dicts_none_is_taken(tmp_path):
    tensors = {"fc.weight": torch.ones(3, 2), "fc.bias": torch.zeros(3)}
    torch.save({"model": tensors, "ema": tensors}, tmp_path / "a.pt")

    assert "got 2, under model, ema" in refused(
        tmp_path / "a.pt", dense(tmp_path / "b.weights.h5")
    )


def test_pickles_with_more_than_tensors_are_refused_in_few_words(tmp_path):
    class Mine:
        pass

    torch.save({"fc.weight": torch.ones(3, 2), "more": np.float64}, tmp_path / "a.pt")
    said = refused(tmp_path / "a.pt", dense(tmp_path / "b.weights.h5"))

    assert "more in it than tensors and plain containers" in said
    assert len(said) < 300


# ----------------------------------------------------------------------- names and zips

NAMES = {"escape": "\x1b[31mred", "newline": "fc\nline", "right to left": "a\u202eb"}


@pytest.mark.parametrize("case", NAMES)
@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
def test_names_that_a_terminal_would_obey_are_refused(tmp_path, ending, case):
    path = tmp_path / f"a{ending}"
    if ending == ".pt":
        torch.save({f"{NAMES[case]}.weight": torch.ones(3, 2)}, path)
    else:
        state_dict(path, **{f"{NAMES[case]}__weight": KERNEL})

    assert ascii(NAMES[case])[1:6] in refused(path, dense(tmp_path / "b.weights.h5"))


@pytest.mark.parametrize("case", NAMES)
def test_names_that_a_terminal_would_obey_are_refused_in_keras(tmp_path, case):
    target = dense(tmp_path / "b.weights.h5", name=NAMES[case])
    said = refused(linear(tmp_path / "a.safetensors"), target)

    assert ascii(NAMES[case])[1:6] in said


def archive(path, config, weights=b"", compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as target:
        target.writestr("config.json", json.dumps(config))
        target.writestr("model.weights.h5", weights)
    return str(path)


DENSE = dict(class_name="Dense", config=dict(name="fc", activation="linear"))
CONFIGS = {
    "null": (None, "describes no model"),
    "a list": ([], "describes no model"),
    "no config": (dict(class_name="Sequential"), "describes no model"),
    "no layers": (dict(class_name="Sequential", config={}), "not laid out as Keras"),
    "null layers": (
        dict(class_name="Sequential", config={"layers": None}),
        "not laid out as Keras",
    ),
    "a nameless class": (
        dict(class_name="Sequential", config={"layers": [{"config": {}}]}),
        "not laid out as Keras",
    ),
    "a class that clears the screen": (
        dict(class_name="Sequential", config={"layers": [{"class_name": "\x1b[2J"}]}),
        r"\\x1b\[2J",
    ),
    "an activation with a newline": (
        dict(
            class_name="Sequential",
            config={"layers": [{**DENSE, "config": {"activation": "a\nb"}}]},
        ),
        r"a\\nb",
    ),
}


@pytest.mark.parametrize("case", CONFIGS)
def test_configurations_that_describe_no_model_are_refused(tmp_path, case):
    config, message = CONFIGS[case]
    weights = Path(dense(tmp_path / "b.weights.h5")).read_bytes()
    path = archive(tmp_path / "b.keras", config, weights)
    with pytest.raises(BadInput, match=message) as error:
        transfer_files(linear(tmp_path / "a.safetensors"), path)

    assert str(error.value).isprintable()


def test_a_zip_that_claims_far_more_than_its_size_is_not_unpacked(tmp_path):
    zeros = bytes(10**7)
    path = archive(tmp_path / "b.keras", {}, zeros, zipfile.ZIP_DEFLATED)
    said = refused(linear(tmp_path / "a.safetensors"), path)

    assert "claims 10000000 bytes in" in said


def test_a_pickle_in_such_a_zip_is_not_unpacked(tmp_path):
    path = archive(tmp_path / "a.pt", {}, bytes(10**7), zipfile.ZIP_DEFLATED)

    assert "claims 10000000 bytes in" in refused(path, dense(tmp_path / "b.weights.h5"))


def test_a_zip_with_a_broken_member_is_refused(tmp_path):
    weights = Path(dense(tmp_path / "b.weights.h5")).read_bytes()
    layers = {"layers": [dict(class_name="Dense", config={"name": "fc"})]}
    config = dict(class_name="Sequential", config=layers)
    path = Path(archive(tmp_path / "b.keras", config, weights))
    with zipfile.ZipFile(path, "a") as target:
        target.writestr("metadata.json", "whole")
    path.write_bytes(path.read_bytes().replace(b"whole", b"wrong"))

    assert "Bad CRC-32" in refused(linear(tmp_path / "a.safetensors"), path)


def test_packed_numbers_that_are_broken_are_refused(tmp_path):
    path = tmp_path / "b.weights.h5"
    with h5py.File(path, "w") as file:
        kernel = np.random.default_rng(0).uniform(-1, 1, (2, 3)).astype("float32")
        file.create_dataset("fc/vars/0", data=kernel, compression="gzip")
        file["fc/vars/1"] = np.zeros(3, "float32")
        chunk = file["fc/vars/0"].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset : chunk.byte_offset + chunk.size] = bytes(chunk.size)
    path.write_bytes(content)

    assert "numbers that can be read" in refused(
        path, linear(tmp_path / "a.safetensors")
    )
