"""The rows of a CSV file, for the prices and for a user's own input."""

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from compare.errors import BadInput
from compare.foreign import check_file
from compare.one_line import CUT, message_of

LARGEST = 50 * 10**6  # bytes; 1,000 assets over 20 years take as many
LONGEST_LINE = 10**6  # letters
LONGEST_SHOWN = 60  # letters of a cell


@dataclass(frozen=True)
class Row:
    """One row that is not empty.

    Args:
        line: where it ends in the file, counted from 1.
        cells: what stands between its commas.
    """

    line: int
    cells: list[str]


def read_rows(path: str | Path) -> list[Row]:
    """The rows of a CSV file in UTF-8; empty lines are left out.

    Raises:
        BadInput: if there is no such file, or it is not such text, or larger than a
            table of numbers that people keep as text.
    """
    if not os.path.exists(path):
        raise BadInput(f"{path}: expected a CSV file, found none; check the path")
    check_file(Path(path), "a readable CSV file in UTF-8")
    size = os.path.getsize(path)
    if not size:
        return []  # nor opened: a file of the system's own may wait, or have no end
    if size > LARGEST:
        raise BadInput(
            f"{path}: expected a CSV file of at most {LARGEST // 10**6} MB, got "
            f"{size // 10**6} MB; leave out rows or columns"
        )
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            return _rows(file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(
            f"{path}: expected a readable CSV file in UTF-8, got: {message_of(error)}"
        ) from None


def _rows(file: TextIO) -> list[Row]:
    """The rows of an open file.

    Raises:
        csv.Error: if one is longer than any table is wide.
    """
    reader = csv.reader(_lines(file), strict=True)
    return [Row(reader.line_num, cells) for cells in reader if cells]


def _lines(file: TextIO) -> Iterator[str]:
    """The lines of an open file."""
    while line := file.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise csv.Error(f"a line of over {LONGEST_LINE} letters")
        if "\0" in line:
            raise csv.Error("a NUL; such a file is no text")
        yield line


def shown(cell: str) -> str:
    """A cell as it stands in a message: in quotes, and cut where it is long."""
    if len(cell) > LONGEST_SHOWN:
        cell = cell[:LONGEST_SHOWN] + CUT
    return repr(cell)


def number(text: str) -> float | None:
    """The number that a cell says, which may be NaN or infinite; None if none."""
    try:
        return float(text)
    except ValueError:
        return None
