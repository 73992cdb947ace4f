"""The IPython that a call comes from: that of a notebook, or of a terminal."""

from __future__ import annotations

import sys
from typing import Any


def ipython() -> Any:
    """The running IPython, or None; it is not loaded for this.

    Keras loads IPython where it is installed, so that being loaded says nothing.
    """
    module = sys.modules.get("IPython")
    get_ipython = getattr(module, "get_ipython", None)
    return None if get_ipython is None else get_ipython()


def cell_of(file: str) -> str:
    """The name of the cell, such as In[3], that stands in a temporary file; or ""."""
    compiler = getattr(ipython(), "compile", None)
    name_cell = getattr(compiler, "format_code_name", None)  # since IPython 8
    named = None if name_cell is None else name_cell(file)
    return "" if named is None else str(named[1])
