"""What a run concludes where no result is the same, or where there is none."""

import pytest
from rich.console import Console

from compare import BadInput
from compare.judging.evidence import Evidence
from compare.judging.result import (
    BOTH_REFUSE,
    DIFFERENT,
    ILL_CONDITIONED,
    ONE_REFUSES,
    SAME,
    Result,
    StageResult,
)
from compare.reports import evidence as terminal


def result(verdict, loss=""):
    """A result that is as its pair declares."""
    stages = (StageResult("lstm", verdict, 1e-16, 1e-14, 1e-7, 1e-7, 1e-7, 7, 7),)
    if verdict in (BOTH_REFUSE, ONE_REFUSES):
        stages = ()
    return Result("p", "none", 7, 4, "random", verdict, verdict, stages, loss=loss)


def evidence(*results):
    versions = {"torch": "2", "keras": "3", "backend": "tensorflow"}
    return Evidence(versions, {"seed": 0}, results, claims=(), notes=(), seconds=1.0)


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (ILL_CONDITIONED, "ill-conditioned, as expected"),
        (BOTH_REFUSE, "refused by both, as they should"),
        (ONE_REFUSES, "refused by one side alone, as expected"),
        (DIFFERENT, "different, as expected"),
    ],
)
def test_a_run_without_a_same_result_claims_no_sameness(verdict, words):
    """It used to end in an IndexError, or called the runs refused."""
    one, two = evidence(result(verdict)), evidence(result(verdict), result(verdict))

    said = "No results are proved the same"
    assert terminal.conclusion(one) == f"{said}; 1 run is {words} (1.0 s)."
    assert terminal.conclusion(two) == f"{said}; 2 runs are {words} (1.0 s)."


def test_every_kind_of_result_is_counted_as_what_it_is():
    """Results that were ill-conditioned used to be counted as refused."""
    kinds = SAME, SAME, ILL_CONDITIONED, BOTH_REFUSE
    text = terminal.conclusion(evidence(*map(result, kinds)))

    assert text == (
        "Proved: on these inputs p computes the same function in PyTorch and Keras, in "
        "2 runs, with random weights; 1 more run is refused by both, as they should; "
        "1 more run is ill-conditioned, as expected (1.0 s)."
    )


def test_gradients_are_the_same_only_where_their_verdict_is():
    gradients = [result(kind, "mean_squared_error") for kind in (SAME, ILL_CONDITIONED)]
    text = terminal.conclusion(evidence(result(SAME), *gradients))

    assert "; the gradients are the same, in 1 more run; 1 more run is ill-c" in text


def test_no_results_have_no_verdict():
    """A run that compared nothing is an error, in one line."""
    with pytest.raises(BadInput, match=r"expected at least one result, got none"):
        evidence().verdict  # noqa: B018


def test_no_results_are_reported_as_nothing_compared(capsys):
    empty = evidence()
    terminal.print_evidence(Console(), empty)

    assert "Not proved: nothing was compared (1.0 s)." in capsys.readouterr().out
    assert empty.explain() == "nothing was compared"
    assert not empty.as_expected
