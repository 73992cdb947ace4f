"""The tutorial says what it said when its outputs were stored.

    python tests/docs/test_tutorial.py

runs it and stores its outputs.
"""

import os
import re
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.ipynb"
ROUNDING = 1e-9  # numbers below it are rounding, which differs from machine to machine
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]\d+)?")


def executed():
    """The tutorial, run from its first cell to its last."""
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    notebook = nbformat.read(TUTORIAL, as_version=4)
    client = nbclient.NotebookClient(notebook, timeout=600, record_timing=False)
    quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    client.execute(cwd=str(TUTORIAL.parent), env=quiet)
    return notebook


def outputs(cell):
    """What a cell printed and showed, without what TensorFlow's loader says."""
    kept = []
    for output in cell.get("outputs", []):
        if output.get("name") != "stderr":
            kept.append(output)
    return kept


def texts(notebook):
    """The text that each cell printed and showed."""
    of_cells = []
    for cell in notebook.cells:
        text = ""
        for output in outputs(cell):
            text += output.get("text", "")
            text += output.get("data", {}).get("text/plain", "")
        of_cells.append(text)
    return of_cells


def are_near(text, stored_text):
    """Whether two numbers are the same but for rounding, or for a few more mistakes."""
    number, stored = float(text), float(stored_text)
    if max(abs(number), abs(stored)) < ROUNDING:
        return True
    near = 0.02 if "." in stored_text else 0.1  # counts grow with the library
    return number == pytest.approx(stored, rel=near)


@pytest.mark.slow
def test_the_tutorial_says_what_it_said():
    nbformat = pytest.importorskip("nbformat")
    stored = texts(nbformat.read(TUTORIAL, as_version=4))

    for text, stored_text in zip(texts(executed()), stored, strict=True):
        assert NUMBER.sub("#", text) == NUMBER.sub("#", stored_text)
        numbers, stored_numbers = NUMBER.findall(text), NUMBER.findall(stored_text)
        assert all(map(are_near, numbers, stored_numbers)), text


@pytest.mark.parametrize(
    ("number", "stored", "near"),
    [
        ("3.1e-16", "4.4e-16", True),
        ("3.1e-3", "3.1e-3", True),
        ("3.1e-03", "3.3e-03", False),
        ("275", "271", True),
        ("20", "77", False),
    ],
)
def test_numbers_are_compared_but_for_rounding(number, stored, near):
    assert are_near(number, stored) is near


def test_the_tutorial_stores_the_output_of_each_cell_that_shows_something():
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(TUTORIAL, as_version=4)
    shown = [cell for cell in notebook.cells if outputs(cell)]

    assert len(shown) >= 10
    assert all(cell.outputs == outputs(cell) for cell in shown)


def store():
    """Run the tutorial, and keep its outputs in it."""
    import nbformat

    notebook = executed()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = outputs(cell)
    nbformat.write(notebook, TUTORIAL)


if __name__ == "__main__":
    store()
