"""Fixtures that the tests in this folder share."""

import time

import numpy as np
import pytest

from compare.judging.optimizers import Recipe


@pytest.fixture(scope="session")
def train(etfs):
    """What trains a pair, by default as the note does, and returns the evidence."""
    from training_runs import BY_NAME, silent

    from compare.subjects import built_in
    from compare.twins import training

    def trained(pair="stock_price", progress=silent, **recipe):
        pair = BY_NAME[pair] if isinstance(pair, str) else pair
        recipe = Recipe(**recipe)
        task = built_in.task(pair, etfs, recipe.seed)
        return training.train(task, recipe, time.perf_counter(), progress)

    return trained


@pytest.fixture(scope="session")
def two_epochs(train):
    """The steps of two epochs; the state of random numbers before and after them."""
    import torch
    from training_runs import Steps

    with pytest.MonkeyPatch.context() as patch:
        steps = Steps(patch)
        states = [(torch.get_rng_state().tolist(), str(np.random.get_state()))]
        train(epochs=2)
        states += [(torch.get_rng_state().tolist(), str(np.random.get_state()))]
    return steps, dict(zip(("torch", "numpy"), zip(*states, strict=True), strict=True))
