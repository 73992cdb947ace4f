"""Everything a training run found out, as data; knows no framework and no report."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import mean
from typing import Any

from compare.judging.document import as_json
from compare.judging.model_causes import OF_SIDE
from compare.judging.result import (
    DIFFERENT,
    ILL_CONDITIONED,
    SAME,
    Result,
    StageResult,
    worst_of,
)
from compare.judging.summary import MORE, in_lines
from compare.judging.words import Verdict


def many(number: int, noun: str, ending: str = "s") -> str:
    """A number of things: 1 step, 2 steps."""
    return f"{number} {noun}{'' if number == 1 else ending}"


@dataclass(frozen=True)
class Cause:
    """Something that makes twins drift apart as they learn.

    Args:
        name: what it is called.
        sentence: what it does.
        share: part of the mean difference of the two loss curves that goes when this
            cause is removed and the others stay; below 0 where the difference grows.
        alone: what the difference is when this cause stays and all others are removed,
            as part of the whole. Causes may offset or need each other.
    """

    name: str
    sentence: str
    share: float
    alone: float


@dataclass(frozen=True, repr=False)
class TrainingEvidence:
    """Everything one training run of two twins found out.

    Args:
        versions: of Python, this package and what it ran on.
        settings: what was run: `pair`, `source` of the examples, `loss`, `optimizer`,
            what it is set to for "torch" and "keras", `epochs`, `batch_size`,
            `steps_per_epoch`, `seed`, `follow` (the side that the other follows),
            `removed` (the causes of drift that were) and `variances_aligned` (whether
            running variances divide as those of the side that is followed).
        steps: how many were planned.
        gradients: the verdict on those of the first batch, before the first step.
        losses: before each step, by side and precision: "torch32", "torch64",
            "keras32" and "keras64".
        tensors: the loss, then each weight by Keras's name after each step; a
            `timestep` is a step of the run.
        stopped: why it ended early, or nothing.
        interrupted: whether a person ended it.
        drift: what makes the two sides drift apart, by name, with its sentence.
        causes: those of `drift` that were removed alone to see what they explain.
        left: the gap with all of them removed, as part of the whole; None where that
            was not measured.
        sharpe: "days" and annual Sharpe ratios "in sample" and "out of sample" of
            "torch", "keras" and "equal" weights, where the pair is a portfolio; None
            where there are too few days.
        seconds: wall time, imports included.
        notes: what a reader must know of the run, a sentence each.
    """

    versions: Mapping[str, str]
    settings: Mapping[str, Any]
    steps: int
    gradients: Result
    losses: Mapping[str, Sequence[float]]
    tensors: Sequence[StageResult]
    stopped: str
    interrupted: bool
    drift: Mapping[str, str]
    causes: Sequence[Cause]
    left: float | None
    sharpe: Mapping[str, Mapping[str, float | None]]
    seconds: float
    notes: Sequence[str] = ()

    @property
    def done(self) -> int:
        """Steps that all four runs took."""
        return len(self.losses["torch64"])

    @property
    def gaps(self) -> list[float]:
        """How far apart the losses are in float64, before each step."""
        losses = zip(self.losses["torch64"], self.losses["keras64"], strict=True)
        return [abs(torch - keras) for torch, keras in losses]

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of the gradients and of every tensor of the run."""
        verdicts = [tensor.verdict for tensor in self.tensors]
        return worst_of([self.gradients.verdict, *verdicts])

    @property
    def in_step(self) -> bool:
        """Whether the twins learnt alike to the end of what was run."""
        return self.verdict == SAME and not self.stopped

    @property
    def deciding(self) -> StageResult | None:
        """The tensor that the verdict on the run rests on.

        Where some differ, the one that differs first, and farthest of these; else the
        one whose gap comes nearest to its limit.
        """
        different = [t for t in self.tensors if t.verdict == DIFFERENT]
        if different:
            return min(different, key=lambda tensor: (tensor.timestep, -tensor.ratio))
        candidates = [t for t in self.tensors if t.verdict == ILL_CONDITIONED]
        if not candidates:
            candidates = list(self.tensors)
        return max(candidates, key=lambda tensor: tensor.ratio, default=None)

    @property
    def conclusion(self) -> str:
        """What was shown, or not, in a sentence or two."""
        pair, decider = self.settings["pair"], self.deciding
        if self.stopped:
            before = "in step" if self.verdict == SAME else self.verdict
            return (
                f"Stopped at {self.stopped}; try a smaller learning rate. The "
                f"{many(self.done, 'step')} until then: {before}."
            )
        if self.in_step:
            opening = f"In step: {pair} learns the same in PyTorch and Keras"
            without = [name for name in OF_SIDE if name in self.settings["removed"]]
            if without:
                opening += f" without {', '.join(without)}"
            elif self.notes:
                opening += ", as far as it was run: see the notes"
            return (
                f"{opening}; the gradients, and the loss and {len(self.tensors) - 1} "
                f"weights at each of {self.done} steps, are the same."
            )
        if decider is not None and decider.verdict == DIFFERENT:
            return (
                f"They part at step {decider.timestep}, at {decider.stage}: "
                f"{decider.reason}. At step {self.done} the losses are "
                f"{self.gaps[-1]:.1e} apart, {mean(self.gaps):.1e} on average."
                f"{self._before_learning()}{self._remaining_gap()}"
            )
        if decider is not None and decider.verdict == ILL_CONDITIONED:
            return f"Nobody can tell to the end. {decider.stage}: {decider.reason}."
        return f"The gradients are not the same: {self.gradients.explain()}."

    def _before_learning(self) -> str:
        """What to do where no known cause makes the very first loss differ."""
        for tensor in self.tensors:
            if tensor.stage == "loss" and tensor.timestep == 1 and not self.drift:
                return (
                    " The first loss, of the weights before any step, differs: "
                    "`explain` tells whether the twins predict alike, and why not."
                )
        return ""

    def _remaining_gap(self) -> str:
        if self.left is None:
            return ""
        return f" With all causes removed {self.left:.1%} of it is left."

    def explain(self) -> str:
        """What was shown, what makes the twins drift apart, and what to know."""
        lines = [self.conclusion]
        if not self.in_step:
            measured = {cause.name: cause for cause in self.causes}
            for name, sentence in self.drift.items():
                lines.append(f"  because   {name}: {sentence}{_share(measured, name)}")
        if self.interrupted:
            lines.append(f"  note      {self.interruption}")
        return "\n".join([*lines, *(f"  note      {note}" for note in self.notes)])

    @property
    def interruption(self) -> str:
        """What a person must know who ended the run."""
        if self.done == self.steps:
            return "The run was complete, but what its causes explain was interrupted."
        return (
            f"Interrupted after step {self.done} of {self.steps}: what is said here "
            "holds for these steps."
        )

    def __repr__(self) -> str:
        """What was run, what was shown, and what to do, in three lines."""
        settings = self.settings
        ran = (
            f"{settings['pair']}: {self.done} of {many(self.steps, 'step')} of "
            f"{settings['optimizer']}, by {settings['loss']}"
        )
        return in_lines(ran, self.conclusion, MORE)

    def __bool__(self) -> bool:
        """Nothing: evidence of twins that part would count as true.

        Raises:
            TypeError: always.
        """
        raise TypeError(
            "evidence: expected .in_step or .verdict to be asked for, got the evidence "
            "itself in the place of true or false; write assert evidence.in_step"
        )

    def to_json(self) -> str:
        """The evidence as JSON; NaN and the infinities become the strings of `str`."""
        first_difference = None
        decider = self.deciding
        if decider and decider.verdict == DIFFERENT:
            first_difference = {"step": decider.timestep, "tensor": decider.stage}
        document = {
            "versions": dict(self.versions),
            "training": dict(self.settings),
            "verdict": self.verdict,
            "in_step": self.in_step,
            "steps": {"planned": self.steps, "done": self.done},
            "interrupted": self.interrupted,
            "stopped": self.stopped,
            "first_difference": first_difference,
            "losses": {name: list(values) for name, values in self.losses.items()},
            "gaps": self.gaps,
            "gradients": self.gradients.as_dict(),
            "tensors": [asdict(tensor) for tensor in self.tensors],
            "drift": dict(self.drift),
            "causes": [asdict(cause) for cause in self.causes],
            "left": self.left,
            "notes": list(self.notes),
            "sharpe": {days: dict(ratios) for days, ratios in self.sharpe.items()},
            "seconds": round(self.seconds, 3),
        }
        return as_json(document)


def _share(measured: Mapping[str, Cause], name: str) -> str:
    """What a cause explains, where that was measured."""
    if name not in measured:
        return ""
    return f"; explains {measured[name].share:.1%}, alone {measured[name].alone:.1%}"
