"""JUnit's XML: what is read of it, and what both common schemas ask for."""

import re
from xml.etree import ElementTree

import pytest
from made_evidence import (
    HOSTILE,
    evidence,
    of_a_difference,
    of_a_pass,
    refused,
    result,
    training,
)

from compare.judging.not_compared import NotCompared
from compare.reports import junit


def read(found):
    """The one suite of a document."""
    text = junit.of(found)
    assert text.encode()  # no letter that UTF-8 lacks
    (suite,) = ElementTree.fromstring(text.encode())
    return suite


def test_each_result_is_a_case_of_its_pair():
    suite = read(evidence(of_a_pass(), of_a_difference("other")))
    cases = suite.findall("testcase")

    assert [case.get("classname") for case in cases] == ["mine", "other"]
    name = "length none, 7 steps, batch 4, to_keras"
    assert [case.get("name") for case in cases] == [name, name]
    assert suite.get("tests") == "2"
    assert suite.get("failures") == "1"
    assert suite.get("errors") == "0"
    assert suite.get("time") == "1.500"


def test_a_difference_is_a_failure_with_its_explanation():
    case = read(evidence(of_a_difference())).find("testcase")
    failure = case.find("failure")

    assert failure.get("type") == "different"
    assert failure.get("message") == "different, expected same"
    assert "because   in lstm of Keras, the gates stand" in failure.text


def test_a_refusal_that_was_expected_passes():
    case = read(evidence(result(verdict="both refuse", expected="both refuse")))

    assert case.find("testcase/failure") is None


@pytest.mark.parametrize(
    ("pair", "kind"),
    [(refused(), "refused"), (NotCompared("theirs", "no", "Traceback ..."), "defect")],
)
def test_a_pair_that_was_not_compared_is_an_error(pair, kind):
    suite = read(evidence(not_compared=[pair]))

    assert suite.get("errors") == "1"
    assert suite.find("testcase").get("classname") == "theirs"
    assert suite.find("testcase/error").get("type") == kind


def test_figures_are_properties():
    suite = read(evidence(result()))
    properties = {p.get("name"): p.get("value") for p in suite.find("properties")}

    case = "mine: length none, 7 steps, batch 4, to_keras"
    assert properties[f"{case}: verdict"] == "same"
    assert properties[f"{case}: gap"] == "2e-16"
    assert properties[f"{case}: limit"] == "1e-14"
    assert properties["torch"] == "2.13.0"
    assert properties["seed"] == "0"


def test_a_training_run_has_a_case_for_each_tensor():
    suite = read(training("different", stopped="a loss that is not finite"))
    cases = {case.get("name"): case for case in suite.findall("testcase")}

    assert [*cases] == [
        "gradients, before the first step",
        "loss",
        "lstm.kernel",
        "to the end",
    ]
    assert cases["loss"].find("failure") is None
    assert cases["lstm.kernel"].find("failure").get("type") == "different"
    assert cases["to the end"].find("failure").get("type") == "stopped"


def test_no_two_cases_of_a_pair_have_one_name():
    suite = read(evidence(result(), result(), result()))
    names = [case.get("name") for case in suite.findall("testcase")]

    assert len(set(names)) == 3


def test_text_of_users_is_text_without_control_characters():
    odd = f"{HOSTILE} \ud800 \uffff ]]>"
    suite = read(evidence(of_a_difference(odd, odd), not_compared=[refused(odd, odd)]))
    failure = suite.find("testcase/failure")

    assert "<script>alert(1)</script>" in failure.text
    assert "\\x1b[31m\\x00" in failure.text
    assert "\\ud800 \\uffff ]]>" in failure.text
    assert suite.find(".//script") is None


def test_what_both_schemas_ask_for_is_there():
    """Ant's asks for more, and in order; Jenkins's knows no more than this."""
    suite = read(evidence(of_a_pass(), of_a_difference()))

    assert suite.keys() == [
        "name",
        "package",
        "id",
        "timestamp",
        "hostname",
        "tests",
        "failures",
        "errors",
        "time",
    ]
    tags = [child.tag for child in suite]
    cases = ["testcase", "testcase"]
    assert tags == ["properties", *cases, "system-out", "system-err"]
    assert re.fullmatch(r"\d{4}(-\d\d){2}T\d\d:\d\d:\d\d", suite.get("timestamp"))
    for case in suite.findall("testcase"):
        assert case.keys() == ["classname", "name", "time"]
        assert len(case) <= 1
        for outcome in case:
            assert outcome.keys() == ["type", "message"]
