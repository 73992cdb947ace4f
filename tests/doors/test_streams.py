"""Streams, terminals and folders as unlucky callers have them: it works or says why."""

import os
import subprocess
import sys

import pytest

COMPARE = f"{sys.executable} -m compare"
# Quick commands, and the status of each.
COMMANDS = {"list": 0, "show gru_layer": 0, "--help": 0, "run nothing": 2}


@pytest.fixture
def shell(tmp_path):
    """What runs a line of Bash in an empty folder."""

    def run(line, **environment):
        return subprocess.run(
            ["bash", "-c", line],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **environment},
        )

    return run


@pytest.fixture
def results(shell):
    """What runs the quick commands: their output, and the status of each as a line."""

    def run(redirection="", **environment):
        line = ""
        for command in COMMANDS:
            line += f"{COMPARE} {command} {redirection}; echo status $?; "
        ran = shell(line, **environment)
        return ran.stdout, ran.stderr

    return run


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&- <&-", "<&-"])
def test_a_closed_stream_is_as_good_as_the_null_device(results, redirection):
    assert results(redirection) == results(redirection.replace("&-", "/dev/null"))


def test_a_file_does_not_get_the_number_of_a_closed_stream(shell, tmp_path):
    """What is printed would be written into it."""
    ran = shell(f"{COMPARE} new x.py >&- && {COMPARE} new y.py")

    assert ran.returncode == 0
    lengths = [len((tmp_path / name).read_text()) for name in ("x.py", "y.py")]
    assert lengths[0] == lengths[1]


@pytest.mark.parametrize("command", ["list", "show gru_layer", "--help", "new x.py"])
def test_output_that_cannot_be_written_is_one_line_and_status_2(shell, command):
    ran = shell(f"{COMPARE} {command} > /dev/full")

    assert ran.returncode == 2
    assert ran.stderr.startswith("compare: expected output to be written, got: ")
    assert len(ran.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_messages_that_cannot_be_written_change_no_status(shell, command):
    ran = shell(f"{COMPARE} {command} 2> /dev/full")

    assert ran.returncode == COMMANDS[command]


@pytest.mark.parametrize("command", ["list", "show gru_layer", "--help"])
def test_a_reader_that_leaves_is_no_error(shell, command):
    ran = shell(f"{COMPARE} {command} | head -1; exit ${{PIPESTATUS[0]}}")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(ran.stdout.splitlines()) == 1


STRANGE = {
    "LINES": "²",
    "TERM": "no-such-terminal",
    "NO_COLOR": "1",
    "TMPDIR": "/no/such/folder",
    "HOME": "/no/such/folder",
    "LC_ALL": "C",
}


@pytest.mark.parametrize(
    "strange",
    [*({"COLUMNS": value} for value in ("0", "1", "-5", "²")), STRANGE],
    ids=str,
)
def test_a_strange_environment_changes_nothing(results, strange):
    usual = {"COLUMNS": "80", "LC_ALL": "C.UTF-8"}

    assert results(**{**usual, **strange}) == results(**usual)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_what_a_stream_cannot_encode_is_shown_by_its_number(shell, tmp_path, encoding):
    text = 'def torch_model():\n    "∑"\n\nkeras_model = torch_model\n'
    (tmp_path / "z.py").write_text(text, encoding="utf-8")
    ran = shell(f"{COMPARE} show z.py; {COMPARE} run ∑", PYTHONIOENCODING=encoding)

    assert r'"\u2211"' in ran.stdout
    assert r"\u2211" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_that_was_removed_is_where_quick_commands_work(shell, command):
    ran = shell(f"mkdir gone; cd gone; rmdir ../gone; {COMPARE} {command}")

    assert ran.returncode == COMMANDS[command]


@pytest.mark.parametrize(
    "command", ["run gru_layer", "claims", "new x.py", "run gru_layer --json e.json"]
)
def test_a_folder_that_was_removed_is_one_line_elsewhere(shell, command):
    ran = shell(f"mkdir gone; cd gone; rmdir ../gone; {COMPARE} {command}")

    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1
    assert ran.stderr.startswith("compare: ")


def test_a_run_that_nobody_can_read_still_tells_by_its_status(shell):
    ran = shell(
        f"{COMPARE} run gru_layer >&- 2>&- <&-",
        TMPDIR="/no/such/folder",
        COLUMNS="0",
        PYTHONIOENCODING="ascii",
        FORCE_COLOR="1",
    )

    assert ran.returncode == 0


def test_no_progress_bar_is_written_to_a_log(shell):
    """FORCE_COLOR, which CI sets, is for what stays."""
    ran = shell(f"{COMPARE} run gru_layer", FORCE_COLOR="1")

    assert ran.returncode == 0
    assert "\x1b" not in ran.stderr
