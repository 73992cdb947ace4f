"""Mistakes of the kinds: each changes what a layer holds or computes."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from attention_calls import options_of

from compare.kinds import BY_NAME, KINDS, WITH_ARRAYS, call, is_recurrent
from compare.kinds.mistake import ArraysOfAnotherLayer, ArraysOfLayer, Computation
from compare.mistakes import MISTAKES

BY_MISTAKE = {mistake.name: mistake for mistake in MISTAKES}
BATCH, TIME, FEATURES, SIZE = 4, 5, 3, 6
LENGTHS = np.array([5, 3, 2, 1])


def mistakes(*effects):
    """Every mistake of every kind with such an effect, as parameters of a test."""
    return [
        pytest.param(kind, mistake, id=f"{mistake.name}, {kind.name}")
        for kind in KINDS
        for mistake in kind.mistakes
        if isinstance(mistake.effect, effects)
    ]


@pytest.fixture(scope="module")
def calls(kind_layers):
    """The examples of a kind at work: whole batches, and of a recurrent kind padded."""
    built = {}
    for kind in WITH_ARRAYS:
        built[kind.name] = []
        for example in kind.examples:
            if example.torch.endswith("Cell"):
                continue  # its layer stands for it
            layer = kind_layers.in_pytorch(example)
            arrays = {n: a.numpy().copy() for n, a in layer.state_dict().items()}
            arrays.pop("num_batches_tracked", None)
            x = kind_layers.inputs(example)[0]
            options = {} if is_recurrent(kind.name) else kind.options_of("torch", layer)
            options = {**options, **options_of(example)}
            made = call(kind.name, arrays, x, options=options)
            built[kind.name].append(made)
            if is_recurrent(kind.name):
                lengths = np.arange(x.shape[1], x.shape[1] - len(x), -1)
                built[kind.name].append(replace(made, lengths=lengths))
    return built


def differ(first, second):
    """Whether what two layers return differs by more than rounding to float32."""
    if isinstance(first, dict):
        return any(differ(first[name], second[name]) for name in first)
    if first.shape != second.shape:
        return True
    return not np.allclose(first, second, rtol=0, atol=1e-5)  # a NaN differs too


@pytest.mark.parametrize(("kind", "mistake"), mistakes(ArraysOfLayer))
def test_wrong_arrays_keep_their_shapes_and_the_layer_returns_something_else(
    calls, kind, mistake
):
    happens = 0
    for right in calls[kind.name]:
        wrong = mistake.effect.change(right.arrays)
        if wrong is None:
            continue
        happens += 1
        shapes = {name: array.shape for name, array in right.arrays.items()}
        assert {name: array.shape for name, array in wrong.items()} == shapes
        if any(not np.array_equal(wrong[n], right.arrays[n]) for n in wrong):
            assert differ(replace(right, arrays=wrong).run(), right.run())

    assert happens


@pytest.mark.parametrize(("kind", "mistake"), mistakes(Computation))
def test_a_wrong_computation_returns_something_else_of_the_same_shape(
    calls, kind, mistake
):
    happens = []
    for layer in calls[kind.name]:
        wrong, right = mistake.effect.compute(layer), layer.run()
        if mistake.effect.right is not None:
            right = mistake.effect.right(layer)
        if wrong is not None:
            happens.append(differ(wrong, right))

    assert any(happens)


def test_mistakes_of_one_name_are_one():
    """What several kinds list is the same object in each."""
    listed = {}
    for kind in KINDS:
        for mistake in kind.mistakes:
            assert listed.setdefault(mistake.name, mistake) is mistake


@pytest.mark.parametrize("kind", WITH_ARRAYS, ids=lambda kind: kind.name)
def test_the_library_has_those_of_a_kind_in_its_order(kind):
    """Suspects that cannot be told apart are named in it."""
    in_library = [
        mistake.name
        for mistake in MISTAKES
        if kind.name in mistake.kinds
        and isinstance(
            mistake.effect, ArraysOfLayer | ArraysOfAnotherLayer | Computation
        )
    ]

    assert in_library == [mistake.name for mistake in kind.mistakes]


# ------------------------------------------------------------------------------ arrays


def arrays_of(kind, seed=0, suffixes=("_l0",), features=FEATURES):
    rng = np.random.default_rng(seed)
    rows = len(BY_NAME[kind].cell.gates) * SIZE
    shapes = dict(weight_ih=(rows, features), weight_hh=(rows, SIZE))
    shapes |= dict(bias_ih=(rows,), bias_hh=(rows,))
    return {
        name + suffix: rng.normal(0, 0.5, shape)
        for suffix in suffixes
        for name, shape in shapes.items()
    }


@pytest.mark.parametrize(("kind", "gates"), [("LSTM", "ifgo"), ("GRU", "rzn")])
def test_every_wrong_order_of_gates_is_one(kind, gates):
    wrong = {f"{kind} gates {', '.join(order)}" for order in permutations(gates)}

    assert wrong - set(BY_MISTAKE) == {f"{kind} gates {', '.join(gates)}"}


def test_a_wrong_order_moves_the_blocks_of_every_array():
    wrong = BY_MISTAKE["LSTM gates i, f, o, g"].effect.change(arrays_of("LSTM"))

    for name, array in arrays_of("LSTM").items():
        i, f, g, o = np.split(array, 4)
        np.testing.assert_array_equal(wrong[name], np.concatenate([i, f, o, g]))


@pytest.mark.parametrize(
    "name",
    ["input and recurrent kernel swapped", "directions swapped", "layers swapped"],
)
def test_what_needs_equal_shapes_cannot_happen_without_them(name):
    assert BY_MISTAKE[name].effect.change(arrays_of("LSTM")) is None


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_rounding_is_that_of_pytorch(torch, dtype):
    right = arrays_of("LSTM")
    wrong = BY_MISTAKE[f"weights rounded to {dtype}"].effect.change(right)
    rounded = torch.from_numpy(right["weight_ih_l0"]).to(torch.float32)
    rounded = rounded.to(getattr(torch, dtype)).to(torch.float64).numpy()

    np.testing.assert_array_equal(wrong["weight_ih_l0"], rounded)


@pytest.mark.parametrize(
    ("name", "kind", "torch_name"),
    [
        ("dense kernel read without transposing", "Linear", "weight"),
        ("input kernel read without transposing", "LSTM", "weight_ih_l0"),
        ("recurrent kernel read without transposing", "LSTM", "weight_hh_l0"),
    ],
)
def test_a_reshape_made_in_keras_is_undone_by_that_made_in_pytorch(
    calls, name, kind, torch_name
):
    """Keras's kernel may be a reshape of the weight, or the other way round."""
    effect, right = BY_MISTAKE[name].effect, calls[kind][0].arrays
    wrong = effect.made_on("keras", right)
    kernel = right[torch_name].reshape(right[torch_name].T.shape)
    undone = effect.made_on("torch", wrong)

    np.testing.assert_array_equal(wrong[torch_name], kernel.T)
    np.testing.assert_array_equal(undone[torch_name], right[torch_name])
    assert not np.array_equal(effect.change(right)[torch_name], wrong[torch_name])


# ------------------------------------------------------------------------ computations


def recurrent(kind, lengths=None, **more):
    x = np.random.default_rng(1).normal(0, 1, (BATCH, TIME, FEATURES))
    return call(kind, arrays_of(kind, **more), x, lengths)


def computed(name, layer):
    """What a layer with a mistake returns."""
    return BY_MISTAKE[name].effect.compute(layer)


@pytest.fixture(scope="session")
def keras_output(keras):
    """What a Keras layer with these weights returns in float64: all steps."""
    from compare.in_keras.precision import settled

    def output(cls, weights, x, **options):
        with settled("float64"):
            layer = getattr(keras.layers, cls)(SIZE, return_sequences=True, **options)
            layer.build(x.shape)
            layer.set_weights(weights)
            return keras.ops.convert_to_numpy(layer(x))

    return output


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("hard sigmoid x / 6", dict(recurrent_activation="hard_sigmoid")),
        ("tanh for sigmoid", dict(recurrent_activation="tanh")),
        ("relu for tanh", dict(activation="relu")),
        ("linear for tanh", dict(activation="linear")),
        ("sequence reversed", dict(go_backwards=True)),
    ],
)
def test_a_layer_computes_what_keras_computes_with_that_option(
    keras_output, name, options
):
    layer = recurrent("LSTM")
    kernels = [layer.arrays[f"weight_{which}_l0"].T for which in ("ih", "hh")]
    bias = layer.arrays["bias_ih_l0"] + layer.arrays["bias_hh_l0"]
    expected = keras_output("LSTM", [*kernels, bias], layer.x, **options)

    np.testing.assert_allclose(
        computed(name, layer)["output"], expected, rtol=1e-12, atol=1e-13
    )


def test_the_reset_gate_before_the_product_is_keras_reset_after_false(keras_output):
    layer = recurrent("GRU")
    order = np.r_[SIZE : 2 * SIZE, :SIZE, 2 * SIZE : 3 * SIZE]
    p = layer.arrays
    weights = [
        p["weight_ih_l0"][order].T,
        p["weight_hh_l0"][order].T,
        (p["bias_ih_l0"] + p["bias_hh_l0"])[order],
    ]
    expected = keras_output("GRU", weights, layer.x, reset_after=False)
    wrong = computed("reset gate before the product", layer)["output"]

    np.testing.assert_allclose(wrong, expected, rtol=1e-12, atol=1e-13)


def test_states_carried_over_are_those_of_the_batch_before():
    layer = recurrent("LSTM")
    twice = layer.run(x=np.concatenate([layer.x, layer.x], axis=1))
    wrong = computed("states carried over", layer)

    np.testing.assert_allclose(wrong["output"], twice["output"][:, TIME:])


def test_without_a_mask_the_padding_is_computed():
    layer = recurrent("LSTM", LENGTHS)
    wrong = computed("mask ignored", layer)

    np.testing.assert_array_equal(wrong["h_n"][0], wrong["output"][:, -1])
    np.testing.assert_array_equal(wrong["output"], layer.run(lengths=None)["output"])


def test_left_padding_is_computed_before_each_sequence():
    layer = recurrent("LSTM", LENGTHS)
    padded = np.zeros_like(layer.x)
    for row, length in enumerate(LENGTHS):
        layer.x[row, length:] = 0
        padded[row, TIME - length :] = layer.x[row, :length]
    expected = layer.run(x=padded, lengths=None)["output"]
    wrong = computed("left for right padding", layer)["output"]

    for row, length in enumerate(LENGTHS):
        np.testing.assert_allclose(wrong[row, :length], expected[row, TIME - length :])


def test_a_backward_direction_that_is_not_reversed_is_a_second_forward_one():
    layer = recurrent("GRU", suffixes=("_l0", "_l0_reverse"))
    second = {
        name.removesuffix("_reverse"): array
        for name, array in layer.arrays.items()
        if name.endswith("_reverse")
    }
    wrong = computed("backward direction not reversed", layer)["output"]
    expected = replace(layer, arrays=second).run()["output"]

    np.testing.assert_array_equal(wrong[:, :, SIZE:], expected)


def test_off_by_one_step_shows_each_step_one_later():
    layer = recurrent("RNN")
    wrong = computed("off by one step", layer)

    np.testing.assert_array_equal(wrong["output"][:, 1:], layer.run()["output"][:, :-1])
    np.testing.assert_array_equal(wrong["h_n"][0], wrong["output"][:, -1])


def test_batch_and_time_confused_is_the_layer_without_batch_first(torch):
    layer = recurrent("LSTM")
    time_major = torch.nn.LSTM(FEATURES, SIZE).double()
    time_major.load_state_dict(
        {name: torch.from_numpy(array) for name, array in layer.arrays.items()}
    )
    with torch.no_grad():
        expected, _ = time_major(torch.from_numpy(layer.x))
    wrong = computed("batch and time confused", layer)["output"]

    np.testing.assert_allclose(wrong, expected.numpy(), rtol=1e-12, atol=1e-13)


# ---------------------------------------------------------------------- normalisation


@pytest.mark.parametrize("training", [False, True])
def test_a_batch_norm_takes_the_statistics_that_pytorch_takes(
    torch, kind_layers, training
):
    kind = BY_NAME["BatchNorm1d"]
    layer = kind_layers.in_pytorch(kind.examples[0]).train(training)
    arrays = {n: a.numpy().copy() for n, a in layer.state_dict().items()}
    x = np.random.default_rng(3).normal(0, 1, (BATCH, 4))
    options = {**kind.options_of("torch", layer), "training": training}
    with torch.no_grad():
        expected = layer(torch.from_numpy(x)).numpy()

    np.testing.assert_allclose(
        kind.compute(arrays, x, options), expected, rtol=1e-12, atol=1e-13
    )


def test_a_layer_without_running_statistics_has_no_epsilon_to_mistake():
    arrays, x = {"weight": np.ones(SIZE)}, np.ones((BATCH, SIZE))
    layer = call("BatchNorm1d", arrays, x, options={"epsilon": 1e-5})

    for name in ("epsilon 1e-3 for 1e-5", "epsilon 1e-5 for 1e-3"):
        assert BY_MISTAKE[name].effect.compute(layer) is None
