"""Twins drift apart for reasons that have names."""

import pytest
from training_runs import FEW_STEPS, NATIVE

from compare.judging.optimizers import CAUSES, OPTIMIZERS
from compare.judging.result import DIFFERENT
from compare.subjects.pairs import PAIRS

DRIFT = {
    "sgd": ["biases", "learning_rate"],
    "momentum": ["biases", "learning_rate", "formula"],
    "rmsprop": ["biases", "learning_rate", "rho", "epsilon", "formula"],
    "adamw": ["biases", "epsilon", "weight_decay", "formula"],
}


@pytest.mark.parametrize(
    "optimizer",
    [
        pytest.param(name, marks=() if name == "rmsprop" else pytest.mark.slow)
        for name in DRIFT
    ],
)
def test_drift_of_every_optimizer_is_explained(train, optimizer):
    """RMSprop has the most causes."""
    evidence = train("rnn_layer", epochs=1, optimizer=optimizer, removed=NATIVE)

    assert list(evidence.drift) == DRIFT[optimizer]
    assert evidence.verdict == DIFFERENT
    assert evidence.left <= 0.05


def test_drift_of_every_optimizer_is_known():
    """The running variance is of the model, not of what it is trained with."""
    of_optimizers = {name for causes in DRIFT.values() for name in causes}

    assert {*DRIFT, "adam"} == set(OPTIMIZERS)
    assert of_optimizers == set(CAUSES) - {"running_variance"}


def test_a_cause_that_is_forgotten_leaves_the_gap(train, monkeypatch):
    """With one learning rate the biases are the only cause there is."""
    known = [cause for cause in CAUSES if cause != "biases"]
    monkeypatch.setattr("compare.twins.drift.CAUSES", known)
    evidence = train("rnn_layer", **FEW_STEPS, removed=NATIVE)

    assert list(evidence.drift) == ["biases"]
    assert evidence.causes[0].share == pytest.approx(1)
    assert evidence.left == pytest.approx(1)


ALIGNED = [
    (optimizer, follow)
    for optimizer in OPTIMIZERS
    for follow in ("torch", "keras")
    if (optimizer, follow) != ("adam", "torch")  # the note's run, above
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_as_keras_defines_it_keeps_twins_in_step(train, optimizer):
    evidence = train("rnn_layer", epochs=5, optimizer=optimizer, follow="keras")

    assert evidence.done == 20
    assert evidence.in_step, evidence.deciding


@pytest.mark.slow
@pytest.mark.parametrize(("optimizer", "follow"), ALIGNED)
def test_every_optimizer_keeps_twins_in_step_for_200_steps(train, optimizer, follow):
    """Whichever framework's definition both take."""
    evidence = train(epochs=50, optimizer=optimizer, follow=follow)

    assert evidence.done == 200
    assert evidence.in_step, evidence.deciding


# Padded sequences, and two convolutions that are one array on the other side.
FAST = {pair.file for pair in PAIRS if pair.lengths} | {"film_classifier"}
TRAINABLE = [
    pytest.param(
        pair, marks=() if pair.file in FAST else pytest.mark.slow, id=pair.file
    )
    for pair in PAIRS
    if not pair.time_major
]


@pytest.mark.parametrize("pair", TRAINABLE)
def test_every_pair_learns_in_step(train, pair):
    """The one that takes lengths learns from padded sequences."""
    evidence = train(pair, epochs=1)

    assert evidence.done == evidence.settings["steps_per_epoch"] > 1
    assert evidence.in_step, evidence.deciding
