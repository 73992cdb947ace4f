"""Gradients of each pair's loss are the same."""

import pytest
from gradient_models import gradients, last_step_group

from compare.judging.result import SAME, Judgement, StageResult
from compare.subjects.built_in import subject
from compare.subjects.cases import FIXED, cases
from compare.subjects.pairs import PAIRS
from compare.subjects.subject import run
from compare.twins.frameworks import DIRECTIONS
from compare.twins.twins import Twins


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.file)
def test_gradients_of_every_pair_are_the_same(etfs, monkeypatch, pair):
    """In both directions, at each length that the twins are built for."""
    size = FIXED, pair.batch or 4
    few = [
        case
        for case in cases(pair, etfs.longest)
        if case.expected == SAME and (case.timesteps, case.batch) == size
    ]
    # What else a run looks at is tested elsewhere, and takes most of its time.
    figures = dict.fromkeys(("gap64", "limit64", "gap32", "noise_torch"), 0.0)
    stage = StageResult("none", SAME, **figures, noise_keras=0.0, horizon=1, steps=1)
    skipped = Judgement("skipped", stages=(stage,))
    monkeypatch.setattr(Twins, "compare", lambda *_: skipped)
    results = run(subject(pair, few, etfs, 0, True))
    found = [result for result in results if result.loss]
    wrong = [result.explain() for result in found if result.verdict != SAME]

    assert found
    assert [(result.length, result.direction) for result in found] == [
        (case.length or "none", way) for case in few for way in DIRECTIONS
    ]
    assert not wrong, "\n".join(wrong)


@last_step_group
def test_gradients_are_of_the_input_and_of_every_weight(last_step, etfs):
    """The loss comes first; where PyTorch has two biases each is compared."""
    found = gradients(last_step, etfs)

    assert [stage.stage for stage in found.stages] == [
        "loss",
        "x",
        "lstm.weight_ih_l0",
        "lstm.weight_hh_l0",
        "lstm.bias_ih_l0",
        "lstm.bias_hh_l0",
        "logits.weight",
        "logits.bias",
    ]
