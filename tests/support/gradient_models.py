"""Models whose gradients are compared."""

from functools import partial

import numpy as np
import pytest

from compare.judging.arrays import Input, sequences
from compare.twins.models import losses, twin_makers
from compare.twins.targets import targets
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

SIDES = ("torch", "keras")


FEATURES, HIDDEN, CLASSES = 3, 4, 5


LENGTHS = np.array([5, 8, 3])


VALID = np.arange(8) < LENGTHS[:, None]  # (batch, time)


STACKED = dict(num_layers=2)


BOTH_WAYS = dict(bidirectional=True)


NO_BIAS = dict(bias=False)


LSTM = "lstm_layer", "LSTMLayer", ["output", "h_n", "c_n"]


GRU = "gru_layer", "GRULayer", ["output", "h_n"]


RNN = "rnn_layer", "RNNLayer", ["output", "h_n"]


LAYERS = {  # file, class, what it returns, options
    "LSTM stacked, projected": (*LSTM, STACKED | dict(proj_size=2)),
    "LSTM both ways, without bias": (*LSTM, BOTH_WAYS | NO_BIAS),
    "GRU both ways": (*GRU, BOTH_WAYS),
    "GRU stacked, without bias": (*GRU, STACKED | NO_BIAS),
    "RNN both ways": (*RNN, BOTH_WAYS),
    "RNN stacked, without bias": (*RNN, STACKED | NO_BIAS),
}


MODEL = "lstm_model_variable_seq", "LSTMModelVariableSeq"


MASKED = LAYERS | {"model": (*MODEL, ["prediction"], dict(num_outputs=2))}


INPUTS = (*sequences(None, FEATURES), Input("lengths", (None,), "int64"))


class Masked:
    """Twins that take lengths, and what a loss compares their results with."""

    def __init__(self, make, outputs):
        self.outputs = outputs
        self.twins = Twins(make, INPUTS, outputs)
        self.twins.load("to_keras", partial(fresh_weights, seed=[1]))
        stages = self.twins.twin("torch", "float32")(padded(0.0), LENGTHS)
        shapes = [stages[name].shape for name in outputs]
        self.targets = targets("mean_squared_error", shapes, seed=0)

    def compare(self, value):
        """The twins' gradients, with padding of this value, and the verdict."""
        return self.twins.gradients(
            "mean_squared_error", (padded(value), LENGTHS), self.targets
        )

    def of(self, side, dtype, value=0.0):
        """Gradients of one side: those of x, and by layer and name."""
        loss = losses("mean_squared_error")[side]
        where = [VALID[..., None] if n == "output" else None for n in self.outputs]
        _, by_input, by_layer = self.twins.twin(side, dtype).gradients(
            loss, (padded(value), LENGTHS), self.targets, where
        )
        return by_input["x"], by_layer


def padded(value):
    """Random sequences of LENGTHS with this value behind each: float32."""
    x = np.random.default_rng(0).uniform(-1, 1, (*VALID.shape, FEATURES))
    return np.where(VALID[..., None], x, value).astype(np.float32)


def of_each(names):
    """For each name once; one worker builds its twins."""
    marked = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in names]
    return pytest.mark.parametrize("name", marked)


def makers(name):
    file, cls, _, options = MASKED[name]
    sizes = dict(num_features=FEATURES, hidden_size=HIDDEN, **options)
    return twin_makers(file, cls, sizes)


def gradients(twins, etfs, loss="mean_squared_error", batch=4):
    """Those of the last-step twins."""
    found = targets(loss, [(batch, 4)], seed=0)
    return twins.gradients(loss, (etfs.windows(50, batch),), found)


last_step_group = pytest.mark.xdist_group("last step gradients")
