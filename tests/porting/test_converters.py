"""The comparison of converters: what it calls right, and what the suite's ports are."""

import json
import os
import subprocess
import sys
from pathlib import Path

import compare_converters
import converter_tables
import converter_work
import numpy as np
import pytest
from converter_ports import Attempt, Port

SCRIPT = Path(compare_converters.__file__)
SUITE, *OTHERS = compare_converters.CONVERTERS
NUM_MODELS = 12


@pytest.fixture
def folder(tmp_path):
    """A saved model's folder, with three cases and what the model gives for them."""
    rng = np.random.default_rng(3)
    arrays = {}
    for case, length in enumerate((4, 2, 7)):
        arrays[f"input_{case}_0"] = rng.normal(size=(2, length))
        arrays[f"output_{case}"] = 10 * arrays[f"input_{case}_0"]
    np.savez(tmp_path / "cases.npz", **arrays)
    return tmp_path


def _attempt(factor, note="", lengths=(4, 2, 7), float_types=("float64", "float32")):
    """Return an attempt whose port multiplies, and raises for any other length."""

    def run(inputs, float_type):
        if inputs[0].shape[1] not in lengths:
            raise IndexError("out of bounds")
        return (factor * inputs[0]).astype(float_type)

    return Attempt(note, lambda folder: Port(run, float_types, 5, lines=8))


def _refuse(folder):
    raise NotImplementedError("no\nconverter for LSTM")


def test_a_port_that_computes_the_same_is_right(folder):
    measured = converter_work.measure(folder, [_attempt(10.0)])

    assert measured.float_type == "float64"
    assert measured.num_right == 3
    assert max(measured.errors) < 1e-15


@pytest.mark.parametrize("factor", [10.0001, -10.0, 0.0, float("nan")])
def test_a_port_that_computes_something_else_is_not_right(folder, factor):
    measured = converter_work.measure(folder, [_attempt(factor)])

    assert measured.refused is None
    assert measured.num_right == 0
    assert (measured.errors == ["not finite"] * 3) == np.isnan(factor)


def test_a_port_in_float32_alone_is_judged_in_it(folder):
    """Rounding to float32 is no mistake, and the result says in which type it ran."""
    measured = converter_work.measure(folder, [_attempt(10, float_types=("float32",))])

    assert measured.float_type == "float32"
    assert measured.limit == converter_work.RIGHT_BELOW["float32"]
    assert measured.num_right == 3
    assert 0 < max(measured.errors) < measured.limit


def test_a_port_that_fails_in_float64_is_judged_in_float32(folder):
    def run(inputs, float_type):
        if float_type == "float64":
            raise TypeError("expected float32")
        return (10 * inputs[0]).astype(float_type)

    attempt = Attempt("", lambda folder: Port(run, ("float64", "float32"), 5))
    measured = converter_work.measure(folder, [attempt])

    assert measured.float_type == "float32"
    assert measured.num_right == 3


def test_a_port_of_one_length_says_why_others_fail(folder):
    measured = converter_work.measure(folder, [_attempt(10.0, lengths=(4,))])

    assert measured.num_right == 1
    assert measured.errors[1:] == ["IndexError: out of bounds"] * 2


def test_the_attempt_that_is_right_most_often_is_reported(folder):
    calls = []
    attempts = [
        Attempt("", _refuse),
        _attempt(10.0, "length fixed", lengths=(4,)),
        _attempt(10.0, "opset 13"),
        Attempt("not needed", calls.append),
    ]

    assert converter_work.measure(folder, attempts[:1]).refused == (
        "NotImplementedError: no converter for LSTM"
    )
    assert converter_work.measure(folder, attempts[:2]).note == "length fixed"
    assert converter_work.measure(folder, attempts).note == "opset 13"
    assert calls == []


def test_the_first_reason_stands_where_every_attempt_is_refused(folder):
    def refuse_later(folder):
        raise ValueError("another reason")

    attempts = [Attempt("", _refuse), Attempt("opset 13", refuse_later)]

    assert "converter for LSTM" in converter_work.measure(folder, attempts).refused


def test_tables_hide_no_refusal_and_no_wrong_number():
    """A refusal has its reason under the table, and is counted as no port."""
    wrong = {
        "refused": None,
        "note": "opset 13",
        "errors": [1e-16, 0.5, "IndexError: out"],
        "float_type": "float64",
        "limit": 1e-6,
        "seconds": 1.0,
        "trainable": 3,
        "lines": None,
        "nodes": 40,
    }
    fails = wrong | {"note": "", "errors": [1e-16, 1e-16, "IndexError: out"]}
    results = {"a": {"one": wrong, "two": fails, "three": {"refused": "no LSTM"}}}
    of_model = {"any_length": True, "trainable": 7}
    facts = {"one": of_model, "two": of_model, "three": of_model}

    printed = converter_tables.text({"a": "A"}, facts, results)

    cells = [line.split("|")[1:-1] for line in printed.splitlines() if "| A" in line]
    rows = [[cell.strip() for cell in row] for row in cells]
    sizes = ["none, 40 nodes", "3/7"]
    assert rows == [
        [
            "one",
            "A",
            "yes (opset 13)",
            "yes",
            "no: error 5.0e-01",
            "5e-01",
            "1.0",
            *sizes,
        ],
        ["two", "A", "yes", "yes", "no: [1]", "1e-16", "1.0", *sizes],
        ["three", "A", "refused: [2]", *["-"] * 6],
        ["A", "2/3", "1/3", "2/3", "0/3", "5e-01", "1.0", "none", "6/14"],
    ]
    assert "[1] IndexError: out\n[2] no LSTM\n" in printed


def test_a_model_that_is_not_there_is_named():
    ended = _run("--only", "lstm_last_stop", "--converter", "suite")

    assert ended.returncode == 1
    assert "no model is called lstm_last_stop; there are lstm_last_step" in ended.stderr


@pytest.mark.slow
def test_the_port_of_every_model_is_right_at_every_length(tmp_path):
    """The suite's ports are what Keras's models are, in float64."""
    results = _measured(SUITE, tmp_path)

    assert len(results) == NUM_MODELS
    wrong = {}
    for name, result in results.items():
        errors = result["errors"] or [result["refused"]]
        if not all(converter_tables.is_right(error, result) for error in errors):
            wrong[name] = errors
    assert not wrong
    assert {result["float_type"] for result in results.values()} == {"float64"}


@pytest.mark.slow
@pytest.mark.parametrize("converter", OTHERS, ids=lambda converter: converter.name)
def test_a_converter_that_is_installed_is_measured_on_every_model(converter, tmp_path):
    """No process ends on a model: each has a port, or a reason from the converter."""
    python = compare_converters.python_for(converter)
    if isinstance(python, str):
        pytest.skip(f"{converter.title}: {python}")

    results = _measured(converter, tmp_path)

    assert len(results) == NUM_MODELS
    for result in results.values():
        assert (result["refused"] is None) == (result["errors"] is not None)
        assert result["versions"], "the result is the converter's own"


def _measured(converter, tmp_path):
    """Run the script for a converter; return what came of each model, by name."""
    path = tmp_path / "results.json"
    ended = _run("--converter", converter.name, "--json", str(path))
    assert ended.returncode == 0, ended.stderr
    return json.loads(path.read_text())[converter.name]


def _run(*arguments):
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
    )
