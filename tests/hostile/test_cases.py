"""A tenth of the hostile and unlucky cases; `run_cases.py` runs all of them."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "run_cases.py"


@pytest.mark.slow
@pytest.mark.alone
def test_no_case_of_a_tenth_breaks_a_rule():
    ran = subprocess.run(
        [sys.executable, str(SCRIPT), "--every", "10"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    print(ran.stdout)

    assert ran.returncode == 0, ran.stdout + ran.stderr[-2_000:]


@pytest.mark.slow
@pytest.mark.alone
def test_no_hostile_file_that_is_to_be_ported_breaks_a_rule():
    """A fifth of them, which is over 100."""
    ran = subprocess.run(
        [sys.executable, str(SCRIPT), "--area", "ports", "--every", "5"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    print(ran.stdout)

    assert ran.returncode == 0, ran.stdout + ran.stderr[-2_000:]


BROKEN = {
    "a canary": ("open('canary-x', 'w')", "ran code that nobody asked for: canary-x"),
    "a file more": ("open('more', 'w')", "changed or made more"),
    "a file less": ("os.remove('theirs')", "removed theirs"),
    "a file changed": ("open('theirs', 'a').write('x')", "changed or made theirs"),
    "litter": ("tempfile.mkstemp(prefix='litter')", "left temporary files: litter"),
    "a traceback": ("raise ValueError", "printed a traceback"),
    "a control character": (r"print('\x1b[2J')", r"control characters: '\x1b'"),
    "a status": ("sys.exit(5)", "ended with status 5, not 0"),
    "seconds": ("[i for i in range(10**9) if time.process_time() > 4 and sys.exit(0)]",
                "s of the processor beyond the imports"),
    "megabytes": ("bytearray(900_000_000)", "MB beyond the imports, more than 500"),
    "a process": ("subprocess.Popen(['sleep', '60'])", "left running: sleep 60"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_case_that_breaks_a_rule_is_found(tmp_path, name):
    """The rules can fail: code that does what no case may do."""
    code, said = BROKEN[name]
    script = f"""
import sys
sys.path.insert(0, {str(SCRIPT.parent)!r})
from baselines import Baselines
from case import Case
from run_cases import run
from warm import Warm

imports = "import os, subprocess, sys, tempfile, time\\n"
program = (sys.executable, "-c", imports + {code!r})
case = Case("c", program=program, statuses=(0,), files={{"theirs": "x"}})
print(run(case, Warm(), Baselines(), keep=False).problems)
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path
    )

    assert said.replace("\\", "\\\\") in ran.stdout, ran.stdout + ran.stderr
