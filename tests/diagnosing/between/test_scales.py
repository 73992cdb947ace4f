"""Numbers that scale and shift are read from what they make; nothing else is."""

import numpy as np
import pytest

from compare.diagnosing.between.joins import joined
from compare.diagnosing.between.operation import Operation, apart
from compare.diagnosing.between.scales import scaled
from compare.diagnosing.between.standards import standardised
from compare.diagnosing.between.written_numbers import operation_of_features
from compare.mistakes import ACTIVATIONS, RESULTS
from compare.mistakes.activations import NONE

RNG = np.random.default_rng(3)
X = RNG.normal(size=(6, 9, 4))
MEANS, DEVIATIONS = np.array([-0.5, 0.1, 2, 7]), np.array([0.2, 1, 3, 40])
FUNCTIONS = {NONE: ACTIVATIONS[NONE], **ACTIVATIONS}
SOFTMAX = {"nothing": RESULTS["nothing"], **RESULTS}


def read(y, x=X, functions=FUNCTIONS):
    """What takes x to y, in words, and whether it does."""
    found = list(scaled(x, y, functions))
    for _, change in found:
        np.testing.assert_allclose(change(x), y, rtol=1e-11, atol=1e-11)
    return [operation.does for operation, _ in found]


@pytest.mark.parametrize(
    ("change", "said"),
    {
        "x * 2": (lambda x: x * 2, "multiplies by 2"),
        "x / 255": (lambda x: x / 255, "divides by 255"),
        "x - 0.5": (lambda x: x - 0.5, "subtracts 0.5"),
        "x * 2 + 1": (lambda x: x * 2 + 1, "multiplies by 2 and adds 1"),
        "standard": (
            lambda x: (x - 0.1307) / 0.3081,
            "subtracts 0.1307 and divides by 0.3081",
        ),
        "factors": (
            lambda x: x * DEVIATIONS,
            "multiplies 3 of 4 features by a factor each, from 0.2 to 40",
        ),
        "shifts": (
            lambda x: x - MEANS,
            "adds a number to 4 features each, from -7 to 0.5",
        ),
        "standard each": (
            lambda x: (x - MEANS) / DEVIATIONS,
            "subtracts a number from 4 features each, from -0.5 to 7, and divides by "
            "another, from 0.2 to 40",
        ),
        "behind": (
            lambda x: 3 * np.tanh(x),
            "has a tanh and multiplies by 3 after that",
        ),
        "before": (
            lambda x: np.tanh(3 * x - 1),
            "multiplies by 3 and subtracts 1 and has a tanh after that",
        ),
    }.values(),
)
def test_numbers_are_read_as_they_were_written(change, said):
    assert read(change(X)) == [said]


def test_a_temperature_is_read_from_what_a_softmax_makes():
    said = "multiplies by 0.5 and has a softmax over the outputs after that"

    assert read(RESULTS["a softmax over the outputs"](X / 2), X, SOFTMAX) == [said]


NO_SCALE = {
    "a square": X**2,
    "a sine": np.sin(X),
    "a number of each step": X * np.linspace(1, 2, 9)[:, None],
    "noise": X * 2 + RNG.normal(0, 1e-9, X.shape),
    "one number": np.ones_like(X),
    "something else": RNG.normal(size=X.shape),
    "NaN": np.full_like(X, np.nan),
}


@pytest.mark.parametrize("y", NO_SCALE.values(), ids=NO_SCALE)
def test_what_is_no_scale_is_read_as_none(y):
    assert read(y) == []


def test_as_many_numbers_as_equations_prove_nothing():
    """Any output of a batch of one is the input times a factor for each feature."""
    one = X[:1, 0]

    assert read(RNG.normal(size=one.shape), one) == []
    assert read(one * DEVIATIONS, one) == []
    assert read(one * 2 + 1, one) == []


def test_one_factor_of_a_batch_of_one_is_read():
    assert read(X[:1, 0] / 255, X[:1, 0]) == ["divides by 255"]


def test_features_that_repeat_prove_no_numbers_of_their_own():
    same = np.broadcast_to(X[:1, :1], X.shape)

    assert read(same + MEANS, same) == []


def test_a_feature_that_is_zero_throughout_hides_no_factor():
    x = X * [1, 1, 0, 1]

    assert read(x * 0.1, x) == ["multiplies by 0.1"]


def test_what_differs_in_a_digit_is_another_operation():
    first, second = (next(scaled(X, X * f, FUNCTIONS))[0] for f in (2, 2.0000001))

    assert first != second


def test_factors_of_one_range_are_other_operations():
    factors = np.array([1.5, 2, 3, 5]), np.array([1.5, 3, 2, 5])
    first, second = (next(scaled(X, X * f, FUNCTIONS))[0] for f in factors)

    assert first.does == second.does
    assert first != second


# ------------------------------------------------------------------------ other arrays

P, Q = RNG.normal(size=(2, *X.shape))
OTHERS = [("p", P), ("q", Q)]
relu, sigmoid = ACTIVATIONS["a relu"], ACTIVATIONS["a sigmoid"]


def joins(y):
    """What takes X to y with P or Q, in words; and whether it does."""
    found = list(joined(X, y, OTHERS, FUNCTIONS, 1e-13))
    for _, change in found:
        np.testing.assert_allclose(change(X), y, rtol=0, atol=1e-12)
    return [operation.does for operation, _ in found]


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (X + P, "adds p"),
        (X - Q, "subtracts q"),
        (X * P, "multiplies by p"),
        ((X + Q) / 2, "takes the average with q"),
        (X * sigmoid(Q), "multiplies by a sigmoid of q"),
        (relu(X + P), "adds p and has a relu after that"),
        (relu(X) + P, "has a relu and adds p after that"),
        (
            np.tanh(X) * sigmoid(P),
            "has a tanh and multiplies by a sigmoid of p after that",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_another_array_is_found_in_what_comes_next(y, said):
    """A relu6 may fit as well, where nothing exceeds 6; it is told behind a relu."""
    assert joins(y)[0] == said


@pytest.mark.parametrize(
    "y",
    [X + P + 1e-9, X + P + Q, X + 2 * P, X[::-1] + P, X + X, np.zeros_like(X)],
    ids=["a little more", "both", "twice", "mixed", "itself", "zeros"],
)
def test_what_no_sum_or_product_makes_is_none(y):
    assert joins(y) == []


def test_an_operation_after_or_before_nothing_is_itself():
    adds = Operation("adds p", "x + p")

    assert adds.after(NONE).before("nothing") == adds


# ----------------------------------------------------------------- its own mean

MEAN = "subtracts the mean of each feature over the steps"
STANDARD = f"{MEAN} and divides by the standard deviation with"


def own(y, x=X):
    """What makes y of x by x's own mean, in words; and whether it does."""
    found = list(standardised(x, y))
    for _, change in found:
        np.testing.assert_allclose(change(x), y, rtol=0, atol=1e-10)
    return [operation.does for operation, _ in found]


def less_mean(x, axes=1):
    return x - x.mean(axis=axes, keepdims=True)


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (less_mean(X), MEAN),
        (less_mean(X) / X.std(1, keepdims=True), f"{STANDARD} n"),
        (less_mean(X) / X.std(1, keepdims=True, ddof=1), f"{STANDARD} n - 1"),
        (
            less_mean(X) / (X.std(1, keepdims=True, ddof=1) + 1e-6),
            f"{STANDARD} n - 1, plus 1e-06",
        ),
        (
            less_mean(X) / np.sqrt(X.var(1, keepdims=True) + 1e-5),
            f"{STANDARD} n, plus 1e-05 below the root",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_an_array_less_its_own_mean_is_told(y, said):
    assert own(y) == [said]


def test_a_mean_over_other_axes_is_another():
    (over_batch,), (of_samples,) = own(less_mean(X, (0, 1))), own(less_mean(X, (1, 2)))

    assert over_batch == "subtracts the mean of each feature over batch and steps"
    assert of_samples == "subtracts the mean of each sample"


@pytest.mark.parametrize(
    "y", [X, X / 2, less_mean(X) / 3, less_mean(X) + 1e-8, np.zeros_like(X)]
)
def test_what_is_no_mean_of_its_own_is_none(y):
    assert own(y) == []


def test_two_steps_prove_no_deviation():
    """Each is as far from their mean, so that signs are all that is left."""
    x = X[:, :2]

    assert own(less_mean(x) / x.std(1, keepdims=True), x) == []


@pytest.mark.parametrize("axes", [2, 3, 4])
@pytest.mark.parametrize(("ddof", "count"), [(0, "n"), (1, "n - 1")])
def test_a_deviation_of_all_values_is_no_number_of_the_batch(axes, ddof, count):
    x = RNG.normal(size=(5, 4, 3, 2)[:axes])
    (operation, change), *_ = standardised(x, (x - x.mean()) / x.std(ddof=ddof))

    assert operation.does == (
        "subtracts the mean of all values and divides by the standard deviation with "
        + count
    )
    np.testing.assert_allclose(change(x), (x - x.mean()) / x.std(ddof=ddof))


def test_a_hard_sigmoid_whose_bounds_nothing_reaches_is_named():
    x = np.clip(X, -2.9, 2.9)

    assert read(x / 6 + 0.5, x) == ["takes a hard sigmoid, relu6(x + 3) / 6"]
    assert read(x / 5 + 0.5, x) == ["multiplies by 0.2 and adds 0.5"]


@pytest.mark.parametrize(
    ("factor", "said"),
    [(255, "each 1/255 of that of Keras"), (1 / 255, "each 255 times that of Keras")],
)
def test_means_and_deviations_of_pixels_and_of_parts_of_one_are_told_by_255(
    factor, said
):
    """One side divides the image by 255 before it subtracts its means."""
    none_same = np.zeros(len(MEANS), bool)
    factors, shifts = 1 / DEVIATIONS, -MEANS / DEVIATIONS
    torch = operation_of_features(factors, shifts, none_same)
    keras = operation_of_features(factors / factor, shifts, none_same)

    assert apart(torch, keras) == said
