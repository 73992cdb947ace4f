"""The library of mistakes: each does what a port that makes it does."""

import numpy as np
import pytest

from compare.judging.optimizers import causes, optimizers
from compare.kinds.functions import (
    celu,
    elu,
    hard_shrink,
    leaky_relu,
    limited,
    soft_shrink,
    softplus_of,
)
from compare.mistakes import ACTIVATIONS, MISTAKES, RESULTS, WAYS, RecurrentOutput
from compare.mistakes.activations import NONE, WRITTEN
from compare.mistakes.fitted import family

BY_NAME = {mistake.name: mistake for mistake in MISTAKES}
BATCH, TIME = 4, 5


def test_there_are_more_than_fifty_each_with_a_name_of_its_own():
    assert len(MISTAKES) > 50
    assert len(BY_NAME) == len(MISTAKES)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_says_what_is_wrong_and_what_to_do_on_either_side(mistake):
    assert all(
        len(text) > 3 for text in (mistake.sentence, mistake.torch, mistake.keras)
    )
    assert len(mistake.sentence) < 120


SEQUENCE = RecurrentOutput(
    output=np.random.default_rng(2).normal(0, 1, (BATCH, TIME, 2)),
    h=np.ones((BATCH, 1)),
    c=np.zeros((BATCH, 1)),
    lengths=np.array([5, 3, 2, 1]),
    states=np.random.default_rng(3).normal(0, 1, (4, BATCH, 1)),  # two layers, two ways
)


def test_no_two_ways_are_the_same_on_a_sequence_in_general():
    made = [way(SEQUENCE) for way in WAYS.values()]
    keys = [array.tobytes() + bytes(array.shape) for array in made if array is not None]

    assert len(set(keys)) == len(keys) == len(WAYS)


def test_the_last_valid_step_is_at_each_length():
    made = WAYS["the last valid step"](SEQUENCE)

    np.testing.assert_array_equal(made[1], SEQUENCE.output[1, 2])
    np.testing.assert_array_equal(made[3], SEQUENCE.output[3, 0])


def test_the_step_before_the_last_valid_one_is_at_least_the_first():
    made = WAYS["the step before the last valid one"](SEQUENCE)

    np.testing.assert_array_equal(made[1], SEQUENCE.output[1, 1])
    np.testing.assert_array_equal(made[3], SEQUENCE.output[3, 0])


def test_no_two_results_are_the_same_in_general():
    x = np.random.default_rng(0).normal(0, 1, (BATCH, 3))
    made = [function(x).tobytes() for function in RESULTS.values()]

    assert len(set(made)) == len(RESULTS)


def test_no_two_activations_are_the_same_in_general():
    x = np.random.default_rng(0).normal(0, 9, (BATCH, 9))
    made = [function(x).tobytes() for function in ACTIVATIONS.values()]

    assert len(set(made)) == len(ACTIVATIONS)


def as_written(text, names, x):
    """What a text of WRITTEN makes of x: it is a function, or what is made of x.

    What another axis is called of images stands after a comma.
    """
    text, _, _ = text.partition(", of images")
    made = eval(text, {**names, "x": x})
    return np.asarray(made(x) if callable(made) else made)


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {NONE, "a sparsemax"}))
def test_an_activation_is_what_is_written_for_it_in_pytorch(torch, name):
    x = np.random.default_rng(0).normal(0, 4, (BATCH, 3))
    names = {"torch": torch, "nn": torch.nn}
    theirs = as_written(WRITTEN[name][0], names, torch.from_numpy(x))

    np.testing.assert_allclose(ACTIVATIONS[name](x), theirs, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {NONE}))
def test_an_activation_is_what_is_written_for_it_in_keras(keras, name):
    """TensorFlow rounds some constants to float32."""
    x = np.random.default_rng(0).normal(0, 4, (BATCH, 3))
    names = {**vars(keras.layers), **vars(keras.activations), "keras": keras}
    text = WRITTEN[name][1]
    if text.startswith("activation="):
        text = f"get({text.removeprefix('activation=')})"
    elif "Leaky" in text:
        text = text.replace(")", ", dtype='float64')").replace("(, ", "(")
    theirs = as_written(text, names, keras.ops.convert_to_tensor(x))

    np.testing.assert_allclose(ACTIVATIONS[name](x), theirs, rtol=1e-6, atol=1e-8)


def test_nothing_is_no_activation():
    x = np.random.default_rng(0).normal(0, 4, (BATCH, 3))

    np.testing.assert_array_equal(ACTIVATIONS[NONE](x), x)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("a leaky relu of slope 0.15", leaky_relu(0.15)),
        ("a leaky relu of slope 0.15", leaky_relu(float(np.float32(0.15)))),
        ("an elu of alpha 0.5", elu(0.5)),
        ("a celu of alpha 0.5", celu(0.5)),
        ("a softplus of beta 2", softplus_of(2.0)),
        ("a clamp to [-0.5, 0.25]", limited(-0.5, 0.25)),
        ("a clamp to [-0.5, inf]", limited(-0.5, np.inf)),
        ("a soft shrink by 0.3", soft_shrink(0.3)),
        ("a hard shrink of all up to 0.536", hard_shrink(0.54)),
    ],
)
def test_a_slope_or_alpha_of_ones_own_is_read_from_what_it_makes(name, call):
    x = np.random.default_rng(0).normal(0, 1, (BATCH, 3))
    found, function = family(x, call(x))

    assert found == name
    np.testing.assert_allclose(function(x), call(x), rtol=1e-12)


def test_what_is_none_of_these_functions_is_not_taken_for_one():
    x = np.random.default_rng(0).normal(0, 1, (BATCH, 3))

    assert family(x, np.tanh(x)) is None
    assert family(np.abs(x), np.abs(x)) is None


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("sum for mean", np.sum),
        ("half the squared error", lambda squares: np.mean(squares / 2)),
        ("mean over the batch only", lambda squares: squares.mean(axis=0).sum()),
    ],
)
def test_a_loss_has_the_factor_of_its_mistake(name, wrong):
    squares = np.random.default_rng(0).uniform(0, 1, (4, 3))
    factor = BY_NAME[name].effect.factor(squares.shape)

    assert factor * squares.mean() == pytest.approx(wrong(squares))


@pytest.mark.parametrize(("wrong", "ddof"), [("ddof 1 for 0", 1), ("ddof 0 for 1", 0)])
def test_a_sharpe_ratio_has_the_factor_of_its_ddof(wrong, ddof):
    returns = np.random.default_rng(0).normal(0.1, 1, 6)

    def ratio(ddof):
        return returns.mean() / returns.std(ddof=ddof)

    factor = BY_NAME[wrong].effect.factor((6, 4))
    assert factor * ratio(1 - ddof) == pytest.approx(ratio(ddof))


def test_a_mean_of_one_value_is_its_sum():
    assert BY_NAME["sum for mean"].effect.factor((1, 1)) is None
    assert BY_NAME["ddof 1 for 0"].effect.factor((1, 4)) is None


def test_the_epsilon_of_adam_is_the_one_that_training_tells():
    """Its change takes PyTorch's default to Keras's; its sentence is the cause's."""
    mistake = BY_NAME["Adam's epsilon"]
    torch = dict(learning_rate=1e-3, beta_1=0.9, beta_2=0.999, epsilon=1e-8)
    defaults = {"torch": torch, "keras": mistake.effect.change(torch)}
    native = optimizers("adam", defaults, None, "torch", ())

    assert causes(native, False)["epsilon"] == mistake.sentence
    assert defaults["keras"] == {**torch, "epsilon": 1e-7}


def test_the_epsilons_of_adam_are_the_frameworks_defaults(frameworks):
    from compare.in_keras import training as keras_training
    from compare.in_pytorch import training as pytorch_training

    sides = {"torch": pytorch_training, "keras": keras_training}
    found = {side: each.defaults("Adam")["epsilon"] for side, each in sides.items()}

    assert BY_NAME["Adam's epsilon"].effect.change({}) == {"epsilon": found["keras"]}
    assert f"{found['torch']:g} in PyTorch" in BY_NAME["Adam's epsilon"].sentence
