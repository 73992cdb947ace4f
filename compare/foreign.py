"""What is asked of a file of strangers before it is read: kind, names and sizes."""

from __future__ import annotations

import os
import stat
import zipfile
from contextlib import suppress
from pathlib import Path, PurePosixPath

from compare.errors import BadInput
from compare.one_line import printable

LONGEST_NAME = 500  # letters; a longer name is not one that a person gave
MOST_UNPACKED = 200  # bytes for each of a file; zeros shrink to a thousandth
LEAST_WITH_HOLES = 10**8  # bytes; a smaller file is read, whatever it holds
ZIP_HEADER = 30  # bytes before the name of each entry of a zip

KINDS = {  # what a path may lead to beside a file, by the kind that `stat` gives
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def check_file(path: Path, subject: str = "a file") -> None:
    """See that a path leads to a file, without opening it: a pipe would wait.

    Args:
        path: of what is to be read.
        subject: what is expected, for the message.

    Raises:
        BadInput: if it leads to nothing, or to something else.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # a link to itself, a path with a NUL in it
        reason = "nothing of that name"
    else:
        if stat.S_ISREG(mode):
            _check_holes(path)
            return
        reason = KINDS.get(stat.S_IFMT(mode), "something else")
    raise BadInput(f"{path}: expected {subject}, got {reason}; name a saved one")


def _check_holes(path: Path) -> None:
    """Raise BadInput for a file that claims far more bytes than a disk keeps of it.

    A file of a terabyte can be made of nothing, and would be read into memory.
    """
    size = path.stat().st_size
    if size <= LEAST_WITH_HOLES or not hasattr(os, "SEEK_DATA"):
        return
    stored, end = 0, 0
    with open(path, "rb") as file, suppress(OSError):  # which says: no more data
        while stored * MOST_UNPACKED < size:
            start = os.lseek(file.fileno(), end, os.SEEK_DATA)
            end = os.lseek(file.fileno(), start, os.SEEK_HOLE)
            stored += end - start
    if stored * MOST_UNPACKED < size:
        raise BadInput(
            f"{path}: expected a whole file, got one that claims {size} bytes, of "
            f"which the disk holds {stored}; save it again"
        )


def check_name(path: Path, name: str) -> None:
    """Raise BadInput for a name in a file that would change what a terminal shows."""
    if not name.isprintable() or len(name) > LONGEST_NAME:
        raise BadInput(
            f"{path}: expected names of letters, digits and signs, at most "
            f"{LONGEST_NAME} of them, got {ascii(name[:100])[:100]}; name the layer "
            "otherwise and save it again"
        )


def check_zip(path: Path, content: zipfile.ZipFile) -> None:
    """Check what a zip says of its entries, before one is unpacked.

    Raises:
        BadInput: if they would fill the memory: if they claim to hold far more than
            they are packed in, which numbers never do, or lie on one another; or if
            two have one name, or one lies outside.
    """
    unpacked, packed = 0, 0
    names = set()
    for entry in content.infolist():
        _check_size(path, entry.file_size, entry.compress_size)
        unpacked += entry.file_size
        packed += entry.compress_size
        if entry.filename in names:
            _refuse(path, f"two entries of the name {printable(entry.filename, 60)}")
        if _is_outside(entry.filename):
            _refuse(path, f"an entry of the name {printable(entry.filename, 60)}")
        names.add(entry.filename)
    _check_size(path, unpacked, packed)  # many small entries are a trap as well
    _check_apart(path, content)


def _check_size(path: Path, unpacked: int, packed: int) -> None:
    if unpacked > MOST_UNPACKED * max(packed, 1):
        _refuse(
            path,
            f"one that claims {unpacked} bytes in {packed}, more than {MOST_UNPACKED} "
            "times as many",
        )


def _check_apart(path: Path, content: zipfile.ZipFile) -> None:
    """Raise BadInput where entries share bytes of the file."""
    end = 0
    for entry in sorted(content.infolist(), key=_start):
        if entry.header_offset < end:
            name = printable(entry.filename, 60)
            _refuse(path, f"one whose entry {name} lies on another")
        end = entry.header_offset + ZIP_HEADER + entry.compress_size


def _start(entry: zipfile.ZipInfo) -> int:
    return entry.header_offset


def _is_outside(name: str) -> bool:
    """Whether an entry would be unpacked elsewhere than inside a folder."""
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts


def _refuse(path: Path, reason: str) -> None:
    raise BadInput(
        f"{path}: expected a zip that Keras or PyTorch saved, got {reason}; save it "
        "again"
    )
