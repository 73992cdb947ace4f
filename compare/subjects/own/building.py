"""The twins of two models that a user brings, built as they run; loads frameworks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from compare.in_keras import models as keras_models
from compare.judging.arrays import sequence
from compare.subjects.own import calls
from compare.subjects.own import models as live
from compare.subjects.own import notes as notes_of_runs
from compare.subjects.own.pair import OwnPair
from compare.subjects.own.trials import Built
from compare.subjects.own.weights import RANDOM

# PyTorch comes first.
from compare.twins.frameworks import FRAMEWORKS
from compare.twins.stages import StagesOfAll
from compare.twins.twins import Twins


def build(pair: OwnPair, notes: list[str]) -> Built:
    """The twins for as many steps as they take, with what they do on one sample.

    Any number of steps is tried first, where the models may take it.

    Args:
        pair: what to build.
        notes: gets which layer is the twin of which.

    Raises:
        BadInput: if layers have no twins.
    """
    for side, model in pair.models.items():
        if side == "keras" and live.is_live(side, model):
            own_weights = pair.transfer not in ("to_keras", RANDOM)
            keras_models.check_unbuilt(model, own_weights)
    built = _for_its_steps(pair)
    twins, length, stages = built.twins, built.length, built.stages
    if stages and calls.declares_sizes(twins.model("keras", "float32"), twins.inputs):
        model = twins.model("keras", "float32")  # of a function, and seen only now
        length = calls.declared_steps(model) or length
        twins, stages = twins_of(pair, length, model)
    if stages:
        notes += notes_of_runs.on_matches(twins, pair.ignore)
    return Built(twins, length, stages)


def _for_its_steps(pair: OwnPair) -> Built:
    """The twins for as many steps as they take.

    Twins that run in float32 alone are taken where there are no others. Where one side
    refuses every number of steps, they are those for the whole input.
    """
    in_float32: Built | None = None
    for length in _lengths(pair):
        twins, stages = twins_of(pair, length)
        built = Built(twins, length, stages)
        if stages and not twins.only32:
            return built
        if stages and in_float32 is None:
            in_float32 = built
    return built if in_float32 is None else in_float32


def _lengths(pair: OwnPair) -> list[int | None]:
    """The numbers of steps to build a pair for, one after the other; None for any."""
    x = sequence(pair.arrays)
    if x is None:
        return [None]
    whole = x.shape[1]
    if pair.free and calls.declared_steps(pair.models["keras"]) is None:
        return [None, whole]
    return [whole]


def twins_of(
    pair: OwnPair, length: int | None, declaring: object = None
) -> tuple[Twins, StagesOfAll]:
    """The twins of a pair for a number of steps, or any.

    Args:
        pair: whose twins.
        length: the number of steps.
        declaring: a model of Keras that declares sizes; None for the pair's own.

    Returns:
        The twins, and what both models do on the first sample, or on all where they
        take no single one; nothing where one of them cannot be built or run.

    Raises:
        BadInput: if layers have no twins, and weights are to be transferred.
    """
    inputs = calls.inputs(pair, declaring or pair.models["keras"], length)
    handed = {
        side: partial(
            calls.call,
            side,
            pair.names,
            softmaxed=side in pair.softmaxed,
            layout=pair.layout,
        )
        for side in FRAMEWORKS
    }
    uncopied: set[str] = set()
    while True:
        makers = {}
        originals = {}
        for side, model in pair.models.items():
            makers[side] = live.Maker(side, model, side in uncopied)
            if makers[side].copies:
                originals[side] = model
        with live.noticing(originals) as ran:
            twins = Twins(makers, inputs, None, calls=handed, alike=False)
            stages: StagesOfAll = {}
            if not twins.refusals:
                # Judged as they are, models need no rules; transferred, they do.
                twins.match(
                    pair.arrays,
                    pair.table,
                    complete=bool(pair.transfer),
                    ignore=pair.ignore,
                    known=pair.known,
                )
                twins.pair_otherwise(pair.exchanged)
                twins.orders = pair.orders
                stages = _first_run(twins, calls.first_sample(twins, pair.arrays))
                if not stages:  # as where a model drops every axis of size 1
                    stages = _first_run(twins, pair.arrays)
        if not ran:
            return twins, stages
        uncopied |= ran  # a copy that runs layers of its original proves nothing


def _first_run(twins: Twins, arrays: tuple[np.ndarray, ...]) -> StagesOfAll:
    """What both models do, nothing where one refuses.

    Twins in float64 that work in float32 inside are dropped.
    """
    stages, refusals = twins.run(*arrays)
    _drop_narrow(twins, arrays, stages)
    return {} if refusals else stages


def _drop_narrow(
    twins: Twins, arrays: Sequence[np.ndarray], stages: StagesOfAll
) -> None:
    """Drop twins in float64 that work in float32 inside: they prove nothing.

    Args:
        twins: that ran on the arrays; those that refused are asked as well.
        arrays: one for each input.
        stages: of the run, from which those of dropped twins are taken.
    """
    for side in FRAMEWORKS:
        if "float64" in twins.of_side(side):
            name = twins.twin(side, "float64").narrows(arrays)
            if name:
                twins.drop_float64(side, f"{name} takes it to a lower precision")
                stages.pop((side, "float64"), None)
