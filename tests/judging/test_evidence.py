"""Evidence is data: what it says of itself, and its JSON."""

import json
import math

import pytest

from compare.judging.evidence import Evidence
from compare.judging.result import (
    BOTH_REFUSE,
    DIFFERENT,
    ILL_CONDITIONED,
    ONE_REFUSES,
    SAME,
    Result,
    StageResult,
    Worst,
)


def stage(name="lstm", verdict=SAME, gap64=1e-16, **others):
    figures = dict(
        limit64=1e-14,
        gap32=1e-7,
        noise_torch=1e-7,
        noise_keras=1e-7,
        horizon=7,
        steps=7,
    )
    return StageResult(name, verdict, gap64, **{**figures, **others})


SAME_STAGE = stage()


def result(verdict=SAME, expected=SAME, stages=(SAME_STAGE,), **others):
    place = dict(pair="p", length="none", timesteps=7, batch=4, direction="to_keras")
    return Result(**place, verdict=verdict, expected=expected, stages=stages, **others)


def evidence(*results):
    return Evidence({}, {}, results, claims=(), notes=(), seconds=1.0)


def test_no_result_is_not_as_expected():
    """A run that compared nothing is a failure."""
    assert not evidence().as_expected


def test_one_unexpected_result_is_enough():
    good, bad = result(), result(DIFFERENT)

    assert evidence(good, good).as_expected
    assert not evidence(good, bad).as_expected


def test_a_refusal_is_expected_where_it_is_declared():
    assert evidence(result(BOTH_REFUSE, BOTH_REFUSE, ())).as_expected
    assert not evidence(result(SAME, BOTH_REFUSE)).as_expected


@pytest.mark.parametrize(
    "worse", [BOTH_REFUSE, ILL_CONDITIONED, ONE_REFUSES, DIFFERENT]
)
def test_the_verdict_is_the_worst(worse):
    assert evidence(result(), result(worse), result()).verdict == worse


def test_the_first_stage_that_differs_decides():
    late = stage("logits", DIFFERENT, 0.5)
    early = stage("lstm.h", DIFFERENT, 0.1, timestep=3)
    found = result(DIFFERENT, stages=(stage(), early, late)).as_dict()

    assert found["stage"] == "lstm.h"
    assert found["first_difference"] == {"stage": "lstm.h", "timestep": 3}
    assert found["gap64"] == 0.1


def test_of_same_stages_the_nearest_to_its_limit_decides():
    near = stage("logits", gap64=9e-15)
    found = result(stages=(stage(), near, stage("weights"))).as_dict()

    assert (found["stage"], found["first_difference"]) == ("logits", None)


def test_a_difference_is_explained():
    worst = Worst((0, 0, 12), -0.18341, 0.09207)
    wrong = stage(verdict=DIFFERENT, worst=worst, timestep=1, reason="apart by 0.4")
    text = evidence(result(DIFFERENT, stages=(wrong,))).explain()

    assert (
        "p, length none, 7 steps, batch 4, to_keras: different, expected same" in text
    )
    assert "starts at lstm, step 1" in text
    assert "[0, 0, 12]: PyTorch -0.18341, Keras 0.09207" in text


def test_a_refusal_is_explained_with_both_messages():
    refused = result(
        ONE_REFUSES, stages=(), refusals={"torch": "mat1 and mat2 do not fit"}
    )

    assert "PyTorch   mat1 and mat2 do not fit" in refused.explain()
    assert refused.as_dict()["gap64"] is None


def test_json_has_no_nan_that_other_readers_reject():
    wrong = stage(verdict=DIFFERENT, gap64=math.nan, worst=Worst((0,), math.inf, 1.0))
    text = evidence(result(DIFFERENT, stages=(wrong,))).to_json()
    found = json.loads(text, parse_constant=pytest.fail)["results"][0]

    assert found["gap64"] == "nan"
    assert found["worst"] == {"index": [0], "torch": "inf", "keras": 1.0}


def test_summary_counts():
    text = evidence(result(), result(DIFFERENT), result()).to_json()

    assert json.loads(text)["summary"] == {
        "results": 3,
        "as_expected": 2,
        "unexpected": 1,
        "seconds": 1.0,
    }


@pytest.mark.parametrize("verdict", [SAME, DIFFERENT])
def test_evidence_is_neither_true_nor_false(verdict):
    """Or `assert compare.check(...)` would pass for a pair that differs."""
    with pytest.raises(TypeError, match=r"\.as_expected or \.verdict"):
        bool(evidence(result(verdict)))
