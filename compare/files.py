"""Files that are written: checked before the work, and whole or not at all."""

import importlib.util
import os
import stat
import tempfile
import zipfile
from pathlib import Path
from typing import overload

from compare.errors import BadInput, first_line

LONGEST_NAME = 500  # letters; more is no name that a person gave
MOST_PER_BYTE = 200  # bytes in one of a zip; zeros shrink to a thousandth


@overload
def target(option: str, path: str) -> Path: ...


@overload
def target(option: str, path: None) -> None: ...


def target(option: str, path: str | None) -> Path | None:
    """Where a result goes; what cannot be written is said before the work.

    Args:
        option: that named the file, for the message.
        path: None where nothing is to be written.

    Raises:
        BadInput: if the file cannot be written.
    """
    if path is None:
        return None
    file = Path(path).resolve()  # the file that a link leads to, not the link
    if not file.parent.is_dir():
        raise BadInput(
            f"{option} {path}: expected a file in a folder that exists, got "
            f"{Path(path).parent}, which does not; create it first"
        )
    mode = file.stat().st_mode if file.exists() else None
    if mode is not None and not (stat.S_ISREG(mode) and mode & stat.S_IWUSR):
        raise BadInput(
            f"{option} {path}: expected a file that can be written, got a folder, a "
            "device or a protected file; name another file"
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
    sizes = [(entry.file_size, entry.compress_size) for entry in content.infolist()]
    all_unpacked = sum(unpacked for unpacked, _ in sizes)
    all_packed = sum(packed for _, packed in sizes)
    for unpacked, packed in [*sizes, (all_unpacked, all_packed)]:
        if unpacked > MOST_PER_BYTE * max(packed, 1):
            raise BadInput(
                f"{path}: expected a file that Keras or PyTorch saved, got a zip that "
                f"claims {unpacked} bytes in {packed}, more than {MOST_PER_BYTE} times "
                "as many; save it again"
            )


def reason(error: Exception) -> str:
    """What an error says, in one short line that any terminal can show."""
    line = first_line(error) or type(error).__name__
    shown = [c if c.isprintable() else ascii(c)[1:-1] for c in line]
    return "".join(shown)[:200]


def write(option: str, target: Path, content: str | bytes) -> None:
    """Write all of it or nothing; a file that is there keeps its permissions."""
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
