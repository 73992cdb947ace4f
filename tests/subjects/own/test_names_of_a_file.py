"""A name in a pair file that is nearly a known one is asked about, and no other."""

import pytest

from compare import BadInput
from compare.subjects.own import pair_file

FILE = """
import random as losses
torch_model = keras_model = list
x = [[1.0]]
"""


def load(tmp_path, *lines):
    path = tmp_path / "mine.py"
    path.write_text(FILE + "\n".join(lines), encoding="utf-8")
    return pair_file.load(str(path), seed=0)


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("losss = 'mean_squared_error'", "loss"),
        ("optimiser = 'sgd'", "optimizer"),
        ("targets = [1.0]", "target"),
        ("inputs_shape = (3,)", "input_shape"),
        ("name = {}", "names"),
        ("ignored = ['a']", "ignore"),
        ("def kerasmodel(): pass", "keras_model"),
    ],
)
def test_a_name_that_is_nearly_known_is_asked_about(tmp_path, line, meant):
    if meant == "keras_model":
        line += "\ndel keras_model"
    with pytest.raises(BadInput, match=f"did you mean {meant}[?]"):
        load(tmp_path, line)


@pytest.mark.parametrize(
    "line",
    [
        "epochs, batch_size, y = 3, 7, [1.0]",
        "name = 'my pair'",
        "_losss = 1",
        "def targets(): pass",
        "target, targets = None, [1.0]",
    ],
)
def test_other_names_are_a_users_own(tmp_path, line):
    assert load(tmp_path, line).optimizer is None


def test_the_optimizer_is_taken(tmp_path):
    assert load(tmp_path, "optimizer = 'rmsprop'").optimizer == "rmsprop"


def test_an_optimizer_that_nobody_knows_is_one_line(tmp_path):
    match = "expected an optimizer of sgd, momentum, rmsprop, adam, adamw, got 'adamax'"

    with pytest.raises(BadInput, match=match):
        load(tmp_path, "optimizer = 'adamax'")
