"""Files that are written: checked before the work, and whole or not at all."""

import importlib.util
import os
import stat
import tempfile
import zipfile
from pathlib import Path

from compare.errors import BadInput, first_line

LONG = 500  # letters of a name; more is no name that a person gave
MOST = 200  # bytes for each of a zip; zeros shrink to a thousandth


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


def check_name(path: Path, name: str):
    """Raise BadInput for a name in a file that would change what a terminal shows."""
    if not name.isprintable() or len(name) > LONG:
        raise BadInput(
            f"{path}: expected names of letters, digits and signs, at most {LONG} of "
            f"them, got {ascii(name)[:100]}; name the layer otherwise and save it again"
        )


def check_zip(path: Path, content: zipfile.ZipFile):
    """Raise BadInput for a zip that claims to hold far more than its size.

    It would fill the memory; numbers do not shrink like that, except in a trap.
    """
    entries = content.infolist()
    packed = sum(each.compress_size for each in entries)
    sizes = [(each.file_size, each.compress_size) for each in entries]
    for whole, part in [*sizes, (sum(size for size, _ in sizes), packed)]:
        if whole > MOST * max(part, 1):
            raise BadInput(
                f"{path}: expected a file that Keras or PyTorch saved, got a zip that "
                f"claims {whole} bytes in {part}, more than {MOST} times as many; save "
                "it again"
            )


def reason(error: Exception) -> str:
    """What an error says, in one short line that any terminal can show."""
    line = first_line(error) or type(error).__name__
    shown = [c if c.isprintable() else ascii(c)[1:-1] for c in line]
    return "".join(shown)[:200]


def write(option: str, target: Path, content: str | bytes):
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


def check_picture(path: str):
    """Raise BadInput, before the work, where no picture could be drawn."""
    if not path.lower().endswith(".png"):
        raise BadInput(f"--plot {path}: expected a file that ends in .png")
    if importlib.util.find_spec("matplotlib") is None:
        raise BadInput(
            f"--plot {path}: expected matplotlib to be installed, found none; run pip "
            'install -e ".[plot]"'
        )
