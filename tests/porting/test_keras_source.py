"""Source of Keras that is written from a plan makes the same model."""

import ast
from dataclasses import replace

import numpy as np
import pytest
from live_models import MODELS
from live_plans import draw, plan_of, weights_of
from random_live_models import random_model
from same_models import assert_clean, assert_same, executed

from compare.in_keras.rebuilding import Rebuilt, rebuilt
from compare.kinds.graph import Call, LayerPlan, ModelPlan, Tensor
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


def one_layer(layer: LayerPlan, shape: tuple[int | None, ...]) -> ModelPlan:
    x = LayerPlan("in/x", "InputLayer", {"shape": shape, "dtype": "float32"})
    calls = (Call(x.name), Call(layer.name, (Tensor(0),)))
    return ModelPlan(
        'a "model"', {x.name: x, layer.name: layer}, calls, Tensor(0), Tensor(1)
    )


def with_weights(plan: ModelPlan, **arrays: tuple[int, ...]) -> Rebuilt:
    """The rebuilt model of one layer, with random weights of these shapes."""
    rng = np.random.default_rng(0)
    drawn = {key: rng.uniform(-1, 1, shape) for key, shape in arrays.items()}
    name = list(plan.layers)[-1]
    return rebuilt(plan, {name: drawn} if drawn else {})


@pytest.mark.parametrize(
    "name",
    [
        "scope/dense 1",
        "lambda",
        "layers",
        "ops",
        "x",
        "inputs",
        "l",
        "max",
        "_hidden",
        "7th",
        "né",
        "a\\b\"c'd\n",
        "very_long_" * 12,
    ],
)
def test_any_name_of_a_layer_becomes_a_legal_one(name, tmp_path):
    """The layer stands in a branch, so that its result takes its name."""
    dense = LayerPlan(name, "Dense", {"units": 3})
    add = LayerPlan("sum", "Add")
    plan = one_layer(dense, (3,))
    calls = (
        *plan.calls,
        Call(name, (Tensor(1),)),
        Call("sum", ([Tensor(0), Tensor(1), Tensor(2)],)),
    )
    layers = {**plan.layers, "sum": add}
    plan = replace(plan, layers=layers, calls=calls, outputs=Tensor(3))
    weights = {name: {"kernel": np.ones((3, 3)), "bias": np.arange(3.0)}}
    result = rebuilt(plan, weights)

    text = written(plan, result)

    assert_clean(text, tmp_path)
    again = executed(text)
    again.set_weights(result.model.get_weights())
    assert_same(result.model, again)


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_hard_sigmoid_of_keras_2_is_written_out_once(wrapped, tmp_path):
    config = {
        "units": 4,
        "recurrent_activation": "hard_sigmoid_fifth",
        "activation": "hard_sigmoid_fifth",
    }
    layer = LayerPlan("lstm", "LSTM", config)
    shapes = {"kernel": (3, 16), "recurrent_kernel": (4, 16), "bias": (16,)}
    if wrapped:
        layer = LayerPlan("both", "Bidirectional", {}, (layer,))
        shapes = {
            f"{way}.{key}": shape
            for way in ("forward", "backward")
            for key, shape in shapes.items()
        }
    plan = one_layer(layer, (None, 3))
    result = with_weights(plan, **shapes)

    text = written(plan, result)

    assert text.count("def hard_sigmoid_fifth(x):") == 1
    assert "from keras import layers, ops\n" in text
    assert_clean(text, tmp_path)
    again = executed(text)
    again.set_weights(result.model.get_weights())
    assert_same(result.model, again)


@pytest.mark.parametrize(
    ("layer", "shape", "code"),
    [
        (LayerPlan("a", "ReLU", {"max_value": 6.0}), (3,), "ReLU(max_value=6.0, "),
        (LayerPlan("a", "LeakyReLU", {"negative_slope": 0.3}), (3,), "LeakyReLU("),
        (LayerPlan("a", "Activation", {"activation": "tanh"}), (3,), '("tanh", '),
        (
            LayerPlan("a", "Activation", {"activation": "hard_sigmoid_fifth"}),
            (3,),
            "Activation(hard_sigmoid_fifth, ",
        ),
        (
            LayerPlan(
                "a",
                "Activation",
                {"activation": {"class_name": "ELU", "config": {"alpha": 0.5}}},
            ),
            (3,),
            "Activation(layers.ELU(alpha=0.5), ",
        ),
        (LayerPlan("a", "Permute", {"dims": [2, 1]}), (4, 3), "Permute((2, 1), "),
        (LayerPlan("a", "Reshape", {"target_shape": [6]}), (3, 2), "Reshape((6,), "),
        (LayerPlan("a", "UpSampling1D", {"size": 3}), (4, 3), "UpSampling1D(3, "),
        (
            LayerPlan("a", "ZeroPadding2D", {"padding": [[1, 1], [1, 1]]}),
            (4, 4, 3),
            "ZeroPadding2D(name=",
        ),
        (
            LayerPlan("a", "ZeroPadding2D", {"padding": [[0, 1], [0, 1]]}),
            (4, 4, 3),
            "ZeroPadding2D(((0, 1), (0, 1)), ",
        ),
        (
            LayerPlan("a", "MaxPooling1D", {"pool_size": [3], "strides": [3]}),
            (6, 3),
            "MaxPooling1D(3, ",
        ),
        (
            LayerPlan("a", "MaxPooling1D", {"pool_size": [2], "strides": [1]}),
            (6, 3),
            "MaxPooling1D(strides=1, ",
        ),
        (
            LayerPlan("a", "Dropout", {"rate": 0.25, "seed": 3, "trainable": False}),
            (3,),
            "Dropout(0.25, name=",
        ),
        (LayerPlan("a", "Softmax", {"axis": [2]}), (4, 3), "Softmax(name="),
        (
            LayerPlan("a", "Activation", {"activation": "relu", "dtype": "float64"}),
            (3,),
            'Activation("relu", dtype="float64", name=',
        ),
    ],
    ids=lambda value: value.keras if isinstance(value, LayerPlan) else "",
)
def test_a_layer_is_written_with_the_arguments_that_it_needs(
    layer, shape, code, tmp_path
):
    plan = one_layer(layer, shape)
    result = with_weights(plan)

    text = written(plan, result)

    assert code in text
    assert_clean(text, tmp_path)
    assert_same(result.model, executed(text))


def test_what_training_depends_on_is_left_out():
    config = {
        "units": 2,
        "kernel_initializer": {"class_name": "Own", "module": "mine", "config": {}},
        "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.1}},
        "bias_constraint": {"class_name": "NonNeg", "config": {}},
    }
    plan = one_layer(LayerPlan("dense", "Dense", config), (3,))
    result = with_weights(plan, kernel=(3, 2), bias=(2,))

    assert 'layers.Dense(2, name="dense")(inputs)' in written(plan, result)


def test_a_call_that_no_result_depends_on_is_left_out():
    plan = one_layer(LayerPlan("relu", "ReLU"), (3,))
    layers = {**plan.layers, "lost": LayerPlan("lost", "Softmax")}
    plan = replace(plan, layers=layers, calls=(*plan.calls, Call("lost", (Tensor(1),))))

    assert "lost" not in written(plan, rebuilt(plan, {}))


def test_operations_are_written_with_signs_slices_and_what_they_need(tmp_path):
    def operation(name: str, *args: object, **kwargs: object) -> None:
        layers[name] = LayerPlan(name, f"ops.{name}")
        calls.append(Call(name, args, kwargs))

    x = LayerPlan("x", "InputLayer", {"shape": (4, 3), "dtype": "float32"})
    layers, calls = {"x": x}, [Call("x")]
    operation("getitem", Tensor(0), (slice(None), slice(1, None), slice(None, None, 2)))
    operation("multiply", 2.5, Tensor(1))
    operation("true_divide", Tensor(2), Tensor(1))
    operation("power", Tensor(3), -1)
    operation("mean", Tensor(4), axis=1, keepdims=False)
    operation("stack", [Tensor(5), Tensor(5)], axis=-1)
    plan = ModelPlan("some", layers, tuple(calls), Tensor(0), [Tensor(6), Tensor(2)])
    result = rebuilt(plan, {})

    text = written(plan, result)

    for code in (
        "inputs[:, 1:, ::2]",
        "2.5 * x",
        "/ x",
        "ops.power(",
        ", axis=1)",
        "], axis=-1)",
    ):
        assert code in text, text
    assert "keepdims" not in text
    assert_clean(text, tmp_path)
    assert_same(result.model, executed(text))


@pytest.mark.parametrize("seed", range(6))
def test_random_models_are_rebuilt_and_written(seed, tmp_path):
    model = random_model(seed)
    draw(model)
    plan = plan_of(model)
    result = rebuilt(plan, weights_of(model))

    text = written(plan, result)

    assert_clean(text, tmp_path)
    again = executed(text)
    result.model.save_weights(tmp_path / "model.weights.h5")
    again.load_weights(tmp_path / "model.weights.h5")
    assert_same(model, result.model, again)
