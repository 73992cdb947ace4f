"""Files that are written: checked before the work, and whole or not at all."""

import importlib.util
import os
import stat
import tempfile
from pathlib import Path

from compare.errors import BadInput


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
