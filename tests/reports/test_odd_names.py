"""What a user has called things is shown as it is: no markup, no escape codes."""

from io import StringIO

from rich.console import Console

from compare.judging.evidence import Evidence
from compare.judging.result import SAME, Result, StageResult
from compare.loading import progress_bar
from compare.reports.evidence import print_evidence
from compare.reports.sources import print_sources

NAME = "[red]x[/red]"
CLEAR = "\x1b[2J"


def test_a_progress_bar_shows_markup_as_text():
    bar = progress_bar()
    bar.add_task(NAME)

    assert str(bar.columns[0].render(bar.tasks[0])) == NAME


def test_a_report_shows_markup_as_text():
    figures = dict(limit64=1e-14, gap32=1e-7, noise_torch=1e-7, noise_keras=1e-7)
    stage = StageResult(NAME, SAME, 1e-16, horizon=None, steps=None, **figures)
    place = dict(pair=NAME, length=None, timesteps=None, batch=4, direction="to_keras")
    result = Result(
        **place,
        verdict=SAME,
        expected=SAME,
        stages=(stage,),
        unmatched=(NAME,),
        unexercised=(NAME,),
    )
    versions = {"torch": "2", "keras": "3", "backend": "tensorflow 2"}
    evidence = Evidence(versions, {"seed": 0, NAME: NAME}, [result], [], [NAME], 1.0)
    console = Console(file=StringIO(), width=200)

    print_evidence(console, evidence)

    text = console.file.getvalue()
    assert f"on {NAME}; float64" in text  # the inputs
    assert any(line.startswith(f"{NAME}  ") for line in text.splitlines())  # the table
    assert f"Not exercised in {NAME}:\n  not       {NAME}" in text
    assert f"so not compared: {NAME} of {NAME}" in text
    assert f"Note: {NAME}" in text
    assert f"{NAME} computes the same function" in text


def test_a_terminal_shows_the_escape_codes_of_a_source():
    console = Console(file=StringIO(), width=80, force_terminal=True)

    print_sources(console, [(f"mine{CLEAR}", f"a = '{CLEAR}'\n\tb\n")])

    text = console.file.getvalue()
    assert CLEAR not in text
    assert text.count(r"\x1b") == 2  # colours are between it and what follows


def test_a_pipe_gets_a_source_as_it_is():
    console = Console(file=StringIO(), width=80)

    print_sources(console, [("mine", f"a = '{CLEAR}'\n")])

    assert f"a = '{CLEAR}'" in console.file.getvalue()
