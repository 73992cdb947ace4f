"""Make the reference of the Python interface, as HTML, from the docstrings.

    python docs/reference.py FOLDER

A warning of pdoc, such as of a link that leads nowhere, ends it with a traceback.
"""

import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from unittest.mock import patch

import pdoc

import compare
from compare.loading import load_harness, quiet

# What is public, by the module that defines it.
PUBLIC = {
    "compare": [
        "check",
        "assert_same",
        "train",
        "transfer",
        "port",
        "BadInput",
        "Pair",
    ],
    "compare.judging.evidence": ["Evidence"],
    "compare.judging.result": ["Result", "StageResult", "Worst"],
    "compare.judging.explanation": ["Explanation", "Alternative"],
    "compare.judging.sensitivity": ["Sensitivity", "Survivor"],
    "compare.judging.not_compared": ["NotCompared"],
    "compare.judging.training": ["TrainingEvidence", "Cause"],
    "compare.matching.moves": ["Move"],
    "compare.porting.contents": ["Port"],
}


def build(folder: Path) -> None:
    """Write a page for each module of PUBLIC, and an index, into a folder."""
    with quiet():
        load_harness()  # before warnings are errors
    pdoc.render.configure(
        docformat="google",
        include_undocumented=False,  # fields stand in the class's docstring
        show_source=False,
        footer_text=f"twinproof {compare.__version__}",
    )
    with warnings.catch_warnings(), public_alone():
        warnings.simplefilter("error")
        pdoc.pdoc(*PUBLIC, output_directory=folder)


@contextmanager
def public_alone() -> Iterator[None]:
    """Let the modules of PUBLIC offer these names alone, in this order."""
    with ExitStack() as stack:
        for module, names in PUBLIC.items():
            offer = patch.object(import_module(module), "__all__", names, create=True)
            stack.enter_context(offer)
        yield


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FOLDER")
    build(Path(sys.argv[1]))
