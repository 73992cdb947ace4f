"""Whether two results are the same: a tolerance that is measured, not chosen.

Each twin runs in float32 and in float64, on inputs and weights that float32 holds
exactly. How far each twin's float32 lies from its own float64 is rounding and nothing
else: the noise of this very model on this very input. Rounding shrinks by eps64 / eps32
on the way to float64; a real difference does not shrink at all.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from compare.judging.chunks import largest_gaps
from compare.judging.four import (
    Distances,
    Four,
    distances_of,
    largest_so_far,
    pairs,
    scale_of,
    worst_element,
)
from compare.judging.incomparable import (
    NAN,
    different,
    judge_non_finite,
    unlike_in_form,
)
from compare.judging.result import (
    BOTH_REFUSE,
    DIFFERENT,
    ILL_CONDITIONED,
    ONE_REFUSES,
    SAME,
    SAME_IN_FLOAT32,
    StageResult,
    Worst,
    worst_of,
)
from compare.judging.words import Side, Verdict

EPS32 = float(np.finfo(np.float32).eps)
EPS64 = float(np.finfo(np.float64).eps)

# Measured by tests/twins/test_two_thousand_twins.py on 2,000 correct random twins
# (sizes 1 to 80, weights of scale 0.001 to 10, up to 300 steps; 9,557 stages): with
# noise not below FLOOR32, gap64 reached 7.1 times the limit without SAFETY (median
# 0.3, 99.9 % below 3.2). SAFETY leaves nine times that; a kernel scaled by 1 + 1e-6 was
# caught 340 times of 340.
FLOOR32 = EPS32  # one rounding: a stage may show less by luck
SAFETY = 64.0
HORIZON = 1e-3  # noise at which float32 keeps three digits


def judge_run(
    fours: Mapping[str, Four],
    timed: Collection[str] = (),
    returned: Collection[str] | None = None,
) -> tuple[StageResult, ...]:
    """The verdict on every stage of a run.

    A stage inherits the noise of those before it: after a recurrence that has lost its
    digits a softmax may look calm in float32 and yet be as far off in float64.

    Args:
        fours: stages in the order of computation.
        timed: names of the stages whose axis 1 is time, the same steps in each.
        returned: names of the stages that the models return; None for all.
    """
    results = []
    by_step: np.ndarray | float = 0.0  # noise so far, of stages that have time
    whole = 0.0  # noise so far, of all stages
    for name, four in fours.items():
        has_time = name in timed
        carried = by_step if has_time else whole
        result, noise = judge(name, four, has_time, carried)
        is_result = returned is None or name in returned
        results.append(replace(result, is_result=is_result))
        if has_time:
            by_step = np.maximum(by_step, noise)
        whole = max(whole, noise[-1])
    return tuple(results)


def judge(
    stage: str, four: Four, has_time: bool, carried: np.ndarray | float = 0.0
) -> tuple[StageResult, np.ndarray]:
    """The verdict on one stage, and its noise.

    With dist(a, b) = max |a - b| / scale, scale = max(|t64|, |k64|) over the stage (1
    where that is 0), per time step where there is a time axis and the largest so far:

        noise   = max(dist(t32, t64) + dist(k32, k64), carried)
        gap64   = dist(t64, k64),    gap32 = dist(t32, k32)
        limit64 = SAFETY max(noise, FLOOR32) EPS64 / EPS32

    The horizon is the steps whose noise stays below HORIZON. The twins are the same iff
    gap64 <= limit64 there and the horizon covers the stage; where it ends early they
    are ill-conditioned, unless gap64 exceeds the noise itself, SAFETY times. Shapes,
    dtypes and the places of infinities must agree; NaN is never the same as anything.
    The figures returned are those of the step where the gap comes nearest to its limit,
    or passes it first.

    Args:
        stage: its name.
        four: arrays of shape (batch, time, ...) or (batch, ...).
        has_time: whether axis 1 is time.
        carried: noise of the stages before, a number or (time,).

    Returns:
        The result, and the noise, (time,) or (1,).
    """
    no_noise = np.zeros(1)
    reason = unlike_in_form(four)
    if reason:
        return different(stage, reason), no_noise
    gaps = [largest_gaps(a, b, has_time) for a, b in pairs(four)]
    _, _, gap32, gap64 = gaps
    if not (np.isfinite(gap32).all() and np.isfinite(gap64).all()):
        result = judge_non_finite(stage, four, has_time)
        if result is not None:
            return result, no_noise

    scale = scale_of(four.t64, four.k64)
    distances = distances_of(gaps, scale)
    figures = figures_of(distances, carried)
    horizon = int(np.count_nonzero(figures.noise < HORIZON))  # it never falls again
    worst = worst_element(four.t64, four.k64, horizon, has_time)
    return _result(stage, figures, horizon, has_time, worst), figures.noise


def is_apart(t64: np.ndarray, k64: np.ndarray) -> bool:
    """Whether float64 proves alone that a stage is not the same, whatever its noise.

    `judge` calls a stage the same only where the noise of both twins is below HORIZON,
    and gap64 within the limit that the noise gives. So this is the largest limit:

        SAFETY HORIZON EPS64 / EPS32

    Where False is returned, nothing is known.

    Args:
        t64: PyTorch's stage in float64, of any shape.
        k64: Keras's, as t64.
    """
    return _gap_is_above(SAFETY * HORIZON * (EPS64 / EPS32), t64, k64)


def is_apart32(t32: np.ndarray, k32: np.ndarray) -> bool:
    """Whether float32 proves alone that a stage is not the same, whatever float64 says.

    Twins that are the same are no farther apart in float32 than both rounded, which
    `judge` allows up to HORIZON, and in float64, which is nothing beside it. Twice as
    much leaves room for the scale. Where False is returned, nothing is known.

    Args:
        t32: PyTorch's stage in float32, of any shape.
        k32: Keras's, as t32.
    """
    return _gap_is_above(2 * HORIZON, t32, k32)


def _gap_is_above(limit: float, torch: np.ndarray, keras: np.ndarray) -> bool:
    """Whether two arrays of one shape have a finite gap that is above a limit."""
    if torch.shape != keras.shape or not torch.size:
        return False
    gap = largest_gaps(torch, keras, has_time=False)[0] / scale_of(torch, keras)
    return bool(np.isfinite(gap) and gap > limit)


def judge32(
    stage: str, torch: np.ndarray, keras: np.ndarray, noise: float, has_time: bool
) -> StageResult:
    """The verdict on one stage where one twin or both cannot run in float64.

    It is judged as in `judge`, a level lower, which proves less:

        limit32 = SAFETY max(noise, FLOOR32)

    Args:
        stage: its name.
        torch: float32, (batch, time, ...) or (batch, ...).
        keras: as torch.
        noise: of both twins, as far as it is known.
        has_time: whether axis 1 is time.
    """
    if torch.shape != keras.shape:
        return different(stage, f"shapes: PyTorch {torch.shape}, Keras {keras.shape}")
    if torch.dtype != keras.dtype:
        return different(stage, f"dtypes: PyTorch {torch.dtype}, Keras {keras.dtype}")
    gaps = largest_gaps(torch, keras, has_time)
    if not np.isfinite(gaps).all():
        result = judge_non_finite(stage, Four(torch, torch, keras, keras), has_time)
        if result is not None:
            return result
    gap = largest_so_far(gaps, scale_of(torch, keras))
    limit = SAFETY * max(noise, FLOOR32)
    decision = _decide32(gap, limit, noise)
    steps = len(gap)
    return StageResult(
        stage=stage,
        verdict=decision.verdict,
        gap64=NAN,
        limit64=NAN,
        gap32=float(gap[decision.step]),
        noise_torch=NAN,
        noise_keras=NAN,
        horizon=steps,
        steps=steps,
        worst=worst_element(torch, keras, steps, has_time),
        timestep=_first_that_differs(decision, has_time),
        reason=decision.reason,
        limit32=limit,
    )


def judge_training(tensors: Mapping[str, Distances]) -> tuple[StageResult, ...]:
    """The verdict on every tensor of a training run, whose time is its steps.

    A step computes every tensor from all as they were before it, so each carries the
    largest noise of the step before. An optimiser that divides by the gradient's size
    may leave a single weight few digits in float32; so float64 is judged as long as it
    keeps within its limit, and the horizon ends only where it does not.

    Args:
        tensors: the distances of each after each step, by name.
    """
    noise = np.max([distances.noise for distances in tensors.values()], axis=0)
    before = np.concatenate([[0.0], noise[:-1]])
    results = []
    for name, distances in tensors.items():
        figures = figures_of(distances, before)
        calm = int(np.count_nonzero(figures.noise < HORIZON))
        above = distances.gap64 > figures.limit64
        within_limit = _first(above) if above.any() else len(above)
        horizon = max(calm, within_limit)
        results.append(_result(name, figures, horizon, has_time=True))
    return tuple(results)


@dataclass(frozen=True)
class Figures:
    """What a stage is judged by: each (steps,).

    Args:
        distances: of its four arrays.
        noise: of the stage, or of those before it where that is larger.
        limit64: of gap64, as far as noise allows.
    """

    distances: Distances
    noise: np.ndarray
    limit64: np.ndarray


def figures_of(distances: Distances, carried: np.ndarray | float) -> Figures:
    """The noise and the limit that distances lead to; see `judge`."""
    noise = np.maximum(distances.noise, carried)
    limit64 = SAFETY * np.maximum(noise, FLOOR32) * (EPS64 / EPS32)
    return Figures(distances, noise, limit64)


def _first(flags: np.ndarray) -> int:
    """The first step that is flagged, where one is."""
    return int(np.argmax(flags))


@dataclass(frozen=True)
class _Decision:
    """A verdict, why it is not `same`, and the step whose figures show it.

    The step is counted from 0.
    """

    verdict: Verdict
    step: int
    reason: str = ""


def _decide(figures: Figures, horizon: int, has_time: bool) -> _Decision:
    """The verdict that figures lead to; see `judge`.

    Args:
        figures: by step.
        horizon: number of steps that can be judged by their limit.
        has_time: whether the steps are those of the stage, or it has only one.
    """
    gap64, limit64 = figures.distances.gap64, figures.limit64
    above = gap64 > limit64
    # Beyond the horizon the limit says little; but float64 rounds less than float32.
    limit32 = SAFETY * np.maximum(figures.noise, FLOOR32)
    above[horizon:] = gap64[horizon:] > limit32[horizon:]
    if above.any():
        step = _first(above)
        gap, limit = gap64[step], limit64[step]
        reason = f"apart by {gap:.1e}, where rounding explains {limit:.1e}"
        return _Decision(DIFFERENT, step, reason)
    if horizon < len(gap64):
        reason = _why_ill_conditioned(figures.distances, horizon, has_time)
        return _Decision(ILL_CONDITIONED, max(horizon - 1, 0), reason)
    return _Decision(SAME, step=int(np.argmax(gap64 / limit64)))


def _decide32(gap: np.ndarray, limit: float, noise: float) -> _Decision:
    """The verdict in float32 alone; see `judge32`.

    Args:
        gap: the largest so far, (steps,).
        limit: of the gap.
        noise: of both twins.
    """
    above = gap > limit
    last = len(gap) - 1
    if above.any():
        step = _first(above)
        reason = f"apart by {gap[step]:.1e}, where rounding explains {limit:.1e}"
        return _Decision(DIFFERENT, step, reason)
    if noise >= HORIZON:
        reason = f"float32 keeps fewer than three digits (noise {noise:.1e})"
        return _Decision(ILL_CONDITIONED, last, reason)
    return _Decision(SAME_IN_FLOAT32, last)


def _first_that_differs(decision: _Decision, has_time: bool) -> int | None:
    """The first step that differs, counted from 1; None where no step does."""
    if has_time and decision.verdict == DIFFERENT:
        return decision.step + 1
    return None


def _result(
    stage: str,
    figures: Figures,
    horizon: int,
    has_time: bool,
    worst: Worst | None = None,
) -> StageResult:
    """The verdict on a stage and its figures.

    Args:
        stage: its name.
        figures: by step.
        horizon: number of steps that can be judged by their limit.
        has_time: whether the steps are those of the stage, or it has only one.
        worst: the element that is farthest apart, if it is to be shown.
    """
    decision = _decide(figures, horizon, has_time)
    distances, step = figures.distances, decision.step
    return StageResult(
        stage=stage,
        verdict=decision.verdict,
        gap64=float(distances.gap64[step]),
        limit64=float(figures.limit64[step]),
        gap32=float(distances.gap32[step]),
        noise_torch=float(distances.torch[step]),
        noise_keras=float(distances.keras[step]),
        horizon=horizon,
        steps=len(distances.gap64),
        worst=worst,
        timestep=_first_that_differs(decision, has_time),
        reason=decision.reason,
    )


def of_run(stages: Sequence[StageResult]) -> Verdict:
    """The verdict on a run: the worst of what the models return.

    What differs inside them and does not reach the results is no difference of the
    function that they compute.
    """
    return worst_of(stage.verdict for stage in stages if stage.is_result)


def of_refusals(refusals: Mapping[Side, str]) -> Verdict:
    """The verdict where at least one twin refused."""
    return BOTH_REFUSE if len(refusals) == 2 else ONE_REFUSES


def _why_ill_conditioned(distances: Distances, horizon: int, has_time: bool) -> str:
    """The reason of a verdict where the horizon ends before the stage does."""
    torch, keras = distances.torch[-1], distances.keras[-1]
    if torch + keras < HORIZON:
        return "computed from a stage of which float32 keeps fewer than three digits"
    steps = len(distances.gap64)
    where = "float32 keeps"
    if has_time and horizon:
        where = f"same up to step {horizon} of {steps}; beyond it float32 keeps"
    elif has_time:
        where = "at every step float32 keeps"
    closer = "PyTorch" if torch <= keras else "Keras"
    return (
        f"{where} fewer than three digits (noise: PyTorch {torch:.1e}, Keras "
        f"{keras:.1e}; {closer} is closer to float64)"
    )
