"""Source without its docstrings, read as text; nothing is run."""

from __future__ import annotations

import ast


def without_docstrings(text: str) -> str:
    """Python source without the docstrings of its classes and functions.

    That of the file stays, and comments, and a docstring that is all there is in a body
    or shares a line with other code. Text that is no Python stays as it is.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return text
    lines = text.split("\n")
    left_out: set[int] = set()  # numbers of lines, from 1
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            left_out |= _docstring_lines(node, lines)
    kept = [line for number, line in enumerate(lines, 1) if number not in left_out]
    return "\n".join(kept)


def _docstring_lines(
    node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]
) -> set[int]:
    """Numbers of the lines of a docstring, and of the empty ones after it."""
    first = node.body[0]
    if ast.get_docstring(node) is None or len(node.body) == 1:
        return set()
    end = first.end_lineno or first.lineno
    before = lines[first.lineno - 1].encode()[: first.col_offset]
    after = lines[end - 1].encode()[first.end_col_offset :].strip()
    if before.strip() or (after and not after.startswith(b"#")):
        return set()
    while end < len(lines) and not lines[end].strip():
        end += 1
    return {*range(first.lineno, end + 1)}
