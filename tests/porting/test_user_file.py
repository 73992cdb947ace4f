"""What a user's file has to make, and what is said where it does not."""

import pytest

from compare.errors import BadInput
from compare.porting.user_file import model_of

FILE = """\
from torch import nn


class Net(nn.Module):
    def __init__(self, features, hidden=4):
        super().__init__()
        self.fc = nn.Linear(features, hidden)

    def forward(self, x):
        return self.fc(x)


class Wide(Net):
    def __init__(self, features, hidden, *, bias):
        super().__init__(features, hidden)


def make():
    return Net(3)


def nothing():
    make()


def number():
    return 3
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(FILE)
    return path


def refusal(file, name):
    with pytest.raises(BadInput) as caught:
        model_of("--model", f"{file}:{name}", "torch")
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_class_that_needs_an_argument_is_to_be_made_by_a_function(file):
    message = refusal(file, "Net")

    assert "one that needs an argument, features;" in message
    assert "def make(): return Net(...)" in message
    assert f"--model {file}:make" in message


def test_all_arguments_that_a_class_needs_are_named(file):
    assert "one that needs arguments, features, hidden, bias;" in refusal(file, "Wide")


def test_the_advice_works(file):
    assert model_of("--model", f"{file}:make", "torch").model.fc.in_features == 3


def test_what_makes_nothing_is_told_with_what_to_do(file):
    message = refusal(file, "nothing")

    assert "got one that makes nothing; let it return the model" in message


def test_what_makes_something_else_is_told_with_its_class(file):
    assert "got one that makes something of class int; let it return" in refusal(
        file, "number"
    )
