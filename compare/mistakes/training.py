"""Mistakes in what a model learns by: the value of its loss, and its optimizer."""

from collections.abc import Callable, Iterator, Mapping
from math import prod, sqrt

from compare.judging.losses import (
    CROSS_ENTROPY,
    MEAN_SQUARED_ERROR,
    NEGATIVE_SHARPE_RATIO,
)
from compare.judging.optimizers import SENTENCES
from compare.kinds.mistake import LossFactor, Mistake, OptimizerSettings

TRADING_DAYS = 252  # in a year
EPSILON = {"torch": 1e-8, "keras": 1e-7}  # of Adam and AdamW, by default


def loss_mistakes() -> Iterator[Mistake[LossFactor]]:
    """Every mistake that multiplies a loss by a number that its shape tells."""
    squares = "the squared differences are"
    spread = "the standard deviation divides by the number of days"
    ratio = "the Sharpe ratio is"
    for loss, name, sentence, torch, keras, factor in (
        (
            MEAN_SQUARED_ERROR,
            "sum for mean",
            f"{squares} added up, not averaged",
            'reduction="mean"',
            'reduction="sum_over_batch_size"',
            prod,
        ),
        (
            MEAN_SQUARED_ERROR,
            "mean for sum",
            f"{squares} averaged, not added up",
            'reduction="sum"',
            "ops.sum of the squared differences",
            lambda shape: 1 / prod(shape),
        ),
        (
            MEAN_SQUARED_ERROR,
            "mean over the batch only",
            f"{squares} averaged over the batch, but added up along the other axes",
            'reduction="mean", which averages over all axes',
            "average over all axes, not over the batch alone",
            lambda shape: prod(shape[1:]),
        ),
        (
            MEAN_SQUARED_ERROR,
            "half the squared error",
            f"{squares} halved, as in 1/2 (a - b)^2",
            "do not halve the loss",
            "do not halve the loss",
            lambda shape: 1 / 2,
        ),
        (
            CROSS_ENTROPY,
            "sum over the batch for mean",
            "the cross-entropies are added up over the batch, not averaged",
            'reduction="mean"',
            'reduction="sum_over_batch_size"',
            lambda shape: shape[0],
        ),
        (
            NEGATIVE_SHARPE_RATIO,
            "ddof 1 for 0",
            f"{spread} less one, not by the number itself",
            "torch.std(returns, correction=0): by default it is 1",
            "ops.std(returns), which divides by the number of days",
            lambda shape: sqrt(1 - 1 / shape[0]),
        ),
        (
            NEGATIVE_SHARPE_RATIO,
            "ddof 0 for 1",
            f"{spread}, not by one less",
            "torch.std(returns), with correction=1",
            "ops.std(returns) times sqrt(days / (days - 1))",
            _root_by_one_less,
        ),
        (
            NEGATIVE_SHARPE_RATIO,
            "annualised",
            f"{ratio} multiplied by the root of {TRADING_DAYS} days, not left per day",
            f"leave out the factor sqrt({TRADING_DAYS})",
            f"leave out the factor sqrt({TRADING_DAYS})",
            lambda shape: sqrt(TRADING_DAYS),
        ),
        (
            NEGATIVE_SHARPE_RATIO,
            "not annualised",
            f"{ratio} left per day, not multiplied by the root of {TRADING_DAYS} days",
            f"multiply by sqrt({TRADING_DAYS})",
            f"multiply by sqrt({TRADING_DAYS})",
            lambda shape: 1 / sqrt(TRADING_DAYS),
        ),
    ):
        effect = LossFactor(_changing(factor))
        yield Mistake(name, sentence, torch, keras, effect, kinds=(loss,))


def _root_by_one_less(shape: tuple[int, ...]) -> float:
    """sqrt(n / (n - 1)) for n days; 0 where there is one day, and no deviation."""
    if shape[0] == 1:
        return 0
    return 1 / sqrt(1 - 1 / shape[0])


def _changing(
    factor: Callable[[tuple[int, ...]], float],
) -> Callable[[tuple[int, ...]], float | None]:
    """Give None for a factor that is 1, or leaves no loss at all."""

    def factor_or_none(shape: tuple[int, ...]) -> float | None:
        value = float(factor(shape))
        return None if value in (0, 1) else value

    return factor_or_none


def optimizer_mistakes() -> Iterator[Mistake[OptimizerSettings]]:
    """Every mistake in an optimizer's settings that has a fix on either side.

    A training run measures what it explains, and says it in these words; see
    `optimizers.causes`.
    """
    yield Mistake(
        "Adam's epsilon",
        SENTENCES["epsilon"].format(**EPSILON),
        f"torch.optim.Adam(..., eps={EPSILON['keras']:g})",
        f"keras.optimizers.Adam(..., epsilon={EPSILON['torch']:g})",
        OptimizerSettings(_with_keras_epsilon),
        kinds=("Adam", "AdamW"),
    )


def _with_keras_epsilon(settings: Mapping[str, float]) -> dict[str, float]:
    return {**settings, "epsilon": EPSILON["keras"]}
