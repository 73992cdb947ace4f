"""A mean by hand of the steps that a mask keeps, beside a mean of all."""

import numpy as np
import pytest

from compare.diagnosing.operations.recognised import recognised

RNG = np.random.default_rng(1)
X = RNG.normal(size=(3, 5, 4))
TOKENS = np.array([[3, 1, 0, 0, 0], [1, 2, 3, 4, 5], [7, 6, 5, 0, 0]])
KEPT = (TOKENS != 0)[..., None]
TOTAL = (X * KEPT).sum(1)


@pytest.mark.parametrize("mask", [TOKENS, KEPT, KEPT.astype(float)])
@pytest.mark.parametrize(
    ("output", "name"), [(TOTAL / KEPT.sum(1), "the mean"), (TOTAL, "the sum")]
)
def test_what_is_taken_of_the_steps_that_are_kept_is_named(mask, output, name):
    (label, *_) = recognised(output, [X, mask])

    assert str(label) == (
        f"{name} over axis 1, of the steps alone that are not 0 in the mask"
    )


def test_a_mean_of_all_steps_is_not_taken_for_one_of_some():
    labels = [str(label) for label in recognised(X.mean(1), [X, TOKENS])]

    assert labels == ["the mean over axis 1"]
