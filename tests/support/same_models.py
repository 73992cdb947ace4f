"""Whether two Keras models compute the same in float64; models that are written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np

from compare.in_keras.rebuilding import results

LIMIT = 1e-13
ROOT = Path(__file__).parents[2]


def inputs_of(model: keras.Model, batch: int = 2, time: int = 6) -> list[np.ndarray]:
    """Random inputs: words from 0 on, and numbers of which some steps are -1."""
    rng = np.random.default_rng(5)
    arrays = []
    tensors = model.inputs
    if not isinstance(model, keras.Sequential) and isinstance(model.input, dict):
        tensors = model.input.values()  # as they were named, which Keras sorts
    for tensor in tensors:
        shape = [batch, *(time if size is None else size for size in tensor.shape[1:])]
        if "int" in tensor.dtype:
            arrays.append(rng.integers(0, 9, shape))
            continue
        array = rng.uniform(-2, 2, shape)
        array[:, 1:2] = -1
        arrays.append(array)
    return arrays


def outputs(model: keras.Model, arrays: list[np.ndarray]) -> list[np.ndarray]:
    """All results in float64."""
    return results(model, arrays, "float64")


def assert_same(
    model: keras.Model, *others: keras.Model, arrays: list[np.ndarray] | None = None
) -> None:
    """All give the same numbers, on these inputs or on random ones."""
    arrays = inputs_of(model) if arrays is None else arrays
    right = outputs(model, arrays)
    for other in others:
        computed = outputs(other, arrays)
        assert len(computed) == len(right)
        for first, second in zip(right, computed, strict=True):
            assert first.shape == second.shape
            assert first.dtype == second.dtype == np.float64
            assert np.abs(first).max() > 0.001
            assert np.abs(first - second).max() < LIMIT


def executed(text: str) -> keras.Model:
    """The model that a source makes."""
    names: dict = {"__name__": "written"}
    exec(compile(text, "written.py", "exec"), names)
    return names["make_model"]()


def assert_clean(text: str, folder: Path) -> None:
    """Ruff has nothing to say of the text, with the configuration of this project."""
    path = folder / "written.py"
    path.write_text(text, "utf-8")
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        run = [sys.executable, "-m", "ruff", *command]
        config = ["--config", str(ROOT / "pyproject.toml"), str(path)]
        done = subprocess.run([*run, *config], capture_output=True, text=True)
        assert done.returncode == 0, f"{done.stdout}{done.stderr}\n{text}"
