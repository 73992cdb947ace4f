"""`--markdown`, `--junit` and `--quiet`: what is written, and what is not printed."""

from xml.etree import ElementTree

import pytest
from made_evidence import evidence, of_a_difference, of_a_pass, refused

from compare import cli, loading, report_files
from compare.errors import BadInput
from compare.progress import hidden


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """What calls `run` as if a session had found out what is given; status and texts.

    Where it is an error, the session raises it.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    (tmp_path / "mine.py").write_text("torch_model = keras_model = int\n")

    def ran(found, text):
        def answer(*_, **__):
            if isinstance(found, Exception):
                raise found
            return found

        monkeypatch.setattr("compare.session.run", answer)
        status = cli.main(text.split())
        return status, *capsys.readouterr()

    return ran


def test_a_pass_prints_nothing_where_it_is_quiet(run):
    assert run(evidence(of_a_pass()), "run mine.py --quiet") == (0, "", "")


def test_a_difference_is_printed_where_it_is_quiet(run):
    status, out, err = run(evidence(of_a_difference()), "run mine.py -q")

    assert (status, err) == (1, "")
    assert out.startswith("mine, length none, 7 steps, batch 4, to_keras: different")
    assert "  fix       lstm of Keras" in out
    assert "verdict" not in out  # there is no table


def test_a_pair_that_was_not_compared_is_said_where_it_is_quiet(run):
    found = evidence(of_a_pass(), not_compared=[refused()])
    status, _, err = run(found, "run mine.py gru_layer --quiet")

    assert status == 2
    assert "theirs: expected a file that exists" in err


def test_progress_is_hidden_where_it_is_quiet(capsys):
    with hidden(True):
        bar = loading.progress_bar()
        show = loading.in_a_log(bar)

    assert bar.disable
    assert show is loading.in_a_log.__globals__["_nothing"]


@pytest.mark.parametrize("path", ["o.md", "out.txt"])
def test_a_summary_is_written_and_written_again(run, tmp_path, path):
    for found in (evidence(of_a_difference()), evidence(of_a_pass())):
        run(found, f"run mine.py --markdown {path} --json o.json --force")
    text = (tmp_path / path).read_text("utf-8")

    assert "twinproof: same" in text
    assert "different" not in text
    assert "run mine.py\n```" in text  # no outputs in the command to see it again


def test_a_report_is_written_for_continuous_integration(run, tmp_path):
    run(evidence(of_a_pass(), of_a_difference("b")), "run mine.py --junit o.xml")
    suite = ElementTree.parse(tmp_path / "o.xml").find("testsuite")

    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")


def test_the_only_pair_is_in_both_reports_if_it_is_refused(run, tmp_path):
    files = "--junit o.xml --markdown o.md"
    status, _, err = run(BadInput("mine.py: no x"), f"run mine.py {files}")

    assert (status, err) == (2, "compare: mine.py: no x\n")
    assert ElementTree.parse(tmp_path / "o.xml").find("*/testcase/error") is not None
    assert "mine.py: no x" in (tmp_path / "o.md").read_text("utf-8")


def test_the_summary_of_a_job_on_github_is_appended(run, tmp_path, monkeypatch):
    summary = tmp_path / "summary"
    summary.write_text("# Tests\n\nall pass\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    for pair in ("first", "second"):
        status, _, err = run(
            evidence(of_a_pass(pair)), "run mine.py --markdown summary"
        )
        assert (status, err) == (0, "")
    text = summary.read_text("utf-8")

    assert text.startswith("# Tests\n\nall pass\n\n<!-- Written by twinproof. -->")
    assert text.index("`first`") < text.index("`second`")


def test_another_file_is_not_appended_on_github(run, tmp_path, monkeypatch):
    (tmp_path / "notes.md").write_text("notes")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    status, _, err = run(evidence(of_a_pass()), "run mine.py --markdown notes.md")

    assert status == 2
    assert "add --force" in err


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("run a.py --json e.json --seed 3", "run a.py --seed 3"),
        ("run --markdown=m.md a.py -q --force", "run a.py"),
        ("--junit j.xml", ""),
        ("train a.py --lr 0.1 --plot p.png", "train a.py --lr 0.1"),
    ],
)
def test_the_command_to_see_it_again_writes_no_files(words, command):
    found = report_files.again(words.split())

    assert found == f"python -m compare {command}".strip()


def test_the_command_to_see_it_again_quotes_what_a_shell_would_read():
    assert report_files.again(["run", "my pair.py"]).endswith(" run 'my pair.py'")
