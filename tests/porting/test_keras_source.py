"""Source of Keras that is written from a plan makes the same model."""

import ast

import pytest
from live_models import MODELS
from live_plans import draw, plan_of, weights_of
from same_models import assert_clean, assert_same, executed

from compare.in_keras.rebuilding import Rebuilt, rebuilt
from compare.kinds.graph import ModelPlan
from compare.porting.writing.keras_source import keras_source


def written(plan: ModelPlan, result: Rebuilt) -> str:
    return keras_source(plan, result.facts, result.models)


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
