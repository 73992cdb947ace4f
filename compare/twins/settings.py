"""What the suite relies on while it works with models, in both frameworks at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from compare import settings
from compare.in_keras import settings as in_keras
from compare.in_pytorch import settings as in_pytorch

_ONE_AT_A_TIME = threading.RLock()  # settings are those of a process


@contextmanager
def relied_on() -> Iterator[None]:
    """Let all settings be the suite's inside the block, and the user's after it.

    Random numbers that are drawn without a seed go on after the block as if there had
    been none. Another thread waits for the end of the block.
    """
    with (
        _ONE_AT_A_TIME,
        settings.warnings_not_raised(),
        settings.relied_on(settings.of_python()),
        in_pytorch.relied_on(),
        in_keras.relied_on(),
    ):
        yield


@contextmanager
def kept() -> Iterator[None]:
    """Let all settings be after the block what they were before it."""
    with settings.kept(settings.of_python()), in_pytorch.kept(), in_keras.kept():
        yield
