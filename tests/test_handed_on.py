"""What lies between layers and behind the last, in models of one's own."""

from functools import partial

import numpy as np
import pytest
from own_models import FEATURES, OUTPUTS, SIZE, X, in_keras, in_pytorch, twins

from compare.judging.arrays import sequences

MIDDLE = 6


# ---------------------------------------------------------------------- activations


def with_middle(harness, torch, keras):
    """Twins of a recurrent layer, a middle layer and a head, functions between."""
    import keras as framework
    from torch import nn

    class InPyTorch(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(FEATURES, SIZE, batch_first=True)
            self.middle = nn.Linear(SIZE, MIDDLE)
            self.head = nn.Linear(MIDDLE, OUTPUTS)

        def forward(self, x):
            return self.head(torch(self.middle(self.rnn(x)[0][:, -1])))

    class InKeras(framework.Model):
        def __init__(self):
            super().__init__()
            self.rnn = framework.layers.LSTM(SIZE)
            self.middle = framework.layers.Dense(MIDDLE)
            self.act = framework.layers.Activation(keras)
            self.head = framework.layers.Dense(OUTPUTS)

        def call(self, x):
            return self.head(self.act(self.middle(self.rnn(x))))

    return twins(harness, InPyTorch, InKeras)


def in_torch(name, *args, **options):
    """A function of torch.nn.functional."""
    import torch

    function = getattr(torch.nn.functional, name)
    return lambda x: function(x, *args, **options)


def keras_leaky(x):
    import keras

    return keras.activations.leaky_relu(x, negative_slope=0.3)


def keras_gelu(x):
    import keras

    return keras.activations.gelu(x, approximate=True)


ACTIVATIONS = {
    "tanh for relu": (("tanh",), "relu", "a tanh for a relu"),
    "relu missing in Keras": (("relu",), "linear", "no activation for a relu"),
    "tanh missing in PyTorch": (("dropout", 0.0), "tanh", "no activation for a tanh"),
    "default slopes": (
        ("leaky_relu",),
        "leaky_relu",
        "a leaky relu of slope 0.2 for a leaky relu of slope 0.01",
    ),
    "the slope of the layer for that of the function": (
        ("leaky_relu", 0.2),
        keras_leaky,
        "a leaky relu of slope 0.3 for a leaky relu of slope 0.2",
    ),
    "the other gelu": (("gelu",), keras_gelu, "a gelu by tanh for a gelu"),
}


@pytest.mark.parametrize("case", ACTIVATIONS)
def test_a_function_between_layers_is_recognised(harness, diagnose, case):
    torch, keras, name = ACTIVATIONS[case]
    made = with_middle(harness, in_torch(*torch), keras)
    found = diagnose(made, (X,))

    assert found.explained, found
    assert found.faults == (f"{name} between layers",)
    assert found.place == "between middle and head"
    assert found.alternatives


def test_an_alpha_of_ones_own_is_read_from_what_it_makes(harness, diagnose):
    made = with_middle(harness, in_torch("elu", 0.5), "elu")
    found = diagnose(made, (X,))

    assert found.explained, found
    assert found.faults == ()
    said = "Keras has an elu, PyTorch has an elu of alpha 0.5"
    assert found.sentence == f"between middle and head, {said}"


def test_a_function_that_nobody_knows_stays_unknown(harness, diagnose):
    made = with_middle(harness, lambda x: x.sin(), "relu")
    found = diagnose(made, (X,))

    assert not found.explained
    assert "head gets something unknown in PyTorch" in found.sentence


def test_the_same_function_on_both_sides_is_no_finding(harness, diagnose):
    made = with_middle(harness, in_torch("relu"), "relu")
    found = diagnose(made, (X,))

    assert not found.explained
    assert found.faults == ()


def test_a_relu_behind_the_last_step_is_told_from_the_step(harness, diagnose):
    """The step is the same on both sides; what it goes through is not."""
    made = twins(
        harness,
        in_pytorch(lambda m, x: m.head(m.rnn(x)[0][:, -1].relu())),
        in_keras(lambda m, x: m.head(m.rnn(x))),
    )
    found = diagnose(made, (X,))

    assert found.explained, found
    assert (
        "Keras lacks a relu" in found.sentence or "PyTorch has a relu" in found.sentence
    )


def test_another_step_through_another_function_are_two_mistakes(harness, diagnose):
    made = twins(
        harness,
        in_pytorch(lambda m, x: m.head(m.rnn(x)[0].mean(1).relu())),
        in_keras(lambda m, x: m.head(m.rnn(x))),
    )
    found = diagnose(made, (X,))

    assert found.explained, found
    assert len(found.faults) == 2
    assert "the mean of all steps for the last step" in found.faults


# ---------------------------------------------------------- states and their order


def bidirectional(forward):
    return in_pytorch(forward, bidirectional=True)


def both_states(model, x, first, second):
    import torch

    h = model.rnn(x)[1][0]
    return model.head(torch.cat([h[first], h[second]], dim=1))


STATES = {
    "backward first": (
        bidirectional(lambda m, x: both_states(m, x, 1, 0)),
        "the end of each direction, backward first for the end of each direction",
    ),
    "states reshaped": (
        bidirectional(lambda m, x: m.head(m.rnn(x)[1][0].reshape(len(x), -1))),
        "the states, samples mixed for the end of each direction",
    ),
}


@pytest.mark.parametrize("case", STATES)
def test_the_states_of_two_directions_in_another_order_are_told(
    harness, diagnose, case
):
    torch, name = STATES[case]
    keras = in_keras(lambda m, x: m.head(m.rnn(x)), both_ways=True)
    found = diagnose(twins(harness, torch, keras), (X,))

    assert found.explained, found
    assert found.faults == (name,)


def stack_in_keras():
    import keras

    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.rnn = [
                keras.layers.LSTM(SIZE, return_sequences=True),
                keras.layers.LSTM(SIZE),
            ]
            self.head = keras.layers.Dense(OUTPUTS)

        def call(self, x):
            for rnn in self.rnn:
                x = rnn(x)
            return self.head(x)

    return Model()


def test_the_state_of_the_first_layer_of_a_stack_is_told(harness, diagnose):
    torch = in_pytorch(lambda m, x: m.head(m.rnn(x)[1][0][0]), num_layers=2)
    found = diagnose(twins(harness, torch, stack_in_keras), (X,))

    assert found.explained, found
    assert found.faults == ("the states of the first layer for the last step",)


# ---------------------------------------------------------------- time comes first


@pytest.mark.parametrize("batch", [3, 7], ids=["of another size", "square"])
def test_time_first_before_a_head_at_every_step_is_explained(harness, diagnose, batch):
    """nn.LSTM without batch_first, and a head that does not care."""
    made = twins(
        harness,
        in_pytorch(lambda m, x: m.head(m.rnn(x)[0]), batch_first=False),
        in_keras(lambda m, x: m.head(m.rnn(x)), return_sequences=True),
    )
    x = np.random.default_rng(3).normal(0, 1, (batch, 7, FEATURES)).astype(np.float32)
    found = diagnose(made, (x,))

    assert found.explained, found
    assert found.faults == ("batch and time confused",)
    assert found.fix == "rnn of PyTorch: batch_first=True"


def test_time_first_in_two_layers_is_explained_in_both(harness, diagnose):
    import keras
    from torch import nn

    class InPyTorch(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.GRU(FEATURES, SIZE)
            self.second = nn.GRU(SIZE, SIZE)
            self.head = nn.Linear(SIZE, OUTPUTS)

        def forward(self, x):
            return self.head(self.second(self.first(x)[0])[0][:, -1])

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            self.first = keras.layers.GRU(SIZE, return_sequences=True)
            self.second = keras.layers.GRU(SIZE)
            self.head = keras.layers.Dense(OUTPUTS)

        def call(self, x):
            return self.head(self.second(self.first(x)))

    found = diagnose(twins(harness, InPyTorch, InKeras), (X,))

    assert found.explained, found
    assert found.faults == ("batch and time confused",)
    assert "first of PyTorch: batch_first=True" in found.fix
    assert "second of PyTorch: batch_first=True" in found.fix


def test_steps_flattened_time_first_are_explained(harness, diagnose):
    import torch as framework

    class InPyTorch(framework.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = framework.nn.LSTM(FEATURES, SIZE)
            self.head = framework.nn.Linear(SIZE * 7, OUTPUTS)

        def forward(self, x):
            return self.head(self.rnn(x.transpose(0, 1))[0].reshape(len(x), -1))

    def call(model, x):
        import keras

        output = model.rnn(x)
        return model.head(keras.ops.reshape(output, (-1, SIZE * 7)))

    keras = in_keras(call, return_sequences=True)
    made = harness.Twins(
        dict(torch=InPyTorch, keras=keras), sequences(7, FEATURES), ["y"]
    )
    made.load("to_keras", partial(harness.fresh_weights, seed=[2]))
    found = diagnose(made, (X,))

    assert found.explained, found
    name = "all steps, samples mixed for all steps, one after another"
    assert found.faults == (name,)


# ----------------------------------------------------------------- nothing behind it


def alone_in_pytorch(way, **options):
    """A model that ends with a recurrent layer."""
    from torch import nn

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(FEATURES, SIZE, batch_first=True, **options)

        def forward(self, x):
            return way(*self.rnn(x))

    return Model


def alone_in_keras(both_ways=False, **options):
    import keras

    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.rnn = keras.layers.LSTM(SIZE, **options)
            if both_ways:
                self.rnn = keras.layers.Bidirectional(self.rnn)

        def call(self, x):
            return self.rnn(x)

    return Model


LAST = {
    "cell state": (lambda o, s: s[1][-1], "the final cell state for the last step"),
    "first step": (lambda o, s: o[:, 0], "the first step for the last step"),
    "last sample": (lambda o, s: o[-1], "the last sample for the last step"),
    "mean": (lambda o, s: o.mean(1), "the mean of all steps for the last step"),
    "largest": (lambda o, s: o.amax(1), "the largest of all steps for the last step"),
}


@pytest.mark.parametrize("case", LAST)
def test_what_a_model_returns_of_its_last_layer_is_recognised(harness, diagnose, case):
    way, name = LAST[case]
    x = np.random.default_rng(3).normal(0, 1, (7, 7, FEATURES)).astype(np.float32)
    made = twins(harness, alone_in_pytorch(way), alone_in_keras())
    found = diagnose(made, (x,))

    assert found.explained, found
    assert found.faults == (name,)
    assert found.sentence.startswith("behind rnn, PyTorch returns ")


def test_the_last_step_of_two_directions_is_recognised_at_the_end(harness, diagnose):
    torch = alone_in_pytorch(lambda o, s: o[:, -1], bidirectional=True)
    found = diagnose(twins(harness, torch, alone_in_keras(both_ways=True)), (X,))

    assert found.explained, found
    assert found.faults == ("the last step for the end of each direction",)


# ------------------------------------------------------------ what cannot be seen


def test_a_layer_that_is_called_step_by_step_does_not_break_the_diagnosis(
    harness, diagnose
):
    """A loop over the steps that writes into a tensor, against Dense at every step."""
    import keras
    import torch
    from torch import nn

    class InPyTorch(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(FEATURES, SIZE)
            self.head = nn.Linear(SIZE, OUTPUTS)

        def forward(self, x):
            made = torch.zeros(*x.shape[:2], SIZE)
            for step in range(x.shape[1]):
                made[:, step] = self.first(x[:, step]) * 1.5
            return self.head(made)

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            self.first = keras.layers.Dense(SIZE)
            self.head = keras.layers.Dense(OUTPUTS)

        def call(self, x):
            return self.head(self.first(x))

    found = diagnose(twins(harness, InPyTorch, InKeras), (X,))

    assert not found.explained
    assert "first cannot be looked into" in found.sentence


# ------------------------------------------------------------------ several results


def two_results(harness, order):
    """Twins of a recurrent layer and two heads, whose results PyTorch returns so."""
    import keras
    import torch

    class InPyTorch(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.GRU(FEATURES, SIZE, batch_first=True)
            self.one = torch.nn.Linear(SIZE, OUTPUTS)
            self.two = torch.nn.Linear(SIZE, OUTPUTS)

        def forward(self, x):
            h = self.rnn(x)[0][:, -1]
            made = self.one(h), self.two(h)
            return order(made)

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            self.rnn = keras.layers.GRU(SIZE)
            self.one = keras.layers.Dense(OUTPUTS)
            self.two = keras.layers.Dense(OUTPUTS)

        def call(self, x):
            h = self.rnn(x)
            return self.one(h), self.two(h)

    makers = dict(torch=InPyTorch, keras=InKeras)
    made = harness.Twins(makers, sequences(None, FEATURES), ["a", "b"])
    made.load("to_keras", partial(harness.fresh_weights, seed=[2]))
    return made


@pytest.mark.parametrize(
    "order",
    [lambda made: made[::-1], lambda made: {"a": made[1], "b": made[0]}],
    ids=["tuple", "keys"],
)
def test_results_in_another_order_are_told_for_either_side(harness, diagnose, order):
    found = diagnose(two_results(harness, order), (X,))

    assert found.explained, found
    assert found.faults == ("results in another order",)
    assert {each.side for each in found.alternatives} == {"keras"}


def test_results_in_the_same_order_are_not_told(harness, diagnose):
    found = diagnose(two_results(harness, lambda made: made), (X,))

    assert not found.explained
    assert found.faults == ()


def test_one_wrong_result_of_two_is_no_other_order(harness, diagnose):
    made = two_results(harness, lambda made: (made[0], made[1].sin()))
    found = diagnose(made, (X,))

    assert not found.explained
    assert found.faults == ()
