"""Ctrl-C keeps the steps that were done."""

import signal
from contextlib import contextmanager

import pytest
from training_runs import FEW_STEPS, NATIVE, group

from compare.errors import BadInput


@contextmanager
def own_handler():
    """What Ctrl-C does meanwhile."""

    def mine(number, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, mine)
    try:
        yield mine
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.fixture
def handler():
    with own_handler() as mine:
        yield mine


def ctrl_c(phase, at, times=1):
    """A progress that presses it at a step of what is being done."""

    def progress(what, done, *_):
        if what.startswith(phase) and done == at:
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)

    return progress


@pytest.fixture(scope="module")
def interrupted(train):
    """A run that Ctrl-C ends at step 3; and whether it was given back."""
    with own_handler() as mine:
        evidence = train("rnn_layer", ctrl_c("training", 3), epochs=2)
        return evidence, signal.getsignal(signal.SIGINT) is mine


@group("interrupted")
def test_ctrl_c_keeps_the_steps_that_were_done(interrupted):
    evidence, _ = interrupted

    assert evidence.interrupted
    assert (evidence.done, evidence.steps) == (3, 8)
    assert {each.steps for each in evidence.tensors} == {3}
    assert evidence.in_step


@group("interrupted")
def test_ctrl_c_is_given_back_after_a_run(interrupted):
    _, given_back = interrupted

    assert given_back


@pytest.mark.usefixtures("handler")
@pytest.mark.parametrize(("phase", "at"), [("training", 4), ("without biases", 3)])
def test_ctrl_c_leaves_causes_that_are_not_measured(train, phase, at):
    """At the very end of the run, and while it is explained."""
    evidence = train("rnn_layer", ctrl_c(phase, at), **FEW_STEPS, removed=NATIVE)

    assert evidence.interrupted
    assert evidence.done == evidence.steps == 4
    assert list(evidence.drift) == ["biases"]
    assert (evidence.causes, evidence.left) == ((), None)


@pytest.mark.usefixtures("handler")
def test_ctrl_c_keeps_causes_that_were_measured(train):
    evidence = train("rnn_layer", ctrl_c("without all", 3), **FEW_STEPS, removed=NATIVE)

    assert evidence.interrupted
    assert [cause.name for cause in evidence.causes] == ["biases"]
    assert evidence.left is None


def test_ctrl_c_is_given_back_after_an_error(train, handler):
    with pytest.raises(BadInput):
        train(batch_size=94)

    assert signal.getsignal(signal.SIGINT) is handler


def test_a_second_ctrl_c_ends_the_run_at_once(train, handler):
    with pytest.raises(KeyboardInterrupt):
        train("rnn_layer", ctrl_c("training", 2, times=2), epochs=1)

    assert signal.getsignal(signal.SIGINT) is handler
