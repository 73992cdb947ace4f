"""The command line as a process ends when its report is complete."""

import subprocess
import sys

ENDLESS = """
import sys, threading, time

threading.Thread(target=time.sleep, args=[600]).start()
sys.argv = ["twinproof", "list"]

from compare.process import main

sys.exit(main())
"""


def test_a_thread_that_never_ends_does_not_keep_the_command():
    """Python would wait for it; what was printed is there all the same."""
    ended = subprocess.run(
        [sys.executable, "-c", ENDLESS], capture_output=True, text=True, timeout=120
    )

    assert ended.returncode == 0, ended.stderr
    assert "portfolio_last_step" in ended.stdout
    assert "twinproof run NAME" in ended.stdout
