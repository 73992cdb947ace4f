"""An activation that follows a layer alone is the layer's setting."""

import pytest

from compare.kinds.graph import Call, LayerPlan, ModelPlan, Tensor
from compare.porting.reading.modules import pruned
from compare.porting.writing.activations_inside import with_activations_inside


def plan_of(operation, layer="Dense", settings=None, config=None, outputs=None):
    """An input, a layer, and an operation on what it returns."""
    made = LayerPlan("layer", layer, {"units": 3, **(config or {})})
    layers = {
        "x": LayerPlan("x", "InputLayer", {"shape": (4,), "dtype": "float32"}),
        "layer": made,
        "act": LayerPlan("act", f"ops.{operation}"),
    }
    calls = (
        Call("x"),
        Call("layer", (Tensor(0),)),
        Call("act", (Tensor(1),), settings or {}),
    )
    outputs = Tensor(2) if outputs is None else outputs
    return ModelPlan("net", layers, calls, Tensor(0), outputs)


@pytest.mark.parametrize(
    ("operation", "settings"),
    [
        ("relu", {}),
        ("tanh", {}),
        ("softmax", {"axis": -1}),
        ("softmax", {}),
        ("gelu", {"approximate": False}),
        ("leaky_relu", {"negative_slope": 0.2}),
    ],
)
@pytest.mark.parametrize("layer", ["Dense", "Conv2D"])
def test_an_activation_goes_into_the_layer_before_it(operation, settings, layer):
    plan = pruned(with_activations_inside(plan_of(operation, layer, settings)))

    assert [*plan.layers] == ["x", "layer"]
    assert plan.layers["layer"].config["activation"] == operation
    assert plan.outputs == Tensor(1)


@pytest.mark.parametrize(
    "plan",
    [
        plan_of("exp"),
        plan_of("relu", "LayerNormalization"),
        plan_of("relu", config={"activation": "tanh"}),
        plan_of("relu", outputs=[Tensor(1), Tensor(2)]),  # the layer's own is read too
        plan_of("softmax", settings={"axis": 1}),
        plan_of("leaky_relu", settings={"negative_slope": 0.3}),
        plan_of("gelu"),  # of an operation it is the tanh's
        plan_of("gelu", settings={"approximate": True}),
    ],
)
def test_what_is_another_function_or_is_read_stays(plan):
    assert with_activations_inside(plan) is plan


def test_a_layer_that_is_called_twice_has_none():
    plan = plan_of("relu")
    calls = (*plan.calls, Call("layer", (Tensor(2),)))
    plan = ModelPlan("net", plan.layers, calls, Tensor(0), Tensor(3))

    assert with_activations_inside(plan) is plan
