"""Gradients: of each pair's loss, behind masks, against slopes; and wrong ones."""

from functools import cache, partial

import numpy as np
import pytest
from helpers import tampered

from compare.judging.arrays import Input, sequences
from compare.judging.evidence import DIFFERENT, SAME, Judgement
from compare.kinds import BY_NAME
from compare.matching.rewriting import rewrite
from compare.subjects.cases import FIXED, cases
from compare.subjects.pairs import PAIRS
from compare.twins.targets import targets

SIDES = ("torch", "keras")
FEATURES, HIDDEN, CLASSES = 3, 4, 5
LENGTHS = np.array([5, 8, 3])
VALID = np.arange(8) < LENGTHS[:, None]  # (batch, time)
WIDTH = 1e-5  # of half a finite difference

STACKED = dict(num_layers=2)
BOTH_WAYS = dict(bidirectional=True)
NO_BIAS = dict(bias=False)
LSTM = "lstm_layer", "LSTMLayer", ["output", "h_n", "c_n"]
GRU = "gru_layer", "GRULayer", ["output", "h_n"]
RNN = "rnn_layer", "RNNLayer", ["output", "h_n"]
LAYERS = {  # file, class, what it returns, options
    "LSTM stacked, projected": (*LSTM, STACKED | dict(proj_size=2)),
    "LSTM both ways, without bias": (*LSTM, BOTH_WAYS | NO_BIAS),
    "GRU both ways": (*GRU, BOTH_WAYS),
    "GRU stacked, without bias": (*GRU, STACKED | NO_BIAS),
    "RNN both ways": (*RNN, BOTH_WAYS),
    "RNN stacked, without bias": (*RNN, STACKED | NO_BIAS),
}
MODEL = "lstm_model_variable_seq", "LSTMModelVariableSeq"
MASKED = LAYERS | {"model": (*MODEL, ["prediction"], dict(num_outputs=2))}
INPUTS = (*sequences(None, FEATURES), Input("lengths", (None,), "int64"))


class Masked:
    """Twins that take lengths, and what a loss compares their results with."""

    def __init__(self, harness, make, outputs):
        self.harness, self.outputs = harness, outputs
        self.twins = harness.Twins(make, INPUTS, outputs)
        self.twins.load("to_keras", partial(harness.fresh_weights, seed=[1]))
        stages = self.twins.twin("torch", "float32")(padded(0.0), LENGTHS)
        shapes = [stages[name].shape for name in outputs]
        self.targets = targets("mean_squared_error", shapes, seed=0)

    def compare(self, value):
        """The twins' gradients, with padding of this value, and the verdict."""
        return self.twins.gradients(
            "mean_squared_error", (padded(value), LENGTHS), self.targets
        )

    def of(self, side, dtype, value=0.0):
        """Gradients of one side: those of x, and by layer and name."""
        loss = self.harness.losses("mean_squared_error")[side]
        where = [VALID[..., None] if n == "output" else None for n in self.outputs]
        _, by_input, by_layer = self.twins.twin(side, dtype).gradients(
            loss, (padded(value), LENGTHS), self.targets, where
        )
        return by_input["x"], by_layer


def padded(value):
    """Random sequences of LENGTHS with this value behind each: float32."""
    x = np.random.default_rng(0).uniform(-1, 1, (*VALID.shape, FEATURES))
    return np.where(VALID[..., None], x, value).astype(np.float32)


def of_each(names):
    """For each name once; one worker builds its twins."""
    marked = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in names]
    return pytest.mark.parametrize("name", marked)


def makers(harness, name):
    file, cls, _, options = MASKED[name]
    sizes = dict(num_features=FEATURES, hidden_size=HIDDEN, **options)
    return harness.twin_makers(file, cls, sizes)


@pytest.fixture(scope="module")
def masked(harness):
    """The twins of a name, built once."""

    @cache
    def made(name):
        return Masked(harness, makers(harness, name), MASKED[name][2])

    return made


def as_pytorch(harness, twins, by_layer):
    """Keras's gradients by layer, and by name as PyTorch has them."""
    like = harness.LAYERS["torch"].layers(twins.model("torch", "float64"))
    return rewrite(by_layer, like, "gradients")[0]


def gradients(twins, etfs, loss="mean_squared_error", batch=4):
    """Those of the last-step twins."""
    found = targets(loss, [(batch, 4)], seed=0)
    return twins.gradients(loss, (etfs.windows(50, batch),), found)


last_step_group = pytest.mark.xdist_group("last step gradients")

# Every pair


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.file)
def test_gradients_of_every_pair_are_the_same(harness, etfs, monkeypatch, pair):
    """In both directions, at each length that the twins are built for."""
    size = FIXED, pair.batch or 4
    few = [
        case
        for case in cases(pair, etfs.longest)
        if case.expected == SAME and (case.timesteps, case.batch) == size
    ]
    # What else a run looks at is tested elsewhere, and takes most of its time.
    skipped = Judgement("skipped", stages=("none",))
    monkeypatch.setattr(harness.Twins, "compare", lambda *_: skipped)
    results = harness.run(harness.subject(pair, few, etfs, 0, True))
    found = [result for result in results if result.loss]
    wrong = [result.explain() for result in found if result.verdict != SAME]

    assert found
    assert [(result.length, result.direction) for result in found] == [
        (case.length or "none", way) for case in few for way in harness.DIRECTIONS
    ]
    assert not wrong, "\n".join(wrong)


@last_step_group
def test_gradients_are_of_the_input_and_of_every_weight(last_step, etfs):
    """The loss comes first; where PyTorch has two biases each is compared."""
    found = gradients(last_step, etfs)

    assert [stage.stage for stage in found.stages] == [
        "loss",
        "x",
        "lstm.weight_ih_l0",
        "lstm.weight_hh_l0",
        "lstm.bias_ih_l0",
        "lstm.bias_hh_l0",
        "logits.weight",
        "logits.bias",
    ]


# Behind masks


@of_each(MASKED)
@pytest.mark.parametrize("value", [0.0, 1e6, np.nan])
def test_gradients_are_the_same_whatever_the_padding(masked, name, value):
    found = masked(name).compare(value)

    assert found.verdict == SAME, found


@of_each(MASKED)
@pytest.mark.parametrize("value", [0.0, 1e6, np.nan])
def test_padding_has_no_gradient(harness, masked, name, value):
    """Exactly zero on both sides, while every valid step has one."""
    for side in SIDES:
        for dtype in harness.PRECISIONS:
            of_x, _ = masked(name).of(side, dtype, value)

            assert not of_x[~VALID].any()
            assert of_x[VALID].any(-1).all()


@pytest.fixture(scope="module")
def forgetful(harness):
    """A model whose Keras twin reads every sequence to the end of its padding."""
    ops, make = harness.in_keras.keras.ops, makers(harness, "model")

    def keras_model():
        model = make["keras"]()
        right = model.call
        model.call = lambda x, lengths: right(x, ops.full_like(lengths, 8))
        return model

    return Masked(harness, {**make, "keras": keras_model}, ["prediction"])


@pytest.mark.xdist_group("forgetful")
def test_gradients_of_a_twin_that_reads_padding_are_different(forgetful):
    assert forgetful.compare(0.0).verdict == DIFFERENT


@pytest.mark.xdist_group("forgetful")
def test_padding_that_is_read_has_a_gradient(forgetful):
    of_x, _ = forgetful.of("keras", "float64")

    assert of_x[~VALID].any(-1).all()


# Losses


CLASSIFIERS = {"lstm_model": ("LSTMModel", INPUTS[:1]), MODEL[0]: (MODEL[1], INPUTS)}


@pytest.mark.parametrize("file", CLASSIFIERS)
def test_gradients_of_classifiers_are_the_same(harness, file):
    """Cross-entropy of five classes, in both directions."""
    cls, inputs = CLASSIFIERS[file]
    sizes = dict(num_features=FEATURES, hidden_size=HIDDEN, num_outputs=CLASSES)
    make = harness.twin_makers(file, cls, sizes)
    twins = harness.Twins(make, inputs, ["prediction"])
    labels = targets("cross_entropy", [(len(LENGTHS), CLASSES)], seed=0)
    arrays = (padded(0.0), LENGTHS)[: len(inputs)]
    verdicts = []
    for direction in harness.DIRECTIONS:
        twins.load(direction, partial(harness.fresh_weights, seed=[1]))
        verdicts.append(twins.gradients("cross_entropy", arrays, labels).verdict)

    assert labels[0].dtype == np.int64
    assert verdicts == [SAME, SAME]


@last_step_group
@pytest.mark.parametrize(
    "loss", ["mean_squared_error", "cross_entropy", "negative_sharpe_ratio"]
)
def test_gradients_of_each_loss_are_the_same(last_step, etfs, loss):
    found = gradients(last_step, etfs, loss)

    assert found.verdict == SAME, found


@last_step_group
@pytest.mark.parametrize(("days", "any_gradient"), [(1, False), (4, True)])
def test_one_day_has_no_sharpe_ratio_and_no_gradient(
    harness, last_step, etfs, days, any_gradient
):
    """Zeros on both sides in place of NaN."""
    returns = targets("negative_sharpe_ratio", [(days, 4)], seed=0)
    for side in SIDES:
        loss = harness.losses("negative_sharpe_ratio")[side]
        for dtype in harness.PRECISIONS:
            value, by_input, by_layer = last_step.twin(side, dtype).gradients(
                loss, (etfs.windows(50, days),), returns, [None]
            )
            arrays = [value, by_input["x"]]
            arrays += [a for each in by_layer.values() for a in each.arrays.values()]

            assert len(arrays) == (8 if side == "torch" else 7)
            assert [array.any() for array in arrays] == [any_gradient] * len(arrays)


@last_step_group
def test_gradients_of_one_day_are_the_same(last_step, etfs):
    found = gradients(last_step, etfs, "negative_sharpe_ratio", batch=1)

    assert found.verdict == SAME, found


# Biases


PARTS = [
    ("LSTM stacked, projected", "0.", "_l0"),
    ("LSTM stacked, projected", "1.", "_l1"),
    ("RNN both ways", "0.forward.", "_l0"),
    ("RNN both ways", "0.backward.", "_l0_reverse"),
]


@pytest.mark.parametrize(
    ("name", "prefix", "suffix"),
    [pytest.param(*part, marks=pytest.mark.xdist_group(part[0])) for part in PARTS],
)
def test_each_of_two_biases_has_the_gradient_of_keras_one(masked, name, prefix, suffix):
    """The whole of it, not half."""
    attribute = name.split()[0].lower()
    _, torch = masked(name).of("torch", "float64")
    _, keras = masked(name).of("keras", "float64")
    one = keras[attribute].arrays[f"{prefix}bias"]

    assert np.abs(one).max() > 1e-3
    for bias in ("bias_ih", "bias_hh"):
        two = torch[attribute].arrays[f"{bias}{suffix}"]
        assert np.abs(two - one).max() < 1e-15


@of_each(["GRU both ways"])
def test_a_gru_has_both_biases_on_both_sides(masked, name):
    """Rows of Keras's one array, gates z, r, h there and r, z, n in PyTorch."""
    _, torch = masked(name).of("torch", "float64")
    _, keras = masked(name).of("keras", "float64")
    both = keras["gru"].arrays["0.forward.bias"]

    assert both.shape == (2, 3 * HIDDEN)
    assert np.abs(both[0] - both[1]).max() > 1e-3
    for row, bias in zip(both, ("bias_ih_l0", "bias_hh_l0"), strict=True):
        r, z, n = np.split(torch["gru"].arrays[bias], 3)
        assert np.abs(row - np.r_[z, r, n]).max() < 1e-15


# Slopes


def slope(loss, arrays, key, along):
    """Of a loss of arrays, along a direction in one of them, by central difference."""
    ends = [loss({**arrays, key: arrays[key] + way * along}) for way in (WIDTH, -WIDTH)]
    return (ends[0] - ends[1]) / (2 * WIDTH)


@pytest.mark.parametrize("side", SIDES)
@of_each(LAYERS)
def test_gradients_are_the_slopes_of_a_third_opinion(harness, masked, name, side):
    """NumPy's loss along three random directions in each weight and in x."""
    made, kind = masked(name), name.split()[0]
    twins = made.twins
    layers = harness.LAYERS["torch"].layers(twins.model("torch", "float64"))
    arrays = {**layers[kind.lower()].arrays, "x": padded(0.0).astype(np.float64)}
    of_x, by_layer = made.of(side, "float64")
    if side == "keras":
        (found,) = as_pytorch(harness, twins, by_layer).values()
    else:
        found = by_layer[kind.lower()].arrays
    found = {**found, "x": of_x}

    def loss(changed):
        weights = {key: array for key, array in changed.items() if key != "x"}
        results = BY_NAME[kind].compute(weights, changed["x"], {"lengths": LENGTHS})
        both = zip(made.outputs, made.targets, strict=True)
        return sum(np.mean((results[out] - target) ** 2) for out, target in both)

    rng = np.random.default_rng(0)
    assert found.keys() == arrays.keys()
    for key, gradient in found.items():
        for _ in range(3):
            along = rng.normal(size=gradient.shape)
            expected = slope(loss, arrays, key, along)
            assert np.sum(gradient * along) == pytest.approx(expected, abs=1e-8), key


@pytest.fixture(scope="module")
def small(harness):
    """An LSTM and a head; cut, Keras lets no gradient through between them."""
    torch, keras = harness.in_pytorch.torch, harness.in_keras.keras

    class InPyTorch(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = torch.nn.LSTM(FEATURES, HIDDEN, batch_first=True)
            self.head = torch.nn.Linear(HIDDEN, 1)

        def forward(self, x):
            return self.head(self.lstm(x)[0][:, -1])

    class InKeras(keras.Model):
        def __init__(self, cut):
            super().__init__()
            self.cut = cut
            self.lstm = keras.layers.LSTM(HIDDEN)
            self.head = keras.layers.Dense(1)

        def call(self, x):
            h = self.lstm(x)
            return self.head(keras.ops.stop_gradient(h) if self.cut else h)

    @cache
    def made(cut):
        make = {"torch": InPyTorch, "keras": partial(InKeras, cut)}
        twins = harness.Twins(make, sequences(None, FEATURES), ["y"])
        twins.load("to_keras", partial(harness.fresh_weights, seed=[1]))
        return twins

    return made


SMALL = padded(0.0), targets("mean_squared_error", [(len(LENGTHS), 1)], seed=0)
each_small = pytest.mark.parametrize(
    ("cut", "verdict"),
    [
        pytest.param(cut, verdict, marks=pytest.mark.xdist_group(f"cut {cut}"))
        for cut, verdict in ((False, SAME), (True, DIFFERENT))
    ],
)


@each_small
def test_a_wrong_gradient_is_caught(small, cut, verdict):
    x, target = SMALL
    found = small(cut).gradients("mean_squared_error", (x,), target)

    assert found.verdict == verdict
    assert {s.stage.split(".")[0] for s in found.stages if s.verdict != SAME} == (
        {"x", "lstm"} if cut else set()
    )


@each_small
def test_a_wrong_gradient_predicts_alike(small, cut, verdict):
    """Why gradients are compared at all."""
    assert small(cut).compare(SMALL[0]).verdict == SAME


@each_small
def test_a_wrong_gradient_is_not_the_slope_of_its_own_loss(
    harness, small, cut, verdict
):
    x, target = SMALL
    twin = small(cut).twin("keras", "float64")
    kept = dict(harness.LAYERS["keras"].layers(twin.model)["lstm"].arrays)

    def of(arrays):
        harness.LAYERS["keras"].load(twin.model, {"lstm": arrays})
        loss = harness.losses("mean_squared_error")["keras"]
        return twin.gradients(loss, (x,), target, [None])

    along = np.random.default_rng(0).normal(size=kept["kernel"].shape)
    try:
        expected = slope(lambda arrays: float(of(arrays)[0]), kept, "kernel", along)
        found = np.sum(of(kept)[2]["lstm"].arrays["kernel"] * along)
    finally:
        harness.LAYERS["keras"].load(twin.model, {"lstm": kept})

    assert abs(expected) > 1e-3
    assert (found == pytest.approx(expected, abs=1e-8)) == (verdict == SAME)


# Wrong twins, losses and targets


def swap_gates(arrays):
    """i, f, g, o becomes f, i, g, o in every array of the layer."""
    i, f, g, o = np.split(np.arange(4 * 64), 4)
    return {name: array[..., np.r_[f, i, g, o]] for name, array in arrays.items()}


WRONG = {
    "lstm kernel times 1 + 1e-6": (
        "lstm",
        lambda arrays: {"kernel": arrays["kernel"] * (1 + 1e-6)},
    ),
    "dense kernel times 1 + 1e-6": (
        "logits",
        lambda arrays: {"kernel": arrays["kernel"] * (1 + 1e-6)},
    ),
    "swapped gates": ("lstm", swap_gates),
}


@last_step_group
@pytest.mark.parametrize("mistake", WRONG)
def test_gradients_of_wrong_weights_are_different(harness, last_step, etfs, mistake):
    with tampered(harness, last_step, *WRONG[mistake]):
        found = gradients(last_step, etfs)

    assert found.verdict == DIFFERENT


WRONG_LOSSES = {
    "a sum for the mean": (
        "mean_squared_error",
        lambda ops, right: lambda y, aim: ops.sum(ops.square(y - aim)),
    ),
    "labels of the next sequence": (
        "cross_entropy",
        lambda ops, right: lambda y, labels: right(y, ops.roll(labels, 1)),
    ),
    "a Sharpe ratio with ddof 1": (
        "negative_sharpe_ratio",
        lambda ops, right: lambda y, returns: right(y, returns) * (3 / 4) ** 0.5,
    ),
}


@last_step_group
@pytest.mark.parametrize("mistake", WRONG_LOSSES)
def test_a_loss_of_another_formula_is_caught(
    harness, last_step, etfs, monkeypatch, mistake
):
    loss, another = WRONG_LOSSES[mistake]
    right = harness.losses(loss)
    keras = another(harness.in_keras.keras.ops, right["keras"])
    wrong = {**right, "keras": keras}
    monkeypatch.setattr("compare.twins.twins.losses", lambda name: wrong)
    found = gradients(last_step, etfs, loss)

    assert found.verdict == DIFFERENT
    assert found.stages[0].stage == "loss"
    assert found.stages[0].verdict == DIFFERENT


@last_step_group
def test_a_target_that_is_nan_is_caught(last_step, etfs):
    """Both sides then have NaN everywhere; NaN is the same as nothing."""
    aim = np.full((4, 4), np.nan, np.float32)
    found = last_step.gradients("mean_squared_error", (etfs.windows(50, 4),), [aim])

    assert found.verdict == DIFFERENT
    assert {stage.verdict for stage in found.stages} == {DIFFERENT}
    assert all("NaN in float64" in stage.reason for stage in found.stages)
