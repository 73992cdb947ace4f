"""A process of its own for work on files of strangers, which can always be stopped.

Libraries in C loop where Ctrl-C does not reach, fill the memory or crash on damaged
files. In a child they have an allowance of time and memory, may write no file, and end
with a line of text whatever happens.
"""

from __future__ import annotations

import ctypes
import faulthandler
import importlib
import multiprocessing
import os
import pickle
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar, cast

from compare.errors import BadInput
from compare.one_line import class_and_message

if sys.platform != "win32":
    import resource

MB = 2**20
SECONDS = 1.0  # of the processor, for the smallest file; it takes some milliseconds
SECONDS_PER_MB = 1.5  # a file of many small arrays takes a fifth of this
MEMORY = 150 * MB  # for the smallest file
MEMORY_PER_BYTE = 6  # numbers, their copy in the other order, and what is written
MOST_OF_MACHINE = 0.9  # part of its memory; a file with holes claims any size

# Seconds of waiting for a second of the processor's, and at least: a machine may have
# much else to do, or a slow disk.
WAITING, LEAST_WAITING = 30, 120

DEATH_OF_PARENT = 1  # PR_SET_PDEATHSIG of Linux's <sys/prctl.h>

Value = TypeVar("Value")


@dataclass(frozen=True)
class Allowance:
    """What work on a file may take.

    Args:
        seconds: of the processor.
        memory: bytes, beside those that the process has when the work begins.
    """

    seconds: float
    memory: int


@dataclass(frozen=True)
class _Beginning:
    """What a child says before a part of its work: on what, and what it may take."""

    subject: str
    allowance: Allowance


@dataclass(frozen=True)
class _End:
    """What work returned, or raised; one of them is None."""

    value: Any
    error: BaseException | None


# To the parent, in a child; None in a process that is nobody's child.
_to_parent: Connection | None = None


def for_files(*paths: Path, seconds: float = 0) -> Allowance:
    """What work on files of their size may take.

    Args:
        paths: of the files; one that is not there counts nothing.
        seconds: beside those that their size allows.
    """
    size = 0
    for path in paths:
        with suppress(OSError):
            size += path.stat().st_size
    seconds += SECONDS + SECONDS_PER_MB * size / MB
    return Allowance(seconds, MEMORY + MEMORY_PER_BYTE * size)


def run(
    work: Callable[..., Value], *args: object, modules: Sequence[str] = ()
) -> Value:
    """Do work in a child process; return what it returns.

    The work calls `begin` before each of its parts.

    Args:
        work: a function of a module, which prints nothing and writes no file.
        args: that it is called with.
        modules: imported before the work; their time and memory do not count.

    Raises:
        BadInput: as the work raised it; or if a part of it took more than it may, or
            crashed.
        Exception: any other of the work's, with its traceback in a note.
    """
    context: Any = multiprocessing.get_context(_start_method())
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(
        target=_child, args=(sender, work, args, tuple(modules)), daemon=True
    )
    try:
        with warnings.catch_warnings():
            # Python 3.12 warns of threads, which NumPy has. None of their locks is
            # asked for in the child: it calls NumPy, h5py and PyTorch, which see to
            # it, and of TensorFlow nothing.
            warnings.simplefilter("ignore", DeprecationWarning)
            with signals_held_back():
                child.start()
        sender.close()
        end = _received(receiver, child)
    finally:
        receiver.close()
        if child.pid is not None:
            child.kill()
            child.join()
    if end.error is not None:
        raise end.error
    value: Value = end.value
    return value


def _start_method() -> str:
    """How children begin: as copies where that is safe, since imports cost seconds."""
    return "fork" if sys.platform == "linux" else "spawn"


@contextmanager
def signals_held_back() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM come later, when all of a few steps are done.

    A child that begins meanwhile keeps them from itself until it lets them in.
    """
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def begin(subject: str, allowance: Allowance) -> None:
    """Say in a child what its work is on from here, and limit what that may take.

    It does nothing in a process that is not a child of `run`.

    Args:
        subject: for messages, such as the path of a file.
        allowance: counted from here.
    """
    if _to_parent is None:
        return
    _send(_to_parent, _Beginning(subject, allowance))
    if sys.platform == "win32":
        return
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    memory = min(allowance.memory, int(MOST_OF_MACHINE * machine))
    if sys.platform == "linux":
        _limit(resource.RLIMIT_DATA, _data() + memory)
    signal.setitimer(signal.ITIMER_PROF, allowance.seconds)


def uncopied(content: bytes | bytearray | memoryview) -> bytes:
    """Large bytes, to be returned by work: they are handed over without a copy."""
    return cast(bytes, pickle.PickleBuffer(content))  # it arrives as bytes


# ----------------------------------------------------------------------- in the parent


def _received(receiver: Connection, child: Any) -> _End:
    """The end of a child's work.

    Raises:
        BadInput: if it comes to none.
    """
    beginning = _Beginning("the work", for_files())
    while True:
        try:
            if not _waited(receiver, beginning.allowance.seconds):
                raise BadInput(
                    f"{beginning.subject}: expected a file that can be read, got one "
                    "that the reader waits for without end; copy it to another disk"
                )
            message = _next(receiver)
        except (EOFError, OSError):  # it ended without one
            child.join()
            raise BadInput(_death(beginning, child.exitcode)) from None
        if isinstance(message, _Beginning):
            beginning = message
            continue
        if isinstance(message.error, MemoryError):
            raise BadInput(
                f"{beginning.subject}: expected a file that takes at most "
                f"{beginning.allowance.memory // MB} MB to be read for its size, got "
                "one that takes more; it is damaged or made to, so save it again"
            )
        return message


def _waited(receiver: Connection, seconds: float) -> bool:
    """Wait for a message of work of so many seconds; return whether there is one.

    Seconds are counted and no clock is read: both processes may be halted together.
    """
    turns = LEAST_WAITING + int(WAITING * seconds)
    return any(receiver.poll(1) for _ in range(turns))


def _death(beginning: _Beginning, status: int) -> str:
    """What is said of a child that did not come to its end.

    Args:
        beginning: of the part of its work that it was at.
        status: that it ended with; of a signal, its negative number.
    """
    subject = beginning.subject
    if sys.platform != "win32" and status == -signal.SIGPROF:
        return (
            f"{subject}: expected a file that takes at most "
            f"{beginning.allowance.seconds:.1f} s to be read for its size, got one "
            "that takes longer; it is damaged or made to, so save it again"
        )
    reason = f"with status {status}"
    if status < 0:
        reason = f"by {signal.Signals(-status).name}"
    return (
        f"{subject}: expected a file that can be read, got one on which the reader was "
        f"ended {reason}; it is damaged or takes more memory than there is, so save "
        "it again"
    )


# ------------------------------------------------------------------------ in the child


def _child(
    sender: Connection,
    work: Callable[..., object],
    args: Sequence[object],
    modules: Sequence[str],
) -> None:
    """Do the work, hand over what came of it and end, without a word of its own."""
    global _to_parent
    _to_parent = sender
    try:
        _settle()
        end = _worked(work, args, modules)
        _send(sender, end)
    finally:
        os._exit(0)  # nothing of the parent's is to be flushed or torn down here


def _settle() -> None:
    """Leave signals, terminal and files to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    faulthandler.disable()
    silence = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stdout = sys.stderr = silence
    os.dup2(silence.fileno(), 1)  # C libraries write to these when they crash
    os.dup2(silence.fileno(), 2)
    if sys.platform == "win32":
        return
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DEATH_OF_PARENT, signal.SIGKILL)


def _worked(
    work: Callable[..., object], args: Sequence[object], modules: Sequence[str]
) -> _End:
    """What came of work."""
    try:
        for module in modules:
            importlib.import_module(module)
        return _End(work(*args), None)
    except MemoryError:
        return _End(None, MemoryError())  # without what the first one refers to
    except BaseException as error:
        if not isinstance(error, BadInput):
            error.add_note("".join(traceback.format_exception(error)))
        return _End(None, error)


def _limit(kind: int, limit: int) -> None:
    """Let this process have at most so much of a kind of what the system gives."""
    _, highest = resource.getrlimit(kind)
    if highest != resource.RLIM_INFINITY:
        limit = min(limit, highest)
    resource.setrlimit(kind, (limit, highest))


def _data() -> int:
    """Bytes that count against RLIMIT_DATA now."""
    pages = Path("/proc/self/statm").read_text("ascii").split()[5]
    return int(pages) * resource.getpagesize()


# ----------------------------------------------------------------------- between them


def _send(connection: Connection, message: _Beginning | _End) -> None:
    """Send a message; what is in a `PickleBuffer` goes after it as it is."""
    buffers: list[pickle.PickleBuffer] = []
    try:
        packed = pickle.dumps(message, protocol=5, buffer_callback=buffers.append)
    except Exception:  # an exception that cannot be pickled
        error = getattr(message, "error", None) or TypeError("no value to hand over")
        packed = pickle.dumps(_End(None, RuntimeError(class_and_message(error))))
        buffers = []
    connection.send((packed, len(buffers)))
    for buffer in buffers:
        connection.send_bytes(buffer.raw())


def _next(connection: Connection) -> _Beginning | _End:
    """The next message; see `_send`."""
    packed, count = connection.recv()
    buffers = [connection.recv_bytes() for _ in range(count)]
    message: _Beginning | _End = pickle.loads(packed, buffers=buffers)
    return message
