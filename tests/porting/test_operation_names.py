"""Operations of a rebuilt model are named after the plan."""

from __future__ import annotations

import numpy as np

from compare.in_keras.rebuilding import rebuilt
from compare.kinds.graph import INPUT, Call, LayerPlan, ModelPlan, Tensor


def test_an_operation_may_go_by_the_name_that_keras_gave_a_layer() -> None:
    """A layer `subtract`, an operation that Keras would call so, and an array."""
    config = {"shape": [3], "dtype": "float32"}
    layers = {name: LayerPlan(name, INPUT, config) for name in ("a", "b")}
    layers["subtract"] = LayerPlan("subtract", "Subtract")
    layers["apart"] = LayerPlan("apart", "ops.subtract")
    layers["scaled"] = LayerPlan("scaled", "ops.multiply")
    factors = np.array([1.0, 2.0, 3.0], "float32")
    a, b = Tensor(0), Tensor(1)
    calls = (
        Call("a"),
        Call("b"),
        Call("subtract", ([a, b],)),
        Call("apart", (Tensor(2), b)),
        Call("apart", (Tensor(3), b)),
        Call("scaled", (Tensor(4), factors)),
    )
    plan = ModelPlan("m", layers, calls, [a, b], Tensor(5))

    model = rebuilt(plan, {}).model

    names = [operation.name for operation in model.operations]
    assert names == ["a", "b", "subtract", "apart", "apart_2", "scaled"]
    x, y = np.full((1, 3), 5, "float32"), np.full((1, 3), 1, "float32")
    assert np.array_equal(model([x, y]), [[2, 4, 6]])
