"""What surrounds a pair file while it is at work, put back when it has done its work.

A pair file is anybody's code. It may change the folder that the process is in, its
environment, its streams, its settings and the handlers of its signals, and means that
for its own models alone: the suite's next pair, its report and its exit status are none
of its business.
"""

from __future__ import annotations

import decimal
import gc
import io
import locale
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn, TextIO

from compare import settings
from compare.judging.refusals import is_users_own
from compare.settings import Setting
from compare.subjects.own.on_disk import hidden_module

MODELS = ("keras_models", "pytorch_models")
SIGNALS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM")
    if hasattr(signal, name)
]


@contextmanager
def at_work(path: str) -> Iterator[None]:
    """The surroundings of a pair file while its models are made and run.

    Its functions import what lies beside it, as a script's do. What it prints goes to
    stderr: stdout is for the report. After the block the next pair file finds modules
    of its own under the same names, and all that the process has set as it was.

    Args:
        path: of the file.
    """
    # Here, since they load the frameworks; and before the file's folder comes first,
    # which may hold modules of the same names as those that they import.
    from compare.twins import settings as of_models
    from compare.twins import training  # noqa: F401

    file = Path(path).resolve()
    modules_before = {*sys.modules}
    with ExitStack() as stack:
        stack.enter_context(_models_of_the_suite_hidden(file.parent))
        stack.enter_context(of_models.kept())
        stack.enter_context(settings.kept(of_a_process()))
        stack.enter_context(warnings.catch_warnings())
        stack.enter_context(redirect_stdout(_Stderr(sys.stderr)))
        stack.enter_context(_exit_noticed())
        stack.enter_context(beside(file))
        try:
            yield
        finally:
            for name in {*sys.modules} - modules_before:
                if _lies_in(sys.modules[name], file.parent):
                    del sys.modules[name]


class _Stderr(io.TextIOBase):
    """What a pair file prints to: standard error, which it does not close by that.

    Args:
        stream: standard error.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.buffer = getattr(stream, "buffer", None)

    def write(self, text: str) -> int:
        return self._stream.write(text)

    def flush(self) -> None:
        if not self._stream.closed:
            self._stream.flush()

    def fileno(self) -> int:
        return self._stream.fileno()

    def isatty(self) -> bool:
        return self._stream.isatty()


@contextmanager
def beside(file: Path) -> Iterator[None]:
    """Let a file import what lies beside it, as a script can.

    Args:
        file: its whole path.
    """
    folder = str(file.parent)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        if folder in sys.path:  # the file may have put others before it
            sys.path.remove(folder)


def _lies_in(module: object, folder: Path) -> bool:
    """Whether a module is a user's own, in this folder or in one inside."""
    if not isinstance(module, ModuleType):  # what a program may put there
        return False
    attributes = vars(module)  # some modules of PyTorch make up others when asked
    files = [attributes.get("__file__"), *attributes.get("__path__", ())]
    file = next((f for f in files if isinstance(f, str)), "")
    return is_users_own(file) and Path(file).is_relative_to(folder)


@contextmanager
def _models_of_the_suite_hidden(folder: Path) -> Iterator[None]:
    """Let a file import packages of its own that are called as those of our models.

    Args:
        folder: in which the file lies.
    """
    names = [name for name in MODELS if hidden_module(name, folder)]
    modules = {}
    for module in [*sys.modules]:
        if module.split(".")[0] in names:
            modules[module] = sys.modules.pop(module)
    try:
        yield
    finally:
        for module in [*sys.modules]:
            if module.split(".")[0] in names:
                del sys.modules[module]
        sys.modules.update(modules)


@contextmanager
def _exit_noticed() -> Iterator[None]:
    """Let `os._exit` be an exception: a process that just ends has judged nothing.

    A child that was forked, as those of `multiprocessing` are, ends by it as ever.
    """
    process, end = os.getpid(), os._exit

    def exit_noticed(status: int) -> NoReturn:
        if os.getpid() != process:
            end(status)
        raise SystemExit(status)

    os._exit = exit_noticed
    try:
        yield
    finally:
        os._exit = end


# ------------------------------------------------------------------------- the process


def of_a_process() -> list[Setting]:
    """What a process has set, besides what models depend on."""
    listed = [
        Setting(_folder, _set_folder),
        Setting(os.environ.copy, _set_environment),
        Setting(gc.isenabled, _set_collecting),
        Setting(gc.get_threshold, _set_threshold),
        Setting(_locale, _set_locale),
        Setting(decimal.getcontext().copy, decimal.setcontext),
        Setting(_logging, _set_logging),
    ]
    for owner, name in (
        (sys, "argv"),
        (sys, "path"),
        (sys, "meta_path"),
        (sys, "path_hooks"),
        (logging.getLogger(), "handlers"),
    ):
        listed.append(_list(owner, name))
    for name in ("stdin", "excepthook", "displayhook"):
        listed.append(_attribute(sys, name))
    listed += [_stream("stdout", 1), _stream("stderr", 2)]
    listed.append(_attribute(threading, "excepthook"))
    if threading.current_thread() is threading.main_thread():  # which alone may
        listed += [_handler(number) for number in SIGNALS]
    return listed


def _attribute(owner: Any, name: str) -> Setting:
    """What an object or a module has under a name."""

    def read() -> object:
        return getattr(owner, name)

    def write(value: object) -> None:
        setattr(owner, name, value)

    return Setting(read, write)


def _stream(name: str, number: int) -> Setting:
    """Standard output or error, opened anew where a user has closed it.

    Args:
        name: in `sys`.
        number: of its descriptor.
    """

    def read() -> Any:
        return getattr(sys, name)

    def write(stream: Any) -> None:
        if getattr(stream, "closed", False):
            stream = os.fdopen(number, "w", errors="backslashreplace", closefd=False)
        setattr(sys, name, stream)

    return Setting(read, write)


def _list(owner: Any, name: str) -> Setting:
    """A list that others hold as well, and what is in it."""

    def read() -> tuple[list[Any], list[Any]]:
        value = getattr(owner, name)
        return value, [*value]

    def write(value: tuple[list[Any], list[Any]]) -> None:
        its_list, items = value
        its_list[:] = items
        setattr(owner, name, its_list)

    return Setting(read, write)


def _handler(number: int) -> Setting:
    """What a process does when it gets a signal."""

    def read() -> Any:
        return signal.getsignal(number)

    def write(handler: Any) -> None:
        if handler is not None and signal.getsignal(number) is not handler:
            signal.signal(number, handler)

    return Setting(read, write)


def _folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it was deleted
        return None


def _set_folder(folder: str | None) -> None:
    if folder is not None and folder != _folder() and os.path.isdir(folder):
        os.chdir(folder)


def _set_environment(environment: dict[str, str]) -> None:
    if os.environ != environment:
        os.environ.clear()
        os.environ.update(environment)


def _set_collecting(on: bool) -> None:
    collect: Callable[[], None] = gc.enable if on else gc.disable
    collect()


def _set_threshold(threshold: tuple[int, int, int]) -> None:
    gc.set_threshold(*threshold)


def _locale() -> str:
    return locale.setlocale(locale.LC_ALL)


def _set_locale(name: str) -> None:
    if name != _locale():
        locale.setlocale(locale.LC_ALL, name)


def _logging() -> tuple[int, int]:
    return logging.getLogger().level, logging.root.manager.disable


def _set_logging(value: tuple[int, int]) -> None:
    level, disabled = value
    logging.getLogger().setLevel(level)
    logging.disable(disabled)
