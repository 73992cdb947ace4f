"""The file of a port: imports, helpers that PyTorch has no layer for, classes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from compare import in_pytorch
from compare.kinds.source import shape_text
from compare.porting.writing.page_classes import ClassText

HELPERS = Path(in_pytorch.__file__).parent / "ported"
PACKAGE = "compare.in_pytorch.ported."
INDENT = "    "

# What a text needs, by a pattern in it, in the order in which ruff sorts imports.
IMPORTS = (
    (r"\bmath\.", "import math", 0),
    (r"\btorch\.", "import torch", 1),
    (r"\bF\.", "import torch.nn.functional as F", 1),
    (r"\bnn\.", "from torch import nn", 1),
)


def module_text(classes: Sequence[ClassText]) -> str:
    """The text of a file with these classes, the model's own last."""
    helpers: dict[str, str] = {}
    imports: set[str] = set()
    for text in classes:
        for name in text.page.helpers:
            _add_helper(name, helpers, imports)
    bodies = [*helpers.values(), *map(_class_text, classes)]
    body = "\n\n\n".join(bodies)
    groups: list[list[str]] = [[], []]
    for pattern, line, group in IMPORTS:
        if re.search(pattern, body):
            groups[group].append(line)
    for line in sorted(imports):
        of_torch = re.match(r"(from|import) torch\b", line)
        imported = groups[1] if of_torch else groups[0]
        if line not in imported:
            imported.append(line)
    head = "\n\n".join("\n".join(group) for group in groups if group)
    return f"{head}\n\n\n{body}\n"


def _add_helper(name: str, helpers: dict[str, str], imports: set[str]) -> None:
    """Add the text of a helper's file without imports; those it needs come first."""
    if name in helpers:
        return
    text = (HELPERS / f"{name}.py").read_text("utf-8")
    tree = ast.parse(text)
    first = None
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            _add_helper(str(node.module).removeprefix(PACKAGE), helpers, imports)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            line = ast.unparse(node)
            if "__future__" not in line and "import torch" not in line and line != "nn":
                imports.add(line)
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            first = first or node
    assert first is not None, name
    decorators = getattr(first, "decorator_list", [])
    start = min([first.lineno, *(item.lineno for item in decorators)])
    lines = text.splitlines()
    while start > 1 and lines[start - 2].startswith("#"):  # a comment above it
        start -= 1
    helpers[name] = "\n".join(lines[start - 1 :]).rstrip()


def _class_text(text: ClassText) -> str:
    return "\n".join(_class_lines(text))


def _class_lines(text: ClassText) -> Iterator[str]:
    yield f"class {text.name}(nn.Module):"
    yield from _docstring(text)
    if text.page.attributes:
        yield ""
        yield f"{INDENT}def __init__(self):"
        yield f"{INDENT * 2}super().__init__()"
        for name, value in text.page.attributes.items():
            yield f"{INDENT * 2}self.{name} = {value}"
    arguments = [f"{name}: torch.Tensor" for name in text.arguments]
    yield ""
    yield f"{INDENT}def forward(self, {', '.join(arguments)}):"
    lines = [*text.page.lines]
    result = text.result
    if lines and (match := re.fullmatch(rf"{re.escape(result)} = (.*)", lines[-1])):
        lines[-1:] = [f"return {match[1]}"]
    else:
        lines.append(f"return {result}")
    for line in lines:
        yield f"{INDENT * 2}{line}"


def _docstring(text: ClassText) -> Iterator[str]:
    yield f'{INDENT}"""The model {text.model}, ported from Keras.'
    yield ""
    yield f"{INDENT}Call:"
    for name, value in text.arguments.items():
        yield f"{INDENT * 2}{name}: {value.dtype}, {shape_text(value)}."
    for note in text.page.notes:
        yield ""
        yield f"{INDENT}{note}"
    yield f'{INDENT}"""'
