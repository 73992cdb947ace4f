"""What the reader of a port's folder is told first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from compare.judging.evidence import Evidence
from compare.judging.result import Result, deciding
from compare.judging.summary import MATCHED
from compare.one_line import printable
from compare.porting import run_sizes

LONGEST_LIST = 2_000  # letters


@dataclass(frozen=True)
class Facts:
    """What is said of a port.

    Args:
        source: name of the file that it was made of.
        version: of what saved it, such as "Keras 2.3.1", or "".
        sha256: of the file.
        framework: that the port is in.
        name: of what makes the model, in `model.py`.
        usage: how it is loaded, as code.
        judge: what it was compared with, and why with that, a sentence.
        verdict: on it.
        is_proved: whether it computes what the original computes.
        notes: what was read or written otherwise than it stands in the file.
        files: what each file of the folder is, by name.
        by: the suite's name and version.
        stubs: the names of the layers that are left for the user to write.
        compared: what was compared, in words, where there are stubs.
        in_the_place: of what stubs return, what stood there.
    """

    source: str
    version: str
    sha256: str
    framework: str
    name: str
    usage: str
    judge: str
    verdict: str
    is_proved: bool
    notes: Sequence[str]
    files: Mapping[str, str]
    by: str
    stubs: Sequence[str] = ()
    compared: Sequence[str] = ()
    in_the_place: str = "random numbers"


def text(facts: Facts, evidence: Evidence) -> str:
    """The README of a port."""
    return "\n".join(_lines(facts, evidence)) + "\n"


def _lines(facts: Facts, evidence: Evidence) -> Iterator[str]:
    saved = f", saved by {facts.version}" if facts.version else ""
    yield f"# {facts.name}"
    yield ""
    yield f"`{printable(facts.source)}`{saved}, in {facts.framework}."
    yield ""
    yield "```python"
    yield facts.usage
    yield "```"
    yield ""
    if facts.framework == "PyTorch":
        yield "Keras turns numbers of any kind into float32, and PyTorch does not: hand"
        yield "floats over as that, `x.float()`."
        yield ""
    yield "## Is it the same model?"
    yield ""
    yield _verdict(facts, evidence)
    yield ""
    yield facts.judge
    yield ""
    yield from _stubs(facts)
    yield from _table(evidence.alike())
    yield ""
    yield "gap: largest difference in float64, as a part of the largest value."
    yield "limit: what rounding explains, measured by running each in float32 as well."
    yield ""
    yield run_sizes.sentence(evidence)
    notes = [note for note in evidence.notes if not note.startswith(MATCHED)]
    for sentence in (*facts.notes, *notes):
        yield ""
        yield f"- {printable(sentence)}"
    for sentences in evidence.unexercised.values():
        yield ""
        yield "Not exercised by these inputs, and so not shown:"
        yield ""
        for sentence in sentences:
            yield f"- {printable(sentence)}"
    yield ""
    yield "`python check.py` runs a stored example again."
    yield ""
    yield "## Files"
    yield ""
    for name, meaning in facts.files.items():
        yield f"- `{name}`: {meaning}"
    yield ""
    yield f"Written by {facts.by} from a file of sha256 {facts.sha256}."


def _stubs(facts: Facts) -> Iterator[str]:
    """What is left to write, and what was compared beside it."""
    if not facts.stubs:
        return
    yield (
        "Left for you to write, each a class in `model.py` that says what it stands "
        "for and raises NotImplementedError:"
    )
    yield ""
    for name in facts.stubs:
        yield f"- `{printable(name)}`"
    yield ""
    yield (
        f"Compared, with {facts.in_the_place} in the place of what the stubs return: "
        f"{printable('; '.join(facts.compared), LONGEST_LIST)}."
    )
    yield ""


def _verdict(facts: Facts, evidence: Evidence) -> str:
    if facts.stubs and evidence.as_expected:
        names = printable(", ".join(facts.stubs), LONGEST_LIST)
        return (
            f"**{facts.verdict} up to {names}**: what is written computes what it "
            "computes in the original. The whole is not, before you have written that."
        )
    if facts.is_proved:
        return f"**{facts.verdict}**: it computes what the original computes."
    return (
        f"**{facts.verdict}**: it is NOT shown to compute what the original "
        "computes. Do not use it before you know why."
    )


def _table(groups: Sequence[Sequence[Result]]) -> Iterator[str]:
    yield "| weights | steps | batch | verdict | gap | limit |"
    yield "|---|---|---|---|---|---|"
    for results in groups:
        steps = " ".join(dict.fromkeys(str(r.timesteps or "") for r in results))
        batches = " ".join(dict.fromkeys(str(r.batch) for r in results))
        first = results[0]
        weights = "of the file" if first.direction == "as is" else first.direction
        deciding_stages = [deciding(r.verdict, r.stages) for r in results if r.stages]
        stages = [stage for stage in deciding_stages if stage is not None]
        figures = " | "
        if stages:
            worst = max(stages, key=lambda stage: stage.ratio)
            figures = f"{worst.gap:.1e} | {worst.limit:.1e}"
        yield f"| {weights} | {steps} | {batches} | {first.verdict} | {figures} |"
