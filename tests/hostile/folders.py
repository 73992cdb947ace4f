"""The folder of a case: laid out before it runs, and looked at before and after."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

from case import Content

CANARY = "canary"  # in the name of what only code makes that nobody asked to be run


def lay_out(folder: Path, files: Mapping[str, Content]) -> None:
    """Make the files of a case, in their order."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        elif isinstance(content, bytes):
            path.write_bytes(content)
        else:
            content(path)


def snapshot(folder: Path) -> dict[str, str]:
    """What each path holds and may be done with; links are not followed."""
    state = {}
    for parent, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(parent) / name
            state[path.relative_to(folder).as_posix()] = _described(path)
    return state


def _described(path: Path) -> str:
    status = path.lstat()
    mode = f"{status.st_mode:o}"
    if path.is_symlink():
        return f"{mode} to {os.readlink(path)}"
    if not stat.S_ISREG(status.st_mode):
        return mode
    return f"{mode} {_digest(path, status.st_size)}"


def _digest(path: Path, size: int) -> str:
    if size > 50_000_000:  # a file with a hole; its size and time tell enough
        return f"{size} {path.stat().st_mtime_ns}"
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except PermissionError:
        return f"{size} {path.stat().st_mtime_ns}"


def remove(folder: Path) -> None:
    """Remove a case's folder, and what it protects."""
    for parent, folders, _ in os.walk(folder):
        for name in folders:
            path = Path(parent) / name
            if not path.is_symlink():
                path.chmod(0o755)
    shutil.rmtree(folder)
