"""Standard input and output as the command line needs them, whoever started it."""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO

NARROWEST, WIDEST = 20, 10_000  # columns or lines that somebody may have meant


def prepare() -> None:
    """Open what is closed, and let every letter be written.

    A descriptor from 0 to 2 that is closed would be given to the next file that is
    opened, and get what anybody prints.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)  # takes the lowest number
            if null != number:
                os.dup2(null, number)
                os.close(null)
    if sys.stdin is None:
        sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = _any_letter(sys.stdout, 1)
    sys.stderr = _any_letter(sys.stderr, 2)
    for name in ("COLUMNS", "LINES"):
        if not _is_size(os.environ.get(name, "")):
            os.environ.pop(name, None)  # so that the terminal is asked


def _any_letter(stream: TextIO | None, number: int) -> TextIO:
    """A stream that shows what its encoding lacks by a backslash and a number."""
    if stream is None:
        stream = os.fdopen(number, "w", closefd=False)
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream


def _is_size(text: str) -> bool:
    if not (text.isascii() and text.isdecimal()):
        return False
    return len(text) < 9 and NARROWEST <= int(text) <= WIDEST
