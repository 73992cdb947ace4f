"""Trained models in packages of others are ported, and are the same."""

import subprocess
import sys

import pytest
from real_files import fetched

from compare.in_keras import legacy
from compare.porting.port import port
from compare.porting.wishes import wished

SLEEPECG = "sleepecg/classifiers/{}.zip!classifier.keras"
FILES = {
    "flavorfetcher": ("flavorfetcher", "1.0.0", "flavorfetcher/data/*.h5"),
    "dgaintel": ("dgaintel", "2.3", "*/domain_classifier_model.h5"),
    "russtress": ("russtress", "0.1.4", "russtress/*.hdf5"),
    "sleepecg, stages": ("sleepecg", "0.6.0", SLEEPECG.format("ws-gru-mesa")),
    "sleepecg, weighted": ("sleepecg", "0.6.0", SLEEPECG.format("wrn-gru-mesa")),
}


@pytest.mark.slow
@pytest.mark.parametrize("model", FILES)
@pytest.mark.filterwarnings("ignore")
def test_a_trained_model_is_ported(model, tmp_path):
    """By what runs the original itself, and by its example with torch alone."""
    path = fetched(*FILES[model])

    result = port(wished(str(path), str(tmp_path / "port"), twin=True))

    print(f"\n{model}: {result.judge.reason}")
    assert result.evidence.verdict == "same", result.evidence.explain()
    assert result.is_proved
    expected = "Keras 3" if model.startswith("sleepecg") else "tf-keras"
    if expected == "Keras 3" or legacy.is_installed():
        assert result.judge.name == expected
    ran = subprocess.run(
        [sys.executable, "check.py"],
        cwd=tmp_path / "port",
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
