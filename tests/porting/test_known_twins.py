"""Which layer of a port is the twin of which layer: the port tells, not the names."""

import keras

import compare
from compare.kinds.graph import MODEL, LayerPlan, ModelPlan, Tensor
from compare.kinds.source import Moved
from compare.porting.known_twins import known_twins
from tests.support.ports import drawn


def plan_with(*layers):
    named = {layer.name: layer for layer in layers}
    return ModelPlan("net", named, (), Tensor(0), Tensor(0))


def moved(attribute, layer):
    return Moved(attribute, layer, ("Dense",), {})


def test_names_of_keras_are_those_that_it_admits():
    inner = LayerPlan("in ner", MODEL, model=plan_with(LayerPlan("a b", "Dense")))
    plan = plan_with(LayerPlan("a.b", "Dense"), LayerPlan("a_b", "Dense"), inner)
    moves = [
        moved("a_b", "a.b"),
        moved("a_b_2", "a_b"),
        moved("in_ner.x", "in ner.a b"),
    ]

    assert known_twins(plan, moves) == {
        "a_b": "a.b",
        "a_b_2": "a_b",
        "in_ner.x": "in_ner.a_b",
    }


def test_of_a_layer_that_is_several_nothing_is_known():
    plan = plan_with(LayerPlan("separable", "SeparableConv1D"))
    moves = [moved("deep", "separable"), moved("points", "separable")]

    assert known_twins(plan, moves) == {}


def test_layers_whose_names_are_one_in_pytorch_are_not_crossed(tmp_path):
    x = keras.Input((3,))
    h = keras.layers.Dense(3, name="a.b")(x)
    model = drawn(keras.Model(x, keras.layers.Dense(3, name="a_b")(h)))
    model.save(tmp_path / "net.keras")

    port = compare.port(str(tmp_path / "net.keras"), str(tmp_path / "out"))

    assert port.is_proved, port.evidence.explain()
