"""Zips of Keras that would take all time or memory: refused for what they claim.

What the checks before reading do not see, the child ends in which files are read; see
tests/doors/test_apart.py.
"""

import io
import json
import struct
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from made_files import KERNEL, linear, refused, weights_only

from compare.twins.files.transfer import transfer_files

DENSE = {
    "class_name": "Dense",
    "module": "keras.layers",
    "config": {"name": "fc", "units": 3, "activation": "linear"},
}
MODEL = {"class_name": "Sequential", "config": {"layers": [DENSE]}}


def archive(path, entries=(), config=MODEL):
    """A `.keras` with entries beside its own, of any names."""
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        file["layers/dense/vars/0"] = KERNEL
        file["layers/dense/vars/1"] = np.zeros(3, "float32")
    if not isinstance(config, bytes):
        config = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("config.json", config)
        target.writestr("model.weights.h5", weights.getvalue())
        for name, content in entries:
            target.writestr(name, content)
    return path


def test_an_archive_without_a_trap_is_moved(tmp_path):
    """The tests below would pass on anything if this were refused."""
    path = archive(tmp_path / "b.keras", [("assets/a.txt", b"kept")])

    assert len(transfer_files(linear(tmp_path / "a.safetensors"), str(path))) == 2
    assert zipfile.ZipFile(path).read("assets/a.txt") == b"kept"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_refused(tmp_path):
    path = archive(tmp_path / "b.keras", [("config.json", b"{}")])

    assert "two entries of the name config.json" in refused(
        linear(tmp_path / "a.safetensors"), path
    )


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x"])
def test_an_entry_outside_is_refused(tmp_path, name):
    path = archive(tmp_path / "b.keras", [(name, b"x")])

    assert f"an entry of the name {name}" in refused(
        linear(tmp_path / "a.safetensors"), path
    )


def test_entries_that_lie_on_one_another_are_refused(tmp_path):
    """Each would be unpacked from the same bytes."""
    path = archive(tmp_path / "b.keras", [("first", b"x" * 999), ("second", b"")])
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as whole:
        first = whole.getinfo("first").header_offset
    entry = content.rindex(b"second") - 46  # in the list at the end
    content[entry + 42 : entry + 46] = struct.pack("<I", first)
    path.write_bytes(content)

    assert "lies on another" in refused(linear(tmp_path / "a.safetensors"), path)


@pytest.mark.parametrize("depth", [300, 10**5])
def test_a_configuration_that_is_nested_without_end_is_refused(tmp_path, depth):
    config = b'{"class_name": "A", "config": ' + b"[" * depth + b"]" * depth + b"}"
    path = archive(tmp_path / "b.keras", config=config)

    assert "cannot be read" in refused(linear(tmp_path / "a.safetensors"), path)


def test_settings_in_a_configuration_are_shown_as_text(tmp_path):
    """A terminal would clear its screen and print what the file says."""
    gru = {"name": "rnn", "go_backwards": "\x1b[2J14 moves; wrote b.keras\n" * 99}
    layers = [{"class_name": "GRU", "config": {**gru, "activation": "tanh"}}]
    config = {"class_name": "Sequential", "config": {"layers": layers}}
    path = tmp_path / "b.keras"
    arrays = [np.zeros(shape, "float32") for shape in ((2, 9), (3, 9), (2, 9))]
    weights = Path(weights_only(tmp_path / "w.weights.h5", **{"layers/gru": arrays}))
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("config.json", json.dumps(config))
        target.writestr("model.weights.h5", weights.read_bytes())
    with pytest.raises(Exception, match="GRU") as refusal:
        transfer_files(linear(tmp_path / "a.safetensors"), str(path))

    text = str(refusal.value)
    assert r"go_backwards=\x1b[2J14 moves" in text
    assert text.count("14 moves") < 5
    assert all(line.isprintable() for line in text.split("\n"))
