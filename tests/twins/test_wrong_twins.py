"""Twins that are wrong on purpose: each must be caught."""

from functools import partial

import keras
import numpy as np
import pytest
from helpers import tampered

from compare.errors import BadInput
from compare.judging.arrays import Input, sequences
from compare.judging.result import DIFFERENT, ONE_REFUSES, SAME
from compare.subjects.built_in import subject
from compare.subjects.cases import cases
from compare.subjects.pairs import PAIRS, Pair
from compare.subjects.subject import run
from compare.twins.models import twin_makers
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

SIZES = dict(num_features=8, hidden_size=64, num_outputs=4)
HIDDEN = SIZES["hidden_size"]


def swap_gates(arrays):
    """i, f, g, o becomes f, i, g, o in every array of the layer."""
    order = np.r_[HIDDEN : 2 * HIDDEN, 0:HIDDEN, 2 * HIDDEN : 4 * HIDDEN]
    return {name: array[..., order] for name, array in arrays.items()}


WRONG = {
    "swapped gate": ("lstm", swap_gates),
    "doubled bias": ("lstm", lambda arrays: {"bias": 2 * arrays["bias"]}),
    "dropped bias": ("logits", lambda arrays: {"bias": 0 * arrays["bias"]}),
    "transposed recurrent kernel": (
        "lstm",
        lambda arrays: {
            "recurrent_kernel": np.hstack(
                [gate.T for gate in np.hsplit(arrays["recurrent_kernel"], 4)]
            )
        },
    ),
    "lstm kernel times 1 + 1e-6": (
        "lstm",
        lambda arrays: {"kernel": arrays["kernel"] * (1 + 1e-6)},
    ),
    "recurrent kernel times 1 + 1e-6": (
        "lstm",
        lambda arrays: {"recurrent_kernel": arrays["recurrent_kernel"] * (1 + 1e-6)},
    ),
    "dense kernel times 1 + 1e-6": (
        "logits",
        lambda arrays: {"kernel": arrays["kernel"] * (1 + 1e-6)},
    ),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_wrong_weights_are_caught_where_they_start(last_step, etfs, mistake):
    """A recurrent kernel acts from the second step on, all else from the first."""
    layer, change = WRONG[mistake]
    with tampered(last_step, layer, change):
        found = last_step.compare(etfs.windows(50, 4))
    first = next(stage for stage in found.stages if stage.verdict == DIFFERENT)

    assert found.verdict == DIFFERENT
    assert first.stage == layer
    if layer == "lstm":
        assert first.timestep == (2 if "recurrent" in mistake else 1)


def test_a_weight_error_that_float32_cannot_show_is_caught(last_step, etfs):
    """1e-6 of one matrix: float32 outputs pass numpy.allclose, float64 judges."""
    x = etfs.windows(50, 64)
    with tampered(last_step, *WRONG["lstm kernel times 1 + 1e-6"]):
        stages, _ = last_step.run(x)
        found = last_step.compare(x)

    assert np.allclose(
        stages["torch", "float32"]["weights"], stages["keras", "float32"]["weights"]
    )
    assert found.verdict == DIFFERENT


def test_tampering_is_undone(last_step, etfs):
    """The tests above would catch anything if the twins themselves were wrong."""
    assert last_step.compare(etfs.windows(50, 4)).verdict == SAME


def wrong_in_pytorch(forward, x):
    """The last-step pair with another `forward` in PyTorch, on x."""
    make = twin_makers("portfolio_last_step", "PortfolioLastStep", SIZES)

    def torch_model():
        model = make["torch"]()
        model.forward = partial(forward, model)
        return model

    twins = Twins({**make, "torch": torch_model}, sequences(None, 8), ["weights"])
    twins.load("to_keras", partial(fresh_weights, seed=[1]))
    return twins.compare(x)


@pytest.mark.parametrize("batch", [4, 50])
def test_the_last_sample_for_the_last_step_is_caught(etfs, batch):
    """h[-1] is the last sample; where batch and time are equal even the shape fits."""
    found = wrong_in_pytorch(
        lambda self, x: self.softmax(self.logits(self.lstm(x)[0][-1])),
        etfs.windows(50, batch),
    )
    stages = {stage.stage: stage for stage in found.stages}

    assert found.verdict == DIFFERENT
    assert stages["lstm"].verdict == SAME
    assert stages["logits"].verdict == DIFFERENT
    assert ("shapes" in stages["logits"].reason) == (batch != 50)


def test_one_step_rounded_to_float32_is_caught(etfs):
    """Every dtype is right again behind it, so that only the numbers can tell."""
    found = wrong_in_pytorch(
        lambda self, x: self.softmax(
            self.logits(self.lstm(x)[0][:, -1].float().to(x.dtype))
        ),
        etfs.windows(50, 4),
    )

    assert found.verdict == DIFFERENT


def test_a_wrong_dtype_is_caught(etfs):
    found = wrong_in_pytorch(
        lambda self, x: self.softmax(self.logits(self.lstm(x)[0][:, -1])).float(),
        etfs.windows(50, 4),
    )

    assert found.verdict == DIFFERENT
    assert found.stages[-1].reason == "dtypes: PyTorch float32, Keras float64"


def test_layers_left_in_float32_are_caught(etfs):
    """A Keras layer with a dtype of its own stays in float32 when all else moves."""
    make = twin_makers("portfolio_last_step", "PortfolioLastStep", SIZES)

    def keras_model():
        model = make["keras"]()
        model.logits = keras.layers.Dense(4, dtype="float32")
        return model

    twins = Twins({**make, "keras": keras_model}, sequences(None, 8), ["weights"])
    twins.load("to_keras", partial(fresh_weights, seed=[1]))
    found = twins.compare(etfs.windows(50, 4))
    first = next(stage for stage in found.stages if stage.verdict == DIFFERENT)

    assert first.stage == "logits"
    assert "dtypes" in first.reason


def test_nan_on_both_sides_is_caught(last_step, etfs):
    """Both twins give NaN in the same places; NaN is equal to nothing."""
    weights = partial(fresh_weights, seed=[1])

    def with_nan(layers):
        made = weights(layers)
        made["lstm"]["weight_ih_l0"][0, 0] = np.nan
        return made

    try:
        last_step.load("to_keras", with_nan)
        found = last_step.compare(etfs.windows(7, 4))
    finally:
        last_step.load("to_keras", weights)

    assert found.verdict == DIFFERENT
    assert "NaN" in found.stages[0].reason


def test_a_wrong_final_state_is_caught_where_all_axes_are_of_one_size():
    """(2 layers, batch 2) is not (batch 2, 2 steps): no state counts as padding."""
    sizes = dict(num_features=4, hidden_size=6, num_layers=2)
    make = twin_makers("lstm_layer", "LSTMLayer", sizes)

    def torch_model():
        model = make["torch"]()
        right = model.forward

        def forward(*args, **kwargs):
            output, h_n, c_n = right(*args, **kwargs)
            h_n[0, 1] = 7.0
            return output, h_n, c_n

        model.forward = forward
        return model

    inputs = (*sequences(None, 4), Input("lengths", (None,), "int64"))
    names = ["output", "h_n", "c_n"]
    twins = Twins({**make, "torch": torch_model}, inputs, names)
    twins.load("to_keras", partial(fresh_weights, seed=[1]))
    x = np.random.default_rng(0).uniform(-1, 1, (2, 2, 4)).astype(np.float32)
    found = twins.compare(x, np.array([1, 2]))
    wrong = [stage.stage for stage in found.stages if stage.verdict == DIFFERENT]

    assert wrong == ["h_n"]


def test_a_layer_that_works_in_place_is_compared_as_it_was(etfs):
    """A hook that kept the tensor itself would see it after the change behind it."""
    found = wrong_in_pytorch(
        lambda self, x: self.softmax(self.logits(self.lstm(x)[0][:, -1]).mul_(2)),
        etfs.windows(7, 4),
    )

    assert [s.stage for s in found.stages if s.verdict == DIFFERENT] == ["weights"]


def test_a_stub_is_not_a_refusal(etfs):
    def forward(self, x):
        raise NotImplementedError

    with pytest.raises(NotImplementedError):
        wrong_in_pytorch(forward, etfs.windows(7, 4))


def test_a_wrong_number_of_results_is_an_error(etfs):
    with pytest.raises(BadInput, match=r"expected 1 results \(weights\), got 2"):
        wrong_in_pytorch(lambda self, x: (x, x), etfs.windows(7, 4))


def test_one_side_refusing_is_a_verdict_of_its_own(etfs):
    def forward(self, x):
        raise ValueError("not today")

    found = wrong_in_pytorch(forward, etfs.windows(7, 4))

    assert found.verdict == ONE_REFUSES
    assert found.refusals == {"torch": "not today"}


def test_a_bug_is_not_a_refusal(etfs):
    """An error that no model raises to reject its input reaches the developer."""

    def forward(self, x):
        return self.no_such_layer(x)

    with pytest.raises(AttributeError, match="no_such_layer"):
        wrong_in_pytorch(forward, etfs.windows(7, 4))


@pytest.mark.parametrize("expected", [{}, {"none": "both refuse"}], ids=str)
def test_a_pair_that_compared_nothing_is_an_error(etfs, expected):
    flatten = PAIRS[0]
    pair = Pair(
        flatten.file, flatten.cls, flatten.sizes, expected, ("weights",), prices=True
    )

    with pytest.raises(BadInput, match="nothing was compared"):
        list(run(subject(pair, cases(pair, etfs.longest), etfs, 0)))


def test_a_result_with_nothing_in_it_is_a_refusal(last_step):
    found = last_step.compare(np.zeros((0, 5, 8), np.float32))

    assert found.verdict == "both refuse"
    assert found.refusals["keras"] == "returns nothing: weights of shape (0, 4)"
