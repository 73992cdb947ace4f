"""Source of Keras that is written from a plan makes the same model."""

import ast
import subprocess
import sys
from pathlib import Path

import keras
import pytest
from live_models import MODELS
from live_plans import draw, plan_of, weights_of
from same_models import assert_same

from compare.in_keras.rebuilding import Rebuilt, rebuilt
from compare.kinds.graph import ModelPlan
from compare.porting.writing.keras_source import keras_source

ROOT = Path(__file__).parents[2]


def executed(text: str) -> keras.Model:
    """The model that a source makes."""
    names: dict = {"__name__": "written"}
    exec(compile(text, "written.py", "exec"), names)
    return names["make_model"]()


def written(plan: ModelPlan, result: Rebuilt) -> str:
    return keras_source(plan, result.facts, result.models)


def assert_clean(text: str, folder: Path) -> None:
    """Ruff has nothing to say of the text, with the configuration of this project."""
    path = folder / "written.py"
    path.write_text(text, "utf-8")
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        run = [sys.executable, "-m", "ruff", *command]
        config = ["--config", str(ROOT / "pyproject.toml"), str(path)]
        done = subprocess.run([*run, *config], capture_output=True, text=True)
        assert done.returncode == 0, f"{done.stdout}{done.stderr}\n{text}"


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_the_source_makes_the_model_and_loads_its_weights(make, tmp_path):
    model = make()
    draw(model)
    plan = plan_of(model)
    result = rebuilt(plan, weights_of(model))

    text = written(plan, result)

    again = executed(text)
    result.model.save_weights(tmp_path / "model.weights.h5")
    again.load_weights(tmp_path / "model.weights.h5")
    assert_same(model, again)
    assert again.name == model.name
    names = [layer.name for layer in again.layers]
    assert names == [layer.name for layer in result.model.layers]


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_the_source_is_as_ruff_would_have_it(make, tmp_path):
    model = make()
    plan = plan_of(model)
    result = rebuilt(plan, weights_of(model))

    text = written(plan, result)

    assert_clean(text, tmp_path)
    assert text == written(plan, rebuilt(plan, weights_of(model)))
    ast.parse(text)
