"""The one error that people see as a line of text, and the command it names."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from compare.one_line import sentence


class BadInput(Exception):
    """Something given to the suite cannot be used.

    The message is one line: who, what was expected, what came, what to do. The command
    line prints it on stderr and ends with exit status 2. It is not a ValueError, which
    is what a model raises when it refuses its input.

    Args:
        message: with names and words of a user in it, whose control characters are
            shown, and which are cut where they are too long.
        table: lines that go below it, of layers that stand side by side.
    """

    def __init__(self, message: str = "", table: Sequence[str] = ()) -> None:
        super().__init__("\n".join(map(sentence, [message, *table])))
        self._arguments = (message, table)

    def __reduce__(self) -> tuple[type[BadInput], tuple[str, Sequence[str]]]:
        """What makes it anew, in the parent of a process that raised it."""
        return type(self), self._arguments


def command() -> str:
    """How people call the command line, for messages that name a command.

    Returns:
        "twinproof" where the process was started by that name, else "python -m
        compare", which works wherever the package can be imported.
    """
    program = Path(sys.argv[0]).stem if sys.argv else ""
    if program == "twinproof":
        return program
    return "python -m compare"
