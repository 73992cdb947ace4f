"""Daily prices from a CSV file, as windows of features for the portfolio models."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np

from compare.errors import BadInput
from compare.foreign import LONGEST_NAME
from compare.subjects.csv_rows import Row, number, read_rows, shown

BUILT_IN = Path(__file__).parent / "data" / "factor_etfs.csv"
BUILT_IN_ASSETS = 4  # the paper's number; the file has a fifth


@dataclass(frozen=True)
class Prices:
    """Closing prices, one row a day, oldest first.

    Args:
        source: where they came from, for people.
        assets: their names.
        values: float64, (days, assets), positive, in one currency.
    """

    source: str
    assets: tuple[str, ...]
    values: np.ndarray

    @property
    def longest(self) -> int:
        """Days of the longest window; its first return needs the day before."""
        return len(self.values) - 1

    def windows(self, timesteps: int, batch: int) -> np.ndarray:
        """Windows of features, spread evenly and ending with the newest day.

        A feature pair per asset: its price over its price on the window's first day,
        and its daily return, p_t / p_(t-1) - 1, both without unit. Where there are
        fewer windows than `batch`, some are repeated.

        Returns:
            float32, (batch, timesteps, 2 * assets): all prices, then all returns.

        Raises:
            BadInput: if there is not one window of that many days and the day before.

        Source: Zhang, Zohren & Roberts 2020, arXiv:2005.13665, section 3.
        """
        if timesteps > self.longest:
            raise BadInput(
                f"{self.source}: expected at least {timesteps + 1} days for a window "
                f"of {timesteps} days and the day before, got {len(self.values)}; give "
                "more rows"
            )
        newest = len(self.values) - timesteps
        starts = np.linspace(newest, 1, batch).round().astype(int)[::-1]
        rows = starts[:, None] + np.arange(timesteps)  # (batch, timesteps)
        today, yesterday = self.values[rows], self.values[rows - 1]
        with np.errstate(over="ignore"):  # said below, in words
            relative = today / today[:, :1]  # (batch, timesteps, assets)
            returns = today / yesterday - 1  # (batch, timesteps, assets)
            features = np.concatenate([relative, returns], axis=2).astype(np.float32)
        if not np.isfinite(features).all():
            raise BadInput(
                f"{self.source}: expected prices whose ratios fit float32, got a ratio "
                "that overflows; check the file's units"
            )
        return features

    def examples(self, timesteps: int) -> tuple[np.ndarray, np.ndarray]:
        """Every window that has a day after it, and the returns of that day.

        Returns:
            Windows like those of `windows`, oldest first: float32, (examples,
            timesteps, 2 * assets). Returns p_t / p_(t-1) - 1: float32, (examples,
            assets).

        Raises:
            BadInput: if there are fewer than two such windows.
        """
        examples = len(self.values) - timesteps - 1
        if examples < 2:
            raise BadInput(
                f"{self.source}: expected at least {timesteps + 3} days to learn from "
                f"windows of {timesteps} days, got {len(self.values)}; give more rows"
            )
        x = self.windows(timesteps, examples + 1)[:-1]
        after = self.values[timesteps + 1 :] / self.values[timesteps:-1] - 1
        return x, after.astype(np.float32)


def built_in() -> Prices:
    """The four ETFs that come with the package; see `compare/data/README.md`."""
    prices = read(BUILT_IN)
    assets = prices.assets[:BUILT_IN_ASSETS]
    return Prices(f"{len(assets)} ETFs", assets, prices.values[:, :BUILT_IN_ASSETS])


def read(path: str | Path) -> Prices:
    """Prices from a CSV file: a header, a date column, one column per asset.

    Raises:
        BadInput: if the file cannot be read, has no header, fewer than two assets, or
            a cell that is not a positive number; if dates are not ISO 8601
            (2014-01-02) or do not increase. The message names the line and the column.
    """
    rows = read_rows(path)
    if not rows:
        raise BadInput(
            f"{path}: expected a header and rows of prices, got an empty file"
        )
    header, body = rows[0], rows[1:]
    assets = tuple(name.strip() for name in header.cells[1:])
    _check_header(path, assets)
    days = [_day(path, assets, row) for row in body]
    _check_dates(path, days)
    values = np.array([day.prices for day in days], np.float64)
    return Prices(str(path), assets, values.reshape(len(days), len(assets)))


@dataclass(frozen=True)
class _Day:
    """One row of the file: its line, its date and a price for each asset."""

    line: int
    date: datetime
    prices: list[float]


def _check_header(path: str | Path, assets: Sequence[str]) -> None:
    if len(assets) < 2:
        raise BadInput(
            f"{path}: expected a date column and at least two assets, separated by "
            f"commas, got {len(assets)} asset(s); add a column per asset"
        )
    counts = Counter(assets)
    for name in assets:
        is_text = name.isprintable() and len(name) <= LONGEST_NAME
        if not name or not is_text or number(name) is not None:
            raise BadInput(
                f"{path}, line 1: expected the names of the assets, got {shown(name)}; "
                "add a header such as Date,AAA,BBB"
            )
        if counts[name] > 1:
            raise BadInput(
                f"{path}, line 1: expected every asset once, got {shown(name)} twice"
            )


def _check_dates(path: str | Path, days: Sequence[_Day]) -> None:
    for before, day in pairwise(days):
        if (day.date.tzinfo is None) != (before.date.tzinfo is None):
            raise BadInput(
                f"{path}, line {day.line}: expected dates that all have a time zone or "
                f"none, got {day.date} after {before.date}; write them alike"
            )
        if day.date <= before.date:
            raise BadInput(
                f"{path}, line {day.line}: expected dates that increase, got "
                f"{day.date} after {before.date}; sort the file, oldest day first"
            )


def _day(path: str | Path, assets: Sequence[str], row: Row) -> _Day:
    """One row, checked."""
    if len(row.cells) != len(assets) + 1:
        raise BadInput(
            f"{path}, line {row.line}: expected {len(assets) + 1} cells (a date and "
            f"{len(assets)} prices), got {len(row.cells)}"
        )
    date = row.cells[0]
    try:
        day = datetime.fromisoformat(date.strip())
    except ValueError:
        raise BadInput(
            f"{path}, line {row.line}: expected a date such as 2014-01-02 in the first "
            f"column, got {shown(date)}"
        ) from None
    prices = []
    for name, cell in zip(assets, row.cells[1:], strict=True):
        if not cell.strip():
            raise BadInput(
                f"{path}, line {row.line}, {name}: expected a price, got an empty cell;"
                " fill the gap or drop the day"
            )
        price = number(cell)
        if price is None or not 0 < price < np.inf:
            raise BadInput(
                f"{path}, line {row.line}, {name}: expected a positive number, got "
                f"{shown(cell)}"
            )
        prices.append(price)
    return _Day(row.line, day, prices)
