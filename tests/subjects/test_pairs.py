"""The built-in pairs: every case, both directions, on real prices."""

import keras
import numpy as np
import pytest
import torch

from compare.in_keras.twin import Twin
from compare.judging.arrays import Input, sequences
from compare.judging.result import BOTH_REFUSE, SAME
from compare.judging.words import PRECISIONS
from compare.subjects.cases import FIXED, NONE_STEPS, cases
from compare.subjects.pairs import PAIRS
from compare.twins.frameworks import FRAMEWORKS, LAYERS
from compare.twins.models import twin_makers
from compare.twins.weights import fresh_weights

DIRECTIONS = ("to_keras", "to_torch")
LONGEST = 2263  # days of the built-in prices but one


def everything():
    """Every case of every pair, those of a pair on one worker."""
    for pair in PAIRS:
        group = pytest.mark.xdist_group(pair.file)
        refused = pair.expected.get("none") == BOTH_REFUSE
        for case in cases(pair, LONGEST):
            place = case.length or "none", case.timesteps, case.batch
            if refused and case.length is None:
                place = "none", None, None  # refused while it is built
            name = "-".join(map(str, (pair.file, *place)))
            values = pair.file, place, case.expected
            yield pytest.param(*values, id=name, marks=group)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(
    ("file", "place", "expected"), {p.id: p for p in everything()}.values()
)
def test_twins_are_as_the_pair_declares(results, file, place, expected, direction):
    """Both frameworks give the same numbers at every stage, or both refuse."""
    result = results(file)[(*place, direction)]

    assert result.verdict == expected, result.explain()
    if expected == SAME:
        assert result.stages
        (pair,) = (pair for pair in PAIRS if pair.file == file)
        assert result.stages[-1].stage == pair.outputs[-1]
    else:
        assert set(result.refusals) == {"torch", "keras"}
        said = result.refusals.values()
        assert all("\n" not in text and "\x1b" not in text for text in said)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.xdist_group("portfolio_last_step")
def test_lstm_is_compared_at_every_step(results, direction):
    result = results("portfolio_last_step")["none", 200, 64, direction]
    (lstm,) = (stage for stage in result.stages if stage.stage == "lstm")

    assert (lstm.steps, lstm.horizon) == (200, 200)
    assert not result.unmatched


@pytest.mark.xdist_group("portfolio_flatten")
def test_flatten_is_compared(results):
    result = results("portfolio_flatten")[FIXED, FIXED, 64, "to_keras"]

    assert [stage.stage for stage in result.stages] == [
        "lstm",
        "lstm.h",
        "lstm.c",
        "flatten",
        "logits",
        "weights",
    ]


@pytest.mark.xdist_group("portfolio_original")
def test_original_has_no_step_but_the_last(results):
    """Keras's LSTM without return_sequences has no output at every step to compare.

    Its last state is compared, so the layer is not one that was not looked into.
    """
    result = results("portfolio_original")[FIXED, FIXED, 64, "to_keras"]
    stages = {stage.stage for stage in result.stages}

    assert "lstm" not in stages
    assert "lstm.h" in stages
    assert result.unmatched == ()


def outputs(side, file, x, seed=3, **sizes):
    """What one twin returns in float64, with fresh weights."""
    (pair,) = (pair for pair in PAIRS if pair.file == file)
    make = twin_makers(pair.file, pair.cls, {**pair.sizes, **sizes})[side]
    framework, layers = FRAMEWORKS[side], LAYERS[side]
    inputs = (Input("x", (None, *x.shape[1:])),)
    if pair.time_major:
        inputs = (Input("x", x.shape),)
    twin = framework.Twin(make, inputs, "float64", pair.outputs)
    layers.load(twin.model, fresh_weights(layers.layers(twin.model), [seed]))
    return twin(x)[pair.outputs[0]]


@pytest.mark.parametrize("side", ["torch", "keras"])
@pytest.mark.parametrize(
    "files",
    [
        ("portfolio_original", "portfolio_last_step"),
        ("lstm_sharpe_ratio", "portfolio_flatten"),
        ("stock_price_output", "stock_price"),
    ],
    ids=" is ".join,
)
def test_models_that_are_the_same_function(etfs, side, files):
    """Flatten of one step does nothing; reshape is Flatten; hn[-1] is output's end."""
    x = etfs.windows(FIXED, 4)[..., : 5 if "stock" in files[0] else 8]
    first, second = (outputs(side, file, x) for file in files)

    assert np.array_equal(first, second)


@pytest.mark.parametrize("side", ["torch", "keras"])
def test_specimens_compute_something_else_than_was_meant(etfs, side):
    """The view mixes samples and the slice takes the last one, on both sides alike."""
    x = etfs.windows(FIXED, 4)
    time_major = np.ascontiguousarray(x.swapaxes(0, 1))
    meant = outputs(side, "portfolio_flatten", x)
    one = outputs(side, "portfolio_view_as_written", time_major[:, :1])
    four = outputs(side, "portfolio_view_as_written", time_major)
    last = outputs(side, "portfolio_last_step", x)
    sliced = outputs(side, "portfolio_last_step_as_written", time_major)

    assert np.allclose(one, meant[:1], atol=1e-14)  # a batch of one is right
    assert np.abs(four - meant).max() > 1e-3
    assert sliced.shape == (FIXED, 4)  # a row per step of the last sample
    assert np.allclose(sliced[-1], last[-1], atol=1e-14)


def test_none_length_is_traced_once(last_step, etfs):
    for steps in NONE_STEPS:
        last_step.run(etfs.windows(steps, 4))

    assert [last_step.twin("keras", dtype).traces for dtype in PRECISIONS] == [
        1,
        1,
    ]


@pytest.mark.parametrize(
    ("number", "parameters"), [(0, 31_492), (1, 18_948), (2, 18_948)]
)
def test_keras_counts_these_parameters(number, parameters):
    """Flatten over 50 steps has 31,492, the original the last-step model's 18,948."""
    pair = PAIRS[number]
    make = twin_makers(pair.file, pair.cls, pair.sizes)["keras"]
    twin = Twin(make, sequences(FIXED, 8), "float32", ["weights"])

    assert twin.model.count_params() == parameters


def test_frameworks_refuse_lengths_without_our_checks():
    """The twins' own messages only say first what both frameworks say anyway."""
    steps = keras.layers.LSTM(4, return_sequences=True)(keras.Input((None, 8)))
    flat = keras.layers.Flatten()(steps)
    head = torch.nn.Linear(50 * 4, 2)

    with pytest.raises(ValueError, match="fully-defined"):
        keras.layers.Dense(2)(flat)
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        head(torch.zeros(1, 7 * 4))


@pytest.mark.parametrize("side", ["torch", "keras"])
@pytest.mark.parametrize("shape", [(2, 0, 8), (2, 5, 7), (5, 8)], ids=str)
def test_twins_refuse_a_wrong_shape_in_the_same_words(shape, side):
    pair = PAIRS[1]
    model = twin_makers(pair.file, pair.cls, pair.sizes)[side]()
    library = FRAMEWORKS[side]
    zeros = getattr(library, "torch", None) or library.keras.ops
    expected = (
        r"PortfolioLastStep expects x of shape \(batch, time >= 1, features = 8\)"
    )

    with pytest.raises(ValueError, match=expected):
        model(zeros.zeros(shape))


def test_number_of_assets_sets_the_sizes():
    """Two features and one output per asset; what reads no prices keeps its sizes."""
    by_name = {pair.file: pair.for_assets(3).sizes for pair in PAIRS}

    assert by_name["portfolio_last_step"]["num_features"] == 6
    assert by_name["portfolio_last_step"]["num_outputs"] == 3
    assert by_name["gru_layer"]["num_features"] == 5


def test_a_short_history_leaves_long_windows_out(etfs):
    kept = cases(PAIRS[1], longest=60)

    assert {case.timesteps for case in kept} == {1, 7, 50}
