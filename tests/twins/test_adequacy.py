"""What operations of a model do to an input, as either adapter sees it."""

from copy import deepcopy

import keras
import numpy as np
import torch
from exercised_models import ROWS, X, dense_keras, dense_torch, last_keras, last_torch

from compare.judging.arrays import Input
from compare.twins.adequacy import Adequacy
from compare.twins.twins import Twins

FEATURES = X.shape[-1]


def watched(torch_model, keras_model, *runs):
    """What two models did not do in some runs, a sentence each."""
    shape = (None, *(None,) * (runs[0].ndim - 2), runs[0].shape[-1])
    makers = {"torch": lambda: deepcopy(torch_model), "keras": lambda: keras_model}
    twins = Twins(makers, [Input("x", shape)], None, calls=CALLS)
    adequacy = Adequacy()
    for x in runs:
        adequacy.watch(twins, (x,))
    return adequacy.sentences()


def called(model, tensors):
    return model(*tensors)


CALLS = {"torch": called, "keras": called}


def test_a_bound_that_was_not_reached_is_told_with_the_nearest_value():
    """By its side, its place and the largest value of all runs."""
    torch_model = dense_torch(torch.nn.functional.relu6)
    keras_model = dense_keras(keras.layers.Activation("relu6", name="knee"))
    with torch.no_grad():
        largest = max(torch_model.first(torch.tensor(k * ROWS)).max() for k in (1, 2))
    sentences = watched(torch_model, keras_model, ROWS, 2 * ROWS)
    of_torch, of_keras = [text for text in sentences if "reached" in text]

    assert of_torch.startswith("relu6 (line ")
    assert of_torch.endswith(f"never reached 6 (largest {float(largest):.3g})")
    assert "of PyTorch's model" in of_torch
    assert of_keras.startswith("relu6 in `knee` of Keras's model never reached 6")


def test_what_one_run_of_several_does_is_exercised():
    torch_model = dense_torch(torch.nn.functional.relu6)
    keras_model = dense_keras(keras.layers.Activation("relu6"))

    assert watched(torch_model, keras_model, ROWS, 1000 * ROWS) == ()


def branching(h):
    """Twice the values where their sum is large, which it is not."""
    if h.sum() > 1e6:
        return 2 * h
    assert h.ndim == 2  # which is no branch
    assert h.sum() < 1e6
    return h


def test_a_branch_of_python_that_is_never_taken_is_told():
    sentences = watched(dense_torch(branching), dense_keras(), ROWS)
    (of_torch,) = [text for text in sentences if "condition" in text]

    assert of_torch.startswith("the condition (line ")
    assert of_torch.endswith("of PyTorch's model was never true")


def test_an_operation_in_the_loop_of_a_layer_is_seen():
    """A gate's activation runs in the body of a loop, once a step."""
    keras_model = last_keras(recurrent_activation="hard_sigmoid")
    torch_model = last_torch()
    (above, below) = watched(torch_model, keras_model, 0.1 * X)

    assert "relu6 in `" in above + below
    assert watched(torch_model, keras_model, 100 * X) == ()


def test_an_operation_in_a_layer_of_the_users_is_told_by_its_line():
    class Own(keras.layers.Layer):
        def call(self, x):
            return keras.ops.clip(x, -50.0, 50.0)

    sentences = watched(dense_torch(lambda h: h), dense_keras(Own(name="own")), ROWS)

    assert [s.partition(" of ")[0] for s in sentences] == ["clip in `own`"] * 2


def test_a_module_is_told_by_its_name():
    torch_model = dense_torch(torch.nn.Identity())
    torch_model.second = torch.nn.Sequential(
        torch.nn.Hardtanh(-50, 50), torch.nn.Linear(6, 2)
    )
    sentences = watched(torch_model, dense_keras(), ROWS)

    assert "hardtanh in `second.0` of PyTorch's model never reached 50" in sentences[1]


def test_a_model_that_works_in_place_is_seen_before_it_does():
    """And the arrays stay as they are."""
    before = ROWS.copy()
    torch_model = dense_torch(lambda h: h.clamp_(-0.001, 0.001))
    sentences = watched(torch_model, dense_keras(), ROWS)

    assert sentences == ()
    assert np.array_equal(ROWS, before)


def test_units_that_are_dead_are_counted():
    torch_model = dense_torch(torch.relu)
    with torch.no_grad():
        torch_model.first.bias[:2] = -1000
        torch_model.first.bias[2:] = 0
        torch_model.first.weight.abs_()
    (sentence,) = watched(torch_model, dense_keras(), np.concatenate([ROWS, -ROWS]))

    assert sentence.startswith("2 of 6 units of relu (line ")


def test_biases_of_zero_and_equal_weights_are_told():
    def forward(h):
        return h

    torch_model = dense_torch(forward)
    torch_model.second = torch.nn.Linear(4, 6)
    torch_model.second.load_state_dict(torch_model.first.state_dict())
    torch.nn.init.zeros_(torch_model.first.bias)
    torch.nn.init.zeros_(torch_model.second.bias)
    torch_model.forward = lambda x: torch_model.first(x) + torch_model.second(x)
    x = keras.Input((FEATURES,))
    keras_model = keras.Model(x, keras.layers.Dense(6)(x))

    assert watched(torch_model, keras_model, ROWS) == (
        "the bias of `first` is zero",
        "the bias of `second` is zero",
        "the weights of `first` and `second` are equal",
    )


def test_of_many_sentences_the_others_are_counted():
    def many(h):
        for bound in range(50, 60):
            h = h.clamp(max=bound)
        return h

    sentences = watched(dense_torch(many), dense_keras(), ROWS)

    assert len(sentences) == 7
    assert sentences[-1] == "and 4 more"


def test_what_a_layer_of_keras_does_inside_is_not_told():
    """A convolution that pads nothing, and the masks of a loop, are no operations."""
    x = keras.Input((None, FEATURES))
    h = keras.layers.Conv1D(4, 1, padding="causal")(x)
    h = keras.layers.BatchNormalization()(h)
    keras_model = keras.Model(x, keras.layers.GRU(3)(h))

    assert watched(last_torch(), keras_model, X) == ()


def test_two_operations_of_one_line_may_have_unlike_units():
    """A layer of more units and one of fewer, both with a relu in the same line."""
    first, second = torch.nn.Linear(FEATURES, 7), torch.nn.Linear(7, 6)

    class TwoInALine(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = first, second

        def forward(self, x):
            return torch.relu(self.second(torch.relu(self.first(x))))

    with torch.no_grad():
        first.bias -= 1e3
    sentences = watched(TwoInALine(), dense_keras(keras.layers.ReLU()), ROWS)

    assert any(text.startswith("7 of 7 ") for text in sentences)
