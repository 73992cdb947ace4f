"""A layer of every kind, saved by Keras, is ported: the same, clean, torch alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_plans import draw
from test_kinds_in_keras import model_of

from compare.errors import BadInput
from compare.kinds import IN_KERAS_ALONE, KINDS
from compare.kinds.kind import Example
from compare.porting.port import port
from compare.porting.wishes import wished

pytestmark = [
    pytest.mark.slow,  # a minute and a half of one free core
    pytest.mark.xdist_group("ported kinds"),  # the sources are checked together
]

# What no port says, by the name of its example, with the message's reason: cells are
# written as those of an RNN, which is what calls them in models.
REFUSED = {
    "LSTM cell": "LSTMCell, which is not written yet",
    "GRU cell": "GRUCell, which is not written yet",
    "RNN cell": "SimpleRNNCell, which is not written yet",
    "RNN(relu) cell": "SimpleRNNCell, which is not written yet",
}

# Loads and runs every port, where nothing but torch and what it needs can be loaded.
ALONE = """
import importlib.util, pathlib, sys

class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("compare", "keras", "tensorflow", "tf_keras"):
            raise ImportError(f"{name} is loaded")

sys.meta_path.insert(0, Refused())
from safetensors.torch import load_file

for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    spec = importlib.util.spec_from_file_location(folder.name, folder / "model.py")
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)
    model = page.One()
    model.load_state_dict(load_file(folder / "model.safetensors"))
    model.eval()
    example = load_file(folder / "example.safetensors")
    model(*[example[name] for name in sorted(example) if name.startswith("input")])
print("all run")
"""


def examples() -> Iterator[tuple[str, Example]]:
    """All examples that Keras has a layer for, by the name of kind and example."""
    for kind in (*KINDS, *IN_KERAS_ALONE):
        for example in kind.examples:
            if example.keras:
                yield f"{kind.name} {example.name}".strip(), example


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the ports are written into."""
    return tmp_path_factory.mktemp("ports")


def folder_name(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)


@pytest.mark.parametrize(
    ("name", "example"), [pytest.param(*e, id=e[0]) for e in examples()]
)
def test_a_layer_of_a_kind_is_ported(
    name: str, example: Example, folder: Path, tmp_path: Path
) -> None:
    """The verdict on the port of a saved model of one layer is `same`."""
    model, _ = model_of(example)
    draw(model)
    path = tmp_path / "one.keras"
    model.save(path)

    if name in REFUSED:
        with pytest.raises(BadInput, match=REFUSED[name]):
            port(wished(str(path), str(folder / folder_name(name))))
        return
    result = port(wished(str(path), str(folder / folder_name(name))))

    assert result.evidence.verdict == "same"
    assert result.judge.name == "Keras 3"


def test_the_ports_are_clean(folder: Path) -> None:
    """Ruff has nothing to say of any source, without a configuration."""
    assert len(list(folder.glob("*/model.py"))) > 100
    in_folder = "lint.isort.known-first-party=['model']"  # where `check.py` finds it
    check = ["check", "--config", in_folder]
    for command in (check, ["format", "--check"]):
        run = [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache"]
        done = subprocess.run([*run, str(folder)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_ports_run_with_torch_alone(folder: Path, tmp_path: Path) -> None:
    """No port needs Keras, TensorFlow or the suite."""
    script = tmp_path / "alone.py"
    script.write_text(ALONE, "utf-8")
    done = subprocess.run(
        [sys.executable, str(script), str(folder)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""},
    )
    assert done.stdout == "all run\n", done.stderr
