"""The source files of a pair, read as text; no framework is loaded."""

import ast
from pathlib import Path

from compare.subjects.pairs import Pair

ROOT = Path(__file__).parents[2]
FOLDERS = ("pytorch_models", "keras_models")


def path(pair: Pair, folder: str) -> Path:
    """A twin's file; `folder` is one of FOLDERS."""
    return ROOT / folder / f"{pair.file}.py"


def of_twins(pair: Pair) -> list[tuple[str, str]]:
    """Name and text of both twins' files, PyTorch's first."""
    sources = []
    for folder in FOLDERS:
        file = path(pair, folder)
        sources.append((f"{folder}/{file.name}", file.read_text(encoding="utf-8")))
    return sources


def sentence(pair: Pair) -> str:
    """What the model does: the first line of its class's docstring.

    Raises:
        ValueError: if the file has no class of the pair's name.
    """
    tree = ast.parse(path(pair, FOLDERS[0]).read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == pair.cls:
            return (ast.get_docstring(node) or "").splitlines()[0]
    raise ValueError(f"{pair.file} expects a class {pair.cls}, got none")
