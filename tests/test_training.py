"""Twins that learn: in step, apart for reasons with names, stopped, interrupted."""

import json
import signal
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from importlib import import_module
from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from compare.errors import BadInput
from compare.judging.evidence import DIFFERENT, ILL_CONDITIONED, SAME
from compare.judging.four import Distances
from compare.judging.optimizers import CAUSES, OPTIMIZERS, Recipe
from compare.judging.verdict import EPS32, EPS64, SAFETY, judge_training
from compare.subjects.cases import FIXED
from compare.subjects.examples import check_trainable, training_data
from compare.subjects.pairs import PAIRS
from compare.subjects.prices import Prices

BY_NAME = {pair.file: pair for pair in PAIRS}
PRECISIONS = ("torch32", "torch64", "keras32", "keras64")
NATIVE = frozenset()  # no cause of drift is removed
ONE_STEP = dict(epochs=1, batch_size=93, optimizer="sgd", learning_rate=0.1)
FEW_STEPS = dict(epochs=1, optimizer="sgd", learning_rate=0.1)

# The loss of the last batch of epochs 10, 20 .. 100, as the note prints them.
LOSSES = "0.0875 0.0974 0.0799 0.0941 0.0750 0.0653 0.0809 0.0639 0.0717 0.0898"


def silent(*_):
    pass


@pytest.fixture(scope="module")
def training(harness):
    """`compare.twins.training`, which imports both frameworks."""
    return import_module("compare.twins.training")


@pytest.fixture(scope="module")
def train(training, etfs):
    """What trains a pair, by default as the note does, and returns the evidence."""

    def trained(pair="stock_price", progress=silent, **recipe):
        pair = BY_NAME[pair] if isinstance(pair, str) else pair
        recipe = Recipe(**recipe)
        from compare.subjects import built_in

        task = built_in.task(pair, etfs, recipe.seed)
        return training.train(task, recipe, time.perf_counter(), progress)

    return trained


class Steps:
    """What every step was given and gave, by side and precision."""

    def __init__(self, patch):
        self.taken = defaultdict(list)
        frameworks = import_module("compare.twins.training_run").TRAINING
        for side, framework in frameworks.items():
            patch.setattr(framework.Training, "__call__", self._noting(side, framework))

    def _noting(self, side, framework):
        right = framework.Training.__call__

        def noted(model, arrays, target):
            value, weights = right(model, arrays, target)
            self.taken[side, model.twin.dtype].append((arrays, target, weights))
            return value, weights

        return noted

    def weight(self, side, layer, name):
        """A weight in float64 after every step: (steps, ...)."""
        return np.stack([w[layer][name] for _, _, w in self.taken[side, "float64"]])


def group(name):
    """One worker makes the run that these tests look at."""
    return pytest.mark.xdist_group(name)


# The note's run


@pytest.fixture(scope="module")
def note(train):
    """One hundred epochs, one algorithm on both sides."""
    return train()


@group("note")
@pytest.mark.parametrize("side", ["torch32", "keras32"])
def test_both_give_the_ten_losses_of_the_note(note, side):
    last = [note.losses[side][4 * epoch - 1] for epoch in range(10, 101, 10)]

    assert " ".join(f"{loss:.4f}" for loss in last) == LOSSES


@group("note")
def test_losses_of_400_steps_are_the_same_to_13_digits(note):
    assert note.steps == note.done == len(note.gaps) == 400
    assert max(note.gaps) <= 1e-13


@group("note")
def test_every_weight_is_the_same_after_400_steps(note):
    assert [each.stage for each in note.tensors] == [
        "loss",
        "lstm.0.kernel",
        "lstm.0.recurrent_kernel",
        "lstm.0.bias",
        "head.kernel",
        "head.bias",
    ]
    assert {(each.verdict, each.horizon) for each in note.tensors} == {(SAME, 400)}
    assert note.verdict == SAME
    assert note.in_step


@group("note")
def test_gradients_of_the_first_batch_are_the_same(note):
    assert note.gradients.verdict == SAME
    assert (note.gradients.batch, note.gradients.timesteps) == (20, 7)


@group("note")
def test_aligned_twins_have_nothing_to_explain(note):
    assert (note.drift, note.causes, note.left) == ({}, (), None)


@group("note")
def test_a_run_to_the_end_is_neither_stopped_nor_interrupted(note):
    assert (note.stopped, note.interrupted) == ("", False)


def strictly(text):
    """JSON without the NaN and Infinity that Python would accept."""

    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


FIELDS = {
    *("schema", "versions", "training", "verdict", "in_step", "steps", "interrupted"),
    *("stopped", "first_difference", "losses", "gaps", "gradients", "tensors"),
    *("drift", "causes", "left", "sharpe", "seconds"),
}
SETTINGS = {
    *("pair", "source", "loss", "optimizer", "torch", "keras", "epochs", "batch_size"),
    *("steps_per_epoch", "seed", "follow", "removed"),
}


@group("note")
def test_evidence_is_json_with_the_documented_fields(note):
    found = strictly(note.to_json())

    assert set(found) == FIELDS
    assert set(found["training"]) == SETTINGS
    assert set(found["losses"]) == set(PRECISIONS)
    assert found["steps"] == dict(planned=400, done=400)
    assert found["losses"]["keras32"] == list(note.losses["keras32"])
    assert found["first_difference"] is None
    assert found["gradients"]["loss"] == "mean_squared_error"


# As the frameworks are; Adam's drift is in test_train_cli.py, at length


DRIFT = {
    "sgd": ["biases", "learning_rate"],
    "momentum": ["biases", "learning_rate", "formula"],
    "rmsprop": ["biases", "learning_rate", "rho", "epsilon", "formula"],
    "adamw": ["biases", "epsilon", "weight_decay", "formula"],
}


@pytest.mark.parametrize(
    "optimizer",
    [
        pytest.param(name, marks=() if name == "rmsprop" else pytest.mark.slow)
        for name in DRIFT
    ],
)
def test_drift_of_every_optimizer_is_explained(train, optimizer):
    """RMSprop has the most causes."""
    evidence = train("rnn_layer", epochs=1, optimizer=optimizer, removed=NATIVE)

    assert list(evidence.drift) == DRIFT[optimizer]
    assert evidence.verdict == DIFFERENT
    assert evidence.left <= 0.05


def test_drift_of_every_optimizer_is_known():
    assert {*DRIFT, "adam"} == set(OPTIMIZERS)
    assert {name for causes in DRIFT.values() for name in causes} == set(CAUSES)


def test_a_cause_that_is_forgotten_leaves_the_gap(train, monkeypatch):
    """With one learning rate the biases are the only cause there is."""
    known = [cause for cause in CAUSES if cause != "biases"]
    monkeypatch.setattr("compare.twins.drift.CAUSES", known)
    evidence = train("rnn_layer", **FEW_STEPS, removed=NATIVE)

    assert list(evidence.drift) == ["biases"]
    assert evidence.causes[0].share == pytest.approx(1)
    assert evidence.left == pytest.approx(1)


# Every optimizer, and every pair


ALIGNED = [
    (optimizer, follow)
    for optimizer in OPTIMIZERS
    for follow in ("torch", "keras")
    if (optimizer, follow) != ("adam", "torch")  # the note's run, above
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_as_keras_defines_it_keeps_twins_in_step(train, optimizer):
    evidence = train("rnn_layer", epochs=5, optimizer=optimizer, follow="keras")

    assert evidence.done == 20
    assert evidence.in_step, evidence.deciding


@pytest.mark.slow
@pytest.mark.parametrize(("optimizer", "follow"), ALIGNED)
def test_every_optimizer_keeps_twins_in_step_for_200_steps(train, optimizer, follow):
    """Whichever framework's definition both take."""
    evidence = train(epochs=50, optimizer=optimizer, follow=follow)

    assert evidence.done == 200
    assert evidence.in_step, evidence.deciding


TRAINABLE = [
    pytest.param(pair, marks=() if pair.lengths else pytest.mark.slow, id=pair.file)
    for pair in PAIRS
    if not pair.time_major
]


@pytest.mark.parametrize("pair", TRAINABLE)
def test_every_pair_learns_in_step(train, pair):
    """The one that takes lengths learns from padded sequences."""
    evidence = train(pair, epochs=1)

    assert evidence.done == evidence.settings["steps_per_epoch"] > 1
    assert evidence.in_step, evidence.deciding


# The same batches


@pytest.fixture(scope="module")
def two_epochs(train):
    """The steps of two epochs; the state of random numbers before and after them."""
    torch = import_module("torch")
    with pytest.MonkeyPatch.context() as patch:
        steps = Steps(patch)
        states = [(torch.get_rng_state().tolist(), str(np.random.get_state()))]
        train(epochs=2)
        states += [(torch.get_rng_state().tolist(), str(np.random.get_state()))]
    return steps, dict(zip(("torch", "numpy"), zip(*states, strict=True), strict=True))


def script(seed):
    """What a script has that begins with this seed, then makes the model."""
    torch = import_module("torch")
    torch.manual_seed(seed)
    return import_module("pytorch_models.stock_price").StockPricePredictor(5, 50)


def drawn_order():
    """Of the note's 93 windows, as the docstring of StockBatches says."""
    torch = import_module("torch")
    torch.empty((), dtype=torch.int64).random_()
    return list(torch.utils.data.RandomSampler(range(93)))


def of_a_script(source, seed):
    """The batches of two epochs of a script that makes the model, then its loader."""
    days = np.random.RandomState(0)
    features, prices = (days.rand(100, n).astype(np.float32) for n in (5, 1))
    home = "pytorch_models" if source == "DataLoader" else source
    data = import_module(f"{home}.stock_data")
    windows = data.StockWindows(features, prices, 7)
    script(seed)
    if source == "DataLoader":
        epochs = import_module("torch").utils.data.DataLoader(
            windows, batch_size=20, shuffle=True, drop_last=True
        )
        epochs = [list(epochs), list(epochs)]
    else:
        orders = [drawn_order(), drawn_order()]
        epochs = [data.StockBatches(windows, 20, order, True) for order in orders]
    return [tuple(map(np.asarray, xy)) for batches in epochs for xy in batches]


def same_batches(steps, batches):
    """Whether all four models learnt from just these batches, bit for bit."""
    return all(
        len(taken) == len(batches) > 0
        and all(
            np.array_equal(arrays[0], x) and np.array_equal(target, y)
            for (arrays, target, _), (x, y) in zip(taken, batches, strict=True)
        )
        for taken in steps.taken.values()
    )


@group("two epochs")
@pytest.mark.parametrize("source", ["DataLoader", "pytorch_models", "keras_models"])
def test_batches_are_those_of_a_script_that_shuffles(two_epochs, source):
    steps, _ = two_epochs
    batches = of_a_script(source, seed=0)

    assert len(steps.taken) == 4
    assert len(batches) == 8
    assert same_batches(steps, batches)


@group("two epochs")
def test_batches_of_another_seed_are_others(two_epochs):
    """The comparison above can fail."""
    steps, _ = two_epochs

    assert not same_batches(steps, of_a_script("DataLoader", seed=1))


@group("two epochs")
@pytest.mark.parametrize("generator", ["torch", "numpy"])
def test_training_leaves_global_random_numbers_alone(two_epochs, generator):
    """What a caller draws next does not depend on whether twins were trained."""
    _, states = two_epochs
    before, after = states[generator]

    assert after == before


# One cause at a time


@pytest.fixture(scope="module")
def one_step(train):
    """A step of SGD with one learning rate: only biases make twins drift."""

    @cache
    def taken(removed):
        with pytest.MonkeyPatch.context() as patch:
            steps = Steps(patch)
            return train(**ONE_STEP, removed=frozenset(removed)), steps

    return taken


REMOVED = ["nothing", "biases"]
removing = {"nothing": (), "biases": ("biases",)}


@group("one step")
@pytest.mark.parametrize("removed", REMOVED)
def test_removing_biases_changes_the_bias_alone(one_step, removed):
    """All else is in step anyway."""
    evidence, _ = one_step(removing[removed])
    found = {each.stage: each.timestep for each in evidence.tensors}

    assert evidence.done == 1
    assert len(found) == 6
    assert {name for name, step in found.items() if step} == (
        {"lstm.0.bias"} if removed == "nothing" else set()
    )


@group("one step")
@pytest.mark.parametrize("removed", REMOVED)
def test_two_biases_move_twice_as_fast_as_one(one_step, removed):
    """Unless Keras's one takes twice the step."""
    _, steps = one_step(removing[removed])
    lstm = script(seed=0).lstm
    start = (lstm.bias_ih_l0.double() + lstm.bias_hh_l0.double()).detach().numpy()
    sum_moved = bias_in_torch(steps)[0] - start
    one_moved = bias_in_keras(steps)[0] - start
    times = 2 if removed == "nothing" else 1

    assert np.abs(one_moved).max() > 1e-4
    assert np.abs(sum_moved - times * one_moved).max() < 1e-15


def bias_in_torch(steps):
    """The sum of both in float64, after every step."""
    return sum(steps.weight("torch", "lstm", f"bias_{n}_l0") for n in ("ih", "hh"))


def bias_in_keras(steps):
    return steps.weight("keras", "lstm", "0.bias")


def test_the_second_bias_stays_zero_where_pytorch_follows(train, monkeypatch):
    """Its sum with the first then moves as Keras's one bias does."""
    steps = Steps(monkeypatch)
    train(**FEW_STEPS, follow="keras")
    second = steps.weight("torch", "lstm", "bias_hh_l0")

    assert len(second) == 4
    assert not second.any()
    assert np.abs(bias_in_torch(steps) - bias_in_keras(steps)).max() < 1e-15


@group("two epochs")
def test_the_second_bias_moves_where_keras_follows(two_epochs):
    """The sum is Keras's one bias in either case."""
    steps, _ = two_epochs
    second = steps.weight("torch", "lstm", "bias_hh_l0")

    assert len(second) == 8
    assert second.any(-1).all()
    assert np.abs(bias_in_torch(steps) - bias_in_keras(steps)).max() < 1e-15


@group("one step")
def test_biases_of_an_lstm_are_a_cause(one_step):
    evidence, _ = one_step(())

    assert set(evidence.drift) == {"biases"}


@group("one step")
def test_losses_that_only_rounding_parts_are_not_explained(one_step):
    """The weights have parted, but the only loss is that of before."""
    evidence, _ = one_step(())
    loss, *_ = evidence.tensors

    assert (evidence.verdict, loss.verdict) == (DIFFERENT, SAME)
    assert (evidence.causes, evidence.left) == ((), None)


WITHOUT_BIAS = replace(
    BY_NAME["rnn_layer"], sizes={**BY_NAME["rnn_layer"].sizes, "bias": False}
)


@pytest.mark.parametrize(
    "pair", ["gru_layer", WITHOUT_BIAS], ids=["GRU", "RNN without bias"]
)
def test_without_added_biases_native_twins_are_in_step(train, pair):
    """A GRU has two biases on both sides."""
    evidence = train(pair, **ONE_STEP, removed=NATIVE)

    assert evidence.drift == {}
    assert evidence.in_step


# The judge


def distances(gap64, noise):
    """Of one tensor after each step; half of the noise is each framework's."""
    gap64, noise = np.array(gap64), np.broadcast_to(noise, len(gap64))
    return Distances(noise / 2, noise / 2, noise, gap64)


def test_the_judge_finds_the_first_step_that_differs():
    limit = SAFETY * 1e-7 * EPS64 / EPS32
    found = judge_training(
        {
            "later": distances([0, 0, 0, 2 * limit], 1e-7),
            "first": distances([0, limit / 2, 2 * limit, 3 * limit], 1e-7),
            "never": distances([0, limit / 2, limit / 2, limit / 2], 1e-7),
        }
    )

    assert [(each.verdict, each.timestep) for each in found] == [
        (DIFFERENT, 4),
        (DIFFERENT, 3),
        (SAME, None),
    ]


@pytest.mark.parametrize(("noise", "verdict"), [(1e-7, DIFFERENT), (5e-4, SAME)])
def test_noise_of_one_tensor_reaches_all_others_a_step_later(noise, verdict):
    """A step computes every tensor from all as they were before it."""
    calm, other = distances([0, 1e-12], 1e-7), distances([0, 0], noise)

    assert judge_training({"calm": calm, "other": other})[0].verdict == verdict


@pytest.mark.parametrize(
    ("gap", "verdict", "horizon"),
    [(1e-10, SAME, 4), (1e-5, ILL_CONDITIONED, 2), (1.0, DIFFERENT, 2)],
)
def test_the_judge_needs_float32_only_where_float64_passes_its_limit(
    gap, verdict, horizon
):
    """From step 3 on float32 keeps two digits; 1.0 is more than even that explains."""
    noise = np.array([1e-7, 1e-5, 1e-2, 1e-2])
    (found,) = judge_training({"weight": distances([0, 0, gap, gap], noise)})

    assert (found.verdict, found.horizon, found.steps) == (verdict, horizon, 4)


# What is not finite


def test_a_loss_that_overflows_stops_the_run(train):
    """A prediction of 1e25 is finite in float32, its square is not."""
    evidence = train(epochs=1, optimizer="sgd", learning_rate=1e25)

    assert evidence.stopped.startswith("step 2: loss is not finite in PyTorch float32")
    assert not evidence.in_step
    assert evidence.done == 1
    assert [len(evidence.losses[each]) for each in PRECISIONS] == [1] * 4
    assert all(np.isfinite(losses).all() for losses in evidence.losses.values())


@pytest.fixture(scope="module")
def no_step(train):
    """A bias of more than 3.4e38, which float32 does not hold, after one step."""
    return train(epochs=1, optimizer="sgd", learning_rate=3.4e38)


@group("no step")
def test_a_weight_that_overflows_stops_the_run(no_step):
    assert no_step.stopped.startswith("step 1: lstm.0.bias is not finite in Keras")
    assert not no_step.in_step
    assert no_step.done == 0


@group("no step")
def test_a_run_of_no_step_has_evidence(no_step):
    assert strictly(no_step.to_json())["steps"] == dict(planned=4, done=0)


@group("no step")
def test_a_run_of_no_step_has_a_report(no_step):
    said = StringIO()
    report = import_module("compare.reports.training")
    report.print_training(Console(file=said, width=80), no_step)

    assert "Stopped at step 1: lstm.0.bias" in " ".join(said.getvalue().split())


def spoil(data, number, what):
    """The data with NaN in one example's input or target."""
    if what == "target":
        target = data.target.copy()
        target[number] = np.nan
        return replace(data, target=target)
    x = data.inputs[0].copy()
    x[number, 3, 2] = np.nan
    return replace(data, inputs=(x,))


@pytest.mark.parametrize(
    ("what", "stopped"),
    [
        ("target", "step 4: loss is not finite in PyTorch float32"),
        ("input", "step 4: lstm is not finite in PyTorch float32"),
    ],
)
def test_nan_in_data_is_found_at_its_step(train, monkeypatch, what, stopped):
    """In an example of the last batch of the first epoch."""
    script(seed=0)
    number = drawn_order()[3 * 20]
    monkeypatch.setattr(
        "compare.subjects.built_in.training_data",
        lambda *args: spoil(training_data(*args), number, what),
    )
    evidence = train(epochs=2)

    assert evidence.stopped.startswith(stopped)
    assert evidence.done == 3
    assert not evidence.in_step


# What cannot learn


def test_a_batch_larger_than_the_examples_is_refused(train):
    with pytest.raises(BadInput, match=r"--batch-size: expected 1 to 93, .* got 94"):
        train(batch_size=94)


SPECIMENS = {
    "portfolio_flatten_as_written": "portfolio_flatten",
    "portfolio_view_as_written": "portfolio_flatten",
    "portfolio_last_step_as_written": "portfolio_last_step",
}


@pytest.mark.parametrize("file", SPECIMENS)
def test_a_specimen_is_refused_with_the_pair_to_train(file):
    with pytest.raises(BadInput) as caught:
        check_trainable(BY_NAME[file])
    *_, advice = str(caught.value).split("; ")

    assert advice == f"train {SPECIMENS[file]}"
    assert check_trainable(BY_NAME[SPECIMENS[file]]) is None


def test_every_specimen_is_refused():
    assert set(SPECIMENS) == {pair.file for pair in PAIRS if pair.time_major}


def test_training_refuses_a_specimen_by_itself(train):
    """Callers of `train` meet the same sentence as those of the command line."""
    with pytest.raises(BadInput, match="train portfolio_flatten"):
        train("portfolio_view_as_written", epochs=1)


# Ctrl-C


@contextmanager
def own_handler():
    """What Ctrl-C does meanwhile."""

    def mine(number, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, mine)
    try:
        yield mine
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.fixture
def handler():
    with own_handler() as mine:
        yield mine


def ctrl_c(phase, at, times=1):
    """A progress that presses it at a step of what is being done."""

    def progress(what, done, *_):
        if what.startswith(phase) and done == at:
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)

    return progress


@pytest.fixture(scope="module")
def interrupted(train):
    """A run that Ctrl-C ends at step 3; and whether it was given back."""
    with own_handler() as mine:
        evidence = train("rnn_layer", ctrl_c("training", 3), epochs=2)
        return evidence, signal.getsignal(signal.SIGINT) is mine


@group("interrupted")
def test_ctrl_c_keeps_the_steps_that_were_done(interrupted):
    evidence, _ = interrupted

    assert evidence.interrupted
    assert (evidence.done, evidence.steps) == (3, 8)
    assert {each.steps for each in evidence.tensors} == {3}
    assert evidence.in_step


@group("interrupted")
def test_ctrl_c_is_given_back_after_a_run(interrupted):
    _, given_back = interrupted

    assert given_back


@pytest.mark.usefixtures("handler")
@pytest.mark.parametrize(("phase", "at"), [("training", 4), ("without biases", 3)])
def test_ctrl_c_leaves_causes_that_are_not_measured(train, phase, at):
    """At the very end of the run, and while it is explained."""
    evidence = train("rnn_layer", ctrl_c(phase, at), **FEW_STEPS, removed=NATIVE)

    assert evidence.interrupted
    assert evidence.done == evidence.steps == 4
    assert list(evidence.drift) == ["biases"]
    assert (evidence.causes, evidence.left) == ((), None)


@pytest.mark.usefixtures("handler")
def test_ctrl_c_keeps_causes_that_were_measured(train):
    evidence = train("rnn_layer", ctrl_c("without all", 3), **FEW_STEPS, removed=NATIVE)

    assert evidence.interrupted
    assert [cause.name for cause in evidence.causes] == ["biases"]
    assert evidence.left is None


def test_ctrl_c_is_given_back_after_an_error(train, handler):
    with pytest.raises(BadInput):
        train(batch_size=94)

    assert signal.getsignal(signal.SIGINT) is handler


def test_a_second_ctrl_c_ends_the_run_at_once(train, handler):
    with pytest.raises(KeyboardInterrupt):
        train("rnn_layer", ctrl_c("training", 2, times=2), epochs=1)

    assert signal.getsignal(signal.SIGINT) is handler


# Real prices


def rising(days):
    """Two assets whose prices say which day it is."""
    day = np.arange(days)
    return Prices("made up", ("A", "B"), np.stack([10 + day**1.5, 50 - day], 1))


def test_examples_are_windows_and_the_returns_of_the_day_after():
    prices = rising(12)
    p = prices.values
    x, after = prices.examples(5)

    assert (x.dtype, after.dtype) == (np.float32, np.float32)
    assert (x.shape, after.shape) == ((6, 5, 4), (6, 2))
    for number in range(6):
        first = number + 1  # the day before gives the first return
        for step in range(5):
            day = first + step
            relative, daily = p[day] / p[first], p[day] / p[day - 1] - 1
            assert np.allclose(x[number, step], [*relative, *daily], rtol=1e-6)
        assert np.allclose(after[number], p[first + 5] / p[first + 4] - 1, rtol=1e-6)


def test_the_last_example_is_followed_by_the_newest_day():
    prices = rising(12)
    _, after = prices.examples(5)

    assert np.allclose(after[-1], prices.values[-1] / prices.values[-2] - 1, rtol=1e-6)


@pytest.mark.parametrize(("days", "enough"), [(7, False), (8, True)])
def test_two_windows_are_the_fewest_to_learn_from(days, enough):
    if enough:
        assert len(rising(days).examples(5)[0]) == 2
    else:
        with pytest.raises(BadInput, match="expected at least 8 days to learn from"):
            rising(days).examples(5)


@pytest.fixture(scope="module")
def portfolio(train):
    """One epoch of the paper's model on the prices that come with the package."""
    with pytest.MonkeyPatch.context() as patch:
        steps = Steps(patch)
        return train("portfolio_flatten", epochs=1), steps


@group("portfolio")
def test_a_portfolio_learns_in_step(portfolio):
    evidence, _ = portfolio

    assert evidence.settings["loss"] == "negative_sharpe_ratio"
    assert evidence.done == 25
    assert evidence.in_step, evidence.deciding


def each_example(windows, returns):
    """Each as bytes."""
    both = zip(windows, returns, strict=True)
    return [(window.tobytes(), days.tobytes()) for window, days in both]


@group("portfolio")
def test_a_portfolio_learns_from_the_first_three_quarters_of_the_days(portfolio, etfs):
    """No example that it is tested on, and none twice."""
    _, steps = portfolio
    x, after = etfs.examples(FIXED)
    learnt = int(0.75 * len(x))
    early = each_example(x[:learnt], after[:learnt])
    late = each_example(x[learnt:], after[learnt:])
    taken = [
        example
        for (windows,), returns, _ in steps.taken["keras", "float32"]
        for example in each_example(windows, returns)
    ]

    assert len(set(taken)) == len(taken) == 25 * 64
    assert set(taken) <= set(early)
    assert not set(taken) & set(late)


@group("portfolio")
def test_sharpe_ratios_of_both_are_the_same(portfolio):
    evidence, _ = portfolio

    assert set(evidence.sharpe) == {"in sample", "out of sample"}
    for by in evidence.sharpe.values():
        assert set(by) == {"days", "torch", "keras", "equal"}
        assert by["torch"] == pytest.approx(by["keras"], abs=1e-5)
        assert by["torch"] != pytest.approx(by["equal"], abs=1e-5)


@group("portfolio")
@pytest.mark.parametrize("part", ["in sample", "out of sample"])
def test_sharpe_ratio_of_equal_weights_is_that_of_the_mean_return(
    portfolio, etfs, part
):
    """A year has 252 days of trading; the deviation divides by the number of days."""
    evidence, _ = portfolio
    p = etfs.values[FIXED:]
    daily = (p[1:] / p[:-1] - 1).mean(axis=1)
    learnt = int(0.75 * len(daily))
    days = daily[:learnt] if part == "in sample" else daily[learnt:]
    expected = np.sqrt(252) * days.mean() / np.sqrt((days**2).mean() - days.mean() ** 2)

    assert evidence.sharpe[part]["equal"] == pytest.approx(expected, rel=1e-5)
