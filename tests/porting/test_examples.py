"""The example of a port: what its script allows, and what it says of a wrong port."""

import dataclasses
import subprocess
import sys
from importlib import resources

import keras
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import compare
from compare.judging.evidence import Evidence
from compare.judging.result import DIFFERENT, SAME, Result, StageResult
from compare.porting import contents
from compare.porting.confirming import Confirmation
from compare.porting.contents import Example, verdict_of_port
from compare.porting.judges import Judge
from compare.porting.rounding import LEAST_LIMIT, limit_of
from tests.support.ports import drawn

DATA = resources.files("compare.porting") / "data"


def stage_of(gap, noise, verdict=DIFFERENT):
    return StageResult("output", verdict, gap, 1e-14, gap, noise, noise, 1, 1)


def evidence_of(stage):
    result = Result("net", "none", 7, 8, "as is", stage.verdict, SAME, stages=(stage,))
    return Evidence({}, {}, [result], [], [], 1.0)


def chain():
    x = keras.Input((3,))
    return drawn(keras.Model(x, keras.layers.Dense(2)(x)))


@pytest.fixture
def given():
    return [np.random.default_rng(0).normal(size=(4, 3)).astype("float32")]


def test_a_limit_is_not_made_of_the_difference(given):
    """A check whose limit grows with the error passes any port."""
    assert limit_of(evidence_of(stage_of(0.5, 1e-8)), chain(), given) == LEAST_LIMIT


def test_a_limit_grows_with_rounding(given):
    evidence = evidence_of(stage_of(0.0, 1e-4, SAME))
    assert limit_of(evidence, chain(), given) == pytest.approx(2e-3)


def test_a_limit_counts_rounding_that_was_not_measured_as_none(given):
    evidence = evidence_of(stage_of(0.0, np.nan, SAME))
    assert limit_of(evidence, chain(), given) == LEAST_LIMIT


@pytest.mark.parametrize(
    "template", [f.name for f in DATA.iterdir() if f.name.startswith("check")]
)
def test_a_script_of_a_port_that_is_not_proved_begins_with_a_failure(template):
    assert contents.PASSING in (DATA / template).read_text("utf-8")
    script = Example({}, 1e-5, "different").script(template, "Net").decode()
    assert contents.PASSING not in script
    assert "judged different" in script


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    folder = tmp_path_factory.mktemp("port")
    chain().save(folder / "net.keras")
    return compare.port(str(folder / "net.keras"), str(folder / "out"))


def checked(port):
    run = subprocess.run(
        [sys.executable, "check.py"], cwd=port.folder, capture_output=True, text=True
    )
    return run.returncode, run.stdout


def test_a_right_port_passes_and_with_other_weights_fails(port):
    assert checked(port)[0] == 0

    path = port.folder / "model.safetensors"
    before = path.read_bytes()
    arrays = load_file(path)
    save_file({name: array + 0.01 for name, array in arrays.items()}, path)
    try:
        assert checked(port)[0] == 1
    finally:
        path.write_bytes(before)


def test_results_of_another_shape_fail_that_broadcast(port):
    """One column in the place of two was subtracted from both."""
    path = port.folder / "example.safetensors"
    before = path.read_bytes()
    arrays = load_file(path)
    arrays["result000"] = arrays["result000"][:1] * 0
    arrays["input000"] = arrays["input000"] * 0
    save_file(arrays, path)
    try:
        run = subprocess.run(
            [sys.executable, "check.py"],
            cwd=port.folder,
            capture_output=True,
            text=True,
        )
    finally:
        path.write_bytes(before)

    assert run.returncode == 1
    assert "expected (1, 2), got" in run.stderr


def test_a_verdict_is_the_worse_of_two(port):
    """One on the port, and one on what it was compared with."""
    other = Judge("tf-keras", "", None, Confirmation((stage_of(1e-9, 1e-8),)))

    assert verdict_of_port(port.evidence, port.judge) == SAME
    assert verdict_of_port(port.evidence, other) == DIFFERENT
    assert dataclasses.replace(port, judge=other).verdict == DIFFERENT
