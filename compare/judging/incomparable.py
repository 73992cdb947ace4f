"""Where no distance can be measured: shapes, dtypes, NaN and infinities."""

import numpy as np

from compare.judging.chunks import first_where
from compare.judging.four import Four
from compare.judging.result import DIFFERENT, StageResult, Worst

NAN = float("nan")  # in the place of a figure that could not be measured


def unlike_in_form(four: Four) -> str:
    """Why shapes or dtypes rule the stage out, or nothing."""
    if len({array.shape for array in four}) > 1:
        return f"shapes: PyTorch {four.t64.shape}, Keras {four.k64.shape}"
    for bits, torch, keras in (32, four.t32, four.k32), (64, four.t64, four.k64):
        if torch.dtype != keras.dtype:
            return f"dtypes: PyTorch {torch.dtype}, Keras {keras.dtype}"
        if torch.dtype.kind == "f" and torch.dtype != np.dtype(f"float{bits}"):
            return f"dtypes: both {torch.dtype} in the float{bits} run"
    return ""


def judge_non_finite(stage: str, four: Four, has_time: bool) -> StageResult | None:
    """The verdict where NaN or infinity forbids `same`, at its first place; or None."""
    axis = 1 if has_time else 0
    for bits, torch, keras in (64, four.t64, four.k64), (32, four.t32, four.k32):
        # float32 may overflow to NaN where float64 does not, if both do
        wrong_nan = _either_nan if bits == 64 else _one_nan
        for number, is_wrong in ("NaN", wrong_nan), ("infinity", _other_infinity):
            index = first_where(is_wrong, torch, keras, axis)
            if index is None:
                continue
            values = f"PyTorch {torch[index]}, Keras {keras[index]}"
            timestep = index[1] + 1 if has_time else None
            return different(
                stage,
                reason=f"{number} in float{bits}: {values}",
                worst=Worst(index, float(four.t64[index]), float(four.k64[index])),
                timestep=timestep,
            )
    return None


def _either_nan(torch: np.ndarray, keras: np.ndarray) -> np.ndarray:
    """Where at least one of two chunks is NaN."""
    places: np.ndarray = np.isnan(torch) | np.isnan(keras)
    return places


def _one_nan(torch: np.ndarray, keras: np.ndarray) -> np.ndarray:
    """Where exactly one of two chunks is NaN."""
    places: np.ndarray = np.isnan(torch) ^ np.isnan(keras)
    return places


def _other_infinity(torch: np.ndarray, keras: np.ndarray) -> np.ndarray:
    """Where one of two chunks is infinite and the other is not the same."""
    infinite = np.isinf(torch) | np.isinf(keras)
    places: np.ndarray = infinite & (torch != keras)
    return places


def different(
    stage: str, reason: str, worst: Worst | None = None, timestep: int | None = None
) -> StageResult:
    """The verdict where no distance can be measured."""
    return StageResult(
        stage=stage,
        verdict=DIFFERENT,
        gap64=NAN,
        limit64=NAN,
        gap32=NAN,
        noise_torch=NAN,
        noise_keras=NAN,
        horizon=0,
        steps=0,
        worst=worst,
        timestep=timestep,
        reason=reason,
    )
