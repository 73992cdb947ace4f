"""Why twins differ, as data: what is wrong, what to change, and the proof."""

from collections.abc import Sequence
from dataclasses import dataclass

from compare.judging.words import Side


@dataclass(frozen=True)
class Alternative:
    """Another way to read what differs in one place.

    Args:
        side: where the mistake then is.
        faults: names of the mistakes of the library that make it up.
        sentence: what is wrong then, and where.
        fix: what to change then.
        instead_of: the number, from 1, of the cause that it replaces; 0 where there is
            one cause.
    """

    side: Side
    faults: tuple[str, ...]
    sentence: str
    fix: str
    instead_of: int = 0

    def explain(self) -> str:
        """The alternative as a line."""
        replaced = ""
        if self.instead_of:
            replaced = f"instead of cause {self.instead_of}: "
        return f"or else   {replaced}{self.sentence}; fix {self.fix}"


@dataclass(frozen=True)
class Explanation:
    """Why twins differ, or what was seen where nothing known explains it.

    Args:
        explained: whether the twins are the same once both sides do alike there.
        faults: names of the mistakes, in the order in which the model meets them.
        sentence: what is wrong, and where.
        fix: what to change.
        indistinguishable_from: side and name of each mistake that looks the same here;
            the names of all of them, where several look so only together.
        gap_before: of the stage that decides; None where a twin refuses.
        gap_after: of that stage with the mistakes made alike on both sides.
        limit: of that stage.
        tried: how many mistakes were looked for; 0 where they could not be.
        layer: where the difference begins: a layer, or the stage that shows it.
        timestep, unit: the first step that differs there, and the unit that is farthest
            apart in it, both counted from 1; None where that is not known.
        gates: those of a recurrent layer that differ in that step, as PyTorch names
            them, if its weights differ.
        alternatives: other readings, each in the place of one of the mistakes.
        part: what is wrong and known, where that does not explain all.
        rest: what is seen beyond it, or where nothing is known.
        torch_line, keras_line: the line of the user's source on which the difference
            begins, as "file:number: text"; "" where that is not known.
        is_rounding: whether all that differs is constants, and these by no more than
            float32 makes of them.
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
    torch_line: str = ""
    keras_line: str = ""
    is_rounding: bool = False

    @property
    def place(self) -> str:
        """Where the difference begins, in words; nothing where that is not known."""
        words = []
        if self.layer:
            words.append(self.layer)
        if self.timestep:
            words.append(f"step {self.timestep}")
        if self.unit:
            words.append(f"unit {self.unit}")
        if len(self.gates) == 1:
            words.append(f"gate {self.gates[0]}")
        elif self.gates:
            words.append(f"gates {listed(self.gates)}")
        return ", ".join(words)

    def explain(self) -> list[str]:
        """The explanation as text of a few lines, the place in front."""
        return [*self.explain_place(), *self.explain_cause()]

    def explain_place(self) -> list[str]:
        """Where the difference begins, as lines; none where that is not known."""
        lines = []
        if self.place:
            lines.append(f"place     {self.place}")
        if self.torch_line:
            lines.append(f"line      PyTorch {self.torch_line}")
        if self.keras_line:
            lines.append(f"line      Keras {self.keras_line}")
        return lines

    def explain_cause(self) -> list[str]:
        """The cause, its proof and the fix as lines; or what was seen."""
        alternatives = [alternative.explain() for alternative in self.alternatives]
        lines = []
        if self.explained:
            lines.append(f"because   {self.sentence}")
            if self.gap_after is not None:
                proof = f"with that alike on both sides the gap is {self.gap_after:.1e}"
                lines.append(f"proof     {proof}")
            return [*lines, f"fix       {self.fix}", *alternatives]
        unexplained = "it"
        if self.part:
            lines += [f"in part   {self.part}", f"fix       {self.fix}", *alternatives]
            unexplained = "the rest"
        unknown = [self.rest] if self.rest else []
        if self.tried:
            tried = f"none of {self.tried} mistakes explains {unexplained}"
            unknown = [tried, *unknown]
        return [*lines, f"unknown   {'; '.join(unknown)}"]


def listed(names: Sequence[str]) -> str:
    """Names in a row, with "and" before the last."""
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} and {names[-1]}"
