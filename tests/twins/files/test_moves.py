"""Weights go from a file of one framework into a file of the other."""

import keras
import numpy as np
import pytest
import torch
from weight_files import FEATURES, KERAS, TORCH, keras_model, named, torch_model

from compare.twins.files.transfer import transfer_files


def load_torch(path):
    model = torch_model(seed=9)
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        found = load_file(path)
    else:
        found = torch.load(path, weights_only=True)
    model.load_state_dict(found.get("model_state", found))
    return model


def load_keras(path):
    if "weights" in path.name:
        model = keras_model(seed=9)
        model.load_weights(path)
        return model
    return keras.models.load_model(path, compile=False)


def outputs(first, second):
    x = np.random.default_rng(5).uniform(-1, 1, (3, 9, FEATURES)).astype("float32")
    with torch.no_grad():
        return first(torch.from_numpy(x)).numpy(), second(x).numpy()


PAIRS = [*zip(TORCH, KERAS, strict=True)]  # every format, not each with each


@pytest.mark.parametrize("pair", PAIRS, ids=" and ".join)
def test_numbers_go_into_a_file_that_keras_loads(saved, tmp_path, pair):
    folder, source, before = saved
    out = named(tmp_path, pair[1])
    moves = transfer_files(*(str(named(folder, p)) for p in pair), str(out))
    loaded = load_keras(out)
    one, other = outputs(source, loaded)

    assert len(moves) == len({each for m in moves for each in m.target}) == 31
    assert np.abs(one - other).max() < 1e-5
    assert not np.allclose(outputs(source, before)[1], other)


@pytest.mark.parametrize("pair", PAIRS, ids=" and ".join)
def test_numbers_go_into_a_file_that_pytorch_loads(saved, tmp_path, pair):
    folder, before, source = saved
    out = named(tmp_path, pair[0])
    moves = transfer_files(*(str(named(folder, p)) for p in pair[::-1]), str(out))
    loaded = load_torch(out)
    one, other = outputs(loaded, source)

    assert len(moves) == len({each for m in moves for each in m.source}) == 31
    assert np.abs(one - other).max() < 1e-5
    assert not np.allclose(outputs(before, source)[0], one)


@pytest.mark.parametrize("ending", TORCH)
def test_what_is_no_weight_stays_in_a_file_of_pytorch(saved, tmp_path, ending):
    """A checkpoint's other contents, counts of batches, metadata."""
    folder, _, _ = saved
    out = named(tmp_path, ending)
    transfer_files(str(folder / "model.keras"), str(named(folder, ending)), str(out))
    if ending == ".safetensors":
        from safetensors import safe_open

        with safe_open(out, framework="numpy") as file:
            assert file.metadata() == {"made": "here"}
            assert file.get_tensor("norm.num_batches_tracked") == 0
    elif "checkpoint" in ending:
        found = torch.load(out, weights_only=True)
        assert (found["epoch"], found["rate"]) == (7, [0.5])
        assert found["model_state"]["norm.num_batches_tracked"] == 0


def test_what_is_no_weight_stays_in_a_file_of_keras(saved, tmp_path):
    """The optimizer's state, the configuration."""
    folder, _, _ = saved
    model = keras_model()
    model.compile("adam", "mse")
    model.fit(np.zeros((2, 5, FEATURES)), np.zeros((2, 3)), verbose=0)
    model.save(tmp_path / "fitted.keras")
    transfer_files(str(folder / "model.pt"), str(tmp_path / "fitted.keras"))
    loaded = keras.models.load_model(tmp_path / "fitted.keras")

    assert loaded.optimizer.iterations == 1
    assert [each.name for each in loaded.layers] == [each.name for each in model.layers]


def test_without_out_the_target_itself_is_written(saved, tmp_path):
    folder, _, source = saved
    target = tmp_path / "model.pt"
    target.write_bytes((folder / "model.pt").read_bytes())
    transfer_files(str(folder / "model.keras"), str(target))
    one, other = outputs(load_torch(target), source)

    assert np.abs(one - other).max() < 1e-5


def test_there_and_back_changes_nothing_but_the_two_biases(saved, tmp_path):
    from safetensors.numpy import load_file

    folder, _, _ = saved
    there, back = tmp_path / "there.keras", tmp_path / "back.safetensors"
    first = folder / "model.safetensors"
    transfer_files(str(first), str(folder / "model.keras"), str(there))
    transfer_files(str(there), str(first), str(back))
    before, after = load_file(first), load_file(back)

    assert before.keys() == after.keys()
    for name, array in after.items():
        if "bias_ih" in name and "gru" not in name:
            other = name.replace("ih", "hh")
            total = before[name].astype("float64") + before[other]
            assert np.array_equal(array, total.astype("float32"))
            assert not after[other].any()
        elif "bias_hh" not in name:
            assert np.array_equal(array, before[name])


def test_a_target_keeps_its_precision(saved, tmp_path):
    from safetensors.numpy import load_file, save_file

    folder, _, _ = saved
    halves = load_file(folder / "model.safetensors")
    halves = {
        n: a.astype("float16") if a.dtype.kind == "f" else a for n, a in halves.items()
    }
    save_file(halves, tmp_path / "half.safetensors")
    transfer_files(str(folder / "model.keras"), str(tmp_path / "half.safetensors"))

    found = load_file(tmp_path / "half.safetensors")
    assert {n: a.dtype for n, a in found.items()} == {
        n: a.dtype for n, a in halves.items()
    }
    assert not np.array_equal(found["steps.weight"], halves["steps.weight"])
