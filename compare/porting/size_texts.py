"""An open size as an expression of the sizes of a model's inputs, by what it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

from compare.kinds.graph import UNTOLD

LONGEST = 32  # letters of an expression that is read at a glance
MOST_TIMES = 64
# Of the sizes that a model is called at: multiples of the first one where its parts
# must meet again, and those of a batch.
FACTOR = 64
BATCHES = (5, 3, 7, 11, 13, 17, 19, 23)
Values = tuple[int | None, ...]


@dataclass(frozen=True)
class Ambiguous:
    """A size that is another one divided by a stride, rounded in a way not known yet.

    Args:
        word: of the other size.
        stride: what it is divided by.
        least: what is added before it is rounded down, at least.
        most: the same at most.
        near: a size of the other one that a model takes.
    """

    word: str
    stride: int
    least: int
    most: int
    near: int

    @property
    def telling_size(self) -> int:
        """A size at which the smaller half of what may be added gives another one."""
        middle = (self.least + self.most + 1) // 2
        return self.near + (-self.near - middle) % self.stride


class SizeTexts:
    """Writes sizes of which it is known what they were in several calls of a model.

    Args:
        sizes: what the sizes of the inputs were in each call, by their words.
    """

    def __init__(self, sizes: Sequence[Mapping[str, int]]) -> None:
        self.count = len(sizes)
        words = list(sizes[0]) if sizes else []
        self.words = {word: tuple(call[word] for call in sizes) for word in words}
        # Each expression by what it was; those that come first are used by later ones.
        self.known: dict[tuple[int, ...], str] = {}
        for word, values in self.words.items():
            self.known.setdefault(values, word)

    def text(self, values: Values) -> str:
        """The expression of a size, or a word that says nothing of it."""
        whole = self._whole(values)
        if whole is None:
            return UNTOLD
        if whole not in self.known:
            text = self._text(whole)
            self.known[whole] = text if len(text) <= LONGEST else UNTOLD
        return self.known[whole]

    def ambiguous(self, values: Values) -> Ambiguous | None:
        """Where more than one way of rounding fits a size, and no plainer text."""
        whole = self._whole(values)
        if whole is None or whole in self.known or len({*whole}) == 1:
            return None
        fits = [self._divided(word, whole) for word in self.words]
        found = [fit for fit in fits if fit is not None]
        if any(fit.least == fit.most for fit in found):
            return None
        return found[0] if found else None

    def _whole(self, values: Values) -> tuple[int, ...] | None:
        """What a size was in all calls; None if it was not told in one of them."""
        whole = tuple(value for value in values if value is not None)
        return whole if self.count and len(whole) == len(values) else None

    def _text(self, values: tuple[int, ...]) -> str:
        if len({*values}) == 1:
            return str(values[0])
        for word in self.words:
            fit = self._divided(word, values)
            if fit is not None and (fit.least == fit.most or self._is_aligned()):
                return _divided_text(fit)
        return self._multiple(values) or self._of_two(values) or UNTOLD

    def _divided(self, word: str, values: tuple[int, ...]) -> Ambiguous | None:
        """A size as another one divided by a stride, if it was that in all calls."""
        sizes = self.words[word]
        largest = max(range(self.count), key=lambda number: sizes[number])
        if values[largest] <= 0:
            return None
        near = round(sizes[largest] / values[largest])
        for stride in (near, near - 1, near + 1):
            if stride < 1:
                continue
            pairs = list(zip(sizes, values, strict=True))
            least = max(stride * value - size for size, value in pairs)
            most = min(stride * value + stride - 1 - size for size, value in pairs)
            if least <= most and len({*sizes}) > 1:
                return Ambiguous(word, stride, least, most, sizes[largest])
        return None

    def _is_aligned(self) -> bool:
        """Whether no size was one that a stride could round."""
        sizes = [size for values in self.words.values() for size in values]
        return all(size % FACTOR == 0 or size in BATCHES for size in sizes)

    def _multiple(self, values: tuple[int, ...]) -> str:
        """A size as another one several times, and some more."""
        for before, text in self.known.items():
            if text == UNTOLD:
                continue
            pairs = [(b, v) for b, v in zip(before, values, strict=True) if b]
            (first, value), *_ = pairs or [(1, 0)]
            for times in {value // first, round(value / first)}:
                more = value - times * first
                is_so = all(v == times * b + more for b, v in pairs)
                if 1 < times <= MOST_TIMES and is_so and len({*before}) > 1:
                    return f"{times} * {_in_brackets(text)}{_more(more)}"
        return ""

    def _of_two(self, values: tuple[int, ...]) -> str:
        """A size as the sum or the product of two others."""
        texts = self.known.items()
        known = [pair for pair in texts if pair[1] != UNTOLD and len({*pair[0]}) > 1]
        for (first, text), (second, other) in combinations_with_replacement(known, 2):
            pairs = list(zip(first, second, strict=True))
            more = {v - a - b for (a, b), v in zip(pairs, values, strict=True)}
            if len(more) == 1 and first != second:
                return f"{text} + {other}{_more(more.pop())}"
            if all(a * b == v for (a, b), v in zip(pairs, values, strict=True)):
                return f"{_in_brackets(text)} * {_in_brackets(other)}"
        return ""


def _divided_text(fit: Ambiguous) -> str:
    """Such as "time", "time - 2", "time // 2" or "(time + 1) // 2"."""
    word, stride = fit.word, fit.stride
    added = _plainest(fit)
    if stride == 1:
        return f"{word}{_more(added)}"
    if added % stride == 0:
        return f"{word} // {stride}{_more(added // stride)}"
    return f"({word}{_more(added)}) // {stride}"


def _plainest(fit: Ambiguous) -> int:
    """What is added before rounding: nothing where that fits."""
    for added in (0, fit.stride - 1):
        if fit.least <= added <= fit.most:
            return added
    return fit.least


def _more(number: int) -> str:
    if number == 0:
        return ""
    return f" + {number}" if number > 0 else f" - {-number}"


def _in_brackets(text: str) -> str:
    return text if text.isidentifier() else f"({text})"
