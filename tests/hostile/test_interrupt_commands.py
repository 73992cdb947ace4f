"""A tenth of what `interrupt_commands.py` does."""

import sys

import pytest
from interrupt_commands import interrupt


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_an_interrupted_command_says_one_line_and_leaves_nothing():
    problems = []
    table, wrong = interrupt(20, 1, problems.append)
    print("\n".join(table))

    assert wrong == 0, "\n".join(problems)
