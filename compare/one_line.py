"""What users' code raises or names, as one clean line that any terminal can show."""

from __future__ import annotations

LONGEST = 300  # letters of a line; what is cut off is shown by three dots
CUT = "..."


def printable(text: str, longest: int = LONGEST) -> str:
    """Text on one line, whose control characters are shown and not obeyed.

    Args:
        text: of a user, such as a name or a message.
        longest: how many letters of it are shown at most.
    """
    if len(text) > longest:  # before its letters are looked at; it may be huge
        text = text[: longest - len(CUT)] + CUT
    letters = []
    for letter in text:
        letters.append(letter if letter.isprintable() else _escaped(letter))
    return "".join(letters)


def _escaped(letter: str) -> str:
    return ascii(letter)[1:-1]  # without the quotes


def message_of(error: BaseException, longest: int = LONGEST) -> str:
    """The first line of what an error says; its class where it says nothing.

    Args:
        error: of anybody's; to write it as text may fail as well.
        longest: how many letters of it are shown at most.
    """
    return _first_line(error, longest) or _class_of(error)


def class_and_message(error: BaseException) -> str:
    """The class of an error, and the first line of what it says if it says anything."""
    line = _first_line(error, LONGEST)
    return f"{_class_of(error)}: {line}" if line else _class_of(error)


def _class_of(error: BaseException) -> str:
    return printable(type(error).__name__)


def _first_line(error: BaseException, longest: int) -> str:
    try:
        text = str(error)
    except Exception:  # code of a user's, which fails a second time
        return ""
    lines = text[: 2 * LONGEST].strip().splitlines()
    return printable(lines[0].strip(), longest) if lines else ""
