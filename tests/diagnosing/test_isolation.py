"""Where twins begin to differ: step, unit and gate, and each layer alone."""

import json

import keras
import numpy as np
import pytest
import torch
from own_models import (
    FEATURES,
    OUTPUTS,
    PADDED,
    SIZE,
    TIME,
    X,
    in_keras,
    in_pytorch,
    last,
    masked,
    plain,
    twins,
    wrong_weights,
)

from compare.diagnosing.diagnosis import diagnose
from compare.judging.document import as_json
from compare.judging.result import Result


def gate(number, name="kernel", column=None):
    """A quarter of a kernel times two, or one column of it."""

    def change(arrays):
        made = arrays[name].copy()
        start = number * SIZE
        part = slice(start, start + SIZE) if column is None else start + column
        made[..., part] *= 2
        return arrays | {name: made}

    return change


@pytest.mark.parametrize(
    ("change", "step", "unit", "gates"),
    [
        (gate(2, column=3), 1, 4, ("g",)),
        (gate(0, column=1), 1, 2, ("i",)),
        # What the forget gate keeps is nothing in the first step.
        (gate(1, column=0), 2, 1, ("f",)),
        (gate(3, "recurrent_kernel", column=2), 2, 3, ("o",)),
        (gate(3, "bias", column=4), 1, 5, ("o",)),
    ],
)
def test_the_step_unit_and_gate_are_those_that_differ_first(change, step, unit, gates):
    made = twins(in_pytorch(last), in_keras(plain))
    wrong_weights(made, "rnn", change)
    found = diagnose(made, (X,))

    assert (found.layer, found.timestep, found.unit) == ("rnn", step, unit)
    assert found.gates == gates
    place = f"place     rnn, step {step}, unit {unit}, gate {gates[0]}"
    assert found.explain()[0] == place


def test_several_gates_are_listed_in_the_order_of_pytorch():
    made = twins(in_pytorch(last), in_keras(plain))
    wrong_weights(
        made,
        "rnn",
        lambda arrays: {
            name: np.concatenate(
                [a[..., : 2 * SIZE], a[..., 3 * SIZE :], a[..., 2 * SIZE : 3 * SIZE]],
                axis=-1,
            )
            for name, a in arrays.items()
        },
    )
    found = diagnose(made, (X,))

    assert found.explained
    assert found.gates == ("g", "o")
    assert found.explain()[0].endswith(", gates g and o")


def test_a_gate_of_a_gru_has_the_name_that_pytorch_gives_it():
    made = twins(in_pytorch(last, "GRU"), in_keras(plain, "GRU"))
    wrong_weights(made, "rnn", gate(2, column=1))  # the third is h, or n
    found = diagnose(made, (X,))

    assert (found.timestep, found.unit, found.gates) == (1, 2, ("n",))


def test_a_backward_half_begins_at_the_last_step():
    def ends(model, x):
        h = model.rnn(x)[0]

        return model.head(torch.cat([h[:, -1, :SIZE], h[:, 0, SIZE:]], 1))

    made = twins(in_pytorch(ends, bidirectional=True), in_keras(plain, both_ways=True))
    wrong_weights(made, "rnn", gate(2, "backward.kernel", column=3))
    found = diagnose(made, (X,))

    assert (found.layer, found.timestep, found.unit) == ("rnn", TIME, SIZE + 4)
    assert found.gates == ("g",)


def test_a_layer_that_computes_otherwise_has_a_step_and_a_unit_but_no_gate():
    made = twins(in_pytorch(last), in_keras(plain, activation="relu"))
    found = diagnose(made, (X,))

    assert (found.layer, found.timestep, found.gates) == ("rnn", 1, ())
    assert 1 <= found.unit <= SIZE


def test_where_only_the_code_between_differs_it_is_the_place():
    def first(model, x):
        return model.head(model.rnn(x)[0][:, 0])

    found = diagnose(twins(in_pytorch(first), in_keras(plain)), (X,))

    assert found.explained
    assert found.place == "between rnn and head"


def with_noise(arrays):
    """Weights whose bias is off by numbers that nobody knows."""
    noise = np.random.default_rng(3).normal(0, 0.01, arrays["bias"].shape)
    return arrays | {"bias": arrays["bias"] + noise}


def test_a_wrong_layer_does_not_blame_those_behind_it():
    made = twins(in_pytorch(last), in_keras(plain))
    wrong_weights(made, "rnn", with_noise)
    found = diagnose(made, (X,))

    assert not found.explained
    assert "layer rnn alone, fed with Keras's input, differs by" in found.sentence
    assert "head alone is the same" in found.sentence


def test_the_layers_that_differ_alone_are_all_named():
    made = twins(in_pytorch(last), in_keras(plain))
    for layer in ("rnn", "head"):
        wrong_weights(made, layer, with_noise)
    found = diagnose(made, (X,))

    assert not found.explained
    assert "layer rnn alone, fed with Keras's input, differs" in found.sentence
    assert "layer head alone, fed with Keras's input, differs" in found.sentence
    assert "is the same" not in found.sentence


def test_code_between_that_nobody_knows_is_told_with_its_line():
    def unknown(model, x):
        return model.head(model.rnn(x)[0][:, -1].sin())

    found = diagnose(twins(in_pytorch(unknown), in_keras(plain)), (X,))

    assert found.explained
    assert found.faults == ("`sin` in PyTorch alone",)
    assert "model.rnn(x)[0][:, -1].sin()" in found.torch_line


def squared(model, x):
    return last(model, x * x)


def test_an_input_that_one_model_makes_something_of_is_told_with_its_line():
    found = diagnose(twins(in_pytorch(squared), in_keras(plain)), (X,))

    assert found.explained
    assert found.faults == ("`*` (the square) in PyTorch alone",)
    assert "return last(model, x * x)" in found.torch_line


def test_an_input_that_numpy_makes_something_of_is_called_no_constant():
    def made(model, x):
        return last(model, torch.from_numpy(np.sin(x.numpy())))

    found = diagnose(twins(in_pytorch(made), in_keras(plain)), (X,))

    assert found.explained
    cause = "an array that no operation of PyTorch makes for the input x"
    assert found.faults == (cause,)


@pytest.mark.usefixtures("layers_alone")
def test_an_input_that_one_model_makes_something_of_is_said():
    found = diagnose(twins(in_pytorch(squared), in_keras(plain)), (X,))

    assert not found.explained
    said = "rnn gets something unknown in PyTorch: what goes in differs by 1.3e+00"
    assert f"after the input, {said}" in found.sentence


def test_a_layer_that_refuses_keras_input_says_so():
    """A sequence without a step, which Keras masks away whole."""
    empty = np.where([[[1]], [[1]], [[0]]], PADDED, 0).astype(np.float32)
    made = twins(in_pytorch(last), in_keras(masked))
    wrong_weights(made, "head", with_noise)
    found = diagnose(made, (empty,))

    assert not found.explained
    assert "rnn alone refuses Keras's input: Length of all samples" in found.sentence


def test_a_layer_of_another_size_is_said():
    """PyTorch's head takes the flattened steps, Keras's the last one."""

    class Flat(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.LSTM(FEATURES, SIZE, batch_first=True)
            self.head = torch.nn.Linear(SIZE * TIME, OUTPUTS)

        def forward(self, x):
            return self.head(self.rnn(x)[0].flatten(1))

    found = diagnose(twins(Flat, in_keras(plain), load=False), (X,))

    assert not found.explained
    assert "in head, head.weight: expected shape (3, 35), got (3, 5)" in found.sentence


def twice(model, x):
    h = model.rnn(x)[0][:, -1]
    return model.head(torch.relu(model.head(h)[:, :1]) + h)


def twice_in_keras(model, x):
    h = model.rnn(x)
    return model.head(keras.ops.relu(model.head(h)[:, :1]) + 2 * h)


def test_what_one_side_makes_of_an_array_between_two_runs_is_told_with_its_line():
    made = twins(in_pytorch(twice), in_keras(twice_in_keras))
    found = diagnose(made, (X,))

    assert found.explained
    assert found.faults == ("`*` (the values times 2) in Keras alone",)
    assert "keras.ops.relu(model.head(h)[:, :1]) + 2 * h" in found.keras_line


@pytest.mark.usefixtures("layers_alone")
def test_the_run_that_is_given_something_else_is_named():
    made = twins(in_pytorch(twice), in_keras(twice_in_keras))
    found = diagnose(made, (X,))

    assert not found.explained
    assert "in head (run 2), what goes in differs" in found.sentence
    assert "rnn and head alone, fed with Keras's input, are the same" in found.sentence


def test_the_json_has_the_place():
    made = twins(in_pytorch(last), in_keras(plain))
    wrong_weights(made, "rnn", gate(2, column=3))
    result = Result(
        *("mine", "none", TIME, 3, "to_keras", "different", "same"),
        explanation=diagnose(made, (X,)),
    )
    (told,) = json.loads(as_json(result.as_dict()))["explanations"]

    place = {key: told[key] for key in ("layer", "timestep", "unit", "gates")}
    assert place == dict(layer="rnn", timestep=1, unit=4, gates=["g"])
