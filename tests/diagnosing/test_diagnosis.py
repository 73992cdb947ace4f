"""Why twins differ: mistakes are made in a twin, and have to be found again."""

from functools import partial

import families
import keras
import normed
import numpy as np
import pytest
import torch
from mistaken import mistaken, places, suspected

from compare.diagnosing import diagnosis
from compare.in_pytorch import anatomy as in_pytorch_anatomy
from compare.in_pytorch import mistakes as pytorch_mistakes
from compare.judging.arrays import Input, sequences
from compare.kinds.mistake import ArraysOfLayer
from compare.mistakes import MISTAKES, Mistake
from compare.subjects.built_in import subject
from compare.subjects.cases import cases
from compare.subjects.pairs import PAIRS
from compare.subjects.subject import run
from compare.twins.models import twin_makers
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights
from keras_models import portfolio_last_step

BY_NAME = {mistake.name: mistake for mistake in MISTAKES}
SMALL = dict(num_features=5, hidden_size=7)
MODELS = {
    "flatten": ("portfolio_flatten", {**SMALL, "num_outputs": 3, "timesteps": 6}),
    "masked": ("lstm_model_variable_seq", {**SMALL, "num_outputs": 2}),
    "gru": ("gru_layer", {**SMALL, "num_layers": 3, "bidirectional": True}),
}

# Of each model in the table: mistakes alone, in pairs, and changes that nobody named.
SINGLES, PAIRS_OF_MISTAKES, UNKNOWN = 40, 12, 4


@pytest.fixture(scope="module")
def probe():
    """Modules that load the frameworks."""
    return diagnosis, pytorch_mistakes


@pytest.fixture(scope="module")
def built():
    """Twins of each model with random weights, their input, and what is seen of it."""
    made = {}
    for name, (file, sizes) in MODELS.items():
        (pair,) = (pair for pair in PAIRS if pair.file == file)
        inputs = sequences(sizes.get("timesteps"), 5)
        rng = np.random.default_rng(7)
        arrays = (rng.normal(0, 1, (4, 6, 5)).astype(np.float32),)
        if pair.lengths:
            inputs += (Input("lengths", (None,), "int64"),)
            arrays += (np.array([6, 2, 5, 3]),)
        make = twin_makers(file, pair.cls, sizes)
        twins = Twins(make, inputs, pair.outputs)
        twins.load("to_keras", partial(fresh_weights, seed=[11]))
        made[name] = twins, arrays
    made |= {name: normed.twins(name) for name in normed.NAMES}
    return looked_into(made)


@pytest.fixture(scope="module")
def of_ten_families(built):
    """Those of `built`, and of five more families of models."""
    made = {name: families.twins(name) for name in families.NAMES}
    return {**built, **looked_into(made)}


def looked_into(made):
    """Twins and their input, each with what is seen of it."""
    return {
        name: (
            twins,
            arrays,
            in_pytorch_anatomy.anatomy(twins.twin("torch", "float64"), arrays),
        )
        for name, (twins, arrays) in made.items()
    }


def diagnosed(probe, built, model, *mistakes):
    diagnosis, _ = probe
    twins, arrays, found = built[model]
    twins.splits = {}
    with mistaken(twins, found, *mistakes):
        return diagnosis.diagnose(twins, arrays)


QUICK = [
    ("flatten", "LSTM gates i, f, o, g", "lstm"),
    ("flatten", "LSTM recurrent kernel not transposed", "lstm"),
    ("flatten", "only bias_ih", "lstm"),
    ("flatten", "weights rounded to bfloat16", "logits"),
    ("flatten", "hard sigmoid 0.2 x", "lstm"),
    ("flatten", "all steps, unit by unit for all steps, one after another", "lstm"),
    ("flatten", "two softmaxes for a softmax over the outputs at the end", "logits"),
    ("masked", "the last step for the last valid step", "lstm"),
    ("gru", "reset gate before the product", "gru"),
    ("gru", "backward direction not reversed", "gru"),
    ("gru", "layers swapped", "gru"),
    ("words", "embedding off by one", "embedding"),
    ("words", "epsilon 1e-3 for 1e-5", "norm"),
    ("words", "initial scale and offset", "norm"),
    ("convolved", "epsilon 1e-5 for 1e-3", "norm"),
    ("convolved", "initial scale and offset", "norm"),
    ("convolved", "initial statistics", "norm"),
    ("convolved", "weights rounded to float16", "conv"),
]


@pytest.mark.parametrize(("model", "name", "layer"), QUICK)
def test_a_mistake_is_found_and_undone(probe, built, model, name, layer):
    found = diagnosed(probe, built, model, (BY_NAME[name], layer))

    assert found.explained, found
    assert name in suspected(found)
    assert found.gap_before > 1e-6
    assert found.gap_after <= found.limit
    assert layer in found.sentence
    assert found.fix


def test_the_last_step_of_a_bidirectional_layer_is_no_end_of_its_backward_half(probe):
    """Keras returns where each direction ends; output[:, -1] is not that."""

    class InPyTorch(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = torch.nn.LSTM(5, 6, batch_first=True, bidirectional=True)
            self.head = torch.nn.Linear(12, 2)

        def forward(self, x):
            return self.head(self.lstm(x)[0][:, -1])

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            self.lstm = keras.layers.Bidirectional(keras.layers.LSTM(6))
            self.head = keras.layers.Dense(2)

        def call(self, x):
            return self.head(self.lstm(x))

    makers = {"torch": InPyTorch, "keras": InKeras}
    twins = Twins(makers, sequences(None, 5), ["y"])
    twins.load("to_keras", partial(fresh_weights, seed=[1]))
    x = np.random.default_rng(0).normal(0, 1, (3, 7, 5)).astype(np.float32)
    found = probe[0].diagnose(twins, (x,))

    assert found.explained
    assert found.faults == ("the last step for the end of each direction",)
    assert "PyTorch: take the end of each direction" in found.fix


def test_two_mistakes_in_two_places_are_both_named(probe, built):
    mistakes = [
        (BY_NAME["off by one step"], "lstm"),
        (BY_NAME["dense bias dropped"], "logits"),
    ]
    found = diagnosed(probe, built, "flatten", *mistakes)

    assert found.explained
    assert set(found.faults) == {"off by one step", "dense bias dropped"}


def test_two_mistakes_in_the_same_weights_are_both_named(probe, built):
    names = "LSTM gates i, f, o, g", "recurrent bias dropped"
    mistakes = [(BY_NAME[name], "lstm") for name in names]
    found = diagnosed(probe, built, "masked", *mistakes)

    assert found.explained
    assert set(found.faults) == set(names)


def test_correct_twins_are_not_explained(probe, of_ten_families):
    diagnosis, _ = probe
    for twins, arrays, _ in of_ten_families.values():
        found = diagnosis.diagnose(twins, arrays)

        assert not found.explained
        assert not found.faults


def outside(number):
    """A change of a layer's weights that no mistake of the library makes."""
    rng = np.random.default_rng(number)
    kinds = ("bent", "noise", "one", "shuffled")

    def change(arrays):
        name = sorted(arrays)[number % len(arrays)]
        made = dict(arrays)
        array = made[name].copy()
        kind = kinds[number % len(kinds)]
        if kind == "bent":
            array = np.sign(array) * np.abs(array) ** 1.1
        elif kind == "noise":
            array = array + rng.normal(0, 1e-3, array.shape)
        elif kind == "one":
            array.flat[number % array.size] += 0.25
        else:
            array = rng.permuted(array)
        made[name] = array.astype(np.float32).astype(arrays[name].dtype)
        return made

    return change


def unknown(number, kind):
    effect = ArraysOfLayer(outside(number))
    return Mistake(f"outside {number}", "", "", "", effect, kinds=(kind,))


def test_what_the_library_does_not_know_is_narrowed_down(probe, built):
    found = diagnosed(probe, built, "flatten", (unknown(0, "LSTM"), "lstm"))

    assert not found.explained
    assert "in lstm, the weights differ in no known way" in found.sentence


def test_a_bias_that_differs_is_not_taken_for_one_that_a_side_lacks(probe, built):
    """One number of the bias is another one on one side; both layers have a bias."""
    found = diagnosed(probe, built, "flatten", (unknown(2, "Linear"), "logits"))

    assert not found.explained, found
    assert "in logits, the weights differ in no known way" in found.sentence


def test_a_run_explains_by_itself_what_differs(etfs, monkeypatch):
    """A Keras twin that takes the first step for the last."""

    class FirstStep(portfolio_last_step.PortfolioLastStep):
        def call(self, x):
            h = self.lstm(x)
            return self.softmax(self.logits(h[:, 0]))

    assert issubclass(FirstStep, keras.Model)
    monkeypatch.setattr(portfolio_last_step, "PortfolioLastStep", FirstStep)
    (pair,) = (pair for pair in PAIRS if pair.file == "portfolio_last_step")
    cases = [c for c in harness_cases(pair, etfs) if (c.timesteps, c.batch) == (7, 4)]
    results = list(run(subject(pair, cases, etfs, 0)))
    told = [result for result in results if result.explanation]

    assert {result.verdict for result in results} == {"different"}
    assert told
    assert all(r.explanation.explained for r in told)
    assert "the first step for the last step" in told[0].explanation.faults
    assert "because" in told[0].explain()


def harness_cases(pair, etfs):
    return cases(pair, etfs.longest)


def two(first, second):
    """Whether two mistakes remain two: neither undoes the other, nor makes it a third.

    Of two in what a layer computes the later one wins, as do initial weights over any;
    two wrong orders of gates make one more, as do two reversals of a kernel.
    """
    if type(first[0].effect) is not type(second[0].effect) or first[1] != second[1]:
        return True
    names = first[0].name, second[0].name
    return (
        isinstance(first[0].effect, ArraysOfLayer)
        and "initial weights" not in names
        and not all("gates" in name for name in names)
        and not all("reversed" in name for name in names)
    )


@pytest.mark.slow
def test_most_mistakes_are_found_again(probe, of_ten_families):
    """On ten models, alone and in pairs, and changes that nobody named."""
    rng = np.random.default_rng(0)
    print(f"\n{'model':9}  {'singles':>12}  {'pairs':>12}  {'unknown':>12}")
    singles, pairs, explained = [], [], []
    for model, (_, _, found) in of_ten_families.items():
        every = places(found)
        alone = [
            is_found(probe, of_ten_families, model, every[number])
            for number in rng.permutation(len(every))[:SINGLES]
        ]
        both = []
        while len(both) < PAIRS_OF_MISTAKES:
            first, second = (every[i] for i in rng.choice(len(every), 2, replace=False))
            if two(first, second):
                both.append(is_found(probe, of_ten_families, model, first, second))
        outside = []
        for number, layer in enumerate(rng.choice(list(found.kinds), UNKNOWN)):
            place = unknown(number, found.kinds[layer]), layer
            told = diagnosed(probe, of_ten_families, model, place)
            outside.append(told.explained)
            if told.explained:
                print(f"    {model}, {place[0].name} in {layer}: {told.sentence}")
        print(
            f"{model:9}  {sum(alone):5} of {len(alone):3}  {sum(both):5} of {len(both)}"
            f"   {sum(outside):5} of {len(outside)}"
        )
        singles += alone
        pairs += both
        explained += outside

    assert np.mean(singles) >= 0.97
    assert np.mean(pairs) >= 0.85
    assert np.mean(explained) <= 1 / 20


def is_found(probe, built, model, *mistakes):
    """Whether all mistakes are among what explains the difference that they make."""
    told = diagnosed(probe, built, model, *mistakes)
    names = {mistake.name for mistake, _ in mistakes}
    found = told.explained and names <= suspected(told)
    if not found:
        places_of = [f"{mistake.name} in {layer}" for mistake, layer in mistakes]
        print(f"    {model}, {' and '.join(places_of)}: {told.sentence}")
    return found
