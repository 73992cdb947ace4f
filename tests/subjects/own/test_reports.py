"""Ports that people asked about in public, rebuilt: told by their cause."""

import pytest
from print_table import REPORTS, outcome

# The models are judged as in evaluation, and a note says that one is not.
SAME_WITH_A_NOTE = ("eval() forgotten",)


@pytest.mark.slow
@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
def test_mended_port_passes_and_the_reported_one_is_told_by_its_cause(report):
    result = outcome(report)

    assert result.right == "same", result.right
    if report.name in SAME_WITH_A_NOTE:
        assert result.wrong == "same"
        return
    assert result.wrong == "different", result.wrong
    assert result.word == "named", result.sentence


def test_reports_have_names_of_their_own():
    assert len({report.name for report in REPORTS}) == len(REPORTS) > 230
