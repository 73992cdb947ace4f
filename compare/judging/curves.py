"""What stages with time are judged by, step by step; knows no framework."""

from collections.abc import Collection, Mapping

import numpy as np

from compare.judging.chunks import largest_gaps
from compare.judging.four import Four, distances_of, pairs, scale_of
from compare.judging.incomparable import unlike_in_form
from compare.judging.picture import StepCurves
from compare.judging.verdict import HORIZON, figures_of


def step_curves(
    fours: Mapping[str, Four], timed: Collection[str]
) -> dict[str, StepCurves]:
    """Gap, noise and limit after each step, as `verdict.judge_run` has them.

    Args:
        fours: stages in the order of computation.
        timed: names of the stages whose axis 1 is time, the same steps in each.

    Returns:
        By stage; without those whose shapes differ.
    """
    curves = {}
    carried: np.ndarray | float = 0.0  # noise of the stages before
    for name in timed:
        four = fours[name]
        if unlike_in_form(four):
            continue
        gaps = [largest_gaps(a, b, has_time=True) for a, b in pairs(four)]
        distances = distances_of(gaps, scale_of(four.t64, four.k64))
        figures = figures_of(distances, carried)
        carried = figures.noise
        horizon = int(np.count_nonzero(figures.noise < HORIZON))
        curves[name] = StepCurves(
            name, distances.gap64, figures.noise, figures.limit64, horizon
        )
    return curves
