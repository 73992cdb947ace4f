"""Activations as layers of Keras that are told a function by its name."""

import pytest

from compare.kinds import BY_NAME, of_keras_class


@pytest.mark.parametrize(
    ("name", "kind", "values"),
    [
        ("leaky_relu", "LeakyReLU", {"slope": 0.2}),
        ("elu", "ELU", {"alpha": 1.0}),
        ("gelu", "GELU", {"approximate": "none"}),
        ("relu", "ReLU", {"slope": 0.0, "limit": None, "threshold": 0.0}),
        ("softmax", "Softmax", {"axis": -1}),
        ("swish", "SiLU", {}),
    ],
)
def test_a_named_function_has_the_settings_that_it_takes_by_itself(
    keras, name, kind, values
):
    """`Activation("leaky_relu")` has a slope of 0.2, the layer LeakyReLU one of 0.3."""
    from compare.in_keras.kinds import kind_of

    layer = keras.layers.Activation(name)

    assert kind_of(layer) in BY_NAME[kind].keras
    assert dict(BY_NAME[kind].options_of("keras", layer)) == values


def test_a_kind_is_found_by_its_layer_of_keras():
    assert of_keras_class("LeakyReLU") is BY_NAME["LeakyReLU"]
