"""Which kinds of layers the suite knows, as a table in Markdown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import get_args

from compare.kinds import IN_KERAS_ALONE, KINDS
from compare.kinds.kind import Family, Kind

COLUMNS = ("PyTorch", "Keras", "transferred", "options compared", "mistakes")
NONE = "-"
BY_HAND = "by hand"  # in the place of PyTorch's layer

# Kinds of one row are alike in these: whether PyTorch has such a layer, whether Keras
# has, the arrays, the options, and how many mistakes there are.
Key = tuple[bool, bool, tuple[str, ...], tuple[str, ...], int]


def kinds_table() -> str:
    """Write all kinds as a table, one family after another.

    Kinds of a family that are alike in all but their names share a row, in which the
    layers of PyTorch and of Keras stand in the same order.
    """
    lines = [_row(COLUMNS), _row("---" for _ in COLUMNS)]
    for family in get_args(Family):
        rows: dict[Key, list[Kind]] = defaultdict(list)
        for kind in (*KINDS, *IN_KERAS_ALONE):
            if kind.family == family:
                rows[_key(kind)].append(kind)
        if rows:
            lines.append(_row([f"**{family}**", *[""] * (len(COLUMNS) - 1)]))
        lines += [_row(_cells(key, kinds)) for key, kinds in rows.items()]
    return "\n".join(lines)


def _key(kind: Kind) -> Key:
    options = tuple(option.name for option in kind.options)
    layers = bool(kind.torch), bool(kind.keras)
    arrays = kind.array_names or tuple(kind.switches)
    return *layers, arrays, options, len(kind.mistakes)


def _cells(key: Key, kinds: Iterable[Kind]) -> list[str]:
    _, _, arrays, options, mistakes = key
    torch_names = [name for kind in kinds for name in kind.torch]
    keras_names = [name for kind in kinds for name in kind.keras]
    return [
        _code(torch_names) if torch_names else BY_HAND,
        _code(keras_names),
        _code(arrays),
        ", ".join(options) or NONE,
        str(mistakes or NONE),
    ]


def _code(names: Iterable[str]) -> str:
    """Write names as code; a name that two kinds share once."""
    return ", ".join(f"`{name}`" for name in dict.fromkeys(names)) or NONE


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
