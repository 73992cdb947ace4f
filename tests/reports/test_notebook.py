"""What a notebook shows of evidence: tables, plots, and a user's names as text."""

import subprocess
import sys
from xml.etree import ElementTree

import pytest

from compare.judging.evidence import Evidence
from compare.judging.explanation import Explanation
from compare.judging.optimizers import SENTENCES
from compare.judging.result import Result, StageResult
from compare.judging.training import Cause, TrainingEvidence
from compare.reports import notebook

SAME, DIFFERENT = "same", "different"
ODD = "<b>$x$</b> & more"


def stage(name, gap=1e-16, verdict=SAME):
    reason = "" if verdict == SAME else "apart by 0.4"
    return StageResult(name, verdict, gap, 1e-14, 1e-7, 1e-7, 1e-7, 7, 7, reason=reason)


def evidence(*stages, verdict=SAME, explanation=None, pair="p"):
    result = Result(
        pair, "none", 7, 4, "to_keras", verdict, SAME, stages, explanation=explanation
    )
    return Evidence({}, {"seed": 0}, [result], (), (), 1.0)


EXPLANATION = Explanation(
    explained=True,
    faults=("first step",),
    sentence="Keras takes the first step",
    fix="take the last step",
    indistinguishable_from=(),
    gap_before=0.4,
    gap_after=1e-16,
    limit=1e-14,
    tried=3,
    layer="head",
)


def different(name="head", explanation=EXPLANATION):
    stages = stage("lstm"), stage(name, 0.4, DIFFERENT)
    return evidence(*stages, verdict=DIFFERENT, explanation=explanation)


def training(done=3, gap=1e-3, causes=(), tensors=2):
    losses = {"torch32": [3.0, 2.0, 1.0], "torch64": [3.0, 2.0, 1.0]}
    losses |= {"keras32": [3.0, 2.0, 1.0 + gap], "keras64": [3.0, 2.0, 1.0 + gap]}
    verdict = DIFFERENT if gap else SAME
    names = [f"w{number}" for number in range(tensors - 1)]
    return TrainingEvidence(
        versions={"torch": "2", "keras": "3", "backend": "tensorflow"},
        settings={
            "pair": "p",
            "source": "x (4, 7)",
            "loss": "mean_squared_error",
            "optimizer": "sgd",
            "torch": step(),
            "keras": step(),
            "epochs": 3,
            "batch_size": 4,
            "steps_per_epoch": 1,
            "seed": 0,
            "follow": "torch",
            "removed": [],
        },
        steps=3,
        gradients=evidence(stage("loss")).results[0],
        losses={name: values[:done] for name, values in losses.items()},
        tensors=[stage(name, gap, verdict) for name in ["loss", *names]],
        stopped="",
        interrupted=False,
        drift={"biases": SENTENCES["biases"]} if gap else {},
        causes=causes,
        left=None,
        sharpe={},
        seconds=1.0,
    )


def step():
    return {
        "cls": "SGD",
        "own": True,
        "values": {"learning_rate": 0.1},
        "align_biases": False,
    }


def cells(page):
    """The texts of all tables in a page, and of its plots."""
    root = ElementTree.fromstring(page)
    return ["".join(node.itertext()).strip() for node in root.iter() if node.tag != "g"]


def drawn(page):
    """The texts that plots in a page hold."""
    texts = ElementTree.fromstring(page).iter("{http://www.w3.org/2000/svg}text")
    return [text.text for text in texts]


def test_a_plot_has_each_stage_with_its_gap_and_limit():
    pytest.importorskip("matplotlib")
    texts = drawn(notebook.of_evidence(evidence(stage("lstm"), stage("head"))))

    assert {"lstm", "head", "limit", "gap within it"} <= set(texts)
    assert "gap beyond it" not in texts


def test_a_gap_beyond_its_limit_is_marked_and_named():
    pytest.importorskip("matplotlib")
    texts = drawn(notebook.of_evidence(different()))

    assert {"gap within it", "gap beyond it"} <= set(texts)


@pytest.mark.parametrize("gap", [0.0, float("nan"), float("inf")])
def test_gaps_that_have_no_logarithm_are_drawn(gap):
    pytest.importorskip("matplotlib")
    texts = drawn(notebook.of_evidence(evidence(stage("lstm", gap), stage("head"))))

    assert ("no gap" if gap == 0 else "gap beyond it") in texts


def test_the_stages_nearest_to_their_limits_are_drawn_of_many():
    pytest.importorskip("matplotlib")
    stages = [stage(f"s{number}", 1e-17 * (number + 1)) for number in range(60)]
    texts = drawn(notebook.of_evidence(evidence(*stages)))

    assert "s59" in texts
    assert "s0" not in texts
    assert any("the 25 of 60 nearest to it" in text for text in texts)


def test_a_difference_shows_cause_proof_fix_and_place():
    page = notebook.of_evidence(different())
    rows = cells(page)

    for word, text in (
        ("because", "Keras takes the first step"),
        ("proof", "with that alike on both sides the gap is 1.0e-16"),
        ("fix", "take the last step"),
        ("place", "head"),
        ("starts at", "head: apart by 0.4"),
    ):
        assert rows[rows.index(word) + 1] == text


def test_an_explanation_alone_is_a_table():
    rows = cells(notebook.of_explanation(EXPLANATION))

    assert rows[rows.index("fix") + 1] == "take the last step"


def test_names_that_hold_html_and_mathematics_are_text():
    page = notebook.of_evidence(
        evidence(stage(ODD, 0.4, DIFFERENT), verdict=DIFFERENT, pair=ODD)
    )

    assert "<b>" not in page
    if "<svg" in page:
        assert ODD in drawn(page)


def test_a_plot_takes_the_colour_of_the_text_around():
    pytest.importorskip("matplotlib")
    page = notebook.of_evidence(evidence(stage("lstm")))

    assert "currentColor" in page
    assert "#000000" not in page
    assert "#ffffff" not in page


def test_plots_are_the_same_in_each_run():
    pytest.importorskip("matplotlib")

    assert notebook.of_training(training()) == notebook.of_training(training())


def test_without_matplotlib_there_is_a_table_alone(monkeypatch):
    monkeypatch.setattr(notebook, "find_spec", lambda name: None)
    page = notebook.of_evidence(different())

    assert "<svg" not in page
    assert "take the last step" in page


def test_evidence_of_nothing_is_shown():
    page = notebook.of_evidence(Evidence({}, {"seed": 0}, [], (), (), 1.0))

    assert "nothing was compared" in page


def test_a_training_run_shows_curves_tensors_and_what_causes_explain():
    pytest.importorskip("matplotlib")
    cause = Cause("biases", SENTENCES["biases"], 0.993, 0.991)
    page = notebook.of_training(training(causes=[cause]))
    rows = cells(page)

    assert {"PyTorch", "Keras", "gap in float64", "mean squared error"} <= {
        *drawn(page)
    }
    assert "They part at" in page
    assert rows[rows.index("biases") + 1 :][:3] == [
        SENTENCES["biases"],
        "99.3%",
        "99.1%",
    ]


def test_a_run_in_step_shows_no_causes():
    page = notebook.of_training(training(gap=0.0))

    assert "In step" in page
    assert "why they drift" not in page


def test_of_many_tensors_the_first_are_shown_and_the_others_counted():
    page = notebook.of_training(training(tensors=40))

    assert page.count("<tr>") < 40
    assert "nearer to their twins" in page


def test_a_run_that_was_stopped_before_its_first_step_is_shown():
    page = notebook.of_training(training(done=0, gap=0.0))

    assert "<svg" not in page


IN_IPYTHON = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
from compare.loading import load_harness
load_harness()
from compare.judging.explanation import Explanation
shown = Explanation(True, (), "a cause", "a fix", (), 1.0, 0.0, 0.1, 3)
formats, _ = shell.display_formatter.format(shown)
print(formats["text/html"])
"""


def output_of(code):
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return ran.stdout or ran.stderr


@pytest.mark.slow
def test_a_notebook_shows_evidence_in_this_way_once_models_were_run():
    pytest.importorskip("IPython")

    assert "<table>" in output_of(IN_IPYTHON)


def test_matplotlib_is_loaded_to_draw_alone():
    code = "import sys, compare.reports.notebook; print('matplotlib' in sys.modules)"

    assert output_of(code) == "False\n"
