"""Names in a row, of many the first ones: a message stays a few lines long."""

from __future__ import annotations

from collections.abc import Iterable

LETTERS = 400  # about five lines of a terminal
ROWS = 6  # of a list that has a line for each


def bounded(
    texts: Iterable[str],
    separator: str = ", ",
    letters: int = LETTERS,
) -> str:
    """Write texts in a row; of more than a few lines the first, and how many others.

    Args:
        texts: such as names of layers.
        separator: between two.
        letters: that are written at most, but for one text that is longer.
    """
    texts = list(texts)
    shown: list[str] = []
    written = 0
    for text in texts:
        written += len(text) + len(separator)
        if shown and written > letters:
            number = len(texts) - len(shown)
            number_in_words = "1 other" if number == 1 else f"{number} others"
            return f"{separator.join(shown)} and {number_in_words}"
        shown.append(text)
    return separator.join(shown)
