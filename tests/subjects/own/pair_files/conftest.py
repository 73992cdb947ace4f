"""A pair file in a folder of its own, and a command line that takes it."""

from functools import partial

import pytest
from command_line import outcome
from pair_files import PAIR


@pytest.fixture
def file(tmp_path, monkeypatch):
    """What writes a pair file into an empty folder, which one is then in."""
    monkeypatch.chdir(tmp_path)

    def written(text=PAIR, name="mine.py"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return name

    return written


@pytest.fixture
def run(capsys, monkeypatch):
    """What runs a command line: its exit status, and what it printed."""
    monkeypatch.setenv("COLUMNS", "160")

    return partial(outcome, capsys)
