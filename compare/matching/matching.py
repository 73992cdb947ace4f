"""Which layer of a PyTorch model is which layer of its Keras twin.

A table of names comes first, then equal names, then the order of the layers among those
of the same kind and sizes; whether that order is one of execution, the caller knows.
Every layer that holds arrays finds its twin, or nothing is matched and both lists are
shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from compare.errors import BadInput
from compare.kinds.names import own, plain, snake
from compare.kinds.rules import RECURRENT, RULES, alike
from compare.matching.sizes import numbered, parts_of, sizes
from compare.matching.unmatched import called, unmatched

if TYPE_CHECKING:
    from compare.kinds.layer import Layer

# What Keras calls layers that a user gave no name, with a number behind all but one.
AUTOMATIC = {snake(keras) for _, keras in RULES}
AUTOMATIC |= {"bidirectional", "time_distributed", "rnn"}
WRAPPERS = ("module.", "_orig_mod.")  # of DataParallel and of torch.compile


@dataclass(frozen=True)
class Matched:
    """Which layers are twins, and how they were found.

    Args:
        twins: Keras's layers by the name of PyTorch's; a stack of PyTorch's has
            several.
        by_order: groups of layers of the same kind and sizes that were told apart by
            their order; of each part of a stack its layer's name and its twin's.
        places: where each of Keras's layers stands in its model.
    """

    twins: dict[str, list[str]]
    by_order: list[list[tuple[str, str]]]
    places: dict[str, int]


def match(
    torch: Mapping[str, Layer],
    keras: Mapping[str, Layer],
    names: Mapping[str, str | Sequence[str]] | None = None,
) -> dict[str, list[str]]:
    """Keras's layers by the name of PyTorch's; a stack of PyTorch's has several.

    Args:
        torch: layers with their arrays, in the order of execution.
        keras: the same; each of a stack on its own.
        names: of layers in PyTorch, and of their twins in Keras, where order, kind and
            sizes do not tell, or tell wrongly.

    Raises:
        BadInput: if a layer has no twin; both lists are in the message.
    """
    return matched(torch, keras, names).twins


def matched(
    torch: Mapping[str, Layer],
    keras: Mapping[str, Layer],
    names: Mapping[str, str | Sequence[str]] | None = None,
) -> Matched:
    """As `match`, for layers in an order that need not be that of execution.

    Raises:
        BadInput: as `match`.
    """
    table = {
        n: [t] if isinstance(t, str) else list(t) for n, t in (names or {}).items()
    }
    _check_table(table, torch, keras)
    for kind_of in (_own_kind, plain):  # the nonlinearity tells, unless it is mistaken
        found, free = dict(table), dict(keras)
        _take(free, found.values())
        named = _by_name(torch, free, found, kind_of)
        _take(free, named.values())
        ordered, short = {}, bare(list(torch))
        for among in (_of_its_part, lambda name, free: free):
            for name in [n for n in torch if n not in found | named | ordered]:
                twins = _first(torch[name], among(short[name], free), kind_of)
                ordered |= {name: twins} if twins else {}
                _take(free, [twins])
        ordered = {name: ordered[name] for name in torch if name in ordered}
        found |= named | ordered
        if not free and len(found) == len(torch):
            break
    else:
        raise BadInput(unmatched(torch, keras, found, free))
    return Matched(
        {name: found[name] for name in torch},
        _groups(torch, ordered),
        {name: place for place, name in enumerate(keras)},
    )


def _of_its_part(name, keras):
    return {twin: layer for twin, layer in keras.items() if common_part(name, [twin])}


def common_part(name: str, twins: Sequence[str]) -> str:
    """The part of both models, by its name, that a layer and its twins are in, if any.

    Args:
        name: of a layer in PyTorch, such as `encoder.rnn`.
        twins: of those in Keras.
    """
    part, *inside = name.split(".")
    return part if inside and all(t.startswith(f"{part}.") for t in twins) else ""


def _take(free, lists):
    for twins in lists:
        for twin in twins:
            free.pop(twin, None)


def bare(names: Sequence[str]) -> dict[str, str]:
    """PyTorch's names without what wrappers of the whole model put before them."""
    short = dict(zip(names, names, strict=True))
    while True:
        shared = [w for w in WRAPPERS if all(n.startswith(w) for n in short.values())]
        if not short or not shared:
            return short
        short = {name: each.removeprefix(shared[0]) for name, each in short.items()}


def _by_name(torch, keras, table, kind_of):
    """The twins that layers have by their names alone.

    Names that Keras gave count only where all of PyTorch's layers of the same kind and
    sizes, in the table or not, have theirs: `lstm_1, lstm_2` is not `lstm, lstm_1`.
    """
    found = {}
    for name, short in bare(list(torch)).items():
        twins = _of_that_name(short, keras)
        if name not in table and twins and _fit(torch[name], twins, keras, kind_of):
            found[name] = twins
    keys = {name: set(_keys(layer)) for name, layer in torch.items()}
    return {
        name: twins
        for name, twins in found.items()
        if not automatic(twins[0])
        or all(rival in found or rival in table for rival in _rivals(name, keys))
    }


def automatic(name: str) -> bool:
    """Whether Keras gives a layer this name when its user gives none."""
    return re.sub(r"_\d+$", "", name.split(".")[-1]) in AUTOMATIC


def _rivals(name, keys):
    """The layers that one could be taken for, or a part of one."""
    found, known = {name}, keys[name]
    while more := {n for n in keys if n not in found and keys[n] & known}:
        found |= more
        known = known.union(*(keys[each] for each in more))
    return found


def _of_that_name(name, keras):
    """The layer of this name, or those of the list of this name."""
    if name in keras:
        return [name]
    return [twin for twin in keras if re.fullmatch(rf"{re.escape(name)}\.\d+", twin)]


def _first(layer, keras, kind_of):
    """The first layers, in order, that could be this layer; none if there are not all.

    Each part of a stack is looked for behind the one before it; or one layer of Keras's
    has them all.
    """
    parts, names = parts_of(layer), list(keras)
    for start, name in enumerate(names):
        if _fits(layer, parts, keras[name], kind_of):
            return [name]
        if _fits(layer, parts[:1], keras[name], kind_of):
            twins = _stack(layer, parts, names[start:], keras, kind_of)
            if twins:
                return twins
    return []


def _stack(layer, parts, names, keras, kind_of):
    """The first layers that are the parts of a stack, if there are all."""
    twins, left = [], list(parts)
    for name in names:
        if left and _fits(layer, left[:1], keras[name], kind_of):
            twins.append(name)
            left.pop(0)
    return [] if left else twins


def _fit(layer, twins, keras, kind_of):
    parts = parts_of(layer)
    if len(twins) == 1:
        return _fits(layer, parts, keras[twins[0]], kind_of)
    return len(parts) == len(twins) and all(
        _fits(layer, [part], keras[twin], kind_of)
        for part, twin in zip(parts, twins, strict=True)
    )


def _groups(torch, ordered):
    """What only its order tells from others, by kind and sizes."""
    found = {}
    for name, twins in ordered.items():
        keys = _keys(torch[name])
        each = twins if len(twins) == len(keys) else twins * len(keys)
        for key, twin in zip(keys, each, strict=True):
            found.setdefault(key, []).append((name, twin))
    return [group for group in found.values() if len({t for _, t in group}) > 1]


def _keys(layer):
    """Kind and sizes of each part of a layer of PyTorch's; a cell's are its layer's."""
    kind = plain(layer.kind).removesuffix("Cell")
    return [(kind, *part) for part in parts_of(layer)]


def _fits(layer, parts, twin, kind_of):
    if own((layer.kind, twin.kind)):
        return bool(alike(layer.arrays, twin.arrays))
    if (kind_of(layer.kind), kind_of(twin.kind)) not in RULES:
        return False
    if (kind_of(layer.kind), kind_of(twin.kind)) in RECURRENT:
        return parts == numbered(twin.arrays, r"^(\d+)\.")
    return parts == [sizes(twin.arrays)]


def _own_kind(kind):
    """A kind without the options that PyTorch's layer lacks, but with its relu."""
    return re.sub(r"\([^)]*=[^)]*\)", "", kind)


def _check_table(table, torch, keras):
    asked = [twin for twins in table.values() for twin in twins]
    twice = {twin for twin in asked if asked.count(twin) > 1}
    if twice or not all(table.values()):
        came = f"{min(twice)!r} twice" if twice else "a layer with none"
        raise BadInput(
            f"names: expected a twin for each layer, another for each, got {came}; "
            "correct the table"
        )
    for side, wanted, have in (("PyTorch", table, torch), ("Keras", asked, keras)):
        for each in wanted:
            if each not in have:
                raise BadInput(
                    f"names: expected layers with weights of {side} "
                    f"({', '.join(map(called, have))}), got {each!r}; correct the table"
                )
