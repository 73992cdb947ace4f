"""The file of a port: imports, helpers that PyTorch has no layer for, classes."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from compare.in_pytorch.ported import GENERAL
from compare.kinds.graph import ABOUT_UNTOLD, UNTOLD
from compare.kinds.source import TensorText, shape_text, steps_text
from compare.porting.writing.lines import Brackets, paragraph, statement
from compare.porting.writing.names import HELPERS
from compare.porting.writing.page_classes import ClassText, ordered
from compare.porting.writing.statements import formatted

PACKAGE = "compare.in_pytorch.ported."
INDENT = "    "
TENSOR = "torch.Tensor"

# What a text needs, by a pattern in it, in the order in which ruff sorts imports.
IMPORTS = (
    (r"\bmath\.", "import math", 0),
    (r"\btorch\.", "import torch", 1),
    (r"\bF\.", "import torch.nn.functional as F", 1),
    (r"\bnn\.", "from torch import nn", 1),
)


def module_text(
    classes: Sequence[ClassText], stubs: Sequence[Sequence[str]] = ()
) -> str:
    """The text of a file with these classes, the model's own last.

    Args:
        classes: of the model and of those inside it.
        stubs: the lines of other classes, which come before them.
    """
    classes = [text for text in classes if not text.is_again]
    helpers: dict[str, str] = {}
    imports: set[str] = set()
    asked = [name for text in classes for name in text.page.helpers]
    for name in asked:
        _add_helper(name, asked, helpers, imports)
    bodies = [*helpers.values(), *map("\n".join, stubs), *map(_class_text, classes)]
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


def _add_helper(
    name: str, asked: Collection[str], helpers: dict[str, str], imports: set[str]
) -> None:
    """Add the text of a helper's file without imports; those it needs come first.

    Args:
        name: of the file.
        asked: all that the port asks for: one that does more takes its place.
        helpers: gets the text.
        imports: gets the imports of other packages.
    """
    if GENERAL.get(name) in asked:
        name = GENERAL[name]
    if name in helpers:
        return
    text = (HELPERS / f"{name}.py").read_text("utf-8")
    tree = ast.parse(text)
    first = None
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            needed = str(node.module).removeprefix(PACKAGE)
            _add_helper(needed, asked, helpers, imports)
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
            yield from formatted(f"self.{name} = {value}")
    names = [*text.arguments, *filter(None, text.masks_taken)]
    arguments = tuple(("", f"{name}: torch.Tensor") for name in names)
    code = Brackets("def forward(", (("", "self"), *arguments), ")")
    yield ""
    yield from statement(code, after=f" -> {_annotation(text)}:")
    for line in _body(text):
        yield from formatted(line)


def _body(text: ClassText) -> list[str]:
    """The lines of `forward`, of which the last returns."""
    lines = [*text.page.lines]
    result = text.result
    if lines and (match := re.fullmatch(rf"{re.escape(result)} = (.*)", lines[-1])):
        lines[-1:] = [f"return {match[1]}"]
    else:
        lines.append(f"return {result}")
    return lines


def _annotation(text: ClassText) -> str:
    """The type of what `forward` returns."""
    parts = [_type_of(text.results), *(TENSOR for _ in text.mask_names)]
    return parts[0] if len(parts) == 1 else f"tuple[{', '.join(parts)}]"


def _type_of(results: Any) -> str:
    if isinstance(results, TensorText):
        return TENSOR
    if isinstance(results, Mapping):
        inside = list(dict.fromkeys(map(_type_of, results.values())))
        return f"dict[str, {' | '.join(inside)}]"
    parts = list(map(_type_of, results))
    if len(parts) > 3 and len(set(parts)) == 1:
        return f"tuple[{parts[0]}, ...]"
    return f"tuple[{', '.join(parts)}]"


# ------------------------------------------------------------------------- docstrings


def _docstring(text: ClassText) -> Iterator[str]:
    name = re.sub(r"[^\w .:/+-]", "_", text.model, flags=re.ASCII)
    yield from paragraph(f'"""The model {name}, ported from Keras.')
    yield ""
    yield f"{INDENT}Call:"
    for argument, value in text.arguments.items():
        yield from _described(f"{argument}: {_tensor_words(value)}.")
    taken = zip(text.arguments.items(), text.masks_taken, strict=True)
    for (argument, value), mask in taken:
        if mask:
            steps = f"{steps_text(value)}, the steps that count"
            yield from _described(f"{mask}: bool, {steps} of {argument}.")
    yield from _returned(text)
    if any(re.search(rf"# \(.*\b{UNTOLD}\b", line) for line in text.page.lines):
        yield ""
        yield from paragraph(ABOUT_UNTOLD)
    for note in text.page.notes:
        yield ""
        plain = note.replace("\\", "/").replace('"', "'")
        yield from paragraph(plain)
    yield f'{INDENT}"""'


def _returned(text: ClassText) -> Iterator[str]:
    """What `forward` returns, in words."""
    results = text.results
    words = list(_items(results))
    if text.mask_names:
        for name in text.mask_names:
            value = next(v for v in ordered(results) if v.mask == name)
            words.append(f"bool, {steps_text(value)}, which steps count")
    if len(words) == 1 and isinstance(results, TensorText):
        yield from _described(f"returns: {words[0]}.")
        return
    kind = "a dictionary" if isinstance(results, Mapping) else "a tuple"
    yield from _described(f"returns: {kind} of")
    for word in words:
        yield from _described(f"{word}.", 3)


def _items(results: Any, before: str = "") -> Iterator[str]:
    """Each tensor that is returned, in words, with the key that leads to it."""
    if isinstance(results, TensorText):
        yield f"{before}{_tensor_words(results)}"
    elif isinstance(results, Mapping):
        for key, value in results.items():
            printed = re.sub(r"[^\w .:/+-]", "_", str(key), flags=re.ASCII)
            yield from _items(value, f'{before}"{printed}": ')
    else:
        for value in results:
            yield from _items(value, before)


def _tensor_words(value: TensorText) -> str:
    """Type and shape of a tensor."""
    kind = re.sub(r"\d+$", "", value.dtype)
    shown = shape_text(replace(value, features_second=False, folded=()))
    return f"{'int' if kind == 'uint' else kind}, {shown}"


def _described(text: str, indent: int = 2) -> list[str]:
    """An argument in a docstring; lines but the first stand deeper."""
    return paragraph(text, indent, INDENT)
