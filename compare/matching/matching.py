"""Which layer of a PyTorch model is which layer of its Keras twin.

A table of names comes first, then equal names, then the order of the layers among those
of the same kind and sizes; whether that order is one of execution, the caller knows.
Every layer that holds arrays finds its twin, or nothing is matched and both lists are
shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from compare import kinds
from compare.errors import BadInput
from compare.judging.words import Side
from compare.kinds.layer import Layer
from compare.kinds.names import own, plain, snake
from compare.kinds.rows import alike
from compare.matching.in_parts import parts_beside
from compare.matching.names import Names
from compare.matching.sizes import Sizes, numbered, parts_of, sizes
from compare.matching.unmatched import called, unmatched

Layers = Mapping[str, Layer]
KindOf = Callable[[str], str]  # a kind without the options that are not compared
Key = tuple[str | int, ...]  # kind and sizes of a part

# What Keras calls layers that a user gave no name, with a number after all but one.
AUTOMATIC = {snake(plain(name)) for kind in kinds.WITH_ARRAYS for name in kind.keras}
AUTOMATIC |= {"bidirectional", "time_distributed", "rnn"}
WRAPPERS = ("module.", "_orig_mod.")  # of DataParallel and of torch.compile


@dataclass(frozen=True)
class Matched:
    """Which layers are twins, and how they were found.

    Args:
        twins: Keras's layers, by the name of the layer in PyTorch; a stack of PyTorch
            has several.
        by_order: groups of layers of the same kind and sizes that were told apart by
            their order; of each part of a stack its layer's name and its twin's.
        places: where each of Keras's layers stands in its model.
        alone: names of the layers of each side that have no twin.
    """

    twins: dict[str, list[str]]
    by_order: list[list[tuple[str, str]]]
    places: dict[str, int]
    alone: Mapping[Side, Sequence[str]] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether each layer has a twin."""
        return not any(self.alone.values())


def match(
    torch: Layers, keras: Layers, names: Names | None = None
) -> dict[str, list[str]]:
    """Return Keras's layers, by the name of the layer in PyTorch; a stack has several.

    Args:
        torch: layers with their arrays, in the order of execution.
        keras: the same; each of a stack on its own.
        names: {PyTorch layer: Keras layer}, several in a list for a stack, where order,
            kind and sizes do not tell, or tell wrongly.

    Raises:
        BadInput: if a layer has no twin; both lists are in the message.
    """
    return matched(torch, keras, names).twins


def matched(
    torch: Layers,
    keras: Layers,
    names: Names | None = None,
    complete: bool = True,
) -> Matched:
    """Match layers as `match`, in an order that need not be that of execution.

    Args:
        torch: as in `match`.
        keras: as in `match`.
        names: as in `match`.
        complete: whether each layer must have a twin.

    Raises:
        BadInput: as `match`; where layers may be alone, for the table alone.
    """
    table = {}
    for name, twins in (names or {}).items():
        table[name] = [twins] if isinstance(twins, str) else list(twins)
    _check_table(table, torch, keras)

    # The nonlinearity tells layers apart, unless it is mistaken.
    attempt = _Attempt(torch, keras, table, _with_relu)
    if not attempt.is_complete:
        attempt = _Attempt(torch, keras, table, plain)
    if complete and not attempt.is_complete:
        lists = unmatched(torch, keras, attempt.twins, attempt.free)
        message, *rows = lists.splitlines()
        raise BadInput(message, rows)
    return Matched(
        {name: attempt.twins[name] for name in torch if name in attempt.twins},
        _groups(torch, attempt.by_order),
        {name: place for place, name in enumerate(keras)},
        {
            "torch": [name for name in torch if name not in attempt.twins],
            "keras": list(attempt.free),
        },
    )


class _Attempt:
    """An attempt to find a twin for each layer.

    Args:
        torch: layers of PyTorch's model.
        keras: layers of Keras's model.
        table: the twins that the user gave.
        kind_of: which kinds count as one.

    Attributes:
        twins: names of Keras's layers, by the name of the layer in PyTorch.
        free: Keras's layers that are nobody's twin.
        by_order: those of `twins` that only their order told.
    """

    def __init__(
        self,
        torch: Layers,
        keras: Layers,
        table: Mapping[str, list[str]],
        kind_of: KindOf,
    ):
        self._torch = torch
        self._kind_of = kind_of
        self._short = bare(list(torch))
        self.twins: dict[str, list[str]] = {}
        self.free = dict(keras)
        self.by_order: dict[str, list[str]] = {}
        for name, twins in table.items():
            self._take(name, twins)
        for name, twins in self._by_name().items():
            self._take(name, twins)
        self._match_in_order(in_one_part=True)
        self._match_in_order(in_one_part=False)
        self._match_in_parts()

    @property
    def is_complete(self) -> bool:
        """Whether no layer of either model is without a twin."""
        return not self.free and len(self.twins) == len(self._torch)

    def _take(self, name: str, twins: list[str]) -> None:
        self.twins[name] = twins
        for twin in twins:
            self.free.pop(twin, None)

    def _by_name(self) -> dict[str, list[str]]:
        """The twins that layers have by their names alone.

        Names that Keras gave count only where all of PyTorch's layers of the same kind
        and sizes have theirs, by the table or not: `lstm_1, lstm_2` is not `lstm,
        lstm_1`.
        """
        named = {}
        for name, short in self._short.items():
            twins = _of_that_name(short, self.free)
            if name not in self.twins and twins and self._fit(name, twins):
                named[name] = twins
        certain = {}
        keys = {name: set(_keys(layer)) for name, layer in self._torch.items()}
        for name, twins in named.items():
            rivals = _rivals(name, keys) if automatic(twins[0]) else set()
            if all(rival in named or rival in self.twins for rival in rivals):
                certain[name] = twins
        return certain

    def _fit(self, name: str, twins: list[str]) -> bool:
        """Whether layers of Keras, one or one for each part, could be a layer."""
        layer = self._torch[name]
        parts = parts_of(layer)
        if len(twins) == 1:
            return _fits(layer, parts, self.free[twins[0]], self._kind_of)
        if len(parts) != len(twins):
            return False
        return all(
            _fits(layer, [part], self.free[twin], self._kind_of)
            for part, twin in zip(parts, twins, strict=True)
        )

    def _match_in_order(self, in_one_part: bool) -> None:
        """Give each layer the first that could be its twin.

        Args:
            in_one_part: whether both must be in a part of one name.
        """
        for name in self._torch:
            if name in self.twins:
                continue
            among: Layers = self.free
            if in_one_part:
                among = _in_its_part(self._short[name], self.free)
            twins = _first(self._torch[name], among, self._kind_of)
            if twins:
                self._take(name, twins)
                self.by_order[name] = twins

    def _match_in_parts(self) -> None:
        """Give each layer that has none yet several twins beside each other."""
        for name, layer in self._torch.items():
            if name not in self.twins:
                twins = parts_beside(layer, self.free)
                if len(twins) > 1:
                    self._take(name, twins)


def _in_its_part(name: str, keras: Layers) -> dict[str, Layer]:
    return {twin: layer for twin, layer in keras.items() if common_part(name, [twin])}


def common_part(name: str, twins: Sequence[str]) -> str:
    """Return the part of both models that a layer and its twins are in, if any.

    Args:
        name: of a layer in PyTorch, such as `encoder.rnn`.
        twins: of those in Keras.

    Returns:
        The part's name, such as `encoder`; empty where there is none.
    """
    part, *inside = name.split(".")
    if inside and all(twin.startswith(f"{part}.") for twin in twins):
        return part
    return ""


def bare(names: Sequence[str]) -> dict[str, str]:
    """Return PyTorch's names without what wrappers of the whole model put before them.

    Args:
        names: of all layers, such as `module.lstm`.

    Returns:
        The short names by the full ones.
    """
    short = dict(zip(names, names, strict=True))
    while True:
        shared = [w for w in WRAPPERS if all(n.startswith(w) for n in short.values())]
        if not short or not shared:
            return short
        short = {full: name.removeprefix(shared[0]) for full, name in short.items()}


def automatic(name: str) -> bool:
    """Return whether Keras gives a layer this name when its user gives none."""
    return re.sub(r"_\d+$", "", name.split(".")[-1]) in AUTOMATIC


def _rivals(name: str, keys: Mapping[str, set[Key]]) -> set[str]:
    """The layers that one could be taken for, or a part of one, itself included."""
    rivals, shared_keys = {name}, keys[name]
    while True:
        more = {n for n in keys if n not in rivals and keys[n] & shared_keys}
        if not more:
            return rivals
        rivals |= more
        shared_keys = shared_keys.union(*(keys[rival] for rival in more))


def _of_that_name(name: str, keras: Layers) -> list[str]:
    """The layer of this name, or those of the list of this name."""
    if name in keras:
        return [name]
    return [twin for twin in keras if re.fullmatch(rf"{re.escape(name)}\.\d+", twin)]


def _first(layer: Layer, keras: Layers, kind_of: KindOf) -> list[str]:
    """The first layers, in order, that could be this layer; none if there are not all.

    Each part of a stack is looked for after the one before it; or one layer of Keras
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


def _stack(
    layer: Layer,
    parts: list[Sizes],
    names: Sequence[str],
    keras: Layers,
    kind_of: KindOf,
) -> list[str]:
    """The first layers that are the parts of a stack, if there are all."""
    twins: list[str] = []
    for name in names:
        if len(twins) == len(parts):
            break
        if _fits(layer, [parts[len(twins)]], keras[name], kind_of):
            twins.append(name)
    return twins if len(twins) == len(parts) else []


def _groups(
    torch: Layers, by_order: Mapping[str, list[str]]
) -> list[list[tuple[str, str]]]:
    """What only its order tells from others, by kind and sizes."""
    groups: dict[Key, list[tuple[str, str]]] = {}
    for name in torch:
        if name not in by_order:
            continue
        keys, twins = _keys(torch[name]), by_order[name]
        if len(twins) != len(keys):  # one layer of Keras has all parts
            twins = twins * len(keys)
        for key, twin in zip(keys, twins, strict=True):
            groups.setdefault(key, []).append((name, twin))
    several = []
    for group in groups.values():
        twins_of_group = {twin for _, twin in group}
        if len(twins_of_group) > 1:
            several.append(group)
    return several


def _keys(layer: Layer) -> list[Key]:
    """Kind and sizes of each part of PyTorch's layer; a cell has those of its layer."""
    kind = plain(layer.kind).removesuffix("Cell")
    return [(kind, *part) for part in parts_of(layer)]


def _fits(layer: Layer, parts: list[Sizes], twin: Layer, kind_of: KindOf) -> bool:
    """Whether Keras's layer has the kind and the sizes of parts of PyTorch's layer."""
    as_read, twin = kinds.read_as(layer, twin)
    if as_read is not layer and len(parts) == 1:
        layer, parts = as_read, parts_of(as_read)
    if own((layer.kind, twin.kind)):
        return bool(alike(layer.arrays, twin.arrays))
    names = kind_of(layer.kind), kind_of(twin.kind)
    if kinds.of_layers(*names) is None:
        return False
    if kinds.are_recurrent(*names):
        return parts == numbered(twin.arrays, r"^(\d+)\.")
    return parts == [sizes(twin.arrays)]


def _with_relu(kind: str) -> str:
    """A kind without the options that PyTorch's layer lacks, but with its relu."""
    return re.sub(r"\([^)]*=[^)]*\)", "", kind)


def _check_table(table: Mapping[str, list[str]], torch: Layers, keras: Layers) -> None:
    """Raise BadInput for names that are no layers, or stand there twice."""
    twins: list[str] = []
    for several in table.values():
        twins += several
    twice = sorted(twin for twin in twins if twins.count(twin) > 1)
    if twice or not all(table.values()):
        got = f"{twice[0]!r} twice" if twice else "a layer with none"
        raise BadInput(
            f"names: expected a twin for each layer, another for each, got {got}; "
            "correct the table"
        )
    _check_names("PyTorch", table, torch)
    _check_names("Keras", twins, keras)


def _check_names(framework: str, names: Iterable[str], layers: Layers) -> None:
    for name in names:
        if name not in layers:
            raise BadInput(
                f"names: expected layers with weights of {framework} "
                f"({', '.join(map(called, layers))}), got {name!r}; correct the table"
            )
