"""Ctrl-C, SIGTERM and SIGHUP end the command line with one line, wherever it is.

An exception that is raised where the work just is would not do: TensorFlow's loader and
tracer turn it into others, C++ and destructors print it or abort, and a second Ctrl-C
meets the first one's clean-up. So the process ends where it is, once what it has not
finished writing is removed. `atexit` functions are not run; the one of TensorFlow that
removes files is made up for. Training takes the first signal as a wish to stop
(compare/twins/interrupting.py).

For a process that is the command line. Nothing here is installed by an import, nor
where a program calls `compare.check` or `cli.main`: its signals stay its own.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

from compare import files
from compare.errors import command

# What is said, by the name of the signal; Windows has no SIGHUP.
WORDS = {
    "SIGINT": "interrupted",
    "SIGTERM": "terminated",
    "SIGHUP": "terminated, since its terminal is gone",
}
SIGNALS = {
    getattr(signal, name): text for name, text in WORDS.items() if hasattr(signal, name)
}
KILLED = 128  # and the number of the signal: the exit status, as shells have it
PATIENCE = 1.0  # seconds in which a call in C may end by itself
CLEAR_LINE, SHOW_CURSOR = b"\r\x1b[2K", b"\x1b[?25h"  # the progress bar hides it

end_process = os._exit  # itself, whatever is put in its place while a pair file runs

_ending = threading.Lock()
_forking = threading.local()  # in a thread that forks, the signals that it holds back
_real_stderr = 2


def install() -> None:
    """Let signals end this process, from now to its last moment."""
    global _real_stderr
    _real_stderr = os.dup(2)  # while the frameworks are loaded, 2 is held back
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _handle)
    if os.name == "posix":  # elsewhere it would have to be a socket
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        threading.Thread(target=_watch, args=[reader], daemon=True).start()
        os.register_at_fork(
            before=_hold_back, after_in_parent=_let_through, after_in_child=_uninstall
        )


def _hold_back() -> None:
    """Let signals wait while a process forks: it shares the pipe with its child."""
    _forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def _let_through() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _forking.mask)


def ignore() -> None:
    """Let signals do nothing any more: the work is done, its files are written.

    While Python ends they would kill the process without a word.
    """
    for number in SIGNALS:
        if signal.getsignal(number) is _handle:
            signal.signal(number, signal.SIG_IGN)


def _uninstall() -> None:
    """Give signals their usual meaning in a child, such as a worker of a DataLoader."""
    signal.set_wakeup_fd(-1)
    for number in SIGNALS:
        if signal.getsignal(number) is _handle:
            signal.signal(number, signal.SIG_DFL)
    _let_through()


def _watch(reader: int) -> None:
    """End the process where a long call in C keeps Python from handling a signal.

    Args:
        reader: of a pipe that gets the number of every signal.
    """
    while True:
        number = os.read(reader, 1)[0]
        if number in SIGNALS and signal.getsignal(number) is _handle:
            time.sleep(PATIENCE)
            _end(number)


def _handle(number: int, frame: FrameType | None) -> None:
    _end(number)


def _end(number: int) -> None:
    """Remove what is unfinished, say in one line what happened, and end.

    A call that comes while another is at it returns, and is ended with it.
    """
    if not _ending.acquire(blocking=False):
        return
    files.remove_unfinished()
    _remove_generated_code()
    program = command().removeprefix("python -m ")
    line = f"{program}: {SIGNALS[number]}\n".encode()
    with suppress(OSError):
        if os.isatty(_real_stderr):
            line = CLEAR_LINE + SHOW_CURSOR + line
        os.write(_real_stderr, line)
    end_process(KILLED + number)


def _remove_generated_code() -> None:
    """Remove the files into which TensorFlow writes functions that it traces.

    It does so itself by `atexit`, as of TensorFlow 2.21 (autograph/pyct/loader.py).
    """
    for name, module in [*sys.modules.items()]:
        if name.startswith("__autograph_generated_file"):
            with suppress(OSError, TypeError):
                Path(module.__file__ or "").unlink()
