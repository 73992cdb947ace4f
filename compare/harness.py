"""A pair and its cases in, results out; loads both frameworks."""

import platform
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from itertools import groupby

import numpy as np

# PyTorch comes first: loaded after TensorFlow it is slower.
from compare import in_pytorch, in_keras, verdict  # isort: skip
from compare.cases import FIXED, Case, Input, inputs, valid_steps
from compare.cases import arrays as input_arrays
from compare.cases import targets as random_targets
from compare.diagnosis import diagnose
from compare.errors import BadInput
from compare.evidence import DIFFERENT, ONE_REFUSES, SAME, Result
from compare.evidence import SIDES as NAMES
from compare.pairs import Pair
from compare.prices import Prices
from compare.sensitivity import sensitivity, with_reasons
from compare.transfer import Layer, rewrite, transfer

SIDES = {"torch": in_pytorch, "keras": in_keras}
DIRECTIONS = {"to_keras": ("torch", "keras"), "to_torch": ("keras", "torch")}
DTYPES = ("float32", "float64")


def versions() -> dict[str, str]:
    """What a run depends on."""
    ours = import_module("compare").__version__
    return {
        "compare": ours,
        **in_pytorch.versions(),
        **in_keras.versions(),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def fresh_weights(layers: Mapping[str, Layer], seed: list[int]) -> dict[str, dict]:
    """Random weights and biases, by layer and name; none is zero, none symmetric.

    Every array, biases too, is uniform within Glorot's bound, sqrt(6 / (rows +
    columns)), which is the same for a matrix and its transpose. Drawn in float32, so
    that both precisions hold the same numbers.

    Source: Glorot & Bengio 2010, "Understanding the difficulty of training deep
        feedforward neural networks", equation 16.
    """
    rng = np.random.default_rng(seed)

    def draw(shape):
        bound = np.sqrt(6 / sum(shape))
        return rng.uniform(-bound, bound, shape).astype(np.float32)

    return {
        name: {key: draw(array.shape) for key, array in layer.arrays.items()}
        for name, layer in layers.items()
    }


def twin_makers(file: str, cls: str, sizes: Mapping) -> dict[str, Callable]:
    """What builds a built-in pair's model of "torch" and of "keras"."""
    homes = {"torch": "pytorch_models", "keras": "keras_models"}
    return {
        side: partial(getattr(import_module(f"{home}.{file}"), cls), **sizes)
        for side, home in homes.items()
    }


def losses(name: str) -> dict[str, Callable]:
    """A loss in "torch" and in "keras"."""
    return {
        "torch": getattr(import_module("pytorch_models.losses"), name),
        "keras": getattr(import_module("keras_models.losses"), name),
    }


class Twins:
    """A pair built for one length, in both frameworks and both precisions.

    Args:
        make: builds the model of "torch" and of "keras".
        inputs: what the models take; time None builds the twins for any length.
        outputs: names of the stages that the models return, in order.
        time_axis: axis of the first input that is time.

    Where a side refuses to be built, `refusals` holds what it said.
    """

    def __init__(
        self,
        make: Mapping[str, Callable],
        inputs: Sequence[Input],
        outputs: Sequence[str],
        time_axis: int = 1,
    ):
        self.inputs, self.outputs, self.time_axis = inputs, outputs, time_axis
        self.twins, self.refusals = {}, {}
        for side, framework in SIDES.items():
            try:
                for dtype in DTYPES:
                    twin = framework.Twin(make[side], inputs, dtype, outputs)
                    self.twins[side, dtype] = twin
            except NotImplementedError:  # a RuntimeError, and no refusal
                raise
            except framework.REFUSALS as error:
                self.refusals[side] = framework.message(error)

    def load(self, direction: str, weights: Callable[[Mapping[str, Layer]], Mapping]):
        """Give the source of `direction` weights and transfer them to its twin.

        Args:
            direction: "to_keras" or "to_torch".
            weights: makes arrays, exact in float32, for the source's layers.
        """
        source, target = DIRECTIONS[direction]
        for dtype in DTYPES:
            model = self.twins[source, dtype].model
            framework = SIDES[source]
            framework.load(model, weights(framework.layers(model)))
            transfer(model, self.twins[target, dtype].model)

    def run(self, *arrays: np.ndarray) -> tuple[dict, dict[str, str]]:
        """Stages by side and precision; and what was said by a side that refused.

        Args:
            arrays: one for each of the inputs; floats in float32.
        """
        stages, refusals = {}, {}
        for side, framework in SIDES.items():
            try:
                for dtype in DTYPES:
                    stages[side, dtype] = self.twins[side, dtype](*arrays)
            except NotImplementedError:
                raise
            except framework.REFUSALS as error:
                refusals[side] = framework.message(error)
        return stages, refusals

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
        torch, keras = stages["torch", "float64"], stages["keras", "float64"]
        fours = {name: _four(name, stages) for name in torch if name in keras}
        timed = [
            name
            for name, four in fours.items()
            if self._has_time(name, four.t64.shape, arrays[0])
        ]
        named = dict(zip((each.name for each in self.inputs), arrays, strict=True))
        if "lengths" in named:
            fours |= {n: _valid_steps(fours[n], named["lengths"]) for n in timed}
        judged = verdict.judge_run(fours, timed)
        return dict(
            verdict=verdict.of_run(judged),
            stages=judged,
            unmatched=tuple(n for n in (*torch, *keras) if n not in fours),
        )

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
            if "lengths" in named and self._has_time(name, target.shape, arrays[0])
            else None
            for name, target in zip(self.outputs, targets, strict=False)
        ]
        found = {}
        for side in SIDES:
            for dtype in DTYPES:
                value, by_input, by_layer = self.twins[side, dtype].gradients(
                    losses(loss)[side], arrays, targets, valid
                )
                if side == "keras":
                    like = in_pytorch.layers(self.twins["torch", dtype].model)
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

    def _has_time(self, name: str, shape: tuple[int, ...], x: np.ndarray) -> bool:
        """Whether a stage is (batch, time, units).

        Final states are not, (layers, batch, units), whatever their size; nor are the
        results of a time-major model, while its layers' stages are.
        """
        final = name in ("h_n", "c_n") or name.endswith((".h", ".c"))
        if final or (self.time_axis == 0 and name in self.outputs):
            return False
        batch, time = x.shape[1 - self.time_axis], x.shape[self.time_axis]
        return len(shape) >= 3 and shape[:2] == (batch, time)


def _four(name: str, stages: Mapping) -> verdict.Four:
    four = verdict.Four(*(stages[s, d][name] for s in SIDES for d in DTYPES))
    if not four.t64.size or not four.k64.size:
        raise BadInput(
            f"stage {name}: expected something to compare, got arrays of shapes "
            f"{four.t64.shape} and {four.k64.shape}; give a larger batch or model"
        )
    return four


def _valid_steps(four: verdict.Four, lengths: np.ndarray) -> verdict.Four:
    """The four arrays with zeros in the steps beyond each sequence's length."""
    if len({array.shape for array in four}) > 1:
        return four  # the judge says so
    beyond = ~valid_steps(four.t64, lengths)[..., 0]  # (batch, time)
    made = [array.copy() for array in four]
    for array in made:
        array[beyond] = 0
    return verdict.Four(*made)


def run(
    pair: Pair,
    cases: list[Case],
    prices: Prices,
    seed: int,
    gradients: bool = False,
) -> Iterator[Result]:
    """Results of one pair, as they come.

    Args:
        pair: sizes as the prices have assets.
        cases: those of one length together; the twins are built once for each.
        prices: give the inputs.
        seed: of the weights.
        gradients: whether to compare those of the pair's loss as well, in one case of
            each length in which both twins run.

    Raises:
        BadInput: if nothing was compared in any of them.
    """
    compared, probed, said = False, None, {}
    for length, group in groupby(cases, key=lambda case: case.length):
        with in_pytorch.settled():
            twins = _build(pair, length)
            for result in _run_length(
                pair, twins, list(group), prices, seed, gradients, probed
            ):
                probed = result.sensitivity or probed
                compared |= bool(result.stages)
                said |= result.refusals
                yield result
    if not compared:
        reasons = "; ".join(f"{NAMES[side]}: {text}" for side, text in said.items())
        raise BadInput(
            f"{pair.file}: expected at least one case in which both twins run, got "
            f"none, so nothing was compared ({reasons or 'the pair declares no case'})"
        )


def _build(pair, length):
    sizes = dict(pair.sizes)
    if "timesteps" in sizes:
        sizes["timesteps"] = length
    make = twin_makers(pair.file, pair.cls, sizes)
    return Twins(make, inputs(pair, length), pair.outputs, 0 if pair.time_major else 1)


def _run_length(pair, twins, cases, prices, seed, gradients, probed):
    for number, direction in enumerate(DIRECTIONS):
        if twins.refusals:
            nothing = replace(cases[0], timesteps=None, batch=None)
            yield Result(
                **_place(pair, nothing, direction),
                verdict=verdict.of_refusals(twins.refusals),
                expected=cases[0].expected,
                refusals=twins.refusals,
            )
            continue
        key = [seed, zlib.crc32(pair.file.encode()), number]
        weights = partial(fresh_weights, seed=key)
        twins.load(direction, weights)
        middling, short, explained = _middling(cases), _short(pair, cases), False
        for case in cases:
            inputs = input_arrays(pair, case.timesteps, case.batch, prices, seed)
            result = Result(
                **_place(pair, case, direction),
                expected=case.expected,
                **twins.compare(*inputs),
            )
            if case in short and result.verdict == SAME and _open(probed):
                probed = sensitivity(pair.file, twins, inputs, probed)
                if probed.survivors and number:  # neither direction has noticed
                    reload = partial(_reload, twins, direction)
                    probed = with_reasons(probed, twins, inputs, reload)
                    twins.load(direction, weights)
                result = replace(result, sensitivity=probed)
            if result.verdict in (DIFFERENT, ONE_REFUSES) and not explained:
                explained = True  # one explanation for all of one build and weights
                result = replace(result, explanation=diagnose(twins, inputs))
            yield result
        for case in middling if gradients else ():
            inputs = input_arrays(pair, case.timesteps, case.batch, prices, seed)
            stages = twins.twins["torch", "float32"](*inputs)
            shapes = [stages[name].shape for name in pair.outputs]
            yield Result(
                **_place(pair, case, direction),
                expected=SAME,
                **twins.gradients(
                    pair.loss, inputs, random_targets(pair.loss, shapes, seed)
                ),
            )


def _reload(twins, direction, seed):
    twins.load(direction, partial(fresh_weights, seed=[seed]))


def _open(probed):
    """Whether some mistake was not noticed yet, nor is there a reason why."""
    return probed is None or any(not each.reason for each in probed.survivors)


def _middling(cases):
    """Of the cases of one length the one that is looked at more closely, in a list."""
    run = [case for case in cases if case.expected == SAME and case.timesteps <= FIXED]
    return sorted(run, key=lambda case: (-case.timesteps, abs(case.batch - 4)))[:1]


def _short(pair, cases):
    """The case in which mistakes are made, in a list: few steps where the pair admits.

    A pair that takes any number of steps is probed there, not where they are fixed.
    """
    if pair.expected.get("none") == SAME and cases[0].length is not None:
        return []
    run = [case for case in cases if case.expected == SAME and case.timesteps > 1]
    return sorted(run, key=lambda case: (case.timesteps, abs(case.batch - 4)))[:1]


def _place(pair, case, direction):
    return dict(
        pair=pair.file,
        length=case.length or "none",
        timesteps=case.timesteps,
        batch=case.batch,
        direction=direction,
    )
