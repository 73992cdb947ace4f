"""Twins that learn in step: the same weights, batches and arithmetic.

Four models learn at once, each framework's in float32 and in float64. After every step
each weight is compared as a stage of a model is: time is the number of steps, float64
judges, and how far each float32 lies from its own float64 is the noise.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from compare.errors import BadInput
from compare.in_keras import training as keras_training
from compare.in_pytorch import training as pytorch_training
from compare.judging import verdict
from compare.judging.four import Track
from compare.judging.model_causes import CLIPPING, SOFTMAX
from compare.judging.optimizers import (
    CAUSES,
    OPTIMIZERS,
    Optimizer,
    Recipe,
    causes,
    optimizers,
)
from compare.judging.result import SAME, SIDES, Result, StageResult
from compare.judging.words import PRECISIONS, Precision, Side
from compare.kinds.layer import Layer
from compare.matching.adapter import Training, Weights
from compare.matching.rewriting import rewrite, sums
from compare.twins import alignment, training_facts
from compare.twins.frameworks import LAYERS  # loads PyTorch first
from compare.twins.models import losses
from compare.twins.recipes import resolved, used_compiled
from compare.twins.stages import StagesOfAll, four_of
from compare.twins.stillness import Still, find_still
from compare.twins.stillness import note as stillness_note
from compare.twins.task import Progress, Task

TRAINING = {"torch": pytorch_training, "keras": keras_training}

WeightsOfAll = dict[tuple[Side, Precision], Weights]


@dataclass(frozen=True)
class Course:
    """What the steps of a run showed.

    Args:
        losses: before each step, by side and precision: "torch32" and so on.
        tensors: the verdict on the loss, then on each weight by Keras's name.
        stopped: why the run ended early, or nothing.
    """

    losses: Mapping[str, Sequence[float]]
    tensors: tuple[StageResult, ...]
    stopped: str


class TrainingRun:
    """The twins of a pair and what they learn from.

    Args:
        task: what learns, and from what.
        recipe: how.
        interrupted: is set once a person wants the run to end.

    Attributes:
        twins: the four models, whose weights change.
        epochs: number of times that the run goes through the examples.
        batch_size: number of examples of a step.
        steps_per_epoch: number of steps; examples that fill no batch are left out.
        causes: what makes the sides drift apart, by name, with its sentence.
        gradients: the verdict on those of the first batch, before the first step.

    Raises:
        BadInput: if there are fewer examples than a batch, or nothing that the recipe
            removes makes the sides drift apart.
    """

    def __init__(self, task: Task, recipe: Recipe, interrupted: threading.Event):
        self.task, self.data = task, task.data
        self.compiled = used_compiled(task, recipe)
        self.recipe = recipe = resolved(recipe, task, self.compiled)
        self.twins = task.twins
        self.interrupted = interrupted
        self.epochs = recipe.epochs or task.data.epochs
        self.batch_size = recipe.batch_size or task.data.batch_size
        self.steps_per_epoch = task.data.learnt // self.batch_size
        self._check_batch_size()
        self.weights, self._orders = pytorch_training.script(
            task.make, recipe.seed, task.data.learnt
        )
        self.restart()
        torch = LAYERS["torch"].layers(self.twins.model("torch", "float64"))
        self._keras = LAYERS["keras"].layers(self.twins.model("keras", "float64"))
        self._kinds = {name: layer.kind for name, layer in torch.items()}
        self._sums = sums(torch, self._keras)
        assert recipe.optimizer is not None  # resolved
        cls, _ = OPTIMIZERS[recipe.optimizer]
        self._defaults = {side: TRAINING[side].defaults(cls) for side in SIDES}
        if self.compiled is not None:
            self._defaults["keras"] |= self.compiled.values
        self.facts = task.facts or training_facts.read(self.twins, self._first()[0])
        self.causes = causes(self.optimizers(()), bool(self._sums))
        twice = self.twins.probabilities - self.twins.of_probabilities
        self.causes |= alignment.causes(self.facts, self.compiled, twice)
        self._check_removed()
        self._still: Still = {}
        self._still = self._find_still()
        self.gradients = self._first_gradients()

    def _check_batch_size(self) -> None:
        """Raise BadInput where there are fewer examples than a batch."""
        if self.steps_per_epoch:
            return
        source = "" if self.recipe.batch_size else ", the default"
        raise BadInput(
            f"batch size: expected 1 to {self.data.learnt}, as many examples as "
            f"there are ({self.data.source}), got {self.batch_size}{source}; give a "
            "smaller one, or more examples"
        )

    def _check_removed(self) -> None:
        """Raise BadInput where the recipe removes what is no cause of drift here."""
        asked = set(self.recipe.removed)
        if asked >= set(CAUSES):
            asked -= set(CAUSES)  # all that there are
        idle = sorted(asked - self.causes.keys())
        if idle:
            raise BadInput(
                f"align {','.join(idle)}: expected what makes {self.task.name} drift "
                f"with {self.recipe.optimizer}: {', '.join(self.causes) or 'nothing'}"
            )

    def _first(self) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
        """The inputs and the target of the first step."""
        return next(self.batches())

    def _find_still(self) -> Still:
        """The arrays whose gradient is zero but for rounding."""
        native = self.optimizers(())

        def trainer(side: Side, precision: Precision) -> Training:
            return self.trainer(side, precision, native[side])

        still = find_still(trainer, *self._first())
        self.restart()  # statistics of batches have changed
        return still

    def notes(self) -> tuple[str, ...]:
        """What a reader must know of the run, a sentence each."""
        sentence = stillness_note(self._still)
        return (*self.task.notes, sentence) if sentence else self.task.notes

    def _first_gradients(self) -> Result:
        """The verdict on the gradients of the first batch."""
        inputs, target = self._first()
        steps = max(self.data.inputs[0].shape[1:-1], default=None)
        with alignment.left_out(self.twins, self.recipe.removed):
            judgement = self.twins.gradients(self.task.loss, inputs, [target])
        return Result.from_judgement(
            judgement,
            pair=self.task.name,
            length=steps or "none",
            timesteps=steps,
            batch=self.batch_size,
            direction="to_keras",
            expected=SAME,
        )

    @property
    def steps(self) -> int:
        """The number of steps that are planned."""
        return self.epochs * self.steps_per_epoch

    def restart(self) -> None:
        """Give all four models the weights that a script would begin with."""
        self.twins.load("to_keras", lambda layers: self.weights)

    def batches(self) -> Iterator[tuple[tuple[np.ndarray, ...], np.ndarray]]:
        """The inputs and the target of every step; a last batch not full is dropped."""
        learnt = self.steps_per_epoch * self.batch_size
        for order in islice(self._orders(), self.epochs):
            for start in range(0, learnt, self.batch_size):
                chosen = order[start : start + self.batch_size]
                inputs = tuple(x[chosen] for x in self.data.inputs)
                yield inputs, self.data.target[chosen]

    def optimizers(self, removed: Collection[str]) -> dict[Side, Optimizer]:
        """What each side steps with when these causes of drift are removed."""
        assert self.recipe.optimizer is not None  # resolved
        by_side = optimizers(
            self.recipe.optimizer,
            self._defaults,
            self.recipe.learning_rate,
            self.recipe.follow,
            removed,
            self.recipe.momentum,
        )
        if self.compiled is not None and CLIPPING not in removed:
            clipping = replace(by_side["keras"], clips=self.compiled.clips)
            by_side["keras"] = clipping
        return by_side

    def trainer(
        self,
        side: Side,
        precision: Precision,
        optimizer: Optimizer,
        removed: Collection[str] = (),
    ) -> Training:
        """What takes the steps of one of the four models.

        Args:
            side: of the model.
            precision: of the model.
            optimizer: what it steps with.
            removed: causes of drift that are removed.
        """
        follow = self.recipe.follow
        aligned = alignment.alignment(side, self.facts, follow, removed, self._still)
        of_probabilities = self.twins.of_probabilities
        if SOFTMAX in removed:
            of_probabilities |= self.twins.probabilities
        loss = losses(self.task.loss, of_probabilities)[side]
        return TRAINING[side].Training(
            self.twins.twin(side, precision), loss, optimizer, self._sums, aligned
        )

    def in_step(
        self, optimizers: Mapping[Side, Optimizer], progress: Progress
    ) -> Course:
        """Take every step with all four models.

        It ends early after Ctrl-C, or where a loss or a weight is not finite.

        Args:
            optimizers: what each side steps with.
            progress: is called after each step.

        Raises:
            BadInput: if the first step changes no weight.
        """
        trainers: dict[tuple[Side, Precision], Training] = {}
        curves: dict[tuple[Side, Precision], list[float]] = {}  # losses of each model
        for side in SIDES:
            for precision in PRECISIONS:
                model = side, precision
                trainers[model] = self.trainer(
                    side, precision, optimizers[side], self.recipe.removed
                )
                curves[model] = []
        tracks: dict[str, Track] = {}
        weights: WeightsOfAll = {}  # before the step
        stopped = ""
        for number, (inputs, target) in enumerate(self.batches(), start=1):
            tensors, weights_after = self._step(trainers, inputs, target)
            stopped = self._not_finite(tensors, number, inputs, weights)
            if stopped:
                break
            weights = weights_after
            if number == 1:
                self._check_moved(weights["torch", "float64"])
            for name in tensors["torch", "float64"]:
                tracks.setdefault(name, Track()).add(four_of(name, tensors))
            for model, curve in curves.items():
                curve.append(float(tensors[model]["loss"]))
            latest = {side: curves[side, "float32"][-1] for side in SIDES}
            progress("training", number, self.steps, latest)
            if self.interrupted.is_set():
                break
        return Course(_by_short_name(curves), _judged(tracks), stopped)

    def _step(
        self,
        trainers: Mapping[tuple[Side, Precision], Training],
        inputs: Sequence[np.ndarray],
        target: np.ndarray,
    ) -> tuple[StagesOfAll, WeightsOfAll]:
        """Take one step with each model.

        Returns:
            The loss before the step and the weights after it, by their full names in
            Keras; and the same weights as each framework has them.
        """
        tensors: StagesOfAll = {}
        weights: WeightsOfAll = {}
        for (side, precision), trainer in trainers.items():
            loss, after = trainer(inputs, target)
            weights[side, precision] = after
            tensors[side, precision] = {"loss": loss, **self._full_names(side, after)}
        return tensors, weights

    def _full_names(self, side: Side, weights: Weights) -> dict[str, np.ndarray]:
        """The weights of one side by their full names in Keras."""
        if side == "torch":
            layers = {
                name: Layer(self._kinds[name], arrays)
                for name, arrays in weights.items()
            }
            weights, _ = rewrite(layers, self._keras, "to_keras")
        tensors = {}
        for layer, arrays in weights.items():
            for key, array in arrays.items():
                tensors[f"{layer}.{key}"] = array
        return tensors

    def _check_moved(self, weights: Weights) -> None:
        """Raise BadInput where the first step changed no weight of PyTorch's model."""
        for layer, arrays in weights.items():
            for name, array in arrays.items():
                if not np.array_equal(array, self.weights[layer][name]):
                    return
        raise BadInput(
            f"{self.task.name}: expected a loss that the weights change, got one "
            "whose gradients are all zero, so nothing is learnt (the Sharpe ratio "
            "of constant returns, or of one day, is defined as 0); give a larger "
            "batch size or other examples"
        )

    def _not_finite(
        self,
        tensors: StagesOfAll,
        number: int,
        inputs: Sequence[np.ndarray],
        weights: WeightsOfAll,
    ) -> str:
        """The first tensor that is not finite in each model, as a sentence; or nothing.

        Args:
            tensors: of the step.
            number: of the step, counted from 1.
            inputs: of the step.
            weights: before the step; none before the first.
        """
        models_by_tensor: dict[str, list[str]] = {}
        for (side, precision), arrays in tensors.items():
            name = _first_not_finite(arrays)
            if name == "loss":
                stage = self._stage_not_finite(side, precision, inputs, weights)
                name = stage or name
            if name:
                model = f"{SIDES[side]} {precision}"
                models_by_tensor.setdefault(name, []).append(model)
        return "; ".join(
            f"step {number}: {name} is not finite in {', '.join(models)}"
            for name, models in models_by_tensor.items()
        )

    def _stage_not_finite(
        self,
        side: Side,
        precision: Precision,
        inputs: Sequence[np.ndarray],
        weights: WeightsOfAll,
    ) -> str:
        """The first stage before a loss that is not finite; nothing if all are finite.

        The run is over: all four models begin anew.
        """
        twin = self.twins.twin(side, precision)
        self.restart()
        if weights:
            LAYERS[side].load(twin.model, weights[side, precision])
        return _first_not_finite(twin(*inputs))


def _first_not_finite(arrays: Mapping[str, np.ndarray]) -> str:
    """The name of the first array with a NaN or an infinity, or nothing."""
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            return name
    return ""


def _by_short_name(
    curves: Mapping[tuple[Side, Precision], list[float]],
) -> dict[str, list[float]]:
    """Losses as the evidence calls them: "torch32" and so on."""
    return {
        side + precision.removeprefix("float"): curve
        for (side, precision), curve in curves.items()
    }


def _judged(tracks: Mapping[str, Track]) -> tuple[StageResult, ...]:
    """The verdict on every tensor; none where no step was taken."""
    if not tracks:
        return ()
    distances = {name: track.distances() for name, track in tracks.items()}
    return verdict.judge_training(distances)
