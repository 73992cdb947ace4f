"""What a user's own model raises when it takes no input; loads no framework."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from compare.errors import BadInput
from compare.one_line import class_and_message

PATHS = sysconfig.get_paths()
SUITE = str(Path(__file__).parent.parent)
# What the names of files begin with that are not a user's own.
INSTALLED = (
    PATHS["stdlib"],
    PATHS["purelib"],
    PATHS["platlib"],
    SUITE,
    "<",  # no file
)
PACKAGES = {"site-packages", "dist-packages"}  # of another installation as well


class Refused(ValueError):
    """A user's model raised what models do not raise to refuse an input.

    The message is one line that begins with the kind: `AssertionError: needs ten steps
    (mine.py, line 12)`.
    """


@contextmanager
def refused(
    refusals: tuple[type[Exception], ...], origin: Callable[[Exception], Exception]
) -> Iterator[None]:
    """Whatever the code of a user's model raises inside is a refusal.

    Args:
        refusals: exceptions that are refusals already.
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
        # A NotImplementedError is a RuntimeError, which is a refusal of PyTorch.
        if isinstance(error, refusals) and not isinstance(error, NotImplementedError):
            raise
        raised = origin(error)
        message = class_and_message(raised)
        line = _line_of_origin(raised)
        if isinstance(raised, NameError):
            raise BadInput(
                f"{line or 'model'}: expected code that runs, got {message}; correct "
                "it there"
            ) from error
        if line:
            message += f" ({line})"
        raise Refused(message) from error


def is_users_own(file: str) -> bool:
    """Whether code in a file of this name, as a traceback gives it, is a user's own."""
    if not file or file.startswith(INSTALLED):
        return False
    return PACKAGES.isdisjoint(Path(file).parts)


def is_suite(file: str) -> bool:
    """Whether code in a file of this name is of this suite."""
    return Path(file).is_relative_to(SUITE)


def _line_of_origin(error: Exception) -> str:
    """The line of a user's own code that an exception comes from, if there is one."""
    line = ""
    for frame in traceback.extract_tb(error.__traceback__):
        if is_users_own(frame.filename):
            line = f"{Path(frame.filename).name}, line {frame.lineno}"
    return line
