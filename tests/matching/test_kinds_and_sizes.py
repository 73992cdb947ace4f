"""What kinds, sizes and names of arrays tell of layers, and how a refusal says it."""

import numpy as np
import pytest
from layers_to_match import dense, keras_lstm, linear, lstm, said

from compare.kinds.layer import Layer
from compare.matching.matching import match, matched


def test_one_layer_of_two_cells_is_a_stack_of_two():
    torch = {"rnn": lstm(2), "other": lstm()}
    keras = {"x": keras_lstm(["0.", "1."]), "y": keras_lstm()}

    assert match(torch, keras) == {"rnn": ["x"], "other": ["y"]}


def test_a_nonlinearity_tells_layers_apart():
    torch = {
        "a": lstm(kind="RNN", gates=1),
        "b": lstm(kind="RNN(relu)", gates=1),
    }
    keras = {
        "x": keras_lstm(kind="SimpleRNN(relu)", gates=1),
        "y": keras_lstm(kind="SimpleRNN", gates=1),
    }

    assert match(torch, keras) == {"a": ["y"], "b": ["x"]}


def test_a_mistaken_nonlinearity_keeps_no_layer_from_its_twin():
    torch = {"a": lstm(kind="RNN(relu)", gates=1)}

    assert match(torch, {"x": keras_lstm(kind="SimpleRNN", gates=1)}) == {"a": ["x"]}


def test_a_bias_that_one_side_lacks_is_named():
    text = said({"fc": linear()}, {"out": dense(bias=False)})

    assert "fc has a bias and out has none" in text
    assert "use_bias=True" in text


def norm(kind, *names):
    return Layer(kind, {name: np.zeros(3) for name in names})


@pytest.mark.parametrize(
    ("lacking", "sentence"),
    [
        ("gamma", "bn (weight) has a scale and norm (gamma) has none: scale=True"),
        ("beta", "bn (bias) has an offset and norm (beta) has none: center=True"),
    ],
)
def test_a_scale_or_offset_that_keras_lacks_is_named_as_what_it_is(lacking, sentence):
    statistics = ("running_mean", "running_var")
    held = {"gamma", "beta", "moving_mean", "moving_variance"} - {lacking}
    torch = {"bn": norm("BatchNorm2d", "weight", "bias", *statistics)}
    text = said(torch, {"norm": norm("BatchNormalization", *sorted(held))})

    assert sentence in text
    assert "use_bias" not in text


def test_an_offset_that_pytorch_lacks_is_named_as_what_it_is():
    torch = {"ln": norm("LayerNorm", "weight")}
    text = said(torch, {"norm": norm("LayerNormalization", "gamma", "beta")})

    assert "norm (beta) has an offset and ln (bias) has none: bias=True" in text
    assert "center=False in Keras" in text


def test_norms_of_another_kind_are_named():
    torch = {"gn": norm("GroupNorm", "weight", "bias")}
    text = said(torch, {"ln": norm("LayerNormalization", "gamma", "beta")})

    assert "gn is GroupNorm and ln is LayerNormalization" in text
    assert "build GroupNormalization in Keras, or nn.LayerNorm in PyTorch" in text


def test_norms_over_other_axes_are_told_which_setting_says_so():
    torch = {"ln": norm("LayerNorm", "weight", "bias")}
    wide = Layer(
        "LayerNormalization", {name: np.zeros(4) for name in ("gamma", "beta")}
    )

    assert "axis in Keras, normalized_shape in PyTorch" in said(torch, {"n": wide})


def test_statistics_that_pytorch_lacks_are_named():
    norm = {"weight": np.zeros(3), "bias": np.zeros(3)}
    keras = ("gamma", "beta", "moving_mean", "moving_variance")
    twin = Layer("BatchNormalization", {name: np.zeros(3) for name in keras})
    text = said({"bn": Layer("BatchNorm1d", norm)}, {"norm": twin})

    assert "bn has no running statistics" in text


def test_other_sizes_are_named():
    assert "fc and out are of one kind, but not of the same sizes" in said(
        {"fc": linear()}, {"out": dense((3, 4))}
    )


def test_one_direction_for_two_is_named():
    half = {"f": lstm(), "b": lstm()}
    twin = {"both": keras_lstm(("forward.", "backward."))}

    assert "both reads both ways and f one way" in said(half, twin)


def test_several_layers_for_one_are_named():
    text = said({"rnn": lstm()}, {"stack": keras_lstm(("0.", "1."))})

    assert "stack has 2 layers in one and rnn has 1" in text


@pytest.mark.parametrize("name", ["fc", "fc.parametrizations.weight"])
def test_weights_that_are_computed_from_others_are_named(name):
    norm = {"weight_g": np.zeros((2, 1)), "weight_v": np.zeros((2, 3))}
    text = said({name: Layer("Linear", norm)}, {"out": dense()})

    assert "fc computes its weight from others" in text


def test_a_layer_without_a_name_is_the_model_itself():
    text = said({"": linear()}, {"out": dense((3, 4))})

    assert "* the model itself Linear" in text
    assert "the model itself and out are of one kind" in text


def test_a_layer_that_is_several_in_keras_takes_them_in_its_turn():
    """Queries, keys and values are one layer; the output after it is as large as each.

    Given to the output first, the layer of the queries would be its twin.
    """
    torch = {"qkv": linear((12, 4)), "out": linear((4, 4))}
    keras = {name: dense((4, 4)) for name in ("query", "key", "value", "projection")}

    assert match(torch, keras) == {
        "qkv": ["query", "key", "value"],
        "out": ["projection"],
    }


def test_a_layer_that_is_several_takes_none_where_others_would_lack_theirs():
    """In turn it would take both, and the second layer would have none."""
    torch = {"wide": linear((8, 4)), "first": linear((4, 4)), "second": linear((4, 4))}
    keras = {name: dense((4, 4)) for name in ("a", "b")}
    found = matched(torch, keras, complete=False)

    assert found.twins == {"first": ["a"], "second": ["b"]}
    assert found.alone["torch"] == ["wide"]
