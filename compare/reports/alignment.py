"""Which lines of two sources correspond, and which words differ, as plain data.

Terminals and pages show it; nothing here knows of either. The text alone cannot tell
whether two models compute the same: what differs is *quiet* where both frameworks are
known to say one thing in their own words, or where nothing is computed at all, and
*loud* everywhere else. Loud is where to look, and not yet a mistake.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Literal

from compare.reports.code_words import Key, Source, Word

Loudness = Literal["quiet", "loud"]
QUIET: Loudness = "quiet"
LOUD: Loudness = "loud"

ALIKE = 0.45  # share of words from which lines that differ may correspond
MOST_COMPARED = 250_000  # pairs of lines between two anchors, or of words of two lines
LONG = 1000  # lines of a source
ONE_SIDED = ("size", "said by one")  # kinds of keys that the other side has no word for
ANCHOR = 8  # words in lines that are equal, from which these are sure to correspond


@dataclass(frozen=True)
class Span:
    """Letters of a line that differ from the line beside it.

    Args:
        start: the first letter, from 0.
        end: the letter after the last.
        loudness: QUIET or LOUD.
    """

    start: int
    end: int
    loudness: Loudness


@dataclass(frozen=True)
class Line:
    """A line of source.

    Args:
        number: in its source, from 1.
        text: without the line's end.
        spans: what differs in it, from left to right.
        prose: the letter from which on it is a comment or a docstring, from 0; the
            length of the text where none is.
    """

    number: int
    text: str
    spans: tuple[Span, ...]
    prose: int


@dataclass(frozen=True)
class Row:
    """Lines that correspond; None on the side that has no such line.

    Args:
        left: of the first source, PyTorch's.
        right: of the second, Keras's.
    """

    left: Line | None
    right: Line | None

    @property
    def loudness(self) -> Loudness | None:
        """How loud the loudest difference is; None where there is none."""
        lines = [line for line in (self.left, self.right) if line is not None]
        found = {span.loudness for line in lines for span in line.spans}
        if LOUD in found:
            return LOUD
        return QUIET if found else None


def aligned(left: str, right: str) -> list[Row]:
    """The lines of two sources in rows, in order, each line once.

    Args:
        left: PyTorch's source.
        right: Keras's source.
    """
    left_source, right_source = Source(left), Source(right)
    rows = []
    for of_left, of_right in _pairs(left_source.words, right_source.words):
        left_words = () if of_left is None else left_source.words[of_left]
        right_words = () if of_right is None else right_source.words[of_right]
        left_spans, right_spans = _spans(left_words, right_words)
        left_line = _line(left_source, of_left, left_spans)
        rows.append(Row(left_line, _line(right_source, of_right, right_spans)))
    return rows


def _line(source: Source, index: int | None, spans: tuple[Span, ...]) -> Line | None:
    if index is None:
        return None
    return Line(index + 1, source.lines[index], spans, source.prose[index])


# --------------------------------------------------------------------- lines that match

Pair = tuple[int | None, int | None]  # numbers of lines, from 0


def _pairs(
    left: Sequence[tuple[Word, ...]], right: Sequence[tuple[Word, ...]]
) -> Iterator[Pair]:
    """Lines that correspond, by number from 0: equal ones, and alike ones between."""
    left_keys = [tuple(word.key for word in words) for words in left]
    right_keys = [tuple(word.key for word in words) for words in right]
    likeness = _Likeness(left, right)
    # Of very many lines, such as are there often are no anchors: they take too long.
    is_long = len(right_keys) > LONG
    matcher = SequenceMatcher(None, left_keys, right_keys, autojunk=is_long)
    left_start = right_start = 0
    for left_end, right_end, size in matcher.get_matching_blocks():
        number_of_words = sum(map(len, left_keys[left_end : left_end + size]))
        is_end = size == 0
        if number_of_words < ANCHOR and not is_end:
            continue
        left_numbers = range(left_start, left_end)
        right_numbers = range(right_start, right_end)
        yield from _between(left_numbers, right_numbers, likeness)
        for offset in range(size):
            yield left_end + offset, right_end + offset
        left_start, right_start = left_end + size, right_end + size


def _between(left: range, right: range, likeness: _Likeness) -> Iterator[Pair]:
    """Pair the lines between two anchors so that as much as can be corresponds."""
    if len(left) * len(right) > MOST_COMPARED:
        yield from _in_turn(left, right)
        return
    # best[i][j]: the most that the lines from i and from j on can have in common.
    best = [[0.0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i in reversed(range(len(left))):
        row, below = best[i], best[i + 1]
        for j in reversed(range(len(right))):
            together = below[j + 1] + likeness(left[i], right[j])
            row[j] = max(below[j], row[j + 1], together)
    i = j = 0
    while i < len(left) and j < len(right):
        worth = likeness(left[i], right[j])
        if worth > 0 and best[i][j] == best[i + 1][j + 1] + worth:
            yield left[i], right[j]
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            yield left[i], None
            i += 1
        else:
            yield None, right[j]
            j += 1
    yield from _in_turn(left[i:], right[j:])


def _in_turn(left: Sequence[int], right: Sequence[int]) -> Iterator[Pair]:
    """Lines of which none correspond: first those of the left."""
    for number in left:
        yield number, None
    for number in right:
        yield None, number


class _Likeness:
    """How much two lines have in common; 0 where they cannot correspond.

    Args:
        left: the words of each line on the left.
        right: the same on the right.
    """

    def __init__(
        self, left: Sequence[tuple[Word, ...]], right: Sequence[tuple[Word, ...]]
    ):
        self._left = [_Content.of(words) for words in left]
        self._right = [_Content.of(words) for words in right]

    def __call__(self, left_number: int, right_number: int) -> float:
        left, right = self._left[left_number], self._right[right_number]
        if not left.size or not right.size:
            # An empty line is no sign, and yet stands beside another rather than alone.
            return 0.01 if left.keys == right.keys else 0.0
        shared = (left.counts & right.counts).total()
        if shared < 2 and left.keys[0] != right.keys[0]:
            return 0.0  # one name in common says little, unless both are a `return`
        share = 2 * shared / (left.size + right.size)
        return share * shared if share >= ALIKE else 0.0


@dataclass(frozen=True)
class _Content:
    """What two lines have to share so that they correspond.

    Args:
        keys: of all words.
        counts: how much each key weighs, of names and numbers, or of all words where
            there are only signs. What only one framework is told weighs nothing, and
            what a framework is asked for as much as three names of a user's own.
        size: how much all of them weigh.
    """

    keys: tuple[Key, ...]
    counts: Counter[Key]
    size: int

    @staticmethod
    def of(words: Sequence[Word]) -> _Content:
        keys = tuple(word.key for word in words)
        telling = [key for key in keys if key[0] not in ONE_SIDED]
        names = [key for key in telling if key[-1][0].isalnum() or key[-1][0] == "_"]
        counts: Counter[Key] = Counter()
        for key in names or telling:
            if key[0] == "time first":  # a layer of the same name all the same
                key = ("framework", key[-1])
            counts[key] += 3 if key[0] == "framework" else 1
        return _Content(keys, counts, counts.total())


# --------------------------------------------------------------------- words that match


def _spans(
    left: Sequence[Word], right: Sequence[Word]
) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """What differs in two lines that correspond, on either side."""
    left_spans: list[Span] = []
    right_spans: list[Span] = []
    left_keys, right_keys = [w.key for w in left], [w.key for w in right]
    for is_equal, start, end, right_start, right_end in _blocks(left_keys, right_keys):
        if is_equal:
            for offset in range(end - start):
                word, its_twin = left[start + offset], right[right_start + offset]
                if word.text != its_twin.text:
                    left_spans.append(Span(word.start, word.end, QUIET))
                    right_spans.append(Span(its_twin.start, its_twin.end, QUIET))
        else:
            left_spans += _spans_of(left[start:end])
            right_spans += _spans_of(right[right_start:right_end])
    return _joined(left_spans, left), _joined(right_spans, right)


def _blocks(
    left: Sequence[Key], right: Sequence[Key]
) -> Iterator[tuple[bool, int, int, int, int]]:
    """Blocks of words: whether both are equal, and where each begins and ends."""
    if left == right:
        yield True, 0, len(left), 0, len(right)
    elif len(left) * len(right) > MOST_COMPARED:
        yield False, 0, len(left), 0, len(right)
    else:
        matcher = SequenceMatcher(None, left, right, autojunk=False)
        for tag, start, end, right_start, right_end in matcher.get_opcodes():
            yield tag == "equal", start, end, right_start, right_end


def _spans_of(words: Sequence[Word]) -> Iterator[Span]:
    for word in words:
        yield Span(word.start, word.end, QUIET if word.is_quiet else LOUD)


def _joined(spans: Sequence[Span], words: Sequence[Word]) -> tuple[Span, ...]:
    """Spans of words that follow each other as one, with the spaces between them."""
    following = {}  # where the next word begins, by where one ends
    for word, next_word in pairwise(words):
        following[word.end] = next_word.start
    joined: list[Span] = []
    for span in spans:
        before = joined[-1] if joined else None
        is_next = before is not None and following.get(before.end) == span.start
        if before is not None and is_next and before.loudness == span.loudness:
            joined[-1] = Span(before.start, span.end, span.loudness)
        else:
            joined.append(span)
    return tuple(joined)
