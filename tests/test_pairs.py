"""The built-in pairs: every case, both directions, on real prices."""

import pytest

from compare.cases import BATCHES, FIXED, NONE_STEPS, OTHER_STEPS, cases, sequences
from compare.evidence import BOTH_REFUSE, SAME
from compare.pairs import PAIRS

DIRECTIONS = ("to_keras", "to_torch")
LAST_STEPS = ("portfolio_last_step", "portfolio_original")
ALIKE = [("portfolio_flatten", FIXED, FIXED, batch) for batch in BATCHES]
ALIKE += [(name, FIXED, FIXED, batch) for name in LAST_STEPS for batch in BATCHES]
ALIKE += [
    (name, "none", steps, batch)
    for name in LAST_STEPS
    for steps in NONE_STEPS
    for batch in BATCHES
]
REFUSED = [("portfolio_flatten", FIXED, s, 64) for s in OTHER_STEPS]
REFUSED += [("portfolio_flatten", "none", None, None)]


def join(case):
    return "-".join(map(str, case))


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("case", ALIKE, ids=join)
def test_twins_agree(results, case, direction):
    """Both frameworks give the same numbers from the same weights, at every stage."""
    result = results[(*case, direction)]

    assert result.verdict == SAME, result.explain()
    assert result.as_expected
    assert {"lstm.h", "lstm.c", "logits", "weights"} <= {s.stage for s in result.stages}


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("case", REFUSED, ids=join)
def test_both_refuse_a_length_the_model_cannot_have(results, case, direction):
    result = results[(*case, direction)]

    assert result.verdict == BOTH_REFUSE, result.explain()
    assert set(result.refusals) == {"torch", "keras"}
    assert all(
        "\n" not in text and "\x1b" not in text for text in result.refusals.values()
    )


def test_every_result_is_one_of_these(results):
    asked = {(*case, direction) for case in ALIKE + REFUSED for direction in DIRECTIONS}

    assert set(results) == asked


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_lstm_is_compared_at_every_step(results, direction):
    result = results["portfolio_last_step", "none", 200, 64, direction]
    (lstm,) = (stage for stage in result.stages if stage.stage == "lstm")

    assert (lstm.steps, lstm.horizon) == (200, 200)
    assert not result.unmatched


def test_flatten_is_compared(results):
    result = results["portfolio_flatten", FIXED, FIXED, 64, "to_keras"]

    assert [stage.stage for stage in result.stages] == [
        "lstm",
        "lstm.h",
        "lstm.c",
        "flatten",
        "logits",
        "weights",
    ]


def test_original_has_no_step_but_the_last(results):
    """Keras's LSTM without return_sequences has no output at every step to compare."""
    result = results["portfolio_original", FIXED, FIXED, 64, "to_keras"]

    assert result.unmatched == ("lstm",)


def test_none_length_is_traced_once(harness, last_step, etfs):
    for steps in NONE_STEPS:
        last_step.run(etfs.windows(steps, 4))

    assert [last_step.twins["keras", dtype].traces for dtype in harness.DTYPES] == [
        1,
        1,
    ]


@pytest.mark.parametrize("side", ["torch", "keras"])
def test_original_is_the_last_step_model(harness, etfs, side):
    """Without return_sequences, Flatten does nothing: the two models are one."""
    framework = harness.SIDES[side]
    outputs = []
    for pair in PAIRS[1:3]:
        make = harness.twin_makers(pair.file, pair.cls, pair.sizes)[side]
        twin = framework.Twin(make, sequences(FIXED, 8), "float64", ["weights"])
        weights = harness.fresh_weights(framework.layers(twin.model), [3])
        framework.load(twin.model, weights)
        outputs.append(twin(etfs.windows(FIXED, 4))["weights"])

    assert (outputs[0] == outputs[1]).all()


@pytest.mark.parametrize(
    ("number", "parameters"), [(0, 31_492), (1, 18_948), (2, 18_948)]
)
def test_keras_counts_these_parameters(harness, number, parameters):
    """Flatten over 50 steps has 31,492, the original the last-step model's 18,948."""
    pair = PAIRS[number]
    make = harness.twin_makers(pair.file, pair.cls, pair.sizes)["keras"]
    twin = harness.in_keras.Twin(make, sequences(FIXED, 8), "float32", ["weights"])

    assert twin.model.count_params() == parameters


def test_frameworks_refuse_lengths_without_our_checks(harness):
    """The twins' own messages only say first what both frameworks say anyway."""
    keras, torch = harness.in_keras.keras, harness.in_pytorch.torch
    steps = keras.layers.LSTM(4, return_sequences=True)(keras.Input((None, 8)))
    flat = keras.layers.Flatten()(steps)
    head = torch.nn.Linear(50 * 4, 2)

    with pytest.raises(ValueError, match="fully-defined"):
        keras.layers.Dense(2)(flat)
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        head(torch.zeros(1, 7 * 4))


@pytest.mark.parametrize("side", ["torch", "keras"])
@pytest.mark.parametrize("shape", [(2, 0, 8), (2, 5, 7), (5, 8)], ids=str)
def test_twins_refuse_a_wrong_shape_in_the_same_words(harness, shape, side):
    pair = PAIRS[1]
    model = harness.twin_makers(pair.file, pair.cls, pair.sizes)[side]()
    library = harness.SIDES[side]
    zeros = getattr(library, "torch", None) or library.keras.ops
    expected = (
        r"PortfolioLastStep expects x of shape \(batch, time >= 1, features = 8\)"
    )

    with pytest.raises(ValueError, match=expected):
        model(zeros.zeros(shape))


def test_a_short_history_leaves_long_windows_out(etfs):
    kept = cases(PAIRS[1], longest=60)

    assert {case.timesteps for case in kept} == {1, 7, 50}
