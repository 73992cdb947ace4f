"""The traced twin of each built-in model is the same, and no longer than ours."""

import ast
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from traced_twins import drawn, twin

import compare
from compare.in_pytorch.runs import Input
from compare.porting.writing.keras_source import keras_source
from compare.subjects.pairs import PAIRS, Pair

ROOT = Path(__file__).parents[2]
LONGEST = 1.3  # statements, as a part of those of our file
STEPS = {"batch": 4, "time": 11, "axis_0": 9, "axis_1": 10}


def shape_of(pair: Pair) -> tuple[int | str, ...]:
    """The shape of a pair's input; axes between steps and features are open."""
    steps = pair.sizes.get("timesteps", pair.sizes.get("height", "time"))
    between = [f"axis_{number}" for number in range(len(pair.spatial))]
    if "height" in pair.sizes or pair.file == "film_classifier":
        between = list(pair.spatial)
    batch = "batch"
    if pair.time_major:
        batch, steps = steps, batch
        if pair.batch is not None:
            batch, steps = "batch", pair.batch
    return (batch, steps, *between, pair.sizes["num_features"])


def statements(text: str) -> int:
    """How many statements a file has, docstrings not counted."""
    count = 0
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.stmt):
            is_text = isinstance(node, ast.Expr) and isinstance(
                node.value, ast.Constant
            )
            count += not is_text
    return count


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.file)
def test_a_built_in_model_and_its_traced_twin_are_the_same(pair):
    cls = getattr(import_module(f"pytorch_models.{pair.file}"), pair.cls)
    module = drawn(cls(**pair.sizes))
    shape = shape_of(pair)
    inputs = [Input(shape)]
    x = np.random.default_rng(0).standard_normal([STEPS.get(s, s) for s in shape])
    given = x.astype("float32")
    if pair.lengths:
        inputs.append(Input(("batch",)))
        given = [given, np.array([11, 3, 7, 1])]

    traced, result = twin(module, *inputs)

    assert compare.check(module, result.model, given).verdict == "same"
    ours = (ROOT / "keras_models" / f"{pair.file}.py").read_text("utf-8")
    text = keras_source(traced.plan, result.facts, result.models)
    assert statements(text) <= LONGEST * statements(ours)
