"""Lines of a forward method that a person would write as one."""

from __future__ import annotations

import ast
import re

from compare.kinds.reshaping_source import permuted

WIDTH = 88
INDENT = 8  # of a line of `forward`
LONGEST_SUM = 60  # letters of a line that is joined from operators
# "x = self.conv(x)  # (batch, 16, height, width)"
ASSIGNED = re.compile(r"(\w+) = (.*)  # (\(.*\))")
# Axes that are moved, as an expression: "x.permute(0, 2, 3, 1)".
METHODS = "permute|transpose|movedim|flatten|unflatten|reshape|unsqueeze|squeeze"
ARGUMENTS = r"\([^()]*(?:\([^()]*\)[^()]*)*\)"
MOVES = re.compile(rf"\w+(\.({METHODS}){ARGUMENTS})+")
# A part of a tensor, or what sums up an axis: "h[:, -1]", "x.mean((2, 3))".
PART = re.compile(rf"\w+(\[[^\[\]]*\]|\.(mean|sum|amax|amin){ARGUMENTS})")
OPERATORS = {
    ast.Add: 1,
    ast.Sub: 1,
    ast.Mult: 2,
    ast.Div: 2,
    ast.MatMult: 2,
    ast.Mod: 2,
    ast.FloorDiv: 2,
}


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

    A move and the calls that follow it are a chain; an activation is written around the
    layer before it, "x = torch.relu(self.conv(x))"; a layer takes a part of a tensor,
    "x = self.head(h[:, -1])"; a sum has a layer as its term, "x = x + self.conv(y)".

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
    longest = WIDTH - INDENT
    is_layer = "self." in text
    is_activation = not is_layer and shape == shape_before and f"({name}" in text
    takes_part = is_layer and PART.fullmatch(before) and f"({name})" in text
    if text.startswith(f"{name}.") and MOVES.fullmatch(before):
        result = in_one_move(before + text.removeprefix(name))
    elif is_activation or takes_part:
        result = _as_argument(text, name, before)
    else:
        result = _as_term(text, name, before)
        longest = LONGEST_SUM
    fits = len(f"{name} = {result}") <= longest  # the comment may stand above
    return result if result != text and fits else ""


def in_one_move(text: str) -> str:
    """Moves of axes that follow each other, as one: "x.permute(0, 3, 2, 1)"."""
    match = re.fullmatch(r"(\w+)((?:\.(?:permute|transpose)\([\d, ]+\)){2,})(.*)", text)
    if match is None or ".permute" not in match[2]:
        return text
    moves = re.findall(r"(permute|transpose)\(([\d, ]+)\)", match[2])
    numbers = [[int(number) for number in given.split(",")] for _, given in moves]
    order = list(range(max(map(len, numbers))))
    for (method, _), axes in zip(moves, numbers, strict=True):
        if method == "permute":
            order = [order[axis] for axis in axes]
            continue
        first, second = axes
        order[first], order[second] = order[second], order[first]
    return f"{permuted(match[1], order)}{match[3]}"


def _as_argument(text: str, name: str, before: str) -> str:
    """An expression with another one as an argument of a call."""
    return re.sub(rf"\({name}(?=[,)])", lambda _: f"({before}", text, count=1)


def _as_term(text: str, name: str, before: str) -> str:
    """A sum, a product and so on of two with another expression as one of them."""
    whole, part = _parsed(text), _parsed(before)
    if not isinstance(whole, ast.BinOp) or isinstance(part, ast.UnaryOp | None):
        return text
    if not isinstance(part, ast.BinOp | ast.Call | ast.Subscript):
        return text
    is_left = ast.unparse(whole.left) == name
    other = whole.right if is_left else whole.left
    if not isinstance(other, ast.Name | ast.Constant):
        return text
    if not is_left and ast.unparse(whole.right) != name:
        return text
    if isinstance(part, ast.BinOp):
        inner, outer = _binds(part), _binds(whole)
        if not inner or not outer:
            return text
        if inner < outer or (inner == outer and not is_left):
            before = f"({before})"
    return re.sub(rf"(?<![\w.]){name}\b", lambda _: before, text)


def _binds(node: ast.BinOp) -> int:
    return OPERATORS.get(type(node.op), 0)


def _parsed(text: str) -> ast.expr | None:
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError:
        return None
