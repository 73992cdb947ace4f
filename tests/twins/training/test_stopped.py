"""Runs that overflow, meet NaN, have no step, or are refused."""

from dataclasses import replace
from io import StringIO

import numpy as np
import pytest
from rich.console import Console
from training_runs import BY_NAME, PRECISIONS, drawn_order, group, script, strictly

from compare.errors import BadInput
from compare.reports.training import print_training
from compare.subjects.examples import check_trainable, training_data
from compare.subjects.pairs import PAIRS


def test_a_loss_that_overflows_stops_the_run(train):
    """A prediction of 1e25 is finite in float32, its square is not."""
    evidence = train(epochs=1, optimizer="sgd", learning_rate=1e25)

    assert evidence.stopped.startswith("step 2: loss is not finite in PyTorch float32")
    assert not evidence.in_step
    assert evidence.done == 1
    assert [len(evidence.losses[each]) for each in PRECISIONS] == [1] * 4
    assert all(np.isfinite(losses).all() for losses in evidence.losses.values())


@pytest.fixture(scope="module")
def no_step(train):
    """A bias of more than 3.4e38, which float32 does not hold, after one step."""
    return train(epochs=1, optimizer="sgd", learning_rate=3.4e38)


@group("no step")
def test_a_weight_that_overflows_stops_the_run(no_step):
    assert no_step.stopped.startswith("step 1: lstm.0.bias is not finite in Keras")
    assert not no_step.in_step
    assert no_step.done == 0


@group("no step")
def test_a_run_of_no_step_has_evidence(no_step):
    assert strictly(no_step.to_json())["steps"] == dict(planned=4, done=0)


@group("no step")
def test_a_run_of_no_step_has_a_report(no_step):
    said = StringIO()
    print_training(Console(file=said, width=80), no_step)

    assert "Stopped at step 1: lstm.0.bias" in " ".join(said.getvalue().split())


def spoil(data, number, what):
    """The data with NaN in one example's input or target."""
    if what == "target":
        target = data.target.copy()
        target[number] = np.nan
        return replace(data, target=target)
    x = data.inputs[0].copy()
    x[number, 3, 2] = np.nan
    return replace(data, inputs=(x,))


@pytest.mark.parametrize(
    ("what", "stopped"),
    [
        ("target", "step 4: loss is not finite in PyTorch float32"),
        ("input", "step 4: lstm is not finite in PyTorch float32"),
    ],
)
def test_nan_in_data_is_found_at_its_step(train, monkeypatch, what, stopped):
    """In an example of the last batch of the first epoch."""
    script(seed=0)
    number = drawn_order()[3 * 20]
    monkeypatch.setattr(
        "compare.subjects.built_in.training_data",
        lambda *args: spoil(training_data(*args), number, what),
    )
    evidence = train(epochs=2)

    assert evidence.stopped.startswith(stopped)
    assert evidence.done == 3
    assert not evidence.in_step


def test_a_batch_larger_than_the_examples_is_refused(train):
    with pytest.raises(BadInput, match=r"batch size: expected 1 to 93, .* got 94"):
        train(batch_size=94)


SPECIMENS = {
    "portfolio_flatten_as_written": "portfolio_flatten",
    "portfolio_view_as_written": "portfolio_flatten",
    "portfolio_last_step_as_written": "portfolio_last_step",
}


@pytest.mark.parametrize("file", SPECIMENS)
def test_a_specimen_is_refused_with_the_pair_to_train(file):
    with pytest.raises(BadInput) as caught:
        check_trainable(BY_NAME[file])
    *_, advice = str(caught.value).split("; ")

    assert advice == f"train {SPECIMENS[file]}"
    assert check_trainable(BY_NAME[SPECIMENS[file]]) is None


def test_every_specimen_is_refused():
    assert set(SPECIMENS) == {pair.file for pair in PAIRS if pair.time_major}


def test_training_refuses_a_specimen_by_itself(train):
    """Callers of `train` meet the same sentence as those of the command line."""
    with pytest.raises(BadInput, match="train portfolio_flatten"):
        train("portfolio_view_as_written", epochs=1)
