"""What a user's own model raises when it takes no input; loads no framework."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from compare.errors import BadInput

PATHS = sysconfig.get_paths()
INSTALLED = (
    *(str(PATHS[name]) for name in ("stdlib", "purelib", "platlib")),
    str(Path(__file__).parent),
    "<",  # no file
)


class Refused(ValueError):
    """A user's model raised what models do not raise to refuse an input.

    The message is one line that begins with the kind: `AssertionError: needs ten steps
    (mine.py, line 12)`.
    """


@contextmanager
def refused(
    known: tuple[type[Exception], ...], origin: Callable[[Exception], Exception]
) -> Iterator[None]:
    """Whatever the code of a user's model raises inside is a refusal.

    Args:
        known: what is one already.
        origin: gives what the code itself raised, where a framework has reworded it.

    Raises:
        Refused: in the place of any other exception.
    """
    try:
        yield
    except BadInput:
        raise
    except Exception as error:
        if isinstance(error, known) and not isinstance(error, NotImplementedError):
            raise
        raise Refused(_said(origin(error))) from error


def _said(error):
    text = next(iter(str(error).strip().splitlines()), "")
    kind = type(error).__name__
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(INSTALLED)
    ]
    said = f"{kind}: {text}" if text else kind
    if not own:
        return said
    return f"{said} ({Path(own[-1].filename).name}, line {own[-1].lineno})"
