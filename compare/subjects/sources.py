"""The source files of a pair, read as text; no framework is loaded."""

import ast
from pathlib import Path

from compare.subjects.pairs import Pair

ROOT = Path(__file__).parent.parent.parent


def path(pair: Pair, folder: str) -> Path:
    """A twin's file; `folder` is "pytorch_models" or "keras_models"."""
    return ROOT / folder / f"{pair.file}.py"


def both(pair: Pair) -> list[tuple[str, str]]:
    """Name and text of both twins' files, PyTorch's first."""
    paths = [path(pair, folder) for folder in ("pytorch_models", "keras_models")]
    return [
        (f"{file.parent.name}/{file.name}", file.read_text(encoding="utf-8"))
        for file in paths
    ]


def sentence(pair: Pair) -> str:
    """What the model does: the first line of its class's docstring."""
    tree = ast.parse(path(pair, "pytorch_models").read_text(encoding="utf-8"))
    (cls,) = (node for node in tree.body if getattr(node, "name", "") == pair.cls)
    return ast.get_docstring(cls).splitlines()[0]
