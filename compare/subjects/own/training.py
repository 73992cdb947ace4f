"""A pair of the user's own as a task to learn; loads both frameworks."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from compare.errors import BadInput, command
from compare.judging.arrays import sequence
from compare.judging.compiled import Compiled
from compare.judging.explanation import listed
from compare.judging.losses import CROSS_ENTROPY
from compare.judging.optimizers import OPTIMIZERS
from compare.judging.result import SAME, SIDES
from compare.listing import bounded
from compare.subjects.cases import FIXED, Case
from compare.subjects.own import learning
from compare.subjects.own.building import build
from compare.subjects.own.calls import cut, inputs
from compare.subjects.own.layouts import build_laid_out
from compare.subjects.own.models import is_live
from compare.subjects.own.pair import OwnPair, described
from compare.twins import training_facts
from compare.twins.frameworks import LAYERS
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
    pair, built = build_laid_out(pair, [], build)
    twins = built.twins
    _check_runs(pair, twins)
    facts = training_facts.read(twins, pair.arrays)
    _check_learning(pair, facts)
    _check_computed(pair, twins)
    compiled = learning.compiled_of(pair, twins)
    pair = learning.with_compiled_loss(pair, compiled)
    if pair.loss == CROSS_ENTROPY:
        learning.find_probabilities(twins, pair.arrays, compiled)
    batch = len(pair.arrays[0])
    source = described(pair)
    if pair.target is None:
        source += ", random targets"
    target = learning.checked_target(pair, twins)
    data = TrainingData(
        source, pair.arrays, target, learnt=batch, epochs=100, batch_size=min(20, batch)
    )
    make = pair.models["torch"]
    if is_live("torch", make):
        make = partial(copy.deepcopy, make)
    return Task(
        pair.name,
        twins,
        make,
        pair.loss,
        data,
        facts=facts,
        optimizer=pair.optimizer,
        compiled=compiled,
        notes=tuple(_notes(pair, twins, facts, compiled)),
    )


def _shortened(pair: OwnPair) -> OwnPair:
    """The pair with no more drawn steps than the built-in pairs learn from."""
    x = sequence(pair.arrays)
    if not pair.steps or x is None or x.shape[1] <= FIXED:
        return pair
    taken = inputs(pair, pair.models["keras"], None)
    arrays = cut(pair.arrays, taken, Case(None, FIXED, len(x), SAME))
    return replace(pair, arrays=arrays)


def _check_runs(pair: OwnPair, twins: Twins) -> None:
    """Raise BadInput for twins that do not run in both precisions."""
    refusals = twins.refusals or twins.run(*pair.arrays)[1] or twins.only32
    if refusals:
        reasons = [f"{SIDES[side]}: {text}" for side, text in refusals.items()]
        raise BadInput(
            f"{pair.name}: expected models that run in float32 and in float64, got: "
            f"{'; '.join(reasons)}; see {_judging(pair)}"
        )


def _judging(pair: OwnPair) -> str:
    """What says more about a pair: a command, or a call where models are live."""
    return "compare.check" if pair.file is None else f"{command()} run"


def _check_learning(pair: OwnPair, facts: training_facts.Facts) -> None:
    """Raise BadInput for models that draw numbers as they learn, or keep states."""
    for side, of_side in facts.items():
        if of_side.draws:
            words = listed([*dict.fromkeys(draw.in_words() for draw in of_side.draws)])
            raise BadInput(
                f"{pair.name}: expected models that draw nothing at random as they "
                f"learn, since the frameworks share no random numbers, got {words} in "
                f"{SIDES[side]}'s model; make it 0 in both, or take it out, and see "
                f"{_judging(pair)} on what else differs in training"
            )
        if of_side.states:
            who = f"{SIDES[side]}'s model"
            if any(of_side.states):
                who = f"{', '.join(of_side.states)} of {who}"
            raise BadInput(
                f"{pair.name}: expected models that begin each batch anew, got {who}, "
                "which begins with the states of the batch before; make it "
                "stateful=False, and hand the states over as an input and a result if "
                "they are to go on"
            )


def _check_computed(pair: OwnPair, twins: Twins) -> None:
    """Raise BadInput for weights that are computed from others, as by a weight norm."""
    for side, framework in LAYERS.items():
        names = framework.computed(twins.model(side, "float32"))
        if names:
            raise BadInput(
                f"{pair.name}: expected weights that are learnt themselves, got "
                f"{bounded(names)} of {SIDES[side]}'s model, computed by a norm of "
                "weights; take the norm out of both models to compare how the rest "
                "learns"
            )


def _notes(
    pair: OwnPair,
    twins: Twins,
    facts: training_facts.Facts,
    compiled: Compiled | None,
) -> Iterator[str]:
    """What a reader must know of a run, a sentence each."""
    differences = training_facts.differences(facts, twins, pair.arrays)
    if differences:
        yield f"in training these differ: {'; '.join(differences)}."
    if compiled is None:
        return
    if compiled.optimizer and not compiled.known_optimizer:
        yield (
            f"Keras's model is compiled with {compiled.optimizer}, which is not learnt "
            f"with here: the suite has {', '.join(OPTIMIZERS)}, without further "
            "settings."
        )
    if compiled.loss and compiled.known_loss != pair.loss:
        yield (
            f"Keras's model is compiled with the loss {compiled.loss}, which is not "
            f"learnt by here: this run learns by {pair.loss}."
        )
