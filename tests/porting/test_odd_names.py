"""Names of strangers in a port: none is more than a name in its source."""

import ast
from collections import Counter

import keras
import pytest

import compare
from compare.in_keras.rebuilding import rebuilt
from compare.porting import running
from compare.porting.reading import read
from compare.porting.writing.keras_source import keras_source
from compare.porting.writing.pytorch_source import Facts, pytorch_source
from tests.support.old_files import drawn, functional, layer, node, saved

CODE = "__import__('os').system('touch canary')"
NAMES = (
    f'quotes"""; {CODE}; """',
    f"quote'; {CODE}; '",
    f'"); {CODE}; ("',
    "{x} {self} {CODE!r} %s %n",
    "back\\slash\\",
    "#: comment",
    "torch",
    "nn",
    "F",
    "self",
    "forward",
    "__init__",
    "__class__",
    "__setattr__",
    "super",
    "state_dict",
    "class",
    "None",
    "import",
    "training",
    "_modules",
    "print",
    "keras",
    "layers",
    "make_model",
    "inputs",
    "a.b/c:d",
    "a.b/c;d",
    "1st",
    "ﬁ",
    "名前",
    "名字",
    "[red]markup[/red]",
    "<script>alert(1)</script>",
)
ODD = {name: f"layer_{number}" for number, name in enumerate(NAMES)}


def port_of(path, names, model_name):
    """The sources of a functional model of layers of these names: PyTorch, Keras."""
    x = layer("InputLayer", names[0], batch_input_shape=[None, 3], dtype="float32")
    layers, before, arrays = [node(x)], names[0], {}
    for name in names[1:]:
        settings = {"units": 3, "activation": "linear", "use_bias": True}
        layers.append(node(layer("Dense", name, **settings), before))
        arrays[name] = {"kernel": drawn(3, 3), "bias": drawn(3)}
        before = name
    config = functional(layers, [[names[0], 0, 0]], [[before, 0, 0]])
    config["config"]["name"] = model_name
    model = read(saved(path, config, arrays))
    live = rebuilt(model.plan, model.weights)
    facts = Facts(live.facts, live.models)
    in_pytorch = pytorch_source(model.plan, facts, model.weights, "Model")
    in_keras = keras_source(model.plan, live.facts, live.models)
    return in_pytorch.text, in_keras


# A long name takes a line of its own, and so a variable more.
OF_LINES = ("Assign", "Name", "Load", "Store")


def nodes_of(text):
    """How often a source has each sort of node: calls, statements, texts and so on."""
    names = [type(part).__name__ for part in ast.walk(ast.parse(text))]
    return Counter(name for name in names if name not in OF_LINES)


def words_in(text):
    """All that is a name in a source, and neither a text nor a comment."""
    words = set()
    for part in ast.walk(ast.parse(text)):
        for field in ("id", "attr", "name", "arg", "module"):
            words.add(str(getattr(part, field, "")))
    return words


@pytest.mark.parametrize("first", range(4))
def test_odd_names_make_the_same_statements_as_plain_ones(tmp_path, first):
    """For layers, for the model, and for the input, which is an argument."""
    odd = [NAMES[first], *NAMES[first + 1 :: 3]]
    plain = [ODD[name] for name in odd]

    sources = port_of(tmp_path / "odd.h5", odd, odd[0])
    expected = port_of(tmp_path / "plain.h5", plain, plain[0])

    for text, usual in zip(sources, expected, strict=True):
        assert nodes_of(text) == nodes_of(usual)
        assert not words_in(text) & {"__import__", "os", "system"}
        assert text.replace("\n", "").isprintable()
    running.module_of(sources[0], "model.py").Model()


@pytest.mark.parametrize("names", [("a model", "dense"), ("model", "a dense")])
def test_a_model_of_keras_3_whose_names_tensorflow_refuses_is_compared(tmp_path, names):
    """It builds and saves such a model, and runs it in no graph."""
    x = keras.Input((3,))
    y = keras.layers.Dense(2, name=names[1], bias_initializer="normal")(x)
    path = tmp_path / "odd.keras"
    keras.Model(x, y, name=names[0]).save(path)

    port = compare.port(str(path), str(tmp_path / "out"))

    assert port.evidence.verdict == "same"
    assert port.judge.is_confirmed
