"""Signals that end the command line; random times are in tests/hostile/."""

import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX has these signals")

# The command line as a process, whose work is the code that is put in.
WORK = """
import os, signal, sys, time
from compare import cli, interrupts, process
from compare.arguments import Verb, LIST

def work(args):
{work}

cli.VERBS["list"] = Verb(work, LIST)
sys.argv = ["twinproof", "list"]
sys.exit(process.main())
"""


def heed_signals():
    """Ignore no signal in a child, though pytest may run in the background."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def command_line(*lines, cwd, before=heed_signals):
    code = WORK.format(work="\n".join(f"    {line}" for line in lines))
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=before,
    )


def ended(process):
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SIGINT", "interrupted"),
        ("SIGTERM", "terminated"),
        ("SIGHUP", "terminated, since its terminal is gone"),
    ],
)
def test_a_signal_is_one_line_and_128_and_its_number(tmp_path, name, words):
    number = getattr(signal, name)
    work = f"signal.raise_signal({int(number)}); time.sleep(60)"
    process = command_line(work, cwd=tmp_path)

    assert ended(process) == (128 + number, "", f"twinproof: {words}\n")


def test_nothing_that_catches_every_exception_holds_it_up(tmp_path):
    process = command_line(
        "try:",
        "    signal.raise_signal(signal.SIGINT)",
        "except BaseException:",
        "    print('swallowed', flush=True)",
        cwd=tmp_path,
    )

    assert ended(process) == (130, "", "twinproof: interrupted\n")


def test_the_line_is_seen_while_stderr_is_held_back(tmp_path):
    process = command_line(
        "from compare.loading import quiet",
        "with quiet():",
        "    signal.raise_signal(signal.SIGINT)",
        cwd=tmp_path,
    )

    assert ended(process) == (130, "", "twinproof: interrupted\n")


def test_a_call_in_c_that_takes_minutes_is_not_waited_for(tmp_path):
    """Python handles no signal before it returns; a second thread does."""
    process = command_line(
        "import hashlib",
        "print('begun', flush=True)",
        "hashlib.pbkdf2_hmac('sha256', b'', b'', 10**9)",
        cwd=tmp_path,
    )
    process.stdout.readline()
    process.send_signal(signal.SIGINT)

    assert ended(process) == (130, "", "twinproof: interrupted\n")


def test_a_file_that_is_half_written_is_removed(tmp_path):
    process = command_line(
        "from compare import files",
        "os.fsync = lambda _: signal.raise_signal(signal.SIGTERM)",
        "files.write('--json', files.target('--json', 'e.json'), 'text')",
        cwd=tmp_path,
    )

    assert ended(process) == (143, "", "twinproof: terminated\n")
    assert [*tmp_path.iterdir()] == []


def test_work_that_is_done_stays_done(tmp_path):
    """While Python ends, a signal would kill the process without a word."""
    process = command_line(
        "import atexit",
        "atexit.register(lambda: os.kill(os.getpid(), signal.SIGTERM))",
        "print('done')",
        "return 0",
        cwd=tmp_path,
    )

    assert ended(process) == (0, "done\n", "")


def test_a_second_signal_in_the_midst_of_it_changes_nothing(tmp_path):
    process = command_line(
        "def again():",
        "    signal.raise_signal(signal.SIGINT)",
        "    signal.raise_signal(signal.SIGTERM)",
        "interrupts.files.remove_unfinished = again",
        "signal.raise_signal(signal.SIGINT)",
        cwd=tmp_path,
    )

    assert ended(process) == (130, "", "twinproof: interrupted\n")


def test_a_signal_that_is_ignored_stays_ignored(tmp_path):
    """Ctrl-C in the background of a script, SIGHUP under nohup."""

    def ignore():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    process = command_line(
        "signal.raise_signal(signal.SIGINT)",
        "signal.raise_signal(signal.SIGHUP)",
        "print('done')",
        "return 0",
        cwd=tmp_path,
        before=ignore,
    )

    assert ended(process) == (0, "done\n", "")


def test_a_child_dies_of_a_signal_and_leaves_its_parent_alone(tmp_path):
    """Workers of a DataLoader are ended by SIGTERM."""
    process = command_line(
        "child = os.fork()",
        "if child == 0:",
        "    time.sleep(30)",
        "    os._exit(0)",
        "os.kill(child, signal.SIGTERM)",
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))",
        "time.sleep(1.5)",
        "return 0",
        cwd=tmp_path,
    )

    assert ended(process) == (0, f"{-signal.SIGTERM}\n", "")


def test_a_user_s_own_handler_stays(tmp_path):
    process = command_line(
        "signal.signal(signal.SIGTERM, lambda *_: print('mine'))",
        "signal.raise_signal(signal.SIGTERM)",
        "time.sleep(1.5)",
        "return 0",
        cwd=tmp_path,
    )

    assert ended(process) == (0, "mine\n", "")


@pytest.mark.parametrize("code", ["import compare", "from compare import cli"])
def test_an_import_changes_no_signal(tmp_path, code):
    text = (
        f"import signal\nnumbers = signal.SIGINT, signal.SIGTERM\n"
        f"before = [*map(signal.getsignal, numbers)]\n{code}\n"
        "cli = __import__('compare.cli').cli\ncli.main(['list'])\n"
        "print(before == [*map(signal.getsignal, numbers)])\n"
    )
    ran = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)

    assert ran.stdout.splitlines()[-1] == "True", ran.stderr


# The command line that trains, and gets SIGTERM at step 2.
TRAIN = """
import signal, sys
from compare import process
from compare.twins import training

right = training.train

def train(task, recipe, started, progress, interruption):
    def step(activity, done, *rest):
        progress(activity, done, *rest)
        if done == 2:
            signal.raise_signal(signal.SIGTERM)
    return right(task, recipe, started, step, interruption)

training.train = train
sys.argv = ["twinproof", "train", "stock_price", "--epochs", "100000"]
sys.exit(process.main())
"""


def test_training_that_is_terminated_gives_its_steps_and_status_143(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", TRAIN], cwd=tmp_path, capture_output=True, text=True
    )

    assert ran.returncode == 143
    assert "Interrupted after step 2 of 400000" in " ".join(ran.stdout.split())
    stopping = "twinproof: stopping after this step; press Ctrl-C again to end at once"
    assert ran.stderr.splitlines()[-1] == stopping
    assert "Traceback" not in ran.stderr
