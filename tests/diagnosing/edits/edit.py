"""One edit of a pair's source text, and what its diagnosis has to say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

FOLDER = Path(__file__).parent

Part = Literal["torch", "keras", "transfer"]


@dataclass(frozen=True)
class Edit:
    """One change of a pair's source text that makes the models differ.

    Args:
        part: which part of the text it changes: a side's model, or the transfer.
        old: stands once in the text.
        new: stands in its place.
        cause: what a first sentence must say, so that a reader knows what to change;
            one of these is enough, and of one with several words each must stand in it,
            a word of three letters or more at the beginning of a word.
        place: names of layers, any of which is a right place. The lines that are edited
            always are; so are the lines of texts in `lines`.
        lines: texts that stand once in the file, such as the statement of the other
            side that does what the edited one should.
    """

    part: Part
    old: str
    new: str
    cause: tuple[str, ...]
    place: tuple[str, ...]
    lines: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say what was changed, on one line."""
        return f"{self.part}: {_on_one_line(self.old)} -> {_on_one_line(self.new)}"

    def made_in(self, text: str) -> str:
        """Return the text with this edit.

        Raises:
            ValueError: if the old text does not stand in it exactly once.
        """
        _check_once(self.old, text)
        return text.replace(self.old, self.new)

    def line_numbers(self, text: str) -> set[int]:
        """Return the numbers of the lines that are right places.

        Args:
            text: before the edit. The numbers are those after it.
        """
        edited = self.made_in(text)
        first = 1 + text[: text.index(self.old)].count("\n")
        numbers = set(range(first, first + 1 + self.new.rstrip("\n").count("\n")))
        for part in self.lines:
            _check_once(part, edited)
            numbers.add(1 + edited[: edited.index(part)].count("\n"))
        return numbers


def text_of(pair: str) -> str:
    """Return the source text of a pair's right models."""
    return (FOLDER / "models" / f"{pair}.py").read_text(encoding="utf-8")


def stands_in(words: str, sentence: str) -> bool:
    """Return whether each of some words stands in a sentence, in any case."""
    return all(_begins_a_word(word, sentence.lower()) for word in words.lower().split())


def any_stands_in(alternatives: Iterable[str], sentence: str) -> bool:
    """Return whether a sentence has all words of one of the alternatives."""
    return any(stands_in(words, sentence) for words in alternatives)


def _begins_a_word(word: str, sentence: str) -> bool:
    """Whether a word begins one of a sentence's, or is one if it is short."""
    pattern = rf"(?<![a-z0-9]){re.escape(word)}"
    if len(word) < 3:
        pattern += r"(?![a-z0-9_])"
    return re.search(pattern, sentence) is not None


def _check_once(part: str, text: str) -> None:
    if text.count(part) != 1:
        raise ValueError(
            f"edit: expected a text that stands once, got {part!r}, which stands "
            f"{text.count(part)} times"
        )


def _on_one_line(text: str) -> str:
    return " / ".join(line.strip() for line in text.strip().splitlines()) or "nothing"
