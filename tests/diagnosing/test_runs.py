"""Layers that run more than once: each run is looked at, and loops as sequences."""

from functools import partial

import keras
import numpy as np
import pytest
import torch
from keras import ops

from compare.diagnosing.diagnosis import diagnose
from compare.judging.arrays import Input
from compare.twins.sensitivity import sensitivity
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

FEATURES, SIZE, TIME = 5, 6, 7
X = np.random.default_rng(1).normal(0, 1, (4, TIME, FEATURES)).astype(np.float32)


def twins(in_torch, in_keras, inputs=None):
    """Both, with random weights in PyTorch's layout on either side."""
    inputs = inputs or [Input("x", (None, TIME, FEATURES))]
    built = Twins(dict(torch=in_torch, keras=in_keras), inputs, ["y"])
    built.load("to_keras", partial(fresh_weights, seed=[2]))
    return built


class LoopInPyTorch(torch.nn.Module):
    """A cell in a loop, whose every step goes through one layer."""

    def __init__(self, cell="LSTMCell", feedback=False):
        super().__init__()
        self.cell = getattr(torch.nn, cell)(FEATURES, SIZE)
        self.out = torch.nn.Linear(SIZE, FEATURES)
        self.feedback = feedback

    def forward(self, x):
        state, step, outs = None, x[:, 0], []
        for t in range(x.shape[1]):
            step = step if self.feedback and t else x[:, t]
            state = self.cell(step, state)
            h = state[0] if isinstance(state, tuple) else state
            step = self.out(h)
            outs.append(step)
        return torch.stack(outs, 1)


class LoopInKeras(keras.Model):
    """The same, with one mistake or none."""

    def __init__(self, mistake="", cell="LSTMCell", feedback=False):
        super().__init__()
        gate = "hard_sigmoid" if mistake == "hard gate" else "sigmoid"
        self.cell = getattr(keras.layers, cell)(SIZE, recurrent_activation=gate)
        self.out = keras.layers.Dense(FEATURES)
        self.mistake, self.feedback = mistake, feedback

    def call(self, x):
        zeros = ops.zeros((ops.shape(x)[0], SIZE), x.dtype)
        states = [zeros] * (2 if isinstance(self.cell, keras.layers.LSTMCell) else 1)
        step, outs = x[:, 0], []
        for t in range(x.shape[1]):
            if not self.feedback or self.mistake == "teacher":
                step = x[:, t - 1 if self.feedback and t else t]
            h, states = self.cell(step, states)
            step = self.out(states[1] if self.mistake == "c handed on" else h)
            outs.append(step)
            states = self.changed(states, zeros)
        return ops.stack(outs, 1)

    def changed(self, states, zeros):
        """The states that the next step begins with."""
        match self.mistake:
            case "exchanged":
                return states[::-1]
            case "c forgotten":
                return [states[0], zeros]
            case "begun anew":
                return [zeros] * len(states)
        return states


class LayerInPyTorch(torch.nn.Module):
    """The same as the loop, of a layer that takes whole sequences."""

    def __init__(self):
        super().__init__()
        self.cell = torch.nn.LSTM(FEATURES, SIZE, batch_first=True)
        self.out = torch.nn.Linear(SIZE, FEATURES)

    def forward(self, x):
        return self.out(self.cell(x)[0])


class LayerInKeras(keras.Model):
    """The same in Keras."""

    def __init__(self, **options):
        super().__init__()
        self.cell = keras.layers.LSTM(SIZE, return_sequences=True, **options)
        self.out = keras.layers.Dense(FEATURES)

    def call(self, x):
        return self.out(self.cell(x))


IN_A_LOOP = {
    "hard gate": "in cell of Keras, the gates use a hard sigmoid",
    "c handed on": "between cell and out, Keras takes the final cell state",
    "exchanged": "with h = c of cell (run 1) and c = h of cell (run 1) in Keras",
    "c forgotten": "with h = h of cell (run 1) and c = zeros in Keras (and so in",
    "begun anew": "and c = c of cell (run 1) in PyTorch, with zeros in Keras (and",
}


@pytest.mark.parametrize("mistake", IN_A_LOOP)
def test_a_mistake_in_a_loop_is_named(mistake):
    found = diagnose(twins(LoopInPyTorch, partial(LoopInKeras, mistake)), (X,))

    assert found.explained, found
    assert IN_A_LOOP[mistake] in found.sentence


@pytest.mark.parametrize(
    ("mistake", "sentence"),
    [
        ("hard gate", "in cell of Keras, the gates use a hard sigmoid"),
        ("begun anew", "in cell of Keras, every step begins as the first one does"),
        ("c forgotten", "in cell of Keras, each step begins with a cell state c of"),
        ("exchanged", "in cell of Keras, each step begins with h and c of the step"),
    ],
)
def test_a_loop_is_held_to_a_layer_that_takes_whole_sequences(mistake, sentence):
    found = diagnose(twins(LayerInPyTorch, partial(LoopInKeras, mistake)), (X,))

    assert found.explained, found
    assert found.sentence.startswith(sentence)


def test_a_layer_is_held_to_a_loop_of_the_other_side():
    in_keras = partial(LayerInKeras, recurrent_activation="hard_sigmoid")
    found = diagnose(twins(LoopInPyTorch, in_keras), (X,))

    assert found.explained, found
    assert found.faults == ("hard sigmoid x / 6",)


def test_what_each_step_of_a_loop_is_given_is_named():
    in_torch = partial(LoopInPyTorch, "GRUCell", feedback=True)
    in_keras = partial(LoopInKeras, "teacher", "GRUCell", feedback=True)
    found = diagnose(twins(in_torch, in_keras), (X,))

    assert found.explained, found
    assert found.sentence == (
        "cell (run 2) is given out (run 1) in PyTorch, step 1 of the input in Keras "
        "(and so in 5 later runs)"
    )


def test_chunks_that_do_not_hand_on_their_states_are_named():
    class InPyTorch(LayerInPyTorch):
        def forward(self, x):
            state, outs = None, []
            for chunk in x.split(3, 1):
                h, state = self.cell(chunk, state)
                outs.append(self.out(h))
            return torch.cat(outs, 1)

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            both = dict(return_sequences=True, return_state=True)
            self.cell = keras.layers.LSTM(SIZE, **both)
            self.out = keras.layers.Dense(FEATURES)

        def call(self, x):
            parts = [self.cell(x[:, t : t + 3])[0] for t in range(0, TIME, 3)]
            return ops.concatenate([self.out(part) for part in parts], 1)

    found = diagnose(twins(InPyTorch, InKeras), (X,))

    assert found.explained, found
    assert found.sentence.startswith("cell (run 2) begins with h = h of cell (run 1)")
    assert found.sentence.endswith("with zeros in Keras (and so in one later run)")


def test_frames_in_the_batch_are_held_to_a_time_distributed_layer():
    class InPyTorch(LayerInPyTorch):
        def __init__(self):
            super().__init__()
            self.first = torch.nn.Linear(FEATURES, FEATURES)

        def forward(self, x):
            frames = torch.relu(self.first(x.reshape(-1, FEATURES)))
            return self.out(self.cell(frames.reshape(x.shape))[0])

    class InKeras(LayerInKeras):
        def __init__(self):
            super().__init__()
            self.first = keras.layers.TimeDistributed(keras.layers.Dense(FEATURES))

        def call(self, x):
            return self.out(self.cell(ops.tanh(self.first(x))))

    found = diagnose(twins(InPyTorch, InKeras), (X,))

    assert found.explained, found
    assert found.sentence == "between first and cell, Keras has a tanh, not a relu"


def test_a_shared_layer_is_looked_into_run_by_run():
    class InPyTorch(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.shared = torch.nn.Linear(FEATURES, SIZE)
            self.out = torch.nn.Linear(2 * SIZE, 2)

        def forward(self, x, y):
            parts = [torch.relu(self.shared(x)), torch.relu(self.shared(y))]
            return self.out(torch.cat(parts, -1))

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            self.shared, self.out = keras.layers.Dense(SIZE), keras.layers.Dense(2)

        def call(self, x, y):
            parts = [ops.relu(self.shared(x)), ops.tanh(self.shared(y))]
            return self.out(ops.concatenate(parts, -1))

    inputs = [Input(name, (None, FEATURES)) for name in ("x", "y")]
    found = diagnose(twins(InPyTorch, InKeras, inputs), (X[:, 0], X[:, 1]))

    assert found.explained, found
    assert found.sentence == (
        "between shared (run 2) and out, Keras has a tanh, not a relu"
    )


def test_weights_of_a_layer_that_runs_often_are_told_once():
    made = twins(LoopInPyTorch, LoopInKeras)
    for precision in ("float32", "float64"):
        layer = made.model("keras", precision).out
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel, 2 * bias])
    found = diagnose(made, (X,))

    assert found.explained, found
    assert "(run" not in found.sentence


def test_mistakes_are_made_in_a_loop_and_noticed():
    probed = sensitivity("loop", twins(LoopInPyTorch, LoopInKeras), (X,))

    assert probed.faults > 50
    assert probed.noticed == probed.faults, probed.survivors
