"""The command line as a process: its streams and signals are set up before all else."""

import os
import sys
import threading
from contextlib import suppress

from compare import interrupts, streams

PATIENCE = 1.0  # seconds in which a thread of a pair file may end by itself


def main() -> int:
    """Run the command line; returns the exit status."""
    streams.prepare()
    interrupts.install()
    from compare.cli import main as run_command_line  # later: it takes 0.1 s

    status = run_command_line()
    _leave_threads(status)
    interrupts.ignore()
    return status


def _leave_threads(status: int) -> None:
    """End the process where a thread that a pair file began would keep it for ever.

    Python waits at its end for all threads but daemons; the report is complete.

    Args:
        status: of the exit.
    """
    for thread in threading.enumerate():
        if thread is threading.current_thread() or thread.daemon:
            continue
        thread.join(PATIENCE)
        if thread.is_alive():
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError, ValueError):
                    stream.flush()
            os._exit(status)
