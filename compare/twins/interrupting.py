"""Ctrl-C as a wish to stop, not as an end."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Ctrl-C sets the event instead of ending the process; a second one ends it."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def stop(number, frame):
        event.set()
        signal.signal(signal.SIGINT, before)
        said = "stopping after this step; press Ctrl-C again to end at once"
        print(f"\ncompare: {said}", file=sys.stderr)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, before)
