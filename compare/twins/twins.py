"""Two models of one function, each in two precisions; loads both frameworks."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager

import numpy as np

from compare.errors import BadInput
from compare.in_pytorch import layers as pytorch_layers

# PyTorch comes first: loaded after TensorFlow it is slower.
from compare.judging import verdict
from compare.judging.arrays import Input, sequence, valid_steps
from compare.kinds.layer import Layer
from compare.matching.matching import match
from compare.matching.rewriting import rewrite
from compare.twins import packing
from compare.twins.frameworks import DIRECTIONS, DTYPES, FRAMEWORKS, LAYERS
from compare.twins.models import losses


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

    Where a side refuses to be built, `refusals` holds what it said; where it refuses
    float64 alone, `only32` does. What `match` found is in `found`.
    """

    def __init__(
        self,
        make: Mapping[str, Callable],
        inputs: Sequence[Input],
        outputs: Sequence[str] | None,
        time_axis: int = 1,
        calls: Mapping[str, Callable] | None = None,
        alike: bool = True,
    ):
        self.inputs, self.outputs, self.time_axis = inputs, outputs, time_axis
        self.alike, self.found = alike, {}
        self.twins, self.refusals, self.only32 = {}, {}, {}
        for side, framework in FRAMEWORKS.items():
            call = calls and calls[side]
            for dtype in DTYPES:
                if side in self.refusals:
                    break  # and not for float64
                with self._refusing(side, dtype):
                    twin = framework.Twin(make[side], inputs, dtype, outputs, call)
                    self.twins[side, dtype] = twin

    @property
    def dtypes(self) -> list[str]:
        """The precisions that there is a twin of either side in."""
        return [
            dtype
            for dtype in DTYPES
            if all((side, dtype) in self.twins for side in FRAMEWORKS)
        ]

    def match(
        self, arrays: Sequence[np.ndarray], names: Mapping | None = None
    ) -> dict[str, list[str]]:
        """Find the twin of each layer, and call Keras's layers by PyTorch's names.

        Where PyTorch's model runs on the arrays, the outputs get their names as well.

        Args:
            arrays: one for each of the inputs.
            names: as in `matching.match`.

        Raises:
            BadInput: if a layer has no twin, or one returns more than the other.
        """
        first = self.twins["torch", "float32"]
        keras = self.twins["keras", "float32"].layers(arrays)
        try:
            found = match(first.layers(arrays), keras, names)
        except BadInput:
            ours = [t for (side, _), t in self.twins.items() if side == "torch"]
            if not all([pytorch_layers.hold_apart(twin.model) for twin in ours]):
                raise
            found = match(first.layers(arrays), keras, names)
        self.found = found
        self._numbers = {
            name: [list(keras).index(twin) for twin in twins]
            for name, twins in found.items()
        }
        self._rename()
        if self.outputs is None and first.outputs is not None:
            self._name_outputs(first.outputs)
        return found

    def pair_otherwise(self, others: Mapping[str, str]):
        """Let layers of PyTorch's take the twins of others, all matched before.

        Args:
            others: whose twins each takes, by name.
        """
        for kept in (self.found, self._numbers):
            kept |= {name: kept[other] for name, other in others.items()}
        self._rename()

    def _rename(self):
        for dtype in DTYPES:
            if ("keras", dtype) in self.twins:
                self.twins["keras", dtype].rename(self._numbers)

    def _name_outputs(self, names):
        came = self.twins["keras", "float32"].outputs
        if len(came) != len(names):
            raise BadInput(
                f"results: expected as many of Keras's model as of PyTorch's "
                f"({len(names)}: {', '.join(names)}), got {len(came)} "
                f"({', '.join(came)}); let both return the same"
            )
        if set(names) != set(came) and (_have_keys(names) or _have_keys(came)):
            raise BadInput(
                "results: expected the same names of both models, got "
                f"{', '.join(names)} of PyTorch's and {', '.join(came)} of Keras's; "
                "let both return tuples, or dictionaries with the same keys"
            )
        self.outputs = names
        for twin in self.twins.values():
            twin.outputs = names

    def load(self, direction: str, weights: Callable[[Mapping[str, Layer]], Mapping]):
        """Give the source of `direction` weights and transfer them to its twin.

        Args:
            direction: "to_keras" or "to_torch".
            weights: makes arrays, exact in float32, for the source's layers.
        """
        source, _ = DIRECTIONS[direction]
        for dtype in self.dtypes:
            model = self.twins[source, dtype].model
            LAYERS[source].load(model, weights(LAYERS[source].layers(model)))
            self.transfer(direction, dtype)

    def transfer(self, direction: str, dtype: str):
        """Give the target of `direction` what the source has, in one precision."""
        have, want = (
            LAYERS[side].layers(self.twins[side, dtype].model)
            for side in DIRECTIONS[direction]
        )
        arrays, _ = rewrite(have, want, direction, strict=False)
        target = DIRECTIONS[direction][1]
        LAYERS[target].load(self.twins[target, dtype].model, arrays)

    def run(self, *arrays: np.ndarray) -> tuple[dict, dict[str, str]]:
        """Stages by side and precision; and what was said by a side that refused.

        A model that returns a result with nothing in it, as a pooling of too few steps
        does in Keras, refuses as one does that says so.

        Args:
            arrays: one for each of the inputs; floats in float32.
        """
        stages, before = {}, self.refusals
        self.refusals = {}
        try:
            for (side, dtype), twin in self.twins.items():
                if side not in self.refusals:
                    with self._refusing(side, dtype):
                        stages[side, dtype] = twin(*arrays)
                        _check_filled(stages[side, dtype], twin.outputs)
            return stages, self.refusals
        finally:
            self.refusals = before

    @contextmanager
    def _refusing(self, side, dtype):
        """What a model says when it rejects its input is kept, not raised."""
        framework = FRAMEWORKS[side]
        try:
            yield
        except NotImplementedError:  # a RuntimeError, and no refusal
            raise
        except framework.REFUSALS as error:
            said = self.refusals if dtype == "float32" else self.only32
            said[side] = framework.message(error)

    def compare(self, *arrays: np.ndarray) -> dict:
        """The fields of a `Result` that running the twins on these arrays gives.

        Where one of them is the lengths of the sequences, the steps beyond are not
        compared: there Keras repeats the last output, and PyTorch writes zeros.
        """
        stages, refusals = self.run(*arrays)
        if refusals:
            return dict(verdict=verdict.of_refusals(refusals), refusals=refusals)
        return self.judge(stages, arrays)

    def judge(self, stages: Mapping, arrays: Sequence[np.ndarray]) -> dict:
        """As `compare`, of stages that `run` returned for these arrays."""
        if len(stages) < len(FRAMEWORKS) * len(DTYPES):
            return self._judge32(stages, arrays)
        torch, keras = stages["torch", "float64"], stages["keras", "float64"]
        names = packing.shared(self.twins, torch, keras)
        if not self.alike:
            names = [
                name
                for name in names
                if name in self.outputs or torch[name].shape == keras[name].shape
            ]
        fours = {name: _four(name, stages) for name in names}
        timed = [
            name
            for name, four in fours.items()
            if self._has_time(name, four.t64.shape, arrays)
        ]
        valid = self._valid(timed, arrays)
        fours |= {n: _valid_steps(fours[n], valid[n]) for n in timed if n in valid}
        judged = verdict.judge_run(fours, timed)
        return dict(
            verdict=verdict.of_run(judged),
            stages=judged,
            unmatched=tuple(n for n in {**torch, **keras} if n not in fours),
        )

    def _judge32(self, stages, arrays):
        """As `judge`, where some twin did not run in float64."""
        torch, keras = (stages[side, "float32"] for side in FRAMEWORKS)
        names = packing.shared(self.twins, torch, keras)
        timed = [n for n in names if self._has_time(n, torch[n].shape, arrays)]
        valid, judged, noise = self._valid(timed, arrays), [], 0.0
        for name in names:
            arrays32 = [torch[name], keras[name]]
            if (
                name in timed
                and name in valid
                and keras[name].shape[:2] == valid[name].shape
            ):
                arrays32 = [np.where(valid[name][..., None], a, 0) for a in arrays32]
            for side in FRAMEWORKS:  # the other twin's noise is thought to be as large
                if (side, "float64") in stages:
                    both = (stages[side, dtype][name] for dtype in DTYPES)
                    noise = max(noise, 2 * verdict.distance(*both))
            judged.append(verdict.judge32(name, *arrays32, noise, name in timed))
        return dict(
            verdict=verdict.of_run(judged),
            stages=tuple(judged),
            unmatched=tuple(n for n in (*torch, *keras) if n not in names),
        )

    def _valid(self, timed, arrays):
        """Which steps count, (batch, time), of stages where not all do."""
        named = dict(zip((each.name for each in self.inputs), arrays, strict=True))
        if "lengths" in named:
            steps = valid_steps(sequence(arrays), named["lengths"])[..., 0]
            return dict.fromkeys(timed, steps)
        inside = [name for name in timed if name not in self.outputs]
        return packing.valid(self.twins, inside, sequence(arrays))

    def gradients(
        self, loss: str, arrays: Sequence[np.ndarray], targets: Sequence[np.ndarray]
    ) -> dict:
        """The fields of a `Result` about a loss and its gradients.

        Keras's gradients are taken to PyTorch's arrays by the chain rule through the
        transfer. As in `compare`, steps beyond a sequence's length do not count.

        Args:
            loss: name of a function of `pytorch_models/losses.py` and its twin.
            arrays: one for each of the inputs; floats in float32.
            targets: one for each result that counts, in order.
        """
        named = dict(zip((each.name for each in self.inputs), arrays, strict=True))
        valid = [
            valid_steps(arrays[0], named["lengths"])
            if "lengths" in named and self._has_time(name, target.shape, arrays)
            else None
            for name, target in zip(self.outputs, targets, strict=False)
        ]
        found = {}
        for side in FRAMEWORKS:
            for dtype in DTYPES:
                value, by_input, by_layer = self.twins[side, dtype].gradients(
                    losses(loss)[side], arrays, targets, valid
                )
                if side == "keras":
                    like = pytorch_layers.layers(self.twins["torch", dtype].model)
                    arrays_by_layer, _ = rewrite(by_layer, like, "gradients")
                else:
                    arrays_by_layer = {n: each.arrays for n, each in by_layer.items()}
                stages = {"loss": np.asarray(value)[None], **by_input}
                for layer, each in arrays_by_layer.items():
                    stages |= {f"{layer}.{key}": array for key, array in each.items()}
                found[side, dtype] = stages
        judged = verdict.judge_run(
            {name: _four(name, found) for name in found["torch", "float64"]}
        )
        return dict(verdict=verdict.of_run(judged), stages=judged, loss=loss)

    def _has_time(self, name: str, shape: tuple[int, ...], arrays) -> bool:
        """Whether a stage is (batch, time, units).

        Final states are not, (layers, batch, units), whatever their size; nor are the
        results of a time-major model, while its layers' stages are.
        """
        final = name in ("h_n", "c_n") or name.endswith((".h", ".c"))
        if final or (self.time_axis == 0 and name in self.outputs):
            return False
        x = sequence(arrays)
        if x is None:
            return False
        batch, time = x.shape[1 - self.time_axis], x.shape[self.time_axis]
        return len(shape) >= 3 and shape[:2] == (batch, time)


def _have_keys(names):
    """Whether several results have names, and not only places, in what is returned."""
    return len(names) > 1 and any(
        not part.isdecimal() for name in names for part in name.split(".")[1:]
    )


def _check_filled(stages, outputs):
    for name in outputs:
        if not stages[name].size:
            raise ValueError(f"returns nothing: {name} of shape {stages[name].shape}")


def _four(name: str, stages: Mapping) -> verdict.Four:
    four = verdict.Four(*(stages[s, d][name] for s in FRAMEWORKS for d in DTYPES))
    if not four.t64.size or not four.k64.size:
        raise BadInput(
            f"stage {name}: expected something to compare, got arrays of shapes "
            f"{four.t64.shape} and {four.k64.shape}; give a larger batch or model"
        )
    return four


def _valid_steps(four: verdict.Four, valid: np.ndarray) -> verdict.Four:
    """The four arrays with zeros in the steps that are not valid, (batch, time)."""
    if len({array.shape for array in four}) > 1:
        return four  # the judge says so
    made = [array.copy() for array in four]
    for array in made:
        array[~valid] = 0
    return verdict.Four(*made)
