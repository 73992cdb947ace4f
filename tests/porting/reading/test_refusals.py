"""What cannot be read as a model is refused in one line, all of a file at once."""

import json
import zipfile

import numpy as np
import pytest
from old_files import drawn, functional, layer, node, saved

from compare import BadInput
from compare.porting.reading import read

INPUT = {"batch_input_shape": [None, 2]}


def dense(units=3, **settings):
    return layer("Dense", "dense", units=units, **settings, **INPUT)


def arrays(kernel=None, bias=None):
    kernel = drawn(2, 3) if kernel is None else kernel
    bias = drawn(3) if bias is None else bias
    return {"dense": {"dense/kernel": kernel, "dense/bias": bias}}


def refusal(path, config=None):
    """The line that a file is refused with."""
    with pytest.raises(BadInput) as error:
        read(path, config)
    message = str(error.value)
    assert message.isprintable()
    assert len(message) < 1000
    return message


def test_all_that_cannot_be_ported_is_said_at_once(tmp_path):
    layers = [
        dense(),
        layer("Lambda", "code", function=["4wEAAA==", None, None]),
        layer("MyLayer", "own", size=3),
        layer("Dense", "odd", units=3, activation="my_function"),
        layer("LSTM", "major", units=3, recurrent_activation="tanh", time_major=True),
        layer("Dense", "bare", units=3),
    ]

    message = refusal(saved(tmp_path / "old.h5", layers, arrays()))

    assert "code: a Lambda, whose code is in the file and is not run" in message
    assert "own: a MyLayer, which Keras 3 does not have" in message
    assert "odd: a Dense with the activation my_function, which Keras 3 does" in message
    assert "major: a LSTM with time_major=True" in message
    assert "bare: Dense has kernel, bias, the file has no arrays for it" in message


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (arrays(drawn(2, 4)), r"dense: kernel is of shape (any, 3), got (2, 4)"),
        (arrays(bias=np.array([1, np.nan, 2], "f4")), "dense: NaN or infinity in bias"),
        (arrays(np.full((2, 3), -np.inf, "f4")), "dense: NaN or infinity in kernel"),
        ({"dense": {"dense/kernel": drawn(2, 3)}}, "the file has one of (2, 3) for it"),
        ({}, "dense: Dense has kernel, bias, the file has no arrays for it"),
        (
            {**arrays(), "second": {"second/kernel": drawn(2, 2)}},
            "arrays of second, which the configuration does not have",
        ),
    ],
    ids=["shape", "nan", "infinity", "one", "none", "left over"],
)
def test_weights_that_are_not_the_layers_are_refused(tmp_path, held, expected):
    held = held or {"other": {}}
    assert expected in refusal(saved(tmp_path / "old.h5", [dense()], held))


def test_weights_alone_ask_for_a_configuration(tmp_path):
    """And are read with one, in each form in which Keras writes it."""
    path = saved(tmp_path / "w.h5", None, arrays())

    assert "give --config FILE.json" in refusal(path)

    described = tmp_path / "model.json"
    whole = {"class_name": "Sequential", "config": {"layers": [dense()]}}
    for form in (whole, json.dumps(whole), whole["config"], [dense()]):
        described.write_text(json.dumps(form))
        result = read(path, described)
        assert np.array_equal(result.weights["dense"]["kernel"], drawn(2, 3))
        assert not result.is_whole
    for text in ("{}", "no json", "[" * 5000, "null"):
        described.write_text(text)
        assert "model.json: expected the config" in refusal(path, described)


def test_no_call_that_leads_nowhere_is_read(tmp_path):
    """One that reads what there is not, and two that wait for one another."""
    x = node(layer("InputLayer", "x", **INPUT))
    lost = node(layer("Activation", "lost", activation="relu"), "nowhere")
    first = node(layer("Add", "first"), "x", "second")
    second = node(layer("Add", "second"), "first", "first")
    for layers, expected in (
        ([x, lost], "lost"),
        ([x, first, second], "first, second: calls that wait for one another"),
    ):
        ends = [[layers[-1]["name"], 0, 0]]
        config = functional(layers, [["x", 0, 0]], ends)
        held = {"x": {}}
        assert expected in refusal(saved(tmp_path / "old.h5", config, held))


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n" + b"\0" * 50, b"{}" * 100],
    ids=["empty", "zip", "hdf5", "text"],
)
@pytest.mark.parametrize("ending", [".keras", ".h5", ".hdf5"])
def test_a_file_that_is_none_of_keras_is_refused(tmp_path, content, ending):
    path = tmp_path / f"model{ending}"
    path.write_bytes(content)

    assert "expected a" in refusal(path)


def test_a_configuration_that_is_nested_without_end_is_refused(tmp_path):
    config = dense()
    for _ in range(300):
        config = {"class_name": "Sequential", "config": [config]}
    path = saved(tmp_path / "old.h5", [config], arrays())

    assert "nested more than 200 times" in refusal(path)


def test_a_layer_of_a_package_is_not_taken_for_one_of_keras(tmp_path):
    """A class may have the name of one of Keras's, and be registered by a user."""
    config = layer("Dense", "dense", units=3)
    for own in ({"module": "my_package"}, {"registered_name": "my_package>Dense"}):
        model = {
            "class_name": "Sequential",
            "config": {"name": "m", "layers": [{**config, **own}]},
            "module": "keras",
            "registered_name": None,
        }
        path = tmp_path / "model.keras"
        weights = saved(tmp_path / "w.h5", None, {"dense": {}})
        with zipfile.ZipFile(path, "w") as target:
            target.writestr("config.json", json.dumps(model))
            target.write(weights, "model.weights.h5")
        assert "dense: a layer of the user's own, Dense" in refusal(path)


@pytest.mark.parametrize(
    ("version", "cls", "settings"),
    [
        ("2.2.4", "LayerNormalization", {"axis": -1, "epsilon": 1e-14}),
        ("2.3.1", "Attention", {"use_scale": False}),
        ("2.4.0", "Attention", {"units": 3}),
        ("2.4.0", "MultiHeadAttention", {"head_num": 2}),
        ("2.15.0", "LayerNormalization", {"eps": 1e-6}),
        ("2.15.0", "Dense", {"units": 3, "activation": "mine"}),
        ("2.15.0", "Dense", {"units": 3, "groups": 2}),
        ("2.15.0", "Bidirectional", {"layer": layer("LSTM", "l", units=3, attend=1)}),
        ("2.15.0", "RNN", {"cell": layer("GRUCell", "c", units=3, attend=1)}),
    ],
)
def test_a_class_of_the_users_own_by_a_name_of_keras_is_a_stub(
    tmp_path, version, cls, settings
):
    """Before 2.4 there were such layers in packages, which compute something else."""
    layers = [dense(), layer(cls, "own", **settings)]
    held = {**arrays(), "own": {"own/W": drawn(3, 3), "own/b": drawn(3)}}
    path = saved(tmp_path / "old.h5", layers, held, version)

    assert read(path, stub=True).plan.layers["own"].keras == "Stub"
    assert "own" in refusal(path)


@pytest.mark.parametrize("version", ["2.2.4-tf", "2.4.0", "2.15.0"])
def test_layers_that_tensorflow_had_are_those_of_keras(tmp_path, version):
    normed = layer("LayerNormalization", "own", axis=[-1], epsilon=1e-3)
    held = {**arrays(), "own": {"own/gamma": drawn(3), "own/beta": drawn(3)}}

    plan = read(saved(tmp_path / "old.h5", [dense(), normed], held, version)).plan

    assert plan.layers["own"].keras == "LayerNormalization"
