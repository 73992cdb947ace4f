"""Ctrl-C as a wish to stop, not as an end."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Ctrl-C sets the event instead of ending the process; a second one ends it.

    Outside the main thread nothing changes, since Python handles signals there alone.
    """
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def stop(number: int, frame: FrameType | None) -> None:
        event.set()
        signal.signal(signal.SIGINT, handler_before)
        message = "stopping after this step; press Ctrl-C again to end at once"
        print(f"\ncompare: {message}", file=sys.stderr)

    handler_before = signal.signal(signal.SIGINT, stop)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, handler_before)
