"""What the tests share.

Test modules of judging, kinds, matching, mistakes, reports and doors import no
framework at their top: they are quick to collect. Nor does any conftest, which with
xdist is also imported by the process that only hands out the tests.
"""

import sys
from functools import cache, partial
from importlib import import_module
from pathlib import Path

import pytest

from compare.judging.arrays import sequences
from compare.subjects import prices
from compare.subjects.cases import cases
from compare.subjects.pairs import PAIRS

SEED = 0
WITH_FRAMEWORKS = ("adapters", "diagnosing", "models", "subjects", "twins")


def pytest_pycollect_makemodule(module_path):
    """Load PyTorch before a test module imports Keras; it is slower the other way."""
    if module_path.relative_to(Path(__file__).parent).parts[0] in WITH_FRAMEWORKS:
        import_module("compare.in_keras")


@pytest.fixture(scope="session")
def frameworks():
    """Both frameworks loaded, PyTorch in one thread.

    It, `torch` and `keras` are for test modules that import no framework themselves.
    """
    import_module("compare.twins.frameworks")
    from compare.in_pytorch.precision import one_thread

    with one_thread():
        yield


@pytest.fixture(scope="session", autouse=True)
def _frameworks_of_modules(request):
    """One thread from the first test on, where a collected module has PyTorch."""
    if "torch" in sys.modules:
        request.getfixturevalue("frameworks")


@pytest.fixture(scope="session")
def torch(frameworks):
    """PyTorch, for modules that do not import it."""
    return import_module("torch")


@pytest.fixture(scope="session")
def keras(frameworks):
    """Keras on TensorFlow, for modules that do not import it."""
    return import_module("keras")


@pytest.fixture(autouse=True)
def _seeded():
    """The same weights in each test, whichever tests its worker ran before it."""
    if "torch" in sys.modules and "keras" in sys.modules:
        sys.modules["torch"].manual_seed(SEED)
        sys.modules["keras"].utils.set_random_seed(SEED)


@pytest.fixture(scope="session")
def etfs():
    """The prices that come with the package."""
    return prices.built_in()


@pytest.fixture(scope="session")
def results(etfs):
    """A pair's results, each computed once: by length, steps, batch and direction."""
    from compare.subjects.built_in import subject
    from compare.subjects.subject import run

    @cache
    def of(file):
        (pair,) = (pair for pair in PAIRS if pair.file == file)
        found = run(subject(pair, cases(pair, etfs.longest), etfs, 0))
        return {(r.length, r.timesteps, r.batch, r.direction): r for r in found}

    return of


@pytest.fixture(scope="session")
def last_step():
    """The last-step pair for any length, with random weights transferred to Keras."""
    from compare.twins.models import twin_makers
    from compare.twins.twins import Twins
    from compare.twins.weights import fresh_weights

    sizes = dict(num_features=8, hidden_size=64, num_outputs=4)
    make = twin_makers("portfolio_last_step", "PortfolioLastStep", sizes)
    twins = Twins(make, sequences(None, 8), ["weights"])
    twins.load("to_keras", partial(fresh_weights, seed=[1]))
    return twins
