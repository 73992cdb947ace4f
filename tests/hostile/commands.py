"""A case as a command of its own, with what it cost."""

from __future__ import annotations

import ctypes
import os
import resource
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from case import Case

from compare.one_line import printable

HERE = Path(__file__).parent
TWINPROOF = (sys.executable, "-P", "-m", "twinproof")  # not what the folder holds
LONGEST = 90  # seconds on the wall, until a case counts as hung
MOST_MEMORY = 6 * 2**30  # bytes; a case that wants more gets a MemoryError
PATIENCE = 0.01  # seconds between two looks
DROP_FROM_BOUNDS = 24  # PR_CAPBSET_DROP of prctl(2)
READ_AND_WRITE_ALL = (1, 2)  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Args:
        status: None where it had to be ended.
        seconds: of the processor, with those of its children.
        megabytes: of memory, at most.
        alive: command lines of processes that it left behind.
    """

    status: int | None
    seconds: float
    megabytes: float
    alive: tuple[str, ...]


def program(case: Case) -> tuple[str, ...]:
    """What a case runs, without its shell."""
    if case.program is not None:
        return case.program
    if case.code is not None:
        return (sys.executable, str(HERE / "calls.py"), case.code)
    return (*TWINPROOF, *case.argv)


def line(case: Case) -> str:
    """What a case runs, as a person would type it."""
    words = list(program(case))
    if case.program is None and case.code is None:
        words = ["twinproof", *case.argv]
    text = f"{case.before} {shlex.join(words)} {case.redirections}".strip()
    return printable(text)


def environment(changes: Mapping[str, str | None], temporary: Path) -> dict[str, str]:
    """The variables of a case.

    Args:
        changes: of the case.
        temporary: its folder for temporary files.
    """
    variables = {
        **os.environ,
        "COLUMNS": "80",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TMPDIR": str(temporary),
    }
    for name, value in changes.items():
        variables.pop(name, None)
        if value is not None:
            variables[name] = value
    return variables


def run(case: Case, folder: Path, temporary: Path, outputs: Path) -> Ended:
    """Run a case as a command in its folder.

    Args:
        case: which.
        folder: its own.
        temporary: for temporary files.
        outputs: gets what it prints, in `stdout` and `stderr`.
    """
    script = f'{case.before}\nexec "$@" {case.redirections}'
    with (
        open(outputs / "stdout", "wb") as stdout,
        open(outputs / "stderr", "wb") as stderr,
    ):
        process = subprocess.Popen(
            ["bash", "-c", script, "bash", *program(case)],
            cwd=folder,
            env=environment(case.environment, temporary),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            preexec_fn=partial(restrict, case.bytes_per_file),
        )
        return _ended(process)


def restrict(bytes_per_file: int | None = None) -> None:
    """Let permissions count for root as well; bound memory, and what a file may hold.

    Args:
        bytes_per_file: that it may hold; None for no bound.
    """
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    library = ctypes.CDLL(None)
    for capability in READ_AND_WRITE_ALL:
        library.prctl(DROP_FROM_BOUNDS, capability, 0, 0, 0)
    if bytes_per_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_per_file, bytes_per_file))


def _ended(process: subprocess.Popen[bytes]) -> Ended:
    """Wait for a process, or end it where it hangs."""
    started = time.monotonic()
    hung = False
    while True:
        number, status, usage = os.wait4(process.pid, os.WNOHANG)
        if number:
            break
        if time.monotonic() - started > LONGEST and not hung:
            hung = True
            os.killpg(process.pid, signal.SIGKILL)
        time.sleep(PATIENCE)
    process.returncode = os.waitstatus_to_exitcode(status)
    alive = _of_session(process.pid)
    return Ended(
        status=None if hung else process.returncode,
        seconds=usage.ru_utime + usage.ru_stime,
        megabytes=usage.ru_maxrss / 1024,
        alive=alive,
    )


def _of_session(number: int) -> tuple[str, ...]:
    """End what is left of a session; return the command lines."""
    commands = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            after_name = (path / "stat").read_text().rpartition(")")[2].split()
            command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:  # it has just ended
            continue
        state, session = after_name[0], int(after_name[3])
        if session == number and state != "Z":
            commands.append(command.strip() or path.name)
            os.kill(int(path.name), signal.SIGKILL)
    return tuple(commands)
