"""Why twins differ, as data: what is wrong, what to change, and the proof."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Alternative:
    """Another way to read what differs in one place.

    Args:
        side: "torch" or "keras", where the mistake then is.
        faults: names of the mistakes that make it up, of the library.
        sentence: what is wrong then, and where.
        fix: what to change then.
    """

    side: str
    faults: tuple[str, ...]
    sentence: str
    fix: str


@dataclass(frozen=True)
class Explanation:
    """Why twins differ, or what was seen where nothing known explains it.

    Args:
        explained: whether the twins are the same once both do alike there.
        faults: names of the mistakes, in the order in which the model meets them.
        sentence: what is wrong, and where.
        fix: what to change.
        indistinguishable_from: side and name of mistakes that look the same here, of
            several that make it up only together all names.
        gap_before, gap_after, limit: of the stage that decides, without the mistakes
            and with them made alike on both sides; None where a twin refuses.
        tried: how many mistakes were looked for.
        layer: where the difference begins: a layer, or the stage that shows it.
        timestep, unit: the first step that differs there, and the unit that is farthest
            apart in it, both counted from 1; None where that is not known.
        gates: those of a recurrent layer that differ in that step, as PyTorch names
            them, if its weights differ.
        alternatives: other readings, each in the place of one of the mistakes.
        part: what is wrong and known, where that does not explain all.
        rest: what is seen beyond it, or where nothing is known.
    """

    explained: bool
    faults: tuple[str, ...]
    sentence: str
    fix: str
    indistinguishable_from: tuple[str, ...]
    gap_before: float | None
    gap_after: float | None
    limit: float | None
    tried: int
    layer: str = ""
    timestep: int | None = None
    unit: int | None = None
    gates: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    part: str = ""
    rest: str = ""

    @property
    def place(self) -> str:
        """Where the difference begins, in words; nothing where that is not known."""
        parts = (
            self.layer,
            self.timestep and f"step {self.timestep}",
            self.unit and f"unit {self.unit}",
            self.gates and f"gate{'s' * (len(self.gates) > 1)} {listed(self.gates)}",
        )
        return ", ".join(filter(None, parts))

    def explain(self) -> list[str]:
        """As text of a few lines."""
        lines = [f"place     {self.place}"] if self.place else []
        others = [
            f"or else   {other.sentence}; fix {other.fix}"
            for other in self.alternatives
        ]
        if self.explained:
            lines.append(f"because   {self.sentence}")
            if self.gap_after is not None:
                proof = f"with that alike on both sides the gap is {self.gap_after:.1e}"
                lines.append(f"proof     {proof}")
            return [*lines, f"fix       {self.fix}", *others]
        what = "it"
        if self.part:
            lines += [f"in part   {self.part}", f"fix       {self.fix}", *others]
            what = "the rest"
        seen = f"; {self.rest}" if self.rest else ""
        said = f"unknown   none of {self.tried} mistakes explains {what}{seen}"
        return [*lines, said]


def listed(names: Sequence[str]) -> str:
    """Names in a row, with "and" before the last."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
