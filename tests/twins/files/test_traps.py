"""Small files that would take all time or memory: each is refused for what it claims.

What the checks before reading do not see, the child ends in which files are read; see
tests/doors/test_apart.py.
"""

import io
import json
import os
import pickle
import struct
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from made_files import KERNEL, dense, linear, refused, state_dict, weights_only

from compare import BadInput
from compare.twins.files.transfer import transfer_files

# ------------------------------------------------------------------------------- zips

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


# ------------------------------------------------------------------------------- HDF5


def hdf5(path, change):
    """A file of a dense layer, changed."""
    dense(path)
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def replaced(data):
    """Exchange the kernel for something else."""

    def change(file):
        del file["fc/vars/0"]
        data(file)

    return change


def linked_twice(file):
    group = file.create_group("a")
    for _ in range(40):
        inside = group.create_group("a")
        group["b"] = inside
        group = inside


def linked_to_itself(file):
    file["fc/again"] = file["fc"]


def very_deep(file):
    file.create_group("/".join(["a"] * 200))


def long_name(file):
    file.create_group("x" * 2000)


def claims_much(file):
    file.create_dataset("fc/vars/0", (10**5, 10**5), "f4")


def claims_much_in_a_chunk(file):
    file.create_dataset(
        "fc/vars/0", (2, 3), "f4", maxshape=(None, None), chunks=(9999, 9999)
    )


def packed_zeros(file):
    file.create_dataset(
        "fc/vars/0",
        data=np.zeros((1000, 9999), "f4"),
        chunks=(1000, 9999),
        compression=9,
    )


def no_space(file):
    file["fc/vars/0"] = h5py.Empty("f4")


TRAPS = {
    "linked twice": (linked_twice, "stands in two places"),
    "linked to itself": (linked_to_itself, "stands in two places"),
    "very deep": (very_deep, "more than 100"),
    "a long name": (long_name, "a name of 2000 letters"),
    "claims much": (replaced(claims_much), "claims 40000000000 bytes in 0"),
    "a large chunk": (replaced(claims_much_in_a_chunk), "claims 399920004 bytes in 0"),
    "packed zeros": (replaced(packed_zeros), "claims 39996000 bytes in"),
    "no space": (replaced(no_space), "no shape and no numbers"),
}


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("as_source", [True, False])
def test_hdf5_that_claims_more_than_it_holds_is_refused(tmp_path, trap, as_source):
    change, message = TRAPS[trap]
    paths = [
        hdf5(tmp_path / "b.weights.h5", change),
        linear(tmp_path / "a.safetensors"),
    ]
    if not as_source:
        paths.reverse()

    assert message in refused(*paths)


@pytest.mark.parametrize(
    ("layers", "weights", "message"),
    [
        (["fc"] * 999, ["kernel:0"], "layer_names lists a name twice"),
        (["fc"], ["kernel:0"] * 999, "weight_names lists a name twice"),
        (["fc", "fc/"], ["kernel:0"], "a step that has no name"),
        (["fc"], ["../fc/kernel:0"], "no such thing in the file itself"),
    ],
)
def test_names_that_lead_to_a_thing_again_are_refused(
    tmp_path, layers, weights, message
):
    path = tmp_path / "b.h5"
    with h5py.File(path, "w") as file:
        file["fc/kernel:0"] = KERNEL
        file.attrs["layer_names"] = layers
        file["fc"].attrs["weight_names"] = weights

    assert message in refused(path, linear(tmp_path / "a.safetensors"))


def test_packed_numbers_of_a_target_that_are_broken_are_refused(tmp_path):
    path = tmp_path / "b.weights.h5"
    with h5py.File(path, "w") as file:
        kernel = np.random.default_rng(0).uniform(-1, 1, (2, 3)).astype("float32")
        file.create_dataset("fc/vars/0", data=kernel, chunks=(2, 2), compression="gzip")
        file["fc/vars/1"] = np.zeros(3, "float32")
        chunk = file["fc/vars/0"].id.get_chunk_info(1)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset : chunk.byte_offset + chunk.size] = bytes(chunk.size)
    path.write_bytes(content)

    assert "numbers that can be replaced" in refused(
        linear(tmp_path / "a.safetensors"), path
    )


# ---------------------------------------------------------------------------- pickles


def pickled(path, pickle_bytes, storage=bytes(24)):
    """A file of `torch.save` around any pickle."""
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("a/data.pkl", pickle_bytes)
        target.writestr("a/data/0", storage)
    return path


class Made:
    """Is saved as a call."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


PICKLES = {
    "a bytearray": pickle.dumps(Made(bytearray, 6 * 10**9), 2),
    "bytes before they are read": b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b".",
    "a large number of an object": b"\x80\x02}r\xff\xff\xff\x7f.",
    "a text longer than the file": b"\x80\x02X\xff\xff\xff\x7f.",
    "no end of lists": b"\x80\x02" + b"(" * 10**5 + b".",
    "another class": b"\x80\x02c\x1b[2J\nsystem\n.",
}


@pytest.mark.parametrize("case", PICKLES)
def test_pickles_that_would_fill_the_memory_are_refused(tmp_path, case):
    path = pickled(tmp_path / "a.pt", PICKLES[case])

    assert "expected a file of torch.save" in refused(
        path, dense(tmp_path / "b.weights.h5")
    )


def edited(path, old, new):
    """A file of `torch.save` whose pickle says something else in one place."""
    whole = path.with_name("whole.pt")
    torch.save({"fc.weight": torch.ones(3, 2), "fc.bias": torch.ones(3)}, whole)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename.endswith("data.pkl"):
                assert old in content
                content = content.replace(old, new, 1)
            target.writestr(entry, content)
    return path


SIX, THREE_TWO = b"K\x06", b"K\x03K\x02\x86"
LARGE = b"J\xff\xff\xff\x7f"
TENSORS = {
    "a storage larger than its entry": (SIX, LARGE),
    "numbers of eight bytes": (b"FloatStorage", b"DoubleStorage"),
    "a tensor that goes beyond its storage": (THREE_TWO, LARGE + b"K\x02\x86"),
    "a negative size": (THREE_TWO, b"J\xff\xff\xff\xffK\x02\x86"),
    "a negative step": (b"K\x02K\x01\x86", b"J\xff\xff\xff\xffK\x01\x86"),
}


@pytest.mark.parametrize("case", TENSORS)
def test_tensors_that_lie_outside_their_storage_are_refused(tmp_path, case):
    """PyTorch would make it larger, and show what memory held before."""
    path = edited(tmp_path / "a.pt", *TENSORS[case])

    assert "got one that is damaged" in refused(path, dense(tmp_path / "b.weights.h5"))


def test_storages_of_an_older_file_that_claim_more_than_it_holds_are_refused(tmp_path):
    path = tmp_path / "a.pt"
    torch.save(
        {"fc.weight": torch.ones(3, 2)}, path, _use_new_zipfile_serialization=False
    )
    content = path.read_bytes()
    assert SIX in content
    path.write_bytes(content.replace(SIX, LARGE, 1))

    assert "got one that is damaged" in refused(path, dense(tmp_path / "b.weights.h5"))


# ------------------------------------------------------------------------ safetensors


def header(path, text, content=b"", length=None):
    if length is None:
        length = len(text)
    path.write_bytes(struct.pack("<Q", length) + text + content)
    return path


def entry(**changes):
    layout = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changes}
    return json.dumps(layout).encode()


HEADERS = {
    "longer than the file": (b"{}", b"", 2**60),
    "nested": (b'{"a":' + b"[" * 10**5 + b"]" * 10**5 + b"}", b"", None),
    "overlapping": (b'{"a": %b, "b": %b}' % (entry(), entry()), bytes(8), None),
    "twice": (
        b'{"a": %b, "a": %b}' % (entry(), entry(data_offsets=[8, 16])),
        bytes(16),
        None,
    ),
    "sizes that overflow": (
        b'{"a": %b}' % entry(shape=[2**32, 2**32, 0], data_offsets=[0, 0]),
        b"",
        None,
    ),
    "a hundred axes": (b'{"a": %b}' % entry(shape=[1] * 99 + [2]), bytes(8), None),
    "bfloat16": (
        b'{"a": %b}' % entry(dtype="BF16", data_offsets=[0, 4]),
        bytes(4),
        None,
    ),
}


@pytest.mark.parametrize("case", HEADERS)
def test_headers_of_safetensors_that_claim_what_is_not_there_are_refused(
    tmp_path, case
):
    path = header(tmp_path / "a.safetensors", *HEADERS[case])

    assert "expected a whole .safetensors file" in refused(
        path, dense(tmp_path / "b.weights.h5")
    )


def test_a_file_of_very_many_arrays_is_no_twin_of_a_small_one(tmp_path):
    arrays = {
        f"l{number}.weight": entry(shape=[0], data_offsets=[0, 0])
        for number in range(999)
    }
    text = ", ".join(f'"{name}": {layout.decode()}' for name, layout in arrays.items())
    path = header(tmp_path / "a.safetensors", f"{{{text}}}".encode())

    assert "expected weights of one model, got 999 arrays and 2" in refused(
        path, dense(tmp_path / "b.weights.h5")
    )


# ------------------------------------------------------------------ what is not a file


def a_pipe(path):
    os.mkfifo(path)


def a_link_to_itself(path):
    path.symlink_to(path.name)


def a_device(path):
    path.symlink_to("/dev/zero")


def an_empty_file(path):
    path.write_bytes(b"")


def holes(path):
    """Two terabytes, of which the disk holds nothing."""
    with open(path, "wb") as file:
        file.truncate(2 * 10**12)


NO_FILES = {
    a_pipe: "got a pipe",
    a_link_to_itself: "got nothing of that name",
    a_device: "got a device",
    an_empty_file: "got an empty one",
    holes: "of which the disk holds",
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX")
@pytest.mark.parametrize("make", NO_FILES, ids=lambda make: make.__name__)
@pytest.mark.parametrize("ending", [".pt", ".weights.h5"])
def test_what_is_no_file_is_not_opened(tmp_path, make, ending):
    path = tmp_path / f"a{ending}"
    make(path)
    other = dense(tmp_path / "b.weights.h5")
    if ending == ".weights.h5":
        other = linear(tmp_path / "b.safetensors")
    for paths in ((path, other), (other, path)):
        with pytest.raises(Exception, match=NO_FILES[make]) as refusal:
            transfer_files(*map(str, paths))
        assert str(refusal.value).isprintable()


ANOTHER = {
    ".pt": "expected a file of torch.save",
    ".safetensors": "expected a whole .safetensors file",
    ".keras": "expected a whole file that Keras saved",
    ".h5": "expected a whole file that Keras saved",
}


@pytest.mark.parametrize("ending", ANOTHER)
@pytest.mark.parametrize("content", ["text", "zip", "HDF5"])
def test_a_file_that_is_not_what_its_ending_says_is_refused(tmp_path, ending, content):
    path = tmp_path / f"a{ending}"
    if content == "text":
        path.write_text("weights\n" * 99)
    elif content == "zip":
        pickled(path, b"")
    else:
        dense(path)
        if ending == ".h5":
            pytest.skip("HDF5 named .h5 is what its ending says")
    other = dense(tmp_path / "b.weights.h5")
    if ending in (".keras", ".h5"):
        other = linear(tmp_path / "b.safetensors")

    assert ANOTHER[ending] in refused(path, other)


# ------------------------------------------------------------------------ odd numbers


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


def test_a_header_of_safetensors_stays_as_it_is(tmp_path):
    """Only numbers are replaced, so that the order and the metadata of arrays stay."""
    target = tmp_path / "b.safetensors"
    text = (b'{"__metadata__": {"by": "hand"}, "fc.weight": %b, "fc.bias": %b}   ') % (
        entry(shape=[3, 2], data_offsets=[0, 24]),
        entry(shape=[3], data_offsets=[24, 36]),
    )
    header(target, text, bytes(36))
    transfer_files(dense(tmp_path / "a.weights.h5"), str(target))

    assert text in target.read_bytes()


# ------------------------------------------------------------- what a transfer says


def test_a_file_whose_checksum_is_wrong_is_damaged(tmp_path):
    """PyTorch does not look at it, and reads other numbers."""
    path = tmp_path / "fc.pt"
    torch.save({"fc.weight": torch.tensor(KERNEL.T), "fc.bias": torch.zeros(3)}, path)
    content = bytearray(path.read_bytes())
    content[content.index(KERNEL.tobytes())] ^= 1
    path.write_bytes(content)

    assert "damaged" in refused(path, dense(tmp_path / "fc.weights.h5"))


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
