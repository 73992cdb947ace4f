"""What the tests share. The frameworks load when a test first asks for the harness."""

from functools import cache, partial
from types import SimpleNamespace

import pytest

from compare.judging.arrays import sequences
from compare.subjects import prices
from compare.subjects.cases import cases
from compare.subjects.pairs import PAIRS

SEED = 0


class Harness(SimpleNamespace):
    """A namespace that can be an argument of a cached function."""

    __hash__ = object.__hash__


@pytest.fixture(scope="session")
def harness():
    """What most tests need of the suite. It imports both frameworks."""
    from compare.in_keras import twin as in_keras
    from compare.in_pytorch import precision
    from compare.in_pytorch import twin as in_pytorch
    from compare.judging import verdict
    from compare.subjects import built_in, subject
    from compare.twins import frameworks, models, twins, weights

    parts = {}
    for module in (frameworks, models, twins, weights, built_in, subject):
        parts |= vars(module)
    parts |= dict(in_keras=in_keras, in_pytorch=in_pytorch, verdict=verdict)
    with precision.one_thread():
        yield Harness(**parts)


@pytest.fixture(scope="session")
def torch(harness):
    """PyTorch, which is loaded before Keras."""
    return harness.in_pytorch.torch


@pytest.fixture(autouse=True)
def _seeded(request):
    """The same weights in each test, whichever tests its worker ran before it."""
    if "harness" in request.fixturenames:
        harness = request.getfixturevalue("harness")
        harness.in_pytorch.torch.manual_seed(SEED)
        harness.in_keras.keras.utils.set_random_seed(SEED)


@pytest.fixture(scope="session")
def nn(torch):
    """PyTorch's layers."""
    return torch.nn


@pytest.fixture(scope="session")
def keras(harness):
    """Keras, on TensorFlow."""
    return harness.in_keras.keras


@pytest.fixture(scope="session")
def diagnose(harness):
    """`diagnosis.diagnose`, which loads both frameworks."""
    from compare.diagnosing import diagnosis

    return diagnosis.diagnose


@pytest.fixture(scope="session")
def etfs():
    """The prices that come with the package."""
    return prices.built_in()


@pytest.fixture(scope="session")
def results(harness, etfs):
    """A pair's results, each computed once: by length, steps, batch and direction."""

    @cache
    def of(file):
        (pair,) = (pair for pair in PAIRS if pair.file == file)
        subject = harness.subject(pair, cases(pair, etfs.longest), etfs, 0)
        found = harness.run(subject)
        return {(r.length, r.timesteps, r.batch, r.direction): r for r in found}

    return of


@pytest.fixture(scope="session")
def last_step(harness):
    """The last-step pair for any length, with random weights transferred to Keras."""
    sizes = dict(num_features=8, hidden_size=64, num_outputs=4)
    make = harness.twin_makers("portfolio_last_step", "PortfolioLastStep", sizes)
    twins = harness.Twins(make, sequences(None, 8), ["weights"])
    twins.load("to_keras", partial(harness.fresh_weights, seed=[1]))
    return twins
