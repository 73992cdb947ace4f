"""Gradients of each loss are the same."""

from functools import partial

import numpy as np
import pytest
from gradient_models import (
    CLASSES,
    FEATURES,
    HIDDEN,
    INPUTS,
    LENGTHS,
    MODEL,
    SIDES,
    gradients,
    last_step_group,
    of_each,
    padded,
)

from compare.judging.result import SAME
from compare.judging.words import PRECISIONS
from compare.twins.frameworks import DIRECTIONS
from compare.twins.models import losses, twin_makers
from compare.twins.targets import targets
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

CLASSIFIERS = {"lstm_model": ("LSTMModel", INPUTS[:1]), MODEL[0]: (MODEL[1], INPUTS)}


@pytest.mark.parametrize("file", CLASSIFIERS)
def test_gradients_of_classifiers_are_the_same(file):
    """Cross-entropy of five classes, in both directions."""
    cls, inputs = CLASSIFIERS[file]
    sizes = dict(num_features=FEATURES, hidden_size=HIDDEN, num_outputs=CLASSES)
    make = twin_makers(file, cls, sizes)
    twins = Twins(make, inputs, ["prediction"])
    labels = targets("cross_entropy", [(len(LENGTHS), CLASSES)], seed=0)
    arrays = (padded(0.0), LENGTHS)[: len(inputs)]
    verdicts = []
    for direction in DIRECTIONS:
        twins.load(direction, partial(fresh_weights, seed=[1]))
        verdicts.append(twins.gradients("cross_entropy", arrays, labels).verdict)

    assert labels[0].dtype == np.int64
    assert verdicts == [SAME, SAME]


@last_step_group
@pytest.mark.parametrize(
    "loss", ["mean_squared_error", "cross_entropy", "negative_sharpe_ratio"]
)
def test_gradients_of_each_loss_are_the_same(last_step, etfs, loss):
    found = gradients(last_step, etfs, loss)

    assert found.verdict == SAME, found


@last_step_group
@pytest.mark.parametrize(("days", "any_gradient"), [(1, False), (4, True)])
def test_one_day_has_no_sharpe_ratio_and_no_gradient(
    last_step, etfs, days, any_gradient
):
    """Zeros on both sides in place of NaN."""
    returns = targets("negative_sharpe_ratio", [(days, 4)], seed=0)
    for side in SIDES:
        loss = losses("negative_sharpe_ratio")[side]
        for dtype in PRECISIONS:
            value, by_input, by_layer = last_step.twin(side, dtype).gradients(
                loss, (etfs.windows(50, days),), returns, [None]
            )
            arrays = [value, by_input["x"]]
            arrays += [a for each in by_layer.values() for a in each.arrays.values()]

            assert len(arrays) == (8 if side == "torch" else 7)
            assert [array.any() for array in arrays] == [any_gradient] * len(arrays)


@last_step_group
def test_gradients_of_one_day_are_the_same(last_step, etfs):
    found = gradients(last_step, etfs, "negative_sharpe_ratio", batch=1)

    assert found.verdict == SAME, found


PARTS = [
    ("LSTM stacked, projected", "0.", "_l0"),
    ("LSTM stacked, projected", "1.", "_l1"),
    ("RNN both ways", "0.forward.", "_l0"),
    ("RNN both ways", "0.backward.", "_l0_reverse"),
]


@pytest.mark.parametrize(
    ("name", "prefix", "suffix"),
    [pytest.param(*part, marks=pytest.mark.xdist_group(part[0])) for part in PARTS],
)
def test_each_of_two_biases_has_the_gradient_of_keras_one(masked, name, prefix, suffix):
    """The whole of it, not half."""
    attribute = name.split()[0].lower()
    _, torch = masked(name).of("torch", "float64")
    _, keras = masked(name).of("keras", "float64")
    one = keras[attribute].arrays[f"{prefix}bias"]

    assert np.abs(one).max() > 1e-3
    for bias in ("bias_ih", "bias_hh"):
        two = torch[attribute].arrays[f"{bias}{suffix}"]
        assert np.abs(two - one).max() < 1e-15


@of_each(["GRU both ways"])
def test_a_gru_has_both_biases_on_both_sides(masked, name):
    """Rows of Keras's one array, gates z, r, h there and r, z, n in PyTorch."""
    _, torch = masked(name).of("torch", "float64")
    _, keras = masked(name).of("keras", "float64")
    both = keras["gru"].arrays["0.forward.bias"]

    assert both.shape == (2, 3 * HIDDEN)
    assert np.abs(both[0] - both[1]).max() > 1e-3
    for row, bias in zip(both, ("bias_ih_l0", "bias_hh_l0"), strict=True):
        r, z, n = np.split(torch["gru"].arrays[bias], 3)
        assert np.abs(row - np.r_[z, r, n]).max() < 1e-15
