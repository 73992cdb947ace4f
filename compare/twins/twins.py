"""Two models of one function, each in two precisions; loads both frameworks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal, overload

import numpy as np

from compare import progress
from compare.in_keras.twin import Twin as KerasTwin
from compare.in_pytorch.twin import Twin as PyTorchTwin

# PyTorch comes first: loaded after TensorFlow it is slower.
from compare.judging import verdict
from compare.judging.arrays import Input
from compare.judging.four import noise_of
from compare.judging.result import SIDES, Judgement
from compare.judging.words import PRECISIONS, Direction, Precision, Side
from compare.kinds.layer import Arrays, Layer
from compare.matching.rewriting import carry, plan, rewrite
from compare.twins.counted_steps import CountedSteps
from compare.twins.frameworks import (
    DIRECTIONS,
    FRAMEWORKS,
    LAYERS,
    MESSAGES,
    REFUSALS,
)
from compare.twins.matching import Matcher
from compare.twins.models import losses
from compare.twins.orders import in_own_order
from compare.twins.stages import (
    StagesOfAll,
    check_filled,
    check_result_names,
    four_of,
    unmatched,
)


class Twins:
    """A pair built for one length, in both frameworks and both precisions.

    Args:
        make: builds the model of "torch" and of "keras".
        inputs: what the models take; time None builds the twins for any length.
        outputs: names of the stages that the models return, in order; None to name
            them by their place in what PyTorch's model returns.
        time_axis: axis of the first input that is time.
        calls: how "torch" and "keras" hand the inputs to their models, where that is
            not `model(x, name=...)`.
        alike: whether stages inside the models are to have one shape; where they are
            not, one that has another shape in Keras is not compared.

    Attributes:
        outputs: names of the stages that the models return; none until they are known.
        refusals: message of each side that refused to be built.
        only32: message of each side that refused float64 alone.
        matched: Keras's layers that are the twin of a layer, by its name in PyTorch.
        alone: names of the layers of each side that hold arrays and have no twin.
        ignored: full names of the arrays of PyTorch's model, and of the layers of
            Keras's model, that do not count: the user says so, or they have no part in
            the results.
        orders: of arrays of Keras that hold PyTorch's numbers in another order, by
            layer and array; a transfer to Keras puts them in it.
        counted: which stages and which steps of them are compared.
        probabilities, of_probabilities: the sides whose first result is probabilities,
            and those whose cross-entropy takes them; that of others takes logits.
    """

    def __init__(
        self,
        make: Mapping[Side, Callable],
        inputs: Sequence[Input],
        outputs: Sequence[str] | None,
        time_axis: int = 1,
        calls: Mapping[Side, Callable] | None = None,
        alike: bool = True,
    ):
        self.inputs, self.outputs, self.time_axis = inputs, outputs or (), time_axis
        self.alike = alike
        self.matched: dict[str, list[str]] = {}
        self.orders: Mapping[str, Mapping[str, np.ndarray]] = {}
        self.alone: Mapping[Side, Sequence[str]] = {}
        self.ignored: dict[Side, list[str]] = {"torch": [], "keras": []}
        self.probabilities: frozenset[Side] = frozenset()
        self.of_probabilities: frozenset[Side] = frozenset()
        self.refusals: dict[Side, str] = {}
        self.only32: dict[Side, str] = {}
        self._leaf_names: list[str] = []  # of Keras's layers, before they were renamed
        self._twins: dict[Side, dict[Precision, Any]] = {"torch": {}, "keras": {}}
        self.counted = CountedSteps(self, self._twins)
        for side in SIDES:
            call = calls[side] if calls else None
            for precision in PRECISIONS:
                if side in self.refusals:
                    break  # and not for float64
                progress.say(f"making {SIDES[side]}'s model in {precision}")
                with self._noting_refusals(side, precision, self.refusals):
                    self._twins[side][precision] = FRAMEWORKS[side].Twin(
                        make[side], inputs, precision, outputs, call
                    )

    @overload
    def of_side(self, side: Literal["torch"]) -> Mapping[Precision, PyTorchTwin]: ...

    @overload
    def of_side(self, side: Literal["keras"]) -> Mapping[Precision, KerasTwin]: ...

    def of_side(self, side: Side) -> Mapping[Precision, Any]:
        """The twins of one side, by each precision in which it could be built."""
        return self._twins[side]

    @overload
    def twin(self, side: Literal["torch"], precision: Precision) -> PyTorchTwin: ...

    @overload
    def twin(self, side: Literal["keras"], precision: Precision) -> KerasTwin: ...

    def twin(self, side: Side, precision: Precision) -> Any:
        """One of the twins; KeyError where it could not be built."""
        return self._twins[side][precision]

    def model(self, side: Side, precision: Precision) -> Any:
        """The model of one of the twins, a `torch.nn.Module` or a Keras model."""
        return self._twins[side][precision].model

    @property
    def precisions(self) -> list[Precision]:
        """The precisions in which both sides could be built."""
        return [p for p in PRECISIONS if all(p in self._twins[side] for side in SIDES)]

    def drop_float64(self, side: Side, reason: str) -> None:
        """Judge without a side's twin in float64, for a reason."""
        del self._twins[side]["float64"]
        self.only32[side] = reason

    @property
    def is_whole(self) -> bool:
        """Whether each layer that holds arrays has a twin."""
        return not any(self.alone.values())

    def match(
        self,
        arrays: Sequence[np.ndarray],
        names: Mapping | None = None,
        complete: bool = True,
        ignore: Collection[str] = (),
        known: Mapping[str, str] | None = None,
    ) -> dict[str, list[str]]:
        """Find the twin of each layer, and call Keras's layers by PyTorch's names.

        Where PyTorch's model runs on the arrays, the outputs get their names as well.

        Args:
            arrays: one for each of the inputs.
            names: as in `matching.match`.
            complete: whether each layer must have a twin; without one it is `alone`.
            ignore: layers or arrays, of either side, that do not count.
            known: twins as `names` has them, where both models have such layers.

        Returns:
            Names of Keras's layers, by the name of the layer in PyTorch.

        Raises:
            BadInput: if a layer has no twin, or one side returns more than the other.
        """
        matcher = Matcher(self.of_side("torch"), self.of_side("keras"), self.ignored)
        twins_found = matcher.match(arrays, names, complete, ignore, known or {})
        self._leaf_names = matcher.leaf_names
        self.matched, self.alone = twins_found.twins, twins_found.alone
        self._rename()
        outputs = self.twin("torch", "float32").outputs
        if not self.outputs and outputs is not None:
            self._name_outputs(outputs)
        return self.matched

    def pair_otherwise(self, exchanged: Mapping[str, str]) -> None:
        """Let layers of PyTorch's model take the twins of others, all matched before.

        Args:
            exchanged: the layer whose twin each takes, by name.
        """
        self.matched |= {name: self.matched[giver] for name, giver in exchanged.items()}
        self._rename()

    def _rename(self) -> None:
        """Let Keras's layers go by the names of their twins, in every precision."""
        # Keras may call a layer otherwise in each model, but its place is the same.
        places = {}
        for name, leaves in self.matched.items():
            places[name] = [self._leaf_names.index(leaf) for leaf in leaves]
        for twin in self.of_side("keras").values():
            twin.rename(places, self.is_whole and not self.ignored["keras"])

    def _name_outputs(self, names: Sequence[str]) -> None:
        """Call the results of both models what PyTorch calls them."""
        keras_names = self.twin("keras", "float32").outputs or ()
        check_result_names(names, keras_names)
        self.outputs = names
        for side in SIDES:
            for twin in self.of_side(side).values():
                twin.outputs = names

    def load(
        self,
        direction: Direction,
        weights: Callable[[Mapping[str, Layer]], Mapping[str, Mapping]],
    ) -> None:
        """Give the source of `direction` weights and transfer them to its twin.

        Args:
            direction: "to_keras" or "to_torch".
            weights: makes arrays, exact in float32, for the source's layers.
        """
        source, _ = DIRECTIONS[direction]
        arrays = weights(LAYERS[source].layers(self.model(source, "float32")))
        for precision in self.precisions:
            LAYERS[source].load(self.model(source, precision), arrays)
            self.transfer(direction, precision)

    def transfer(self, direction: Direction, precision: Precision) -> None:
        """Give the target of `direction` what the source has, in one precision."""
        source, target = DIRECTIONS[direction]
        source_layers = LAYERS[source].held(self.model(source, precision))
        target_layers = LAYERS[target].held(self.model(target, precision))
        carry(
            plan(source_layers, target_layers, direction, strict=False),
            LAYERS[source].read,
            LAYERS[target].write,
        )
        if self.orders and direction == "to_keras":
            model = self.model("keras", precision)
            layers = LAYERS["keras"].layers(model)
            ordered = {
                name: in_own_order(layers[name].arrays, orders)
                for name, orders in self.orders.items()
            }
            LAYERS["keras"].load(model, ordered)

    def run(
        self, *arrays: np.ndarray, precisions: Collection[Precision] = PRECISIONS
    ) -> tuple[StagesOfAll, dict[Side, str]]:
        """Run the twins on one input.

        A model that returns a result with nothing in it, as a pooling of too few steps
        does in Keras, refuses. One that refuses float64 alone gets into `only32`.

        Args:
            arrays: one for each of the inputs; floats in float32.
            precisions: of the twins that are to run.

        Returns:
            Stages by side and precision; and the message of each side that refused.
        """
        stages: StagesOfAll = {}
        refusals: dict[Side, str] = {}
        for side in SIDES:
            for precision, twin in self.of_side(side).items():
                if side in refusals or precision not in precisions:
                    continue
                with self._noting_refusals(side, precision, refusals):
                    stages[side, precision] = twin(*arrays)
                    check_filled(stages[side, precision], twin.outputs or ())
        if not (self.outputs or refusals or self.refusals):
            # The first inputs that both take: those that were matched were refused.
            names = self.twin("torch", "float32").outputs
            if names:
                self._name_outputs(names)
                return self.run(*arrays, precisions=precisions)
        return stages, refusals

    @contextmanager
    def _noting_refusals(
        self, side: Side, precision: Precision, refusals: dict[Side, str]
    ) -> Iterator[None]:
        """Put the message of a refusal into `refusals`, or in float64 into `only32`."""
        try:
            yield
        except NotImplementedError:  # a RuntimeError, and no refusal
            raise
        except REFUSALS[side] as error:
            if precision == "float64":
                refusals = self.only32
            refusals[side] = MESSAGES[side](error)

    def compare(self, *arrays: np.ndarray) -> Judgement:
        """Run the twins on one input, and judge them.

        Where one of the inputs is the lengths of the sequences, the steps beyond are
        not compared: there Keras repeats the last output, and PyTorch writes zeros.

        Args:
            arrays: one for each of the inputs; floats in float32.

        Raises:
            BadInput: if there is nothing in a stage.
        """
        stages, refusals = self.run(*arrays)
        return self.judged(stages, refusals, arrays)

    def judged(
        self,
        stages: StagesOfAll,
        refusals: dict[Side, str],
        arrays: Sequence[np.ndarray],
    ) -> Judgement:
        """The verdict on what `run` returned for these arrays, refusals included."""
        if refusals:
            return Judgement(verdict.of_refusals(refusals), refusals=refusals)
        return self.judge(stages, arrays)

    def judge(self, stages: StagesOfAll, arrays: Sequence[np.ndarray]) -> Judgement:
        """The verdict on stages that `run` returned for these arrays."""
        if len(stages) < len(SIDES) * len(PRECISIONS):
            return self._judge32(stages, arrays)
        fours, timed = self.counted.fours(stages, arrays)
        results = verdict.judge_run(fours, timed, self.outputs)
        return Judgement(
            verdict=verdict.of_run(results),
            stages=results,
            unmatched=unmatched(
                stages["torch", "float64"], stages["keras", "float64"], fours
            ),
        )

    def _judge32(self, stages: StagesOfAll, arrays: Sequence[np.ndarray]) -> Judgement:
        """The verdict on stages where some twin did not run in float64."""
        torch, keras = stages["torch", "float32"], stages["keras", "float32"]
        names = self.counted.common_stages(torch, keras)
        timed = self.counted.with_time(names, torch, arrays)
        valid = self.counted.valid_steps(timed, arrays)
        results, noise = [], 0.0
        for name in names:
            torch32, keras32 = torch[name], keras[name]
            steps = valid[name] if name in timed and name in valid else None
            if steps is not None and steps.shape == keras32.shape[:2]:
                torch32 = np.where(steps[..., None], torch32, 0)
                keras32 = np.where(steps[..., None], keras32, 0)
            for side in SIDES:  # the other twin's noise is thought to be as large
                if (side, "float64") in stages:
                    a32, a64 = stages[side, "float32"], stages[side, "float64"]
                    noise = max(noise, 2 * noise_of(a32[name], a64[name]))
            result = verdict.judge32(name, torch32, keras32, noise, name in timed)
            results.append(replace(result, is_result=name in self.outputs))
        return Judgement(
            verdict=verdict.of_run(results),
            stages=tuple(results),
            unmatched=unmatched(torch, keras, names),
        )

    def gradients(
        self, loss: str, arrays: Sequence[np.ndarray], targets: Sequence[np.ndarray]
    ) -> Judgement:
        """The verdict on a loss and its gradients, by input and by weight.

        Those of Keras's model are taken to PyTorch's arrays by the chain rule through
        the transfer. As in `compare`, steps beyond a sequence's length do not count.

        Args:
            loss: name of a function of `pytorch_models/losses.py` and its twin.
            arrays: one for each of the inputs; floats in float32.
            targets: one for each result that counts, in order.
        """
        valid = self.counted.valid_steps_of_results(arrays, targets)
        stages: StagesOfAll = {}
        for side in SIDES:
            for precision in PRECISIONS:
                value, by_input, by_layer = self.twin(side, precision).gradients(
                    losses(loss, self.of_probabilities)[side], arrays, targets, valid
                )
                stages[side, precision] = {
                    "loss": np.asarray(value)[None],
                    **by_input,
                    **self._by_weight(side, precision, by_layer),
                }
        names = stages["torch", "float64"]
        results = verdict.judge_run({name: four_of(name, stages) for name in names})
        return Judgement(verdict.of_run(results), results, loss=loss)

    def _by_weight(
        self, side: Side, precision: Precision, by_layer: Mapping[str, Layer]
    ) -> dict[str, np.ndarray]:
        """Gradients of layers, by the full names of PyTorch's weights."""
        arrays: Mapping[str, Arrays] = {
            name: layer.arrays for name, layer in by_layer.items()
        }
        if side == "keras":
            like = LAYERS["torch"].layers(self.model("torch", precision))
            arrays, _ = rewrite(by_layer, like, "gradients")
        gradients = {}
        for layer, weights in arrays.items():
            for key, array in weights.items():
                gradients[f"{layer}.{key}"] = array
        return gradients
