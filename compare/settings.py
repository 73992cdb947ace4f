"""What a process has set, and what of it the suite sets for its own work."""

from __future__ import annotations

import random
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

LEAST_RECURSION = 1_000  # Python's own limit, which the frameworks need


def as_it_is(value: Any) -> Any:
    """What a setting is while the suite works that relies on nothing there."""
    return value


def always(value: Any) -> Callable[[Any], Any]:
    """What a setting is while the suite works, whatever a user has set."""

    def ours(users: Any) -> Any:
        return value

    return ours


@dataclass(frozen=True)
class Setting:
    """One thing that a process has set.

    Args:
        read: returns its value.
        write: sets it.
        ours: takes the user's value, and returns the one that the suite relies on.
    """

    read: Callable[[], Any]
    write: Callable[[Any], object]
    ours: Callable[[Any], Any] = as_it_is


@contextmanager
def kept(settings: Sequence[Setting]) -> Iterator[None]:
    """Let settings be after the block what they were before it."""
    with ExitStack() as stack:
        for setting in settings:
            stack.callback(setting.write, setting.read())
        yield


@contextmanager
def relied_on(settings: Sequence[Setting]) -> Iterator[None]:
    """Let settings be the suite's inside the block, and a user's own after it."""
    with kept(settings):
        for setting in settings:
            if setting.ours is not as_it_is:
                setting.write(setting.ours(setting.read()))
        yield


# --------------------------------------------------------------------- Python and NumPy


def _at_least(limit: int) -> int:
    return max(limit, LEAST_RECURSION)


def _set_recursion_limit(limit: int) -> None:
    try:
        sys.setrecursionlimit(limit)
    except RecursionError:  # it is deeper here than a user's limit allows
        return


def of_python() -> list[Setting]:
    """Python's and NumPy's settings; NumPy is loaded."""
    import numpy as np  # which some commands do without

    def set_errors(value: dict[str, Any]) -> None:
        np.seterr(**value)

    def set_print_options(value: dict[str, Any]) -> None:
        np.set_printoptions(**value)

    errors = dict.fromkeys(("divide", "over", "under", "invalid"), "ignore")
    printed: dict[str, Any] = {
        "precision": 8,
        "threshold": 1000,
        "edgeitems": 3,
        "linewidth": 75,
    }
    printed |= {"suppress": False, "formatter": None, "legacy": False}
    return [
        Setting(sys.getrecursionlimit, _set_recursion_limit, _at_least),
        Setting(random.getstate, random.setstate),
        Setting(np.random.get_state, np.random.set_state),
        Setting(np.geterr, set_errors, always(errors)),
        Setting(np.get_printoptions, set_print_options, always(printed)),
    ]


@contextmanager
def warnings_not_raised() -> Iterator[None]:
    """Warnings that a user has made errors are warnings inside the block."""
    with warnings.catch_warnings():
        filters: list[Any] = []
        for rule in warnings.filters:
            filters.append(("default", *rule[1:]) if rule[0] == "error" else rule)
        warnings.filters[:] = filters  # type: ignore[index]
        yield
