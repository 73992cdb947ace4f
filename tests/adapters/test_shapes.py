"""A twin is built with less work, into what Keras would build."""

from contextlib import nullcontext

import keras
import pytest

from compare.in_keras import symbolic
from compare.in_keras import twin as in_keras
from compare.judging.arrays import sequences

FEATURES, SIZE = 3, 4
OPTIONS = {
    "last step": {},
    "every step": dict(return_sequences=True),
    "backwards": dict(return_sequences=True, go_backwards=True),
    "states": dict(return_state=True),
    "unrolled": dict(unroll=True),
}
CASES = [  # Keras unrolls a number of steps that it knows
    (options, time)
    for options in OPTIONS
    for time in (None, 5)
    if time or options != "unrolled"
]


def recurrent(kind, start=None, **options):
    """What makes a model of a mask and one recurrent layer, started with `start`."""

    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.masking = keras.layers.Masking()
            self.rnn = getattr(keras.layers, kind)(SIZE, **options)

        def call(self, x):
            states = keras.ops.zeros(start) if start else None
            return self.rnn(self.masking(x), initial_state=states)

    return Model


def built(make, time):
    """What a twin returns, in shape and type, and the weights that it got."""
    keras.utils.set_random_seed(1)
    inputs = sequences(time, FEATURES)
    twin = in_keras.Twin(make, inputs, "float32", None)
    returned = [(each.shape, each.dtype) for each in twin.functional.outputs]
    return returned, [weight.numpy().tolist() for weight in twin.model.weights]


@pytest.mark.parametrize(("options", "time"), CASES)
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
def test_shapes_and_drawn_weights_are_those_of_keras(monkeypatch, kind, options, time):
    """Whether the loop is traced, and weights drawn for it, or not."""
    make = recurrent(kind, **OPTIONS[options])
    found = built(make, time)
    for name in ("weights_not_drawn", "loops_not_traced"):
        monkeypatch.setattr(symbolic, name, lambda layer: nullcontext())

    assert built(make, time) == found


def test_states_that_the_loop_refuses_are_refused_when_a_twin_is_built():
    """One row of states for any number of sequences."""
    make = recurrent("SimpleRNN", start=(1, SIZE))

    with pytest.raises(ValueError, match="shape"):
        built(make, None)
