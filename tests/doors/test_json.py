"""What the command line writes as JSON conforms to the schema that is shipped."""

import json

import pytest
from evidence_schema import assert_described

from compare import cli

SLOW = pytest.mark.slow
PAIR = """\
import keras
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(3, 4, batch_first=True)

    def forward(self, x):
        return self.rnn(x)[0][:, -1]


def build():
    return keras.Sequential([keras.layers.LSTM(4, go_backwards={backwards})])


torch_model, keras_model = Net, build
input_shape = ("batch", "time", 3)
"""


@pytest.fixture
def written(frameworks, tmp_path, monkeypatch):
    """What calls a command that writes o.json; its status and the JSON."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "same.py").write_text(PAIR.format(backwards=False))
    (tmp_path / "other.py").write_text(PAIR.format(backwards=True))

    def call(words):
        status = cli.main([*words.split(), "--json", "o.json"])
        return status, (tmp_path / "o.json").read_text("utf-8")

    return call


def test_a_run_conforms_with_pairs_of_every_sort_and_claims(written):
    status, text = written("run same.py other.py missing.py")

    assert status == 2
    assert_described(text, "run")
    found = json.loads(text)
    assert {result["verdict"] for result in found["results"]} >= {"same", "different"}
    assert found["claims"]
    assert found["not_compared"]


def test_an_explanation_conforms_with_the_smallest_case(written):
    status, text = written("explain other.py")

    assert status == 1
    assert_described(text, "run")
    assert any(result["smallest"] for result in json.loads(text)["results"])


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("train stock_price --epochs 1", 0),
        pytest.param("train stock_price --epochs 1 --mode native", 1, marks=SLOW),
    ],
)
def test_a_training_run_conforms(written, words, status):
    found, text = written(words)

    assert found == status
    assert_described(text, "training")


@pytest.mark.slow
def test_evidence_of_a_port_conforms(frameworks, tmp_path):
    import keras

    layers = [keras.Input((None, 3)), keras.layers.LSTM(4), keras.layers.Dense(2)]
    keras.Sequential(layers).save(tmp_path / "net.keras")
    status = cli.main(
        ["port", str(tmp_path / "net.keras"), "--out", str(tmp_path / "p")]
    )

    assert status == 0
    assert_described((tmp_path / "p" / "evidence.json").read_text("utf-8"), "run")
