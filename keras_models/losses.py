"""Loss functions: what training makes small. PyTorch and Keras get one number."""

import keras
from keras import ops

CONSTANT = 1e-6  # rounding alone makes equal float32 returns deviate by up to 2e-7


def mean_squared_error(
    prediction: keras.KerasTensor, target: keras.KerasTensor
) -> keras.KerasTensor:
    """Mean of the squared differences over all elements.

        loss = 1 / n sum_i (prediction_i - target_i)^2

    The shapes must be the same: a prediction (batch, 1) less a target (batch,) makes
    (batch, batch) in both frameworks, every prediction against every target, and its
    mean is a number that looks like a loss.

    Args:
        prediction: float, any shape, e.g. (batch, 1), in the unit of the targets.
        target: float, the same shape.

    Returns:
        The loss, a scalar, in the square of that unit.

    Raises:
        ValueError: if the shapes differ, or there is no element. Sizes that a traced
            Keras function learns only when it runs are refused by its backend then.

    Source: Goodfellow, Bengio & Courville 2016, Deep Learning, section 5.1.4,
        https://www.deeplearningbook.org.
    """
    if not _fit(prediction.shape, target.shape) or 0 in prediction.shape:
        raise ValueError(
            "mean_squared_error expects prediction and target of one shape that is "
            f"not empty, got {tuple(prediction.shape)} and {tuple(target.shape)}"
        )
    both = ops.stack([prediction, target])  # refuses sizes that only now are known
    return ops.mean(ops.square(both[0] - both[1]))


def cross_entropy(
    logits: keras.KerasTensor, labels: keras.KerasTensor
) -> keras.KerasTensor:
    """Mean over all labels of minus the log probability of the right class.

        loss = 1 / n sum_i -log softmax(logits_i)[label_i]

    The largest logit is subtracted before exp, so that logits of 1e4 do not overflow
    and no probability is rounded to 0 or clipped before the logarithm.

    Args:
        logits: float, (batch, ..., num_outputs), any finite number, before a softmax;
            (batch, time, num_outputs) where each step has a label.
        labels: int64, (batch, ...), the number of the right class, from 0 to
            num_outputs - 1.

    Returns:
        The loss, a scalar, in nats.

    Raises:
        ValueError: if logits or labels are not of that shape, or labels not int64.
            A label out of range is refused by the framework, with an error of its
            own.

    Source: Goodfellow, Bengio & Courville 2016, Deep Learning, section 6.2.2.3,
        https://www.deeplearningbook.org.
    """
    _check_classes("cross_entropy", "logits", logits, labels)
    losses = ops.sparse_categorical_crossentropy(
        labels,
        ops.copy(logits),  # else Keras takes a softmax's output back to its input
        from_logits=True,
    )
    return ops.mean(losses)


def cross_entropy_of_probabilities(
    probabilities: keras.KerasTensor, labels: keras.KerasTensor
) -> keras.KerasTensor:
    """Cross-entropy of a model that ends with a softmax: Keras's usual one.

        loss = 1 / n sum_i -log probabilities_i[label_i]

    Keras finds the logits before the softmax where it can, and clips probabilities to
    [1e-7, 1 - 1e-7] where it cannot; PyTorch has `nll_loss`, of logarithms.

    Args:
        probabilities: float, (batch, ..., num_outputs), those of one label add up to 1.
        labels: int64, (batch, ...), as in `cross_entropy`.

    Returns:
        The loss, a scalar, in nats.

    Raises:
        ValueError: as `cross_entropy` does.

    Source: Goodfellow, Bengio & Courville 2016, Deep Learning, section 6.2.2.3,
        https://www.deeplearningbook.org.
    """
    _check_classes(
        "cross_entropy_of_probabilities", "probabilities", probabilities, labels
    )
    losses = ops.sparse_categorical_crossentropy(
        labels,
        probabilities,  # Keras takes a softmax's output back to its input, which helps
    )
    return ops.mean(losses)


def negative_sharpe_ratio(
    weights: keras.KerasTensor, returns: keras.KerasTensor
) -> keras.KerasTensor:
    """Minus the Sharpe ratio of a portfolio that is rebalanced every day.

        R_t = sum_i weights_(t-1, i) returns_(t, i)
        loss = -E[R] / sqrt(E[R^2] - E[R]^2)

    E is the mean over the batch, so the variance divides by the number of days (ddof
    0). The ratio is per day, not annualised, without costs and without a risk-free
    rate. The variance is computed as E[(R - E[R])^2], the same number, which cannot
    become negative by cancellation.

    Constant returns, a batch of one day among them, have no ratio: the loss is defined
    as 0 there, with gradient 0. Constant means a standard deviation of at most 1e-6
    times the largest |R|, in float32 and in float64. Just above it the loss is of size
    1e6; a ratio per day that a portfolio can reach is well below 1.

    Args:
        weights: float, (batch, num_assets), row t the portfolio weights chosen at the
            end of the day before day t.
        returns: float, (batch, num_assets), row t the returns of day t, p_t / p_(t-1)
            - 1, no unit.

    Returns:
        The loss, a scalar, no unit. NaN in, NaN out.

    Raises:
        ValueError: if they are not of that shape, or one is empty. Sizes that a traced
            Keras function learns only when it runs are refused by its backend then.

    Source: Zhang, Zohren & Roberts 2020, arXiv:2005.13665.
    """
    if (
        len(weights.shape) != 2
        or 0 in weights.shape
        or not _fit(weights.shape, returns.shape)
    ):
        raise ValueError(
            "negative_sharpe_ratio expects weights and returns of one shape (batch >= "
            f"1, num_assets >= 1), got {tuple(weights.shape)} and "
            f"{tuple(returns.shape)}"
        )
    both = ops.stack([weights, returns])  # refuses sizes that only now are known
    daily = ops.sum(both[0] * both[1], 1)  # (batch,), R
    mean = ops.mean(daily)
    mean = mean + ops.mean(daily - mean)  # Keras is off by 1e-6 at 5,000 days
    variance = ops.mean(ops.square(daily - mean))
    constant = ops.sqrt(variance) <= CONSTANT * ops.max(ops.abs(daily))
    # The gradient of where takes both branches: 0 times an infinite one would be NaN.
    variance = ops.where(constant, 1.0, variance)
    return ops.where(constant, 0.0, -mean / ops.sqrt(variance))


def _fit(one, other) -> bool:
    """Whether two shapes are the same in every size that is known.

    While Keras traces a function of any batch, that size is None.
    """
    return len(one) == len(other) and all(
        None in (a, b) or a == b for a, b in zip(one, other, strict=True)
    )


def _check_classes(loss: str, what: str, scores, labels) -> None:
    """Raise ValueError unless there is a label of type int64 for each row of scores."""
    if (
        len(scores.shape) < 2
        or 0 in scores.shape
        or not _fit(scores.shape[:-1], labels.shape)
    ):
        raise ValueError(
            f"{loss} expects {what} of shape (batch >= 1, ..., num_outputs >= 1) and "
            f"labels of shape (batch, ...), got {tuple(scores.shape)} and "
            f"{tuple(labels.shape)}"
        )
    dtype = keras.backend.standardize_dtype(labels.dtype)
    if dtype != "int64":
        raise ValueError(f"{loss} expects labels in int64, got {dtype}")
