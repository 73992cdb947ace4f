"""The folder of a port is checked before the work, and written whole or not at all."""

import os

import pytest

from compare import files
from compare.errors import BadInput
from compare.porting import folder

NAMES = ("model.py", "README.md")
CONTENTS = {"model.py": b"source", "README.md": b"text"}


def test_a_new_folder_is_made_with_all_files(tmp_path):
    target = folder.checked(str(tmp_path / "port"), NAMES, force=False)
    folder.write(target, CONTENTS)

    assert {path.name: path.read_bytes() for path in target.iterdir()} == CONTENTS
    assert [path.name for path in tmp_path.iterdir()] == ["port"]


def test_a_folder_that_is_there_keeps_its_other_files(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    target = folder.checked(str(tmp_path), NAMES, force=False)
    folder.write(target, CONTENTS)

    assert sorted(os.listdir(tmp_path)) == ["README.md", "mine.txt", "model.py"]
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_file_of_an_earlier_port_needs_force(tmp_path):
    (tmp_path / "model.py").write_text("an earlier port")
    with pytest.raises(BadInput, match=r"got model\.py; add --force"):
        folder.checked(str(tmp_path), NAMES, force=False)

    folder.write(folder.checked(str(tmp_path), NAMES, force=True), CONTENTS)
    assert (tmp_path / "model.py").read_bytes() == b"source"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: "", "an empty name"),
        (lambda path: str(path / "absent" / "port"), "which does not; create it"),
        (lambda path: str(path / "file"), "got a file; name another"),
        (lambda path: str(path / "nul\0"), "expected a folder that can be made"),
    ],
    ids=["empty", "no parent", "file", "nul"],
)
def test_what_cannot_be_a_folder_is_refused(tmp_path, make, message):
    (tmp_path / "file").write_text("")

    with pytest.raises(BadInput, match=message):
        folder.checked(make(tmp_path), NAMES, force=True)


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path):
    (tmp_path / "model.py").mkdir()

    with pytest.raises(BadInput, match=r"got a folder of the name model\.py"):
        folder.checked(str(tmp_path), NAMES, force=True)


def test_nothing_is_left_where_a_file_cannot_be_written(tmp_path, monkeypatch):
    target = folder.checked(str(tmp_path / "port"), NAMES, force=False)

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadInput, match="No space left on device"):
        folder.write(target, CONTENTS)

    assert not [*tmp_path.iterdir()]
    assert not files.unfinished


def test_an_unfinished_folder_is_removed_when_the_process_is_stopped(tmp_path):
    part = tmp_path / f"{files.UNFINISHED}1"
    part.mkdir()
    (part / "model.py").write_text("half")
    files.unfinished.add(part)

    files.remove_unfinished()

    assert not part.exists()
