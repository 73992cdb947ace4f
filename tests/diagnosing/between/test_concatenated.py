"""Several arrays side by side before a layer: their order, and steps left turned."""

from functools import partial

import keras
import numpy as np
import pytest
import torch

import compare
from compare.diagnosing.diagnosis import diagnose
from compare.judging.arrays import sequences
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

X = np.random.default_rng(3).normal(0, 1, (3, 5, 4)).astype(np.float32)
NAMES = {name: name for name in ("forward_", "backward_", "head")}


def by_hand(turned=True, ends=False):
    """Two LSTMs, one for each direction, and a head; in PyTorch."""

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.forward_ = torch.nn.LSTM(4, 6, batch_first=True)
            self.backward_ = torch.nn.LSTM(4, 6, batch_first=True)
            self.head = torch.nn.Linear(12, 2)

        def forward(self, x):
            one, other = self.forward_(x)[0], self.backward_(x.flip(1))[0]
            other = other.flip(1) if turned else other
            x = self.head(torch.cat([one, other], dim=-1))
            return x.softmax(-1) if ends else x

    return Model()


def go_backwards(turned=True, named=True, **options):
    """The same in Keras, where a layer reads backwards by itself."""
    names = NAMES if named else dict.fromkeys(NAMES)
    x = keras.Input((None, 4))
    one = keras.layers.LSTM(6, return_sequences=True, name=names["forward_"])(x)
    other = keras.layers.LSTM(
        6,
        return_sequences=True,
        go_backwards=True,
        name=names["backward_"],
        **options,
    )(x)
    other = keras.ops.flip(other, axis=1) if turned else other
    joined = keras.ops.concatenate([one, other], axis=-1)
    return keras.Model(x, keras.layers.Dense(2, name=names["head"])(joined))


def explained(torch, keras, x=X, **options):
    found = compare.check(torch, keras, x, transfer="to_keras", **options)
    explanation = next(e for e in (r.explanation for r in found.results) if e)
    assert explanation.explained, explanation
    assert explanation.gap_after <= explanation.limit
    return explanation


@pytest.mark.parametrize(
    ("torch_turns", "who", "whose", "code"),
    [
        (False, "PyTorch", "Keras", "output.flip(1)"),
        (True, "Keras", "PyTorch", "ops.flip(output, axis=1)"),
    ],
)
def test_steps_that_one_side_leaves_turned_are_told_and_no_layer_is_blamed(
    torch_turns, who, whose, code
):
    found = explained(by_hand(torch_turns), go_backwards(not torch_turns), names=NAMES)

    assert found.sentence == (
        f"between backward_ and head, {who} does not turn round the steps of "
        f"backward_, which reads from the end, and {whose} does"
    )
    assert found.fix == f"{who}: hand on {code} of backward_, not output"
    assert found.faults == ("backward output not reversed",)
    assert found.place == "between backward_ and head"


def test_a_mistake_elsewhere_blames_no_direction():
    found = explained(by_hand(ends=True), go_backwards(), names=NAMES)

    assert found.sentence.startswith("after head, ")
    assert "; and" not in found.sentence


def test_a_mistake_in_a_layer_that_both_read_from_the_end_is_told_alone():
    theirs = go_backwards(recurrent_activation="hard_sigmoid")
    found = explained(by_hand(), theirs, names=NAMES)

    assert found.faults == ("hard sigmoid x / 6",)


def test_directions_without_names_are_paired_as_most_of_them_make_the_same():
    """The order of execution, which is another one in Keras, pairs them crosswise."""
    found = explained(by_hand(turned=False), go_backwards(named=False))

    assert found.sentence == (
        "between backward_ and head, PyTorch does not turn round the steps of "
        "backward_, which reads from the end, and Keras does"
    )


def test_a_layer_of_the_same_name_that_reads_the_other_way_is_no_mix_up():
    """Its user has said which twin it has."""

    class Swapped(type(by_hand())):
        def forward(self, x):
            one, other = self.forward_(x.flip(1))[0], self.backward_(x)[0]
            return self.head(torch.cat([one.flip(1), other], dim=-1))

    found = explained(Swapped(), go_backwards(), names=NAMES)

    assert "each other's twins" not in found.sentence
    assert "sequence reversed" in found.faults


def branches(order):
    """Two layers of different kinds, joined; in PyTorch."""

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.one = torch.nn.LSTM(4, 6, batch_first=True)
            self.two = torch.nn.GRU(4, 5, batch_first=True)
            self.head = torch.nn.Linear(11, 2)

        def forward(self, x):
            parts = [self.one(x)[1][0][-1], self.two(x)[1][-1]]
            return self.head(torch.cat(parts[::order], dim=1))

    return Model()


def branches_in_keras(order, step=-1):
    x = keras.Input((None, 4))
    two = keras.layers.GRU(5, return_sequences=True)(x)[:, step]
    parts = [keras.layers.LSTM(6)(x), two]
    joined = keras.ops.concatenate(parts[::order], axis=-1)
    return keras.Model(x, keras.layers.Dense(2)(joined))


@pytest.mark.parametrize("order", [1, -1])
def test_parts_that_are_joined_in_another_order_are_told(order):
    found = explained(branches(order), branches_in_keras(-order))
    said = [f"the last step of {name}" for name in ("one", "two")][::order]

    assert found.sentence == (
        f"between two and head, PyTorch joins {' and '.join(said)}, "
        f"Keras {' and '.join(said[::-1])}"
    )
    assert found.fix.startswith("either PyTorch: torch.cat of the last step of ")


def test_a_part_that_is_taken_in_another_way_is_told():
    found = explained(branches(1), branches_in_keras(1, step=0))

    assert found.faults == ("the first step for the last step",)
    assert found.sentence.startswith("between two and head, Keras takes the first step")


def test_inputs_that_are_joined_in_another_order_are_told():
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.LSTM(6, 5, batch_first=True)

        def forward(self, a, b):
            return self.rnn(torch.cat([a, b], dim=-1))[0]

    a, b = keras.Input((5, 4), name="a"), keras.Input((5, 2), name="b")
    layer = keras.layers.LSTM(5, return_sequences=True)
    theirs = keras.Model([a, b], layer(keras.ops.concatenate([b, a], axis=-1)))
    found = explained(Model(), theirs, [X, X[..., :2] ** 2])

    assert "PyTorch joins the input x and the input x1, Keras" in found.sentence


def test_inputs_that_are_joined_in_another_order_for_the_result_are_told():
    """No layer comes after the result, and none makes any part of it."""

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.head = torch.nn.Linear(4, 2)

        def forward(self, a, b):
            return torch.cat([a, b], dim=-1), self.head(a)

    a, b = keras.Input((4,), name="a"), keras.Input((2,), name="b")
    joined = keras.ops.concatenate([b, a], axis=-1)
    theirs = keras.Model([a, b], [joined, keras.layers.Dense(2)(a)])
    found = explained(Model(), theirs, [X[:, 0], X[:, 1, :2] ** 2])

    assert found.sentence == (
        "after head, PyTorch joins the input x and the input x1, "
        "Keras the input x1 and the input x"
    )


def test_an_operation_on_one_part_is_told_with_its_line():
    class Strange(type(branches(1))):
        def forward(self, x):
            parts = [self.one(x)[1][0][-1], self.two(x)[1][-1].cos()]
            return self.head(torch.cat(parts, dim=1))

    found = compare.check(Strange(), branches_in_keras(1), X, transfer="to_keras")

    explanation = next(r.explanation for r in found.results if r.explanation)
    assert explanation.faults == ("`cos` in PyTorch alone",)
    assert "self.two(x)[1][-1].cos()" in explanation.torch_line


def test_layers_that_both_read_from_the_end_rightly_are_the_same():
    found = compare.check(
        by_hand(), go_backwards(), X, transfer="to_keras", names=NAMES
    )

    assert found.verdict == "same"


def test_a_sum_of_branches_and_their_maximum_are_told():
    class Added(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.one = torch.nn.LSTM(4, 6, batch_first=True)
            self.two = torch.nn.GRU(4, 6, batch_first=True)
            self.head = torch.nn.Linear(6, 2)

        def forward(self, x):
            return self.head(self.one(x)[1][0][-1] + self.two(x)[1][-1])

    x = keras.Input((None, 4))
    larger = keras.layers.maximum([keras.layers.LSTM(6)(x), keras.layers.GRU(6)(x)])
    found = explained(Added(), keras.Model(x, keras.layers.Dense(2)(larger)))

    assert "Keras takes the maximum with one, PyTorch adds one" in found.sentence


def test_directions_made_by_hand_rightly_are_no_finding():
    made = Twins(dict(torch=by_hand, keras=go_backwards), sequences(None, 4), None)
    made.match((X,), NAMES)
    made.load("to_keras", partial(fresh_weights, seed=[4]))
    found = diagnose(made, (X,))

    assert made.compare(X).verdict == "same"
    assert not found.explained
    assert found.faults == ()
    assert "reads" not in found.sentence
