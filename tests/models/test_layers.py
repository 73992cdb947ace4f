"""The recurrent layers' contract beyond the grid: shapes, states, dropout, refusals."""

import warnings
from functools import partial

import keras
import numpy as np
import pytest
import tensorflow
import torch

from compare import BadInput, transfer
from compare.judging.arrays import Input, sequences
from compare.twins.models import twin_makers
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

FEATURES, HIDDEN = 4, 6
KINDS = {"LSTM": "lstm_layer", "GRU": "gru_layer", "RNN": "rnn_layer"}


def makers(kind, **options):
    sizes = dict(num_features=FEATURES, hidden_size=HIDDEN, **options)
    return twin_makers(KINDS[kind], f"{kind}Layer", sizes)


def outputs(kind):
    return ["output", "h_n", "c_n"] if kind == "LSTM" else ["output", "h_n"]


def twins(kind, inputs=None, **options):
    inputs = inputs or sequences(None, FEATURES)
    time_axis = 1 if options.get("batch_first", True) else 0
    made = Twins(makers(kind, **options), inputs, outputs(kind), time_axis)
    made.load("to_keras", partial(fresh_weights, seed=[1]))
    return made


def draw(*shape):
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


SHAPES = {  # options -> output, h_n, c_n for x of (10, 30, 4)
    "one layer": (dict(), (10, 30, 6), (1, 10, 6), (1, 10, 6)),
    "stacked": (dict(num_layers=3), (10, 30, 6), (3, 10, 6), (3, 10, 6)),
    "bidirectional": (dict(bidirectional=True), (10, 30, 12), (2, 10, 6), (2, 10, 6)),
    "projected": (dict(proj_size=2), (10, 30, 2), (1, 10, 2), (1, 10, 6)),
    "all": (
        dict(num_layers=2, bidirectional=True, proj_size=2),
        (10, 30, 4),
        (4, 10, 2),
        (4, 10, 6),
    ),
}


@pytest.mark.parametrize("case", SHAPES)
def test_shapes_are_the_documented_ones_on_both_sides(case):
    """Output (N, L, D H_out), h_n (D layers, N, H_out), c_n (D layers, N, H_cell)."""
    options, *expected = SHAPES[case]
    stages, _ = twins("LSTM", **options).run(draw(10, 30, FEATURES))

    for side in ("torch", "keras"):
        found = stages[side, "float64"]
        assert [found[name].shape for name in ("output", "h_n", "c_n")] == expected


def test_batch_first_leaves_the_states_alone():
    """Time-major output is batch-first output transposed; h_n and c_n do not change."""
    first = twins("LSTM")
    inputs = (Input("x", (None, None, FEATURES)),)
    second = twins("LSTM", inputs, batch_first=False)
    x = draw(3, 5, FEATURES)
    found, _ = first.run(x)
    other, _ = second.run(np.ascontiguousarray(x.swapaxes(0, 1)))

    for side in ("torch", "keras"):
        batch, time = found[side, "float64"], other[side, "float64"]
        assert time["output"].shape == (5, 3, HIDDEN)
        assert np.allclose(time["output"].swapaxes(0, 1), batch["output"], atol=1e-15)
        assert np.allclose(time["h_n"], batch["h_n"], atol=1e-15)


@pytest.mark.parametrize("kind", KINDS)
def test_unbatched_input_is_a_batch_of_one_without_its_axis(kind):
    made = twins(kind, num_layers=2, bidirectional=True)
    x = draw(1, 5, FEATURES)
    stages, _ = made.run(x)

    with torch.no_grad():
        alone = made.model("torch", "float64")(torch.from_numpy(x[0]).double())
    unbatched = [tensor.numpy() for tensor in alone]
    model = made.model("keras", "float64")
    alone = model.call(keras.ops.convert_to_tensor(x[0], dtype="float64"))
    for side, found in (("torch", unbatched), ("keras", [a.numpy() for a in alone])):
        batched = stages[side, "float64"]
        for name, array in zip(outputs(kind), found, strict=True):
            expected = batched[name][0] if name == "output" else batched[name][:, 0]
            assert array.shape == expected.shape
            assert np.allclose(array, expected, atol=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_zero_states_are_what_no_states_means(kind):
    size = Input("h_0", (1, None, HIDDEN)), Input("c_0", (1, None, HIDDEN))
    states = size if kind == "LSTM" else size[:1]
    given = twins(kind, (*sequences(None, FEATURES), *states))
    x, zeros = draw(3, 5, FEATURES), np.zeros((1, 3, HIDDEN), np.float32)
    found, _ = given.run(x, *[zeros] * len(states))
    without, _ = twins(kind).run(x)

    for side in ("torch", "keras"):
        for name in outputs(kind):
            one, other = found[side, "float64"][name], without[side, "float64"][name]
            assert np.array_equal(one, other)


def training(made, side, x, draws):
    """The output in training mode, `draws` times over."""
    model = made.model(side, "float32")
    if side == "torch":
        torch.manual_seed(0)
        model.train()
        with torch.no_grad():
            found = [model(torch.from_numpy(x))[0].numpy() for _ in range(draws)]
        model.eval()
        return np.array(found)
    keras.utils.set_random_seed(0)
    run = tensorflow.function(lambda x: model(x, training=True)[0], autograph=False)
    x = keras.ops.convert_to_tensor(x)
    return np.array([run(x).numpy() for _ in range(draws)])


def test_dropout_has_no_effect_in_evaluation():
    x = draw(3, 5, FEATURES)
    dropped, _ = twins("LSTM", num_layers=2, dropout=0.5).run(x)
    plain, _ = twins("LSTM", num_layers=2).run(x)

    for key in plain:
        assert np.array_equal(dropped[key]["output"], plain[key]["output"])


def test_dropout_in_training_has_the_same_statistics():
    """Random numbers differ, so means and spreads are compared, not elements."""
    made = twins("LSTM", num_layers=2, dropout=0.5)
    x, draws = draw(1, 5, FEATURES), 1500
    torch = training(made, "torch", x, draws)
    keras = training(made, "keras", x, draws)
    error = np.sqrt((torch.var(0) + keras.var(0)) / draws)

    assert (np.abs(torch.mean(0) - keras.mean(0)) < 5 * error + 1e-7).all()
    assert np.abs(torch.std(0) / keras.std(0) - 1).max() < 0.15
    assert torch.std(0).min() > 1e-3


def test_dropout_spares_the_last_layer():
    """With one layer there is nothing to drop: training equals evaluation."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch says the same as a warning
        made = twins("LSTM", dropout=0.5)
    x = draw(3, 5, FEATURES)

    for side in ("torch", "keras"):
        found = training(made, side, x, 3)
        assert (found == found[0]).all()


REFUSED = {
    "GRU, reset gate before": ("GRU", dict(reset_after=False), "PyTorch's GRU has its"),
    "projection not smaller": ("LSTM", dict(proj_size=6), "use a dense layer"),
    "negative projection": ("LSTM", dict(proj_size=-1), "use a dense layer"),
    "sigmoid in an RNN": ("RNN", dict(nonlinearity="sigmoid"), "PyTorch's RNN has no"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_configuration_says_what_is_missing_and_what_to_use(case):
    kind, options, message = REFUSED[case]
    made = Twins(makers(kind, **options), sequences(None, FEATURES), outputs(kind))

    assert made.refusals["torch"] == made.refusals["keras"]
    assert message in made.refusals["torch"]
    assert any(word in made.refusals["torch"] for word in ("use", "write"))


@pytest.mark.parametrize(
    ("kind", "options", "lacks"),
    [
        ("GRU", dict(reset_after=False), r"GRU\(reset_after=False\)"),
        ("GRU", dict(reset_after=False, use_bias=False), r"GRU\(reset_after=False\)"),
        ("LSTM", dict(activation="relu"), r"LSTM\(activation=relu\)"),
        (
            "LSTM",
            dict(recurrent_activation="hard_sigmoid"),
            r"LSTM\(recurrent_activation=hard_sigmoid\)",
        ),
        ("SimpleRNN", dict(activation="sigmoid"), r"SimpleRNN\(activation=sigmoid\)"),
    ],
    ids=str,
)
@pytest.mark.parametrize("direction", ["to_keras", "to_torch"])
def test_transfer_names_what_pytorch_lacks(kind, options, lacks, direction):
    """The weights would fit; the function would be another."""

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            self.part = getattr(keras.layers, kind)(3, **options)

        def call(self, x):
            return self.part(x)

    class InPyTorch(torch.nn.Module):
        def __init__(self):
            super().__init__()
            bias = options.get("use_bias", True)
            name = {"SimpleRNN": "RNN"}.get(kind, kind)
            self.part = getattr(torch.nn, name)(2, 3, bias=bias)

    first, second = InPyTorch(), InKeras()
    second(keras.ops.zeros((1, 4, 2)))
    models = (first, second) if direction == "to_keras" else (second, first)

    with pytest.raises(BadInput, match=f"got Keras {lacks}, which its"):
        transfer(*models)


def test_keras_alone_has_a_gru_without_reset_after():
    """Why it is refused: the two GRUs differ, and the transfer has no place for one."""
    layers = [keras.layers.GRU(3, reset_after=after) for after in (True, False)]
    for layer in layers:
        layer.build((None, None, 2))

    assert [layer.weights[2].shape for layer in layers] == [(2, 9), (9,)]
