"""What a target holds and keeps: precision, shared memory, permissions, its arrays."""

import json
import os
import stat
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import torch
from made_files import KERNEL, dense, linear, refused, weights_only

from compare import BadInput, transfer
from compare.cli import main
from compare.twins.files.keras_files import KerasFile
from compare.twins.files.transfer import transfer_files

# ----------------------------------------------------------------- what a target holds


@pytest.mark.parametrize("dtype", ["int8", "bool", "int64"])
@pytest.mark.parametrize("into", ["PyTorch", "Keras"])
def test_a_target_that_holds_no_floats_is_refused(tmp_path, dtype, into):
    paths = [
        linear(tmp_path / "a.safetensors", "float32" if into == "Keras" else dtype),
        dense(tmp_path / "b.weights.h5", "float32" if into == "PyTorch" else dtype),
    ]
    said = refused(*(paths if into == "Keras" else paths[::-1]))

    assert f"fc.{'kernel' if into == 'Keras' else 'bias'}: expected float16" in said
    assert f"got {dtype}" in said


def test_finite_numbers_stay_finite(tmp_path):
    source = linear(tmp_path / "a.safetensors", value=1e6)

    assert "fc.bias: expected numbers up to 65504" in refused(
        source, dense(tmp_path / "b.weights.h5", "float16")
    )


def test_infinite_numbers_stay_infinite(tmp_path):
    target = dense(tmp_path / "b.weights.h5", "float16")
    transfer_files(linear(tmp_path / "a.safetensors", value=np.inf), target)

    with h5py.File(target) as file:
        assert np.isinf(file["fc/vars/1"]).all()


def tied_models(same):
    first = torch.nn.Module()
    first.emb = torch.nn.Embedding(3, 3)
    first.out = torch.nn.Linear(3, 3, bias=False)
    first.out.weight = first.emb.weight
    x = keras.Input((None,), dtype="int32")
    emb, out = keras.layers.Embedding(3, 3), keras.layers.Dense(3, use_bias=False)
    second = keras.Model(x, out(emb(x)))
    table = np.arange(9, dtype="float32").reshape(3, 3)
    emb.set_weights([table])
    out.set_weights([table.T if same else table])
    return first, second, {"emb": emb.name, "out": out.name}


def into_tied(how, folder, same):
    """The tied tensor before, and a function that transfers and reads it."""
    first, second, names = tied_models(same)

    def live():
        transfer(second, first, names)
        return first.out.weight.detach()

    def files():
        torch.save(first.state_dict(), folder / "a.pt")
        second.save(folder / "b.keras")
        transfer_files(str(folder / "b.keras"), str(folder / "a.pt"), names=names)
        return torch.load(folder / "a.pt")["emb.weight"]

    return first.emb.weight, {"live": live, "files": files}[how]


@pytest.mark.parametrize("how", ["live", "files"])
def test_tied_weights_take_one_value(tmp_path, how):
    _, carry = into_tied(how, tmp_path, same=True)

    assert carry().flatten().tolist() == list(range(9))


@pytest.mark.parametrize("how", ["live", "files"])
def test_tied_weights_take_no_two_values(tmp_path, how):
    weight, carry = into_tied(how, tmp_path, same=False)
    before = weight.detach().clone()

    with pytest.raises(BadInput, match=r"emb\.weight and out\.weight, which share"):
        carry()
    assert torch.equal(weight, before)


def test_live_numbers_stay_finite():
    first = torch.nn.Sequential(torch.nn.Linear(2, 3)).half()
    second = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    second.layers[0].set_weights([KERNEL, np.full(3, 1e6)])
    before = first[0].weight.tolist()

    with pytest.raises(BadInput, match=r"0\.bias: expected numbers up to 65504"):
        transfer(second, first)
    assert first[0].weight.tolist() == before
    second.layers[0].set_weights([KERNEL, np.ones(3)])
    transfer(second, first)
    assert first[0].weight.tolist() == KERNEL.T.tolist()


def test_sums_of_finite_biases_stay_finite():
    """Each fits float32, their sum does not."""
    first = torch.nn.Sequential(torch.nn.LSTM(2, 3))
    second = keras.Sequential([keras.Input((None, 2)), keras.layers.LSTM(3)])
    for name in ("bias_ih_l0", "bias_hh_l0"):
        getattr(first[0], name).data.fill_(3e38)

    with pytest.raises(BadInput, match=r"\.bias: expected numbers up to 3\.40282e\+38"):
        transfer(first, second)


def test_a_live_target_without_floats_is_refused():
    first = torch.nn.Sequential(torch.nn.Linear(2, 3))
    second = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    first[0].weight.requires_grad_(False)
    first[0].weight.data = first[0].weight.data.to(torch.int8)

    with pytest.raises(BadInput, match=r"0\.weight: expected float16, .* got int8"):
        transfer(second, first)


def test_an_expanded_tensor_takes_equal_rows_alone(tmp_path):
    row = torch.zeros(1, 2).expand(3, 2)
    torch.save({"fc.weight": row, "fc.bias": torch.zeros(3)}, tmp_path / "a.pt")
    source = weights_only(tmp_path / "b.weights.h5", fc=[KERNEL, KERNEL[0]])
    said = refused(source, tmp_path / "a.pt")
    same = weights_only(tmp_path / "c.weights.h5", fc=[KERNEL[:, [1, 1, 1]], KERNEL[0]])
    transfer_files(same, str(tmp_path / "a.pt"))

    assert "got elements of fc.weight, which share memory" in said
    assert torch.load(tmp_path / "a.pt")["fc.weight"].tolist() == [[1, 4]] * 3


def test_tensors_beside_each_other_in_one_memory_are_not_tied(tmp_path):
    flat = torch.zeros(9)
    tensors = {"fc.weight": flat[:6].view(3, 2), "fc.bias": flat[6:]}
    torch.save(tensors, tmp_path / "a.pt")
    source = weights_only(tmp_path / "b.weights.h5", fc=[KERNEL, KERNEL[0]])
    transfer_files(source, str(tmp_path / "a.pt"))
    found = torch.load(tmp_path / "a.pt")

    assert found["fc.weight"].tolist() == KERNEL.T.tolist()
    assert found["fc.bias"].tolist() == KERNEL[0].tolist()


# -------------------------------------------------------------------- what is written


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_a_target_keeps_its_permissions(tmp_path, mode):
    target = Path(dense(tmp_path / "b.weights.h5"))
    target.chmod(mode)
    transfer_files(linear(tmp_path / "a.safetensors"), str(target))

    assert stat.S_IMODE(target.stat().st_mode) == mode


def test_a_new_file_gets_what_the_umask_gives(tmp_path):
    paths = linear(tmp_path / "a.safetensors"), dense(tmp_path / "b.weights.h5")
    before = os.umask(0o027)
    try:
        transfer_files(*paths, str(tmp_path / "c.weights.h5"))
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "c.weights.h5").stat().st_mode) == 0o640


def test_out_is_the_file_behind_a_link(tmp_path):
    paths = linear(tmp_path / "a.safetensors"), dense(tmp_path / "b.weights.h5")
    out = tmp_path / "out.weights.h5"
    out.symlink_to(tmp_path / "c.pt")

    assert "got c.pt" in refused(*paths, str(out))


def test_out_is_not_the_source(tmp_path):
    paths = linear(tmp_path / "a.safetensors"), dense(tmp_path / "b.weights.h5")
    os.link(paths[0], tmp_path / "c.weights.h5")
    said = refused(*paths, str(tmp_path / "c.weights.h5"))

    assert "expected another file than the source" in said


def test_a_person_is_told_that_weights_are_all_that_moved(tmp_path, capsys):
    paths = linear(tmp_path / "a.safetensors"), dense(tmp_path / "b.weights.h5")

    assert main(["transfer", *paths]) == 0
    lines = capsys.readouterr().out.splitlines()
    last = " ".join(line.strip() for line in lines[-2:])
    assert last.startswith("Weights are all that moved: epsilons, activations")
    assert "python -m compare run" in last
    assert max(map(len, lines[-2:])) <= 80


def test_a_file_that_an_earlier_transfer_wrote_is_not_called_another_programs(tmp_path):
    """It is refused for what it holds, whoever wrote it."""
    paths = linear(tmp_path / "a.safetensors"), dense(tmp_path / "b.weights.h5")
    out = tmp_path / "c.weights.h5"
    assert main(["transfer", *paths, "--out", str(out)]) == 0
    out.write_bytes(out.read_bytes() + b"0")
    text = refused(*paths, str(out))

    assert "expected a new file, or one that holds what is to be written" in text
    assert "that this command wrote" not in text


# ------------------------------------------------------------------------ which arrays


def test_layers_without_weights_take_no_arrays_by_their_names(tmp_path):
    x = keras.Input((2,), name="dense")
    y = keras.layers.Dense(3, name="first")(x)
    y = keras.layers.Dropout(0.1, name="dense_1")(y)
    keras.Model(x, keras.layers.Dense(4, name="second")(y)).save(tmp_path / "b.keras")

    assert list(KerasFile(tmp_path / "b.keras").layers) == ["first", "second"]


@pytest.mark.parametrize("ending", [".keras", ".h5", ".weights.h5"])
def test_a_layer_that_holds_a_count_is_listed(tmp_path, ending):
    layers = keras.layers
    model = [keras.Input((2,)), layers.Normalization(), layers.Dense(3)]
    model = keras.Sequential(model)
    path = tmp_path / f"b{ending}"
    (model.save_weights if "weights" in ending else model.save)(path)
    with pytest.raises(BadInput, match="0 in PyTorch and 1 in Keras") as error:
        transfer_files(linear(tmp_path / "a.safetensors"), str(path))

    assert "* normalization" in str(error.value)


@pytest.mark.parametrize("ending", [".keras", ".h5", ".weights.h5"])
def test_a_backward_layer_of_ones_own_is_read(tmp_path, ending):
    lstm = keras.layers.LSTM
    both = keras.layers.Bidirectional(
        lstm(3, return_sequences=True),
        backward_layer=lstm(3, return_sequences=True, go_backwards=True),
    )
    model = keras.Sequential([keras.Input((None, 2)), both])
    path = tmp_path / f"b{ending}"
    (model.save_weights if "weights" in ending else model.save)(path)
    first = torch.nn.Module()
    first.rnn = torch.nn.LSTM(2, 3, bidirectional=True, batch_first=True)
    torch.save(first.state_dict(), tmp_path / "a.pt")
    transfer_files(str(path), str(tmp_path / "a.pt"))
    first.load_state_dict(torch.load(tmp_path / "a.pt"))
    x = np.random.default_rng(0).uniform(-1, 1, (2, 5, 2)).astype("float32")
    with torch.no_grad():
        found = first.rnn(torch.from_numpy(x))[0].numpy()

    assert np.abs(found - model(x).numpy()).max() < 1e-6


def test_arrays_under_a_layers_own_name_are_its(tmp_path):
    """Keras 3 files them under its class, older files under its name."""
    config = dict(
        class_name="Sequential",
        config={
            "layers": [
                dict(class_name="Dense", config={"name": "fc"}),
                dict(class_name="Dropout", config={"name": "fc"}),
            ]
        },
    )
    with zipfile.ZipFile(tmp_path / "b.keras", "w") as target:
        target.writestr("config.json", json.dumps(config))
        target.write(dense(tmp_path / "b.weights.h5"), "model.weights.h5")
    (found,) = KerasFile(tmp_path / "b.keras").layers["fc"]

    assert found.kind == "Dense"
    assert list(found.arrays) == ["kernel", "bias"]


def test_a_configuration_that_leaves_layers_out_vouches_for_no_order(tmp_path):
    layers = {"layers": [dict(class_name="Dense", config={"name": "fc"})]}
    arrays = [np.zeros((3, 3), "float32"), np.zeros(3, "float32")]
    weights = weights_only(tmp_path / "b.weights.h5", dense=arrays, dense_1=arrays)
    with zipfile.ZipFile(tmp_path / "b.keras", "w") as target:
        config = dict(class_name="Sequential", config=layers)
        target.writestr("config.json", json.dumps(config))
        target.write(weights, "model.weights.h5")

    assert KerasFile(tmp_path / "b.keras").chains == []
