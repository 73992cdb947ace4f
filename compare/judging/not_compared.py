"""A pair of a run that got no verdict, as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from compare.one_line import sentence


@dataclass(frozen=True)
class NotCompared:
    """A pair that was refused, or on which the suite itself failed.

    Args:
        pair: its name.
        message: one line, without the pair's name.
        traceback: where the suite failed; "" where the pair was refused.
    """

    pair: str
    message: str
    traceback: str = ""

    @property
    def is_defect(self) -> bool:
        """Whether it is the suite that has to be mended, and not the pair."""
        return bool(self.traceback)

    def as_dict(self) -> dict[str, Any]:
        """The pair as JSON shows it; a traceback has paths of one machine."""
        return {
            "pair": self.pair,
            "message": self.message,
            "defect": self.is_defect,
        }


def lines(pairs: Iterable[NotCompared]) -> list[str]:
    """A line for each message, which names all pairs that it is about."""
    names: dict[str, list[str]] = {}
    for pair in pairs:
        names.setdefault(pair.message, []).append(pair.pair)
    texts = []
    for message, its_pairs in names.items():
        if len(its_pairs) == 1 and message.startswith(its_pairs[0]):
            texts.append(sentence(message))
        else:
            texts.append(sentence(f"{', '.join(its_pairs)}: {message}"))
    return texts
