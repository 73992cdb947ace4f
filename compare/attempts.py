"""The pairs of one call, each by itself: a refusal of one leaves the others alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from compare.defects import defect
from compare.errors import BadInput
from compare.judging.not_compared import NotCompared
from compare.one_line import printable
from compare.subjects.own.pair import OwnPair
from compare.subjects.pairs import Pair

# Keys of the evidence's inputs that name no pair.
RESERVED = ("prices", "days", "seed")


class Attempts:
    """Keeps what went wrong with single pairs.

    Args:
        alone: whether there is only one pair, whose error the caller gets as it is.

    Attributes:
        not_compared: the pairs that got no verdict, in the order of the run.
    """

    def __init__(self, alone: bool):
        self._alone = alone
        self.not_compared: list[NotCompared] = []

    @contextmanager
    def at(self, name: str) -> Iterator[None]:
        """Note what goes wrong with a pair inside the block, which ends there.

        Args:
            name: of the pair.
        """
        try:
            yield
        except Exception as error:
            if self._alone:
                raise
            self.not_compared.append(_not_compared(printable(name), error))


def _not_compared(name: str, error: Exception) -> NotCompared:
    if isinstance(error, BadInput):
        return NotCompared(name, str(error))
    if isinstance(error, MemoryError):
        message = (
            "expected models that fit into memory, got too large ones; shrink them"
        )
        return NotCompared(name, message)
    return defect(name, error)


def names_of(pairs: Sequence[Pair | OwnPair | str]) -> dict[str, str]:
    """What pair files are called: by their stem, or as they were typed.

    The stem is not enough where another pair has it, or the evidence means something
    else by it.

    Args:
        pairs: built-in, loaded, or paths of pair files.

    Returns:
        The name by each path.
    """
    taken = [*RESERVED]
    for pair in pairs:
        if isinstance(pair, Pair):
            taken.append(pair.file)
        elif isinstance(pair, OwnPair):
            taken.append(pair.name)
        else:
            taken.append(Path(pair).stem)
    names = {}
    for pair in pairs:
        if isinstance(pair, str):
            stem = Path(pair).stem
            is_unique = taken.count(stem) == 1
            names[pair] = printable(stem) if is_unique else printable(pair)
    return names


def distinct(names: Sequence[str]) -> list[str]:
    """Names of pairs and paths of pair files, each pair once, as it was typed first."""
    by_file: dict[str, str] = {}
    for name in names:
        key = name
        if name.endswith(".py"):
            key = os.path.realpath(name)  # `Path.resolve` fails for a link to itself
        by_file.setdefault(key, name)
    return list(by_file.values())
