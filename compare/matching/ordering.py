"""Whether layers that only an order tells apart stand in the order of execution.

A file, and a live model that nobody runs, know in which order layers were defined. What
vouches for that order is a chain of layers in Keras, or numbers in names.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from compare.errors import BadInput
from compare.matching.matching import Matched, called


@dataclass(frozen=True)
class Order:
    """What is known of the order of two models' layers.

    Args:
        chains: what the names of Keras's layers begin with in each model whose layers
            form a chain; "" for the whole.
        sorted_by_name: whether PyTorch's file keeps no order but that of names.
        option: whether a table of names is an option of the command line.
    """

    chains: Sequence[str] = ()
    sorted_by_name: bool = False
    option: bool = False


def check(matched: Matched, order: Order, names: Mapping | None = None):
    """Refuse a match by an order that need not be that of execution.

    Args:
        matched: which layers are twins.
        order: what vouches for their order.
        names: the table that was given, for the one that is proposed.

    Raises:
        BadInput: with the layers, and a table to paste: what order alone would say.
    """
    doubtful = [
        group for group in matched.by_order if not _certain(matched, group, order)
    ]
    if not doubtful:
        return
    said = "; ".join(
        f"PyTorch's {_listed(torch for torch, _ in group)} against "
        f"Keras's {_listed(keras for _, keras in group)}"
        for group in doubtful
    )
    asked = {torch for group in doubtful for torch, _ in group}
    table = dict(names or {})
    table |= {name: matched.twins[name] for name in matched.twins if name in asked}
    raise BadInput(
        "layers: expected names, numbers in them or a chain of layers to tell which "
        f"of the same kind and sizes are twins, got {said}; look which is which, and "
        f"say so; by order alone it would be {_pasted(table, order.option)}"
    )


def _certain(matched, group, order):
    torch = list(dict.fromkeys(name for name, _ in group))
    keras = list(dict.fromkeys(name for _, name in group))
    if keras != sorted(keras, key=matched.places.__getitem__):
        return False
    numbered = _ascend(keras, missing=True)
    chained = any(all(n.startswith(c) for n in keras) for c in order.chains)
    return (numbered or chained) and (
        len(torch) == 1 or _ascend(torch, whole=order.sorted_by_name)
    )


def _ascend(names, missing=False, whole=False):
    """Whether names are one stem with one number that ascends.

    Args:
        names: two or more.
        missing: whether a name may lack the number that others end in, which is 0.
        whole: whether the number must be all there is between two dots.
    """
    if missing:
        names = [n if re.search(r"\d$", n) else f"{n}_0" for n in names]
    split = [
        re.split(r"(?<![^.])(\d+)(?![^.])" if whole else r"(\d+)", n) for n in names
    ]
    if len({len(parts) for parts in split}) > 1:
        return False
    differ = [
        i for i, each in enumerate(zip(*split, strict=True)) if len(set(each)) > 1
    ]
    if len(differ) != 1 or differ[0] % 2 == 0:
        return False
    numbers = [int(parts[differ[0]]) for parts in split]
    return all(a < b for a, b in pairwise(numbers))


def _listed(names):
    return ", ".join(dict.fromkeys(map(called, names)))


def _pasted(table, option):
    """A table of names as one gives it."""
    twins = {n: [t] if isinstance(t, str) else list(t) for n, t in table.items()}
    if option:
        text = ",".join(f"{name}={'+'.join(each)}" for name, each in twins.items())
        return f"--names {shlex.quote(text)}"
    rows = (
        f'"{name}": '
        + (f'"{each[0]}"' if len(each) == 1 else f"{each}".replace("'", '"'))
        for name, each in twins.items()
    )
    return f"names={{{', '.join(rows)}}}"
