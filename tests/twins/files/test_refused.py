"""Weight files that are refused, and nothing in them is run."""

import json
import pickle
import subprocess
import sys
import zipfile

import h5py
import keras
import pytest
import torch
from weight_files import (
    HIDDEN,
    KERAS,
    TORCH,
    named,
    save_torch,
    torch_model,
)

from compare import BadInput
from compare.twins.files.transfer import transfer_files


class Evil:
    """Writes a file when it is unpickled by anybody who lets it."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def test_a_pickle_with_code_is_refused_and_its_code_not_run(saved, tmp_path):
    folder, model, _ = saved
    mark, path = tmp_path / "executed", tmp_path / "evil.pt"
    torch.save({"state_dict": model.state_dict(), "evil": Evil(mark)}, path)
    with pytest.raises(BadInput, match=r"save model\.state_dict") as refusal:
        transfer_files(str(path), str(folder / "model.keras"))

    assert not mark.exists()
    assert len(str(refusal.value).splitlines()) == 1
    torch.load(path, weights_only=False)["evil"].close()
    assert mark.exists()  # so it would have run


def test_a_bare_pickle_is_refused_and_its_code_not_run(saved, tmp_path):
    folder, _, _ = saved
    mark, path = tmp_path / "executed", tmp_path / "evil.pt"
    path.write_bytes(pickle.dumps(Evil(mark), protocol=2))

    with pytest.raises(BadInput, match=r"save model\.state_dict"):
        transfer_files(str(path), str(folder / "model.keras"))
    assert not mark.exists()


def changed(saved, path, change):
    """The saved `.keras` with another configuration."""
    folder, _, _ = saved
    with zipfile.ZipFile(folder / "model.keras") as source:
        entries = {name: source.read(name) for name in source.namelist()}
    config = json.loads(entries["config.json"])
    change(config["config"]["layers"])
    entries["config.json"] = json.dumps(config)
    with zipfile.ZipFile(path, "w") as target:
        for name, content in entries.items():
            target.writestr(name, content)


CODE = {
    "Lambda": lambda layers: layers[1].update(class_name="Lambda"),
    "another module": lambda layers: layers[1].update(module="mine.layers"),
    "registered": lambda layers: layers[1].update(registered_name="mine>Conv1D"),
    "subclass": lambda layers: layers[1].update(module=None),
    "function": lambda layers: layers[1]["config"].update(
        activation=dict(module="builtins", class_name="function", config="mine")
    ),
}


@pytest.mark.parametrize("case", CODE)
@pytest.mark.parametrize("as_source", [True, False])
def test_keras_with_code_of_its_own_is_refused(saved, tmp_path, case, as_source):
    changed(saved, tmp_path / "own.keras", CODE[case])
    files = str(tmp_path / "own.keras"), str(saved[0] / "model.pt")
    with pytest.raises(BadInput, match=r"compare\.transfer\(source") as refusal:
        transfer_files(*(files if as_source else files[::-1]))

    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_lambda_that_keras_saved_is_refused(saved, tmp_path, ending):
    layers = [
        keras.Input((3,)),
        keras.layers.Lambda(lambda x: x),
        keras.layers.Dense(1),
    ]
    path = tmp_path / f"own{ending}"
    keras.Sequential(layers).save(path)

    with pytest.raises(BadInput, match="got Lambda, whose code"):
        transfer_files(str(path), str(saved[0] / "model.pt"))


def test_what_pytorch_lacks_is_refused(saved, tmp_path):
    def change(layers):
        (gru,) = (layer for layer in layers if layer["class_name"] == "GRU")
        gru["config"]["recurrent_activation"] = "hard_sigmoid"

    changed(saved, tmp_path / "hard.keras", change)
    with pytest.raises(BadInput, match=r"GRU\(recurrent_activation=hard_sigmoid\)"):
        transfer_files(str(tmp_path / "hard.keras"), str(saved[0] / "model.pt"))


@pytest.mark.parametrize(
    ("first", "second"), [(".pt", ".safetensors"), (".keras", ".h5")]
)
def test_two_files_of_one_framework_are_refused(saved, first, second):
    paths = [str(named(saved[0], ending)) for ending in (first, second)]

    with pytest.raises(BadInput, match=r"got two of (PyTorch|Keras)"):
        transfer_files(*paths)


def test_unmatched_layers_are_named_on_both_sides(saved, tmp_path):
    model = torch_model()
    model.head[0] = torch.nn.Linear(HIDDEN, 5)
    save_torch(model, tmp_path / "other.pt")

    with pytest.raises(BadInput, match="1 in PyTorch and 1 in Keras") as refusal:
        transfer_files(str(tmp_path / "other.pt"), str(saved[0] / "model.keras"))
    assert "* head.0 Linear [5x6, 5]" in str(refusal.value)
    assert "* out Dense [6x3, 3]" in str(refusal.value)


def test_a_link_to_another_file_is_not_followed(saved, tmp_path):
    with h5py.File(tmp_path / "a.weights.h5", "w") as file:
        file["dense"] = h5py.ExternalLink("other.h5", "/dense")

    with pytest.raises(BadInput, match="no such thing in the file itself"):
        transfer_files(str(tmp_path / "a.weights.h5"), str(saved[0] / "model.pt"))


@pytest.mark.parametrize("ending", [*TORCH, *KERAS])
@pytest.mark.parametrize("half", [True, False])
def test_a_truncated_or_empty_file_is_refused_in_one_line(
    saved, tmp_path, ending, half
):
    content = named(saved[0], ending).read_bytes()
    bad = named(tmp_path, ending)
    bad.write_bytes(content[: len(content) // 2 if half else 0])
    other = ".keras" if ending in TORCH else ".pt"
    with pytest.raises(BadInput, match=r"expected a .*file") as refusal:
        transfer_files(str(named(saved[0], other)), str(bad))

    assert len(str(refusal.value).splitlines()) == 1
    assert [each.name for each in tmp_path.iterdir()] == [bad.name]


@pytest.mark.parametrize(
    ("source", "target", "out", "message"),
    [
        ("model.pt", "model.keras", "out.h5", r"ending of .*model.keras, .keras"),
        ("model.pt", "model.weights.h5", "out.h5", "expected the ending of"),
        ("model.pt", "model.keras", "no/out.keras", "expected a file in a folder"),
        (".", "model.keras", None, "expected a file that ends in"),
        ("folder.pt", "model.keras", None, "got a folder"),
        ("missing.pt", "model.keras", None, "got nothing of that name"),
        ("model.pt", "model.txt", None, "expected a file that ends in"),
    ],
    ids=str,
)
def test_paths_that_cannot_be_used_are_refused(saved, source, target, out, message):
    folder = saved[0]
    (folder / "folder.pt").mkdir(exist_ok=True)
    before = {each: each.stat().st_mtime_ns for each in folder.iterdir()}
    with pytest.raises(BadInput, match=message):
        transfer_files(
            str(folder / source), str(folder / target), out and str(folder / out)
        )

    assert {each: each.stat().st_mtime_ns for each in folder.iterdir()} == before


@pytest.mark.parametrize("ending", KERAS)
def test_no_framework_is_loaded_without_a_pickle(saved, tmp_path, ending):
    folder = saved[0]
    paths = [str(folder / "model.safetensors"), str(named(folder, ending))]
    out = str(named(tmp_path, ending))
    code = (
        "import sys; from compare.twins.files.transfer import transfer_files; "
        f"transfer_files(*{paths!r}, {out!r}); "
        "print({'torch', 'keras', 'tensorflow'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert ran.stdout.strip() == "set()", ran.stderr
