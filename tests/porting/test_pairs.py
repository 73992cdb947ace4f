"""The Keras twin of every built-in pair is ported as one would have written it."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import keras
import pytest
from ports import drawn

from compare.in_keras.functional import as_functional
from compare.porting.port import port
from compare.porting.wishes import wished
from compare.subjects.pairs import PAIRS, Pair

ROOT = Path(__file__).parents[2]
MOST_STATEMENTS = 1.3  # of those of our own file

# It looks at the numbers of its lengths to give a message, which symbols do not have.
LOOKING_AT_NUMBERS = "lstm_model_variable_seq"
PORTED = [pair for pair in PAIRS if pair.file != LOOKING_AT_NUMBERS]


def shape_of(pair: Pair) -> tuple[int | None, ...]:
    """What the pair's Keras model takes, batch first but where it takes time first."""
    sizes = pair.sizes
    features = next(
        sizes[name]
        for name in ("num_features", "input_size", "num_channels")
        if name in sizes
    )
    steps = sizes.get("timesteps", sizes.get("height"))
    if pair.time_major:
        return (steps, pair.batch, features)
    return (None, steps, *pair.spatial, features)


def statements(text: str) -> int:
    """How many statements a source has, docstrings left out."""
    count = 0
    for node in ast.walk(ast.parse(text)):
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        count += isinstance(node, ast.stmt) and not is_text
    return count


@pytest.mark.parametrize("pair", PORTED, ids=lambda pair: pair.file)
@pytest.mark.filterwarnings("ignore")
def test_the_port_of_a_pair_is_the_same_and_as_short_as_ours(pair, tmp_path):
    """Its own source in Keras as well; both are clean for ruff."""
    module = import_module(f"keras_models.{pair.file}")
    keras.utils.clear_session()
    model = as_functional(getattr(module, pair.cls)(**pair.sizes), [shape_of(pair)])
    path = tmp_path / f"{pair.file}.keras"
    drawn(model).save(path)

    result = port(wished(str(path), str(tmp_path / "port"), twin=True))

    assert result.evidence.verdict == "same"
    assert result.is_proved
    assert result.judge.name == "Keras 3"
    source = (tmp_path / "port" / "model.py").read_text("utf-8")
    ours = (ROOT / "pytorch_models" / f"{pair.file}.py").read_text("utf-8")
    assert statements(source) <= MOST_STATEMENTS * statements(ours), source
    ruff(tmp_path / "port", "check", "--isolated")
    ruff(tmp_path / "port", "format", "--check", "--isolated")


def ruff(folder: Path, *command: str) -> None:
    """Run ruff on the sources of a port."""
    files = ["model.py", "keras_model.py", "check.py"]
    ran = subprocess.run(
        [sys.executable, "-m", "ruff", *command, *files],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
