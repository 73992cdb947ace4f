"""Everything a run found out, as data; knows no framework and no report."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compare.errors import BadInput
from compare.judging import summary
from compare.judging.document import as_json
from compare.judging.not_compared import NotCompared
from compare.judging.result import Result, verdict_of
from compare.judging.sensitivity import Sensitivity
from compare.judging.words import Verdict


@dataclass(frozen=True, repr=False)
class Evidence:
    """Everything one run of the suite found out.

    Args:
        versions: of Python, this package and what it ran on.
        inputs: where the inputs came from, and the seed of the weights.
        results: one for each input and way of setting the weights, in the order in
            which they were run.
        claims: of the study note, each with its figures, if they were checked.
        notes: what the reader must know about this run, a sentence each.
        seconds: wall time of the run, imports included.
        not_compared: pairs that got no verdict, since they were refused or the suite
            failed on them.
    """

    versions: Mapping[str, str]
    inputs: Mapping[str, str | int]
    results: Sequence[Result]
    claims: Sequence[Mapping[str, Any]]
    notes: Sequence[str]
    seconds: float
    not_compared: Sequence[NotCompared] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst of all results, "different" being the worst.

        A refusal that was expected counts for nothing.

        Where there are no other results, it is the worst of the refusals.

        Raises:
            BadInput: if there are no results.
        """
        if not self.results:
            raise BadInput(
                "verdict: expected at least one result, got none; nothing was compared"
            )
        return verdict_of(self.results)

    @property
    def sensitivity(self) -> list[Sensitivity]:
        """Which mistakes, made on purpose, the runs of each pair noticed."""
        last = {}
        for result in self.results:
            if result.sensitivity:
                last[result.sensitivity.place] = result.sensitivity
        return list(last.values())

    @property
    def unexercised(self) -> dict[str, tuple[str, ...]]:
        """What no input made the models do, a sentence each, by pair."""
        return summary.unexercised(self.results)

    @property
    def as_expected(self) -> bool:
        """Whether there are results of every pair, each as the pair declares."""
        if self.not_compared or not self.results:
            return False
        return all(result.as_expected for result in self.results)

    def __bool__(self) -> bool:
        """Nothing: evidence of a difference would count as true.

        Raises:
            TypeError: always.
        """
        raise TypeError(
            "evidence: expected .as_expected or .verdict to be asked for, got the "
            "evidence itself in the place of true or false; write assert "
            "evidence.as_expected, or call compare.assert_same"
        )

    def explain(self) -> str:
        """Why each result that is not as expected is not; or what a pass rests on."""
        return summary.explanation(
            self.results,
            self.sensitivity,
            self.not_compared,
            self.notes,
        )

    def __repr__(self) -> str:
        """The verdict, what it rests on and what to do, in three lines."""
        return summary.in_three_lines(self.results, self.sensitivity, self.not_compared)

    def _repr_html_(self) -> str:
        """A table and a text, where `reports.notebook` draws nothing better."""
        text = html.escape(self.explain())
        return f"{summary.table(self.alike())}<pre>{text}</pre>"

    def alike(self) -> list[list[Result]]:
        """Results of one pair, length and verdict together, transferred either way."""
        groups: dict[tuple[object, ...], list[Result]] = {}
        for r in self.results:
            weights = "" if r.direction in ("to_keras", "to_torch") else r.direction
            key = r.pair, r.length, weights, r.loss, r.verdict, r.expected, r.drawn
            groups.setdefault(key, []).append(r)
        return list(groups.values())

    def to_json(self) -> str:
        """The evidence as JSON; NaN and the infinities become the strings of `str`."""
        good = sum(result.as_expected for result in self.results)
        document = {
            "versions": dict(self.versions),
            "inputs": dict(self.inputs),
            "notes": list(self.notes),
            "results": [result.as_dict() for result in self.results],
            "sensitivity": [of_pair.as_dict() for of_pair in self.sensitivity],
            "unexercised": {
                pair: list(sentences) for pair, sentences in self.unexercised.items()
            },
            "claims": list(self.claims),
            "not_compared": [pair.as_dict() for pair in self.not_compared],
            "summary": {
                "results": len(self.results),
                "as_expected": good,
                "unexpected": len(self.results) - good,
                "seconds": round(self.seconds, 3),
            },
        }
        return as_json(document)
