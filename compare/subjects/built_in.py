"""The built-in pairs as subjects of a run, of training and of an explanation."""

from __future__ import annotations

import zlib
from dataclasses import replace
from functools import partial

from compare.diagnosing.shrinking import Shrinkable, features_name
from compare.judging.evidence import SAME, Result
from compare.subjects.cases import Case, arrays, inputs
from compare.subjects.cases import arrays as input_arrays
from compare.subjects.examples import check_trainable, training_data
from compare.subjects.own import calls as own_inputs
from compare.subjects.pairs import Pair
from compare.subjects.prices import Prices
from compare.subjects.subject import Subject
from compare.twins.frameworks import DIRECTIONS
from compare.twins.models import twin_makers  # loads PyTorch first
from compare.twins.task import Task
from compare.twins.twins import Twins
from compare.twins.weights import load_random


def subject(
    pair: Pair, cases: list[Case], prices: Prices, seed: int, gradients: bool = False
) -> Subject:
    """A built-in pair as it is run.

    Args:
        pair: sizes as the prices have assets.
        cases: those of one length together.
        prices: give the inputs.
        seed: of the weights.
        gradients: whether to compare those of the pair's loss as well, in one case of
            each length in which both twins run.
    """

    def build(length):
        sizes = dict(pair.sizes)
        if "timesteps" in sizes:
            sizes["timesteps"] = length
        make = twin_makers(pair.file, pair.cls, sizes)
        axis = 0 if pair.time_major else 1
        return Twins(make, inputs(pair, length), pair.outputs, axis)

    def probe(case):
        # A pair that takes any number of steps is probed there, not where they are
        # fixed.
        return pair.expected.get("none") != SAME or case.length is None

    name = zlib.crc32(pair.file.encode())
    return Subject(
        pair.file,
        cases,
        build,
        lambda case: input_arrays(pair, case.timesteps, case.batch, prices, seed),
        {
            direction: partial(
                load_random, direction=direction, seed=[seed, name, number]
            )
            for number, direction in enumerate(DIRECTIONS)
        },
        probe,
        pair.loss if gradients else "",
        seed,
    )


def task(pair: Pair, prices: Prices, seed: int) -> Task:
    """A built-in pair and its examples.

    Args:
        pair: sizes as the prices have assets.
        prices: give the examples of the pairs that read them.
        seed: of the note's random prices.

    Raises:
        BadInput: if the pair cannot learn.
    """
    check_trainable(pair)
    data = training_data(pair, prices, seed)
    sizes, length = dict(pair.sizes), data.inputs[0].shape[1]
    if "timesteps" in sizes:
        sizes["timesteps"] = length
    make = twin_makers(pair.file, pair.cls, sizes)
    twins = Twins(make, inputs(pair, length), pair.outputs)
    return Task(pair.file, twins, make["torch"], pair.loss, data, pair.prices)


def shrinkable(pair: Pair, result: Result, prices: Prices, seed: int) -> Shrinkable:
    """A built-in pair that differed, ready to be made smaller.

    Args:
        pair: the pair.
        result: a result of it that is *different*.
        prices: give the input of the pairs that read them.
        seed: of the run.
    """
    sizes = {name: size for name, size in pair.sizes.items() if name != "timesteps"}
    fixed = result.length != "none"
    case = Case(None, result.timesteps, result.batch, "")
    x = arrays(pair, case.timesteps, case.batch, prices, seed)

    def build(sizes, inputs):
        made = replace(pair, sizes={**pair.sizes, **sizes})
        smaller = subject(made, [case], prices, seed)
        twins = smaller.build(result.timesteps if fixed else None)
        smaller.loads[result.direction](twins)
        return twins

    whole = build(sizes, x)

    def cut(batch, timesteps):
        less = Case(None, timesteps or result.timesteps, batch, "")
        return own_inputs.cut(x, whole.inputs, less)

    return Shrinkable(
        build,
        cut,
        result.batch,
        None if fixed else result.timesteps,
        sizes,
        features_name(sizes, x[0]),
    )
