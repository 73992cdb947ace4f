"""Settings of strangers: none reaches source or Keras that is not of its type."""

import ast
import sys
from itertools import chain

import numpy as np
import pytest

from compare.errors import BadInput
from compare.kinds.graph import INPUT, Call, LayerPlan, ModelPlan, Tensor
from compare.kinds.source import number_text
from compare.porting.contents import class_name
from compare.porting.reading import keras_layers, read
from compare.porting.reading.findings import Findings
from compare.porting.reading.loadable import is_of_keras
from compare.porting.reading.setting_values import REQUIRED, RULES, are_right
from tests.support.old_files import drawn, layer, saved

CODE = '"); __import__("os").system("touch canary"); ("'


def plan_of(*layers, calls=()):
    """A plan of layers that are not called, or are called so."""
    first = LayerPlan("x", INPUT, {"shape": [3], "dtype": "float32"})
    named = {plan.name: plan for plan in (first, *layers)}
    return ModelPlan("m", named, (Call("x"), *calls), Tensor(0), Tensor(0))


def problems(*layers, calls=()):
    found = Findings("3.15.0", 3)
    assert are_right(plan_of(*layers, calls=calls), found) == (not found.problems)
    return found.problems


def test_every_setting_that_is_read_has_a_rule():
    """And there is none for anything else: a new setting has to be thought of."""
    names = set(chain.from_iterable(keras_layers.LAYERS.values()))

    assert set(RULES) == names


def test_every_layer_that_needs_a_setting_is_one_that_is_read():
    for cls, names in REQUIRED.items():
        assert set(names) <= set(keras_layers.LAYERS[cls]), cls


@pytest.mark.parametrize("name", RULES)
def test_no_setting_may_be_code(name):
    for value in (CODE, [CODE], {"class_name": "LeakyReLU", "config": {"a": CODE}}):
        odd = LayerPlan("odd", "Dense", {"units": 2, name: value})

        assert any(f"odd: {name} is" in problem for problem in problems(odd))


@pytest.mark.parametrize("value", [CODE, "a\nb", "a\\", "'", 2**70])
def test_no_constant_in_a_call_may_be_code(value):
    operation = LayerPlan("odd", "ops.mean")

    for args, kwargs in (
        ((Tensor(0), value), {}),
        ((Tensor(0), [slice(None, value)]), {}),
        ((Tensor(0),), {"axis": value}),
    ):
        assert problems(operation, calls=[Call("odd", args, kwargs)])


def test_usual_settings_are_right():
    layers = [
        LayerPlan("a", "Dense", {"units": 2, "activation": "relu", "use_bias": 0}),
        LayerPlan("b", "Conv2D", {"filters": 2, "kernel_size": [3, 3], "strides": 2}),
        LayerPlan("c", "ReLU", {"max_value": None, "threshold": 0.0}),
        LayerPlan("d", "ZeroPadding2D", {"padding": [[0, 1], [1, 0]]}),
        LayerPlan("e", "Reshape", {"target_shape": [-1, 3]}),
        LayerPlan("f", "LayerNormalization", {"axis": [-1], "scale": True}),
        LayerPlan("g", "Rescaling", {"scale": [0.1, 0.2], "offset": 0}),
        LayerPlan("h", "Dense", {"units": 2, "dtype": "mixed_float16"}),
    ]
    calls = [Call("a", (Tensor(0), -np.inf, None, Ellipsis, [1, 2.0, "ab,bc->ac"]))]

    assert problems(*layers, calls=calls) == []


def test_text_in_source_is_text_whatever_is_in_it():
    for text in (CODE, "'", '"', "\\", "\\\"'", "a\nb\r\u2028", "{x}", '"""'):
        assert ast.literal_eval(number_text(text)) == text


@pytest.mark.parametrize("file", ["None.h5", "true.keras", "F.hdf5", "1.h5", ".h5"])
def test_the_class_of_a_port_has_a_name_that_python_takes(file):
    ast.parse(f"class {class_name(file)}: pass")
    assert class_name(file) != "F"


INITIALIZER = {"module": "keras.initializers", "class_name": "Zeros", "config": {}}
OF_OTHERS = {
    "module": {"module": "os", "class_name": "system"},
    "keras's files": {"module": "keras.utils", "class_name": "get_file"},
    "no package": {"module": "kerasx", "class_name": "Zeros"},
    "function": {"module": "builtins", "class_name": "function", "config": "exec"},
    "registered": {"class_name": "Zeros", "registered_name": "mine>Zeros"},
    "old": {"class_name": "mine>Zeros", "config": {}},
    "saved model": {"module": "keras.layers", "class_name": "TFSMLayer"},
    "lambda": {"class_name": "__lambda__", "config": {}},
    "odd": {"class_name": ["Zeros"]},
}


@pytest.mark.parametrize("name", OF_OTHERS)
def test_no_keras_may_load_what_names_something_of_others(name):
    odd = layer("Dense", "fc", kernel_initializer=INITIALIZER)
    config = {"class_name": "Sequential", "config": [odd]}
    assert is_of_keras({**config, "compile_config": OF_OTHERS[name]})

    odd["config"]["bias_initializer"] = OF_OTHERS[name]

    assert not is_of_keras(config)


def test_a_module_that_a_file_names_is_not_imported(tmp_path, monkeypatch):
    """Not by the reading, and not by a Keras that confirms the port."""
    from compare.in_keras.rebuilding import rebuilt
    from compare.porting.judges import judge_of

    (tmp_path / "canary.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    settings = {"units": 2, "batch_input_shape": [None, 3], "activation": "linear"}
    foreign = {"module": "canary", "class_name": "Zeros", "config": {}}
    foreign["registered_name"] = "Zeros"
    dense = layer("Dense", "fc", **settings, kernel_initializer=foreign)
    dense |= {"module": "keras.layers", "registered_name": None}
    arrays = {"fc": {"fc/kernel": drawn(3, 2), "fc/bias": drawn(2)}}
    path = saved(tmp_path / "old.h5", [dense], arrays)

    model = read(path)
    twin = rebuilt(model.plan, model.weights).model
    judge = judge_of(path, model, twin, [[drawn(4, 3)]])

    assert "canary" not in sys.modules
    assert not model.is_loadable
    assert "no Keras was let load the file" in judge.reason


@pytest.mark.parametrize("value", [7, [1], {"a": 1}])
def test_a_model_that_is_named_by_no_text_is_named_by_its_class(tmp_path, value):
    settings = {"units": 2, "batch_input_shape": [None, 3], "activation": "linear"}
    config = {"name": value, "layers": [layer("Dense", "fc", **settings)]}
    arrays = {"fc": {"fc/kernel": drawn(3, 2), "fc/bias": drawn(2)}}
    path = saved(
        tmp_path / "old.h5", {"class_name": "Sequential", "config": config}, arrays
    )

    assert read(path).plan.name == "sequential"


def test_a_layer_that_is_not_described_is_not_left_out(tmp_path):
    settings = {"units": 2, "batch_input_shape": [None, 3], "activation": "linear"}
    layers = [layer("Dense", "fc", **settings), "Dense"]
    arrays = {"fc": {"fc/kernel": drawn(3, 2), "fc/bias": drawn(2)}}

    with pytest.raises(BadInput, match="a layer that is not described"):
        read(saved(tmp_path / "old.h5", layers, arrays))
