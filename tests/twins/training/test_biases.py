"""Two biases that are added learn twice as fast as one."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from training_runs import (
    BY_NAME,
    FEW_STEPS,
    NATIVE,
    Steps,
    group,
    script,
)

from compare.judging.result import DIFFERENT, SAME

ONE_STEP = dict(epochs=1, batch_size=93, optimizer="sgd", learning_rate=0.1)


@pytest.fixture(scope="module")
def one_step(train):
    """A step of SGD with one learning rate: only biases make twins drift."""

    @cache
    def taken(removed):
        with pytest.MonkeyPatch.context() as patch:
            steps = Steps(patch)
            return train(**ONE_STEP, removed=frozenset(removed)), steps

    return taken


REMOVED = ["nothing", "biases"]


removing = {"nothing": (), "biases": ("biases",)}


@group("one step")
@pytest.mark.parametrize("removed", REMOVED)
def test_removing_biases_changes_the_bias_alone(one_step, removed):
    """All else is in step anyway."""
    evidence, _ = one_step(removing[removed])
    found = {each.stage: each.timestep for each in evidence.tensors}

    assert evidence.done == 1
    assert len(found) == 6
    assert {name for name, step in found.items() if step} == (
        {"lstm.0.bias"} if removed == "nothing" else set()
    )


@group("one step")
@pytest.mark.parametrize("removed", REMOVED)
def test_two_biases_move_twice_as_fast_as_one(one_step, removed):
    """Unless Keras's one takes twice the step."""
    _, steps = one_step(removing[removed])
    lstm = script(seed=0).lstm
    start = (lstm.bias_ih_l0.double() + lstm.bias_hh_l0.double()).detach().numpy()
    sum_moved = bias_in_torch(steps)[0] - start
    one_moved = bias_in_keras(steps)[0] - start
    times = 2 if removed == "nothing" else 1

    assert np.abs(one_moved).max() > 1e-4
    assert np.abs(sum_moved - times * one_moved).max() < 1e-15


def bias_in_torch(steps):
    """The sum of both in float64, after every step."""
    return sum(steps.weight("torch", "lstm", f"bias_{n}_l0") for n in ("ih", "hh"))


def bias_in_keras(steps):
    return steps.weight("keras", "lstm", "0.bias")


def test_the_second_bias_stays_zero_where_pytorch_follows(train, monkeypatch):
    """Its sum with the first then moves as Keras's one bias does."""
    steps = Steps(monkeypatch)
    train(**FEW_STEPS, follow="keras")
    second = steps.weight("torch", "lstm", "bias_hh_l0")

    assert len(second) == 4
    assert not second.any()
    assert np.abs(bias_in_torch(steps) - bias_in_keras(steps)).max() < 1e-15


@group("two epochs")
def test_the_second_bias_moves_where_keras_follows(two_epochs):
    """The sum is Keras's one bias in either case."""
    steps, _ = two_epochs
    second = steps.weight("torch", "lstm", "bias_hh_l0")

    assert len(second) == 8
    assert second.any(-1).all()
    assert np.abs(bias_in_torch(steps) - bias_in_keras(steps)).max() < 1e-15


@group("one step")
def test_biases_of_an_lstm_are_a_cause(one_step):
    evidence, _ = one_step(())

    assert set(evidence.drift) == {"biases"}


@group("one step")
def test_losses_that_only_rounding_parts_are_not_explained(one_step):
    """The weights have parted, but the only loss is that of before."""
    evidence, _ = one_step(())
    loss, *_ = evidence.tensors

    assert (evidence.verdict, loss.verdict) == (DIFFERENT, SAME)
    assert (evidence.causes, evidence.left) == ((), None)


WITHOUT_BIAS = replace(
    BY_NAME["rnn_layer"], sizes={**BY_NAME["rnn_layer"].sizes, "bias": False}
)


@pytest.mark.parametrize(
    "pair", ["gru_layer", WITHOUT_BIAS], ids=["GRU", "RNN without bias"]
)
def test_without_added_biases_native_twins_are_in_step(train, pair):
    """A GRU has two biases on both sides."""
    evidence = train(pair, **ONE_STEP, removed=NATIVE)

    assert evidence.drift == {}
    assert evidence.in_step
