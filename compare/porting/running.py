"""Source that the suite wrote, run: nothing of a user's file is in it but names."""

from __future__ import annotations

import itertools
import linecache
import sys
from types import ModuleType

_numbers = itertools.count()


def module_of(text: str, name: str) -> ModuleType:
    """Run a written source as a module.

    Args:
        text: of the source.
        name: of the file, for tracebacks.

    Returns:
        The module, under a name of its own among those that are loaded.
    """
    module = ModuleType(f"twinproof_port_{next(_numbers)}")
    file = f"{module.__name__}/{name}"  # whose lines are told, as of any source
    module.__file__ = file
    linecache.cache[file] = len(text), None, text.splitlines(True), file
    sys.modules[module.__name__] = module  # where classes look for their annotations
    exec(compile(text, file, "exec"), module.__dict__)
    return module
