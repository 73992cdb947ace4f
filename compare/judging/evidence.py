"""Everything a run found out, as data; knows no framework and no report."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from compare.errors import BadInput
from compare.judging.explanation import Explanation

SAME = "same"
SAME_IN_FLOAT32 = "same in float32"  # float64, which proves, could not be run
BOTH_REFUSE = "both refuse"
ILL_CONDITIONED = "ill-conditioned"
ONE_REFUSES = "one refuses"
DIFFERENT = "different"
VERDICTS = (  # best first
    SAME,
    SAME_IN_FLOAT32,
    BOTH_REFUSE,
    ILL_CONDITIONED,
    ONE_REFUSES,
    DIFFERENT,
)

SIDES = {"torch": "PyTorch", "keras": "Keras"}  # as data names them, as people do
OTHER = {"torch": "keras", "keras": "torch"}

SCHEMA = 1  # raised when a field of the JSON is removed or renamed


@dataclass(frozen=True)
class Worst:
    """The element where the twins are farthest apart in float64.

    `index` counts from 0 as NumPy does; its axes are (batch, time, unit) in a stage
    with a time axis and (batch, unit) elsewhere.
    """

    index: tuple[int, ...]
    torch: float
    keras: float


@dataclass(frozen=True)
class StageResult:
    """What the four runs of one stage say; figures as `verdict.judge` defines them.

    `horizon` of `steps` is how many steps could be judged (1 of 1 where the stage has
    no time axis). `timestep` is the first step that differs, counted from 1. `reason`
    is why the verdict is not `same`. Where float64 could not be run there is a
    `limit32` to judge gap32 by, and gap64 and limit64 are NaN.
    """

    stage: str
    verdict: str
    gap64: float
    limit64: float
    gap32: float
    noise_torch: float
    noise_keras: float
    horizon: int
    steps: int
    worst: Worst | None = None
    timestep: int | None = None
    reason: str = ""
    limit32: float | None = None

    @property
    def gap(self) -> float:
        """The gap that was judged."""
        return self.gap64 if self.limit32 is None else self.gap32

    @property
    def limit(self) -> float:
        """What it was judged by."""
        return self.limit64 if self.limit32 is None else self.limit32

    @property
    def ratio(self) -> float:
        """The gap as a multiple of its limit."""
        return self.gap / self.limit

    def explain(self) -> list[str]:
        """Where the verdict starts, why, and the element that is farthest apart."""
        step = f", step {self.timestep}" if self.timestep else ""
        lines = [f"starts at {self.stage}{step}: {self.reason}"]
        if self.worst:
            index = ", ".join(map(str, self.worst.index))
            lines.append(
                f"worst     [{index}]: PyTorch {self.worst.torch:.6g}, "
                f"Keras {self.worst.keras:.6g}"
            )
        return lines


@dataclass(frozen=True)
class Survivor:
    """A mistake that a run would not have noticed.

    Args:
        fault, layer: the name of the mistake, and where it was made.
        sentence: what it is.
        reason: why it was not noticed.
    """

    fault: str  # as the JSON has always called a mistake
    layer: str
    sentence: str
    reason: str = ""


@dataclass(frozen=True)
class Sensitivity:
    """How many of the mistakes that can be made in a twin a run would have noticed.

    Args:
        pair: what was run.
        noticed, faults: how many, of how many; each mistake counts in each layer.
        survivors: those that were not noticed.
        loss: name of the loss whose gradients were compared, or nothing where the
            model's own stages were.
    """

    pair: str
    noticed: int
    faults: int
    survivors: tuple[Survivor, ...] = ()
    loss: str = ""

    @property
    def what(self) -> str:
        """What was run, in words."""
        return f"{self.pair}, gradients of {self.loss}" if self.loss else self.pair


@dataclass(frozen=True)
class Result:
    """One pair on one case, weights transferred in one direction.

    Args:
        pair, length, timesteps, batch, direction: what was run. `length` is "none" or
            the number of steps that the twins were built for; `timesteps` and `batch`
            are None where building the twins was refused.
        verdict, expected: one of VERDICTS.
        stages: in the order in which the models compute them; empty after a refusal.
        unmatched: stages that only one side has, or in another shape, and which were
            not compared.
        refusals: what "torch" or "keras" said when it refused.
        loss: name of the loss whose gradients were compared, its value first, or
            nothing where the model's own stages were.
        sensitivity: what the verdict is worth, with those of the pair before it.
        explanation: why twins differ, where they do.
        smallest: sizes and shapes of the smallest case that differs, if looked for.
    """

    pair: str
    length: int | str
    timesteps: int | None
    batch: int | None
    direction: str
    verdict: str
    expected: str
    stages: tuple[StageResult, ...] = ()
    unmatched: tuple[str, ...] = ()
    refusals: Mapping[str, str] = field(default_factory=dict)
    loss: str = ""
    sensitivity: Sensitivity | None = None
    explanation: Explanation | None = None
    smallest: Mapping | None = None

    @property
    def as_expected(self) -> bool:
        """Whether the verdict is the one that the pair declares."""
        return self.verdict == self.expected

    @property
    def deciding(self) -> StageResult | None:
        """The stage that the verdict rests on.

        The first that earned the verdict; where all are the same, the one whose gap
        comes nearest to its limit.
        """
        if self.verdict in (SAME, SAME_IN_FLOAT32):
            return max(self.stages, key=lambda stage: stage.ratio)
        return next((s for s in self.stages if s.verdict == self.verdict), None)

    @property
    def place(self) -> str:
        """What was run, in words."""
        size = (
            ""
            if self.timesteps is None
            else f", {self.timesteps} steps, batch {self.batch}"
        )
        what = f", gradients of {self.loss}" if self.loss else ""
        return f"{self.pair}, length {self.length}{size}, {self.direction}{what}"

    def explain(self) -> str:
        """The verdict and what it rests on, as text of a few lines."""
        verdict = self.verdict
        if not self.as_expected:
            verdict += f", expected {self.expected}"
        lines = [f"{self.place}: {verdict}"]
        said = {SIDES[side]: text for side, text in self.refusals.items()}
        lines += [f"  {side:8}  {text}" for side, text in said.items()]
        decider = self.deciding
        if decider and decider.reason:
            lines += [f"  {line}" for line in decider.explain()]
        if self.explanation:
            lines += [f"  {line}" for line in self.explanation.explain()]
        if self.smallest:
            lines.append(f"  smallest  {self._smallest()}")
        return "\n".join(lines)

    def _smallest(self):
        sizes = [f"{name} {size}" for name, size in self.smallest["sizes"].items()]
        shapes = [
            f"{name} {tuple(shape)}" for name, shape in self.smallest["inputs"].items()
        ]
        gap = self.smallest["gap"]
        if gap is None:
            return ", ".join([*shapes, *sizes])
        return f"{', '.join([*shapes, *sizes])}: the gap is {gap:.1e}"

    def as_dict(self) -> dict:
        """The result as JSON shows it; what a refusal has no figure for is null."""
        figures = ("gap64", "limit64", "gap32", "limit32", "noise_torch", "noise_keras")
        names = (*figures, "reason")
        decider = self.deciding
        first = decider if decider and self.verdict == DIFFERENT else None
        found = asdict(self)
        found.pop("sensitivity")  # on its own in the document
        explanation = found.pop("explanation")
        stages = found.pop("stages")
        return {
            **found,
            "as_expected": self.as_expected,
            "stage": decider and decider.stage,
            **{name: getattr(decider, name, None) for name in names},
            "worst": decider and decider.worst and asdict(decider.worst),
            "first_difference": first
            and {"stage": first.stage, "timestep": first.timestep},
            "explanations": [explanation] if explanation else [],
            "stages": stages,
        }


@dataclass(frozen=True)
class Evidence:
    """Everything one run of the suite found out.

    Args:
        versions: of Python, this package and what it ran on.
        inputs: where the inputs came from, and the seed of the weights.
        results: in the order in which they were run.
        claims: of the note, as `claims.ClaimResult.as_dict` gives them, if checked.
        notes: what the reader must know about this run, a sentence each.
        seconds: wall time of the run, imports included.
    """

    versions: Mapping[str, str]
    inputs: Mapping[str, str | int]
    results: Sequence[Result]
    claims: Sequence[Mapping]
    notes: Sequence[str]
    seconds: float

    @property
    def verdict(self) -> str:
        """The worst of all results; a refusal that was expected says nothing.

        Raises:
            BadInput: if there are no results.
        """
        if not self.results:
            raise BadInput(
                "verdict: expected at least one result, got none; nothing was compared"
            )
        refusals = (BOTH_REFUSE, ONE_REFUSES)
        refused = [r.verdict in refusals and r.as_expected for r in self.results]
        said = [
            result.verdict
            for result, silent in zip(self.results, refused, strict=True)
            if not silent or all(refused)
        ]
        return max(said, key=VERDICTS.index)

    @property
    def sensitivity(self) -> list[Sensitivity]:
        """What the runs of each pair in which twins were the same say together."""
        last = {
            r.sensitivity.what: r.sensitivity for r in self.results if r.sensitivity
        }
        return list(last.values())

    @property
    def as_expected(self) -> bool:
        """Whether there are results and every one is as its pair declares."""
        return bool(self.results) and all(r.as_expected for r in self.results)

    def explain(self) -> str:
        """Every result that is not as expected, as text; or that all are."""
        if not self.results:
            return "\n".join(["nothing was compared", *self.notes])
        told = []
        for results in self.alike():
            first = max(results, key=lambda r: (bool(r.smallest), bool(r.explanation)))
            if not first.as_expected:
                told.append(first.explain())
                if len(results) > 1:
                    told.append(f"  as in {len(results) - 1} more of these runs")
        if not told:
            told = [f"all {len(self.results)} results are as expected"]
        return "\n".join([*told, *self.notes])

    def alike(self) -> list[list[Result]]:
        """Results of one pair, length and verdict together, transferred either way."""
        found = {}
        for r in self.results:
            weights = "" if r.direction in ("to_keras", "to_torch") else r.direction
            key = r.pair, r.length, weights, r.loss, r.verdict, r.expected
            found.setdefault(key, []).append(r)
        return list(found.values())

    def to_json(self) -> str:
        """The evidence as JSON; NaN and the infinities become the strings of `str`."""
        good = sum(result.as_expected for result in self.results)
        document = {
            "versions": dict(self.versions),
            "inputs": dict(self.inputs),
            "notes": list(self.notes),
            "results": [result.as_dict() for result in self.results],
            "sensitivity": [asdict(each) for each in self.sensitivity],
            "claims": list(self.claims),
            "summary": {
                "results": len(self.results),
                "as_expected": good,
                "unexpected": len(self.results) - good,
                "seconds": round(self.seconds, 3),
            },
        }
        return as_json(document)


def as_json(document: dict) -> str:
    """A document as JSON, its schema first; NaN and infinities become strings."""
    document = {"schema": SCHEMA, **document}
    return json.dumps(_plain(document), indent=1, allow_nan=False)


def _plain(value):
    """`value` with the floats that JSON lacks written as strings."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
