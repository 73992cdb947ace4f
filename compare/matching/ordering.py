"""Whether layers that only an order tells apart stand in the order of execution.

A file, and a live model that nobody runs, know in which order layers were defined. What
vouches for that order is a chain of layers in Keras, or numbers in names.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from compare.errors import BadInput
from compare.listing import LETTERS, bounded
from compare.matching.matching import Matched
from compare.matching.names import Names
from compare.matching.unmatched import called

LETTERS_OF_TABLE = 2 * LETTERS


@dataclass(frozen=True)
class Order:
    """What is known of the order of two models' layers.

    Args:
        chains: what the names of Keras's layers begin with in each model whose layers
            form a chain; "" for the whole model.
        sorted_by_name: whether PyTorch's file keeps no order but that of names.
        option: whether a table of names is an option of the command line.
    """

    chains: Sequence[str] = ()
    sorted_by_name: bool = False
    option: bool = False


def check(matched: Matched, order: Order, names: Names | None = None) -> None:
    """Refuse a match by an order that need not be that of execution.

    Args:
        matched: which layers are twins.
        order: what vouches for their order.
        names: the table that was given, for the one that is proposed.

    Raises:
        BadInput: with the layers, and a table to paste: what order alone would say.
    """
    against: list[str] = []
    doubted: set[str] = set()
    for group in matched.by_order:
        if _is_certain(matched, group, order):
            continue
        torch, keras = _names_of(group)
        against.append(f"PyTorch's {_listed(torch)} against Keras's {_listed(keras)}")
        doubted.update(torch)
    if not against:
        return
    table = dict(names or {})
    for name, twins in matched.twins.items():
        if name in doubted:
            table[name] = twins
    raise BadInput(
        "layers: expected names, numbers in them or a chain of layers to tell which "
        f"of the same kind and sizes are twins, got {bounded(against, '; ')}; look "
        "which is which, and say so; by order alone it would be "
        f"{_pasted(table, order.option)}"
    )


def _is_certain(matched: Matched, group: list[tuple[str, str]], order: Order) -> bool:
    """Whether names or a chain vouch for the order of a group of layers."""
    torch, keras = _names_of(group)
    if keras != sorted(keras, key=matched.places.__getitem__):
        return False
    is_chained = any(_all_begin_with(chain, keras) for chain in order.chains)
    if not is_chained and not _ascend(keras, may_lack_number=True):
        return False
    return len(torch) == 1 or _ascend(torch, whole=order.sorted_by_name)


def _names_of(group: list[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """The layers of PyTorch and of Keras in a group, each once."""
    torch: dict[str, None] = {}
    keras: dict[str, None] = {}
    for torch_name, keras_name in group:
        torch[torch_name] = keras[keras_name] = None
    return list(torch), list(keras)


def _all_begin_with(beginning: str, names: Iterable[str]) -> bool:
    return all(name.startswith(beginning) for name in names)


def _ascend(
    names: Sequence[str], may_lack_number: bool = False, whole: bool = False
) -> bool:
    """Whether names are one stem with one number that ascends.

    Args:
        names: two or more.
        may_lack_number: whether a name may lack the number that others end in, which is
            0.
        whole: whether the number must be all there is between two dots.
    """
    if may_lack_number:
        numbered = []
        for name in names:
            numbered.append(name if re.search(r"\d$", name) else f"{name}_0")
        names = numbered
    number = r"(?<![^.])(\d+)(?![^.])" if whole else r"(\d+)"
    split = [re.split(number, name) for name in names]  # text, number, text ...
    if len(set(map(len, split))) > 1:
        return False
    unlike = []
    for place, pieces in enumerate(zip(*split, strict=True)):
        if len(set(pieces)) > 1:
            unlike.append((place, pieces))
    if len(unlike) != 1:
        return False
    place, pieces = unlike[0]
    if place % 2 == 0:  # a text
        return False
    numbers = [int(piece) for piece in pieces]
    return numbers == sorted(set(numbers))


def _listed(names: Iterable[str]) -> str:
    return bounded(dict.fromkeys(map(called, names)), letters=LETTERS // 2)


def _pasted(table: Mapping[str, str | Sequence[str]], option: bool) -> str:
    """Write a table of names as it is given in a call, or as an option.

    One that nobody would paste is cut.
    """
    pairs, rows = [], []
    for name, twins in table.items():
        twin_names = [twins] if isinstance(twins, str) else list(twins)
        pairs.append(f"{name}={'+'.join(twin_names)}")
        listed = ", ".join(f'"{twin_name}"' for twin_name in twin_names)
        if len(twin_names) > 1:
            listed = f"[{listed}]"
        rows.append(f'"{name}": {listed}')
    if option:
        return f"--names {shlex.quote(bounded(pairs, ',', LETTERS_OF_TABLE))}"
    return f"names={{{bounded(rows, letters=LETTERS_OF_TABLE)}}}"
