"""The judge finds the first step at which twins differ."""

import numpy as np
import pytest

from compare.judging.four import Distances
from compare.judging.result import DIFFERENT, ILL_CONDITIONED, SAME
from compare.judging.verdict import EPS32, EPS64, SAFETY, judge_training


def distances(gap64, noise):
    """Of one tensor after each step; half of the noise is each framework's."""
    gap64, noise = np.array(gap64), np.broadcast_to(noise, len(gap64))
    return Distances(noise / 2, noise / 2, noise, gap64)


def test_the_judge_finds_the_first_step_that_differs():
    limit = SAFETY * 1e-7 * EPS64 / EPS32
    found = judge_training(
        {
            "later": distances([0, 0, 0, 2 * limit], 1e-7),
            "first": distances([0, limit / 2, 2 * limit, 3 * limit], 1e-7),
            "never": distances([0, limit / 2, limit / 2, limit / 2], 1e-7),
        }
    )

    assert [(each.verdict, each.timestep) for each in found] == [
        (DIFFERENT, 4),
        (DIFFERENT, 3),
        (SAME, None),
    ]


@pytest.mark.parametrize(("noise", "verdict"), [(1e-7, DIFFERENT), (5e-4, SAME)])
def test_noise_of_one_tensor_reaches_all_others_a_step_later(noise, verdict):
    """A step computes every tensor from all as they were before it."""
    calm, other = distances([0, 1e-12], 1e-7), distances([0, 0], noise)

    assert judge_training({"calm": calm, "other": other})[0].verdict == verdict


@pytest.mark.parametrize(
    ("gap", "verdict", "horizon"),
    [(1e-10, SAME, 4), (1e-5, ILL_CONDITIONED, 2), (1.0, DIFFERENT, 2)],
)
def test_the_judge_needs_float32_only_where_float64_passes_its_limit(
    gap, verdict, horizon
):
    """From step 3 on float32 keeps two digits; 1.0 is more than even that explains."""
    noise = np.array([1e-7, 1e-5, 1e-2, 1e-2])
    (found,) = judge_training({"weight": distances([0, 0, gap, gap], noise)})

    assert (found.verdict, found.horizon, found.steps) == (verdict, horizon, 4)
