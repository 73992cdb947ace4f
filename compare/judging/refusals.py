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
    str(Path(__file__).parent.parent),
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
        BadInput: in the place of a NameError, which no input can cause.
    """
    try:
        yield
    except BadInput:
        raise
    except Exception as error:
        if isinstance(error, known) and not isinstance(error, NotImplementedError):
            raise
        raised = origin(error)
        text = next(iter(str(raised).strip().splitlines()), "")
        said = ": ".join(filter(None, [type(raised).__name__, text]))
        where = _where(raised)
        if isinstance(raised, NameError):
            raise BadInput(
                f"{where or 'model'}: expected code that runs, got {said}; correct it "
                "there"
            ) from error
        raise Refused(f"{said} ({where})" if where else said) from error


def _where(error):
    """The line of a user's own code that an exception comes from, if there is one."""
    own = [
        f"{Path(frame.filename).name}, line {frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(INSTALLED)
    ]
    return own[-1] if own else ""
