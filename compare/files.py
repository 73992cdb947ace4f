"""Files that are written: checked before the work, and whole or not at all."""

import importlib.util
import os
import re
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from compare.errors import BadInput
from compare.one_line import printable

# How the suite knows the files that it wrote, by what they begin with.
DOCUMENT = re.compile(rb'\{\n "schema": \d+,\n "(versions|exit_status)": ')
PICTURE_AUTHOR = "twinproof"
PICTURE = re.compile(
    rb"\x89PNG\r\n.*tEXtSoftware\0" + PICTURE_AUTHOR.encode(), re.DOTALL
)
SCRIPT_AUTHOR = "# Written by twinproof explain --reproduce."
SCRIPT = re.compile(re.escape(SCRIPT_AUTHOR.encode()))
MARKDOWN_AUTHOR = "<!-- Written by twinproof. -->"
MARKDOWN = re.compile(re.escape(MARKDOWN_AUTHOR.encode()))
XML_AUTHOR = '<?xml version="1.0" encoding="utf-8"?>\n<!-- Written by twinproof. -->'
XML = re.compile(re.escape(XML_AUTHOR.encode()))
PAGE_AUTHOR = "twinproof"
PAGE = re.compile(
    rb'<!DOCTYPE html>.{0,300}<meta name="generator" content="' + PAGE_AUTHOR.encode(),
    re.DOTALL,
)
BEGINNING = 4096  # bytes in which it is

FORCE = "add --force to overwrite it, or name another file"  # of the command line

UNFINISHED = ".twinproof-"  # what the name of an unfinished file begins with
LONGEST_PATH = 500  # letters of a path that a message shows

unfinished: set[Path] = set()  # what has to go if the process ends now


def target(option: str, path: str) -> Path:
    """Where a result goes.

    Args:
        option: that names the file, for messages.
        path: as it was typed.

    Returns:
        The file that a link leads to, not the link.

    Raises:
        BadInput: if no file can be written there, which is said before the work. A
            device or a pipe is refused as well: a file is written whole or not at all,
            and the report goes to stdout.
    """
    name = f"{option} {printable(path, LONGEST_PATH)}"
    if path in ("", "-"):
        got = path or "an empty name"
        raise BadInput(
            f"{option}: expected the name of a file, got {got}; the report goes to "
            "stdout by itself"
        )
    try:
        file = Path(os.path.realpath(path))
        mode = _mode(path or ".")
        has_folder = file.parent.is_dir()
    except (OSError, ValueError) as error:
        raise _not_writable(name, error) from None
    if not has_folder:
        folder = printable(str(Path(path).parent), LONGEST_PATH)
        raise BadInput(
            f"{name}: expected a file in a folder that exists, got {folder}, which "
            "does not; create it first"
        )
    if mode is not None and not (stat.S_ISREG(mode) and mode & stat.S_IWUSR):
        raise BadInput(
            f"{name}: expected a file that can be written, got a folder, a device or a "
            "protected file; name another file"
        )
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise BadInput(
            f"{name}: expected a folder that can be written to, got {file.parent}; "
            "name a file elsewhere"
        )
    return file


def _mode(path: str) -> int | None:
    """The mode of what a path leads to; None where there is nothing."""
    try:
        return os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def _not_writable(name: str, error: OSError | ValueError) -> BadInput:
    """The line for a file that cannot be written.

    Args:
        name: option and path.
        error: what the system says; a ValueError of a path that holds a NUL.
    """
    reason = str(error)
    if isinstance(error, OSError):
        reason = error.strerror or type(error).__name__
    return BadInput(
        f"{name}: expected a file that can be written, got: {reason}; name another file"
    )


def check_replaceable(
    option: str, file: Path, mark: re.Pattern[bytes], remedy: str
) -> None:
    """Raise BadInput for a file that holds what the suite did not write.

    Args:
        option: that names the file, for messages.
        file: as `target` returned it.
        mark: what a file that this option wrote begins with.
        remedy: what to do, for the message.
    """
    try:
        with open(file, "rb") as content:
            beginning = content.read(BEGINNING)
    except FileNotFoundError:
        return
    except OSError:  # it may be written and not read
        beginning = b"nobody knows what"
    if beginning and not mark.match(beginning):
        raise BadInput(
            f"{option} {printable(str(file), LONGEST_PATH)}: expected a new file, or "
            "one that this command wrote, got a file with something else in it; "
            f"{remedy}"
        )


def check_same_content(option: str, file: Path, content: bytes, remedy: str) -> None:
    """Raise BadInput for a file that is there and holds something else.

    Args:
        option: that names the file, for messages.
        file: as `target` returned it.
        content: what is to be written.
        remedy: what to do, for the message.
    """
    try:
        size = file.stat().st_size
        is_lost = size > 0 and not (
            size == len(content) and file.read_bytes() == content
        )
    except FileNotFoundError:
        return
    except OSError:
        is_lost = True
    if is_lost:
        raise BadInput(
            f"{option} {printable(str(file), LONGEST_PATH)}: expected a new file, or "
            "one that holds what is to be written, got a file with something else in "
            f"it; {remedy}"
        )


def identity(path: str | Path) -> tuple[int, int, str]:
    """What two paths have in common if they lead to one file, by links or otherwise.

    Of a file that is not there yet its folder and its name count, in small letters,
    since many file systems do not tell letters by their size.

    Raises:
        OSError: if the path leads nowhere.
    """
    file = Path(os.path.realpath(path))
    try:
        facts, name = file.stat(), ""
    except FileNotFoundError:
        facts, name = file.parent.stat(), file.name.casefold()
    return facts.st_dev, facts.st_ino, name


def write(option: str, target: Path, content: str | bytes) -> None:
    """Write all of it or nothing, to the disk and not only to its cache.

    A file that is there keeps its permissions, and its owner where that is allowed.

    Args:
        option: that names the file, for messages.
        target: as `target` returned it.
        content: text gets a line's end after it.

    Raises:
        BadInput: if the file cannot be written; what was there is still there then.
    """
    if isinstance(content, str):
        # A name of a file that is not UTF-8 has letters that UTF-8 lacks.
        content = f"{content}\n".encode(errors="backslashreplace")
    unfinished_file = target.with_name(f"{UNFINISHED}{os.urandom(8).hex()}")
    unfinished.add(unfinished_file)
    try:
        _write_part(unfinished_file, target, content)
        os.replace(unfinished_file, target)
    except OSError as error:
        name = f"{option} {printable(str(target), LONGEST_PATH)}"
        raise _not_writable(name, error) from None
    finally:
        _remove(unfinished_file)
    _flush_folder(target.parent)


def _write_part(unfinished_file: Path, target: Path, content: bytes) -> None:
    """Write a new file beside the target, with the target's permissions."""
    new_file = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    handle = os.open(unfinished_file, new_file, 0o666)  # less what the umask forbids
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        if target.exists():
            before = target.stat()
            with suppress(OSError, AttributeError):  # only root gives files away
                os.fchown(handle, before.st_uid, before.st_gid)
            unfinished_file.chmod(stat.S_IMODE(before.st_mode))
        file.flush()
        os.fsync(handle)


def remove_unfinished() -> None:
    """Remove what a write that did not come to its end has begun."""
    for part in [*unfinished]:
        _remove(part)


def _remove(unfinished_file: Path) -> None:
    with suppress(OSError):  # it was not begun yet, or it has the target's name now
        if unfinished_file.is_dir():
            shutil.rmtree(unfinished_file)
        else:
            unfinished_file.unlink()
    unfinished.discard(unfinished_file)


def _flush_folder(folder: Path) -> None:
    """Let the name of a new file reach the disk; not every system has that."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def check_picture(path: str) -> None:
    """Raise BadInput, before the work, where no picture could be drawn."""
    if not path.lower().endswith(".png"):
        raise BadInput(f"--plot {path}: expected a file that ends in .png")
    if importlib.util.find_spec("matplotlib") is None:
        raise BadInput(
            f"--plot {path}: expected matplotlib to be installed, found none; run pip "
            'install -e ".[plot]"'
        )
