"""A tenth of the hostile and unlucky cases; `run_cases.py` runs all of them."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "run_cases.py"


@pytest.mark.slow
def test_no_case_of_a_tenth_breaks_a_rule():
    ran = subprocess.run(
        [sys.executable, str(SCRIPT), "--every", "10"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    print(ran.stdout)

    assert ran.returncode == 0, ran.stdout + ran.stderr[-2_000:]
