"""Whether two results are the same: a tolerance that is measured, not chosen.

Each twin runs in float32 and in float64, on inputs and weights that float32 holds
exactly. How far each twin's float32 lies from its own float64 is rounding and nothing
else: the noise of this very model on this very input. Rounding shrinks by eps64 / eps32
on the way to float64; a real difference does not shrink at all.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from compare.judging.chunks import farthest, first_where, largest, largest_gaps
from compare.judging.evidence import (
    BOTH_REFUSE,
    DIFFERENT,
    ILL_CONDITIONED,
    ONE_REFUSES,
    SAME,
    SAME_IN_FLOAT32,
    VERDICTS,
    StageResult,
    Worst,
)

EPS32 = float(np.finfo(np.float32).eps)
EPS64 = float(np.finfo(np.float64).eps)

# Measured by tests/test_two_thousand_twins.py on 2,000 correct random twins (sizes 1 to
# 80, weights of scale 0.001 to 10, up to 300 steps; 9,552 stages): with noise not below
# FLOOR32, gap64 reached 6.2 times the limit without SAFETY (median 0.3, 99.9 % below
# 2.9). SAFETY leaves ten times that; a kernel scaled by 1 + 1e-6 was caught 339 times
# of 339.
FLOOR32 = EPS32  # one rounding: a stage may show less by luck
SAFETY = 64.0
HORIZON = 1e-3  # noise at which float32 keeps three digits


class Four(NamedTuple):
    """One stage of one case, from both twins in both precisions."""

    t32: np.ndarray
    t64: np.ndarray
    k32: np.ndarray
    k64: np.ndarray


class Distances(NamedTuple):
    """How far apart the four arrays of a stage are, as `judge` defines dist.

    Each (steps,), the largest so far: PyTorch's float32 from its float64, Keras's from
    its own, float32 from float32, float64 from float64.
    """

    torch: np.ndarray
    keras: np.ndarray
    gap32: np.ndarray
    gap64: np.ndarray


def judge_run(
    fours: Mapping[str, Four], timed: Collection[str] = ()
) -> tuple[StageResult, ...]:
    """The verdict on every stage of a run.

    A stage inherits the noise of those before it: behind a recurrence that has lost its
    digits a softmax may look calm in float32 and yet be as far off in float64.

    Args:
        fours: stages in the order of computation.
        timed: names of the stages whose axis 1 is time, the same steps in each.
    """
    results, by_step, whole = [], 0.0, 0.0
    for name, four in fours.items():
        result, noise = judge(
            name, four, name in timed, by_step if name in timed else whole
        )
        results.append(result)
        if name in timed:
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
    none = np.zeros(1)
    reason = _form(four)
    if reason:
        return _different(stage, reason), none
    t64, k64 = four.t64, four.k64
    gaps = [largest_gaps(a, b, has_time) for a, b in pairs(four)]
    wrong = None
    if not np.isfinite(gaps[2:]).all():  # of float32 from float32, and float64
        wrong = _non_finite(four, has_time)
    if wrong is not None:
        index, reason = wrong
        worst = Worst(index, float(t64[index]), float(k64[index]))
        step = index[1] + 1 if has_time else None
        return _different(stage, reason, worst, step), none

    scale = _scale(t64, k64)
    distances = Distances(*(_so_far(gap, scale) for gap in gaps))
    result, noise = _decide(stage, distances, has_time, carried)
    return replace(result, worst=_worst(t64, k64, result.horizon, has_time)), noise


def judge32(
    stage: str, torch: np.ndarray, keras: np.ndarray, noise: float, has_time: bool
) -> StageResult:
    """The verdict on one stage where one twin or both cannot run in float64.

    As `judge`, a level lower, which proves less:

        limit32 = SAFETY max(noise, FLOOR32)

    Args:
        stage: its name.
        torch: float32, (batch, time, ...) or (batch, ...).
        keras: as torch.
        noise: of both twins, as far as it is known.
        has_time: whether axis 1 is time.
    """
    if torch.shape != keras.shape:
        return _different(stage, f"shapes: PyTorch {torch.shape}, Keras {keras.shape}")
    if torch.dtype != keras.dtype:
        return _different(stage, f"dtypes: PyTorch {torch.dtype}, Keras {keras.dtype}")
    gaps = largest_gaps(torch, keras, has_time)
    wrong = None
    if not np.isfinite(gaps).all():
        wrong = _non_finite(Four(torch, torch, keras, keras), has_time)
    if wrong is not None:
        index, reason = wrong
        worst = Worst(index, float(torch[index]), float(keras[index]))
        return _different(stage, reason, worst, index[1] + 1 if has_time else None)
    gap = _so_far(gaps, _scale(torch, keras))
    limit = SAFETY * max(noise, FLOOR32)
    at = _first(gap > limit, len(gap) - 1)
    verdict, reason = SAME_IN_FLOAT32, ""
    if gap[at] > limit:
        verdict = DIFFERENT
        reason = f"apart by {gap[at]:.1e}, where rounding explains {limit:.1e}"
    elif noise >= HORIZON:
        verdict = ILL_CONDITIONED
        reason = f"float32 keeps fewer than three digits (noise {noise:.1e})"
    nan = float("nan")
    return StageResult(
        stage,
        verdict,
        *(nan, nan, float(gap[at]), nan, nan),
        horizon=len(gap),
        steps=len(gap),
        worst=_worst(torch, keras, len(gap), has_time),
        timestep=at + 1 if has_time and verdict == DIFFERENT else None,
        reason=reason,
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
    noise = np.max([each.torch + each.keras for each in tensors.values()], axis=0)
    before = np.concatenate([[0.0], noise[:-1]])
    return tuple(
        _decide(name, distances, True, before, training=True)[0]
        for name, distances in tensors.items()
    )


def _first(flags, steps):
    """The first step that is flagged, or the number of steps if none is."""
    return int(np.argmax(flags)) if flags.any() else steps


def _decide(stage, distances, has_time, carried, training=False):
    """The verdict that distances lead to, and the noise; see `judge`."""
    noise_torch, noise_keras, gap32, gap64 = distances
    noise = np.maximum(noise_torch + noise_keras, carried)
    limit64 = SAFETY * np.maximum(noise, FLOOR32) * (EPS64 / EPS32)

    steps = len(gap64)
    horizon = int(np.count_nonzero(noise < HORIZON))  # noise never falls again
    if training:  # nothing is chaotic while float64 keeps within its limit
        horizon = max(horizon, _first(gap64 > limit64, steps))
    above = gap64 > limit64
    # Beyond the horizon the limit says little; but float64 rounds less than float32.
    above[horizon:] = (gap64 > SAFETY * np.maximum(noise, FLOOR32))[horizon:]
    if above.any():
        verdict, at = DIFFERENT, _first(above, steps)
        reason = f"apart by {gap64[at]:.1e}, where rounding explains {limit64[at]:.1e}"
    elif horizon < steps:
        verdict, at = ILL_CONDITIONED, max(horizon - 1, 0)
        reason = (
            _beyond(horizon, steps, has_time, noise_torch, noise_keras)
            if noise_torch[-1] + noise_keras[-1] >= HORIZON
            else "computed from a stage of which float32 keeps fewer than three digits"
        )
    else:
        verdict, at, reason = SAME, int(np.argmax(gap64 / limit64)), ""
    figures = (gap64, limit64, gap32, noise_torch, noise_keras)
    result = StageResult(
        stage,
        verdict,
        *(float(figure[at]) for figure in figures),
        horizon=horizon,
        steps=steps,
        timestep=at + 1 if has_time and verdict == DIFFERENT else None,
        reason=reason,
    )
    return result, noise


def of_run(stages: Sequence[StageResult]) -> str:
    """The verdict on a run: the worst of its stages."""
    return max((stage.verdict for stage in stages), key=VERDICTS.index)


def of_refusals(refusals: Mapping[str, str]) -> str:
    """The verdict where at least one twin refused."""
    return BOTH_REFUSE if len(refusals) == 2 else ONE_REFUSES


def pairs(four: Four):
    """The arrays whose distances are measured, in the order of `Distances`."""
    t32, t64, k32, k64 = four
    return (t32, t64), (k32, k64), (t32, k32), (t64, k64)


def _form(four):
    """Why shapes or dtypes rule the stage out, or nothing."""
    shapes = {name: array.shape for name, array in four._asdict().items()}
    if len(set(shapes.values())) > 1:
        return f"shapes: PyTorch {four.t64.shape}, Keras {four.k64.shape}"
    for bits, torch, keras in (32, four.t32, four.k32), (64, four.t64, four.k64):
        if torch.dtype != keras.dtype:
            return f"dtypes: PyTorch {torch.dtype}, Keras {keras.dtype}"
        if torch.dtype.kind == "f" and torch.dtype != np.dtype(f"float{bits}"):
            return f"dtypes: both {torch.dtype} in the float{bits} run"
    return ""


def _non_finite(four, has_time):
    """The first place where NaN or infinity forbids `same`, and why; or None."""
    axis = 1 if has_time else 0
    for bits, torch, keras in (64, four.t64, four.k64), (32, four.t32, four.k32):
        # float32 may overflow to NaN where float64 does not, if both do
        nan = _either_nan if bits == 64 else _one_nan
        for what, bad in ("NaN", nan), ("infinity", _other_infinity):
            index = first_where(bad, torch, keras, axis)
            if index is not None:
                sides = f"PyTorch {torch[index]}, Keras {keras[index]}"
                return index, f"{what} in float{bits}: {sides}"
    return None


def _either_nan(torch: np.ndarray, keras: np.ndarray) -> np.ndarray:
    return np.isnan(torch) | np.isnan(keras)


def _one_nan(torch: np.ndarray, keras: np.ndarray) -> np.ndarray:
    return np.isnan(torch) ^ np.isnan(keras)


def _other_infinity(torch: np.ndarray, keras: np.ndarray) -> np.ndarray:
    return (np.isinf(torch) | np.isinf(keras)) & (torch != keras)


def _scale(t64: np.ndarray, k64: np.ndarray) -> float:
    return max(largest(t64), largest(k64)) or 1.0


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """The largest |a - b|, as a part of the largest value."""
    return float(_so_far(largest_gaps(a, b, False), _scale(a, b))[0])


def _so_far(gaps: np.ndarray, scale: float) -> np.ndarray:
    """Largest |a - b| / scale so far, of the largest |a - b| at each step."""
    worst = gaps / scale
    worst[np.isnan(worst)] = np.inf  # float32 overflowed to NaN: no digit is left
    return np.maximum.accumulate(worst)


def _worst(t64: np.ndarray, k64: np.ndarray, horizon: int, has_time: bool) -> Worst:
    if has_time:
        t64, k64 = t64[:, : max(horizon, 1)], k64[:, : max(horizon, 1)]
    index = farthest(t64, k64)
    return Worst(index, float(t64[index]), float(k64[index]))


def _beyond(horizon, steps, has_time, noise_torch, noise_keras):
    closer = "PyTorch" if noise_torch[-1] <= noise_keras[-1] else "Keras"
    where = "float32 keeps"
    if has_time and horizon:
        where = f"same up to step {horizon} of {steps}; beyond it {where}"
    elif has_time:
        where = f"at every step {where}"
    return (
        f"{where} fewer than three digits (noise: PyTorch {noise_torch[-1]:.1e}, Keras "
        f"{noise_keras[-1]:.1e}; {closer} is closer to float64)"
    )


def _different(stage, reason, worst=None, timestep=None):
    nan = float("nan")
    return StageResult(
        stage,
        DIFFERENT,
        *(nan,) * 5,
        horizon=0,
        steps=0,
        worst=worst,
        timestep=timestep,
        reason=reason,
    )
