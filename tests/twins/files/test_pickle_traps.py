"""Files of torch.save that would take all time or memory: refused for what they claim.

What the checks before reading do not see, the child ends in which files are read; see
tests/doors/test_apart.py.
"""

import pickle
import struct
import zipfile

import pytest
import torch
from made_files import KERNEL, dense, refused


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


def test_a_file_whose_checksum_is_wrong_is_damaged(tmp_path):
    """PyTorch does not look at it, and reads other numbers."""
    path = tmp_path / "fc.pt"
    torch.save({"fc.weight": torch.tensor(KERNEL.T), "fc.bias": torch.zeros(3)}, path)
    content = bytearray(path.read_bytes())
    content[content.index(KERNEL.tobytes())] ^= 1
    path.write_bytes(content)

    assert "damaged" in refused(path, dense(tmp_path / "fc.weights.h5"))
