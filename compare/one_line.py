"""What users' code raises, names or holds, as one clean line for any terminal."""

from __future__ import annotations

import reprlib
import traceback
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent  # the suite

LONGEST = 300  # letters of a name, or of what somebody else's code says
LONGEST_WORD = 500  # letters of a word in a sentence of the suite; a path may be long
LONGEST_SENTENCE = 20_000  # letters of such a sentence, with a table of layers
MOST_READ = 100_000  # letters of a message that are looked at
CUT = "..."  # in the place of what is cut out


def printable(text: str, longest: int = LONGEST) -> str:
    """Text on one line, whose control characters are shown and not obeyed.

    Args:
        text: of a user, such as a name or a message.
        longest: how many letters of it are shown at most; what is too much is cut out
            of its middle, since sentences end with what to do.
    """
    text = shortened(text, longest)  # before its letters are looked at
    if text.isprintable():
        return text
    letters = []
    for letter in text:
        letters.append(letter if letter.isprintable() else _escaped(letter))
    return shortened("".join(letters), longest)


def shortened(text: str, longest: int) -> str:
    """Text without its middle where it is too long.

    Args:
        text: of any length, and of a subclass of str too.
        longest: letters of the result at most.
    """
    length = str.__len__(text)
    if length <= longest:
        return str.__getitem__(text, slice(None))
    end = (longest - len(CUT)) // 3
    start = longest - len(CUT) - end
    first_part = str.__getitem__(text, slice(0, start))
    return first_part + CUT + str.__getitem__(text, slice(length - end, length))


def sentence(text: str) -> str:
    """A sentence of the suite, in which there may be names and words of a user.

    It is one line, its control characters are shown, and it is of bounded length.
    """
    if len(text) <= LONGEST_WORD and text.isprintable():
        return text
    words = printable(text, LONGEST_SENTENCE).split(" ")
    return " ".join(shortened(word, LONGEST_WORD) for word in words)


def _escaped(letter: str) -> str:
    return ascii(letter)[1:-1]  # without the quotes


# ---------------------------------------------------------------------- of objects


def class_name(value: object) -> str:
    """The name of a class, or of that of any other value, whatever a user made of it.

    An object may say that its class is another one, and a class of a class that
    `__name__` is something else.
    """
    kind = type(value)
    cls = value if issubclass(kind, type) else kind
    return printable(type.__dict__["__name__"].__get__(cls))


def repr_of(value: object) -> str:
    """What `repr` says of a user's value; its class where that fails."""
    return printable(_Repr().repr(value))


class _Repr(reprlib.Repr):
    """Writes what is short as `repr` does, and no more than a part of what is long."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 5
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = 20
        self.maxstring = self.maxother = self.maxlong = LONGEST

    def repr1(self, x: Any, level: int) -> str:
        try:
            return super().repr1(x, level)
        except (KeyboardInterrupt, MemoryError):
            raise
        except BaseException:  # code of a user's may raise anything
            return f"a {class_name(x)}"

    def repr_instance(self, x: Any, level: int) -> str:
        return shortened(repr(x), self.maxother)


# ----------------------------------------------------------------------- of errors


def text_of(error: BaseException) -> str:
    """What an error says, on as many lines as it says it; "" where that fails."""
    try:
        text = str(error)
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException:  # code of a user's, which fails a second time
        return ""
    return shortened(text, MOST_READ)


def message_of(error: BaseException, longest: int = LONGEST) -> str:
    """The first line of what an error says; its class where it says nothing.

    Args:
        error: of anybody's; to write it as text may fail as well.
        longest: how many letters of it are shown at most.
    """
    return _first_line(error, longest) or class_name(error)


def class_and_message(error: BaseException) -> str:
    """The class of an error, and the first line of what it says if it says anything."""
    line = _first_line(error, LONGEST)
    return f"{class_name(error)}: {line}" if line else class_name(error)


def place_in_suite(error: BaseException) -> str:
    """The last line of the suite that an exception went through."""
    place = PACKAGE.name
    for frame in traceback.extract_tb(error.__traceback__):
        file = Path(frame.filename)
        if file.is_relative_to(PACKAGE):
            name = file.relative_to(PACKAGE.parent).as_posix()
            place = f"{name}, line {frame.lineno}"
    return place


def _first_line(error: BaseException, longest: int) -> str:
    line = text_of(error).strip().partition("\n")[0]  # a \r is shown
    return printable(line.strip(), longest)
