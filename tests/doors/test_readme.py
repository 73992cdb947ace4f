"""What the README tells a newcomer to do does what it says."""

import re

import numpy as np
import pytest

import compare
from compare import cli
from compare.subjects.sources import ROOT

FILE = ROOT / "README.md"
DOCS = ROOT / "docs"
KINDS_FILE, VERDICT_FILE = DOCS / "kinds.md", DOCS / "verdict.md"
FOLDERS = ("pytorch_models", "keras_models")
README = FILE.read_text(encoding="utf-8")
PAGES = [FILE, *sorted(DOCS.glob("*.md"))]
FIRST = 25  # lines in which a stranger sees a pair of their own


@pytest.fixture
def own_pair(frameworks, tmp_path, monkeypatch):
    """The README's pair file, in an empty folder that one is in."""
    (code,) = re.findall(r"```python\n(from keras import.*?)```", README, re.DOTALL)
    (tmp_path / "my_pair.py").write_text(code, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return code


def test_own_pair_is_in_the_first_lines_and_takes_one_command(own_pair, capsys):
    (command,) = re.findall(r"twinproof (run my_pair\.py)$", README, re.M)

    status = cli.main(command.split())

    assert own_pair in "\n".join(README.splitlines()[:FIRST])
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
    names |= {"torch_model": names["Net"](), "keras_model": names["port"]()}

    exec(compile(code, "README.md", "exec"), names)

    assert names["evidence"].verdict == "different"
    assert compare.check(names["torch_model"], names["keras_model"], x).as_expected


def test_the_broken_pair_fails_for_the_reason_that_is_printed(capsys, monkeypatch):
    (command,) = re.findall(r"^twinproof (explain docs/broken_pair\.py)$", README, re.M)
    monkeypatch.chdir(ROOT)

    status = cli.main(command.split())

    assert status == 1
    printed = " ".join(capsys.readouterr().out.split())  # lines are wrapped
    for label in ("because", "fix", "place"):
        (line,) = re.findall(rf"^  {label} +(.*)$", README, re.M)
        assert line in printed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\((?!http)([^)#\s]+)", page.read_text(encoding="utf-8"))

    missing = [link for link in links if not (page.parent / link).exists()]

    assert not missing


def test_number_of_mistakes_is_the_library_s():
    from compare.mistakes import MISTAKES

    text = VERDICT_FILE.read_text(encoding="utf-8")
    assert f"[A library of {len(MISTAKES)}](../compare/mistakes/)" in text
    assert f"how many of {len(MISTAKES)} known mistakes" in README.replace("\n  ", " ")


def table_of_kinds(text):
    """The rows from the head of the table to the blank line after it."""
    start = text.index("| PyTorch | Keras | transferred |")
    return text[start : text.index("\n\n", start)]


def test_table_of_kinds_is_the_one_that_is_printed(capsys):
    assert cli.main(["list", "--kinds"]) == 0
    printed = capsys.readouterr().out.rstrip("\n")

    table = table_of_kinds(KINDS_FILE.read_text(encoding="utf-8"))
    assert table == printed, "run python tests/doors/test_readme.py"


def test_table_of_kinds_has_every_kind():
    from compare.kinds import KINDS

    rows = table_of_kinds(KINDS_FILE.read_text(encoding="utf-8"))

    assert all(f"`{name}`" in rows for kind in KINDS for name in kind.torch)
    assert all(f"`{name}`" in rows for kind in KINDS for name in kind.keras)


def test_every_pair_is_linked():
    from compare.subjects.pairs import PAIRS

    links = [f"({folder}/{pair.file}.py)" for pair in PAIRS for folder in FOLDERS]

    assert all(link in README for link in links)


def write_what_code_makes():
    """Put the table of kinds and the number of mistakes in the place of the old."""
    from compare.mistakes import MISTAKES
    from compare.reports.kinds import kinds_table

    text = KINDS_FILE.read_text(encoding="utf-8")
    text = text.replace(table_of_kinds(text), kinds_table())
    KINDS_FILE.write_text(text, encoding="utf-8")
    text = VERDICT_FILE.read_text(encoding="utf-8")
    text = re.sub(r"\[A library of \d+\]", f"[A library of {len(MISTAKES)}]", text)
    VERDICT_FILE.write_text(text, encoding="utf-8")
    text = FILE.read_text(encoding="utf-8")
    text = re.sub(r"of \d+ known mistakes", f"of {len(MISTAKES)} known mistakes", text)
    FILE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_what_code_makes()
