"""The optimizers of both frameworks step as their rules say."""

import numpy as np
import pytest
from optimizer_steps import (
    DEFINED_BY,
    LIMIT64,
    NEW_RATE,
    OPTIMIZERS,
    RUNS,
    by_torch,
    gap,
    gradients,
    settings,
    start,
)


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
def test_first_steps_agree_to_the_last_bits(name, defined_by, dtype, run):
    """From zero, and never back, so that nothing hides the error of a step."""
    gs = (0.1 + np.abs(gradients()[:8, :1])).astype(dtype)
    given = settings(name), [np.zeros_like(gs[0])], gs
    (torch,) = by_torch(name, defined_by, *given)
    (keras,) = RUNS[run](name, defined_by, *given)

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
