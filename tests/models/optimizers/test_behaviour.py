"""Optimizers written as the other framework defines them behave as those do."""

import ast

import keras
import numpy as np
import pytest
import tensorflow
import torch
from optimizer_steps import (
    DEFINED_BY,
    FEW,
    LIMIT64,
    NEW_RATE,
    OPTIMIZERS,
    by_keras,
    by_torch,
    gap,
    gradients,
    keras_class,
    settings,
    start,
    torch_optimizer,
)

from compare.in_keras.precision import settled
from compare.subjects.sources import ROOT

LIMIT32 = 1e-5


FOLDERS = ("pytorch_models", "keras_models")


@pytest.mark.parametrize("defined_by", DEFINED_BY)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_step_without_a_gradient_counts_or_does_not(name, defined_by):
    """For the bias correction; such a parameter itself stays where it is."""
    values = settings(name)
    parameters = [torch.nn.Parameter(torch.tensor(start())) for _ in "ab"]
    in_torch = torch_optimizer(name, defined_by, values, parameters)
    with settled("float64"):
        variables = [keras.Variable(start()) for _ in "ab"]
        in_keras = keras_class(name, defined_by)(**values)
    in_keras.build(variables)

    for t, g in enumerate(gradients()[:6]):
        has = t in (3, 5)  # the second parameter
        parameters[0].grad = torch.tensor(g)
        parameters[1].grad = torch.tensor(g) if has else None
        in_torch.step()
        in_keras.apply([tensorflow.constant(g)] * (1 + has), variables[: 1 + has])
    for parameter, variable in zip(parameters, variables, strict=True):
        assert gap(variable.numpy(), parameter.detach().numpy()) < LIMIT64


@pytest.mark.parametrize("run", ["torch", "keras traced"])
@pytest.mark.parametrize("defined_by", DEFINED_BY)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_float32_stays_float32_and_near(steps, name, defined_by, run):
    ours = steps(run, name, defined_by, dtype="float32")[:FEW]
    theirs = steps("torch", name, defined_by)

    assert ours.dtype == np.float32
    assert gap(ours.astype("float64"), theirs) < LIMIT32


@pytest.mark.parametrize("traced", [False, True], ids=["eager", "traced"])
@pytest.mark.parametrize("defined_by", DEFINED_BY)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_doubled_variable_moves_as_the_sum_of_two(name, defined_by, traced):
    """AdamW's decay is not doubled; the variable beside it moves as any other."""
    common = name, defined_by, settings(name)
    first, second, gs = start(), 0.3 * start()[::-1], gradients()[:FEW]
    doubled, other = by_keras(
        *common, [first + second, first], gs, traced=traced, two_biases=True
    )

    one, two = by_torch(*common, [first, second], gs)
    assert gap(doubled, one + two) < LIMIT64
    assert gap(other, one) < LIMIT64


@pytest.mark.parametrize("defined_by", DEFINED_BY)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_one_that_is_not_doubled_does_not(steps, name, defined_by):
    halves = [start() / 2, start() / 2]
    one, two = by_torch(name, defined_by, settings(name), halves, gradients())

    assert gap(steps("keras traced", name, defined_by), one + two) > 1e-3


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_pytorch_run_goes_on_from_its_state(steps, name):
    values = settings(name)
    parameter = torch.nn.Parameter(torch.tensor(start()))

    def make():
        return torch_optimizer(name, "Keras", values, [parameter])

    optimizer, found = make(), []
    for t, g in enumerate(gradients()[:NEW_RATE]):
        if t == 10:
            state = optimizer.state_dict()
            optimizer = make()
            optimizer.load_state_dict(state)
        parameter.grad = torch.tensor(g)
        optimizer.step()
        found.append(parameter.detach().numpy().copy())

    assert gap(np.array(found), steps("torch", name, "Keras")) == 0


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_pytorch_step_takes_a_closure(name):
    """It is called with gradients on, and its loss handed back."""
    parameter = torch.nn.Parameter(torch.tensor(start()))
    optimizer = torch_optimizer(name, "Keras", settings(name), [parameter])

    def closure():
        loss = parameter.sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == pytest.approx(start().sum(), rel=1e-14)
    assert (parameter.detach().numpy() < start()).all()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_keras_optimizer_is_made_anew_from_its_config(name):
    with settled("float64"):
        first = keras_class(name, "PyTorch")(**settings(name))
        saved = keras.optimizers.serialize(first)
        again = keras.optimizers.deserialize(saved)

    assert type(again) is type(first)
    assert again.get_config() == first.get_config()
    assert settings(name).items() <= again.get_config().items()


@pytest.mark.parametrize("cls", ["SGD", "RMSprop", "Adam", "AdamW"])
def test_twins_say_the_same_and_take_the_same(cls):
    """Word for word, with both formulas, so that either file can be read alone."""
    paths = [ROOT / folder / "optimizers.py" for folder in FOLDERS]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    found = [{getattr(n, "name", None): n for n in tree.body}[cls] for tree in trees]
    pytorch, keras = ([a.arg for a in each.body[1].args.args] for each in found)

    assert pytorch == ["self", "params", *keras[1:]]
    assert ast.get_docstring(found[0]) == ast.get_docstring(found[1])
