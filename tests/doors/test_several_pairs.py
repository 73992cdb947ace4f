"""Several pairs in one call: what becomes of one leaves the others alone."""

import json
import sys
from functools import partial
from pathlib import Path

import pytest
from command_line import outcome

from compare import cli
from compare.subjects import subject as subjects

MODELS = """
import keras
from torch import nn

SCALE = 1

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(3, 2)

    def forward(self, x):
        return self.dense(x) * SCALE

def build():
    return keras.Sequential([keras.layers.Dense(2)])
"""
PAIR = """
def torch_model():
    from models import Net
    return Net()

def keras_model():
    from models import build
    return build()

input_shape = ("batch", 3)
"""
REFUSED = "torch_model = keras_model = int\n"
CRASHING = "input_shape = ('batch', 3)\ntorch_model = keras_model = lambda: 1 / 0\n"


@pytest.fixture
def files(frameworks, tmp_path, monkeypatch):
    """What writes files, by name, into a folder that one is in; models beside each."""
    monkeypatch.chdir(tmp_path)

    def written(**texts):
        for name, text in texts.items():
            file = Path(*name.split("__")).with_suffix(".py")
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        return tmp_path

    written(models=MODELS)
    return written


@pytest.fixture
def run(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")

    return partial(outcome, capsys, "run")


def test_a_refusal_leaves_the_others_and_names_its_file(files, run):
    """Nothing used to be shown of the others, and no file was named."""
    folder = files(good=PAIR, refused=REFUSED, crashing=CRASHING)

    names = "refused.py", "good.py", "crashing.py", "missing.py"
    status, out, err = run(*names, "--json", "e.json")

    document = json.loads((folder / "e.json").read_text())
    assert status == 2
    assert {r["verdict"] for r in document["results"]} == {"same"}
    assert "Not compared: missing.py, refused.py, crashing.py. Proved: " in out
    lines = err.splitlines()
    assert [line.split(": ")[1].split(",")[0] for line in lines] == [
        "missing.py",
        "refused.py",
        "crashing.py",
    ]
    assert "line 2: expected code that runs, got ZeroDivisionError" in lines[2]
    assert [pair["pair"] for pair in document["not_compared"]] == [
        "missing.py",
        "refused.py",
        "crashing.py",
    ]


def test_a_helper_beside_the_file_is_named(files, run):
    """Its error is the user's to mend, and not a mistake of the suite."""
    files(models=MODELS.replace("nn.Linear(3, 2)", "nn.Lniear(3, 2)"), mine=PAIR)

    status, _, err = run("mine.py")

    assert status == 2
    assert "mine.py, line 4: expected code that runs, got AttributeError" in err


def test_the_highest_status_counts(files, run):
    files(refused=REFUSED, wrong=PAIR + "\nx = None\n")
    files(other__models=MODELS.replace("SCALE = 1", "SCALE = 2"), other__wrong=PAIR)

    assert run("other/wrong.py")[0] == 1
    assert run("other/wrong.py", "refused.py")[0] == 2


def test_a_mistake_of_the_suite_is_status_3_and_one_line(files, run, monkeypatch):
    files(good=PAIR, bad=PAIR)
    judge = subjects.run

    def failing(subject):
        if subject.name == "bad":
            raise KeyError("no such stage")
        return judge(subject)

    # As if it were written there: what is written here is a user's.
    failing.__code__ = failing.__code__.replace(co_filename=subjects.__file__)
    monkeypatch.setattr(subjects, "run", failing)
    status, out, err = run("bad.py", "good.py")

    assert status == 3
    assert "Proved: on these inputs good computes the same" in out
    (line,) = err.splitlines()
    assert "bad.py: KeyError: 'no such stage' (compare/subjects/" in line
    assert "a mistake in this suite, not in your models; please report it" in line
    report = Path(line.rpartition(" with ")[2])
    assert "Traceback (most recent call last)" in report.read_text()
    report.unlink()

    status, out, err = run("bad.py")  # alone as well
    assert (status, out) == (3, "")
    (line,) = err.splitlines()
    Path(line.rpartition(" with ")[2]).unlink()


def test_files_of_one_name_are_told_apart_and_have_modules_of_their_own(files, run):
    twice = MODELS.replace("SCALE = 1", "SCALE = 2")
    folder = files(a__models=MODELS, a__mine=PAIR, b__models=twice, b__mine=PAIR)

    run("a/mine.py", "b/mine.py", "./a/mine.py", "--json", "e.json")

    document = json.loads((folder / "e.json").read_text())
    verdicts = {r["pair"]: r["verdict"] for r in document["results"]}
    assert verdicts == {"a/mine.py": "same", "b/mine.py": "different"}
    assert {"a/mine.py", "b/mine.py"} <= document["inputs"].keys()
    assert "models" not in sys.modules


def test_a_file_named_as_an_input_is_keeps_its_own_place(files, run):
    folder = files(seed=PAIR)

    assert run("seed.py", "--seed", "5", "--json", "e.json")[0] == 0

    inputs = json.loads((folder / "e.json").read_text())["inputs"]
    assert inputs["seed"] == 5
    assert inputs["seed.py"].startswith("x (")


def test_built_in_pairs_stand_beside_refused_files(files, run):
    files(refused=REFUSED)

    status, out, err = run("refused.py", "rnn_layer")

    assert status == 2
    assert "rnn_layer computes the same function" in out
    assert len(err.splitlines()) == 1


def test_markup_in_a_name_is_shown_as_it_is(files, run, tmp_path):
    files(good=PAIR)
    (tmp_path / "good.py").rename(tmp_path / "[red]x.py")

    _, out, _ = run("[red]x.py")

    assert out.count("[red]x") >= 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "good.py", "--json", "./good.py"],
        ["explain", "good.py", "--reproduce", "good.py"],
        ["train", "good.py", "--json", "good.py"],
        ["--prices", "p.csv", "--json", "p.csv"],
        ["explain", "good.py", "--json", "o.py", "--reproduce", "o.py"],
    ],
)
def test_an_output_that_is_an_input_is_refused(files, capsys, arguments):
    folder = files(good=PAIR)
    (folder / "p.csv").write_text("mine")

    assert cli.main(arguments) == 2

    assert len(capsys.readouterr().err.splitlines()) == 1
    assert (folder / "good.py").read_text() == PAIR
    assert (folder / "p.csv").read_text() == "mine"
    assert not (folder / "o.py").exists()


SETTINGS = """
import numpy, torch, warnings
numpy.seterr(all="raise")
torch.set_grad_enabled(False)
warnings.simplefilter("error")
"""


def test_settings_of_a_pair_file_are_not_those_of_the_suite(files, run, torch):
    files(good=SETTINGS + PAIR)

    try:
        assert run("good.py", "--gradients")[0] == 0
    finally:
        torch.set_grad_enabled(True)


def test_a_pair_file_can_be_trained_from_another_folder(files, capsys):
    """Its functions import what lies beside it, when the file has long been run."""
    files(
        a__models=MODELS, a__mine=PAIR.replace('("batch", 3)', '("batch", "time", 3)')
    )

    assert cli.main(["train", "a/mine.py", "--epochs", "2"]) == 0
    assert capsys.readouterr().err == ""


def test_memory_that_is_used_up_is_one_line(files, run, monkeypatch):
    files(good=PAIR)

    def failing(subject):
        raise MemoryError

    monkeypatch.setattr(subjects, "run", failing)
    status, _, err = run("good.py")

    assert status == 2
    assert "fits into memory" in err
