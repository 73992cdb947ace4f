"""The pytest plugin in sessions that load no framework."""

import json
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from plugin_sessions import INSTALLED, LOAD, STUB

pytest_plugins = "pytester"

STARTS = {"python -m pytest": (), "pytest": ("-P",)}  # which leaves sys.path alone


@pytest.fixture
def stubbed(pytester):
    """A function that runs tests in which `check` gives the verdict it is told."""
    pytester.makeconftest(STUB)

    def run(text, *options):
        pytester.makepyfile(text)
        return pytester.runpytest_inprocess(*LOAD, "-p", "no:xdist", *options)

    return run


def document(pytester):
    return json.loads((pytester.path / "c.json").read_text())


def junit(pytester):
    tree = ElementTree.parse(pytester.path / "j.xml")
    return {each.get("name"): each.get("value") for each in tree.iter("property")}


def test_a_session_without_checks_loads_neither_compare_nor_what_it_needs(pytester):
    """The plugin is there, though, as the last line shows."""
    pytester.makepyfile(
        """
        import sys

        def test_loaded():
            ours = {"compare", "torch", "keras", "tensorflow", "numpy", "rich"}
            assert not ours & {name.split(".")[0] for name in sys.modules}
            assert "twinproof_pytest" in sys.modules
        """
    )
    ran = pytester.runpytest_subprocess(*LOAD, "-p", "no:xdist")

    ran.assert_outcomes(passed=1)


@pytest.mark.parametrize("file", ["compare.py", "compare/__init__.py"])
@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_a_project_keeps_a_compare_of_its_own(pytester, start, file):
    """Whether the folder is on sys.path from the start, or since the test is read."""
    theirs = pytester.path / file
    theirs.parent.mkdir(exist_ok=True)
    theirs.write_text("MINE = True")
    pytester.makepyfile("import compare\ndef test_it(): assert compare.MINE")
    ran = subprocess.run(  # pytester itself would put the folder on sys.path
        [sys.executable, *start, "-m", "pytest", *LOAD, "-p", "no:xdist"],
        capture_output=True,
        text=True,
    )

    assert "1 passed" in ran.stdout, ran.stdout + ran.stderr


def test_a_check_that_another_compare_hides_is_a_failure_of_one_line(pytester):
    """The other is named and, being perhaps a script, not run."""
    pytester.makepyfile(
        compare="raise SystemExit",
        test_it="def test_it(assert_same_model): assert_same_model(1, 2, 3)",
    )
    ran = pytester.runpytest_subprocess(*LOAD, "-p", "no:xdist")

    ran.assert_outcomes(failed=1)
    (line,) = (line for line in ran.outlines if line.startswith("E   "))
    assert "assert_same_model: expected `import compare` to find twinproof" in line
    assert f"got {pytester.path / 'compare.py'}; rename" in line


def test_a_compare_made_by_hand_is_a_failure_of_one_line(pytester):
    pytester.makepyfile(
        """
        import sys, types

        def test_it(assert_same_model, monkeypatch):
            monkeypatch.setitem(sys.modules, "compare", types.ModuleType("compare"))
            assert_same_model(1, 2, 3)
        """
    )
    ran = pytester.runpytest_subprocess(*LOAD, "-p", "no:xdist")

    ran.stdout.fnmatch_lines(["E * to find twinproof, got none with a file; *"])


def test_an_option_that_another_compare_hides_is_said_before_the_tests(pytester):
    pytester.makepyfile(compare="", test_it="def test_it(): pass")
    options = *LOAD, "-p", "no:xdist", "--compare-json=c.json"
    ran = pytester.run(sys.executable, "-m", "pytest", *options)

    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines(["ERROR: --compare-json: expected `import compare` *"])
    ran.stdout.no_fnmatch_line("*passed*")


@pytest.mark.skipif(not INSTALLED, reason="its name is that of the entry point")
def test_plugin_can_be_left_out(pytester):
    pytester.makepyfile("def test_it(assert_same_model): pass")
    ran = pytester.runpytest_subprocess("-p", "no:twinproof", "-p", "no:xdist")

    ran.assert_outcomes(errors=1)
    ran.stdout.fnmatch_lines(["*fixture 'assert_same_model' not found"])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("1, 2, 3, transfr='to_keras'", "unexpected keyword argument 'transfr'"),
        ("1, 2", "missing a required argument: 'x'"),
        ("1, 2, 3, None, {}", "too many positional arguments"),
    ],
)
def test_a_call_of_another_form_is_a_failure_of_one_line(pytester, call, said):
    """And stands in both files as an error."""
    pytester.makepyfile(
        f"def test_it(assert_same_model):\n    assert_same_model({call})"
    )
    files = "--compare-json=c.json", "--junitxml=j.xml"
    ran = pytester.runpytest_inprocess(*LOAD, "-p", "no:xdist", *files)
    expected = (
        "assert_same_model: expected (torch_model, keras_model, x, transfer, names, "
        f"ignore, seed), got: {said}; correct the call"
    )

    ran.assert_outcomes(failed=1)
    assert [line for line in ran.outlines if line.startswith("E   ")] == [
        f"E       Failed: {expected}"
    ]
    assert document(pytester)["checks"][0]["error"] == expected
    assert junit(pytester) == {"compare.1.error": expected}


def test_fixture_and_option_are_documented(pytester):
    fixtures = pytester.runpytest_inprocess(*LOAD, "--fixtures", "-p", "no:xdist")
    options = pytester.runpytest_inprocess(*LOAD, "--help", "-p", "no:xdist")

    fixtures.stdout.fnmatch_lines(["*with a PyTorch model, a Keras model and x*"])
    options.stdout.fnmatch_lines(["*--compare-json=FILE*"])


def test_figures_are_those_of_the_worst_result(pytester, stubbed):
    ran = stubbed(
        """
        def test_wrong(assert_same_model):
            assert_same_model("different", 0.5)
        """,
        "--junitxml=j.xml",
    )

    ran.assert_outcomes(failed=1)
    assert junit(pytester) == {
        "compare.1.verdict": "different",
        "compare.1.gap": "0.5",
        "compare.1.limit": "1e-14",
    }


def test_a_refusal_has_no_figures(pytester, stubbed):
    stubbed(
        """
        def test_refused(assert_same_model):
            assert_same_model("one refuses")
        """,
        "--junitxml=j.xml",
        "--compare-json=c.json",
    )

    assert junit(pytester) == {"compare.1.verdict": "one refuses"}
    assert document(pytester)["checks"][0]["evidence"]["results"][0]["gap64"] is None


def test_a_gap_of_nan_is_written_as_a_string(pytester, stubbed):
    stubbed(
        """
        def test_nan(assert_same_model):
            assert_same_model("different", float("nan"))
        """,
        "--compare-json=c.json",
    )

    found = document(pytester)["checks"][0]["evidence"]
    assert found["results"][0]["gap64"] == "nan"


def test_checks_of_a_fixture_and_of_a_finaliser_are_written(pytester, stubbed):
    ran = stubbed(
        """
        import pytest

        @pytest.fixture
        def checked(assert_same_model):
            assert_same_model("same")
            yield
            assert_same_model("different")

        def test_nothing(checked, assert_same_model):
            assert_same_model("same")
        """,
        "--compare-json=c.json",
    )

    ran.assert_outcomes(passed=1, errors=1)
    verdicts = [each["verdict"] for each in document(pytester)["checks"]]
    assert verdicts == ["same", "same", "different"]


def test_each_test_counts_its_own_checks(pytester, stubbed):
    """And a property of the user's own is not taken for a check."""
    stubbed(
        """
        def test_one(assert_same_model, record_property):
            record_property("compared", "nothing")
            assert_same_model("same")

        def test_two(assert_same_model):
            assert_same_model("same")
        """,
        "--junitxml=j.xml",
    )

    assert set(junit(pytester)) == {
        "compared",
        "compare.1.verdict",
        "compare.1.gap",
        "compare.1.limit",
    }


def test_a_session_without_checks_writes_that(pytester, stubbed):
    ran = stubbed("def test_nothing(): pass", "--compare-json=c.json")

    ran.stdout.fnmatch_lines(["*0 checks of models: *c.json*"])
    assert document(pytester)["summary"]["checks"] == 0


def test_collecting_leaves_an_earlier_document(pytester, stubbed):
    (pytester.path / "c.json").write_text("earlier")
    stubbed("def test_nothing(): pass", "--compare-json=c.json", "--collect-only")

    assert (pytester.path / "c.json").read_text() == "earlier"


def test_a_folder_that_does_not_exist_is_said_before_the_tests(stubbed):
    ran = stubbed("def test_nothing(): pass", "--compare-json=no/c.json")

    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines(
        ["ERROR: --compare-json no/c.json: expected a file in a folder that exists*"]
    )
    ran.stdout.no_fnmatch_line("*passed*")


def test_a_document_of_somebody_else_is_not_overwritten(pytester, stubbed):
    (pytester.path / "c.json").write_text("theirs")
    ran = stubbed("def test_nothing(): pass", "--compare-json=c.json")

    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines(["ERROR: --compare-json *; remove it, or name another*"])
    ran.stdout.no_fnmatch_line("*passed*")
    assert (pytester.path / "c.json").read_text() == "theirs"


def test_a_document_of_an_earlier_session_is_overwritten(pytester, stubbed):
    for _ in range(2):
        ran = stubbed("def test_nothing(): pass", "--compare-json=c.json")

    assert ran.ret == 0


def test_a_folder_that_is_lost_in_between_fails_the_session(pytester, stubbed):
    """The tests are reported all the same."""
    (pytester.path / "lost").mkdir()
    ran = stubbed(
        "def test_it(): __import__('os').rmdir('lost')",
        "--compare-json=lost/c.json",
    )

    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    said = "ERROR: --compare-json *c.json: expected a file that can be written*"
    ran.stdout.fnmatch_lines([said, "*1 passed*"])
