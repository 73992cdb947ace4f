"""The library of mistakes: each does what a port that makes it does."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from compare.judging.optimizers import causes, optimizers
from compare.kinds import reference
from compare.kinds.mistake import ArraysOfLayer
from compare.mistakes import (
    ACTIVATIONS,
    EPSILONS,
    MISTAKES,
    RESULTS,
    STATISTICS,
    WAYS,
    Call,
    RecurrentOutput,
)
from compare.mistakes.activations import NONE, WRITTEN, elu, family, leaky

BY_NAME = {mistake.name: mistake for mistake in MISTAKES}
SIZE, FEATURES, BATCH, TIME = 6, 3, 4, 5


def arrays(kind, seed=0, suffixes=("_l0",), features=FEATURES):
    rng = np.random.default_rng(seed)
    rows = reference.GATES[kind] * SIZE
    shapes = dict(weight_ih=(rows, features), weight_hh=(rows, SIZE))
    shapes |= dict(bias_ih=(rows,), bias_hh=(rows,))
    return {
        name + suffix: rng.normal(0, 0.5, shape)
        for suffix in suffixes
        for name, shape in shapes.items()
    }


def call(kind, lengths=None, **more):
    x = np.random.default_rng(1).normal(0, 1, (BATCH, TIME, FEATURES))
    return Call(kind, arrays(kind, **more), x, lengths)


def keras_layer(harness, cls, given, **options):
    """What a Keras layer returns in float64: all steps, from PyTorch's arrays."""
    import keras

    with harness.in_keras.settled("float64"):
        layer = getattr(keras.layers, cls)(SIZE, return_sequences=True, **options)
        layer.build(given.x.shape)
        kernels = [given.arrays[f"weight_{which}_l0"].T for which in ("ih", "hh")]
        bias = given.arrays["bias_ih_l0"] + given.arrays["bias_hh_l0"]
        layer.set_weights([*kernels, bias])
        return keras.ops.convert_to_numpy(layer(given.x))


def test_there_are_more_than_fifty_each_with_a_name_of_its_own():
    assert len(MISTAKES) > 50
    assert len(BY_NAME) == len(MISTAKES)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_each_says_what_is_wrong_and_what_to_do_on_either_side(mistake):
    assert all(
        len(text) > 3 for text in (mistake.sentence, mistake.torch, mistake.keras)
    )
    assert len(mistake.sentence) < 120


@pytest.mark.parametrize(("kind", "gates"), [("LSTM", "ifgo"), ("GRU", "rzn")])
def test_every_wrong_order_of_gates_is_one(kind, gates):
    wrong = {f"{kind} gates {', '.join(order)}" for order in permutations(gates)}

    assert wrong - set(BY_NAME) == {f"{kind} gates {', '.join(gates)}"}


def test_a_wrong_order_moves_the_blocks_of_every_array():
    made = BY_NAME["LSTM gates i, f, o, g"].effect.change(arrays("LSTM"))

    for name, array in arrays("LSTM").items():
        i, f, g, o = np.split(array, 4)
        np.testing.assert_array_equal(made[name], np.concatenate([i, f, o, g]))


def arrays_of(kind):
    """Those of a layer in which every mistake of its kind can be made."""
    if kind.split("(")[0] in reference.GATES:
        suffixes = ("_l0", "_l0_reverse", "_l1", "_l2")
        return arrays(kind.split("(")[0], suffixes=suffixes, features=SIZE)
    rng = np.random.default_rng(0)
    names = dict(Embedding=["weight"]).get(kind, ["weight", "bias"])
    names += ["running_mean", "running_var"] if kind == "BatchNorm1d" else []
    matrix = kind in ("Embedding", "Linear", "Conv1d")
    shapes = {name: (SIZE,) for name in names}
    shapes |= {"weight": (SIZE, FEATURES)} if matrix else {}
    return {name: rng.normal(0, 0.5, shape) for name, shape in shapes.items()}


@pytest.mark.parametrize(
    ("mistake", "kind"),
    [
        pytest.param(mistake, kind, id=f"{mistake.name}, {kind}")
        for mistake in MISTAKES
        if isinstance(mistake.effect, ArraysOfLayer)
        for kind in mistake.kinds
    ],
)
def test_arrays_keep_their_names_and_shapes_and_something_changes(mistake, kind):
    given = arrays_of(kind)
    made = mistake.effect.change(given)

    assert {n: a.shape for n, a in made.items()} == {
        n: a.shape for n, a in given.items()
    }
    assert any(not np.array_equal(made[name], given[name]) for name in given)


def test_what_needs_equal_shapes_cannot_happen_without_them():
    assert (
        BY_NAME["input and recurrent kernel swapped"].effect.change(arrays("LSTM"))
        is None
    )
    assert BY_NAME["directions swapped"].effect.change(arrays("LSTM")) is None
    assert BY_NAME["layers swapped"].effect.change(arrays("LSTM")) is None


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_rounding_is_that_of_pytorch(dtype):
    import torch

    given = arrays("LSTM")
    made = BY_NAME[f"weights rounded to {dtype}"].effect.change(given)
    theirs = torch.from_numpy(given["weight_ih_l0"]).to(torch.float32)
    theirs = theirs.to(getattr(torch, dtype)).to(torch.float64).numpy()

    np.testing.assert_array_equal(made["weight_ih_l0"], theirs)


@pytest.mark.parametrize(
    ("name", "cls", "options"),
    [
        ("hard sigmoid x / 6", "LSTM", dict(recurrent_activation="hard_sigmoid")),
        ("tanh for sigmoid", "LSTM", dict(recurrent_activation="tanh")),
        ("relu for tanh", "LSTM", dict(activation="relu")),
        ("linear for tanh", "LSTM", dict(activation="linear")),
        ("sequence reversed", "LSTM", dict(go_backwards=True)),
    ],
)
def test_a_layer_computes_what_keras_computes_with_that_option(
    harness, name, cls, options
):
    given = call(cls)
    made = BY_NAME[name].effect.compute(given)["output"]
    theirs = keras_layer(harness, cls, given, **options)

    np.testing.assert_allclose(made, theirs, rtol=1e-12, atol=1e-13)


def test_the_reset_gate_before_the_product_is_keras_reset_after_false(harness):
    import keras

    given = call("GRU")
    made = BY_NAME["reset gate before the product"].effect.compute(given)["output"]
    order = np.r_[SIZE : 2 * SIZE, :SIZE, 2 * SIZE : 3 * SIZE]
    p = given.arrays
    with harness.in_keras.settled("float64"):
        layer = keras.layers.GRU(SIZE, return_sequences=True, reset_after=False)
        layer.build(given.x.shape)
        layer.set_weights(
            [
                p["weight_ih_l0"][order].T,
                p["weight_hh_l0"][order].T,
                (p["bias_ih_l0"] + p["bias_hh_l0"])[order],
            ]
        )
        theirs = keras.ops.convert_to_numpy(layer(given.x))

    np.testing.assert_allclose(made, theirs, rtol=1e-12, atol=1e-13)


def test_states_carried_over_are_those_of_the_batch_before():
    given = call("LSTM")
    twice = replace(given, x=np.concatenate([given.x, given.x], axis=1))
    made = BY_NAME["states carried over"].effect.compute(given)

    np.testing.assert_allclose(made["output"], twice.run()["output"][:, TIME:])


def test_without_a_mask_the_padding_is_computed():
    lengths = np.array([5, 3, 2, 1])
    given = call("LSTM", lengths)
    made = BY_NAME["mask ignored"].effect.compute(given)

    np.testing.assert_array_equal(made["h_n"][0], made["output"][:, -1])
    np.testing.assert_array_equal(
        made["output"], replace(given, lengths=None).run()["output"]
    )


def test_left_padding_is_computed_before_each_sequence():
    lengths = np.array([5, 3, 2, 1])
    given = call("LSTM", lengths)
    padded = np.zeros_like(given.x)
    for row, length in enumerate(lengths):
        given.x[row, length:] = 0
        padded[row, TIME - length :] = given.x[row, :length]
    theirs = replace(given, x=padded, lengths=None).run()["output"]
    made = BY_NAME["left for right padding"].effect.compute(given)["output"]

    for row, length in enumerate(lengths):
        np.testing.assert_allclose(made[row, :length], theirs[row, TIME - length :])


def test_a_backward_direction_that_is_not_reversed_is_a_second_forward_one():
    given = call("GRU", suffixes=("_l0", "_l0_reverse"))
    second = {
        name.removesuffix("_reverse"): array
        for name, array in given.arrays.items()
        if name.endswith("_reverse")
    }
    made = BY_NAME["backward direction not reversed"].effect.compute(given)["output"]
    theirs = replace(given, arrays=second).run()["output"]

    np.testing.assert_array_equal(made[:, :, SIZE:], theirs)


def test_off_by_one_step_shows_each_step_one_later():
    given = call("RNN")
    made = BY_NAME["off by one step"].effect.compute(given)

    np.testing.assert_array_equal(made["output"][:, 1:], given.run()["output"][:, :-1])
    np.testing.assert_array_equal(made["h_n"][0], made["output"][:, -1])


def test_batch_and_time_confused_is_the_layer_without_batch_first():
    import torch

    given = call("LSTM")
    layer = torch.nn.LSTM(FEATURES, SIZE).double()  # time-major
    layer.load_state_dict({n: torch.from_numpy(a) for n, a in given.arrays.items()})
    with torch.no_grad():
        theirs, _ = layer(torch.from_numpy(given.x))
    made = BY_NAME["batch and time confused"].effect.compute(given)["output"]

    np.testing.assert_allclose(made, theirs.numpy(), rtol=1e-12, atol=1e-13)


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


def test_no_two_results_are_the_same_in_general():
    x = np.random.default_rng(0).normal(0, 1, (BATCH, 3))
    made = [function(x).tobytes() for function in RESULTS.values()]

    assert len(set(made)) == len(RESULTS)


def test_no_two_activations_are_the_same_in_general():
    x = np.random.default_rng(0).normal(0, 9, (BATCH, 9))
    made = [function(x).tobytes() for function in ACTIVATIONS.values()]

    assert len(set(made)) == len(ACTIVATIONS)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_what_is_written_for_it_in_pytorch(name):
    import torch
    from torch import nn  # noqa: F401  what is written names it

    x = np.random.default_rng(0).normal(0, 4, (BATCH, 3))
    made = ACTIVATIONS[name](x)
    if name != NONE:
        theirs = eval(WRITTEN[name][0])(torch.from_numpy(x)).numpy()
        np.testing.assert_allclose(made, theirs, rtol=1e-12, atol=1e-13)
    else:
        np.testing.assert_array_equal(made, x)


@pytest.mark.parametrize(
    ("name", "call"),
    [("a leaky relu of slope 0.15", leaky(0.15)), ("an elu of alpha 0.5", elu(0.5))],
)
def test_a_slope_or_alpha_of_ones_own_is_read_from_what_it_makes(name, call):
    x = np.random.default_rng(0).normal(0, 1, (BATCH, 3))
    found, function = family(x, call(x))

    assert found == name
    np.testing.assert_allclose(function(x), call(x), rtol=1e-12)


def test_what_is_no_leaky_relu_and_no_elu_is_not_taken_for_one():
    x = np.random.default_rng(0).normal(0, 1, (BATCH, 3))

    assert family(x, np.tanh(x)) is None
    assert family(np.abs(x), np.abs(x)) is None


@pytest.mark.parametrize("name", STATISTICS)
def test_a_batch_norm_takes_the_statistics_that_pytorch_takes(name):
    import torch

    given = arrays_of("BatchNorm1d")
    given["running_var"] = np.abs(given["running_var"])
    layer = torch.nn.BatchNorm1d(SIZE, eps=1e-4).double()
    layer.load_state_dict(
        {n: torch.from_numpy(a) for n, a in given.items()}, strict=False
    )
    layer.train(name == "statistics of the batch")
    x = np.random.default_rng(3).normal(0, 1, (BATCH, SIZE))
    with torch.no_grad():
        theirs = layer(torch.from_numpy(x)).numpy()
    made = STATISTICS[name](Call("BatchNorm1d", given, x, None, 1e-4))

    np.testing.assert_allclose(made, theirs, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    ("name", "kind", "torch"),
    [
        ("dense kernel read without transposing", "Linear", "weight"),
        ("input kernel read without transposing", "LSTM", "weight_ih_l1"),
        ("recurrent kernel read without transposing", "LSTM", "weight_hh_l0"),
    ],
)
def test_a_reshape_made_in_keras_is_undone_by_that_made_in_pytorch(name, kind, torch):
    """Keras's kernel may be a reshape of the weight, or the other way round."""
    mistake, given = BY_NAME[name], arrays_of(kind)
    made = mistake.effect.made_on("keras", given)
    kernel = given[torch].reshape(given[torch].T.shape)

    np.testing.assert_array_equal(made[torch], kernel.T)
    np.testing.assert_array_equal(
        mistake.effect.made_on("torch", made)[torch], given[torch]
    )
    assert not np.array_equal(mistake.effect.change(given)[torch], made[torch])


@pytest.mark.parametrize("name", EPSILONS)
@pytest.mark.parametrize("kind", ["LayerNorm", "BatchNorm1d"])
def test_a_layer_normalises_as_pytorch_does_with_that_epsilon(kind, name):
    import torch

    given = arrays_of(kind)
    given |= {n: np.abs(a) for n, a in given.items() if n == "running_var"}
    epsilon = float(name.removeprefix("epsilon "))
    layer = getattr(torch.nn, kind)(SIZE, eps=epsilon).double().eval()
    layer.load_state_dict(
        {n: torch.from_numpy(a) for n, a in given.items()}, strict=False
    )
    x = np.random.default_rng(3).normal(0, 1, (BATCH, SIZE))
    with torch.no_grad():
        theirs = layer(torch.from_numpy(x)).numpy()
    made = EPSILONS[name](Call(kind, given, x, None))

    np.testing.assert_allclose(made, theirs, rtol=1e-12, atol=1e-13)


def test_a_layer_without_running_statistics_has_no_epsilon_to_mistake():
    given = Call("BatchNorm1d", {"weight": np.ones(SIZE)}, np.ones((BATCH, SIZE)), None)

    assert all(way(given) is None for way in EPSILONS.values())


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


def test_the_epsilons_of_adam_are_the_frameworks_defaults(harness):
    from compare.in_keras import training as keras_training
    from compare.in_pytorch import training as pytorch_training

    sides = {"torch": pytorch_training, "keras": keras_training}
    found = {side: each.defaults("Adam")["epsilon"] for side, each in sides.items()}

    assert BY_NAME["Adam's epsilon"].effect.change({}) == {"epsilon": found["keras"]}
    assert f"{found['torch']:g} in PyTorch" in BY_NAME["Adam's epsilon"].sentence
