"""Inputs by name, in whatever order their model has them."""

import keras
import numpy as np
import pytest
from torch import nn

import compare

RNG = np.random.default_rng(0)
X = {
    "x": RNG.normal(size=(4, 5)).astype(np.float32),
    "t": RNG.normal(size=(4, 1)).astype(np.float32),
}


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(5, 3)

    def forward(self, x, t):
        return self.head(x) * t


def in_keras(arrange):
    x, t = keras.Input((5,), name="x"), keras.Input((1,), name="t")
    return keras.Model(arrange(x, t), keras.layers.Dense(3)(x) * t)


FORMS = {
    "list": lambda x, t: [x, t],
    "list in another order": lambda x, t: [t, x],
    "dictionary": lambda x, t: {"x": x, "t": t},
}


@pytest.mark.parametrize("arrange", FORMS.values(), ids=FORMS)
def test_a_dictionary_reaches_each_input_by_its_name(arrange):
    """Keras takes a dictionary of symbols in the order of sorted names."""
    assert compare.check(Scaled(), in_keras(arrange), X, "to_keras").verdict == "same"
