"""A model that takes one sample at a time."""

import keras
import numpy as np
from torch import nn

import compare


class OneSample(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(4, 5)

    def forward(self, x):
        if x.shape[0] > 1:
            raise ValueError("one sample at a time")
        return self.dense(x)


def test_results_are_compared_where_the_first_inputs_are_refused():
    """They were without names, and then there was nothing to compare."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5)])
    x = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")

    evidence = compare.check(OneSample(), model, x, "to_keras")

    verdicts = {result.batch: result.verdict for result in evidence.results}
    assert verdicts[3] == "one refuses"
    assert verdicts[1] == "same"
