"""Batches are those of a script that shuffles."""

from importlib import import_module

import numpy as np
import pytest
import torch
from training_runs import drawn_order, group, script


def of_a_script(source, seed):
    """The batches of two epochs of a script that makes the model, then its loader."""
    days = np.random.RandomState(0)
    features, prices = (days.rand(100, n).astype(np.float32) for n in (5, 1))
    home = "pytorch_models" if source == "DataLoader" else source
    data = import_module(f"{home}.stock_data")
    windows = data.StockWindows(features, prices, 7)
    script(seed)
    if source == "DataLoader":
        epochs = torch.utils.data.DataLoader(
            windows, batch_size=20, shuffle=True, drop_last=True
        )
        epochs = [list(epochs), list(epochs)]
    else:
        orders = [drawn_order(), drawn_order()]
        epochs = [data.StockBatches(windows, 20, order, True) for order in orders]
    return [tuple(map(np.asarray, xy)) for batches in epochs for xy in batches]


def same_batches(steps, batches):
    """Whether all four models learnt from just these batches, bit for bit."""
    return all(
        len(taken) == len(batches) > 0
        and all(
            np.array_equal(arrays[0], x) and np.array_equal(target, y)
            for (arrays, target, _), (x, y) in zip(taken, batches, strict=True)
        )
        for taken in steps.taken.values()
    )


@group("two epochs")
@pytest.mark.parametrize("source", ["DataLoader", "pytorch_models", "keras_models"])
def test_batches_are_those_of_a_script_that_shuffles(two_epochs, source):
    steps, _ = two_epochs
    batches = of_a_script(source, seed=0)

    assert len(steps.taken) == 4
    assert len(batches) == 8
    assert same_batches(steps, batches)


@group("two epochs")
def test_batches_of_another_seed_are_others(two_epochs):
    """The comparison above can fail."""
    steps, _ = two_epochs

    assert not same_batches(steps, of_a_script("DataLoader", seed=1))


@group("two epochs")
@pytest.mark.parametrize("generator", ["torch", "numpy"])
def test_training_leaves_global_random_numbers_alone(two_epochs, generator):
    """What a caller draws next does not depend on whether twins were trained."""
    _, states = two_epochs
    before, after = states[generator]

    assert after == before
