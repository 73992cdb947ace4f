"""A pair of the user's own as a task to learn; loads both frameworks."""

import copy
from dataclasses import replace
from functools import partial

from compare.errors import BadInput, command
from compare.in_pytorch import refusals as in_pytorch_refusals
from compare.judging.arrays import sequence
from compare.judging.evidence import SAME, SIDES
from compare.subjects.cases import FIXED, Case
from compare.subjects.own.calls import cut, inputs
from compare.subjects.own.models import is_live
from compare.subjects.own.pair import OwnPair, described
from compare.subjects.own.run import build

# PyTorch comes first.
from compare.twins.frameworks import FRAMEWORKS, MODELS
from compare.twins.models import losses
from compare.twins.targets import targets
from compare.twins.task import Task, TrainingData
from compare.twins.twins import Twins


def task(pair: OwnPair) -> Task:
    """A pair as a task to learn, its inputs as the examples.

    Both twins begin with the weights of PyTorch's model. What is drawn at random has as
    many steps as the built-in pairs learn from.

    Raises:
        BadInput: if a model does not run, drops out, or has no copy in float64; or if
            there are not as many targets as examples.
    """
    pair = _shortened(pair)
    twins, _ = build(pair, [])
    _check_learning(pair, twins)
    results = twins.twin("torch", "float32")(*pair.arrays)
    assert twins.outputs is not None  # named at the latest when they first ran
    result = results[twins.outputs[0]]
    batch = len(pair.arrays[0])
    source = described(pair)
    target = pair.target
    if target is None:
        target = targets(pair.loss, [result.shape], pair.seed)[0]
        source += ", random targets"
    if len(target) != batch:
        raise BadInput(
            f"{pair.name}: expected a target for each of {batch} examples, got "
            f"{len(target)}; give as many"
        )
    _check_target(pair, twins.twin("torch", "float32"), result, target)
    data = TrainingData(
        source, pair.arrays, target, learnt=batch, epochs=100, batch_size=min(20, batch)
    )
    make = pair.models["torch"]
    if is_live("torch", make):
        make = partial(copy.deepcopy, make)
    return Task(pair.name, twins, make, pair.loss, data)


def _shortened(pair: OwnPair) -> OwnPair:
    """The pair with no more drawn steps than the built-in pairs learn from."""
    x = sequence(pair.arrays)
    if not pair.steps or x is None or x.shape[1] <= FIXED:
        return pair
    taken = inputs(pair, pair.models["keras"], None)
    arrays = cut(pair.arrays, taken, Case(None, FIXED, len(x), SAME))
    return replace(pair, arrays=arrays)


def _check_learning(pair: OwnPair, twins: Twins) -> None:
    """Raise BadInput for twins that do not run, or that draw numbers to learn."""
    refusals = twins.refusals or twins.run(*pair.arrays)[1] or twins.only32
    if refusals:
        reasons = [f"{SIDES[side]}: {text}" for side, text in refusals.items()]
        raise BadInput(
            f"{pair.name}: expected models that run in float32 and in float64, got: "
            f"{'; '.join(reasons)}; see {command()} run"
        )
    for side in FRAMEWORKS:
        dropping = MODELS[side].dropping(twins.model(side, "float32"))
        if dropping:
            raise BadInput(
                f"{pair.name}: expected models that learn without dropout, whose "
                f"random numbers the frameworks do not share, got {dropping} in "
                f"{SIDES[side]}'s model; make it 0 in both"
            )


def _check_target(pair, twin, result, target):
    """Raise BadInput where the loss does not take the target with this result."""
    tensors = twin.targets([result, target])
    try:
        losses(pair.loss)["torch"](*tensors)
    except (ValueError, IndexError, RuntimeError, TypeError) as error:
        raise BadInput(
            f"{pair.name}: expected a target that {pair.loss} takes with a result of "
            f"shape {result.shape}, got {target.dtype} of shape {target.shape}: "
            f"{in_pytorch_refusals.message(error)}; correct it"
        ) from None
