"""Real prices become windows; a bad file gets one line that names the place."""

import numpy as np
import pytest

from compare.errors import BadInput
from compare.subjects import prices


def write(tmp_path, text, name="prices.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def days(count, price="10"):
    return [f"2020-01-{day:02d},{price},20" for day in range(1, count + 1)]


def csv(tmp_path, *rows, header="Date,AAA,BBB"):
    return write(tmp_path, "\n".join([header, *rows]) + "\n")


def test_built_in_prices_are_four_etfs_over_nine_years(etfs):
    assert etfs.assets == ("MTUM", "QUAL", "SIZE", "USMV")
    assert etfs.values.shape == (2264, 4)


def test_features_are_relative_price_and_daily_return(etfs):
    x = etfs.windows(50, 1)
    values = etfs.values[-51:]
    today, yesterday = values[1:], values[:-1]

    assert (x.shape, x.dtype) == ((1, 50, 8), np.float32)
    assert np.allclose(x[0, :, :4], today / today[0])
    assert np.allclose(x[0, :, 4:], today / yesterday - 1, atol=1e-7)


def test_windows_reach_from_the_first_day_to_the_last(etfs):
    x = etfs.windows(50, 4)
    oldest = etfs.values[1:51] / etfs.values[1]
    newest = etfs.values[-50:] / etfs.values[-50]

    assert np.allclose(x[0, :, :4], oldest)
    assert np.allclose(x[-1, :, :4], newest)
    assert len(np.unique(x, axis=0)) == 4


def test_any_number_of_assets(tmp_path):
    path = csv(tmp_path, *[f"{row},30" for row in days(9)], header="Date,A,B,C")

    assert prices.read(path).windows(5, 2).shape == (2, 5, 6)


def test_spreadsheet_and_index_column_are_read(tmp_path):
    """A byte order mark, Windows line ends, a nameless first column, blank lines."""
    text = "\ufeff,AAA,BBB\r\n2020-01-01,1,2\r\n\r\n2020-01-02 00:00:00,1.5,2e0\r\n"
    found = prices.read(write(tmp_path, text))

    assert (found.assets, found.values.tolist()) == (("AAA", "BBB"), [[1, 2], [1.5, 2]])


BAD = {
    "text": (
        ["2020-01-01,ten,20"],
        "line 2, AAA: expected a positive number, got 'ten'",
    ),
    "gap": (["2020-01-01,,20"], "line 2, AAA: expected a price, got an empty cell"),
    "negative": (["2020-01-01,1,-2"], "line 2, BBB: expected a positive number"),
    "zero": (["2020-01-01,0,2"], "line 2, AAA: expected a positive number, got '0'"),
    "nan": (["2020-01-01,nan,2"], "line 2, AAA: expected a positive number"),
    "infinite": (["2020-01-01,inf,2"], "line 2, AAA: expected a positive number"),
    "short row": (["2020-01-01,1"], "line 2: expected 3 cells"),
    "long row": (["2020-01-01,1,2,3"], "line 2: expected 3 cells"),
    "no date": (["1,1,2"], "line 2: expected a date such as 2014-01-02"),
    "newest first": (
        ["2020-01-02,1,2", "2020-01-01,1,2"],
        "line 3: expected dates that",
    ),
    "mixed zones": (
        ["2020-01-01,1,2", "2020-01-02T00+01:00,1,2"],
        "a time zone or none",
    ),
    "same day twice": (
        ["2020-01-01,1,2", "2020-01-01,1,2"],
        "line 3: expected dates that",
    ),
    "too few": (days(5), "expected at least 51 days"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_row_is_named(tmp_path, case):
    rows, message = BAD[case]

    with pytest.raises(BadInput, match=message) as caught:
        prices.read(csv(tmp_path, *rows)).windows(50, 1)
    assert "prices.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


HEADERS = {
    "one asset": ("Date,AAA", "at least two assets, separated by commas, got 1"),
    "semicolons": ("Date;AAA;BBB", "at least two assets, separated by commas, got 0"),
    "no header": (
        "2020-01-01,1,2",
        "line 1: expected the names of the assets, got '1'",
    ),
    "same name twice": ("Date,AAA,AAA", "line 1: expected every asset once"),
    "no name": ("Date,AAA,", "line 1: expected the names of the assets, got ''"),
}


@pytest.mark.parametrize("case", HEADERS)
def test_bad_header_is_named(tmp_path, case):
    header, message = HEADERS[case]

    with pytest.raises(BadInput, match=message):
        prices.read(csv(tmp_path, "2020-01-01,1,2", header=header))


def test_missing_unreadable_and_empty_files_are_refused(tmp_path):
    (tmp_path / "latin.csv").write_bytes(b"Date,\xe9,B\n")
    (tmp_path / "empty.csv").write_bytes(b"")

    with pytest.raises(BadInput, match=r"none\.csv: expected a CSV file, found none"):
        prices.read(tmp_path / "none.csv")
    with pytest.raises(BadInput, match="expected a readable CSV file in UTF-8"):
        prices.read(tmp_path)
    with pytest.raises(BadInput, match="expected a readable CSV file in UTF-8"):
        prices.read(tmp_path / "latin.csv")
    with pytest.raises(BadInput, match="got an empty file"):
        prices.read(tmp_path / "empty.csv")


def test_ratios_that_overflow_are_refused(tmp_path):
    rows = ["2020-01-01,1e-300,1", "2020-01-02,1e-300,1", "2020-01-03,1e300,1"]

    with pytest.raises(BadInput, match="ratio that overflows"):
        prices.read(csv(tmp_path, *rows)).windows(2, 1)
