"""`train` on the command line, from a process of its own, in an empty folder."""

import json
import os
import re
import subprocess
import sys

import pytest

PNG = b"\x89PNG\r\n\x1a\n"
PROGRESS = re.compile(r"[\w ]+, \d+ of \d+ steps: ")
FILES = ("--json", "f.json", "--plot", "g.png")

# The command line, pressing Ctrl-C at step 5.
INTERRUPTED = """
import signal, sys
from compare import cli
from compare.twins import training

right = training.train
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background

def train(task, recipe, started, progress, interruption):
    def told(what, done, *rest):
        progress(what, done, *rest)
        if done == 5:
            signal.raise_signal(signal.SIGINT)
    return right(task, recipe, started, told, interruption)

training.train = train
sys.exit(cli.main(sys.argv[1:]))
"""


def run(*command, cwd):
    return subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "80"},
        stdin=subprocess.DEVNULL,
    )


def train(*arguments, cwd):
    """A training run; lines of progress, which a slow machine sees, are left out."""
    ran = run("-m", "compare", "train", *arguments, cwd=cwd)
    lines = ran.stderr.splitlines(keepends=True)
    ran.stderr = "".join(line for line in lines if not PROGRESS.match(line))
    return ran


def made(folder):
    """The evidence, and the picture, that a run left in its folder."""
    return json.loads((folder / "f.json").read_text()), (folder / "g.png").read_bytes()


def joined(text):
    """One line of words, wherever the terminal broke it."""
    return " ".join(text.split())


def row(text, start):
    """The words of the only line that starts so."""
    (line,) = (line for line in text.splitlines() if line.startswith(start))
    return line.split()


def group(name):
    """One worker makes the run that these tests look at."""
    return pytest.mark.xdist_group(f"train {name}")


# In step


@pytest.fixture(scope="module")
def aligned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("aligned")
    return train("stock_price", "--epochs", "10", *FILES, cwd=folder), folder


@group("aligned")
def test_a_run_in_step_is_status_0(aligned):
    ran, _ = aligned

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "In step: stock_price learns the same" in joined(ran.stdout)


@group("aligned")
def test_the_loss_of_epoch_ten_is_printed_for_both(aligned):
    """0.0875 is what the note prints."""
    ran, _ = aligned

    assert row(ran.stdout, "10 ")[:4] == ["10", "40", "0.0875", "0.0875"]


@group("aligned")
def test_json_holds_the_run(aligned):
    _, folder = aligned
    evidence, _ = made(folder)

    assert evidence["schema"] == 1
    assert evidence["training"]["pair"] == "stock_price"
    assert evidence["steps"] == dict(planned=40, done=40)
    assert evidence["in_step"] is True
    assert evidence["verdict"] == evidence["gradients"]["verdict"] == "same"
    assert [round(evidence["losses"][s][39], 4) for s in ("torch32", "keras32")] == [
        0.0875,
        0.0875,
    ]


@group("aligned")
def test_a_plot_is_a_png_picture(aligned):
    _, folder = aligned
    _, picture = made(folder)

    assert picture.startswith(PNG)
    assert len(picture) > 10_000


@group("aligned")
def test_a_run_writes_the_two_files_and_nothing_else(aligned):
    _, folder = aligned

    assert sorted(path.name for path in folder.iterdir()) == ["f.json", "g.png"]


# As the frameworks are


@pytest.fixture(scope="module")
def native(tmp_path_factory):
    folder = tmp_path_factory.mktemp("native")
    how = "--mode", "native", "--epochs", "10"
    return train("stock_price", *how, *FILES, cwd=folder), folder


@pytest.fixture(scope="module")
def drift(native):
    """The evidence of it."""
    _, folder = native
    return made(folder)[0]


@group("native")
def test_twins_that_part_are_status_1(native):
    ran, _ = native

    assert (ran.returncode, ran.stderr) == (1, "")
    assert "They part at step 1, at lstm.0." in joined(ran.stdout)


@group("native")
def test_keras_own_adam_gives_another_loss_at_epoch_ten(native):
    ran, _ = native

    assert row(ran.stdout, "10 ")[:4] == ["10", "40", "0.0875", "0.0901"]


@group("native")
@pytest.mark.parametrize("cause", ["biases", "epsilon", "formula"])
def test_every_cause_is_printed_with_its_shares(native, cause):
    """Of the gap that it explains, and of what it makes alone."""
    ran, _ = native
    shares = [word for word in row(ran.stdout, f"{cause}  ") if word.endswith("%")]

    assert len(shares) == 2


@group("native")
def test_what_is_left_without_the_causes_is_printed(native):
    ran, _ = native

    assert "With all causes removed 0.0% of it is left (" in joined(ran.stdout)


@group("native")
def test_drift_of_adam_has_three_names(drift):
    names = ["biases", "epsilon", "formula"]

    assert list(drift["drift"]) == names
    assert [cause["name"] for cause in drift["causes"]] == names


@group("native")
def test_biases_explain_the_most(drift):
    biases, *others = drift["causes"]

    assert min(biases["share"], biases["alone"]) > 0.9
    assert max(max(cause["share"], cause["alone"]) for cause in others) < 0.1


@group("native")
def test_three_causes_explain_all_of_the_drift(drift):
    assert drift["left"] <= 0.05


@group("native")
def test_weights_part_at_the_first_step_and_losses_one_later(drift):
    """The first loss is computed before the first step."""
    loss, *weights = drift["tensors"]

    assert drift["first_difference"]["step"] == 1
    assert {each["timestep"] for each in weights} == {1}
    assert (loss["stage"], loss["timestep"]) == ("loss", 2)


# Interrupted


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("interrupted")
    command = "-c", INTERRUPTED, "train", "stock_price"
    return run(*command, "--epochs", "100000", *FILES, cwd=folder), folder


@group("interrupted")
def test_ctrl_c_is_status_130_and_says_after_which_step(interrupted):
    ran, _ = interrupted

    assert ran.returncode == 130
    assert "Interrupted after step 5 of 400000" in joined(ran.stdout)
    assert "Traceback" not in ran.stderr


@group("interrupted")
def test_ctrl_c_prints_the_steps_that_were_done(interrupted):
    """Step 5 is the first of the second epoch."""
    ran, _ = interrupted
    losses = ran.stdout[ran.stdout.index("epoch  step") :].splitlines()

    assert losses[1].split()[:2] == ["1.2", "5"]
    assert "at each of 5 steps, are the same" in joined(ran.stdout)


@group("interrupted")
def test_ctrl_c_writes_both_files(interrupted):
    _, folder = interrupted
    evidence, picture = made(folder)

    assert evidence["interrupted"] is True
    assert evidence["steps"] == dict(planned=400_000, done=5)
    assert len(evidence["gaps"]) == 5
    assert picture.startswith(PNG)


# What a person reads


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=group(name))
        for name in ("aligned", "native", "interrupted")
    ],
)
def test_output_fits_80_columns(request, name):
    ran, _ = request.getfixturevalue(name)

    assert len(ran.stdout.splitlines()) > 10
    assert max(map(len, ran.stdout.splitlines())) <= 80


def test_help_has_examples_and_the_exit_status(tmp_path):
    ran = train("--help", cwd=tmp_path)

    assert ran.returncode == 0
    assert "examples:" in ran.stdout
    assert "130 after Ctrl-C" in joined(ran.stdout)


# Bad usage and input


STOCK = "stock_price"
BAD = {
    "no name": ([], "the following arguments are required: NAME"),
    "unknown pair": (["stok_price"], "did you mean stock_price?"),
    "unknown cause": ([STOCK, "--align", "biases,mood"], "got 'mood'"),
    "mode and causes": (
        [STOCK, "--mode", "native", "--align", "biases"],
        "expected --mode or --align, got both; drop one",
    ),
    "unknown optimizer": ([STOCK, "--optimizer", "lion"], "invalid choice: 'lion'"),
    "learning rate 0": ([STOCK, "--lr", "0"], "expected a number above 0"),
    "learning rate too large": ([STOCK, "--lr", "1e39"], "expected a number above 0"),
    "learning rate nan": ([STOCK, "--lr", "nan"], "expected a number above 0"),
    "no epochs": ([STOCK, "--epochs", "0"], "expected a whole number >= 1"),
    "batch of none": ([STOCK, "--batch-size", "0"], "expected a whole number >= 1"),
    "batch too large": ([STOCK, "--batch-size", "94"], "expected 1 to 93"),
    "specimen": (
        ["portfolio_view_as_written"],
        "a specimen that mixes up batch and time; train portfolio_flatten",
    ),
    "plot that is no png": ([STOCK, "--plot", "g.jpg"], "a file that ends in .png"),
    "plot into no folder": (
        [STOCK, "--plot", "no/such/g.png"],
        "got no/such, which does not; create it",
    ),
    "json into no folder": (
        [STOCK, "--json", "no/such/f.json"],
        "got no/such, which does not; create it",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_line_and_status_2(tmp_path, case):
    """And no file, though one was asked for."""
    arguments, message = BAD[case]
    asked = () if "--json" in arguments else ("--json", "f.json")
    ran = train(*arguments, *asked, cwd=tmp_path)

    assert ran.returncode == 2
    assert ran.stdout == ""
    assert len(ran.stderr.splitlines()) == 1
    assert ran.stderr.startswith("compare: ")
    assert message in ran.stderr
    assert not list(tmp_path.iterdir())
