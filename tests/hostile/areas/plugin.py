"""Sessions of pytest with the plugin: odd options, folders and environments."""

from __future__ import annotations

import os
import sys
from importlib.metadata import entry_points

from case import DIFFERS, SAME, Case, Content

MODULE = "twinproof_pytest"
INSTALLED = any(point.value == MODULE for point in entry_points(group="pytest11"))
PYTEST = (
    sys.executable,
    "-m",
    "pytest",
    "-q",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
)
USAGE = 4

# A check that needs no framework, with evidence of the real kind.
STUB = """
import pytest
from compare import api
from compare.judging.evidence import Evidence
from compare.judging.result import Result, StageResult

def check(verdict):
    stage = StageResult("y", verdict, 1e-16, 1e-14, 1e-7, 1e-7, 1e-7, 7, 7)
    place = dict(pair="p", length="none", timesteps=7, batch=4, direction="as is")
    results = [Result(**place, verdict=verdict, expected="same", stages=(stage,))]
    return Evidence({}, {}, results, claims=(), notes=(), seconds=1.0)

@pytest.fixture(autouse=True)
def stub(monkeypatch):
    monkeypatch.setattr(api, "check", check)
"""
GOOD = "def test_good(assert_same_model): assert_same_model('same')\n"
MANY = """def test_many(assert_same_model):
    for _ in range(99):
        assert_same_model("same")
"""
BAD = "def test_bad(assert_same_model): assert_same_model('different')\n"

PLACES: dict[str, tuple[str, dict[str, Content], int]] = {
    "new": ("out.json", {}, SAME),
    "no-folder": ("no/out.json", {}, USAGE),
    "a-folder": ("folder", {"folder/x": "x"}, USAGE),
    "a-device": ("/dev/full", {}, USAGE),
    "a-link-loop": ("loop", {"loop": lambda path: os.symlink("loop", path)}, USAGE),
    "a-pipe": ("pipe", {"pipe": os.mkfifo}, USAGE),
    "the-tests": ("test_it.py", {}, USAGE),
    "a-foreign-file": ("theirs", {"theirs": "somebody's own\n"}, USAGE),
    "nothing": ("", {}, USAGE),
    "control-characters": ("no\x1b[2J/out.json", {}, USAGE),
    "a-long-name": ("x" * 300, {}, USAGE),
}

OPTIONS = {
    "no-logging": ("-p", "no:logging"),
    "no-capture": ("-s",),
    "capture-fd": ("--capture=fd",),
    "capture-sys": ("--capture=sys",),
    "capture-tee": ("--capture=tee-sys",),
    "import-prepend": ("--import-mode=prepend",),
    "import-append": ("--import-mode=append",),
    "import-importlib": ("--import-mode=importlib",),
    "warnings-are-errors": ("-W", "error"),
    "strict": ("--strict-markers", "--strict-config"),
    "no-assertions-rewritten": ("--assert=plain",),
    "no-tracebacks": ("--tb=no",),
    "full-traces": ("--full-trace",),
    "durations": ("--durations=3",),
    "quiet": ("-qqq",),
    "junit": ("--junitxml=j.xml",),
    "first-failure": ("-x",),
    "setup-only": ("--setup-only",),
    "setup-plan": ("--setup-plan",),
}

ENVIRONMENTS: dict[str, dict[str, str | None]] = {
    "optimised": {"PYTHONOPTIMIZE": "1"},
    "optimised-twice": {"PYTHONOPTIMIZE": "2"},
    "warnings-are-errors": {"PYTHONWARNINGS": "error"},
    "development": {"PYTHONDEVMODE": "1"},
    "ascii": {"PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
    "no-home": {"HOME": None},
    "columns-0": {"COLUMNS": "0"},
    "safe-path": {"PYTHONSAFEPATH": "1"},
    "no-terminal": {"TERM": None},
}


def cases() -> list[Case]:
    """Sessions in which `check` is a stub, so that they take no frameworks."""
    made = []
    for name, (path, files, status) in PLACES.items():
        made.append(
            _session(
                f"json-onto-{name}",
                (f"--compare-json={path}",),
                status,
                files=files,
                changed=(path,),
            )
        )
    for name, options in OPTIONS.items():
        status = DIFFERS if "setup" not in name else SAME
        argv = (*options, "--compare-json=c.json")
        made.append(
            _session(
                f"option-{name}",
                argv,
                status,
                tests=GOOD + BAD,
                changed=("c.json", "j.xml"),
            )
        )
    for name, variables in ENVIRONMENTS.items():
        made.append(
            _session(
                f"in-{name}",
                ("--compare-json=c.json",),
                DIFFERS,
                tests=GOOD + BAD,
                changed=("c.json",),
                environment=variables,
            )
        )
    made += [
        _session("not-given", (), DIFFERS, tests=_calls("1, 2", "x=1", "nothing=1")),
        _session("folder-protected", (), SAME, before="chmod 555 ."),
        _session(
            "without-room",
            ("--compare-json=c.json",),
            USAGE,
            tests=MANY,
            bytes_per_file=20_000,
        ),
        _session(
            "collect-only",
            ("--compare-json=c.json", "--collect-only"),
            SAME,
            files={"c.json": "earlier"},
        ),
    ]
    return made


def _calls(*arguments: str) -> str:
    """A test for each call, which fails."""
    tests = []
    for index, text in enumerate(arguments):
        tests.append(
            f"def test_{index}(assert_same_model): assert_same_model({text})\n"
        )
    return "".join(tests)


def _session(
    name: str,
    options: tuple[str, ...],
    status: int,
    tests: str = GOOD,
    files: dict[str, Content] | None = None,
    **settings: object,
) -> Case:
    load = () if INSTALLED else ("-p", MODULE)
    return Case(
        f"plugin/{name}",
        program=(*PYTEST, *load, *options),
        statuses=(status,),
        files={
            "conftest.py": STUB,
            "pytest.ini": "[pytest]\n",
            "test_it.py": tests,
            **(files or {}),
        },
        imports="pytest",
        **settings,  # type: ignore[arg-type]
    )
