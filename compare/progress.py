"""What the suite is doing just now, for whoever shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Show = Callable[[str], object]

_SHOW: ContextVar[Show | None] = ContextVar("show", default=None)


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
