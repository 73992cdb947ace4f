"""The note's own training run, in step over 400 steps."""

import pytest
from training_runs import PRECISIONS, group, strictly

from compare.judging.result import SAME

# The loss of the last batch of epochs 10, 20 .. 100, as the note prints them.
LOSSES = "0.0875 0.0974 0.0799 0.0941 0.0750 0.0653 0.0809 0.0639 0.0717 0.0898"


@pytest.fixture(scope="module")
def note(train):
    """One hundred epochs, one algorithm on both sides."""
    return train()


@group("note")
@pytest.mark.parametrize("side", ["torch32", "keras32"])
def test_both_give_the_ten_losses_of_the_note(note, side):
    last = [note.losses[side][4 * epoch - 1] for epoch in range(10, 101, 10)]

    assert " ".join(f"{loss:.4f}" for loss in last) == LOSSES


@group("note")
def test_losses_of_400_steps_are_the_same_to_13_digits(note):
    assert note.steps == note.done == len(note.gaps) == 400
    assert max(note.gaps) <= 1e-13


@group("note")
def test_every_weight_is_the_same_after_400_steps(note):
    assert [each.stage for each in note.tensors] == [
        "loss",
        "lstm.0.kernel",
        "lstm.0.recurrent_kernel",
        "lstm.0.bias",
        "head.kernel",
        "head.bias",
    ]
    assert {(each.verdict, each.horizon) for each in note.tensors} == {(SAME, 400)}
    assert note.verdict == SAME
    assert note.in_step


@group("note")
def test_gradients_of_the_first_batch_are_the_same(note):
    assert note.gradients.verdict == SAME
    assert (note.gradients.batch, note.gradients.timesteps) == (20, 7)


@group("note")
def test_aligned_twins_have_nothing_to_explain(note):
    assert (note.drift, note.causes, note.left) == ({}, (), None)


@group("note")
def test_a_run_to_the_end_is_neither_stopped_nor_interrupted(note):
    assert (note.stopped, note.interrupted) == ("", False)


FIELDS = {
    *("schema", "versions", "training", "verdict", "in_step", "steps", "interrupted"),
    *("stopped", "first_difference", "losses", "gaps", "gradients", "tensors"),
    *("drift", "causes", "left", "sharpe", "seconds", "notes"),
}


SETTINGS = {
    *("pair", "source", "loss", "optimizer", "torch", "keras", "epochs", "batch_size"),
    *("steps_per_epoch", "seed", "follow", "removed", "variances_aligned"),
}


@group("note")
def test_evidence_is_json_with_the_documented_fields(note):
    found = strictly(note.to_json())

    assert set(found) == FIELDS
    assert set(found["training"]) == SETTINGS
    assert set(found["losses"]) == set(PRECISIONS)
    assert found["steps"] == dict(planned=400, done=400)
    assert found["losses"]["keras32"] == list(note.losses["keras32"])
    assert found["first_difference"] is None
    assert found["gradients"]["loss"] == "mean_squared_error"
