"""The fixture `assert_same_model` for pytest, which the install registers.

pytest loads this module in every session of everybody who has installed the suite.
So it loads no framework, the first check does; and it has a top-level name of its own
and leaves the name `compare`, which a project may have taken, alone until a check or
the option asks for it. `-p no:twinproof` leaves the plugin out.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from twinproof import hidden_by

if TYPE_CHECKING:
    from compare.judging.evidence import Evidence

OPTION, FIXTURE = "--compare-json", "assert_same_model"
CHECKS = pytest.StashKey[list[dict[str, Any]]]()  # of a test, not in a report yet
PREFIX = "compare."  # of the properties that JUnit's file shows


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for a JSON document."""
    parser.getgroup("twinproof", "models in PyTorch and Keras").addoption(
        OPTION,
        metavar="FILE",
        help="write every check of assert_same_model, with its evidence, as JSON",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Say before the tests, and not after them, that a file cannot be written."""
    path, is_worker = config.getoption(OPTION), hasattr(config, "workerinput")
    if path is None or is_worker or config.option.collectonly:
        return
    problem = hidden_by(OPTION)
    if problem is not None:
        raise pytest.UsageError(problem)
    from compare import errors, files  # not in a session that writes none

    try:
        target = files.target(OPTION, path)
        remedy = "remove it, or name another file"
        files.check_replaceable(OPTION, target, files.DOCUMENT, remedy)
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


def _assert_same(test: pytest.Item, *args: Any, **kwargs: Any) -> Evidence:
    __tracebackhide__ = True  # what is shown is the test's own line, and the report
    evidence = None
    failure = hidden_by(FIXTURE) or _miscalled(args, kwargs)
    if failure is None:
        evidence, failure = _check(args, kwargs)
    _record(test, evidence, failure)
    if failure is not None or evidence is None:
        pytest.fail(failure or "nothing was compared")
    return evidence


def _miscalled(args: Sequence[Any], kwargs: Mapping[str, Any]) -> str | None:
    """What is wrong with the arguments by number and name, or None."""
    from compare.api import check

    signature = inspect.signature(check)
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        problem = str(error).removeprefix("got an ")
        expected = ", ".join(signature.parameters)
        return f"{FIXTURE}: expected ({expected}), got: {problem}; correct the call"
    return None


def _check(
    args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[Evidence | None, str | None]:
    """The evidence, and why the test fails, or None."""
    from compare.api import check
    from compare.errors import BadInput

    try:
        evidence = check(*args, **kwargs)
    except BadInput as error:
        return None, str(error)
    if evidence.as_expected:
        return evidence, None
    return evidence, evidence.explain()


def _record(test: pytest.Item, evidence: Evidence | None, failure: str | None) -> None:
    """Keep a check for both files: in short for JUnit, whole for the document."""
    figures: dict[str, Any] = {"error": failure}
    if evidence is not None:
        figures = _figures(evidence)
    names = [name for name, _ in test.user_properties if name.startswith(PREFIX)]
    number = 1 + len({name.split(".")[1] for name in names})
    for name, value in figures.items():
        test.user_properties.append((f"{PREFIX}{number}.{name}", value))
    if test.config.getoption(OPTION) is None:
        return
    check = {
        "test": test.nodeid,
        "verdict": figures.get("verdict"),
        "as_expected": failure is None,
        "error": figures.get("error"),
        "evidence": None if evidence is None else evidence.to_json(),
    }
    test.stash.setdefault(CHECKS, []).append(check)


def _figures(evidence: Evidence) -> dict[str, Any]:
    """The verdict and what it rests on; built-in types, which alone leave a worker."""
    figures: dict[str, Any] = {"verdict": evidence.verdict}
    stages = []
    for result in evidence.results:
        if result.verdict == evidence.verdict and result.deciding:
            stages.append(result.deciding)
    if stages:
        stage = max(stages, key=lambda stage: stage.ratio)
        figures |= {"gap": float(stage.gap), "limit": float(stage.limit)}
    for sensitivity in evidence.sensitivity:  # of a pair: of one here
        figures |= {"noticed": sensitivity.noticed, "faults": sensitivity.faults}
    return figures


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Give the checks to the report, which a worker of pytest-xdist sends on."""
    report = yield
    if CHECKS in item.stash:
        vars(report)["compared"] = item.stash[CHECKS]
        del item.stash[CHECKS]
    return report


class _Document:
    """The checks of a session, from every worker; written at its end.

    Args:
        target: where to.
    """

    def __init__(self, target: Path):
        self.target = target
        self.checks: list[dict[str, Any]] = []
        self.problem = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.checks += getattr(report, "compared", [])

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        from compare import errors, files
        from compare.judging import document as documents

        for check in self.checks:
            if check["evidence"] is not None:
                check["evidence"] = json.loads(check["evidence"])
        good = sum(check["as_expected"] for check in self.checks)
        document = {
            "exit_status": int(exitstatus),  # of pytest: 2 where it was interrupted
            "checks": sorted(self.checks, key=lambda check: check["test"]),
            "summary": {
                "checks": len(self.checks),
                "as_expected": good,
                "unexpected": len(self.checks) - good,
            },
        }
        try:
            files.write(OPTION, self.target, documents.as_json(document))
        except errors.BadInput as error:
            self.problem = str(error)
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        if self.problem:
            terminalreporter.write_line(f"ERROR: {self.problem}", red=True)
            return
        from compare.one_line import printable

        plural = "" if len(self.checks) == 1 else "s"
        path = printable(str(self.target))
        text = f"{len(self.checks)} check{plural} of models: {path}"
        terminalreporter.write_sep("-", text)
