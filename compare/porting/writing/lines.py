"""Lines of Python as ruff formats them: 88 columns, and commas at the ends of lists.

What is written needs no formatter then, and is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compare.kinds.names import plain_number

WIDTH = 88
STEP = "    "
TOO_LONG = "  # noqa: E501"  # after a line that cannot be broken, such as a long name


@dataclass(frozen=True)
class Brackets:
    """Code in brackets: a call, a list, a tuple or a dictionary.

    Args:
        opening: what comes before the items, such as "layers.Dense(" or "[".
        items: each with what stands in front of it, such as "name=" or nothing.
        closing: the bracket at the end.
    """

    opening: str
    items: tuple[tuple[str, Code], ...]
    closing: str

    @property
    def is_call(self) -> bool:
        """Whether it is a call, whose items may stand together on one line inside."""
        return len(self.opening) > 1

    def __str__(self) -> str:
        """The code on one line."""
        text = ", ".join(f"{before}{code}" for before, code in self.items)
        if self.opening == "(" and len(self.items) == 1:
            text += ","  # a tuple of one
        return f"{self.opening}{text}{self.closing}"


Code = str | Brackets  # code that is not broken, and code that may be


def call(
    function: str, args: Sequence[Code] = (), kwargs: Mapping[str, Code] | None = None
) -> Brackets:
    """The call of a function or a class."""
    items = [("", code) for code in args]
    items += [(f"{name}=", code) for name, code in (kwargs or {}).items()]
    return Brackets(f"{function}(", tuple(items), ")")


def name(text: str) -> Brackets:
    """Code that is never broken, to stand among constants."""
    return Brackets(text, (), "")


def literal(value: object) -> Code:
    """A constant as ruff writes it: numbers, text, None, and lists and so on of them.

    An array is written with `np`.

    Args:
        value: may hold code, which stays as it is.

    Raises:
        TypeError: of any other value.
    """
    if isinstance(value, Brackets):
        return value
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, float):
        return _number(value)
    if value is None or value is Ellipsis or isinstance(value, bool | int):
        return "..." if value is Ellipsis else str(value)
    if isinstance(value, slice):
        raise TypeError("a slice stands in the brackets of an index alone: see `index`")
    if isinstance(value, np.ndarray):
        numbers = value.tolist()
        if value.dtype.kind == "f":  # as few digits as tell it from others of its dtype
            numbers = np.vectorize(float)(value.astype(str)).tolist()
        dtype = literal(value.dtype.name)
        return call("np.array", [literal(numbers)], {"dtype": dtype})
    if isinstance(value, list):
        return Brackets("[", tuple(("", literal(item)) for item in value), "]")
    if isinstance(value, tuple):
        return Brackets("(", tuple(("", literal(item)) for item in value), ")")
    if isinstance(value, Mapping):
        items = [(f"{literal(key)}: ", literal(item)) for key, item in value.items()]
        return Brackets("{", tuple(items), "}")
    raise TypeError(f"expected a constant, got a {type(value).__name__}")


def quoted(text: str) -> str:
    """Text in the quotes that ruff prefers: double ones where that escapes no more."""
    if text.count('"') > text.count("'"):
        return "'" + _escaped(text).replace("'", "\\'") + "'"
    return '"' + _escaped(text).replace('"', '\\"') + '"'


def index(item: object) -> str:
    """What stands in the brackets of an index, such as ":, -1".

    Args:
        item: a number, a slice, None, Ellipsis, or a tuple of them.
    """
    if isinstance(item, tuple) and item:
        return ", ".join(index(part) for part in item)
    if not isinstance(item, slice):
        return str(literal(item))
    text = f"{_bound(item.start)}:{_bound(item.stop)}"
    return text if item.step is None else f"{text}:{_bound(item.step)}"


def statement(
    code: Code, before: str = "", after: str = "", comment: str = "", indent: int = 1
) -> list[str]:
    """The lines of a statement.

    Args:
        code: on one line where it fits, else with the items of its brackets apart.
        before: in front of it, such as "x = ".
        after: behind it, such as "(x)"; nothing in it is broken.
        comment: at the end of the line, without "#"; left out where it does not fit.
        indent: how deep it stands.
    """
    lines = _broken(code, before, after, STEP * indent)
    commented = f"{lines[-1]}  # {comment}"
    if comment and len(lines) == 1 and len(commented) <= WIDTH:
        return [commented]
    return [line + TOO_LONG if _is_too_long(line) else line for line in lines]


def fits(line: str, indent: int = 1) -> bool:
    """Whether a line is short enough."""
    return len(STEP) * indent + len(line) <= WIDTH


def paragraph(text: str, indent: int = 1, following: str = "") -> list[str]:
    """Text of a docstring or a comment on lines of 88 columns at most.

    Args:
        text: words with spaces between them.
        indent: how deep its first line stands.
        following: what the other lines have in front, after the indent.
    """
    lines, line = [], STEP * indent
    for word in text.split():
        longer = f"{line} {word}" if line.strip() else line + word
        if len(longer) > WIDTH and line.strip():
            lines.append(line)
            longer = STEP * indent + following + word
        line = longer
    return [*lines, line]


def joined(blocks: Iterable[Sequence[str]], between: int = 2) -> str:
    """A file of blocks of lines, with empty lines between them.

    Args:
        blocks: such as imports and functions; those without lines are left out.
        between: how many empty lines.
    """
    texts = ["\n".join(block) for block in blocks if block]
    return ("\n" * (between + 1)).join(texts) + "\n"


def _broken(code: Code, before: str, after: str, indent: str) -> list[str]:
    """Lines of code that stands in so many spaces."""
    line = f"{indent}{before}{code}{after}"
    if isinstance(code, str) or not code.items or len(line) <= WIDTH:
        return [line]
    inside = indent + STEP
    together = inside + ", ".join(f"{name}{item}" for name, item in code.items)
    lines = [f"{indent}{before}{code.opening}"]
    if code.is_call and len(together) <= WIDTH:
        lines.append(together)
    else:
        for name, item in code.items:
            lines += _broken(item, name, ",", inside)
    return [*lines, f"{indent}{code.closing}{after}"]


def _is_too_long(line: str) -> bool:
    """Whether ruff objects to the length of a line; it lets one long word pass."""
    return len(line) > WIDTH and " " in line.strip()


def _number(value: float) -> str:
    """A float that reads back as it is."""
    if value != value or abs(value) == float("inf"):
        return f'float("{value}")'
    return plain_number(value)


def _escaped(text: str) -> str:
    """Text as Python writes it, with both sorts of quotes as they are."""
    return "".join(letter if letter in "\"'" else repr(letter)[1:-1] for letter in text)


def _bound(value: object) -> str:
    return "" if value is None else str(literal(value))
