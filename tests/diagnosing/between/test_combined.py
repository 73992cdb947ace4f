"""Scales, sums with earlier arrays and two directions made one, between layers."""

from functools import partial

import keras
import numpy as np
import pytest
import torch
from own_models import FEATURES, SIZE, X, in_keras, in_pytorch, plain, twins
from torch import nn

from compare import cli
from compare.diagnosing.diagnosis import diagnose
from compare.judging.arrays import sequences
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

FACTORS = np.array([0.2, 0.7, 1.5, 3.0])
MEANS = np.array([-0.5, 0.25, 1.0, 2.0])


def scaled(change):
    """Models of both sides whose input goes through a function first."""
    return (
        in_pytorch(lambda m, x: m.head(m.rnn(change(x))[0][:, -1])),
        in_keras(lambda m, x: m.head(m.rnn(change(x)))),
    )


def with_array(array):
    """What a model of either framework can multiply with."""

    def of(x):
        return torch.tensor(array).to(x) if isinstance(x, torch.Tensor) else array

    return of


def by_factors(x):
    return x * with_array(FACTORS)(x)


def standardised(x):
    return (x - with_array(MEANS)(x)) / with_array(FACTORS)(x)


SCALES = {
    "divided": (lambda x: x / 255, "divides by 255"),
    "doubled": (lambda x: x * 2, "multiplies by 2"),
    "shifted": (lambda x: x - 0.5, "subtracts 0.5"),
    "standard": (
        lambda x: (x - 0.1307) / 0.3081,
        "subtracts 0.1307 and divides by 0.3081",
    ),
    "each feature": (
        by_factors,
        "multiplies 4 features by a factor each, from 0.2 to 3",
    ),
    "each feature standard": (
        standardised,
        "subtracts a number from 4 features each, from -0.5 to 2, and divides by "
        "another, from 0.2 to 3",
    ),
}


@pytest.mark.parametrize("side", ["torch", "keras"])
@pytest.mark.parametrize("case", SCALES)
def test_an_input_that_one_side_scales_is_told(case, side):
    change, said = SCALES[case]
    (as_it_is, _), (_, keras_as_it_is) = scaled(lambda x: x), scaled(lambda x: x)
    torch, keras = scaled(change)
    if side == "torch":
        made, who = twins(torch, keras_as_it_is), "PyTorch {}, Keras does not"
    else:
        made, who = twins(as_it_is, keras), "Keras {}, PyTorch does not"
    found = diagnose(made, (X,))

    assert found.explained, found
    assert found.sentence == f"between the input and rnn, {who.format(said)}"
    assert found.place == "between the input and rnn"
    assert found.fix.startswith("either PyTorch: give rnn ")


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (1.01, "PyTorch does so with other numbers, up to 9.9e-03 apart"),
        (1 + 5e-8, "up to 5.0e-08 apart, as float32 rounds them"),
    ],
)
def test_other_numbers_of_one_kind_are_told_by_how_far_they_are_apart(factor, said):
    first = scaled(lambda x: by_factors(x) * factor)[0]
    found = diagnose(twins(first, scaled(by_factors)[1]), (X,))

    assert said in found.sentence


def test_an_input_that_both_scale_is_told_where_they_do_so_otherwise():
    torch, keras = scaled(lambda x: x / 255)[0], scaled(lambda x: x / 256)[1]
    found = diagnose(twins(torch, keras), (X,))

    assert found.explained, found
    said = "Keras divides by 256, PyTorch divides by 255"
    assert found.sentence == f"between the input and rnn, {said}"


def test_deviations_of_both_frameworks_by_default_are_told_apart():
    """PyTorch divides by n - 1, Keras by n."""

    def ours(x):
        return (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True)

    def theirs(x):
        kept = dict(axis=1, keepdims=True)
        return (x - keras.ops.mean(x, **kept)) / keras.ops.std(x, **kept)

    found = diagnose(twins(scaled(ours)[0], scaled(theirs)[1]), (X,))

    assert found.explained, found
    said = "subtracts the mean of each feature over the steps and divides by the "
    assert f"Keras {said}standard deviation with n, " in found.sentence
    assert found.sentence.endswith(f"PyTorch {said}standard deviation with n - 1")


def test_an_input_that_both_scale_alike_is_no_finding():
    """What differs is behind it."""
    torch = in_pytorch(lambda m, x: m.head(m.rnn(x / 255)[0].mean(1)))
    found = diagnose(twins(torch, scaled(lambda x: x / 255)[1]), (X,))

    assert found.explained, found
    assert found.faults == ("the mean of all steps for the last step",)


def test_a_product_that_one_side_has_is_told_of_one_sample_and_no_factors():
    """The line is seen to multiply; which numbers do is not read from one step."""
    torch, keras = scaled(by_factors)[0], scaled(lambda x: x)[1]
    found = diagnose(twins(torch, keras), (X[:1, :1],))

    assert found.explained
    assert found.faults == ("`*` (the product of both) in PyTorch alone",)
    assert "return x * with_array(FACTORS)(x)" in found.torch_line
    assert "factor" not in found.sentence


@pytest.mark.usefixtures("layers_alone")
def test_an_input_of_one_sample_and_a_factor_of_each_feature_prove_nothing():
    """One step of one sample is any other times some factors."""
    torch, keras = scaled(by_factors)[0], scaled(lambda x: x)[1]
    found = diagnose(twins(torch, keras), (X[:1, :1],))

    assert not found.explained
    assert "rnn gets something unknown in PyTorch" in found.sentence


def test_an_input_that_one_side_makes_by_an_operation_is_told_with_its_line():
    torch, keras = scaled(lambda x: x.sin())[0], scaled(lambda x: x)[1]
    found = diagnose(twins(torch, keras), (X,))

    assert found.explained
    assert found.faults == ("`sin` in PyTorch alone",)
    assert found.sentence.startswith("PyTorch has `sin` of the input x (test_combined")
    assert "scaled(lambda x: x.sin())" in found.torch_line


def test_a_result_that_one_side_scales_is_told():
    torch = in_pytorch(lambda m, x: 0.5 * m.head(m.rnn(x)[0][:, -1]))
    found = diagnose(twins(torch, in_keras(plain)), (X,))

    assert found.explained, found
    assert found.sentence == "after head, PyTorch multiplies by 0.5, Keras does not"


def test_a_scale_and_a_mistake_of_another_kind_are_told_together():
    torch = in_pytorch(lambda m, x: m.head(m.rnn(x / 255)[0].mean(1)))
    found = diagnose(twins(torch, in_keras(plain)), (X,))

    assert found.explained, found
    assert "PyTorch divides by 255, Keras does not" in found.sentence
    assert found.faults == ("the mean of all steps for the last step",)


# ---------------------------------------------------------------------------- residuals


def stacked(join_in_pytorch, join_in_keras):
    """Twins of a projection, a recurrent layer and a head, joined before the head."""

    class InPyTorch(nn.Module):
        def __init__(self):
            super().__init__()
            self.before = nn.Linear(FEATURES, FEATURES)
            self.rnn = nn.GRU(FEATURES, FEATURES, batch_first=True)
            self.head = nn.Linear(FEATURES, 3)

        def forward(self, x):
            p = self.before(x)
            return self.head(join_in_pytorch(self.rnn(p)[0], p, x)[:, -1])

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            self.before = keras.layers.Dense(FEATURES)
            self.rnn = keras.layers.GRU(FEATURES, return_sequences=True)
            self.head = keras.layers.Dense(3)

        def call(self, x):
            p = self.before(x)
            return self.head(join_in_keras(self.rnn(p), p, x)[:, -1])

    return twins(InPyTorch, InKeras)


def relu(x):
    return torch.relu(x) if isinstance(x, torch.Tensor) else keras.ops.relu(x)


def alone(y, p, x):
    return y


JOINS = {
    "a sum": (lambda y, p, x: y + p, "adds before"),
    "a sum with the input": (lambda y, p, x: y + x, "adds the input"),
    "a product": (lambda y, p, x: y * p, "multiplies by before"),
    "relu of the sum": (
        lambda y, p, x: relu(y + p),
        "adds before and has a relu after that",
    ),
    "sum of the relu": (
        lambda y, p, x: relu(y) + p,
        "has a relu and adds before after that",
    ),
}


@pytest.mark.parametrize("side", ["torch", "keras"])
@pytest.mark.parametrize("case", JOINS)
def test_a_connection_that_one_side_lacks_is_told(case, side):
    join, said = JOINS[case]
    if side == "torch":
        made, who = stacked(join, alone), "PyTorch {}, Keras does not"
    else:
        made, who = stacked(alone, join), "Keras {}, PyTorch does not"
    found = diagnose(made, (X,))

    assert found.explained, found
    assert found.sentence == f"between rnn and head, {who.format(said)}"


def test_a_relu_before_a_sum_is_told_from_one_behind_it():
    (inside, _), (outside, _) = JOINS["relu of the sum"], JOINS["sum of the relu"]
    found = diagnose(stacked(inside, outside), (X,))

    assert found.explained, found
    assert "Keras has a relu and adds before after that" in found.sentence
    assert "PyTorch adds before and has a relu after that" in found.sentence


def test_a_connection_from_elsewhere_is_told():
    made = stacked(lambda y, p, x: y + p, lambda y, p, x: y + x)
    found = diagnose(made, (X,))

    assert found.explained, found
    assert "Keras adds the input, PyTorch adds before" in found.sentence


def test_a_connection_of_both_sides_is_no_finding():
    made = stacked(lambda y, p, x: y + p, lambda y, p, x: y + p)

    assert made.compare(X).verdict == "same"
    assert not diagnose(made, (X,)).part


def test_of_two_connections_at_once_what_the_next_layer_takes_is_told():
    found = diagnose(stacked(lambda y, p, x: y + p + x, alone), (X,))

    assert found.explained
    assert found.sentence.startswith("`head` (Linear) of PyTorch")
    assert "of what `gru" in found.sentence


# ---------------------------------------------------------------------- two directions

HALVES = {
    "sum": (lambda a, b: a + b, "adds the two directions"),
    "ave": (lambda a, b: (a + b) / 2, "takes the average of the two directions"),
    "mul": (lambda a, b: a * b, "multiplies the two directions"),
}


def two_directions(join, merge, steps):
    """Twins that make one of two directions, at every step or where they end."""

    class InPyTorch(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.GRU(FEATURES, SIZE, batch_first=True, bidirectional=True)
            self.head = nn.Linear(SIZE, 3)

        def forward(self, x):
            output, h = self.rnn(x)
            halves = (output[..., :SIZE], output[..., SIZE:]) if steps else h
            return self.head(join(*halves))

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            rnn = keras.layers.GRU(SIZE, return_sequences=steps)
            self.rnn = keras.layers.Bidirectional(rnn, merge_mode=merge)
            self.head = keras.layers.Dense(3)

        def call(self, x):
            return self.head(self.rnn(x))

    made = dict(torch=InPyTorch, keras=InKeras)
    # What PyTorch's layer hands on has two halves, what Keras's does is one.
    made = Twins(made, sequences(None, FEATURES), ["y"], alike=False)
    made.load("to_keras", partial(fresh_weights, seed=[2]))
    return made


@pytest.mark.parametrize("steps", [False, True])
@pytest.mark.parametrize(
    ("first", "then"), [("sum", "ave"), ("ave", "mul"), ("mul", "sum")]
)
def test_directions_made_one_in_another_way_are_told(first, then, steps):
    (join, ours), (_, theirs) = HALVES[first], HALVES[then]
    found = diagnose(two_directions(join, then, steps), (X,))

    assert found.explained, found
    assert found.sentence == f"between rnn and head, Keras {theirs}, PyTorch {ours}"
    assert f'by merge_mode="{first}"' in found.fix


@pytest.mark.parametrize("merge", HALVES)
def test_directions_made_one_in_the_same_way_are_no_finding(merge):
    made = two_directions(HALVES[merge][0], merge, False)

    assert made.compare(X).verdict == "same"
    assert not diagnose(made, (X,)).part


def test_one_direction_alone_is_told():
    found = diagnose(two_directions(lambda a, b: a, "sum", True), (X,))

    assert found.explained, found
    assert "PyTorch takes the forward direction alone" in found.sentence


# ----------------------------------------------------------------------- as a user does

PAIR = """
import keras
import numpy as np
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 6, batch_first=True)
        self.fc = nn.Linear(6, 2)

    def forward(self, x):
        return self.fc(self.lstm(x)[0][:, -1])

layers = keras.layers
def in_keras():
    return keras.Sequential(
        [layers.Rescaling(1 / 255), layers.LSTM(6), layers.Dense(2)]
    )

torch_model, keras_model = Net, in_keras
x = np.random.default_rng(0).normal(size=(BATCH, 5, 4)).astype("float32")
"""


@pytest.mark.parametrize("batch", [1, 5])
def test_a_layer_that_rescales_in_keras_alone_is_told(
    tmp_path, monkeypatch, capsys, batch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pair.py").write_text(PAIR.replace("BATCH", str(batch)))

    assert cli.main(["explain", "pair.py"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "between the input and lstm, Keras divides by 255, PyTorch does not" in said
