"""Lines of a forward method whose results nobody reads, taken out.

The lines run one after the other, and have no effects but their results.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence


def without_unread(lines: Sequence[str], result: str) -> list[str]:
    """The lines that what is returned needs; a name in a tuple that is unread is "_".

    Args:
        lines: of the method.
        result: what it returns.
    """
    needed = []
    live = names_in(result)
    for line in reversed(lines):
        targets = targets_of(line)
        if targets is None:
            live |= names_in(line)
            needed.append(line)
            continue
        if not live & {*targets}:
            continue
        _, right = line.split(" = ", 1)
        if len(targets) > 1:
            kept = [name if name in live else "_" for name in targets]
            line = f"{', '.join(kept)} = {right}"
        live -= {*targets}
        live |= names_in(right)
        needed.append(line)
    return needed[::-1]


def read_after(lines: Sequence[str], number: int, result: str) -> set[str]:
    """The names that needed lines behind one of them read.

    Args:
        lines: of the method.
        number: of the line.
        result: what the method returns.
    """
    live = names_in(result)
    for line in reversed(lines[number + 1 :]):
        targets = targets_of(line)
        if targets is None:
            live |= names_in(line)
        elif live & {*targets}:
            live -= {*targets}
            live |= names_in(line.split(" = ", 1)[1])
    return live


def targets_of(line: str) -> list[str] | None:
    """The names that a line gives values to; None of a line that does more than that.

    Of `x, _ = self.lstm(x)` they are x and _.
    """
    if line != line.strip():
        return None
    try:
        statements = ast.parse(line).body
    except SyntaxError:
        return None
    if len(statements) != 1 or not isinstance(statements[0], ast.Assign):
        return None
    target = statements[0].targets[0]
    names = target.elts if isinstance(target, ast.Tuple) else [target]
    if not all(isinstance(name, ast.Name) for name in names):
        return None
    return [name.id for name in names if isinstance(name, ast.Name)]


def names_in(text: str) -> set[str]:
    """The names in an expression, without those behind a dot; comments count not."""
    return set(re.findall(r"(?<![\w.])[A-Za-z_]\w*", text.split("  # ")[0]))
