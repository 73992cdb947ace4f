"""The folder of a port: checked before the work, and written whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from compare import files
from compare.apart import signals_held_back
from compare.errors import BadInput
from compare.one_line import printable


def checked(out: str, names: tuple[str, ...], force: bool) -> Path:
    """Where a port goes.

    Args:
        out: the folder, as it was typed.
        names: of the files that are written there.
        force: whether files of these names may be overwritten.

    Returns:
        The folder, which may not exist yet.

    Raises:
        BadInput: if it cannot be made, or holds one of the files.
    """
    shown = f"--out {printable(out, files.LONGEST_PATH)}"
    if not out:
        raise BadInput("--out: expected the name of a folder, got an empty name")
    try:
        folder = Path(os.path.realpath(out))
        is_there = folder.exists()
        is_folder = folder.is_dir()
        has_parent = folder.parent.is_dir()
    except (OSError, ValueError) as error:
        raise BadInput(
            f"{shown}: expected a folder that can be made, got: {error}; name another"
        ) from None
    if is_there and not is_folder:
        raise BadInput(
            f"{shown}: expected a folder, or the name of a new one, got a file; name "
            "another"
        )
    if not is_there and os.path.lexists(folder.parent) and not has_parent:
        raise BadInput(
            f"{shown}: expected a new folder in one that exists, got "
            f"{printable(str(Path(out).parent), files.LONGEST_PATH)}, which is a file; "
            "name another"
        )
    if not is_there and not has_parent:
        raise BadInput(
            f"{shown}: expected a new folder in one that exists, got "
            f"{printable(str(Path(out).parent), files.LONGEST_PATH)}, which does not; "
            "create it first"
        )
    where = folder if is_there else folder.parent
    if not os.access(where, os.W_OK | os.X_OK):
        raise BadInput(
            f"{shown}: expected a folder that can be written to, got {where}; name "
            "another"
        )
    taken = [name for name in names if os.path.lexists(folder / name)]
    if taken and not force:
        raise BadInput(
            f"{shown}: expected no file of a port there, got {', '.join(taken)}; add "
            "--force to overwrite, or name another folder"
        )
    folders = [name for name in taken if (folder / name).is_dir()]
    if folders:
        raise BadInput(
            f"{shown}: expected files, got a folder of the name {', '.join(folders)}; "
            "name another"
        )
    return folder


def write(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write all files of a port, or none.

    They are written into a folder of their own first. Where there is no folder yet,
    that one gets its name, in one step; where there is, its files take their places
    when all of them are on the disk.

    Args:
        folder: as `checked` returned it.
        contents: by the name of the file.

    Raises:
        BadInput: if they cannot be written.
    """
    part = None
    try:
        is_there = folder.exists()
        place = folder if is_there else folder.parent
        part = place / f"{files.UNFINISHED}{os.urandom(8).hex()}"
        files.unfinished.add(part)  # before it is there: a signal may come in between
        part.mkdir(0o700)
        for name, content in contents.items():
            _write_flushed(part / name, content)
        part.chmod(0o777 & ~_umask())
        if not is_there:
            os.rename(part, folder)
            return
        with signals_held_back():  # else some files would be of another port
            for name in contents:
                os.replace(part / name, folder / name)
    except OSError as error:
        raise BadInput(
            f"--out {printable(str(folder), files.LONGEST_PATH)}: expected a folder "
            f"that can be written to, got: {error.strerror or error}; name another"
        ) from None
    finally:
        if part is not None:
            with suppress(OSError):
                shutil.rmtree(part)
            files.unfinished.discard(part)


def _write_flushed(path: Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _umask() -> int:
    """What the process forbids on new files; it can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
