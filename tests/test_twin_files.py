"""Twin files read alike: `diff` shows the framework and nothing else."""

import ast
from difflib import SequenceMatcher

import pytest

from compare import sources
from compare.pairs import PAIRS

FOLDERS = ("pytorch_models", "keras_models")
RENAMED = {"forward": "call"}  # the only names that differ


def trees(pair):
    texts = [sources.path(pair, f).read_text(encoding="utf-8") for f in FOLDERS]
    return [ast.parse(text) for text in texts]


def classes(tree):
    return [node for node in tree.body if isinstance(node, ast.ClassDef)]


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


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
    return [ast.dump(node) for node in found]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.file)
@pytest.mark.parametrize(
    "what",
    [
        lambda tree: ast.get_docstring(tree),
        lambda tree: [cls.name for cls in classes(tree)],
        lambda tree: [ast.get_docstring(cls) for cls in classes(tree)],
        attributes,
        signatures,
        refusals,
    ],
    ids=["module docstring", "classes", "docstrings", "attributes", "signatures", "if"],
)
def test_twins_share(pair, what):
    pytorch, keras = map(what, trees(pair))

    assert pytorch == keras


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.file)
def test_most_lines_are_the_same(pair):
    texts = [sources.path(pair, f).read_text(encoding="utf-8") for f in FOLDERS]
    lines = [text.splitlines() for text in texts]

    assert SequenceMatcher(None, *lines, autojunk=False).ratio() > 0.7


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_is_a_pair_and_every_pair_a_file(folder):
    """PAIRS is written by hand; this holds it to the folders."""
    files = {path.stem for path in (sources.ROOT / folder).glob("*.py")} - {"__init__"}

    assert files == {pair.file for pair in PAIRS}


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.file)
def test_pair_names_the_class_and_its_arguments(pair):
    for tree in trees(pair):
        cls = next(cls for cls in classes(tree) if cls.name == pair.cls)
        init = next(
            node for node in cls.body if getattr(node, "name", "") == "__init__"
        )
        arguments = [argument.arg for argument in init.args.args[1:]]

        assert arguments == list(pair.sizes)
