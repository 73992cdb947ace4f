"""Two models of one function, each in two precisions; loads both frameworks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal, overload

import numpy as np

from compare import progress
from compare.in_keras.twin import Twin as KerasTwin
from compare.in_pytorch import layers as pytorch_layers
from compare.in_pytorch.padding import leaves_out_padding
from compare.in_pytorch.twin import Twin as PyTorchTwin

# PyTorch comes first: loaded after TensorFlow it is slower.
from compare.judging import verdict
from compare.judging.arrays import Input, sequence, valid_steps
from compare.judging.four import Four, noise_of
from compare.judging.result import SIDES, Judgement
from compare.judging.words import PRECISIONS, Direction, Precision, Side
from compare.kinds.layer import Arrays, Layer
from compare.matching.matching import match, matched
from compare.matching.rewriting import carry, plan, rewrite
from compare.twins import packing, uncounted
from compare.twins.frameworks import (
    CELLS,
    DIRECTIONS,
    FRAMEWORKS,
    LAYERS,
    MESSAGES,
    REFUSALS,
)
from compare.twins.models import losses
from compare.twins.orders import in_own_order
from compare.twins.stages import (
    Stages,
    StagesOfAll,
    check_filled,
    check_result_names,
    four_of,
    has_time,
    lengths_of,
    unmatched,
    with_valid_steps,
)

ALL_STEPS = np.ones(1, bool)


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
        self._leaves_out_padding: bool | None = None  # asked for where it matters
        self._leaf_names: list[str] = []  # of Keras's layers, before they were renamed
        self._twins: dict[Side, dict[Precision, Any]] = {"torch": {}, "keras": {}}
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
    ) -> dict[str, list[str]]:
        """Find the twin of each layer, and call Keras's layers by PyTorch's names.

        Where PyTorch's model runs on the arrays, the outputs get their names as well.

        Args:
            arrays: one for each of the inputs.
            names: as in `matching.match`.
            complete: whether each layer must have a twin; without one it is `alone`.
            ignore: layers or arrays, of either side, that do not count.

        Returns:
            Names of Keras's layers, by the name of the layer in PyTorch.

        Raises:
            BadInput: if a layer has no twin, or one side returns more than the other.
        """
        torch, keras = self._layers_that_count(arrays)
        if self._ignore(uncounted.named(torch, keras, ignore)):
            torch, keras = self._layers_that_count(arrays)
        if set(names or ()) - torch.keys() and self._hold_cells_together("torch"):
            torch, keras = self._layers_that_count(arrays)  # a cell is named as one
        found = matched(torch, keras, names, complete=False)
        if not found.is_complete and self._hold_tied_weights_apart():
            torch, keras = self._layers_that_count(arrays)
            found = matched(torch, keras, names, complete=False)
        twins = self.twin("torch", "float32"), self.twin("keras", "float32")
        if self._ignore(uncounted.unread(*twins, torch, found, arrays)):
            torch, keras = self._layers_that_count(arrays)
            found = matched(torch, keras, names, complete=False)
        apart = uncounted.reads_both_ways_apart(torch, keras, found)
        if not found.is_complete and apart:
            for twin in self.of_side("keras").values():
                twin.hold_directions_apart()
            torch, keras = self._layers_that_count(arrays)
            found = matched(torch, keras, names, complete=False)
        if not found.is_complete and self._hold_attention_apart(found.alone["keras"]):
            torch, keras = self._layers_that_count(arrays)
            found = matched(torch, keras, names, complete=False)
        is_cell = uncounted.reads_as_cell(torch, keras, found)
        if (is_cell or not found.is_complete) and self._hold_cells_together("torch"):
            torch, keras = self._layers_that_count(arrays)
            found = matched(torch, keras, names, complete=False)
        if not found.is_complete and self._hold_cells_together("keras"):
            torch, keras = self._layers_that_count(arrays)
            found = matched(torch, keras, names, complete=False)
        if not found.is_complete and complete:
            match(torch, keras, names)  # says which, and raises
        self.matched, self.alone = found.twins, found.alone
        self._rename()
        outputs = self.twin("torch", "float32").outputs
        if not self.outputs and outputs is not None:
            self._name_outputs(outputs)
        return self.matched

    def _layers_that_count(
        self, arrays: Sequence[np.ndarray]
    ) -> tuple[dict[str, Layer], dict[str, Layer]]:
        """The layers of PyTorch's model and of Keras's, without what is ignored.

        PyTorch's model runs for it: its layers come in the order of execution.
        """
        keras = self.twin("keras", "float32").layers(arrays)
        self._leaf_names = list(keras)
        ignored = self.ignored["keras"]
        return self.twin("torch", "float32").layers(arrays), {
            name: layer for name, layer in keras.items() if name not in ignored
        }

    def _ignore(self, names: Mapping[Side, Sequence[str]]) -> bool:
        """Let these count no longer; return whether there are any."""
        for side in SIDES:
            self.ignored[side] += names[side]
        for twin in self.of_side("torch").values():
            pytorch_layers.ignore(twin.model, names["torch"])
        return any(names.values())

    def _hold_tied_weights_apart(self) -> bool:
        """Whether PyTorch's models have tied weights, which count as several now."""
        twins = self.of_side("torch").values()
        return all([pytorch_layers.hold_apart(twin.model) for twin in twins])

    def _hold_cells_together(self, side: Side) -> bool:
        """Whether a side's models have cells made of layers, each one layer now."""
        twins = self.of_side(side).values()
        return all([CELLS[side].hold_cells(twin.model) for twin in twins])

    def _hold_attention_apart(self, names: Collection[str]) -> bool:
        """Whether some of these layers of Keras are attention, now four layers each."""
        numbers = [self._leaf_names.index(name) for name in names]
        twins = self.of_side("keras").values()
        return all([twin.hold_attention_apart(numbers) for twin in twins])

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
        for precision in self.precisions:
            model = self.model(source, precision)
            LAYERS[source].load(model, weights(LAYERS[source].layers(model)))
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

    def run(self, *arrays: np.ndarray) -> tuple[StagesOfAll, dict[Side, str]]:
        """Run every twin on one input.

        A model that returns a result with nothing in it, as a pooling of too few steps
        does in Keras, refuses as one does that says so. Where a side refuses float64
        alone, `only32` gets its message.

        Args:
            arrays: one for each of the inputs; floats in float32.

        Returns:
            Stages by side and precision; and the message of each side that refused.
        """
        stages: StagesOfAll = {}
        refusals: dict[Side, str] = {}
        for side in SIDES:
            for precision, twin in self.of_side(side).items():
                if side in refusals:
                    break
                with self._noting_refusals(side, precision, refusals):
                    stages[side, precision] = twin(*arrays)
                    check_filled(stages[side, precision], twin.outputs or ())
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
        torch, keras = stages["torch", "float64"], stages["keras", "float64"]
        fours = {}
        for name in self._common_stages(torch, keras):
            is_result = name in self.outputs
            if self.alike or is_result or torch[name].shape == keras[name].shape:
                fours[name] = four_of(name, stages)
        timed = [
            name
            for name, four in fours.items()
            if self._has_time(name, four.t64.shape, arrays)
        ]
        valid = self._valid_steps(timed, arrays)
        for name in timed:
            if name in valid:
                fours[name] = with_valid_steps(fours[name], valid[name])
        results = verdict.judge_run(fours, timed, self.outputs)
        return Judgement(
            verdict=verdict.of_run(results),
            stages=results,
            unmatched=unmatched(torch, keras, fours),
        )

    def are_apart(
        self, results: Stages, keras: Stages, arrays: Sequence[np.ndarray]
    ) -> bool:
        """Whether results in float64 prove alone that models are not the same.

        Args:
            results: what PyTorch's model returns, by name.
            keras: stages of Keras's twin in float64.
            arrays: that both ran on, one for each of the inputs.
        """
        for name, t64 in results.items():
            if name not in keras or t64.shape != keras[name].shape:
                continue
            four = Four(t64, t64, keras[name], keras[name])
            if self._has_time(name, t64.shape, arrays):
                valid = self._valid_steps([name], arrays)
                if name in valid:
                    four = with_valid_steps(four, valid[name])
            if verdict.is_apart(four.t64, four.k64):
                return True
        return False

    def _judge32(self, stages: StagesOfAll, arrays: Sequence[np.ndarray]) -> Judgement:
        """The verdict on stages where some twin did not run in float64."""
        torch, keras = stages["torch", "float32"], stages["keras", "float32"]
        names = self._common_stages(torch, keras)
        timed = [
            name for name in names if self._has_time(name, torch[name].shape, arrays)
        ]
        valid = self._valid_steps(timed, arrays)
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

    def _common_stages(self, torch: Stages, keras: Stages) -> list[str]:
        """The stages that both sides have and that can be compared."""
        packed = self.twin("torch", "float32").packed
        masks = self.twin("keras", "float32").masks
        return packing.common_stages(torch, keras, packed, masks)

    def _has_time(
        self, stage: str, shape: tuple[int, ...], arrays: Sequence[np.ndarray]
    ) -> bool:
        """Whether a stage is (batch, time, units)."""
        return has_time(stage, shape, arrays, self.time_axis, self.outputs)

    def _valid_steps(
        self, timed: Sequence[str], arrays: Sequence[np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Which steps count, (batch, time), of stages where not all do."""
        x, lengths = sequence(arrays), lengths_of(self.inputs, arrays)
        if x is not None and lengths is not None:
            return dict.fromkeys(timed, valid_steps(x, lengths)[..., 0])
        inside = [name for name in timed if name not in self.outputs]
        packed = self.twin("torch", "float32").packed
        masks = self.twin("keras", "float32").masks
        valid = packing.valid_by_stage(inside, x, packed, masks)
        padded = [name for name in self.outputs if not valid.get(name, ALL_STEPS).all()]
        if padded and not self.leave_out_padding(arrays):
            for name in padded:
                del valid[name]
        return valid

    def leave_out_padding(self, arrays: Sequence[np.ndarray]) -> bool:
        """Whether PyTorch's model leaves padded steps out, as Keras's masks do.

        Where it does, nobody reads what the models return at padded steps. Where it
        does not, that is what Keras's mask was ported to.

        Args:
            arrays: one for each of the inputs.
        """
        if self._leaves_out_padding is None:
            twin = self.twin("torch", "float32")
            self._leaves_out_padding = leaves_out_padding(twin, arrays)
        return self._leaves_out_padding

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
        valid = self._valid_steps_of_results(arrays, targets)
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

    def _valid_steps_of_results(
        self, arrays: Sequence[np.ndarray], targets: Sequence[np.ndarray]
    ) -> list[np.ndarray | None]:
        """For each target, which steps count, (batch, time, 1); None where all do."""
        lengths = lengths_of(self.inputs, arrays)
        valid: list[np.ndarray | None] = []
        for name, target in zip(self.outputs, targets, strict=False):
            if lengths is not None and self._has_time(name, target.shape, arrays):
                valid.append(valid_steps(arrays[0], lengths))
            else:
                valid.append(None)
        return valid

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
