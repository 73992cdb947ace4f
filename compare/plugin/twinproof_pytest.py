"""The fixture `assert_same_model` for pytest, which the install registers.

pytest loads this module in every session of everybody who has installed the suite.
So it loads no framework, the first check does; and it has a top-level name of its own
and leaves the name `compare`, which a project may have taken, alone until a check or
the option asks for it. `-p no:twinproof` leaves the plugin out.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from twinproof import hidden_by

if TYPE_CHECKING:
    from compare.judging.evidence import Evidence

OPTION, FIXTURE = "--compare-json", "assert_same_model"
CHECKS = pytest.StashKey[list[dict]]()  # of a test, that no report has taken yet
PREFIX = "compare."  # of the properties that JUnit's file shows


def pytest_addoption(parser: pytest.Parser):
    """Add the option for a JSON document."""
    parser.getgroup("twinproof", "models in PyTorch and Keras").addoption(
        OPTION,
        metavar="FILE",
        help="write every check of assert_same_model, with its evidence, as JSON",
    )


def pytest_configure(config: pytest.Config):
    """Say before the tests, and not after them, that a file cannot be written."""
    path, worker = config.getoption(OPTION), hasattr(config, "workerinput")
    if path is None or worker or config.option.collectonly:
        return
    problem = hidden_by(OPTION)
    if problem is not None:
        raise pytest.UsageError(problem)
    from compare import errors, files  # not in a session that writes none

    try:
        target = files.target(OPTION, path)
    except errors.BadInput as error:
        raise pytest.UsageError(str(error)) from None
    config.pluginmanager.register(_Document(target), "twinproof_json")


@pytest.fixture
def assert_same_model(request: pytest.FixtureRequest) -> Callable[..., Evidence]:
    """Call it with a PyTorch model, a Keras model and x: it fails unless both agree.

    Called as `compare.assert_same` is, as often as need be:

        def test_my_port(assert_same_model):
            assert_same_model(torch_model, keras_model, x)
            assert_same_model(torch_model, keras_model, x, transfer="to_keras")

    x is an array, batch first, or a list or dictionary of them. transfer is None for
    the weights that the models have, or "to_keras", "to_torch" or "random"; names is a
    table of layers, where their order does not tell which is which; seed is that of
    random weights. The models stay as they are, and the evidence is returned.

    A failure shows the report. `--compare-json FILE` writes the evidence of all checks;
    `--junitxml` has, of a test's first check, the properties `compare.1.verdict`,
    `.gap`, `.limit`, `.noticed` and `.faults`, or `.error` where nothing was compared.
    """
    return partial(_assert_same, request.node)


def _assert_same(test, *args, **kwargs):
    __tracebackhide__ = True  # what is shown is the test's own line, and the report
    evidence, failure = None, hidden_by(FIXTURE) or _miscalled(args, kwargs)
    if failure is None:
        evidence, failure = _checked(args, kwargs)
    _note(test, evidence, failure)
    if failure is not None:
        pytest.fail(failure)
    return evidence


def _miscalled(args, kwargs):
    """What is wrong with the arguments by number and name, or None."""
    from compare.api import check

    signature = inspect.signature(check)
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        got = str(error).removeprefix("got an ")
        expected = ", ".join(signature.parameters)
        return f"{FIXTURE}: expected ({expected}), got: {got}; correct the call"
    return None


def _checked(args, kwargs):
    """The evidence, and why the test fails, or None."""
    from compare.api import check
    from compare.errors import BadInput

    try:
        evidence = check(*args, **kwargs)
    except BadInput as error:
        return None, str(error)
    return evidence, None if evidence.as_expected else evidence.explain()


def _note(test, evidence, failure):
    """Keep a check for both files: in short for JUnit's, whole for the document."""
    said = _figures(evidence) if evidence else {"error": failure}
    ours = [name for name, _ in test.user_properties if name.startswith(PREFIX)]
    number = 1 + len({name.split(".")[1] for name in ours})
    for name, value in said.items():
        test.user_properties.append((f"{PREFIX}{number}.{name}", value))
    if test.config.getoption(OPTION) is not None:
        found = dict(
            test=test.nodeid,
            verdict=said.get("verdict"),
            as_expected=failure is None,
            error=said.get("error"),
            evidence=evidence and evidence.to_json(),
        )
        test.stash.setdefault(CHECKS, []).append(found)


def _figures(evidence):
    """The verdict and what it rests on; built-in types, which alone leave a worker."""
    found = {"verdict": evidence.verdict}
    worst = [r for r in evidence.results if r.verdict == evidence.verdict]
    stages = [r.deciding for r in worst if r.deciding]
    if stages:
        stage = max(stages, key=lambda stage: stage.ratio)
        found |= dict(gap=float(stage.gap), limit=float(stage.limit))
    for each in evidence.sensitivity:  # of a pair: of one here
        found |= dict(noticed=each.noticed, faults=each.faults)
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Give the checks to the report, which a worker of pytest-xdist sends on."""
    report = yield
    if CHECKS in item.stash:
        report.compared = item.stash[CHECKS]
        del item.stash[CHECKS]
    return report


class _Document:
    """The checks of a session, from every worker; written at its end.

    Args:
        target: where to.
    """

    def __init__(self, target: Path):
        self.target, self.checks, self.problem = target, [], ""

    def pytest_runtest_logreport(self, report):
        self.checks += getattr(report, "compared", [])

    def pytest_sessionfinish(self, session, exitstatus):
        from compare import errors, files
        from compare.judging import evidence

        for each in self.checks:
            each["evidence"] = each["evidence"] and json.loads(each["evidence"])
        good = sum(each["as_expected"] for each in self.checks)
        document = {
            "exit_status": int(exitstatus),  # pytest's: 2 where it was interrupted
            "checks": sorted(self.checks, key=lambda each: each["test"]),
            "summary": {
                "checks": len(self.checks),
                "as_expected": good,
                "unexpected": len(self.checks) - good,
            },
        }
        try:
            files.write(OPTION, self.target, evidence.as_json(document))
        except errors.BadInput as error:
            self.problem = str(error)
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter):
        if self.problem:
            terminalreporter.write_line(f"ERROR: {self.problem}", red=True)
        else:
            count = f"{len(self.checks)} check{'s' * (len(self.checks) != 1)}"
            terminalreporter.write_sep("-", f"{count} of models: {self.target}")
