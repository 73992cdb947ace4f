"""A process that has loaded both frameworks, and runs cases one after the other.

Run as a script it is the server: a request in JSON on each line of its stdin, a reply
on each line of what its stdout was at the start.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import commands
from case import Case

MOST = 50  # cases, then a new process: what one leaves behind reaches few others
LOADING = 180  # seconds on the wall at most, until the frameworks are loaded


class Warm:
    """The client: starts the server when a case comes, and again after `MOST`."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._cases = 0

    def run(
        self, case: Case, folder: Path, temporary: Path, outputs: Path
    ) -> commands.Ended:
        """Run a case as `commands.run` does, without the imports."""
        if self._cases >= MOST:
            self.close()
        process = self._started()
        self._cases += 1
        request = {
            "argv": list(case.argv),
            "code": case.code,
            "folder": str(folder),
            "outputs": str(outputs),
            "variables": commands.environment(case.environment, temporary),
        }
        reply = _asked(process, json.dumps(request), commands.LONGEST)
        if reply is None:
            self.close()
            return commands.Ended(None, commands.LONGEST, 0.0, ())
        return commands.Ended(reply["status"], reply["seconds"], reply["megabytes"], ())

    def close(self) -> None:
        """End the server."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.communicate()
        self._process = None
        self._cases = 0

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=commands.restrict,
            )
            if _asked(self._process, "{}", LOADING) is None:
                raise SystemExit("the process with both frameworks does not start")
        return self._process


def _asked(
    process: subprocess.Popen[bytes], request: str, longest: float
) -> dict[str, Any] | None:
    """The reply to a request; None where none comes in so many seconds."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(request.encode() + b"\n")
    process.stdin.flush()
    ready, _, _ = select.select([process.stdout], [], [], longest)
    if not ready:
        return None
    answer = process.stdout.readline()
    return json.loads(answer) if answer else None


# -------------------------------------------------------------------------- the server


def serve() -> None:
    """Answer requests until stdin ends."""
    replies = os.fdopen(os.dup(1), "w")
    requests = os.fdopen(os.dup(0), "r")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    import calls
    import models  # noqa: F401  loads both frameworks

    import compare.subjects.subject  # noqa: F401
    from compare.cli import main

    for line in requests:
        request = json.loads(line)
        reply: dict[str, Any] = {}
        if request:
            _enter(request)
            seconds, megabytes = _seconds(), _megabytes("VmRSS")
            Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
            if request["code"] is not None:
                reply["status"] = _status(calls.run, request["code"])
            else:
                reply["status"] = _status(main, request["argv"])
            reply["seconds"] = _seconds() - seconds
            reply["megabytes"] = _megabytes("VmHWM") - megabytes
            _leave(nowhere)
        print(json.dumps(reply), file=replies, flush=True)


def _status(run: Any, argument: Any) -> int:
    try:
        return int(run(argument) or 0)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 1
    except BaseException:
        sys.__excepthook__(*sys.exc_info())
        return 1
    finally:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()


def _enter(request: dict[str, Any]) -> None:
    """Go to a case's folder, with its variables and its streams."""
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["variables"])
    tempfile.tempdir = None
    for number, name in ((1, "stdout"), (2, "stderr")):
        file = os.open(Path(request["outputs"]) / name, os.O_WRONLY | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    sys.argv = ["twinproof", *request["argv"]]
    sys.stdout = os.fdopen(os.dup(1), "w", encoding="utf-8")
    sys.stderr = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="backslashreplace")


def _leave(nowhere: int) -> None:
    os.chdir("/")
    for number in (1, 2):
        os.dup2(nowhere, number)


def _seconds() -> float:
    spent = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        spent += usage.ru_utime + usage.ru_stime
    return spent


def _megabytes(field: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) / 1024
    raise LookupError(field)


if __name__ == "__main__":
    serve()
