"""What the suite is doing just now, for whoever shows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Show = Callable[[str], object]

_SHOW: ContextVar[Show | None] = ContextVar("show", default=None)
_HIDDEN: ContextVar[bool] = ContextVar("hidden", default=False)


class Now:
    """Writes what begins, now and then: for a log, in which nothing is overwritten.

    What takes less than the time between two lines writes none.

    Args:
        write: takes a line.
        every: seconds between two lines, and before the first.
        clock: seconds that go by.
    """

    def __init__(
        self,
        write: Callable[[str], object],
        every: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write, self._every, self._clock = write, every, clock
        self._last = clock()

    def __call__(self, text: str) -> None:
        """Write what begins, if the last line is long enough ago."""
        now = self._clock()
        if now - self._last >= self._every:
            self._last = now
            self._write(f"{text}\n")


def say(text: str) -> None:
    """Show what is being done, in a few words; nothing where nobody listens."""
    show = _SHOW.get()
    if show is not None:
        show(text)


@contextmanager
def shown_by(show: Show) -> Iterator[None]:
    """Let a function show what the code inside says that it does."""
    token = _SHOW.set(show)
    try:
        yield
    finally:
        _SHOW.reset(token)


def is_hidden() -> bool:
    """Whether nobody wants to see what is being done."""
    return _HIDDEN.get()


@contextmanager
def hidden(is_hidden: bool) -> Iterator[None]:
    """Let nothing be shown of what the code inside does, if so."""
    token = _HIDDEN.set(is_hidden)
    try:
        yield
    finally:
        _HIDDEN.reset(token)
