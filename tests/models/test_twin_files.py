"""Twin files read alike: `diff` shows the framework and nothing else."""

import ast
from difflib import SequenceMatcher

import pytest

from compare.subjects import sources
from compare.subjects.pairs import OTHER_TWINS, PAIRS

FOLDERS = ("pytorch_models", "keras_models")
FILES = [pair.file for pair in PAIRS] + list(OTHER_TWINS)
KERAS_NEEDS_MORE = ("lstm_layer", "gru_layer", "rnn_layer", "stock_data")
ONE_SIDE_ONLY = (
    "ConvLSTM",
    "ProjectedLSTMCell",
    "ResetBefore",
    "TwoBiases",
    "_cast",
    "_same",
    "_slots",
    "_step",
)
# PyTorch writes by hand what Keras has a layer or a setting for.
PYTORCH_NEEDS_MORE = ("film_classifier", "gru_reset_before", "separable_block")
# Each file writes the other framework's rules on top of its own framework's classes, so
# the two share what they promise but neither their lines nor their arguments.
MIRRORED = ("optimizers",)
PARALLEL = [file for file in FILES if file not in MIRRORED]
RENAMED = {"forward": "call"}  # the only names that differ


def trees(file):
    paths = [sources.ROOT / folder / f"{file}.py" for folder in FOLDERS]
    return [ast.parse(path.read_text(encoding="utf-8")) for path in paths]


def classes(tree):
    return [node for node in tree.body if isinstance(node, ast.ClassDef)]


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def shared(tree):
    """Classes and functions of the module that both files must have."""
    kinds = ast.ClassDef | ast.FunctionDef
    return [
        node
        for node in tree.body
        if isinstance(node, kinds) and node.name not in ONE_SIDE_ONLY
    ]


def without_one_sided(tree):
    return ast.Module(shared(tree), [])


def names(tree):
    return [node.name for node in shared(tree)]


def docstrings(tree):
    return [ast.get_docstring(node) for node in shared(tree)]


def attributes(tree):
    """Names assigned to `self`, in order."""
    return [
        node.targets[0].attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute)
    ]


def signatures(tree):
    return [
        (
            RENAMED.get(node.name, node.name),
            [argument.arg for argument in node.args.args],
        )
        for node in functions(tree)
    ]


def refusals(tree):
    """Every condition under which the file raises, and the error it raises."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.If)]
    return [ast.dump(node) for node in found if isinstance(node.body[0], ast.Raise)]


def test_functions_are_read_as_classes_are():
    tree = ast.parse("class A:\n    'of A'\ndef f():\n    'of f'\nclass TwoBiases: ...")

    assert names(tree) == ["A", "f"]
    assert docstrings(tree) == ["of A", "of f"]


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    "what",
    [ast.get_docstring, names, docstrings],
    ids=["module docstring", "names", "docstrings"],
)
def test_twins_share(file, what):
    pytorch, keras = map(what, trees(file))

    assert pytorch == keras


@pytest.mark.parametrize("file", PARALLEL)
def test_twins_refuse_alike(file):
    pytorch, keras = map(refusals, trees(file))

    assert pytorch == keras


@pytest.mark.parametrize("file", PARALLEL)
@pytest.mark.parametrize("what", [attributes, signatures])
def test_keras_has_all_that_pytorch_has_in_its_order(file, what):
    """Where Keras needs a helper or an attribute more, PyTorch says why beside it."""
    by_hand = file in PYTORCH_NEEDS_MORE
    both = map(without_one_sided, trees(file)) if by_hand else trees(file)
    pytorch, keras = map(what, both)
    rest = iter(keras)

    assert all(one in rest for one in pytorch), (pytorch, keras)
    if file not in KERAS_NEEDS_MORE:
        assert pytorch == keras


@pytest.mark.parametrize("file", PARALLEL)
def test_most_lines_are_the_same(file):
    """A layer's contract needs a loop in one where the other has an argument."""
    texts = [(sources.ROOT / folder / f"{file}.py").read_text() for folder in FOLDERS]
    lines = [text.splitlines() for text in texts]
    ratio = SequenceMatcher(None, *lines, autojunk=False).ratio()

    needs_more = KERAS_NEEDS_MORE + PYTORCH_NEEDS_MORE
    assert ratio > (0.5 if file in needs_more else 0.7)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_is_a_pair_and_every_pair_a_file(folder):
    """PAIRS is written by hand; this holds it to the folders."""
    files = {path.stem for path in (sources.ROOT / folder).glob("*.py")} - {"__init__"}

    assert files == {pair.file for pair in PAIRS} | set(OTHER_TWINS)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.file)
def test_pair_names_the_class_and_its_arguments(pair):
    for tree in trees(pair.file):
        cls = next(cls for cls in classes(tree) if cls.name == pair.cls)
        init = next(
            node for node in cls.body if getattr(node, "name", "") == "__init__"
        )
        arguments = [argument.arg for argument in init.args.args[1:]]

        given = list(pair.sizes)
        defaults = len(init.args.defaults)
        assert set(given) <= set(arguments)
        assert set(arguments[: len(arguments) - defaults]) <= set(given)
