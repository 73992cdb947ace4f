"""Evidence in words: short where all is well, the cause first where it is not."""

from dataclasses import replace

import pytest

from compare.judging.evidence import Evidence
from compare.judging.explanation import Explanation
from compare.judging.not_compared import NotCompared, lines
from compare.judging.result import Result, StageResult
from compare.judging.sensitivity import Sensitivity

SAME, DIFFERENT = "same", "different"


def stage(verdict=SAME, gap=1e-16):
    reason = "" if verdict == SAME else "apart by 0.4"
    return StageResult(
        "lstm", verdict, gap, 1e-14, 1e-7, 1e-7, 1e-7, 7, 7, reason=reason
    )


def result(verdict=SAME, direction="to_keras", pair="p", **others):
    gap = 1e-16 if verdict == SAME else 0.4
    return Result(
        pair, "none", 7, 4, direction, verdict, SAME, (stage(verdict, gap),), **others
    )


def explained(sentence, *faults, direction="to_keras"):
    explanation = Explanation(
        explained=True,
        faults=faults,
        sentence=sentence,
        fix="take the last step",
        indistinguishable_from=(),
        gap_before=0.4,
        gap_after=1e-16,
        limit=1e-14,
        tried=3,
        layer="head",
    )
    return result(DIFFERENT, direction, explanation=explanation)


def evidence(*results, notes=(), **others):
    return Evidence({}, {"seed": 0}, results, (), notes, 1.0, **others)


def test_a_failure_begins_with_cause_proof_and_fix():
    text = evidence(explained("the first step is taken", "first step")).explain()
    begins = [line.split()[0] for line in text.splitlines()[1:]]

    assert begins == ["because", "proof", "fix", "place", "starts"]


def test_directions_and_weights_that_say_the_same_are_told_once():
    cause = "the first step is taken"
    text = evidence(
        explained(cause, "first step"),
        explained(cause, "first step", direction="random"),
        result(DIFFERENT, "to_torch"),
    ).explain()

    assert text.count("because") == text.count("starts at") == 1
    assert text.endswith("  as in 2 more of these runs")


def test_another_cause_is_told_as_well():
    text = evidence(
        explained("the first step is taken", "first step"),
        explained("a bias is dropped", "no bias", direction="random"),
    ).explain()

    assert text.count("because") == 2
    assert "as in" not in text


def test_weights_that_differ_alone_are_the_first_sentence():
    """With advice for who calls the fixture: the weights were not copied yet."""
    found = evidence(explained("", direction="as is"), result(direction="random"))

    assert found.explain().startswith("p: the weights differ, and the weights alone: ")
    assert 'transfer="to_keras"' in found.explain().splitlines()[0]
    assert 'transfer="to_keras"' in repr(found)
    transferred = evidence(explained("", "x"), result(direction="random"))
    assert "the weights differ" not in transferred.explain()


def test_a_pass_gives_the_figures():
    sensitivity = Sensitivity("p", 73, 73, ())
    found = evidence(
        result(),
        replace(result(direction="to_torch"), sensitivity=sensitivity),
        notes=("One that matters.",),
    )

    assert found.explain().splitlines() == [
        "p: same, in 2 runs; gap 1.0e-16, limit 1.0e-14, at lstm",
        "p: 73 of 73 mistakes that ports make would have been noticed",
        "One that matters.",
    ]


@pytest.mark.parametrize(
    "results",
    [
        (),
        (result(),),
        (result(DIFFERENT),),
        (explained("the first step is taken", "first step"),),
        (explained("", direction="as is"), result(direction="random")),
    ],
)
@pytest.mark.parametrize("failures", [(), (NotCompared("a.py", "a.py: refused"),)])
def test_three_lines_say_what_it_is(results, failures):
    text = repr(evidence(*results, not_compared=failures))

    assert len(text.splitlines()) in ((2, 3) if not results else (3,))
    assert max(map(len, text.splitlines())) <= 200


def test_three_lines_have_verdict_figures_and_fix():
    passed = repr(evidence(result())).splitlines()
    failed = repr(evidence(explained("the first step is taken", "x"))).splitlines()

    assert passed[0] == "same: p, in 1 run"
    assert passed[1] == "gap 1.0e-16, limit 1.0e-14, at lstm"
    assert failed[0] == "different: p, in 1 run, 1 of them not as expected"
    assert failed[1:] == ["because the first step is taken", "fix take the last step"]


def test_a_notebook_gets_a_table_in_which_names_are_text():
    found = evidence(result(DIFFERENT, pair="<script>alert(1)</script>"))
    text = found._repr_html_()

    assert text.count("<tr>") == 2
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_a_pair_without_a_verdict_is_no_pass():
    refused = NotCompared("b.py", "expected models, got none")
    found = evidence(result(), not_compared=[refused])

    assert not found.as_expected
    assert found.explain().splitlines()[0] == "b.py: expected models, got none"
    assert '"defect": false' in found.to_json()


def test_one_message_of_several_pairs_is_one_line():
    pairs = [NotCompared("a", "no float64"), NotCompared("b", "no float64")]

    assert lines(pairs) == ["a, b: no float64"]
