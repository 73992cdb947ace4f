"""A tenth of the damaged files of `fuzz_files.py`, as part of the slow tests."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("fuzz_files.py")


@pytest.mark.slow
@pytest.mark.alone
def test_damaged_files_are_moved_or_refused_and_nothing_else_happens():
    ran = subprocess.run(
        [sys.executable, SCRIPT, "500", "--seed", "1"], capture_output=True, text=True
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr[-2000:]
    assert "all                500" in ran.stdout
