"""The judge alone, on arrays made for it."""

import math

import numpy as np
import pytest

from compare.judging import verdict
from compare.judging.four import Four
from compare.judging.result import (
    BOTH_REFUSE,
    DIFFERENT,
    ILL_CONDITIONED,
    ONE_REFUSES,
    SAME,
)


def four(t64=None, k64=None, **others):
    """A stage of (batch 2, time 6, unit 3) that agrees, but for what is given."""
    x = np.random.default_rng(0).uniform(-1, 1, (2, 6, 3))
    t64 = x if t64 is None else t64
    k64 = t64.copy() if k64 is None else k64
    made = dict(
        t32=t64.astype(np.float32), t64=t64, k32=k64.astype(np.float32), k64=k64
    )
    return Four(**(made | others))


def judge(arrays, has_time=True):
    return verdict.judge("lstm", arrays, has_time)[0]


def test_equal_arrays_are_the_same():
    found = judge(four())

    assert (found.verdict, found.gap64, found.horizon) == (SAME, 0.0, 6)


def test_rounding_of_float64_is_the_same():
    arrays = four()

    assert judge(four(k64=arrays.t64 * (1 + 4e-16))).verdict == SAME


def test_one_part_in_a_million_is_different():
    """float32 at the usual tolerances does not see it."""
    arrays = four(k64=four().t64 * (1 + 1e-6))
    found = judge(arrays)

    assert np.allclose(arrays.t32, arrays.k32, rtol=1e-5, atol=1e-8)
    assert (found.verdict, found.timestep) == (DIFFERENT, 1)
    assert found.gap64 == pytest.approx(1e-6, rel=0.5)


def test_first_step_and_worst_element_are_named():
    k64 = four().t64.copy()
    k64[1, 3, 2] += 1e-3
    k64[0, 4, 0] += 1e-2
    found = judge(four(k64=k64))

    assert (found.verdict, found.timestep) == (DIFFERENT, 4)
    assert found.worst.index == (0, 4, 0)
    assert found.worst.keras - found.worst.torch == pytest.approx(1e-2)


def test_noise_raises_the_limit():
    """What float32 loses on this input, float64 may lose a part of as well."""
    arrays = four()
    apart = arrays.t64 * (1 + 3e-13)
    noisy = (arrays.t64 * (1 + 1e-5)).astype(np.float32)

    assert judge(four(k64=apart)).verdict == DIFFERENT
    assert judge(four(k64=apart, t32=noisy)).verdict == SAME


def test_beyond_the_horizon_nothing_is_judged():
    """From step 4 on float32 has lost three digits, and so proves nothing."""
    arrays = four()
    t32, k64 = arrays.t32.copy(), arrays.t64.copy()
    t32[:, 3:] += 0.01
    k64[:, 4] += 0.5
    found = judge(four(t32=t32, k64=k64))

    assert (found.verdict, found.horizon, found.steps) == (ILL_CONDITIONED, 3, 6)
    assert "same up to step 3 of 6" in found.reason


def test_a_difference_within_the_horizon_is_not_excused():
    arrays = four()
    t32, k64 = arrays.t32.copy(), arrays.t64.copy()
    t32[:, 3:] += 0.01
    k64[:, 2] += 0.5

    assert judge(four(t32=t32, k64=k64)).verdict == DIFFERENT


def test_noise_early_on_is_not_forgotten():
    """A step that lost its digits taints those behind it, however well they agree."""
    t32 = four().t32.copy()
    t32[:, 1] += 0.01
    found = judge(four(t32=t32))

    assert (found.verdict, found.horizon) == (ILL_CONDITIONED, 1)


def test_without_a_time_axis_the_stage_is_one_step():
    x = np.random.default_rng(0).uniform(-1, 1, (2, 3))

    assert judge(four(x), has_time=False).steps == 1


@pytest.mark.parametrize("sides", [("t64",), ("k64",), ("t64", "k64")], ids=str)
def test_nan_is_never_the_same(sides):
    arrays = four()._asdict()
    for side in sides:
        arrays[side] = arrays[side].copy()
        arrays[side][1, 2, 0] = np.nan
    found = judge(Four(**arrays))

    assert (found.verdict, found.timestep) == (DIFFERENT, 3)
    assert found.worst.index == (1, 2, 0)
    assert "NaN" in found.reason


def test_the_first_nan_in_time_is_named():
    k64 = four().t64.copy()
    k64[0, 5, 0] = k64[1, 2, 1] = np.nan

    assert judge(four(k64=k64)).worst.index == (1, 2, 1)


def test_nan_in_float32_of_one_side_is_different():
    k32 = four().t32.copy()
    k32[0, 0, 0] = np.nan

    assert judge(four(k32=k32)).verdict == DIFFERENT


@pytest.mark.parametrize(
    ("other", "expected"), [(np.inf, SAME), (-np.inf, DIFFERENT), (1.0, DIFFERENT)]
)
def test_infinities_must_be_in_the_same_places(other, expected):
    """Minus infinity in a mask is a number like any other; it has to be equal."""
    t64 = four().t64.copy()
    k64 = t64.copy()
    t64[0, 1, 1], k64[0, 1, 1] = np.inf, other

    assert judge(four(t64, k64)).verdict == expected


@pytest.mark.parametrize("lost", [np.inf, np.nan])
def test_overflow_of_float32_alone_ends_the_horizon(lost):
    """Float64 still has numbers there, and a stage behind cannot be judged either."""
    t32, k32 = four().t32.copy(), four().t32.copy()
    t32[:, 4:] = k32[:, 4:] = lost
    stages = {"lstm": four(t32=t32, k32=k32), "weights": four(np.full((2, 3), 1 / 3))}
    found, behind = verdict.judge_run(stages, ["lstm"])

    assert (found.verdict, found.horizon) == (ILL_CONDITIONED, 4)
    assert behind.verdict == ILL_CONDITIONED


def test_shapes_must_agree():
    k64 = four().t64[:, :5]
    found = judge(four(k64=k64))

    assert found.verdict == DIFFERENT
    assert found.reason == "shapes: PyTorch (2, 6, 3), Keras (2, 5, 3)"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (["k64"], "dtypes: PyTorch float64, Keras float32"),
        (["t64", "k64"], "dtypes: both float32 in the float64 run"),
    ],
)
def test_dtypes_must_be_those_of_the_run(wrong, reason):
    arrays = four()._asdict()
    for side in wrong:
        arrays[side] = arrays[side].astype(np.float32)
    found = judge(Four(**arrays))

    assert (found.verdict, found.reason) == (DIFFERENT, reason)


def test_all_zero_stage_has_scale_one():
    zero = np.zeros((2, 6, 3))

    assert judge(four(zero)).verdict == SAME
    assert judge(four(zero, zero + 1e-9)).verdict == DIFFERENT


def test_a_calm_stage_inherits_the_noise_before_it():
    """A saturated softmax hides in float32 that what it reads is beyond the horizon."""
    noisy = four(t32=four().t32 + np.float32(0.01))
    calm = np.full((2, 3), 1 / 3)
    apart = calm * (1 + 1e-11)

    alone = verdict.judge_run({"weights": four(calm, apart)}, ["lstm"])
    behind = verdict.judge_run({"lstm": noisy, "weights": four(calm, apart)}, ["lstm"])
    assert [stage.verdict for stage in alone] == [DIFFERENT]
    assert [stage.verdict for stage in behind] == [ILL_CONDITIONED] * 2


def test_a_calm_start_of_a_stage_behind_is_judged():
    """Noise is inherited step by step: a second layer counts up to the same horizon."""
    t32 = four().t32.copy()
    t32[:, 3:] += 0.01
    k64 = four().t64.copy()
    k64[:, 1] += 0.5
    lstm, after = verdict.judge_run(
        {"lstm": four(t32=t32), "after": four(k64=k64)}, ["lstm", "after"]
    )

    assert (lstm.verdict, lstm.horizon) == (ILL_CONDITIONED, 3)
    assert (after.verdict, after.timestep, after.horizon) == (DIFFERENT, 2, 3)


def test_a_run_is_as_bad_as_its_worst_stage():
    same, wrong = judge(four()), judge(four(k64=four().t64 + 1))

    assert verdict.of_run([same, wrong, same]) == DIFFERENT
    assert verdict.of_run([same, same]) == SAME


def test_refusals_of_both_and_of_one_are_two_verdicts():
    assert verdict.of_refusals({"torch": "no", "keras": "no"}) == BOTH_REFUSE
    assert verdict.of_refusals({"keras": "no"}) == ONE_REFUSES


def test_same_stages_report_finite_figures():
    found = judge(four())

    assert all(map(math.isfinite, (found.limit64, found.gap32, found.noise_torch)))
