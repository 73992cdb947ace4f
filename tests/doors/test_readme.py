"""What the README tells a newcomer to do does what it says."""

import re

import numpy as np
import pytest

import compare
from compare import cli
from compare.subjects.sources import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def own_pair(frameworks, tmp_path, monkeypatch):
    """The README's pair file, in an empty folder that one is in."""
    (code,) = re.findall(r"```python\n(# my_pair\.py\n.*?)```", README, re.DOTALL)
    (tmp_path / "my_pair.py").write_text(code, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return code


def test_own_pair_takes_under_thirty_lines_and_one_command(own_pair, capsys):
    (command,) = re.findall(r"^twinproof (run my_pair\.py)$", README, re.M)

    status = cli.main(command.split())

    assert len(own_pair.splitlines()) < 30
    assert status == 0
    row = next(r for r in README.splitlines() if r.startswith("my_pair "))
    printed = [r.split() for r in capsys.readouterr().out.splitlines()]
    assert row.split()[:-2] in [cells[:-2] for cells in printed]


@pytest.fixture
def names(own_pair):
    """What the README's pair file defines, and an input."""
    x = np.random.default_rng(0).normal(size=(3, 5, 8)).astype("float32")
    found = {"x": x}
    exec(compile(own_pair, "my_pair.py", "exec"), found)
    return found


def test_test_with_the_fixture_passes_as_shown(names, assert_same_model):
    (code,) = re.findall(r"```python\n(def test_my_port.*?)```", README, re.DOTALL)
    exec(compile(code, "README.md", "exec"), names)

    names["test_my_port"](assert_same_model)


def test_calls_on_live_models_run_as_shown(names):
    (code,) = re.findall(r"```python\n(import compare\n.*?)```", README, re.DOTALL)
    x = names["x"]
    names["torch_model"], names["keras_model"] = (
        names["InPyTorch"](),
        names["in_keras"](),
    )
    names["keras_model"](x)

    exec(compile(code, "README.md", "exec"), names)

    assert names["evidence"].verdict == "different"
    assert compare.check(names["torch_model"], names["keras_model"], x).as_expected


def test_number_of_mistakes_is_the_library_s():
    from compare.mistakes import MISTAKES

    assert f"[A library of {len(MISTAKES)}](compare/mistakes/)" in README
