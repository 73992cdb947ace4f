"""Configurations and arrays of Keras 1 and 2 are read in the words of Keras 3."""

import json

import numpy as np
import pytest
from old_files import drawn, functional, layer, node, saved

from compare import BadInput
from compare.kinds.graph import HANDED_ON, Tensor
from compare.porting.reading import read

GATED = {"units": 3, "activation": "tanh", "recurrent_activation": "hard_sigmoid"}
SHAPE = {"batch_input_shape": [None, 5, 4]}


def lstm(name="lstm_1", units=3, features=4):
    width = 4 * units
    return {
        f"{name}/kernel": drawn(features, width),
        f"{name}/recurrent_kernel": drawn(units, width),
        f"{name}/bias": drawn(width),
    }


def gru(bias):
    arrays = {"gru_1/kernel": drawn(4, 9), "gru_1/recurrent_kernel": drawn(3, 9)}
    return {"gru_1": {**arrays, "gru_1/bias": bias}}


def test_a_sequential_is_a_bare_list_and_its_first_layer_tells_the_shape(tmp_path):
    layers = [layer("LSTM", "lstm_1", **GATED, **SHAPE)]
    result = read(saved(tmp_path / "old.h5", layers, {"lstm_1": lstm()}))

    first, second = result.plan.layers.values()
    assert first.keras == "InputLayer"
    assert first.config == {"shape": [5, 4], "dtype": "float32"}
    assert (second.keras, second.name) == ("LSTM", "lstm_1")
    assert result.plan.outputs == Tensor(1)
    assert result.version == "2.2.4"


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2.2.4", "hard_sigmoid_fifth"),
        (None, "hard_sigmoid_fifth"),
        ("2.15.0", "hard_sigmoid_fifth"),
        ("3.3.3", "hard_sigmoid"),
    ],
)
def test_the_hard_sigmoid_is_that_of_the_version(tmp_path, version, expected):
    """0.2 x + 0.5 until Keras 2, of any making; x / 6 + 0.5 since Keras 3."""
    layers = [layer("LSTM", "lstm_1", **GATED, **SHAPE)]
    path = saved(tmp_path / "old.h5", layers, {"lstm_1": lstm()}, version)

    plan = read(path).plan.layers["lstm_1"]

    assert plan.config["recurrent_activation"] == expected


def test_a_gru_that_does_not_say_reset_after_means_false(tmp_path):
    layers = [layer("GRU", "gru_1", **GATED, **SHAPE)]
    result = read(saved(tmp_path / "old.h5", layers, gru(drawn(9))))

    assert result.plan.layers["gru_1"].config["reset_after"] is False
    (note,) = result.notes
    assert note == (
        "GRU gru_1: saved before reset_after existed; it means reset_after=False"
    )


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2.2.4", "hard_sigmoid_fifth"),
        ("2.3.1", None),
        ("2.2.4-tf", "refused"),
        (None, "refused"),
    ],
)
def test_a_gate_that_a_configuration_leaves_out_is_never_assumed(
    tmp_path, version, expected
):
    """A note where the version settles it, and a refusal where it does not."""
    config = layer("LSTM", "lstm_1", units=3, **SHAPE)
    described = tmp_path / "model.json"
    described.write_text(json.dumps([config]))
    path = saved(tmp_path / "w.h5", None, {"lstm_1": lstm()}, version)
    if expected == "refused":
        with pytest.raises(BadInput, match="lstm_1: recurrent_activation, which"):
            read(path, described)
        return

    result = read(path, described)

    settings = result.plan.layers["lstm_1"].config
    assert settings.get("recurrent_activation") == expected
    assert bool(result.notes) == (expected is not None)


def test_keras_1_kept_the_arrays_of_each_gate_apart(tmp_path):
    """In the order i, c, f, o for an LSTM; those of Keras 3 are i, f, c, o."""
    config = layer(
        "LSTM", "lstm_1", output_dim=3, inner_activation="hard_sigmoid", input_dim=4
    )
    gates = {}
    for number, gate in enumerate("icfo"):
        for letter, shape in (("W", (4, 3)), ("U", (3, 3)), ("b", (3,))):
            gates[f"lstm_1_{letter}_{gate}"] = drawn(*shape, seed=number)
    path = saved(tmp_path / "old.h5", [config], {"lstm_1": gates}, None)

    result = read(path)

    arrays = result.weights["lstm_1"]
    for name, letter in (("kernel", "W"), ("recurrent_kernel", "U"), ("bias", "b")):
        expected = np.concatenate([gates[f"lstm_1_{letter}_{g}"] for g in "ifco"], -1)
        assert np.array_equal(arrays[name], expected)
    assert result.plan.layers["lstm_1_input"].config["shape"] == [None, 4]


def test_a_convolution_of_keras_1_in_the_order_of_theano(tmp_path):
    """(filters, inputs, rows, columns), turned around where Theano computed it."""
    settings = {"nb_filter": 5, "nb_row": 3, "nb_col": 2, "border_mode": "valid"}
    settings |= {"dim_ordering": "th", "batch_input_shape": [None, 2, 8, 9]}
    config = [layer("Convolution2D", "conv", subsample=[2, 1], **settings)]
    kernel = drawn(5, 2, 3, 2)
    arrays = {"conv": {"conv_W": kernel, "conv_b": drawn(5)}}

    plain = read(saved(tmp_path / "a.h5", config, arrays, "1.2.2"))
    turned = read(saved(tmp_path / "b.h5", config, arrays, "1.2.2", "theano"))

    expected = kernel.transpose(2, 3, 1, 0)
    assert np.array_equal(plain.weights["conv"]["kernel"], expected)
    assert np.array_equal(turned.weights["conv"]["kernel"], expected[::-1, ::-1])
    assert "Keras 1 does not say on what it ran" in plain.notes[0]
    settings = plain.plan.layers["conv"].config
    assert plain.plan.layers["conv"].keras == "Conv2D"
    assert settings["data_format"] == "channels_first"
    assert (settings["filters"], settings["kernel_size"]) == (5, [3, 2])
    assert settings["strides"] == [2, 1]


def test_layers_of_cudnn_are_read_as_the_usual_ones(tmp_path):
    layers = [layer("CuDNNGRU", "gru_1", units=3, **SHAPE)]
    result = read(saved(tmp_path / "old.h5", layers, gru(drawn(18))))

    config = result.plan.layers["gru_1"].config
    assert config["recurrent_activation"] == "sigmoid"
    assert config["reset_after"] is True
    assert result.weights["gru_1"]["bias"].shape == (2, 9)
    kernel = gru(drawn(18))["gru_1"]["gru_1/kernel"]
    first_gate = kernel[:, :3].reshape(3, 4).T
    assert np.array_equal(result.weights["gru_1"]["kernel"][:, :3], first_gate)


def test_merges_of_keras_1_are_layers(tmp_path):
    """Branches of a Sequential, whose weights stand in one row, are models."""
    left = [layer("Dense", "a", output_dim=3, batch_input_shape=[None, 2])]
    right = [layer("Dense", "b", output_dim=3, batch_input_shape=[None, 4])]
    branches = [{"class_name": "Sequential", "config": part} for part in (left, right)]
    merge = layer("Merge", "merge_1", mode="concat", concat_axis=-1, layers=branches)
    layers = [merge, layer("Dense", "c", output_dim=1, activation="linear")]
    arrays = {}
    for name, shape in (("a", (2, 3)), ("b", (4, 3)), ("c", (6, 1))):
        arrays[name] = {f"{name}_W": drawn(*shape), f"{name}_b": drawn(shape[1])}

    result = read(saved(tmp_path / "old.h5", layers, arrays, "1.2.2"))

    classes = [plan.keras for plan in result.plan.layers.values()]
    assert classes == ["InputLayer", "Model"] * 2 + ["Concatenate", "Dense"]
    assert result.plan.inputs == [Tensor(0), Tensor(2)]
    shapes = {k: v["kernel"].shape for k, v in result.weights.items()}
    assert shapes == {"branch_1.a": (2, 3), "branch_2.b": (4, 3), "c": (6, 1)}


def test_names_have_slashes_and_spaces_and_come_twice(tmp_path):
    """Each layer has a name of its own; a second one of a name is told."""
    layers = [
        layer("Dense", "block/a dense", units=3, batch_input_shape=[None, 2]),
        layer("Activation", "twice", activation="relu"),
        layer("Activation", "twice", activation="softmax"),
    ]
    arrays = {
        "block/a dense": {"block/a dense/kernel": drawn(2, 3), "b/bias": drawn(3)}
    }

    result = read(saved(tmp_path / "old.h5", layers, arrays))

    assert list(result.plan.layers)[1:] == ["block/a dense", "twice", "twice_2"]
    assert result.weights["block/a dense"]["kernel"].shape == (2, 3)
    assert result.notes == ("twice: two layers of this name; one is twice_2 here",)


def test_states_are_handed_on_by_name(tmp_path):
    """Keras 2 called a layer with its states as with a list."""
    entry = {"dtype": "float32"}
    x = layer("InputLayer", "x", batch_input_shape=[None, 5, 4], **entry)
    h = layer("InputLayer", "h", batch_input_shape=[None, 3], **entry)
    layers = [
        node(x),
        node(h),
        node(layer("LSTM", "lstm_1", **GATED, return_state=True), "x", "h", "h"),
    ]
    ends = [["lstm_1", 0, 0], ["lstm_1", 0, 2]]
    config = functional(layers, [["x", 0, 0], ["h", 0, 0]], ends)

    plan = read(saved(tmp_path / "old.h5", config, {"lstm_1": lstm()})).plan

    call = plan.calls[2]
    assert call.args == (Tensor(0),)
    assert call.kwargs == {"initial_state": [Tensor(1), Tensor(1)]}
    assert plan.outputs == [Tensor(2), Tensor(2, 2)]


def test_a_model_called_in_a_model_counts_from_one(tmp_path):
    """TensorFlow's Keras counts a model's call of itself, Keras 2.2 does not."""
    x = layer("InputLayer", "x", batch_input_shape=[None, 2])
    dense = node(layer("Dense", "dense", units=2), "x")
    inner = functional([node(x), dense], [["x", 0, 0]], [["dense", 0, 0]])
    arrays = {"inner": {"dense/kernel": drawn(2, 2), "dense/bias": drawn(2)}}
    inner["config"]["name"] = "inner"
    for first in (0, 1):
        last = node(layer("Add", "add"), ["inner", first, 0], ["inner", first + 1, 0])
        calls = [[["x", 0, 0, {}]], [["inner", first, 0, {}]]]
        nested = {**inner, "name": "inner", "inbound_nodes": calls}
        config = functional([node(x), nested, last], [["x", 0, 0]], [["add", 0, 0]])

        result = read(saved(tmp_path / f"{first}.h5", config, arrays))

        assert [call.layer for call in result.plan.calls] == [
            "x",
            "inner",
            "inner",
            "add",
        ]
        assert result.plan.calls[3].args == ([Tensor(1), Tensor(2)],)
        assert list(result.weights) == ["inner.dense"]


def test_functions_of_tensorflow_are_operations(tmp_path):
    """A slice, a difference from a constant, a mean, as layers around functions."""
    x = layer("InputLayer", "x", batch_input_shape=[None, 5, 2])
    index = [{"start": None, "stop": None, "step": None}, -1]
    constant = ["_CONSTANT_VALUE", -1, 1.0, {"y": ["last", 0, 0], "name": None}]
    minus = layer("TFOpLambda", "minus", function="math.subtract")
    mean = layer("TFOpLambda", "mean", function="math.reduce_mean")
    last = layer("SlicingOpLambda", "last", function="__operators__.getitem")
    square = {"name": "Square", "op": "Mul", "input": ["a", "b"], "attr": {}}
    layers = [
        node(x),
        node(last, "x", slice_spec=index),
        {**minus, "name": "minus", "inbound_nodes": [[constant]]},
        node(layer("TensorFlowOpLayer", "twice", node_def=square, constants={"1": 2.0}))
        | {"inbound_nodes": [[["minus", 0, 0, {}]]]},
        node(mean, "twice", axis=1, keepdims=True, name=None),
    ]
    config = functional(layers, [["x", 0, 0]], [["mean", 0, 0]])

    plan = read(saved(tmp_path / "old.h5", config, {"none": {}}, "2.11.0")).plan

    classes = [layer.keras for layer in plan.layers.values()]
    assert classes == [
        "InputLayer",
        "ops.getitem",
        "ops.subtract",
        "ops.multiply",
        "ops.mean",
    ]
    assert plan.calls[1].args == (Tensor(0), (slice(None), -1))
    assert plan.calls[2].args == (1.0, Tensor(1))
    assert plan.calls[3].args == (Tensor(2), 2.0)
    assert plan.calls[4].args == (Tensor(3),)
    assert plan.calls[4].kwargs == {"axis": 1, "keepdims": True}


def test_layers_of_keras_1_that_say_no_order_of_axes_have_that_of_the_others(tmp_path):
    """It wrote the order into convolutions, and not into paddings."""
    for order, expected in (("th", "channels_first"), ("tf", None)):
        shape = [None, 2, 8, 9] if order == "th" else [None, 8, 9, 2]
        settings = {"nb_filter": 5, "nb_row": 3, "nb_col": 3, "dim_ordering": order}
        layers = [
            layer("ZeroPadding2D", "pad", padding=[1, 1], batch_input_shape=shape),
            layer("Convolution2D", "conv", **settings),
        ]
        kernel = drawn(5, 2, 3, 3) if order == "th" else drawn(3, 3, 2, 5)
        arrays = {"conv": {"conv_W": kernel, "conv_b": drawn(5)}}

        result = read(saved(tmp_path / "old.h5", layers, arrays, "1.2.2"))

        assert result.plan.layers["pad"].config.get("data_format") == expected
        assert result.weights["conv"]["kernel"].shape == (3, 3, 2, 5)


@pytest.mark.parametrize("mask_zero", [True, False])
def test_a_layer_with_states_is_handed_the_mask_of_what_it_reads(tmp_path, mask_zero):
    """By Keras 2; Keras 3 hands none on to a layer that reads several tensors."""
    entry = {"dtype": "float32"}
    x = layer("InputLayer", "x", batch_input_shape=[None, 5], **entry)
    h = layer("InputLayer", "h", batch_input_shape=[None, 3], **entry)
    words = layer("Embedding", "words", input_dim=9, output_dim=4, mask_zero=mask_zero)
    layers = [
        node(x),
        node(h),
        node(words, "x"),
        node(layer("LSTM", "lstm_1", **GATED), "words", "h", "h"),
    ]
    config = functional(layers, [["x", 0, 0], ["h", 0, 0]], [["lstm_1", 0, 0]])
    arrays = {"words": {"words/embeddings": drawn(9, 4)}, "lstm_1": lstm()}

    plan = read(saved(tmp_path / "old.h5", config, arrays)).plan

    expected = HANDED_ON if mask_zero else None
    assert plan.calls[3].kwargs.get("mask") == expected
