"""Training runs of two twins, in step: the same weights, batches and arithmetic.

Four models learn at once, each framework's in float32 and in float64. After every step
each weight is compared as a stage of a model is: time is the number of steps, float64
judges, and how far each float32 lies from its own float64 is the noise.
"""

import time
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice

import numpy as np

from compare.errors import BadInput
from compare.in_keras import training as keras_training
from compare.in_pytorch import precision as in_pytorch_precision
from compare.in_pytorch import training as pytorch_training
from compare.judging import verdict
from compare.judging.evidence import SAME, SIDES, Result
from compare.judging.optimizers import CAUSES, OPTIMIZERS, Recipe, causes, optimizers
from compare.judging.training import TrainingEvidence
from compare.kinds.layer import Layer
from compare.matching.rewriting import rewrite, sums
from compare.twins import drift
from compare.twins.frameworks import DTYPES, LAYERS
from compare.twins.interrupting import interruptible
from compare.twins.models import losses  # loads PyTorch first
from compare.twins.task import Progress, Task
from compare.twins.versions import versions

TRAINING = {"torch": pytorch_training, "keras": keras_training}
DAYS_PER_YEAR = 252  # of trading
FEWEST_DAYS = 20  # a month of trading; a ratio of fewer means nothing


def train(
    task: Task, recipe: Recipe, started: float, progress: Progress
) -> TrainingEvidence:
    """Train both twins of a pair, and find out whether and why they part.

    Ctrl-C ends the run after the step that it is in; so does a loss or a weight that is
    not finite.

    Args:
        task: what learns, and from what.
        recipe: how.
        started: `time.perf_counter()` when all began, for the seconds it took.
        progress: is called after each step.

    Raises:
        BadInput: if there are fewer examples than a batch, or nothing is learnt.
    """
    with in_pytorch_precision.settled(), interruptible() as interrupted:
        run = Run(task, recipe, interrupted)
        both = run.optimizers(recipe.removed)
        losses, tensors, stopped = run.in_step(both, progress)
        drifting = {
            name: sentence
            for name, sentence in run.causes.items()
            if name not in recipe.removed
        }
        sharpe = run.sharpe() if task.portfolios and not stopped else {}
        found, left = (), None
        complete = len(losses["torch64"]) == run.epochs * run.steps_per_epoch
        complete &= not interrupted.is_set()
        # A loss shows a step only when the next begins.
        if drifting and complete and tensors[0].verdict != SAME:
            found, left = drift.explain(run, losses, drifting, progress)
    return TrainingEvidence(
        versions=versions(),
        settings=dict(
            pair=task.name,
            source=task.data.source,
            loss=task.loss,
            optimizer=recipe.optimizer,
            **{side: asdict(optimizer) for side, optimizer in both.items()},
            epochs=run.epochs,
            batch_size=run.batch_size,
            steps_per_epoch=run.steps_per_epoch,
            seed=recipe.seed,
            follow=recipe.follow,
            removed=sorted(recipe.removed),
        ),
        steps=run.epochs * run.steps_per_epoch,
        gradients=run.gradients,
        losses=losses,
        tensors=tensors,
        stopped=stopped,
        interrupted=interrupted.is_set(),
        drift=drifting,
        causes=found,
        left=left,
        sharpe=sharpe,
        seconds=time.perf_counter() - started,
    )


class Run:
    """The twins of a pair and what they learn from."""

    def __init__(self, task, recipe, interrupted):
        self.task, self.data, self.recipe = task, task.data, recipe
        data = task.data
        self.interrupted = interrupted
        self.epochs = recipe.epochs or data.epochs
        self.batch_size = recipe.batch_size or data.batch_size
        self.steps_per_epoch = data.learnt // self.batch_size
        if not self.steps_per_epoch:
            whose = "" if recipe.batch_size else ", the default"
            raise BadInput(
                f"--batch-size: expected 1 to {data.learnt}, as many examples as there "
                f"are ({data.source}), got {self.batch_size}{whose}; give a smaller "
                "one, or more days"
            )
        self.twins = task.twins
        self.weights, self.orders = pytorch_training.script(
            task.make, recipe.seed, data.learnt
        )
        self.restart()
        layers = {
            side: LAYERS[side].layers(self.twins.twins[side, "float64"].model)
            for side in LAYERS
        }
        self.kinds = {
            side: {name: layer.kind for name, layer in found.items()}
            for side, found in layers.items()
        }
        self.sums = sums(*layers.values())
        cls, _ = OPTIMIZERS[recipe.optimizer]
        self.defaults = {side: each.defaults(cls) for side, each in TRAINING.items()}
        self.causes = causes(self.optimizers(()), bool(self.sums))
        idle = [name for name in recipe.removed if name not in self.causes]
        if idle and set(recipe.removed) != set(CAUSES):
            raise BadInput(
                f"--align {','.join(sorted(idle))}: expected what makes {task.name} "
                f"drift with {recipe.optimizer}: {', '.join(self.causes) or 'nothing'}"
            )
        arrays, target = next(self.batches())
        length = max(data.inputs[0].shape[1:-1], default=None)
        self.gradients = Result(
            pair=task.name,
            length=length or "none",
            timesteps=length,
            batch=self.batch_size,
            direction="to_keras",
            expected=SAME,
            **self.twins.gradients(task.loss, arrays, [target]),
        )

    def restart(self):
        """Give all four models the weights that a script would begin with."""
        self.twins.load("to_keras", lambda layers: self.weights)

    def batches(self) -> Iterator[tuple[tuple[np.ndarray, ...], np.ndarray]]:
        """The inputs and the target of every step; a last batch not full is dropped."""
        for order in islice(self.orders(), self.epochs):
            for start in range(
                0, self.steps_per_epoch * self.batch_size, self.batch_size
            ):
                chosen = order[start : start + self.batch_size]
                yield (
                    tuple(x[chosen] for x in self.data.inputs),
                    self.data.target[chosen],
                )

    def optimizers(self, removed):
        """What each side steps with when these causes of drift are removed."""
        recipe = self.recipe
        return optimizers(
            recipe.optimizer,
            self.defaults,
            recipe.learning_rate,
            recipe.follow,
            removed,
        )

    def in_step(self, optimizers, progress):
        """Take every step with all four models; losses, tensors, and why it stopped."""
        trainings = {
            (side, dtype): self.training(side, dtype, optimizers[side])
            for side in SIDES
            for dtype in DTYPES
        }
        losses = {key: [] for key in trainings}
        tracks, weights, stopped = {}, None, ""
        steps = self.epochs * self.steps_per_epoch
        for number, (arrays, target) in enumerate(self.batches(), start=1):
            taken = {key: each(arrays, target) for key, each in trainings.items()}
            found = {key: {"loss": loss} for key, (loss, _) in taken.items()}
            before, weights = weights, {key: after for key, (_, after) in taken.items()}
            for dtype in DTYPES:
                for side, tensors in self._tensors(weights, dtype).items():
                    found[side, dtype] |= tensors
            stopped = self._not_finite(found, number, arrays, before)
            if stopped:
                break
            if number == 1:
                self._check_moved(weights["torch", "float64"])
            for name in found["torch", "float64"]:
                four = (found[s, d][name] for s in SIDES for d in DTYPES)
                tracks.setdefault(name, _Track()).add(verdict.Four(*four))
            for key, values in losses.items():
                values.append(float(found[key]["loss"]))
            shown = {side: losses[side, "float32"][-1] for side in SIDES}
            progress("training", number, steps, shown)
            if self.interrupted.is_set():
                break
        distances = {name: track.distances() for name, track in tracks.items()}
        return (
            {f"{side}{dtype[-2:]}": found for (side, dtype), found in losses.items()},
            verdict.judge_training(distances) if distances else (),
            stopped,
        )

    def sharpe(self):
        """Annual Sharpe ratios of the learnt portfolios and of equal weights."""
        weights = {
            side: self.twins.twins[side, "float32"](*self.data.inputs)["weights"]
            for side in SIDES
        }
        returns = self.data.target.astype(np.float64)
        weights["equal"] = np.full_like(returns, 1 / returns.shape[1])
        parts = {
            "in sample": slice(self.data.learnt),
            "out of sample": slice(self.data.learnt, None),
        }
        return {
            part: {"days": len(returns[rows])}
            | {
                who: _sharpe_ratio((w[rows] * returns[rows]).sum(axis=1))
                for who, w in weights.items()
            }
            for part, rows in parts.items()
        }

    def training(self, side, dtype, optimizer):
        """What takes the steps of one of the four models."""
        return TRAINING[side].Training(
            self.twins.twins[side, dtype],
            losses(self.task.loss)[side],
            optimizer,
            self.sums,
        )

    def _tensors(self, weights, dtype):
        """The weights of both sides, by layer and name of Keras's."""
        torch, keras = (
            {
                name: Layer(self.kinds[side][name], arrays)
                for name, arrays in weights[side, dtype].items()
            }
            for side in SIDES
        )
        rewritten, _ = rewrite(torch, keras, "to_keras")
        both = rewritten, weights["keras", dtype]
        return {
            side: {
                f"{layer}.{key}": array
                for layer, arrays in by_layer.items()
                for key, array in arrays.items()
            }
            for side, by_layer in zip(SIDES, both, strict=True)
        }

    def _check_moved(self, weights):
        """Raise BadInput where the first step changed no weight of PyTorch's."""
        if all(
            np.array_equal(array, self.weights[layer][name])
            for layer, arrays in weights.items()
            for name, array in arrays.items()
        ):
            raise BadInput(
                f"{self.task.name}: expected a loss that the weights change, got one "
                "whose gradients are all zero, so nothing is learnt (the Sharpe ratio "
                "of constant returns, or of one day, is defined as 0); give a larger "
                "--batch-size or other prices"
            )

    def _not_finite(self, found, number, arrays, before):
        """The first tensor that is not finite in each model, as a sentence."""
        said = {}
        for (side, dtype), tensors in found.items():
            wrong = [
                n for n, values in tensors.items() if not np.isfinite(values).all()
            ]
            if wrong:
                name = wrong[0]
                if name == "loss":
                    name = self._stage_not_finite(side, dtype, arrays, before) or name
                said.setdefault(name, []).append(f"{SIDES[side]} {dtype}")
        return "; ".join(
            f"step {number}: {name} is not finite in {', '.join(where)}"
            for name, where in said.items()
        )

    def _stage_not_finite(self, side, dtype, arrays, before):
        """The first stage behind a loss that is not finite, with the weights before.

        The run is over: all four models begin anew.
        """
        twin = self.twins.twins[side, dtype]
        self.restart()
        if before:
            LAYERS[side].load(twin.model, before[side, dtype])
        stages = twin(*arrays).items()
        return next((name for name, a in stages if not np.isfinite(a).all()), "")


class _Track:
    """How far apart the four arrays of one tensor are after each step."""

    def __init__(self):
        self._gaps, self._scale = [], 0.0

    def add(self, four: verdict.Four):
        """Note one more step, in parts of the largest value so far."""
        self._scale = max(self._scale, np.abs(four.t64).max(), np.abs(four.k64).max())
        scale = self._scale or 1.0
        self._gaps.append([_farthest(a, b) / scale for a, b in verdict.pairs(four)])

    def distances(self) -> verdict.Distances:
        """As the verdict takes them: the largest so far."""
        return verdict.Distances(*np.maximum.accumulate(self._gaps, axis=0).T)


def _farthest(a, b):
    return np.abs(np.subtract(a, b, dtype=np.float64)).max()


def _sharpe_ratio(returns):
    """E[R] / sqrt(E[R^2] - E[R]^2) of daily returns, annual; None of too few days."""
    spread = returns.std()
    if len(returns) < FEWEST_DAYS or not spread:
        return None
    return float(returns.mean() / spread * np.sqrt(DAYS_PER_YEAR))
