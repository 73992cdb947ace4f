"""What the files of a port say: README, evidence, and an example with its script."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np

from compare.judging.evidence import Evidence
from compare.judging.result import worst_of
from compare.judging.words import Verdict
from compare.listing import bounded
from compare.porting import readme, run_sizes
from compare.porting.judges import Judge
from compare.porting.writing import names

SAMPLES_OF_EXAMPLE = 4
# A line of each script, and what stands there in that of a port that is not proved.
PASSING = "status = 0\n"
FAILING = 'print("{}")\nstatus = 1\n'
ENDINGS = (".weights.h5", ".keras", ".hdf5", ".h5", ".safetensors", ".pth", ".pt")


@dataclass(frozen=True)
class Port:
    """A port, as it was written.

    Args:
        folder: where it is.
        files: their names.
        name: of the class or the function in `model.py` that makes the model.
        framework: of the port, "PyTorch" or "Keras".
        evidence: of the comparison with the original.
        judge: what it was compared with; `judge.name` and `judge.reason` say it.
        notes: what was read or written otherwise than it stands in the original.
        stubs: the names of the layers that are left for the user to write.
    """

    folder: Path
    files: tuple[str, ...]
    name: str
    framework: str
    evidence: Evidence
    judge: Judge
    notes: tuple[str, ...]
    stubs: tuple[str, ...] = ()

    @property
    def is_proved(self) -> bool:
        """Whether the port computes what the original computes."""
        return self.is_same and not self.stubs

    @property
    def is_same(self) -> bool:
        """Whether all that could be compared is the same; with stubs, beside them."""
        return self.evidence.as_expected and self.judge.is_confirmed

    @property
    def sizes(self) -> str:
        """At which sizes it was run beside the original, a sentence."""
        return run_sizes.sentence(self.evidence)

    @property
    def verdict(self) -> str:
        """The verdict in words, such as "same", or "same up to attention".

        It is that of `evidence`, unless what the port was compared with is not the same
        as the original.
        """
        verdict = verdict_of_port(self.evidence, self.judge)
        return f"{verdict} up to {bounded(self.stubs)}" if self.stubs else verdict


def verdict_of_port(evidence: Evidence, judge: Judge) -> Verdict:
    """The worse of two verdicts: on the port, and on what it was compared with."""
    if judge.confirmation is None:
        return evidence.verdict
    return worst_of([evidence.verdict, judge.confirmation.verdict])


def class_name(file: str) -> str:
    """The name of a port's class, after the file: my-model.h5 becomes MyModel."""
    stem = file
    for ending in ENDINGS:
        if stem.lower().endswith(ending):
            stem = stem[: -len(ending)]
            break
    return names.class_name(stem, names.of_helpers())


@dataclass(frozen=True)
class Example:
    """A few inputs, with what the original makes of them.

    Args:
        arrays: by name, "input000" and "result000" and so on; around stubs as `check`
            names them in `data/check_stubs.py.txt`.
        limit: how far the port may be from them in float32, on any machine.
        verdict: on the port, where it is not shown to be the same as the original; its
            script says so and does not pass, whatever the example comes to.
    """

    arrays: Mapping[str, np.ndarray]
    limit: float
    verdict: str = ""

    def script(
        self, template: str, name: str, words: Mapping[str, str] | None = None
    ) -> bytes:
        """The script that runs it, of a template in `data`.

        Args:
            template: name of the file.
            name: of the class that the port has.
            words: what else is replaced in it.
        """
        text = resources.files("compare.porting") / "data" / template
        script = text.read_text("utf-8").replace("CLASS", name)
        for word, replacement in (words or {}).items():
            script = script.replace(word, replacement)
        if self.verdict:
            warning = f"README.md: judged {self.verdict} when it was written"
            script = script.replace(PASSING, FAILING.format(warning))
        return script.replace("LIMIT_OF_FLOAT32", f"{self.limit:.0e}").encode()


def shortened(array: np.ndarray) -> np.ndarray:
    """The first samples of an input."""
    return np.ascontiguousarray(array[:SAMPLES_OF_EXAMPLE])


def example_of(
    inputs: Sequence[np.ndarray],
    right: Sequence[np.ndarray],
    names: tuple[Sequence[str], Sequence[str]] | None,
    limit: float,
    verdict: str,
) -> Example:
    """An example.

    Args:
        inputs: what the original was given.
        right: what the original returned.
        names: of inputs and results, where they are not numbered.
        limit: as in `Example`.
        verdict: as in `Example`.
    """
    if names is None:
        names = (
            [f"input{number:03}" for number in range(len(inputs))],
            [f"result{number:03}" for number in range(len(right))],
        )
    arrays = dict(zip(names[0], inputs, strict=True))
    arrays |= zip(names[1], right, strict=True)
    return Example(arrays, limit, verdict)


def texts(facts: readme.Facts, judge: Judge, evidence: Evidence) -> tuple[bytes, bytes]:
    """README and evidence of a port."""
    document = json.loads(evidence.to_json())
    del document["summary"]["seconds"]  # so that the same port is the same to the byte
    document["port"] = {
        "source": facts.source,
        "sha256": facts.sha256,
        "version": facts.version,
        "framework": facts.framework,
        "name": facts.name,
        "judge": judge.name,
        "reason": judge.reason,
        "verdict": facts.verdict,
        "proved": facts.is_proved,
        "notes": list(facts.notes),
        "stubs": list(facts.stubs),
        "compared": list(facts.compared),
    }
    evidence_text = json.dumps(document, indent=1) + "\n"
    return readme.text(facts, evidence).encode(), evidence_text.encode()


def sha256(path: Path) -> str:
    """The hash of a file, read in pieces."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
