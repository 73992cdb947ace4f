"""What users call the functions and operators of PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

OPERATORS = {
    "add": "+",
    "sub": "-",
    "subtract": "-",
    "rsub": "-",
    "mul": "*",
    "multiply": "*",
    "div": "/",
    "divide": "/",
    "true_divide": "/",
    "truediv": "/",
    "matmul": "@",
    "getitem": "[]",
}


def name_of(function: Callable[..., Any]) -> str:
    """What a user calls a function or an operator of PyTorch."""
    name = getattr(function, "__name__", "")
    if name == "__get__":  # such as `x.T`
        return str(getattr(function.__self__, "__name__", name))  # type: ignore[attr-defined]
    plain = name.strip("_")
    for candidate in (plain, plain.removeprefix("i"), plain.removeprefix("r")):
        if candidate in OPERATORS:
            return OPERATORS[candidate]
    return plain
