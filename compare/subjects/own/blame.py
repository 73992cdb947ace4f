"""Whose an error is: a user's own code, or the suite's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from compare.errors import BadInput
from compare.judging.refusals import (
    Place,
    is_installed_by_user,
    is_suite,
    is_users_own,
    places,
)
from compare.one_line import class_and_message
from compare.subjects.own.on_disk import hidden_module


@contextmanager
def blamed(file: Path | None, whole: bool = False) -> Iterator[None]:
    """Turn whatever a user's own code raises into one line that says where.

    Args:
        file: the user's; None where the models are not from a file, and the error is
            raised as it is.
        whole: whether all that runs inside is the user's.
    """
    try:
        yield
    except (BadInput, KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:  # a user's own kind need be no Exception
        if file is None:
            raise
        place = _place_of(error, file)
        if place is None and whole:
            place = str(file)
        if place is None:
            raise
        advice = _advice(error, file.resolve().parent)
        raised = class_and_message(error)
        origin = _origin_of(error)
        if origin is not None and origin != place:
            raised += f" ({origin})"
        raise BadInput(
            f"{place}: expected code that runs, got {raised}; {advice}"
        ) from error


def _place_of(error: BaseException, file: Path) -> str | None:
    """The last line of a pair file that led to an error, or of other code of a user's.

    None where there is none; an error that the suite itself raises is not the user's,
    whoever called it.
    """
    # By its class: what a user's exception says of its own class may be anything.
    kind = type(error)
    if issubclass(kind, SyntaxError):
        line = getattr(error, "lineno", None)
        if line:
            return f"{getattr(error, 'filename', None) or file}, line {line}"
    passed = places(error)
    ended = issubclass(kind, SystemExit)  # which the suite raises for `os._exit`
    if not passed or (is_suite(passed[-1].file) and not ended):
        return None
    users = [place for place in passed if _is_users(place)]
    in_pair_file = [place for place in passed if place.file == str(file)]
    if in_pair_file:
        users = in_pair_file
    if users:
        return f"{users[-1].file}, line {users[-1].line}"
    return str(file) if ended else None


def _origin_of(error: BaseException) -> str | None:
    """The last line of a user's that led to an error, in whichever of their files."""
    users = [place for place in places(error) if _is_users(place)]
    return f"{users[-1].file}, line {users[-1].line}" if users else None


def _is_users(place: Place) -> bool:
    return is_users_own(place.file) or is_installed_by_user(place.file)


def _advice(error: BaseException, folder: Path) -> str:
    """What to do about an error.

    Args:
        error: a user's.
        folder: of the pair file; a module there may have the name of another one.
    """
    name = None
    if issubclass(type(error), ImportError):
        name = getattr(error, "name", None)
    elif issubclass(type(error), AttributeError):
        owner = getattr(error, "obj", None)
        name = getattr(owner, "__name__", None)
    if isinstance(name, str):
        top = name.split(".")[0]
        hidden = hidden_module(top, folder)
        if hidden:
            return f"{hidden} is hidden by another module {top}; rename it"
    return "correct it there"
