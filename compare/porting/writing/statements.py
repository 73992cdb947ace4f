"""Lines of a port as ruff formats them: statements that are too long are broken."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from compare.porting.writing.lines import (
    STEP,
    TOO_LONG,
    WIDTH,
    Brackets,
    Code,
    paragraph,
    statement,
)


def formatted(line: str, indent: int = 2) -> list[str]:
    """A line of a method as one line or as several.

    A comment that does not fit behind the line stands above it.

    Args:
        line: without its indent, maybe with a comment at its end.
        indent: how deep it stands.
    """
    before = STEP * indent
    if len(before + line) <= WIDTH:
        return [before + line]
    code, _, comment = line.partition("  # ")
    above = []
    if comment:
        above = paragraph(f"# {comment}", indent, "# ")
    if len(before + code) <= WIDTH:
        return [*above, before + code]
    try:
        (node,) = ast.parse(code).body
    except (SyntaxError, ValueError):
        return [*above, before + code + TOO_LONG]
    lines = _broken(node, code, indent)
    if any(TOO_LONG in line for line in lines):
        # ruff may know a place where this does not: it is told to leave the line.
        lines = [f"{before}{code}{TOO_LONG}  # fmt: skip"]
    return [*above, *lines]


def _broken(node: ast.stmt, code: str, indent: int) -> list[str]:
    """The lines of a statement that is too long for one."""
    value = getattr(node, "value", None)
    if value is None:
        return [STEP * indent + code + TOO_LONG]
    before = code[: value.col_offset]
    if isinstance(value, ast.BinOp):
        if len([*_terms(value, code)]) < 3:  # ruff may break it elsewhere
            return [STEP * indent + code + TOO_LONG]
        inside = STEP * (indent + 1)
        terms = [inside + term for term in _terms(value, code)]
        long = [line if len(line) <= WIDTH else line + TOO_LONG for line in terms]
        return [f"{STEP * indent}{before}(", *long, f"{STEP * indent})"]
    if isinstance(value, ast.Tuple) and not code.endswith(")"):
        items = tuple(("", _code_of(item, code)) for item in value.elts)
        return _exploded(Brackets("(", items, ")"), before, indent)
    return statement(_code_of(value, code), before, indent=indent)


def _exploded(brackets: Brackets, before: str, indent: int) -> list[str]:
    """Brackets with an item on each line."""
    lines = [f"{STEP * indent}{before}{brackets.opening}"]
    for name, item in brackets.items:
        lines += statement(item, name, ",", indent=indent + 1)
    return [*lines, f"{STEP * indent}{brackets.closing}"]


def _terms(node: ast.expr, code: str) -> Iterator[str]:
    """The terms of a sum, or of a chain of operators that bind alike."""
    if not isinstance(node, ast.BinOp):
        yield _source(node, code)
        return
    left_alike = isinstance(node.left, ast.BinOp) and _binds(node.left) == _binds(node)
    if left_alike and not _source(node.left, code).startswith("("):
        yield from _terms(node.left, code)
    else:
        yield _source(node.left, code)
    end = node.left.end_col_offset or 0
    operator = code[end : node.right.col_offset].strip(" ()")
    right = code[end : node.end_col_offset].strip()
    yield right if right.startswith(operator) else f"{operator} {right}"


def _binds(node: ast.BinOp) -> int:
    if isinstance(node.op, ast.Add | ast.Sub):
        return 1
    return 2 if isinstance(node.op, ast.Mult | ast.Div | ast.MatMult) else 3


def _source(node: ast.expr, code: str) -> str:
    return code[node.col_offset : node.end_col_offset]


def _code_of(node: ast.expr, code: str) -> Code:
    """An expression with the brackets in which it may be broken."""
    if isinstance(node, ast.Call):
        items = [("", _code_of(item, code)) for item in node.args]
        items += [
            (f"{word.arg}=", _code_of(word.value, code)) for word in node.keywords
        ]
        return Brackets(f"{_source(node.func, code)}(", tuple(items), ")")
    if isinstance(node, ast.Subscript):
        code_of_value = _code_of(node.value, code)
        if isinstance(code_of_value, Brackets):
            index = code[node.value.end_col_offset : node.end_col_offset]
            return replace(code_of_value, closing=f"{code_of_value.closing}{index}")
    if isinstance(node, ast.List):
        items = [("", _code_of(item, code)) for item in node.elts]
        return Brackets("[", tuple(items), "]")
    if isinstance(node, ast.Tuple) and _source(node, code).startswith("("):
        items = [("", _code_of(item, code)) for item in node.elts]
        return Brackets("(", tuple(items), ")")
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        named = [
            (f"{_source(key, code)}: ", _code_of(value, code))
            for key, value in pairs
            if key is not None
        ]
        return Brackets("{", tuple(named), "}")
    return _source(node, code)
