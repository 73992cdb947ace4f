"""Mistakes in layers that normalise: in their arrays, and in what they compute."""

from collections.abc import Callable, Iterator

import numpy as np

from compare.kinds.layer import Arrays
from compare.kinds.mistake import NORMS, ArraysOfLayer, Call, Computation, Mistake


def normalised(
    call: Call, epsilon: float | None, of_batch: bool = False
) -> np.ndarray | None:
    """What a layer that normalises makes of its input.

        y = weight * (x - mean) / sqrt(variance + epsilon) + bias

    Mean and variance (of all values, not one less) are those of each sample and step in
    a LayerNorm; in a BatchNorm1d, once it has learnt, the running ones of each feature.

    Args:
        call: the layer and its x, (batch, features) or (batch, time, features).
        epsilon: keeps the divisor from zero; None where it is not known.
        of_batch: whether a BatchNorm1d takes the mean and variance of x, as it does
            while it learns.

    Returns:
        As x; None for a BatchNorm1d that keeps no running statistics, or for a
        LayerNorm of those of the batch.

    Source: Ba, Kiros & Hinton 2016, arXiv:1607.06450, equation 4; Ioffe & Szegedy 2015,
        arXiv:1502.03167, algorithm 2.
    """
    arrays, x = call.arrays, np.asarray(call.x, "float64")
    if epsilon is None or (of_batch and call.kind == "LayerNorm"):
        return None
    if call.kind == "LayerNorm":
        axes = tuple(range(-arrays["weight"].ndim, 0))
        mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    elif of_batch:
        axes = tuple(range(x.ndim - 1))
        mean, variance = x.mean(axes), x.var(axes)
    elif "running_mean" in arrays:
        mean, variance = arrays["running_mean"], arrays["running_var"]
    else:
        return None
    with np.errstate(invalid="ignore"):  # a wrong variance may be below zero
        standard = (x - mean) / np.sqrt(variance + epsilon)
    result: np.ndarray = arrays.get("weight", 1) * standard + arrays.get("bias", 0)
    return result


# How a layer normalises: with PyTorch's default or with Keras's.
EPSILONS: dict[str, Callable[[Call], np.ndarray | None]] = {
    "epsilon 1e-5": lambda call: normalised(call, 1e-5),
    "epsilon 1e-3": lambda call: normalised(call, 1e-3),
}

# With which mean and variance, and the epsilon that the layer has.
STATISTICS: dict[str, Callable[[Call], np.ndarray | None]] = {
    "learnt statistics": lambda call: normalised(call, call.epsilon),
    "statistics of the batch": lambda call: normalised(call, call.epsilon, True),
}


def norm_mistakes() -> Iterator[Mistake[ArraysOfLayer | Computation]]:
    """Every mistake in the arrays of a normalisation layer and in what it computes."""
    for right, wrong, whose in (
        ("1e-5", "1e-3", "Keras's"),
        ("1e-3", "1e-5", "PyTorch's"),
    ):
        yield Mistake(
            f"epsilon {wrong} for {right}",
            f"the epsilon below the root is {wrong}, {whose} default, not {right}",
            f"eps={right}",
            f"epsilon={right}",
            NORMS,
            Computation(EPSILONS[f"epsilon {wrong}"], right=f"epsilon {right}"),
        )
    yield Mistake(
        "statistics of the batch for learnt statistics",
        "mean and variance are those of this batch, as in training, not the learnt",
        "model.eval(), and no .train() in forward",
        "call the layer with training=False",
        ("BatchNorm1d",),
        Computation(STATISTICS["statistics of the batch"], right="learnt statistics"),
    )
    yield Mistake(
        "initial scale and offset",
        "the layer still has the scale 1 and the offset 0 that it was made with",
        "copy gamma and beta into weight and bias",
        "copy weight and bias into gamma and beta",
        NORMS,
        ArraysOfLayer(_set(weight=1, bias=0)),
    )
    yield Mistake(
        "initial statistics",
        "the running statistics are still the mean 0 and the variance 1 of a new layer",
        "copy moving_mean and moving_variance into running_mean and running_var",
        "copy running_mean and running_var into moving_mean and moving_variance",
        ("BatchNorm1d",),
        ArraysOfLayer(_set(running_mean=0, running_var=1)),
    )
    yield Mistake(
        "mean and variance swapped",
        "the running mean and the running variance are in each other's place",
        "swap running_mean and running_var",
        "swap moving_mean and moving_variance",
        ("BatchNorm1d",),
        ArraysOfLayer(_swapped_statistics),
    )


def _set(**values: float) -> Callable[[Arrays], Arrays | None]:
    """Put one number everywhere in each array of a name; None where there is none."""

    def changed(arrays: Arrays) -> Arrays | None:
        numbers = {n: value for n, value in values.items() if n in arrays}
        constant = {n: np.full_like(arrays[n], v) for n, v in numbers.items()}
        return {**arrays, **constant} if constant else None

    return changed


def _swapped_statistics(arrays: Arrays) -> Arrays | None:
    """Put mean and variance in each other's place; None where there are none."""
    if "running_mean" not in arrays:
        return None
    mean, variance = arrays["running_mean"], arrays["running_var"]
    return {**arrays, "running_mean": variance, "running_var": mean}
