"""Functions of a module that one thread finds replaced, and no other thread does."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import wraps
from types import ModuleType
from typing import Any

Function = Callable[..., Any]


class _Replacements(threading.local):
    """What this thread finds, by the `id` of what the module really holds."""

    functions: Mapping[int, Function] = {}


class _ByThread(ModuleType):
    """A module in which each thread finds its own replacements."""

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        return _replacements.functions.get(id(value), value)


_replacements = _Replacements()
_lock = threading.Lock()
_blocks: Counter[ModuleType] = Counter()  # by module, how many run in all threads
_classes: dict[ModuleType, type] = {}  # by module, the class it had before


@contextmanager
def replaced(
    replacements: Mapping[tuple[ModuleType, str], Callable[[Function], Function]],
) -> Iterator[None]:
    """Let this thread find other functions in modules while the block runs.

    What a module holds stays as it is. It only gets a class of its own that looks
    functions up by thread, so that another thread that uses it sees no difference.

    Args:
        replacements: by module and name of a function, what takes the function that the
            module holds and returns the one to find.

    Source: https://docs.python.org/3/reference/datamodel.html, "Customizing module
        attribute access".
    """
    functions = dict(_replacements.functions)
    for (module, name), make in replacements.items():
        original = vars(module)[name]  # not what this thread may find already
        functions[id(original)] = wraps(original)(make(original))
    before = _replacements.functions
    with ExitStack() as stack:
        for module in dict.fromkeys(module for module, _ in replacements):
            stack.enter_context(_looked_up_by_thread(module))
        _replacements.functions = functions
        try:
            yield
        finally:
            _replacements.functions = before


@contextmanager
def _looked_up_by_thread(module: ModuleType) -> Iterator[None]:
    """Give a module the class `_ByThread` while any such block runs in any thread."""
    with _lock:
        _blocks[module] += 1
        if _blocks[module] == 1:
            module_class = _classes[module] = type(module)
            module.__class__ = type(
                module_class.__name__, (_ByThread, module_class), {}
            )
    try:
        yield
    finally:
        with _lock:
            _blocks[module] -= 1
            if _blocks[module] == 0:
                module.__class__ = _classes[module]
