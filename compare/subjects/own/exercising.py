"""Inputs of the suite's own beside a user's: what theirs do not make models do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from compare import progress
from compare.diagnosing import diagnosis
from compare.judging.arrays import sequence, valid_steps
from compare.judging.result import (
    DIFFERENT,
    ONE_REFUSES,
    SAME,
    SAME_IN_FLOAT32,
    SIDES,
    Judgement,
    Result,
)
from compare.judging.verdict import of_refusals
from compare.listing import bounded
from compare.mistakes.operations import Need
from compare.subjects.own import calls, drawing, longer_memory, sameness, weights
from compare.subjects.own.pair import OwnPair
from compare.twins import few_samples
from compare.twins.adequacy import Adequacy
from compare.twins.stages import StagesOfAll
from compare.twins.twins import Twins
from compare.twins.weights import enlarge, remember

MOST_BOUNDS = 4  # of comparisons of the number of steps
FACTORS = (8.0, 64.0, 512.0, -8.0, -512.0)  # of inputs, until all bounds are passed
# Of the weights that are not recurrent: powers of two, so that nothing is rounded.
WEIGHT_FACTORS = (8.0, 8.0, -1.0)  # one after the other
# What more than the first input or other weights may show.
SHOWN_BY_OTHERS: tuple[Need, ...] = ("padding", "steps", "values", "weights")
PROVED = (SAME, SAME_IN_FLOAT32)


@dataclass
class Exercised:
    """What the suite's own inputs showed.

    Attributes:
        results: on those that made a model do something new, or on which they differ.
        unexercised: what no input made the models do, a sentence each.
        notes: on inputs that one side alone refuses.
    """

    results: list[Result] = field(default_factory=list)
    unexercised: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)


def exercised(
    pair: OwnPair, twins: Twins, length: int | None, results: Sequence[Result]
) -> Exercised:
    """Run twins that are the same on inputs that make them do all that they can.

    Args:
        pair: whose twins.
        twins: as they ran.
        length: number of steps that they were built for; None for any.
        results: of the user's own inputs, none of them *different*.
    """
    exercised_inputs = Exercised()
    loads = weights.loads(pair, twins, [])
    # A case that float64 alone refuses leaves no random weights to compare.
    last = _last_same([result for result in results if result.direction in loads])
    if last is None:
        return exercised_inputs
    cases = calls.cases(pair, length)
    if any(result.in_float64 for result in results):  # most acts on few samples too
        cases.insert(0, replace(cases[0], batch=few_samples.SAMPLES))
    adequacy = Adequacy()
    other_directions = [direction for direction in loads if direction != last.direction]
    for direction in (last.direction, *other_directions):
        if direction in other_directions:  # the twins have the weights of the last one
            loads[direction](twins)
        for case in cases:
            adequacy.watch(twins, calls.cut(pair.arrays, twins.inputs, case))
            if not adequacy.idle(*SHOWN_BY_OTHERS):
                break
        if not adequacy.idle(*SHOWN_BY_OTHERS):
            break
    if adequacy.idle():
        loads[last.direction](twins)
        trial = _Trial(pair, twins, last, adequacy, exercised_inputs)
        for need, run in trial.runs.items():
            if adequacy.idle(need) and not trial.differs:
                run()
                loads[last.direction](twins)
    exercised_inputs.unexercised = (*sameness.sentences(pair), *adequacy.sentences())
    return exercised_inputs


def _last_same(results: Sequence[Result]) -> Result | None:
    """The last of the results in which the models are the same, not of gradients."""
    same = [r for r in results if r.verdict in PROVED and not r.loss]
    return same[-1] if same else None


class _Trial:
    """Runs twins on inputs of the suite's own, and judges what they return.

    Args:
        pair: whose twins.
        twins: with the weights of the last result.
        last: of the results in which they are the same.
        adequacy: what was exercised so far.
        exercised_inputs: gets what comes out.

    Attributes:
        runs: what runs inputs by what they have; the twins have their weights before.
        differs: whether the models differ on one of them.
    """

    def __init__(
        self,
        pair: OwnPair,
        twins: Twins,
        last: Result,
        adequacy: Adequacy,
        exercised_inputs: Exercised,
    ) -> None:
        self._pair, self._twins, self._last = pair, twins, last
        self._adequacy, self._exercised = adequacy, exercised_inputs
        self._yours = "" if pair.steps else ", which yours are not"
        self.differs = False
        self.runs: Mapping[Need, Callable[[], None]] = {
            "padding": self._run_padded,
            "steps": self._run_longer,
            "values": self._run_larger,
        }

    def _run_padded(self) -> None:
        """Run sequences of all lengths, padded at the end."""
        pair, twins = self._pair, self._twins
        values = [operation.bound for operation in self._adequacy.idle("padding")]
        packed = list(twins.twin("torch", "float32").packed.values())
        for value in dict.fromkeys(values):
            drawn = drawing.padded(pair.arrays, twins.inputs, value, packed, pair.seed)
            if drawn is not None and not self.differs:
                arrays, lengths = drawn
                self._run(f"padded sequences{self._yours}", arrays, lengths)

    def _run_longer(self) -> None:
        """Run as many steps as comparisons ask for, and more than each slice takes."""
        idle = self._adequacy.idle("steps")
        for steps in sorted({int(o.bound) for o in idle if o.is_exact})[:MOST_BOUNDS]:
            arrays = drawing.longer(self._pair.arrays, self._twins.inputs, steps)
            if arrays is None or self._last.length != "none" or self.differs:
                return
            self._run(f"sequences of {steps} steps{self._yours}", arrays)
        bounds = [int(o.bound) for o in idle if not o.is_exact]
        if not bounds:
            return
        steps = max(bounds) + drawing.BEYOND
        arrays = drawing.longer(self._pair.arrays, self._twins.inputs, steps)
        if arrays is None or self._last.length != "none" or self.differs:
            return
        self._run(f"sequences of {steps} steps{self._yours}", arrays)
        if not self.differs and self._twins.is_whole and not self._twins.only32:
            remember(self._twins)
            inputs = f"sequences of {steps} steps, with weights that forget little"
            self._run(inputs, arrays)

    def _run_larger(self) -> None:
        """Run larger inputs, and then larger weights, until each bound is passed."""
        few = drawing.few(self._pair.arrays, self._twins.inputs)
        for factor in FACTORS:
            if self._is_over():
                return
            arrays = drawing.times(few, factor)
            if arrays is not None:
                self._run(f"inputs {factor:g} times as large", arrays, is_larger=True)
        if self._twins.only32:
            return
        product = 1.0
        for factor in WEIGHT_FACTORS:
            if self._is_over():
                return
            enlarge(self._twins, factor)
            product *= factor
            arrays = drawing.times(few, 1.0) or few
            self._run(f"weights {product:g} times as large", arrays, is_larger=True)

    def _is_over(self) -> bool:
        return self.differs or not self._adequacy.idle("values")

    def _run(
        self,
        inputs: str,
        arrays: tuple[np.ndarray, ...],
        lengths: np.ndarray | None = None,
        is_larger: bool = False,
    ) -> None:
        """Run the twins on an input of the suite's own, and keep what comes out.

        Args:
            inputs: what it is, in words.
            arrays: one for each input.
            lengths: valid steps of each sequence, (batch,); None where all are.
            is_larger: whether its values, or the weights, are to pass bounds.
        """
        progress.say(f"on {inputs}")
        stages, refusals = self._twins.run(*arrays)
        if refusals:
            self._note_refusal(inputs, refusals)
            return
        if not _is_finite(stages, self._twins.outputs):
            return
        if lengths is not None and not self._twins.counted.leave_out_padding(arrays):
            lengths = None  # padding is data to PyTorch's model, and a result as well
        of_results = _of_results(stages, self._twins.outputs, lengths)
        judgement = self._twins.judge(of_results, arrays)
        before = self._adequacy.idle("padding", "steps", "values")
        if judgement.verdict in (*PROVED, DIFFERENT):
            self._adequacy.watch(self._twins, arrays)
        still_idle = {(o.place, o.idle, o.call) for o in self._adequacy.idle()}
        new = [o.place for o in before if (o.place, o.idle, o.call) not in still_idle]
        if judgement.verdict == DIFFERENT:
            self.differs = True
            whole = self._twins.judge(stages, arrays)
            if whole.verdict == DIFFERENT:  # its stages say where that begins
                judgement = whole
        elif judgement.verdict not in PROVED or not new:
            return
        if new and is_larger:
            inputs += f", beyond the bounds of {bounded(dict.fromkeys(new))}"
        self._exercised.results.append(self._result(inputs, arrays, judgement))

    def _result(
        self, inputs: str, arrays: tuple[np.ndarray, ...], judgement: Judgement
    ) -> Result:
        x = sequence(arrays)
        result = Result.from_judgement(
            judgement,
            pair=self._pair.name,
            length=self._last.length,
            timesteps=None if x is None else x.shape[1],
            batch=len(arrays[0]),
            direction=self._last.direction,
            expected=self._last.expected,
        )
        result = replace(result, drawn=inputs)
        if judgement.verdict == DIFFERENT and not self._twins.only32:
            explanation = diagnosis.diagnose(self._twins, arrays)
            explanation = longer_memory.explained(self._twins, arrays, explanation)
            return replace(result, explanation=explanation)
        return result

    def _note_refusal(self, inputs: str, refusals: Mapping) -> None:
        """Say which side alone refuses an input that the user did not ask for."""
        if of_refusals(refusals) != ONE_REFUSES:
            return
        side, text = next(iter(refusals.items()))
        note = f"On {inputs}, {SIDES[side]} alone says: {text}."
        self._exercised.notes.append(note)


def _is_finite(stages: StagesOfAll, names: Sequence[str]) -> bool:
    """Whether what the models return is finite, in each precision."""
    for by_name in stages.values():
        for name in names:
            if not np.isfinite(by_name[name]).all():
                return False
    return True


def _of_results(
    stages: StagesOfAll, names: Sequence[str], lengths: np.ndarray | None
) -> StagesOfAll:
    """What the models return, with zeros at padded steps, which nobody reads.

    Args:
        stages: of each twin.
        names: of those that are results.
        lengths: valid steps of each sequence, (batch,); None where all are.
    """
    results: StagesOfAll = {}
    for key, by_name in stages.items():
        results[key] = {}
        for name in names:
            array = by_name[name]
            if lengths is not None and _has_steps(array, lengths):
                valid = valid_steps(array, lengths)  # (batch, time, 1)
                valid = valid.reshape(*array.shape[:2], *[1] * (array.ndim - 2))
                array = np.where(valid, array, 0)
            results[key][name] = array
    return results


def _has_steps(array: np.ndarray, lengths: np.ndarray) -> bool:
    """Whether an array is (batch, time, ...) of the padded sequences."""
    return array.ndim > 1 and array.shape[:2] == (len(lengths), int(lengths.max()))
