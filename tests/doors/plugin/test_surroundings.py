"""The pytest plugin in odd sessions: settings of a user, crashes, several workers."""

import json
import os
import subprocess
import sys

import pytest
from plugin_sessions import LOAD, STUB

pytest_plugins = "pytester"

# As a strict project sets up its session.
CONFTEST = """
import pytest

@pytest.fixture(autouse=True, scope="session")
def strict():
    import numpy as np
    import torch
    np.seterr(all="raise")
    torch.set_grad_enabled(False)
    torch.set_default_dtype(torch.float64)
"""

TESTS = """
import asyncio
import sys
import unittest

import numpy as np
import torch
import keras
import compare

X = np.random.default_rng(0).normal(size=(2, 3)).astype("float32")

def port():
    return torch.nn.Sequential(torch.nn.Linear(3, 2)).float()

def original(activation=None):
    dense = keras.layers.Dense(2, activation=activation, dtype="float32")
    return keras.Sequential([keras.Input((3,)), dense])

def test_good(assert_same_model):
    assert_same_model(port(), original(), X, "to_keras")
    if torch.is_grad_enabled() or torch.get_default_dtype() != torch.float64:
        raise RuntimeError("the user's settings are gone")

def test_bad(assert_same_model):
    assert_same_model(port(), original("tanh"), X, "to_keras")

def test_under_a_debugger(assert_same_model):
    def trace(*_):
        return trace
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        assert_same_model(port(), original(), X, "to_keras")
        found = sys.gettrace()
    finally:
        sys.settrace(before)
    if found is not trace:
        raise RuntimeError("the debugger is gone")

def test_in_a_coroutine(assert_same_model):
    async def check():
        return assert_same_model(port(), original(), X, "to_keras")
    asyncio.run(check())

def test_off_the_loop(assert_same_model):
    async def check():
        twins = port(), original(), X, "to_keras"
        await asyncio.gather(
            asyncio.to_thread(assert_same_model, *twins),
            asyncio.to_thread(assert_same_model, *twins),
        )
    asyncio.run(check())

class TestCase(unittest.TestCase):
    def test_good(self):
        compare.assert_same(port(), original(), X, "to_keras")

    def test_bad(self):
        with self.assertRaises(AssertionError):
            compare.assert_same(port(), original("tanh"), X, "to_keras")
"""

OPTIONS = (
    *("-q", "-p", "no:cacheprovider", "-p", "no:logging", "-p", "no:xdist"),
    *("--capture=tee-sys", "--import-mode=prepend", "--compare-json=c.json"),
)
ENVIRONMENT = {
    "PYTHONOPTIMIZE": "2",  # no asserts, no docstrings
    "PYTHONHASHSEED": "7",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUTF8": "0",
    "LC_ALL": "C",
}


@pytest.fixture(scope="module")
def strict_session(tmp_path_factory):
    """One session with the frameworks, in surroundings that are odd all at once."""
    folder = tmp_path_factory.mktemp("strict")
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_it.py").write_text(TESTS)
    variables = {**os.environ, **ENVIRONMENT}
    variables.pop("HOME", None)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *LOAD, *OPTIONS],
        cwd=folder,
        capture_output=True,
        text=True,
        env=variables,
    )
    return ran, json.loads((folder / "c.json").read_text())


strict = pytest.mark.xdist_group("plugin")


@strict
def test_verdicts_are_right_in_surroundings_that_are_odd_all_at_once(strict_session):
    ran, document = strict_session

    assert "1 failed, 6 passed" in ran.stdout, ran.stdout + ran.stderr
    assert "test_it.py::test_bad" in ran.stdout
    verdicts = {check["test"]: check["verdict"] for check in document["checks"]}
    assert verdicts == {
        "test_it.py::test_bad": "different",
        "test_it.py::test_good": "same",
        "test_it.py::test_in_a_coroutine": "same",
        "test_it.py::test_off_the_loop": "same",
        "test_it.py::test_under_a_debugger": "same",
    }


@strict
def test_a_failure_there_is_the_report_and_no_traceback_of_the_suite(strict_session):
    ran, _ = strict_session

    assert "E       Failed: Sequential, " in ran.stdout
    assert "api.py" not in ran.stdout


CRASHING = """
import os

def test_before(assert_same_model):
    assert_same_model("same")

def test_crash(assert_same_model):
    assert_same_model("same")
    os._exit(3)

def test_after(assert_same_model):
    assert_same_model("different")
"""


@pytest.mark.parametrize(
    ("options", "tests"),
    [
        (("-n1",), ["test_after", "test_before"]),
        (
            ("-n2", "--dist=each"),
            ["test_after", "test_after", "test_before", "test_before"],
        ),
    ],
    ids=["one worker", "the tests on each of two"],
)
def test_a_worker_that_crashes_costs_its_own_check_alone(pytester, options, tests):
    pytester.makeconftest(STUB)
    pytester.makepyfile(test_it=CRASHING)
    ran = pytester.runpytest_subprocess(*LOAD, *options, "--compare-json=c.json")
    document = json.loads((pytester.path / "c.json").read_text())

    assert ran.ret == pytest.ExitCode.TESTS_FAILED
    assert [check["test"].split("::")[1] for check in document["checks"]] == tests
    assert document["exit_status"] == 1


def test_last_failures_alone_are_in_the_document(pytester):
    """And an earlier document, which the plugin wrote itself, is replaced."""
    pytester.makeconftest(STUB)
    pytester.makepyfile(
        test_it="""
        def test_good(assert_same_model):
            assert_same_model("same")

        def test_bad(assert_same_model):
            assert_same_model("different")
        """
    )
    options = *LOAD, "-p", "no:xdist", "--compare-json=c.json"
    pytester.runpytest_inprocess(*options)
    pytester.runpytest_inprocess(*options, "--lf")
    document = json.loads((pytester.path / "c.json").read_text())

    assert [check["verdict"] for check in document["checks"]] == ["different"]
