"""A user's models are compared with the weights they have."""

import keras
import numpy as np
from own_pairs import DIFFERENT, SAME, X, nested, sequential
from torch import nn

import compare


def test_weights_as_they_are_are_not_the_same_before_a_transfer():
    evidence = compare.check(nested(), sequential(), X)

    assert evidence.verdict == DIFFERENT


def test_rounded_sums_of_biases_are_the_same_parameters_and_counted():
    model, twin = nested(), sequential()
    compare.transfer(model, twin)  # Keras's float32 rounds the sum of the two biases
    state = {n: t.numpy() for n, t in model.state_dict().items()}
    exact = sum(state[f"encoder.rnn.bias_{k}h_l0"].astype("float64") for k in "ih")
    count = int((exact != exact.astype("float32")).sum())

    evidence = compare.check(model, twin, X)

    assert count > 5
    assert evidence.verdict == SAME
    assert f"{count} parameters" in " ".join(evidence.notes)


def test_error_of_eight_units_in_the_last_place_is_a_difference():
    model, twin = nested(), sequential()
    compare.transfer(model, twin)
    kernel, recurrent, bias = twin.layers[0].get_weights()
    twin.layers[0].set_weights([kernel, recurrent, bias * np.float32(1 + 8 * 2**-23)])

    assert compare.check(model, twin, X).verdict == DIFFERENT


def test_bias_of_zero_does_not_hide_that_one_is_dropped():
    """A fresh Keras model has biases of zero: only random ones show the mistake."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(8, 6, batch_first=True)
            self.head = nn.Linear(6, 3)

        def forward(self, x):
            return self.rnn(x)[0][:, -1] @ self.head.weight.T

    layers = keras.layers
    twin = keras.Sequential([keras.Input((None, 8)), layers.LSTM(6), layers.Dense(3)])
    model = Model()
    compare.transfer(twin, model)

    evidence = compare.check(model, twin, X)

    by_weights = {result.direction: result.verdict for result in evidence.results}
    assert by_weights == {"as is": SAME, "random": DIFFERENT}
