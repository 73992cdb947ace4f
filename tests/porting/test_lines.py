"""Written lines are those that ruff would have made of them."""

import ast
import subprocess
import sys

import numpy as np
import pytest

from compare.porting.writing.lines import (
    Brackets,
    call,
    index,
    joined,
    literal,
    paragraph,
    quoted,
    statement,
)


def formatted(text: str) -> str:
    """The text as ruff formats it."""
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "-"]
    return subprocess.run(
        command, input=text, capture_output=True, text=True, check=True
    ).stdout


def random_code(rng: np.random.Generator, depth: int = 0) -> str | Brackets:
    """A name, a constant, a list or a call, with others inside."""
    length = int(rng.integers(1, 24))
    name = "".join(rng.choice(list("abcdgh"), length))
    choice = int(rng.integers(0, 6 if depth < 3 else 2))
    if choice == 0:
        return name
    if choice == 1:
        return str(literal(round(float(rng.normal()), 3)))
    items = [random_code(rng, depth + 1) for _ in range(int(rng.integers(0, 6)))]
    if choice == 2:
        return Brackets("[", tuple(("", item) for item in items), "]")
    if choice == 3 and items:
        return Brackets("(", tuple(("", item) for item in items), ")")
    named = {f"argument{number}": item for number, item in enumerate(items[2:])}
    return call(name, items[:2], named)


def test_random_statements_are_as_ruff_formats_them():
    rng = np.random.default_rng(0)
    statements = []
    for _ in range(400):
        statements += statement(call("f", [random_code(rng)]), "x = ", indent=0)
        statements += statement(random_code(rng), "value = ", indent=0)
    text = "\n".join(line.removesuffix("  # noqa: E501") for line in statements) + "\n"

    assert formatted(text) == text


@pytest.mark.parametrize(
    "text", ["plain", 'say "no"', "it's", 'it\'s "so"', "a\\b", "new\nline", "é\x1b"]
)
def test_text_in_quotes_is_as_ruff_writes_it_and_reads_back(text):
    line = f"x = {quoted(text)}\n"

    assert ast.literal_eval(quoted(text)) == text
    assert formatted(line) == line


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (-1, "-1"),
        (slice(None), ":"),
        ((slice(None), -1), ":, -1"),
        ((Ellipsis, None), "..., None"),
        (slice(1, None, 2), "1::2"),
        ((slice(None, -1),), ":-1"),
    ],
)
def test_an_index_is_written_with_its_slices(item, text):
    assert index(item) == text


@pytest.mark.parametrize("value", [1e-7, 0.1, -3.0, 1e30, [1, (2,)], {"a": None}])
def test_a_constant_reads_back_as_it_was(value):
    line = f"x = {literal(value)}\n"

    assert ast.literal_eval(str(literal(value))) == value
    assert formatted(line) == line


def test_a_comment_that_does_not_fit_is_left_out():
    assert statement("f(x)", "y = ", comment="(batch, 2)") == [
        "    y = f(x)  # (batch, 2)"
    ]
    assert statement("f(x)", "y = ", comment="a" * 80) == ["    y = f(x)"]


def test_a_line_that_cannot_be_broken_says_so_to_ruff():
    (line,) = statement(quoted("a" * 90), "x = ", indent=0)

    assert line.endswith("  # noqa: E501")
    assert formatted(f"{line}\n") == f"{line}\n"


def test_paragraphs_end_before_the_last_column():
    text = " ".join(["word"] * 100)
    lines = paragraph(text, indent=2, following="    ")

    assert max(map(len, lines)) <= 88
    assert " ".join(line.strip() for line in lines) == text
    assert lines[1].startswith(" " * 12)


def test_blocks_are_joined_with_empty_lines():
    assert joined([["import a"], [], ["b = 1", "c = 2"]]) == (
        "import a\n\n\nb = 1\nc = 2\n"
    )
