"""What the tests share. The frameworks load when a test first asks for the harness."""

import gc
from functools import cache, partial

import pytest

from compare import prices
from compare.cases import cases, sequences
from compare.pairs import PAIRS

SEED = 0


@pytest.fixture(scope="session")
def harness():
    """`compare.harness`, which imports both frameworks."""
    from compare import harness

    gc.collect()
    gc.freeze()  # the frameworks' half a million objects are no garbage to look for
    with harness.in_pytorch.settled():
        yield harness


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
    from compare import diagnosis

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
