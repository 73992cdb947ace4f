"""A pair of one's own in a file, on the command line."""

import json

import numpy as np
import pytest
from pair_files import PAIR

from compare import BadInput
from compare.subjects.own import pair_file

# A file to start from


def test_new_file_runs_and_is_the_same(file, run):
    assert run("new", "my_pair.py")[0] == 0

    status, out, _ = run("run", "my_pair.py")

    assert status == 0
    assert "Proved: on these inputs my_pair computes the same function" in out
    assert "1 7 50 200" in out


def test_new_file_says_its_own_name(file, run, tmp_path):
    run("new", "my_pair.py")

    text = (tmp_path / "my_pair.py").read_text(encoding="utf-8")

    assert "python -m compare run my_pair.py" in text


@pytest.mark.parametrize("name", ["mine.py", "mine.txt"])
def test_new_overwrites_nothing_and_writes_python(file, run, tmp_path, name):
    kept = file()

    status, _, err = run("new", name)

    assert status == 2
    assert "expected the name of a new file that ends in .py" in err
    assert (tmp_path / kept).read_text(encoding="utf-8") == PAIR
    assert not (tmp_path / "mine.txt").exists()


# What a file says


def test_fixed_number_of_steps(file, run):
    status, out, _ = run("run", file(PAIR.replace('"time"', "6")))

    assert status == 0
    row = next(line for line in out.splitlines() if line.startswith("mine"))
    assert row.split()[1:3] == ["6", "6"]


def test_arrays_are_taken_as_they_are(file):
    text = PAIR.replace("input_shape =", "x = __import__('numpy').ones((3, 6, 4)) #")

    pair = pair_file.load(file(text), seed=0)

    assert pair.arrays[0].shape == (3, 6, 4)
    assert pair.steps is None


@pytest.mark.parametrize(
    "head", ["date,a,b,c,d\n", "a,b,c,d\n", ""], ids=["dates", "header", "bare"]
)
def test_csv_rows_are_steps_and_numbers_are_features(file, tmp_path, head):
    rows = np.random.default_rng(0).normal(size=(30, 4)).round(3)
    date = "2014-01-02," if head.startswith("date") else ""
    lines = "\n".join(date + ",".join(map(str, row)) for row in rows)
    (tmp_path / "x.csv").write_text(head + lines, encoding="utf-8")
    text = PAIR.replace('input_shape = ("batch", "time", 4)', 'x = "x.csv"')

    pair = pair_file.load(file(text), seed=0)

    assert np.array_equal(pair.arrays[0], rows.astype(np.float32)[None])


def test_csv_is_cut_into_windows_of_the_steps_asked_for(file, tmp_path):
    rows = np.arange(120.0).reshape(30, 4)
    np.savetxt(tmp_path / "x.csv", rows, delimiter=",")
    text = PAIR.replace("input_shape =", 'x = "x.csv"\ninput_shape =')

    pair = pair_file.load(file(text.replace('"time"', "7")), seed=0)

    x = pair.arrays[0]
    assert x.shape == (24, 7, 4)
    assert np.array_equal(x[3], rows[3:10])


@pytest.mark.parametrize(
    ("text", "shape", "said"),
    [
        ("1,2\n3,nan\n", None, "line 2: expected finite numbers of float32, got 'nan'"),
        ("a,b\n1,2\n3,-inf\n", None, "line 3: expected finite numbers of float32"),
        ("1e39,2\n", None, "line 1: expected finite numbers of float32, got '1e39'"),
        ("1;2\n3;4\n", None, "expected columns separated by commas, got ';'"),
        ("date;a\n2014;1,5\n", None, "expected columns separated by commas, got ';'"),
        ("1,2\n3,4\n", ("batch", "time", 4), "('batch', 'time', 2), or a number"),
        ("1,2\n3,4\n", ("batch", "time"), "('batch', 'time', 2), or a number"),
        ("1,2\n3,4\n", ("batch",), "expected input_shape such as"),
    ],
)
def test_csv_that_does_not_fit_is_refused(file, tmp_path, text, shape, said):
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    given = f'x = "x.csv"\ninput_shape = {shape}\n'
    written = PAIR.replace('input_shape = ("batch", "time", 4)', given)

    with pytest.raises(BadInput) as error:
        pair_file.load(file(written.replace("input_shape = None", "")), seed=0)

    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_csv_of_one_column_without_a_header_is_read_whole(file, tmp_path):
    (tmp_path / "x.csv").write_text("1\n2\n3\n", encoding="utf-8")
    text = PAIR.replace('input_shape = ("batch", "time", 4)', 'x = "x.csv"')

    pair = pair_file.load(file(text), seed=0)

    assert pair.arrays[0].tolist() == [[[1], [2], [3]]]


def test_live_models_are_compared_as_they_are(file, run):
    made = "torch_model = InPyTorch()\nkeras_model = in_keras()\nkeras_model.build"
    text = PAIR.replace("torch_model = InPyTorch\nkeras_model = in_keras", made)
    text = text.replace("keras_model.build", "keras_model.build((None, None, 4))")

    status, out, _ = run("run", file(text))

    assert status == 1
    assert "mine, length none, 200 steps, batch 64, as is: different" in out
    assert "the weights alone" in out


def test_transfer_of_what_one_model_has(file, run):
    status, out, _ = run("run", file(PAIR + 'transfer = "to_keras"\n'))

    assert status == 0
    assert "with PyTorch's weights and with random weights" in out


def test_gradients_of_a_loss(file, run):
    status, out, _ = run("run", file(), "--gradients")

    assert status == 0
    assert "its gradients" in out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("keras_model = in_keras", ""), "got no keras_model"),
        (("input_shape", "shape"), "expected x, an array, or input_shape"),
        (('"time"', '"steps"'), "expected input_shape such as"),
        (('"time"', "0"), "expected input_shape such as"),
        (("SCALE = 1.0", "SCALE = 1 / 0"), "line 6: expected code that runs, got Zero"),
        (("SCALE = 1.0", "SCALE = ("), "line 6: expected code that runs, got Syntax"),
        (("SCALE = 1.0", "raise SystemExit(3)"), "got SystemExit: 3"),
        (("* SCALE", "* SCALES"), "line 16: expected code that runs, got NameError"),
        (("= in_keras", "= dict"), "makes a model of Keras, got one that makes a dict"),
        (("SCALE = 1.0", "loss = 'hinge'"), "expected a loss of mean_squared_error"),
        (("SCALE = 1.0", "transfer = 'both'"), "expected one of None, 'to_keras'"),
        (("input_shape", "names = {'rnn': 'gru'}\ninput_shape"), "got 'gru'"),
        (("input_shape", "names = 'rnn'\ninput_shape"), "mine.py: names: expected a d"),
    ],
)
def test_mistake_in_a_file_is_one_line(file, run, change, said):
    status, out, err = run("run", file(PAIR.replace(*change)))

    assert (status, out) == (2, "")
    assert said in err
    assert err.startswith("compare: ")
    assert "Traceback" not in err


@pytest.mark.parametrize("verb", ["run", "explain", "train", "show"])
def test_file_that_is_not_there_is_one_line(file, run, verb):
    status, _, err = run(verb, "none.py")

    assert status == 2
    assert err == (
        "compare: none.py: expected a pair file, found none; python -m compare new "
        "none.py writes one to start from\n"
    )


# The other verbs


def test_show_prints_each_sides_own_code_and_runs_nothing(file, run):
    status, out, _ = run("show", file(PAIR.replace("= 1.0", "= 1.0 / 0")))

    assert status == 0
    left = [line for line in out.splitlines() if "class InPyTorch" in line]
    assert "mine.py: torch_model" in out
    assert len(left) == 1
    assert "def in_keras" in out
    assert out.count("SCALE = 1.0 / 0") == 1
    assert "input_shape" not in out


def test_both_learn_in_step(file, run, tmp_path):
    status, out, _ = run("train", file(), "--epochs", "2", "--json", "run.json")

    assert status == 0
    assert "In step: mine learns the same" in out
    evidence = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert evidence["training"]["source"] == "x (64, 50, 4), random targets"


def test_target_of_ones_own_is_learnt(file, run):
    text = PAIR + "import numpy\nx = numpy.ones((6, 3, 4), 'f4')\ndel input_shape\n"
    text += "target = numpy.arange(12.0).reshape(6, 2)\n"

    status, out, _ = run("train", file(text), "--epochs", "2")

    assert status == 0
    assert "on x (6, 3, 4)\n" in out


def test_targets_that_are_too_few_are_refused(file, run):
    text = PAIR + "import numpy\ntarget = numpy.ones((3, 2))\n"

    status, _, err = run("train", file(text))

    assert status == 2
    assert "expected a target for each of 64 examples, got 3" in err


def test_pair_file_is_no_name_of_a_pair():
    with pytest.raises(BadInput, match="found none"):
        pair_file.existing("portfolio.py")


@pytest.mark.parametrize("value", ["5", "'model.keras'"])
@pytest.mark.parametrize("name", ["torch_model", "keras_model"])
def test_what_cannot_make_a_model_is_refused_in_one_line(file, run, name, value):
    path = file(f"{PAIR}\n{name} = {value}\n")
    status, _, err = run("run", path)

    assert status == 2
    assert f"{name}: expected a function or class that makes a model" in err
    assert f"got {value}" in err
    assert err.count("\n") == 1
