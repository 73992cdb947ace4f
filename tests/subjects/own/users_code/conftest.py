"""A user's file, and a command line that runs it."""

from functools import partial

import pytest
from command_line import outcome


@pytest.fixture
def file(tmp_path, monkeypatch):
    """What writes a file into a folder that one is in."""
    monkeypatch.chdir(tmp_path)

    def written(text, name="mine.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return name

    return written


@pytest.fixture
def run(capsys, monkeypatch):
    """What runs a command line: its exit status, and what it printed."""
    monkeypatch.setenv("COLUMNS", "160")

    return partial(outcome, capsys, "run")
