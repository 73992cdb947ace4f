"""Ratios of whole processes, measured in turn; no absolute time is written down."""

import statistics
import subprocess
import sys
import time

import pytest

IMPORTS = "import torch, keras, tensorflow"
FULL = "import sys; from compare.cli import main; sys.exit(main([]))"
LIST = "import sys; from compare.cli import main; sys.exit(main(['list']))"
SHOW = (
    "import sys; from compare.cli import main;"
    "sys.exit(main(['show', 'portfolio_flatten']))"
)


def seconds(code, cwd):
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, capture_output=True, check=True
    )
    return time.perf_counter() - start


@pytest.mark.slow
def test_a_run_takes_at_most_twice_the_imports(tmp_path):
    """Median of five; `list` and `show` cost no more than a tenth of the imports."""
    times = {code: [] for code in (IMPORTS, FULL, LIST, SHOW)}
    for _ in range(5):
        for code, taken in times.items():
            taken.append(seconds(code, tmp_path))
    imports, full, listing, show = (
        statistics.median(taken) for taken in times.values()
    )
    print(
        f"\nimports {imports:.2f} s, run {full:.2f} s ({full / imports:.2f} times), "
        f"list {listing:.2f} s, show {show:.2f} s"
    )

    assert full <= 2 * imports
    assert listing <= imports / 10
    assert show <= imports / 10
