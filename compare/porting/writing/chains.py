"""Lines of a forward method that a person would write as one."""

from __future__ import annotations

import re

WIDTH = 88
INDENT = 8  # of a line of `forward`
# "x = self.conv(x)  # (batch, 16, height, width)"
ASSIGNED = re.compile(r"(\w+) = (.*)  # (\(.*\))")
# Axes that are moved, as an expression: "x.permute(0, 2, 3, 1)".
METHODS = "permute|transpose|movedim|flatten|unflatten|reshape|unsqueeze|squeeze"
ARGUMENTS = r"\([^()]*(?:\([^()]*\)[^()]*)*\)"
MOVES = re.compile(rf"\w+(\.({METHODS}){ARGUMENTS})+")


def without_brackets(text: str) -> str:
    """An expression without the brackets around the whole of it, which ruff drops."""
    if not text.startswith("("):
        return text
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            is_whole = place == len(text) - 1
            is_tuple = re.search(r",\s*\)$", text) is not None
            return text[1:-1] if is_whole and not is_tuple else text
    return text


def joined(last: str, text: str, shape: str, live: set[str]) -> str:
    """An expression with the line before it inside, if both make one line.

    A move and the calls that follow it are a chain, and an activation is written around
    the layer before it: "x = torch.relu(self.conv(x))".

    Args:
        last: the line before.
        text: the expression.
        shape: of the expression's result, as in a comment.
        live: the variables that are read after it.

    Returns:
        The expression that makes the line before needless, or "" if there is none.
    """
    match = ASSIGNED.fullmatch(last)
    if match is None:
        return ""
    name, before, shape_before = match.groups()
    if name in live or len(re.findall(rf"(?<![\w.]){name}\b", text)) != 1:
        return ""
    if text.startswith(f"{name}.") and MOVES.fullmatch(before):
        result = before + text.removeprefix(name)
    elif shape == shape_before and "self." not in text and f"({name}" in text:
        result = re.sub(rf"\({name}(?=[,)])", lambda _: f"({before}", text, count=1)
    else:
        return ""
    fits = INDENT + len(f"{name} = {result}") <= WIDTH  # the comment may stand above
    return result if result != text and fits else ""
