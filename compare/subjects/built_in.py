"""The built-in pairs as subjects of a run, of training and of an explanation."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from compare.diagnosing.shrinking import Shrinkable, features_name
from compare.judging.result import SAME, Result
from compare.subjects.cases import Case, arrays, inputs
from compare.subjects.examples import check_trainable, training_data
from compare.subjects.own.calls import cut
from compare.subjects.pairs import STEPS_ARGUMENTS, Pair
from compare.subjects.prices import Prices
from compare.subjects.subject import Subject
from compare.twins.frameworks import DIRECTIONS
from compare.twins.models import twin_makers  # loads PyTorch first
from compare.twins.task import Task
from compare.twins.twins import Twins
from compare.twins.weights import load_random


def subject(
    pair: Pair,
    cases: list[Case],
    prices: Prices,
    seed: int,
    gradients: bool = False,
    pictured: bool = False,
) -> Subject:
    """A built-in pair as it is run.

    Args:
        pair: sizes as the prices have assets.
        cases: those of one length together.
        prices: make the inputs.
        seed: of the weights.
        gradients: whether to compare those of the pair's loss as well, in one case of
            each length in which both twins run.
        pictured: whether a page draws the twins at work.
    """
    pair_number = zlib.crc32(pair.file.encode())
    loads: dict[str, Callable[[Twins], None]] = {}
    for number, direction in enumerate(DIRECTIONS):
        key = [seed, pair_number, number]
        loads[direction] = partial(load_random, direction=direction, seed=key)

    def draw(case: Case) -> tuple[np.ndarray, ...]:
        assert case.timesteps is not None  # built-in pairs read sequences
        return arrays(pair, case.timesteps, case.batch, prices, seed)

    def probe(case: Case) -> bool:
        # A pair that takes any number of steps is probed there, not where they are
        # fixed.
        return pair.expected.get("none") != SAME or case.length is None

    return Subject(
        name=pair.file,
        cases=cases,
        build=partial(_twins, pair),
        draw=draw,
        loads=loads,
        probe=probe,
        loss=pair.loss if gradients else "",
        seed=seed,
        pictured=pictured,
    )


def _sizes(pair: Pair, length: int | None) -> dict[str, int | None]:
    """The constructor arguments of a pair's models for a number of steps, or any."""
    sizes: dict[str, int | None] = dict(pair.sizes)
    for name in STEPS_ARGUMENTS:
        if name in sizes:
            sizes[name] = length
    return sizes


def _twins(pair: Pair, length: int | None) -> Twins:
    """The twins of a pair for a number of steps, or any."""
    make = twin_makers(pair.file, pair.cls, _sizes(pair, length))
    time_axis = 0 if pair.time_major else 1
    return Twins(make, inputs(pair, length), pair.outputs, time_axis)


def task(pair: Pair, prices: Prices, seed: int) -> Task:
    """A built-in pair and its examples.

    Args:
        pair: sizes as the prices have assets.
        prices: make the examples of the pairs that read them.
        seed: of the note's random prices.

    Raises:
        BadInput: if the pair cannot learn.
    """
    check_trainable(pair)
    data = training_data(pair, prices, seed)
    length = data.inputs[0].shape[1]
    make = twin_makers(pair.file, pair.cls, _sizes(pair, length))
    twins = Twins(make, inputs(pair, length), pair.outputs)
    return Task(pair.file, twins, make["torch"], pair.loss, data, pair.prices)


def shrinkable(pair: Pair, result: Result, prices: Prices, seed: int) -> Shrinkable:
    """A built-in pair that differed, ready to be made smaller.

    Args:
        pair: the pair.
        result: a result of it that is *different*.
        prices: make the input of the pairs that read them.
        seed: of the run.
    """
    steps, batch = result.timesteps, result.batch
    assert steps is not None  # the models were built and ran
    assert batch is not None
    length = None if result.length == "none" else steps
    case = Case(None, steps, batch, SAME)
    x = arrays(pair, steps, batch, prices, seed)
    sizes = {
        name: size for name, size in pair.sizes.items() if name not in STEPS_ARGUMENTS
    }

    def build(sizes: Mapping[str, int], x: tuple[np.ndarray, ...]) -> Twins:
        resized = replace(pair, sizes={**pair.sizes, **sizes})
        smaller = subject(resized, [case], prices, seed)
        twins = smaller.build(length)
        smaller.loads[result.direction](twins)
        return twins

    whole = build(sizes, x)

    def cut_x(batch: int, timesteps: int | None) -> tuple[np.ndarray, ...]:
        return cut(x, whole.inputs, Case(None, timesteps or steps, batch, SAME))

    return Shrinkable(
        build,
        cut_x,
        batch,
        steps if length is None else None,
        sizes,
        features_name(sizes, x[0]),
    )
