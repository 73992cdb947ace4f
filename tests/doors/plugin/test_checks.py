"""The pytest plugin on a session with checks, which loads both frameworks."""

import json
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from evidence_schema import assert_described
from plugin_sessions import LOAD, MODULE

pytest_plugins = "pytester"


MODELS = """
import numpy as np
import torch
import keras

X = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")

class Port(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = torch.nn.LSTM(3, 4, batch_first=True)
        self.head = torch.nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])

def original(activation=None):
    layers = keras.layers.LSTM(4), keras.layers.Dense(2, activation=activation)
    return keras.Sequential([keras.Input((None, 3)), *layers])
"""


TESTS = {
    "test_good.py": """
def test_good(assert_same_model):
    for transfer in ("to_keras", "to_torch"):
        found = assert_same_model(Port(), original(), X, transfer)
        assert found.verdict == "same"
""",
    "test_bad.py": """
def test_bad(assert_same_model):
    assert_same_model(Port(), original("tanh"), X, transfer="to_keras")

def test_no_number(assert_same_model):
    assert_same_model(Port(), original(), X * np.nan)
""",
}


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """Three tests on two workers: what was printed, the JSON, JUnit's properties."""
    folder = tmp_path_factory.mktemp("session")
    (folder / "pytest.ini").write_text("[pytest]\n")
    for name, text in TESTS.items():
        (folder / name).write_text(MODELS + text)
    options = "-q -n2 --dist=loadfile --compare-json=c.json --junitxml=j.xml"
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *LOAD, *options.split()],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    properties = {
        case.get("name"): {p.get("name"): p.get("value") for p in case.iter("property")}
        for case in ElementTree.parse(folder / "j.xml").iter("testcase")
    }
    return ran.stdout, json.loads((folder / "c.json").read_text()), properties


real = pytest.mark.xdist_group("plugin")


@real
def test_same_models_pass_and_others_fail(session):
    said, _, _ = session

    assert "2 failed, 1 passed" in said


@real
def test_failure_shows_the_report_and_the_line_of_the_test(session):
    said, _, _ = session

    assert '>       assert_same_model(Port(), original("tanh"), X, tr' in said
    assert "E       Failed: Port, length none, 5 steps, batch 2, to_keras: diff" in said
    assert "E         starts at " in said
    assert "E         because   " in said


@real
def test_the_json_conforms_to_the_schema(session):
    _, document, _ = session

    assert_described(json.dumps(document), "checks")


@real
def test_bad_input_is_a_failure_of_one_line(session):
    said, _, _ = session
    lines = [line for line in said.splitlines() if line.startswith("E   ")]

    assert sum("x[0, 0, 0]: expected a finite number" in line for line in lines) == 1


@real
def test_no_traceback_leads_through_the_package(session):
    said, _, _ = session

    assert f"{MODULE}.py" not in said
    assert "api.py" not in said


@real
def test_document_has_the_checks_of_both_workers(session):
    _, found, _ = session
    told = [
        (each["test"], each["verdict"], each["as_expected"]) for each in found["checks"]
    ]

    assert told == [
        ("test_bad.py::test_bad", "different", False),
        ("test_bad.py::test_no_number", None, False),
        ("test_good.py::test_good", "same", True),
        ("test_good.py::test_good", "same", True),
    ]
    assert found["summary"] == dict(checks=4, as_expected=2, unexpected=2)
    assert found["exit_status"] == 1


@real
def test_document_holds_the_evidence_that_run_writes(session):
    _, found, _ = session
    bad, unread, good, _ = found["checks"]

    assert bad["evidence"]["results"][0]["verdict"] == "different"
    assert good["evidence"]["results"][0]["direction"] == "to_keras"
    assert good["evidence"]["sensitivity"][0]["noticed"] > 50
    assert unread["evidence"] is None
    assert unread["error"].startswith("x[0, 0, 0]: expected a finite number")


@real
def test_junit_has_the_figures_of_each_check(session):
    _, found, properties = session
    good = properties["test_good"]
    results = found["checks"][2]["evidence"]["results"]

    assert good["compare.1.verdict"] == good["compare.2.verdict"] == "same"
    assert float(good["compare.1.gap"]) in [each["gap64"] for each in results]
    assert 0 < float(good["compare.1.gap"]) < float(good["compare.1.limit"]) < 1e-12
    assert int(good["compare.1.noticed"]) > 50
    assert good["compare.1.noticed"] == good["compare.1.faults"]
    assert properties["test_bad"]["compare.1.verdict"] == "different"
    assert "finite number" in properties["test_no_number"]["compare.1.error"]
