"""Ratios of whole processes, measured in turn; no absolute time is written down."""

import statistics
import subprocess
import sys
import time

import pytest

IMPORTS = "import torch, keras, tensorflow"
FULL = "from compare.cli import main; main([])"
LIST = "from compare.cli import main; main(['list'])"


def seconds(code, cwd):
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, capture_output=True, check=True
    )
    return time.perf_counter() - start


@pytest.mark.slow
def test_a_run_takes_at_most_twice_the_imports(tmp_path):
    """Median of five; `list` must cost no more than a tenth of the imports."""
    times = {code: [] for code in (IMPORTS, FULL, LIST)}
    for _ in range(5):
        for code, taken in times.items():
            taken.append(seconds(code, tmp_path))
    imports, full, listing = (statistics.median(taken) for taken in times.values())
    print(
        f"\nimports {imports:.2f} s, run {full:.2f} s ({full / imports:.2f} times), "
        f"list {listing:.2f} s ({listing / imports:.3f} times)"
    )

    assert full <= 2 * imports
    assert listing <= imports / 10
