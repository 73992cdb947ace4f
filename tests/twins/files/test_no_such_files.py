"""What is no file, or not of the kind that its ending says, is not read."""

import os
import zipfile

import pytest
from made_files import dense, linear, refused

from compare.twins.files.transfer import transfer_files


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
        with zipfile.ZipFile(path, "w") as target:
            target.writestr("a.txt", b"weights")
    else:
        dense(path)
        if ending == ".h5":
            pytest.skip("HDF5 named .h5 is what its ending says")
    other = dense(tmp_path / "b.weights.h5")
    if ending in (".keras", ".h5"):
        other = linear(tmp_path / "b.safetensors")

    assert ANOTHER[ending] in refused(path, other)
