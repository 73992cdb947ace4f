"""Files that are written: checked before the work, and whole or not at all."""

import importlib.util
import os
import stat
import tempfile
import zipfile
from pathlib import Path

from compare.errors import BadInput

LONGEST_NAME = 500  # letters; a longer name is not one that a person gave
MOST_UNPACKED = 200  # bytes for each of a zip; zeros shrink to a thousandth


def target(option: str, path: str) -> Path:
    """Where a result goes.

    Args:
        option: that names the file, for messages.
        path: as it was typed.

    Raises:
        BadInput: if no file can be written there, which is said before the work.
    """
    file = Path(path).resolve()  # the file that a link leads to, not the link
    if not file.parent.is_dir():
        raise BadInput(
            f"{option} {path}: expected a file in a folder that exists, got "
            f"{Path(path).parent}, which does not; create it first"
        )
    if file.exists():
        mode = file.stat().st_mode
        if not (stat.S_ISREG(mode) and mode & stat.S_IWUSR):
            raise BadInput(
                f"{option} {path}: expected a file that can be written, got a folder, "
                "a device or a protected file; name another file"
            )
    if not os.access(file.parent, os.W_OK):
        raise BadInput(
            f"{option} {path}: expected a folder that can be written to, got "
            f"{file.parent}; name a file elsewhere"
        )
    return file


def check_name(path: Path, name: str) -> None:
    """Raise BadInput for a name in a file that would change what a terminal shows."""
    if not name.isprintable() or len(name) > LONGEST_NAME:
        raise BadInput(
            f"{path}: expected names of letters, digits and signs, at most "
            f"{LONGEST_NAME} of them, got {ascii(name)[:100]}; name the layer "
            "otherwise and save it again"
        )


def check_zip(path: Path, content: zipfile.ZipFile) -> None:
    """Raise BadInput for a zip that claims to hold far more than its size.

    It would fill the memory; numbers do not shrink like that, except in a trap.
    """
    unpacked, packed = 0, 0
    for entry in content.infolist():
        _check_size(path, entry.file_size, entry.compress_size)
        unpacked += entry.file_size
        packed += entry.compress_size
    _check_size(path, unpacked, packed)  # many small entries are a trap as well


def _check_size(path: Path, unpacked: int, packed: int) -> None:
    if unpacked > MOST_UNPACKED * max(packed, 1):
        raise BadInput(
            f"{path}: expected a file that Keras or PyTorch saved, got a zip that "
            f"claims {unpacked} bytes in {packed}, more than {MOST_UNPACKED} times as "
            "many; save it again"
        )


def write(option: str, target: Path, content: str | bytes) -> None:
    """Write all of it or nothing; a file that is there keeps its permissions.

    Args:
        option: that names the file, for messages.
        target: as `target` returned it.
        content: text gets a line's end after it.

    Raises:
        BadInput: if the file cannot be written.
    """
    if isinstance(content, str):
        content = f"{content}\n".encode()
    try:
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            part = Path(folder) / target.name
            part.write_bytes(content)  # a new file is as open as the umask lets it
            if target.exists():
                part.chmod(stat.S_IMODE(target.stat().st_mode))
            part.replace(target)
    except OSError as error:
        raise BadInput(
            f"{option} {target}: expected a file that can be written, got: {error}; "
            "name another file"
        ) from None


def check_picture(path: str) -> None:
    """Raise BadInput, before the work, where no picture could be drawn."""
    if not path.lower().endswith(".png"):
        raise BadInput(f"--plot {path}: expected a file that ends in .png")
    if importlib.util.find_spec("matplotlib") is None:
        raise BadInput(
            f"--plot {path}: expected matplotlib to be installed, found none; run pip "
            'install -e ".[plot]"'
        )
