"""Ctrl-C and SIGTERM as a wish to stop, not as an end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import Any

from compare.errors import command

STOPS = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP
ADVICE = "press Ctrl-C again to end at once"


class Interruption(threading.Event):
    """A wish to stop: inside `with`, a signal sets the event; a second one does more.

    What is at work looks at the event, and stops where it has a result. A second signal
    does what the first would have done before. Outside the main thread nothing changes,
    since Python handles signals there alone; nor does a signal that is ignored, as
    Ctrl-C is in the background of a script.

    Args:
        stops: names of the signals that are taken as a wish.

    Attributes:
        signal: the number of the one that came; that of Ctrl-C as long as none did.
    """

    def __init__(self, stops: Sequence[str] = STOPS) -> None:
        super().__init__()
        self._stops = stops
        self.signal: int = signal.SIGINT
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is not threading.main_thread():
            return self
        for name in self._stops:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._handlers[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.is_set():
            self.__exit__()
            signal.raise_signal(number)
            return
        self.set()
        self.signal = number
        with suppress(OSError):  # not `print`, in the midst of which a signal may come
            program = command().removeprefix("python -m ")
            os.write(2, f"\n{program}: stopping after this step; {ADVICE}\n".encode())
