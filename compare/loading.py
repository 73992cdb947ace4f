"""What a person sees and what is loaded while the suite is at work."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from compare.errors import BadInput
from compare.progress import Now, Show, is_hidden
from compare.shell import ipython


def progress_bar() -> Progress:
    """A progress bar on stderr where that is a terminal; silent elsewhere."""
    stderr = os.fdopen(os.dup(2), "w", errors="backslashreplace")
    console = Console(file=stderr)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        # FORCE_COLOR is for what stays
        disable=is_hidden() or not stderr.isatty(),
    )


def in_a_log(bar: Progress) -> Show:
    """What writes, in the place of a silent bar, now and then what begins."""

    def write(line: str) -> None:  # stderr may be none, or closed
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(line)
            sys.stderr.flush()

    return Now(write) if bar.disable and not is_hidden() else _nothing


def _nothing(text: str) -> None:
    """Write nothing: the bar says it, or nobody wants to know."""


def load_harness() -> None:
    """Import both frameworks, which takes most of a run's time.

    Raises:
        BadInput: if one of them is not installed.
    """
    if "compare.subjects.subject" not in sys.modules:
        _check_folder()
    try:
        import compare.in_keras.forked  # from here on it notes forks
        import compare.subjects.subject  # noqa: F401
    except (ImportError, ValueError) as error:  # ValueError: an unknown KERAS_BACKEND
        raise BadInput(
            "expected PyTorch, Keras and TensorFlow to load, got: "
            f"{' '.join(str(error).split())}; run pip install -e . and leave "
            "KERAS_BACKEND unset"
        ) from error
    if ipython() is not None:
        from compare.reports import notebook

        notebook.register(ipython())


def _check_folder() -> None:
    """Raise BadInput in a folder that was removed, where MKL ends the process."""
    try:
        os.getcwd()
    except OSError:
        raise BadInput(
            "expected to be called in a folder that exists, got one that was removed; "
            "change to another"
        ) from None


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep Python's collector of garbage from all that is there after the block.

    It would spend a tenth of a default run on the frameworks, which stay to the end.
    This is for the command line alone, and for its first run in a process: what is
    frozen is never freed, and there may be a user's models by then.
    """
    if "compare.subjects.subject" in sys.modules:
        yield
        return
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if enabled:
            gc.enable()


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what TensorFlow's loader says on stderr, unless loading fails."""
    held_back = _temporary_file()
    if held_back is None:
        yield
        return
    with held_back:
        stderr = os.dup(2)
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        except BadInput:  # which says in a line what there is to say
            raise
        except Exception:
            held_back.seek(0)
            os.write(stderr, held_back.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def _temporary_file() -> IO[bytes] | None:
    """A file without a name; None where no folder takes one."""
    try:
        return tempfile.TemporaryFile()
    except OSError:
        return None
