"""What is said of a layer, so that it can be said of several layers at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from compare.judging.explanation import listed
from compare.judging.words import Side

MOST_NAMES = 40  # in one sentence; of more the first, and how many others
PLACES: dict[Side, str] = {"torch": "{torch}", "keras": "{keras}"}


@dataclass(frozen=True)
class Wording:
    """A sentence and a fix, without the names of the layer.

    Args:
        sentence: with PLACES where what a side calls the layer is to stand.
        fix: the same.
    """

    sentence: str
    fix: str

    def of_layers(self, layers: Sequence[Mapping[Side, str]]) -> tuple[str, str]:
        """The sentence and the fix of some layers.

        Args:
            layers: what a side, or each side, calls every one of them.
        """
        sentence, fix = self.sentence, self.fix
        for side, place in PLACES.items():
            names = [names[side] for names in layers if side in names]
            if names:
                together = _listed(list(dict.fromkeys(names)))
                sentence = sentence.replace(place, together)
                fix = fix.replace(place, together)
        return sentence, fix


def _listed(names: Sequence[str]) -> str:
    """Names in a row, of many the first ones, and how many others."""
    if len(names) > MOST_NAMES:
        count = len(names) - MOST_NAMES + 1
        names = [*names[: MOST_NAMES - 1], f"{count} others"]
    return listed(names)
