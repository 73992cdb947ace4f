"""Ports that people asked about in public, rebuilt: told by their cause."""

import pytest
from print_table import REPORTS, outcome

NOT_YET_NAMED = ("local response norm",)
# The models are judged as in evaluation, and a note says that one is not.
SAME_WITH_A_NOTE = ("eval() forgotten",)
# TensorFlow has no other precision of these.
IN_FLOAT32 = ("local response norm",)


@pytest.mark.slow
@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
def test_mended_port_passes_and_the_reported_one_is_told_by_its_cause(report):
    result = outcome(report)

    right = "same in float32" if report.name in IN_FLOAT32 else "same"
    assert result.right == right, result.right
    if report.name in SAME_WITH_A_NOTE:
        assert result.wrong == "same"
        return
    assert result.wrong == "different", result.wrong
    if report.name not in NOT_YET_NAMED:
        assert result.word == "named", result.sentence


def test_reports_have_names_of_their_own():
    assert len({report.name for report in REPORTS}) == len(REPORTS) > 160
