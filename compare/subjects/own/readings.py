"""Other readings of a pair whose models differ as they are; loads frameworks.

A reading takes what was judged, and a function that judges a pair in another reading.
It returns what it was given where the reading does not fit the pair.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import chain

import numpy as np

from compare.in_keras import models as keras_models
from compare.judging.arrays import sequence
from compare.judging.distances import NEAR
from compare.judging.losses import CROSS_ENTROPY
from compare.judging.result import OTHER, SAME, SIDES
from compare.listing import bounded
from compare.subjects.cases import Case
from compare.subjects.own import (
    building,
    calls,
    constants,
    learning,
    orders,
    pairings,
    rounded,
    weights,
    written_cells,
)
from compare.subjects.own.judged import Judged, Reading
from compare.subjects.own.weights import AS_IS, RANDOM

# PyTorch comes first.
from compare.twins.few_samples import DOUBLE
from compare.twins.twins import Twins

Judge = Callable[[Reading], Judged]

OTHER_STEPS = (
    "on other numbers of steps, which you did not ask for, the models are not the same."
)


def exchanged(judged: Judged, judge: Judge) -> Judged:
    """The run with layers of the same sizes paired so that most of them are the same.

    Where no pairing is better it is the run as it was, with a note on it.
    """
    twins, pair = judged.twins, judged.pair
    if twins.only32 or twins.refusals or not twins.is_whole:
        return judged
    groups = pairings.interchangeable(twins, {**pair.known, **pair.table})
    if not groups:
        return judged
    case = Case(None, None, calls.FEW_SAMPLES, SAME)
    few = calls.cut(pair.arrays, twins.inputs, case)
    if twins.run(*few)[1]:  # a refusal has other reasons than how layers are paired
        return judged
    better = pairings.better(twins, groups, few, pair.seed)
    names = bounded(chain.from_iterable(groups))
    if better is None:
        note = (
            f"{names} have twins of the same kind and sizes, told apart by order: if "
            "it tells wrongly, give names, a table of layers of PyTorch and of Keras."
        )
        return replace(judged, notes=[*judged.notes, note])
    note = (
        f"{names}: paired with the layers of Keras, of the same sizes, with which "
        "the models are the same; paired in order of execution they are not."
    )
    if not better.fits:
        note = (
            f"{names}: paired with the layers of Keras, of the same sizes, with which "
            "most of them make the same, not in order of execution; if that tells "
            "wrongly, give names, a table of layers of PyTorch and of Keras."
        )
    pair = replace(pair, exchanged={**pair.exchanged, **better.exchanged})
    return judge(Reading(pair, note))


def as_probabilities(judged: Judged, judge: Judge) -> Judged:
    """The run with a softmax after logits, if the models are the same then.

    Whoever takes the cross-entropy ends with logits in PyTorch and with a softmax in
    Keras: that is what the losses of the two take.
    """
    pair, twins = judged.pair, judged.twins
    if pair.loss != CROSS_ENTROPY or twins.only32 or twins.refusals:
        return judged
    side = learning.ending_otherwise(twins)
    if side is None:
        return judged
    pair = replace(pair, softmaxed=frozenset({side}))
    twins, stages = building.twins_of(pair, judged.length)
    if not stages or not _agree(twins, judged):
        return judged
    note = (
        f"{SIDES[side]}'s model returns logits and {SIDES[OTHER[side]]}'s their "
        "softmax, as the cross-entropies of the frameworks take them: compared after a "
        "softmax on both sides."
    )
    return judge(Reading(pair, note))


def built_for_its_steps(judged: Judged, judge: Judge) -> Judged:
    """The run for exactly the steps of the input, where any number is not the same.

    Then the models are the same, or Keras's model is another one when it is traced for
    any number: a `TimeDistributed` of Keras 3.15 takes the batch for the steps there.
    """
    pair, x = judged.pair, sequence(judged.pair.arrays)
    if judged.length is not None or x is None:
        return judged
    if len(x) > 1 and all(result.batch == 1 for result in judged.wrong):
        return judged  # the number of samples decides, not that of the steps
    twins, stages = building.twins_of(pair, x.shape[1])
    if not stages or twins.only32:
        return judged
    agree = _agree(twins, judged)
    if not agree and not _is_traced_otherwise(twins, judged):
        return judged
    note = f"Judged for exactly {x.shape[1]} steps, as the models are called: "
    if not agree:  # how Keras's model works for any number is not what differs
        note = f"{note.removesuffix(': ')}."
    elif _differ_in_other_steps_alone(judged, x.shape[1]):
        note += OTHER_STEPS
    else:
        note += (
            "Keras's model works differently when it is traced once for any number of "
            "steps, since a part of it reads that number from the shape."
        )
    return judge(Reading(replace(pair, free=False), note))


def with_written_constants(judged: Judged, judge: Judge) -> Judged:
    """The run with constants that are not rounded to float32, if that is all."""
    twins = judged.twins
    if twins.only32 or twins.refusals:
        return judged
    names = constants.as_written(twins)
    if not names or not _agree(twins, judged):
        return judged
    note = f"{names}: judged as they were written, not as float32 rounds them."
    return judge(Reading(judged.pair, note, as_written=True))


def with_cells_as_written(judged: Judged, judge: Judge) -> Judged:
    """The run without random weights, where a rule does not hold for a cell by hand.

    The models are the same with their own weights, and with others that were moved by
    the rule they are not.
    """
    failing = {result.direction for result in judged.wrong}
    directions = {result.direction for result in judged.results}
    if failing != {RANDOM} or AS_IS not in directions or judged.twins.only32:
        return judged
    own_twins = judged.built_again(AS_IS)
    if own_twins is None:
        return judged
    names = written_cells.stacked_otherwise(own_twins)
    if not names:
        return judged
    note = (
        f"{bounded(names)}: a cell by hand that has the numbers of its twin in another "
        "order than such cells have them (other gates first, or h before x), so the "
        "models are judged with the weights that they have, and with no others."
    )
    return judge(Reading(judged.pair, note, own_weights_alone=True))


def in_own_orders(judged: Judged, judge: Judge) -> Judged:
    """The run with random weights in the orders that the user's weights have.

    That is where the models are the same with the weights that they have.
    """
    results = [r for r in judged.results if r.direction == AS_IS and not r.loss]
    if {result.verdict for result in results} != {SAME} or judged.twins.only32:
        return judged
    twins = judged.built_again(AS_IS)
    if twins is None:
        return judged
    own_orders = orders.of_weights(twins)
    if not own_orders:
        return judged
    names = []
    for layer, arrays in own_orders.items():
        names += [f"{layer}.{key}" for key in arrays]
    note = (
        f"{bounded(names)}: Keras has PyTorch's numbers in another order, with "
        "which the models are the same; random weights are given in that order too."
    )
    return judge(Reading(replace(judged.pair, orders=own_orders), note))


def within_rounding(judged: Judged, judge: Judge) -> Judged:
    """The run in float32, where a rounding to float32 explains what float64 shows."""
    if judged.gradients or judged.twins.only32 or judged.twins.refusals:
        return judged
    twins, stages = building.twins_of(judged.pair, judged.length)
    if not stages or twins.only32:
        return judged
    note = rounded.in_words(judged.pair, twins, judged.wrong)
    if not note:
        return judged
    note = f"{judged.reading} {note}".lstrip()
    reading = Reading(judged.pair, note, float32_alone=True)
    in_float32 = judge(reading)
    x = sequence(judged.pair.arrays)
    if x is not None and _differ_in_other_steps_alone(in_float32, x.shape[1]):
        note += f" Judged for exactly {x.shape[1]} steps: {OTHER_STEPS}"
        pair = replace(judged.pair, free=False)
        in_float32 = judge(replace(reading, pair=pair, note=note))
    return judged if in_float32.wrong else in_float32


def _is_traced_otherwise(twins: Twins, judged: Judged) -> bool:
    """Whether Keras's model gives something else where any number of steps will do.

    Args:
        twins: built for exactly the steps of the input; with the weights of the first
            failing run.
        judged: the run of twins that are built for any number.
    """
    pair, failing = judged.pair, judged.wrong[0]
    if keras_models.takes_batch_for_steps(twins.model("keras", "float32")):
        return True
    x = sequence(pair.arrays)
    if x is None or (failing.timesteps, failing.batch) != (x.shape[1], len(x)):
        return False
    stages, refusals = twins.run(*pair.arrays, precisions=DOUBLE)
    if refusals or twins.only32:
        return False
    if "keras" in failing.refusals:
        return True
    for stage in failing.stages:
        if not stage.is_result:
            continue
        keras = stages["keras", "float64"][stage.stage]
        if stage.worst is None:
            shape = stages["torch", "float64"][stage.stage].shape
            return stage.reason.startswith("shapes") and keras.shape == shape
        limit = NEAR * float(np.abs(keras).max(initial=1.0))
        if not abs(keras[stage.worst.index] - stage.worst.keras) <= limit:
            return True
    return False


def _differ_in_other_steps_alone(judged: Judged, steps: int) -> bool:
    """Whether models differ, but not on as many steps as the user's input has."""
    if judged.length is not None or not judged.wrong:
        return False
    return all(result.timesteps != steps for result in judged.wrong)


def _agree(twins: Twins, judged: Judged) -> bool:
    """Run twins with the weights of a failing run; return whether they agree now."""
    pair = judged.pair
    failing = judged.wrong[0]
    load = weights.loads(pair, twins, [])[failing.direction]
    load(twins)
    return twins.compare(*pair.arrays).verdict == SAME
