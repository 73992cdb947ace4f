"""The files that one call writes: none in the place of what it reads or of another."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from compare import files
from compare.errors import BadInput
from compare.one_line import printable

# What the suite's own file begins with, by the option that writes it.
MARKS = {
    "--html": files.PAGE,
    "--json": files.DOCUMENT,
    "--junit": files.XML,
    "--markdown": files.MARKDOWN,
    "--plot": files.PICTURE,
    "--reproduce": files.SCRIPT,
}
JOB_SUMMARY = "GITHUB_STEP_SUMMARY"  # names the file of a step's summary on GitHub
STREAMS = {0: "stdin", 1: "stdout", 2: "stderr"}


def targets(
    outputs: Mapping[str, str | None], inputs: Mapping[str, str], force: bool
) -> list[Path | None]:
    """Where the files of options go, checked before the work; None without one.

    Args:
        outputs: path by option.
        inputs: what is read and stays as it is: for messages, by path.
        force: whether a file that the suite did not write may be overwritten.

    Raises:
        BadInput: if one cannot be written, is read as well, is named twice, or holds
            something that the suite did not write.
    """
    taken = _streams()
    for input_path, name in inputs.items():
        with suppress(OSError, ValueError):  # what is not there is said by its reader
            taken[files.identity(input_path)] = f"{name}, which is read"
    targets: list[Path | None] = []
    for option, path in outputs.items():
        if path is None:
            targets.append(None)
            continue
        target = files.target(option, path)
        identity = files.identity(target)
        if identity in taken:
            raise BadInput(
                f"{option} {printable(path)}: expected a file of its own, got that of "
                f"{taken[identity]}; name another"
            )
        taken[identity] = option
        if not force and not is_job_summary(target):
            files.check_replaceable(option, target, MARKS[option], files.FORCE)
        targets.append(target)
    return targets


def is_job_summary(path: Path) -> bool:
    """Whether a file is the summary of a step on GitHub, to which each adds its own."""
    summary = os.environ.get(JOB_SUMMARY)
    if not summary:
        return False
    with suppress(OSError, ValueError):
        return files.identity(path) == files.identity(summary)
    return False


def appended(target: Path, text: str) -> str:
    """Text after what a file holds already, if it can be read."""
    try:
        before = target.read_text("utf-8")
    except (OSError, ValueError):
        return text
    return f"{before.rstrip()}\n\n{text}".lstrip()


def _streams() -> dict[tuple[int, int, str], str]:
    """The files that stdin, stdout and stderr are; none where they are a terminal."""
    streams = {}
    for number, name in STREAMS.items():
        with suppress(OSError):  # it is closed
            facts = os.fstat(number)
            if stat.S_ISREG(facts.st_mode):
                streams[facts.st_dev, facts.st_ino, ""] = name
    return streams
