"""What layers that normalise have in common."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from compare.kinds.changes import filled
from compare.kinds.computing import Computed
from compare.kinds.layer import Arrays
from compare.kinds.mistake import ArraysOfLayer, Call, Computation, Mistake
from compare.kinds.option import Option, Value
from compare.kinds.rows import copied, in_any_layer

SCALED = (copied("weight", "gamma"), copied("bias", "beta"))
SCALED_ALONE = in_any_layer(*SCALED)  # of a kind that learns no statistics
SWITCHES = {"gamma": "scale", "beta": "center"}

EPSILON = Option("epsilon", "eps", "epsilon", 1e-5, 1e-3, sample=(1e-4, 1e-4))


def scale_and_offset(torch: str) -> tuple[Option, Option]:
    """The settings without which there is no scale, and no offset.

    Args:
        torch: PyTorch's setting, which is one for both.
    """
    return (
        Option("scale", torch, "scale", True, True, sample=(False, False)),
        Option("offset", torch, "center", True, True, sample=(False, False)),
    )


def scaled(standard: np.ndarray, arrays: Arrays) -> np.ndarray:
    """Multiply by the scale and add the offset, where there are any."""
    result: np.ndarray = arrays.get("weight", 1) * standard + arrays.get("bias", 0)
    return result


def standardised(
    x: np.ndarray, mean: np.ndarray, variance: np.ndarray, epsilon: float
) -> np.ndarray:
    """(x - mean) / sqrt(variance + epsilon)."""
    with np.errstate(invalid="ignore"):  # a wrong variance may be below zero
        result: np.ndarray = (x - mean) / np.sqrt(variance + epsilon)
    return result


# What a call wrongly computes, or rightly.
OfCall = Callable[[Call], Computed | None]


def with_options(**options: Value) -> OfCall:
    """Compute what a layer would with other settings."""

    def compute(call: Call) -> Computed | None:
        result: Computed | None = call.run(**options)
        return result

    return compute


def _epsilon(right: str, wrong: str, framework: str) -> Mistake[Computation]:
    return Mistake(
        f"epsilon {wrong} for {right}",
        f"the epsilon below the root is {wrong}, {framework}'s default, not {right}",
        f"eps={right}",
        f"epsilon={right}",
        Computation(
            with_options(epsilon=float(wrong)), with_options(epsilon=float(right))
        ),
    )


EPSILONS = (
    _epsilon("1e-5", "1e-3", "Keras"),
    _epsilon("1e-3", "1e-5", "PyTorch"),
)
INITIAL_SCALE = Mistake(
    "initial scale and offset",
    "the layer still has the scale 1 and the offset 0 that it was made with",
    "copy gamma and beta into weight and bias",
    "copy weight and bias into gamma and beta",
    ArraysOfLayer(filled(weight=1, bias=0)),
)
