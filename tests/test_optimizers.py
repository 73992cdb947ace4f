"""Each framework's optimizers, and those written as the other's, step as published.

The rules stand here once more in NumPy, a third opinion. Gradients are given, so that
an error in one step does not change the next gradient and hide, or grow.
"""

import ast
from functools import cache, partial
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest

from compare.subjects.sources import ROOT

STEPS = 200
FEW = 40  # of eager Keras, which is slow
NEW_RATE = 25  # from this step on the learning rate is 0.3 times as large
LIMIT64 = 1e-13
LIMIT32 = 1e-5

# The class, and what it takes beside the learning rate, in that order.
OPTIMIZERS = {
    "SGD": ("SGD", ["momentum"]),
    "SGD with momentum": ("SGD", ["momentum"]),
    "RMSprop": ("RMSprop", ["rho", "epsilon"]),
    "Adam": ("Adam", ["beta_1", "beta_2", "epsilon"]),
    "AdamW": ("AdamW", ["beta_1", "beta_2", "epsilon", "weight_decay"]),
}
DEFINED_BY = ("PyTorch", "Keras")
FOLDERS = ("pytorch_models", "keras_models")


def settings(name, kind="usual"):
    """What people use, or numbers like it that float32 holds exactly, by argument.

    Keras rounds some to float32, whatever the precision.
    """
    if kind == "exact":
        values = dict(momentum=7 / 8, rho=7 / 8, beta_1=7 / 8, beta_2=1023 / 1024)
        values |= dict(weight_decay=1 / 64)
    else:
        values = dict(momentum=0.9, rho=0.9, beta_1=0.9, beta_2=0.999)
        values |= dict(weight_decay=0.01)
    values["epsilon"] = 1e-8
    if name == "SGD":
        values["momentum"] = 0.0
    return {"learning_rate": 0.001} | {key: values[key] for key in OPTIMIZERS[name][1]}


@pytest.fixture(scope="module")
def made(harness):
    """Both frameworks, and what is written in each as the other defines it."""
    return SimpleNamespace(
        torch=import_module("torch"),
        keras=import_module("keras"),
        tensorflow=import_module("tensorflow"),
        settled=harness.in_keras.settled,
        in_torch=import_module("pytorch_models.optimizers"),
        in_keras=import_module("keras_models.optimizers"),
    )


def start(dtype="float64"):
    """Numbers around 1, further from zero than any run goes."""
    return np.random.default_rng(3).uniform(0.5, 1.5, (5, 4)).astype(dtype)


def gradients(dtype="float64"):
    """Of each step: rows of size 1, 1e-4 and 1e-9, one of 1 and 1e-9, one of zeros.

    In every row a tenth is zero; in one column the first three steps are.
    """
    rng = np.random.default_rng(4)
    size = np.array([1, 1e-4, 1e-9, 1, 0])[:, None]
    found = rng.normal(size=(STEPS, 5, 4)) * size
    found[:, 3] *= rng.choice([1, 1e-9], (STEPS, 4))
    found[rng.random(found.shape) < 0.1] = 0
    found[:3, :, 0] = 0
    return found.astype(dtype)


# The rules, as published


def with_rates(gs, learning_rate):
    """Each step's gradient and learning rate."""
    for t, g in enumerate(gs):
        yield g, learning_rate * (1 if t < NEW_RATE else 0.3)


def momentum_rule(p, gs, defined_by, learning_rate, momentum):
    """Keras: Sutskever et al. 2013, equations 1 and 2; PyTorch: `torch.optim.SGD`."""
    velocity = np.zeros_like(p)
    for g, rate in with_rates(gs, learning_rate):
        if defined_by == "Keras":
            velocity = momentum * velocity - rate * g
            p = p + velocity
        else:
            velocity = momentum * velocity + g
            p = p - rate * velocity
        yield p


def rmsprop_rule(p, gs, defined_by, learning_rate, rho, epsilon):
    """Tieleman & Hinton 2012, lecture 6.5; where epsilon stands is the framework's."""
    mean_square = np.zeros_like(p)
    for g, rate in with_rates(gs, learning_rate):
        mean_square = rho * mean_square + (1 - rho) * g**2
        if defined_by == "Keras":
            p = p - rate * g / np.sqrt(mean_square + epsilon)
        else:
            p = p - rate * g / (np.sqrt(mean_square) + epsilon)
        yield p


def adam_rule(
    p, gs, defined_by, learning_rate, beta_1, beta_2, epsilon, weight_decay=0
):
    """PyTorch: Kingma & Ba 2015, algorithm 1; Keras: the end of their section 2.

    With decay: Loshchilov & Hutter 2019, algorithm 2, lambda = rate * weight_decay.
    """
    m, v = np.zeros_like(p), np.zeros_like(p)
    for t, (g, rate) in enumerate(with_rates(gs, learning_rate), 1):
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        if defined_by == "Keras":
            rate_t = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
            step = rate_t * m / (np.sqrt(v) + epsilon)
        else:
            m_hat, v_hat = m / (1 - beta_1**t), v / (1 - beta_2**t)
            step = rate * m_hat / (np.sqrt(v_hat) + epsilon)
        p = p - (step + rate * weight_decay * p)
        yield p


RULES = {"SGD": momentum_rule, "RMSprop": rmsprop_rule}
RULES |= {"Adam": adam_rule, "AdamW": adam_rule}


def by_rule(name, defined_by, values):
    """The parameter after each step."""
    rule = RULES[OPTIMIZERS[name][0]]
    return np.array(list(rule(start(), gradients(), defined_by, **values)))


# The same in the frameworks


def torch_optimizer(made, name, defined_by, values, parameters):
    cls = OPTIMIZERS[name][0]
    if defined_by == "Keras":
        return getattr(made.in_torch, cls)(parameters, *values.values())
    named = dict(learning_rate="lr", rho="alpha", epsilon="eps")
    values = {named.get(key, key): value for key, value in values.items()}
    if "beta_1" in values:
        values["betas"] = values.pop("beta_1"), values.pop("beta_2")
    return getattr(made.torch.optim, cls)(parameters, **values)


def keras_class(made, name, defined_by):
    home = made.keras.optimizers if defined_by == "Keras" else made.in_keras
    return getattr(home, OPTIMIZERS[name][0])


def by_torch(made, name, defined_by, values, starts, gs):
    """Each parameter after each step; all get the same gradients."""
    parameters = [made.torch.nn.Parameter(made.torch.tensor(p)) for p in starts]
    optimizer = torch_optimizer(made, name, defined_by, values, parameters)
    found = []
    for t, g in enumerate(gs):
        if t == NEW_RATE:
            optimizer.param_groups[0]["lr"] *= 0.3
        for parameter in parameters:
            parameter.grad = made.torch.tensor(g)
        optimizer.step()
        found.append([parameter.detach().numpy().copy() for parameter in parameters])
    return [np.array(each) for each in zip(*found, strict=True)]


def by_keras(made, name, defined_by, values, starts, gs, traced, two_biases=False):
    """Each variable after each step; the first one doubled, if there are two biases."""
    cls = keras_class(made, name, defined_by)
    if two_biases:
        cls = type(f"TwoBiases{cls.__name__}", (made.in_keras.TwoBiases, cls), {})
    with made.settled(str(gs.dtype)):
        variables = [made.keras.Variable(p) for p in starts]
        optimizer = cls(**values)
        optimizer.build(variables)
    if two_biases:
        optimizer.doubled = frozenset({id(variables[0])})

    def step(g):
        optimizer.apply([g] * len(variables), variables)

    if traced:
        step = made.tensorflow.function(step, autograph=False)
    found = []
    for t, g in enumerate(gs if traced else gs[:FEW]):
        if t == NEW_RATE:
            optimizer.learning_rate = 0.3 * values["learning_rate"]
        step(made.tensorflow.constant(g))
        found.append([variable.numpy() for variable in variables])
    return [np.array(each) for each in zip(*found, strict=True)]


RUNS = {
    "torch": by_torch,
    "keras eager": partial(by_keras, traced=False),
    "keras traced": partial(by_keras, traced=True),
}


@pytest.fixture(scope="module")
def steps(made):
    """What a run makes of the start, step by step; each computed once."""

    @cache
    def of(run, name, defined_by, kind="usual", dtype="float64"):
        given = settings(name, kind), [start(dtype)], gradients(dtype)
        return RUNS[run](made, name, defined_by, *given)[0]

    return of


def gap(ours, theirs):
    """The largest relative difference of an element in any step that both took."""
    theirs = theirs[: len(ours)]
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
    return np.max(np.abs(ours - theirs) / np.abs(theirs))


# Both frameworks follow the rules


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("defined_by", DEFINED_BY)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_are_those_of_the_rule(steps, name, defined_by, run):
    ours = steps(run, name, defined_by, "exact")
    theirs = by_rule(name, defined_by, settings(name, "exact"))

    assert gap(ours, theirs) < LIMIT64


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_pytorchs_rule_holds_for_any_setting(steps, name, run):
    """Written in Keras it stays float64 as well, with what float32 cannot hold."""
    ours = steps(run, name, "PyTorch")

    assert gap(ours, by_rule(name, "PyTorch", settings(name))) < LIMIT64


@pytest.mark.parametrize("run", ["keras eager", "keras traced"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("defined_by", DEFINED_BY)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_first_steps_agree_to_the_last_bits(made, name, defined_by, dtype, run):
    """From zero, and never back, so that nothing hides the error of a step."""
    gs = (0.1 + np.abs(gradients()[:8, :1])).astype(dtype)
    given = settings(name), [np.zeros_like(gs[0])], gs
    (torch,) = by_torch(made, name, defined_by, *given)
    (keras,) = RUNS[run](made, name, defined_by, *given)

    assert gap(keras, torch) < 8 * np.finfo(dtype).eps


@pytest.mark.parametrize("run", ["keras eager", "keras traced"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_keras_written_in_pytorch_follows_its_rounding(steps, name, run):
    keras = steps(run, name, "Keras")

    assert gap(keras, steps("torch", name, "Keras")) < LIMIT64


@pytest.mark.parametrize("name", ["SGD with momentum", "Adam", "AdamW"])
def test_keras_rounds_settings_to_float32(steps, name):
    """In a float64 run: why its rule holds for some settings only."""
    found = steps("keras traced", name, "Keras")

    assert gap(found, by_rule(name, "Keras", settings(name))) > 100 * LIMIT64


# Each check above can fail


@pytest.mark.parametrize("defined_by", DEFINED_BY)
@pytest.mark.parametrize("name", ["RMSprop", "Adam", "AdamW"])
def test_another_epsilon_is_noticed(name, defined_by):
    values = settings(name, "exact")
    right = by_rule(name, defined_by, values)
    wrong = by_rule(name, defined_by, values | {"epsilon": 1e-7})

    assert gap(wrong, right) > 1e6 * LIMIT64


@pytest.mark.parametrize("name", ["SGD with momentum", "RMSprop", "Adam", "AdamW"])
def test_the_other_definition_is_noticed(name):
    """Of momentum by the new learning rate, of the others by where epsilon stands."""
    pytorch, keras = (by_rule(name, d, settings(name, "exact")) for d in DEFINED_BY)

    assert gap(pytorch, keras) > 1e6 * LIMIT64


@pytest.mark.parametrize("key", ["beta_1", "beta_2", "weight_decay"])
def test_a_setting_rounded_to_float32_is_noticed(key):
    values = settings("AdamW")
    right = by_rule("AdamW", "PyTorch", values)
    rounded = values | {key: float(np.float32(values[key]))}

    assert gap(by_rule("AdamW", "PyTorch", rounded), right) > 10 * LIMIT64


# What the rules leave open


@pytest.mark.parametrize("defined_by", DEFINED_BY)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_step_without_a_gradient_counts_or_does_not(made, name, defined_by):
    """For the bias correction; such a parameter itself stays where it is."""
    values = settings(name)
    parameters = [made.torch.nn.Parameter(made.torch.tensor(start())) for _ in "ab"]
    in_torch = torch_optimizer(made, name, defined_by, values, parameters)
    with made.settled("float64"):
        variables = [made.keras.Variable(start()) for _ in "ab"]
        in_keras = keras_class(made, name, defined_by)(**values)
    in_keras.build(variables)

    for t, g in enumerate(gradients()[:6]):
        has = t in (3, 5)  # the second parameter
        parameters[0].grad = made.torch.tensor(g)
        parameters[1].grad = made.torch.tensor(g) if has else None
        in_torch.step()
        in_keras.apply([made.tensorflow.constant(g)] * (1 + has), variables[: 1 + has])
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


# PyTorch's two biases


@pytest.mark.parametrize("traced", [False, True], ids=["eager", "traced"])
@pytest.mark.parametrize("defined_by", DEFINED_BY)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_doubled_variable_moves_as_the_sum_of_two(made, name, defined_by, traced):
    """AdamW's decay is not doubled; the variable beside it moves as any other."""
    common = made, name, defined_by, settings(name)
    first, second, gs = start(), 0.3 * start()[::-1], gradients()[:FEW]
    doubled, other = by_keras(
        *common, [first + second, first], gs, traced=traced, two_biases=True
    )

    one, two = by_torch(*common, [first, second], gs)
    assert gap(doubled, one + two) < LIMIT64
    assert gap(other, one) < LIMIT64


@pytest.mark.parametrize("defined_by", DEFINED_BY)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_one_that_is_not_doubled_does_not(made, steps, name, defined_by):
    halves = [start() / 2, start() / 2]
    one, two = by_torch(made, name, defined_by, settings(name), halves, gradients())

    assert gap(steps("keras traced", name, defined_by), one + two) > 1e-3


# As optimizers of their frameworks


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_pytorch_run_goes_on_from_its_state(made, steps, name):
    values = settings(name)
    parameter = made.torch.nn.Parameter(made.torch.tensor(start()))

    def make():
        return torch_optimizer(made, name, "Keras", values, [parameter])

    optimizer, found = make(), []
    for t, g in enumerate(gradients()[:NEW_RATE]):
        if t == 10:
            state = optimizer.state_dict()
            optimizer = make()
            optimizer.load_state_dict(state)
        parameter.grad = made.torch.tensor(g)
        optimizer.step()
        found.append(parameter.detach().numpy().copy())

    assert gap(np.array(found), steps("torch", name, "Keras")) == 0


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_pytorch_step_takes_a_closure(made, name):
    """It is called with gradients on, and its loss handed back."""
    parameter = made.torch.nn.Parameter(made.torch.tensor(start()))
    optimizer = torch_optimizer(made, name, "Keras", settings(name), [parameter])

    def closure():
        loss = parameter.sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == pytest.approx(start().sum(), rel=1e-14)
    assert (parameter.detach().numpy() < start()).all()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_keras_optimizer_is_made_anew_from_its_config(made, name):
    with made.settled("float64"):
        first = keras_class(made, name, "PyTorch")(**settings(name))
        saved = made.keras.optimizers.serialize(first)
        again = made.keras.optimizers.deserialize(saved)

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
