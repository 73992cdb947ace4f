"""Mistakes in what a model learns by: the value of its loss, and its optimizer."""

from collections.abc import Callable, Iterator
from math import prod, sqrt

from compare.judging.losses import (
    CROSS_ENTROPY,
    MEAN_SQUARED_ERROR,
    NEGATIVE_SHARPE_RATIO,
)
from compare.judging.optimizers import SENTENCES
from compare.kinds.mistake import LOSS, OPTIMIZER, Mistake

TRADING_DAYS = 252  # in a year
EPSILON = {"torch": 1e-8, "keras": 1e-7}  # of Adam and AdamW, by default


def loss_mistakes() -> Iterator[Mistake]:
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
            lambda shape: 1 / sqrt(1 - 1 / shape[0]) if shape[0] > 1 else 0,
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
        yield Mistake(name, sentence, torch, keras, LOSS, (loss,), _changes(factor))


def _changes(factor: Callable) -> Callable:
    """The factor for a shape; None where it is 1, or leaves no loss at all."""

    def change(shape):
        value = float(factor(shape))
        return None if value in (0, 1) else value

    return change


def optimizer_mistakes() -> Iterator[Mistake]:
    """Every mistake in an optimizer's settings that has a fix on either side.

    A training run measures what it explains, and says it in these words; see
    `optimizers.causes`.
    """
    yield Mistake(
        "Adam's epsilon",
        SENTENCES["epsilon"].format(**EPSILON),
        f"torch.optim.Adam(..., eps={EPSILON['keras']:g})",
        f"keras.optimizers.Adam(..., epsilon={EPSILON['torch']:g})",
        OPTIMIZER,
        ("Adam", "AdamW"),
        lambda settings: {**settings, "epsilon": EPSILON["keras"]},
    )
