"""Stages of both twins, brought together to be compared."""

import numpy as np
import pytest

from compare.errors import BadInput
from compare.judging import verdict
from compare.twins.stages import four_of


def stages(torch: tuple[int, ...], keras: tuple[int, ...]):
    """A result of these shapes, in both precisions."""
    shapes = {"torch": torch, "keras": keras}
    return {
        (side, precision): {"output": np.ones(shape, precision)}
        for side, shape in shapes.items()
        for precision in ("float32", "float64")
    }


def test_a_result_that_is_empty_on_one_side_is_different():
    """A slice that is cut elsewhere by mistake may leave nothing of it."""
    four = four_of("output", stages((2, 0), (2, 3)))

    (result,) = verdict.judge_run({"output": four})
    assert result.verdict == "different"


def test_a_result_that_is_empty_on_both_sides_is_refused():
    with pytest.raises(BadInput, match="expected something to compare"):
        four_of("output", stages((2, 0), (2, 0)))
