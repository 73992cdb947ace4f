"""Time steps that a user's models take or refuse."""

import keras
import numpy as np
import torch
from own_cases import FEATURES, TIME, X, check, in_pytorch, said, sequential


def test_time_distributed_is_judged_as_it_is_called():
    """Traced for any batch and length it gives another shape in Keras on TensorFlow."""
    layer = keras.layers.TimeDistributed(keras.layers.Dense(3))
    evidence = check(torch.nn.Linear(FEATURES, 3), sequential(layer))

    assert evidence.verdict == "same"
    assert f"Judged for exactly {TIME} steps" in said(evidence)


def test_a_mistake_is_told_where_keras_traces_time_distributed_otherwise():
    """The batch, which Keras takes for the steps there, does not hide it."""
    layers = keras.layers
    twin = sequential(
        layers.TimeDistributed(layers.Dense(3)), layers.Activation("relu")
    )
    first = torch.nn.Sequential(torch.nn.Linear(FEATURES, 3), torch.nn.Tanh())
    evidence = check(first, twin)

    assert f"Judged for exactly {TIME} steps" in said(evidence)
    assert "works differently" not in said(evidence)  # which is not what differs
    assert "is Tanh in PyTorch, Activation(relu) in Keras" in evidence.explain()


def test_other_numbers_of_steps_are_told_where_pytorch_takes_one_alone():
    """A table as long as the sequence is added to a single step as well."""
    table = np.random.default_rng(0).normal(size=(TIME, 3)).astype(np.float32)

    class Table(keras.layers.Layer):
        def call(self, x):
            return x + keras.ops.cast(table, x.dtype)[: keras.ops.shape(x)[1]]

    first = in_pytorch(
        lambda m, x: m.head(x) + torch.tensor(table).to(x),
        head=torch.nn.Linear(FEATURES, 3),
    )
    evidence = check(first, sequential(keras.layers.Dense(3), Table()))

    assert evidence.verdict == "same", evidence.explain()
    assert "on other numbers of steps, which you did not ask for" in said(evidence)


def pooled(**options):
    return in_pytorch(
        lambda m, x: m.pool(m.conv(x.transpose(1, 2))).transpose(1, 2),
        conv=torch.nn.Conv1d(FEATURES, 3, 3, padding=1),
        pool=torch.nn.MaxPool1d(2, **options),
    )


def pooled_twin():
    layers = keras.layers
    conv = layers.Conv1D(3, 3, padding="same")
    return sequential(conv, layers.MaxPooling1D(2))


def test_too_few_steps_to_pool_are_refused_by_both():
    """PyTorch says so, Keras returns nothing."""
    evidence = check(pooled(), pooled_twin())

    assert evidence.verdict == "same"
    assert "both refuse" in {result.verdict for result in evidence.results}


def test_a_refusal_of_steps_that_were_not_asked_for_is_a_note():
    """PyTorch has a result for one step, rounding up; Keras has none."""
    evidence = check(pooled(ceil_mode=True), pooled_twin())

    assert evidence.as_expected
    assert evidence.verdict == "same"
    assert "Of 1 step, which you did not ask for, Keras alone says" in said(evidence)


def test_a_refusal_of_the_whole_input_is_a_verdict():
    def forward(m, x):
        if x.shape[1] == TIME:
            raise ValueError("no six steps here")
        return m.head(x)

    first = in_pytorch(forward, head=torch.nn.Linear(FEATURES, 3))
    evidence = check(first, sequential(keras.layers.Dense(3)))

    assert evidence.verdict == "one refuses"
    assert "no six steps here" in evidence.explain()


def test_many_layers_of_one_size_take_no_time_to_pair():
    """Of twelve there are 479,001,600 pairings, of which a few are tried."""
    linear = [torch.nn.Linear(FEATURES, FEATURES) for _ in range(12)]
    first = torch.nn.Sequential(*linear, torch.nn.ReLU())
    second = [keras.layers.Dense(FEATURES) for _ in linear]

    assert check(first, sequential(*second)).verdict == "different"


def test_a_layer_that_sees_one_step_at_a_time_is_no_stage():
    """In a loop of one turn it would be one, of another shape than Keras's."""
    first = in_pytorch(
        lambda m, x: torch.stack([m.head(step) for step in x.unbind(1)], 1),
        head=torch.nn.Linear(FEATURES, 3),
    )
    evidence = check(first, sequential(keras.layers.Dense(3)))

    assert evidence.verdict == "same"
    assert 1 in {result.timesteps for result in evidence.results}


def test_a_table_of_positions_is_cut_to_the_steps_of_the_call():
    table = np.random.default_rng(1).normal(size=(TIME, 3)).astype(np.float32)

    class Positions(keras.Model):
        def __init__(self):
            super().__init__()
            self.head = keras.layers.Dense(3)

        def call(self, x):
            return self.head(x) + table[None, : x.shape[1]]

    first = in_pytorch(
        lambda m, x: m.head(x) + torch.from_numpy(table)[None, : x.shape[1]],
        head=torch.nn.Linear(FEATURES, 3),
    )
    second = Positions()
    second(X)

    assert check(first, second).verdict == "same"
