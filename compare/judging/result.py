"""What running twins showed, as data; knows no framework and no report."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from compare.judging.explanation import Explanation
from compare.judging.picture import Picture
from compare.judging.sensitivity import Sensitivity
from compare.judging.words import Length, Side, Verdict

SAME: Verdict = "same"
SAME_IN_FLOAT32: Verdict = "same in float32"  # float64, which proves, could not be run
BOTH_REFUSE: Verdict = "both refuse"
ILL_CONDITIONED: Verdict = "ill-conditioned"
ONE_REFUSES: Verdict = "one refuses"
DIFFERENT: Verdict = "different"
VERDICTS: tuple[Verdict, ...] = (  # best first
    SAME,
    SAME_IN_FLOAT32,
    BOTH_REFUSE,
    ILL_CONDITIONED,
    ONE_REFUSES,
    DIFFERENT,
)

# As data names them, and as people do.
SIDES: dict[Side, str] = {"torch": "PyTorch", "keras": "Keras"}
OTHER: dict[Side, Side] = {"torch": "keras", "keras": "torch"}

# What the JSON of a result repeats of the stage that its verdict rests on.
FIGURES = (
    "gap64",
    "limit64",
    "gap32",
    "limit32",
    "noise_torch",
    "noise_keras",
    "reason",
)


def worst_of(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of some verdicts, at least one."""
    return max(verdicts, key=VERDICTS.index)


@dataclass(frozen=True)
class Worst:
    """The element where the twins are farthest apart in float64.

    Args:
        index: counted from 0 as NumPy does; its axes are (batch, time, unit) in a stage
            with a time axis and (batch, unit) elsewhere.
        torch: its value in PyTorch.
        keras: its value in Keras.
    """

    index: tuple[int, ...]
    torch: float
    keras: float


@dataclass(frozen=True)
class StageResult:
    """What the runs of both twins, in float32 and in float64, say of one stage.

    Gaps, limits and noise are parts of the stage's largest value (in float64, of both
    twins; 1 where that is 0), and the largest up to the step where the gap comes
    nearest to its limit.

    Args:
        stage: its name, that of the layer which makes it.
        verdict: "same", "same in float32", "ill-conditioned" or "different".
        gap64: the largest difference of the twins in float64.
        limit64: what rounding explains of it, measured as noise in float32.
        gap32: the largest difference in float32.
        noise_torch: the largest difference of PyTorch's float32 and float64.
        noise_keras: that of Keras.
        horizon: how many steps could be judged, from the first on.
        steps: how many there are; 1 where the stage has no time axis.
        worst: the element that is farthest apart; None where none is.
        timestep: the first step that differs, counted from 1.
        reason: why the verdict is not "same"; "" where it is.
        limit32: what gap32 is judged by where float64 could not be run; gap64 and
            limit64 are NaN then.
        is_result: whether the models return it; these stages decide on the verdict.
    """

    stage: str
    verdict: Verdict
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
    is_result: bool = True

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
            index = ", ".join(str(number) for number in self.worst.index)
            lines.append(
                f"worst     [{index}]: PyTorch {self.worst.torch:.6g}, "
                f"Keras {self.worst.keras:.6g}"
            )
        return lines


def deciding(verdict: Verdict, stages: Sequence[StageResult]) -> StageResult | None:
    """The stage that a verdict rests on.

    The first that earned the verdict, inside the models or returned; where the results
    are the same, the one whose gap comes nearest to its limit.
    """
    earned = [stage for stage in stages if stage.verdict == verdict]
    if verdict in (SAME, SAME_IN_FLOAT32):
        return max(earned, key=lambda stage: stage.ratio)
    return earned[0] if earned else None


def differs_inside(verdict: Verdict, stages: Sequence[StageResult]) -> list[str]:
    """The stages inside the models that differ, while what they return does not."""
    if verdict == DIFFERENT:
        return []
    return [
        stage.stage
        for stage in stages
        if stage.verdict == DIFFERENT and not stage.is_result
    ]


@dataclass(frozen=True)
class Judgement:
    """What running twins on one input showed, or differentiating a loss of theirs.

    Args:
        verdict: one of VERDICTS.
        stages: in the order in which the models compute them; empty after a refusal.
        unmatched: stages that only one side has, or in another shape, and which were
            not compared.
        refusals: message of each side that refused.
        loss: name of the loss whose gradients were compared, or nothing where the
            model's own stages were.
        in_float64: number of the first samples on which alone float64 ran, since the
            models are large; None for all.
    """

    verdict: Verdict
    stages: tuple[StageResult, ...] = ()
    unmatched: tuple[str, ...] = ()
    refusals: Mapping[Side, str] = field(default_factory=dict)
    loss: str = ""
    in_float64: int | None = None


@dataclass(frozen=True)
class Result:
    """One pair on one case, weights transferred in one direction.

    Args:
        pair: its name.
        length: the number of steps that the twins were built for, or "none".
        timesteps: of the input; None where building the twins was refused.
        batch: samples of the input; None as with `timesteps`.
        direction: of the transfer, "to_keras" or "to_torch"; or which weights a user's
            models had, "as is" or "random".
        verdict: "same", "same in float32", "both refuse", "ill-conditioned", "one
            refuses" or "different".
        expected: the verdict that the pair declares.
        stages: in the order in which the models compute them, of gradients the loss's
            value first; empty after a refusal.
        unmatched: stages that only one side has, or in another shape, and which were
            not compared.
        refusals: message of each side that refused, by "torch" and "keras".
        loss: name of the loss whose gradients were compared; "" where the models' own
            stages were.
        in_float64: number of the first samples on which alone float64 ran, since the
            models are large; None for all.
        sensitivity: what the verdict is worth, with those of the pair before it.
        explanation: why twins differ, where they do.
        smallest: sizes and shapes of the smallest case that differs, if looked for.
        drawn: what the inputs are, where they are not those that the case has.
        unexercised: what no input of the pair so far made the models do, a sentence
            each; None where it was not watched.
        picture: the twins at work in this case, where a page draws it; not in the JSON.
    """

    pair: str
    length: Length
    timesteps: int | None
    batch: int | None
    direction: str
    verdict: Verdict
    expected: Verdict
    stages: tuple[StageResult, ...] = ()
    unmatched: tuple[str, ...] = ()
    refusals: Mapping[Side, str] = field(default_factory=dict)
    loss: str = ""
    in_float64: int | None = None
    sensitivity: Sensitivity | None = None
    explanation: Explanation | None = None
    smallest: Mapping[str, Any] | None = None
    drawn: str = ""
    unexercised: tuple[str, ...] | None = None
    picture: Picture | None = field(default=None, compare=False, repr=False)

    @classmethod
    def from_judgement(
        cls,
        judgement: Judgement,
        *,
        pair: str,
        length: Length,
        timesteps: int | None,
        batch: int | None,
        direction: str,
        expected: Verdict,
    ) -> "Result":
        """The result of a case that was judged; arguments as in the class."""
        return cls(
            pair=pair,
            length=length,
            timesteps=timesteps,
            batch=batch,
            direction=direction,
            verdict=judgement.verdict,
            expected=expected,
            stages=judgement.stages,
            unmatched=judgement.unmatched,
            refusals=judgement.refusals,
            loss=judgement.loss,
            in_float64=judgement.in_float64,
        )

    @property
    def as_expected(self) -> bool:
        """Whether the verdict is the one that the pair declares."""
        return self.verdict == self.expected

    @property
    def deciding(self) -> StageResult | None:
        """The stage that the verdict rests on.

        The first that earned it; of "same", the one whose gap comes nearest to its
        limit; None after a refusal.
        """
        return deciding(self.verdict, self.stages)

    @property
    def differs_inside(self) -> list[str]:
        """The stages inside that differ, while what the models return does not."""
        return differs_inside(self.verdict, self.stages)

    @property
    def place(self) -> str:
        """What was run, in words."""
        place = f"{self.pair}, length {self.length}"
        if self.timesteps is not None:
            place += f", {self.timesteps} steps, batch {self.batch}"
        place += f", {self.direction}"
        if self.loss:
            place += f", gradients of {self.loss}"
        return place

    def explain(self) -> str:
        """The verdict and what it rests on, as text of a few lines."""
        verdict: str = self.verdict
        if not self.as_expected:
            verdict += f", expected {self.expected}"
        lines = [f"{self.place}: {verdict}"]
        for side, message in self.refusals.items():
            lines.append(f"  {SIDES[side]:8}  {message}")
        if self.drawn:
            lines.append(f"  input     {self.drawn}")
        if self.explanation:
            causes = self.explanation.explain_cause()
            causes += self.explanation.explain_place()
            lines += [f"  {line}" for line in causes]
        decider = self.deciding
        if decider and decider.reason:
            lines += [f"  {line}" for line in decider.explain()]
        if self.smallest:
            lines.append(f"  smallest  {_smallest_in_words(self.smallest)}")
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """The result as JSON shows it; what a refusal has no figure for is null."""
        document = asdict(replace(self, picture=None))
        del document["picture"]
        document.pop("sensitivity")  # on its own in the document
        explanation = document.pop("explanation")
        stages = document.pop("stages")
        if self.in_float64 is None:
            del document["in_float64"]
        document["as_expected"] = self.as_expected
        document |= self._figures_of_decider()
        document["explanations"] = [explanation] if explanation else []
        document["stages"] = stages
        return document

    def _figures_of_decider(self) -> dict[str, Any]:
        """What the JSON says of the stage that the verdict rests on, or nulls."""
        decider = self.deciding
        if decider is None:
            return dict.fromkeys(("stage", *FIGURES, "worst", "first_difference"))
        figures: dict[str, Any] = {"stage": decider.stage}
        figures |= {name: getattr(decider, name) for name in FIGURES}
        figures["worst"] = asdict(decider.worst) if decider.worst else None
        figures["first_difference"] = None
        if self.verdict == DIFFERENT:
            figures["first_difference"] = {
                "stage": decider.stage,
                "timestep": decider.timestep,
            }
        return figures


def _smallest_in_words(smallest: Mapping[str, Any]) -> str:
    """Shapes and sizes of the smallest case that differs, and its gap if there is."""
    sizes = [f"{name} {tuple(shape)}" for name, shape in smallest["inputs"].items()]
    sizes += [f"{name} {size}" for name, size in smallest["sizes"].items()]
    words = ", ".join(sizes)
    if smallest["gap"] is not None:
        words += f": the gap is {smallest['gap']:.1e}"
    return words


def verdict_of(results: Sequence[Result]) -> Verdict:
    """The worst verdict of some results, at least one.

    A refusal that was expected counts for nothing, but where there is nothing else.
    """
    verdicts = []
    for result in results:
        refused = result.verdict in (BOTH_REFUSE, ONE_REFUSES)
        if not (refused and result.as_expected):
            verdicts.append(result.verdict)
    return worst_of(verdicts or [result.verdict for result in results])
