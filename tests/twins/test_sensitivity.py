"""What a verdict is worth: mistakes made in a twin, one at a time."""

from functools import partial

import normed
import numpy as np
import pytest

from compare.in_pytorch import anatomy as in_pytorch_anatomy
from compare.in_pytorch import mistakes as pytorch_mistakes
from compare.judging.arrays import Input, sequences
from compare.mistakes import MISTAKES
from compare.mistakes.anatomy import applies
from compare.subjects.pairs import PAIRS
from compare.twins import sensitivity
from compare.twins.models import twin_makers
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

BY_NAME = {mistake.name: mistake for mistake in MISTAKES}


@pytest.fixture(scope="module")
def probe():
    """Modules that load PyTorch."""
    return pytorch_mistakes, sensitivity


def twins(file, cls, sizes, outputs, inputs=None, weights=None):
    make = twin_makers(file, cls, sizes)
    made = Twins(make, inputs or sequences(None, sizes["num_features"]), outputs)
    made.load("to_keras", weights or partial(fresh_weights, seed=[3]))
    return made


def layer_twins(**options):
    sizes = dict(num_features=3, hidden_size=5, **options)
    inputs = (Input("x", (None, None, 3)), Input("lengths", (None,), "int64"))
    outputs = ["output", "h_n", "c_n"]
    return twins("lstm_layer", "LSTMLayer", sizes, outputs, inputs)


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(4).normal(0, 1, (4, 6, 8)).astype(np.float32)


FEWER_WAYS = {
    "gru_layer": 25,
    "rnn_layer": 15,
    "gru_reset_before": 10,
    "causal_convolutions": 25,
    "image_classifier": 28,
    "separable_block": 15,
    "image_autoencoder": 15,
    "film_classifier": 12,
}
# On values in [0, 1) a small convolution makes none that is over 6.
NOT_SHOWN = {"a relu for a relu6 between layers"}


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.file)
def test_every_mistake_would_be_noticed_in_every_pair(results, pair):
    """Sixty and more in most; a layer alone or a simple RNN has fewer ways."""
    probed = [r.sensitivity for r in results(pair.file).values() if r.sensitivity]
    probed = probed[-1]

    survivors = {survivor.fault for survivor in probed.survivors}
    assert survivors <= (NOT_SHOWN if pair.spatial else set()), probed.survivors
    assert probed.noticed + len(probed.survivors) == probed.faults
    assert probed.faults >= FEWER_WAYS.get(pair.file, 45)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (dict(num_layers=3), ["layers swapped"]),
        (
            dict(bidirectional=True),
            [
                "directions swapped",
                "backward direction not reversed",
                "backward output not reversed",
            ],
        ),
        ({}, ["mask ignored", "left for right padding"]),
        (dict(proj_size=2), ["LSTM gates i, f, o, g"]),
        (dict(bias=False), ["LSTM recurrent kernel not transposed"]),
    ],
)
def test_mistakes_of_deep_bidirectional_and_masked_layers_are_noticed(
    probe, options, names
):
    _, sensitivity = probe
    made = layer_twins(**options)
    x = np.random.default_rng(0).normal(0, 1, (3, 8, 3)).astype(np.float32)
    arrays = (x, np.array([8, 5, 3]))
    found = in_pytorch_anatomy.anatomy(made.twin("torch", "float64"), arrays)
    probed = sensitivity.sensitivity("lstm_layer", made, arrays)
    survivors = {each.fault for each in probed.survivors}

    assert all(applies(BY_NAME[n], "lstm", found) for n in names)
    assert not survivors & set(names)


def check_that_mistakes_are_undone(pytorch_mistakes, twin, arrays):
    found = in_pytorch_anatomy.anatomy(twin, arrays)
    before = twin(*arrays)
    for layer in found.kinds:
        for mistake in MISTAKES:
            if applies(mistake, layer, found):
                behind = found.following(layer)
                with pytorch_mistakes.injected(twin, mistake.effect, layer, behind):
                    wrong = twin(*arrays)
                after = twin(*arrays)

                assert any(
                    wrong[name].shape != before[name].shape
                    or not np.array_equal(wrong[name], before[name])
                    for name in before
                ), mistake.name
                assert all(np.array_equal(after[n], before[n]) for n in before)


def test_a_twin_is_as_it_was_after_each_mistake(probe, last_step, x):
    twin = last_step.twin("torch", "float64")
    check_that_mistakes_are_undone(probe[0], twin, (x,))


@pytest.mark.parametrize("name", normed.NAMES)
def test_a_twin_that_normalises_is_as_it_was_after_each_mistake(probe, name):
    made, arrays = normed.twins(name)
    check_that_mistakes_are_undone(probe[0], made.twin("torch", "float64"), arrays)


@pytest.mark.parametrize(
    ("model", "layer", "names"),
    [
        ("words", "embedding", ["embedding off by one", "initial weights"]),
        ("words", "norm", ["epsilon 1e-3 for 1e-5", "initial scale and offset"]),
        (
            "convolved",
            "norm",
            [
                "epsilon 1e-5 for 1e-3",
                "initial scale and offset",
                "initial statistics",
                "mean and variance swapped",
            ],
        ),
    ],
)
def test_mistakes_of_layers_that_embed_and_normalise_are_noticed(
    probe, model, layer, names
):
    _, sensitivity = probe
    made, arrays = normed.twins(model)
    found = in_pytorch_anatomy.anatomy(made.twin("torch", "float64"), arrays)

    assert all(applies(BY_NAME[name], layer, found) for name in names)
    survivors = sensitivity.sensitivity(model, made, arrays).survivors
    assert all(survivor.inside for survivor in survivors)  # of states that nobody reads


@pytest.fixture
def probe_last_step(probe, x):
    """How many mistakes survive in a small model, by its weights."""
    _, sensitivity = probe
    sizes = dict(num_features=8, hidden_size=4, num_outputs=3)

    def survivors(change):
        def weights(layers):
            drawn = fresh_weights(layers, [3])
            return {
                layer: {name: change(name, array) for name, array in arrays.items()}
                for layer, arrays in drawn.items()
            }

        names = ("portfolio_last_step", "PortfolioLastStep", sizes, ["weights"])
        made = twins(*names, weights=weights)
        found = sensitivity.sensitivity("small", made, (x,))
        if found.survivors:
            reload = partial(_reload, made)
            found = sensitivity.with_reasons(found, made, (x,), reload)
        assert found.noticed == found.faults - len(found.survivors)
        return {each.fault: each.reason for each in found.survivors}

    return survivors


def test_random_weights_hide_nothing(probe_last_step):
    assert not probe_last_step(lambda name, array: array)


def test_zero_biases_hide_mistakes_and_the_reason_says_so(probe, probe_last_step):
    """As every fresh Keras model has them."""
    found = probe_last_step(lambda n, a: np.zeros_like(a) if "bias" in n else a)

    assert set(found) == {
        *(f"recurrent bias {how}" for how in ("doubled", "halved", "dropped")),
        *(f"dense bias {how}" for how in ("doubled", "halved", "dropped")),
        "only bias_ih",
        "only bias_hh",
    }
    assert set(found.values()) == {probe[1].HERE}


def test_constant_weights_hide_the_order_of_gates(probe_last_step):
    found = probe_last_step(lambda name, array: np.full_like(array, 0.1))

    assert (
        sum(name.startswith("LSTM gates") for name in found) == 23 + 2
    )  # in all arrays, in the kernels alone
    assert "LSTM recurrent kernel not transposed" in found


def test_what_one_step_cannot_show_is_equivalent_there(probe, last_step):
    """With one step the first is the last; two steps tell them apart."""
    _, sensitivity = probe
    one = np.random.default_rng(5).normal(0, 1, (4, 1, 8)).astype(np.float32)
    probed = sensitivity.sensitivity("one step", last_step, (one,))
    name = "the first step for the last step"

    assert name in {each.fault for each in probed.survivors}
    reload = partial(_reload, last_step)
    try:
        told = sensitivity.with_reasons(probed, last_step, (one,), reload)
    finally:
        last_step.load("to_keras", partial(fresh_weights, seed=[1]))
    reasons = {each.fault: each.reason for each in told.survivors}

    assert reasons[name] == sensitivity.EQUIVALENT.format(sensitivity.TRIES)


@pytest.mark.parametrize("alike", [0, 5])
def test_what_these_inputs_cannot_show_others_do(probe, alike):
    """A relu behind a head whose results are all above zero, in the first draws too."""
    _, sensitivity = probe

    def positive(layers):
        drawn = fresh_weights(layers, [3])
        drawn["head"]["bias"] = np.full_like(drawn["head"]["bias"], 3)
        return drawn

    def reload(seed):
        if seed < alike:
            made.load("to_keras", positive)
        else:
            _reload(made, seed)

    sizes = dict(num_features=8, hidden_size=4, num_outputs=2)
    made = twins("lstm_model", "LSTMModel", sizes, ["prediction"], weights=positive)
    x = np.random.default_rng(6).normal(0, 1, (4, 6, 8)).astype(np.float32)
    probed = sensitivity.sensitivity("positive", made, (x,))
    told = sensitivity.with_reasons(probed, made, (x,), reload)
    reasons = {each.fault: each.reason for each in told.survivors}

    assert reasons == {"a relu for nothing at the end": sensitivity.HERE}


def _reload(made, seed):
    made.load("to_keras", partial(fresh_weights, seed=[seed]))
