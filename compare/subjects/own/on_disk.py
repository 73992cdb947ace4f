"""A pair file as it lies on the disk, before it is run."""

from __future__ import annotations

import ast
import codecs
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from compare.errors import BadInput, command

MOST_BYTES = 10_000_000  # of a file that somebody wrote
OTHER_ENCODINGS = {
    codecs.BOM_UTF32_LE: "UTF-32",  # which begins as UTF-16 does
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
SUITE = "compare"  # its package, which is loaded before any file of a user's


def existing(path: str) -> Path:
    """A pair file that is there.

    Raises:
        BadInput: if it is not, or is no file.
    """
    file = Path(path)
    try:
        if file.is_file():
            return file
        what_it_is = "a folder" if file.is_dir() else "a device or a pipe"
        if not file.exists():
            what_it_is = ""
    except (OSError, ValueError):  # too long a name, or a NUL in it
        what_it_is = ""
    if what_it_is:
        raise BadInput(f"{path}: expected a pair file, got {what_it_is}; name a file")
    raise BadInput(
        f"{path}: expected a pair file, found none; {command()} new {path} writes one "
        "to start from"
    )


def check_text(file: Path) -> None:
    """Check that a file may be Python, and not much else.

    Raises:
        BadInput: if it cannot be read, is too large, or is in an encoding that Python
            does not read.
    """
    try:
        size = file.stat().st_size
        content = b"" if size > MOST_BYTES else file.read_bytes()
    except OSError as error:
        raise BadInput(
            f"{file}: expected a pair file that can be read, got: {error.strerror}; "
            "let it be read"
        ) from None
    if size > MOST_BYTES:
        raise BadInput(
            f"{file}: expected a pair file of at most {MOST_BYTES // 10**6} MB, got "
            f"{size // 10**6} MB; let it load large arrays from a file of their own"
        )
    for mark, name in OTHER_ENCODINGS.items():
        if content.startswith(mark):
            raise BadInput(
                f"{file}: expected Python in UTF-8, got {name}; save it as UTF-8"
            )
    if b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        raise BadInput(
            f"{file}, line {line}: expected Python, which is text, got a NUL byte; "
            "save it as text in UTF-8"
        )


# ---------------------------------------------------------- modules of the same name


def check_hidden(file: Path) -> None:
    """Check that a file imports no module of its own that is called as the suite is.

    Python would give it the suite itself, in silence.

    Raises:
        BadInput: if it does.
    """
    folder = file.resolve().parent
    hidden = hidden_module(SUITE, folder)
    if hidden is None:
        return
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        return  # which is said when it is run
    if SUITE in _imported(tree):
        raise BadInput(
            f"{file}: expected modules of other names than the suite has, got "
            f"{hidden}, which the suite's {SUITE} hides; rename it"
        )


def _imported(tree: ast.AST) -> Iterator[str]:
    """The top names of the modules that code imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").split(".")[0]


def hidden_module(name: str, folder: Path) -> Path | None:
    """A user's file or folder that Python does not import by its name.

    Args:
        name: of the module.
        folder: where the user's lies.

    Returns:
        Its path; None where there is no such module, or nothing hides it.
    """
    module = sys.modules.get(name)
    if module is None:
        return None
    loaded = vars(module).get("__file__") if isinstance(module, ModuleType) else None
    for path in (folder / f"{name}.py", folder / name):
        if path.exists() and not (loaded and Path(loaded).is_relative_to(path)):
            return path
    return None
