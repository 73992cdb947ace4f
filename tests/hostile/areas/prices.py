"""Prices in CSV files: every damage that a file can take."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path

from case import Case, Content

DAYS = 60


def rows(days: int = DAYS) -> list[str]:
    """A header and so many days of two assets."""
    start = date(2020, 1, 1)
    lines = ["Date,AAA,BBB"]
    for index in range(days):
        day = start + timedelta(days=index)
        lines.append(f"{day},{10 + index % 7},{20 + index % 5}")
    return lines


def text(lines: list[str]) -> str:
    """Lines as a file."""
    return "\n".join(lines) + "\n"


def with_cell(cell: str, line: int = 30, column: int = 1) -> str:
    """A file that is right but for one cell."""
    lines = rows()
    cells = lines[line].split(",")
    cells[column] = cell
    lines[line] = ",".join(cells)
    return text(lines)


def with_row(row: str, line: int = 30) -> str:
    """A file with one row in another's place."""
    lines = rows()
    lines[line] = row
    return text(lines)


def _with_a_hole(path: Path) -> None:
    """A file of 8 GB, all of it zeros that take no place."""
    with open(path, "wb") as file:
        file.truncate(8_000_000_000)


GOOD = text(rows())

CELLS = {
    "empty": "",
    "space": " ",
    "word": "n/a",
    "zero": "0",
    "negative": "-3",
    "nan": "nan",
    "infinite": "inf",
    "overflow": "1e999",
    "denormal-zero": "1e-999",
    "comma": '"1,5"',
    "currency": "$12",
    "hexadecimal": "0x1p3",
    "escape": "\x1b[2J12",
    "null": "\0",
    "newline": '"1\n2"',
    "long": "9" * 200_000,
    "formula": "=1+1",
    "percent": "5%",
    "markup": "[red]5[/red]",
}

DATES = {
    "american": "01/30/2020",
    "empty": "",
    "impossible": "2020-02-31",
    "before": "1999-01-01",
    "repeated": "2020-01-29",
    "with-a-zone": "2020-01-30T00:00:00+02:00",
    "year-0": "0000-01-01",
    "year-10000": "10000-01-01",
    "escape": "\x1b[31m2020-01-30",
    "number": "43860",
    "word": "yesterday",
    "long": "2" * 50_000,
}

HEADERS = {
    "none": rows()[1],
    "one-asset": "Date,AAA",
    "asset-twice": "Date,AAA,AAA",
    "empty-name": "Date,AAA,",
    "semicolons": "Date;AAA;BBB",
    "escape": "Date,\x1b[2J,\x1b[2J",
    "long-name-twice": f"Date,{'A' * 100_000},{'A' * 100_000}",
    "blank": "",
}

FILES: dict[str, Content] = {
    "empty": b"",
    "only-newlines": b"\n\n\n",
    "only-a-header": "Date,AAA,BBB\n",
    "few-days": text(rows(10)),
    "one-day": text(rows(1)),
    "utf-16": GOOD.encode("utf-16"),
    "utf-16-le": GOOD.encode("utf-16-le"),
    "latin-1": GOOD.replace("AAA", "AÄA").encode("latin-1"),
    "binary": bytes(range(256)) * 40,
    "zip": b"PK\x03\x04" + bytes(1000),
    "an-open-quote": GOOD + '2021-01-01,"12,20\n' * 3,
    "more-cells": with_row("2020-01-30,1,2,3"),
    "fewer-cells": with_row("2020-01-30,1"),
    "backwards": text([rows()[0], *reversed(rows()[1:])]),
    "one-long-line": "Date," + "A," * 300_000 + "\n",
    "too-far-apart": with_cell("1e300").replace("2020-01-29,10", "2020-01-29,1e-300"),
    "zeros-without-end": lambda path: os.symlink("/dev/zero", path),
    "words-without-end": lambda path: os.symlink("/dev/urandom", path),
    "pipe": os.mkfifo,
    "folder": lambda path: path.mkdir(),
    "link-loop": lambda path: os.symlink(path.name, path),
    "link-to-nothing": lambda path: os.symlink("nothing", path),
    "terminal": lambda path: os.symlink("/dev/tty", path),
    "8-gigabytes-of-nothing": _with_a_hole,
}

PATHS = {
    "missing": "nothing.csv",
    "in-a-missing-folder": "no/prices.csv",
    "in-a-file": "prices.csv/more.csv",
    "null-device": "/dev/null",
    "memory": "/proc/self/mem",
    "escape": "\x1b[2J.csv",
    "newline": "a\nb.csv",
    "long": "x" * 5_000,
    "surrogate": "caf\udce9.csv",
}


def cases() -> list[Case]:
    """Damaged prices, which are refused before the frameworks are loaded."""
    made = [_case(f"cell-{name}", with_cell(cell)) for name, cell in CELLS.items()]
    for name, day in DATES.items():
        made.append(_case(f"date-{name}", with_cell(day, column=0)))
    for name, header in HEADERS.items():
        made.append(_case(f"header-{name}", with_row(header, 0)))
    made += [_case(name, content) for name, content in FILES.items()]
    for name, path in PATHS.items():
        made.append(_case(f"path-{name}", GOOD, path))
    for verb in ("explain", "train"):
        made.append(_case(f"{verb}-cell-word", with_cell("n/a"), verb=verb))
    unreadable = _case("not-permitted", GOOD)
    unreadable.files["prices.csv"] = _protected  # type: ignore[index]
    return [*made, unreadable]


def _protected(path: Path) -> None:
    path.write_text(GOOD)
    path.chmod(0)


def _case(
    name: str, content: Content, path: str = "prices.csv", verb: str = "run"
) -> Case:
    argv = (verb, "portfolio_flatten", "--prices", path)
    return Case(
        f"prices/{name}",
        argv,
        files={"prices.csv": content},
        imports="numpy",
    )
