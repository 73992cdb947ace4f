"""A pair file in a folder of its own, and a command line that takes it."""

import pytest
from pair_files import PAIR

from compare import cli


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

    def ran(*arguments):
        status = cli.main(list(arguments))
        said = capsys.readouterr()
        return status, said.out, said.err

    return ran
