"""The rows of a CSV file, for the prices and for a user's own input."""

import csv
from dataclasses import dataclass
from pathlib import Path

from compare.errors import BadInput


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
        BadInput: if there is no such file, or it is not such text.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            return [Row(reader.line_num, cells) for cells in reader if cells]
    except FileNotFoundError:
        raise BadInput(
            f"{path}: expected a CSV file, found none; check the path"
        ) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(
            f"{path}: expected a readable CSV file in UTF-8, got: {error}"
        ) from None


def number(text: str) -> float | None:
    """The number that a cell says, which may be NaN or infinite; None if none."""
    try:
        return float(text)
    except ValueError:
        return None
