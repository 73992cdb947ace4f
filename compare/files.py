"""Files that are written: checked before the work, and whole or not at all."""

import importlib.util
import os
import stat
import tempfile
from pathlib import Path

from compare.errors import BadInput


def target(option: str, path: str | None) -> Path | None:
    """Where a result goes; what cannot be written is said before the work."""
    if path is None:
        return None
    found = Path(path).resolve()  # the file behind a link, not the link
    if not found.parent.is_dir():
        raise BadInput(
            f"{option} {path}: expected a file in a folder that exists, got "
            f"{Path(path).parent}, which does not; create it first"
        )
    mode = found.stat().st_mode if found.exists() else None
    if mode is not None and not (stat.S_ISREG(mode) and mode & stat.S_IWUSR):
        raise BadInput(
            f"{option} {path}: expected a file that can be written, got a folder, a "
            "device or a protected file; name another file"
        )
    if not os.access(found.parent, os.W_OK):
        raise BadInput(
            f"{option} {path}: expected a folder that can be written to, got "
            f"{found.parent}; name a file elsewhere"
        )
    return found


def write(option: str, target: Path, content: str | bytes):
    """Write all of it or nothing."""
    if isinstance(content, str):
        content = f"{content}\n".encode()
    try:
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            part = Path(folder) / target.name
            part.write_bytes(content)
            part.chmod(0o644)
            part.replace(target)
    except OSError as error:
        raise BadInput(
            f"{option} {target}: expected a file that can be written, got: {error}; "
            "name another file"
        ) from None


def check_picture(path: str):
    """Raise BadInput, before the work, where no picture could be drawn."""
    if not path.lower().endswith(".png"):
        raise BadInput(f"--plot {path}: expected a file that ends in .png")
    if importlib.util.find_spec("matplotlib") is None:
        raise BadInput(
            f"--plot {path}: expected matplotlib to be installed, found none; run pip "
            'install -e ".[plot]"'
        )
