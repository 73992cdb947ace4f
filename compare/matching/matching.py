"""Which layer of a PyTorch model is which layer of its Keras twin.

A table of names comes first, then equal names, then the order of the layers among those
of the same kind and sizes; whether that order is one of execution, the caller knows.
Every layer that holds arrays finds its twin, or nothing is matched and both lists are
shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from compare import kinds
from compare.errors import BadInput
from compare.judging.words import Side
from compare.kinds.layer import Layer
from compare.kinds.names import plain, snake
from compare.listing import bounded
from compare.matching.fitting import KindOf, fits
from compare.matching.free import Free, part_of
from compare.matching.in_parts import parts_beside, projections
from compare.matching.names import Names
from compare.matching.projected import projected
from compare.matching.sizes import parts_of
from compare.matching.slopes import slopes_in_place
from compare.matching.unmatched import called, describe, unmatched

Layers = Mapping[str, Layer]
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
    if attempt.has_parts:
        in_turn = _Attempt(torch, keras, table, attempt.kind_of, parts_in_turn=True)
        if len(in_turn.twins) >= len(attempt.twins):
            attempt = in_turn
    if complete and not attempt.is_complete:
        _check_kinds(table, torch, keras)
        raise unmatched(torch, keras, attempt.twins, attempt.free)
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
        parts_in_turn: whether a layer that is several beside each other in Keras takes
            them before later layers find theirs, as where queries, keys and values are
            one layer and the output, of the same sizes as each, comes after it.

    Attributes:
        twins: names of Keras's layers, by the name of the layer in PyTorch.
        by_order: those of `twins` that only their order told.
        has_parts: whether a layer is several beside each other in Keras.
    """

    def __init__(
        self,
        torch: Layers,
        keras: Layers,
        table: Mapping[str, list[str]],
        kind_of: KindOf,
        parts_in_turn: bool = False,
    ):
        self.kind_of, self._parts_in_turn = kind_of, parts_in_turn
        self.has_parts = False
        self._torch = torch
        self._short = bare(list(torch))
        self.twins: dict[str, list[str]] = {}
        self._free = Free(keras, kind_of)
        self.by_order: dict[str, list[str]] = {}
        for name, twins in table.items():
            self._take(name, twins)
        for name, twins in self._by_name().items():
            self._take(name, twins)
        self._match_projected()
        self._match_slopes()
        self._match_in_order(in_one_part=True)
        self._match_in_order(in_one_part=False)
        self._match_in_parts()

    @property
    def free(self) -> Layers:
        """Keras's layers that are nobody's twin."""
        return self._free.layers

    @property
    def is_complete(self) -> bool:
        """Whether no layer of either model is without a twin."""
        return not self.free and len(self.twins) == len(self._torch)

    def _take(self, name: str, twins: list[str]) -> None:
        self.twins[name] = twins
        for twin in twins:
            self._free.take(twin)

    def _by_name(self) -> dict[str, list[str]]:
        """The twins that layers have by their names alone.

        Names that Keras gave count only where all of PyTorch's layers of the same kind
        and sizes have theirs, by the table or not: `lstm_1, lstm_2` is not `lstm,
        lstm_1`.
        """
        named = {}
        for name, short in self._short.items():
            twins = self._free.of_name(short)
            if (
                twins
                and name not in self.twins
                and self._free.fit(self._torch[name], twins)
            ):
                named[name] = twins
        keys = {name: _keys(layer) for name, layer in self._torch.items()}
        doubtful: set[str] = set()
        for rivals in _rivals(keys):
            if not all(rival in named or rival in self.twins for rival in rivals):
                doubtful |= rivals
        certain = {}
        for name, twins in named.items():
            if name not in doubtful or not automatic(twins[0]):
                certain[name] = twins
        return certain

    def _match_in_order(self, in_one_part: bool) -> None:
        """Give each layer the first that could be its twin.

        Args:
            in_one_part: whether both must be in a part of one name.
        """
        for name in self._torch:
            if name in self.twins:
                continue
            group = part_of(self._short[name]) if in_one_part else ""
            if in_one_part and not group:
                continue
            twins = self._free.first(self._torch[name], group)
            if not twins:
                twins = projections(self._torch[name], self._free, group)
            if twins:
                self._take(name, twins)
                self.by_order[name] = twins
            elif self._parts_in_turn:
                self._take_parts(name)

    def _lost(self) -> dict[str, Layer]:
        """PyTorch's layers that have no twin yet, in order."""
        return {n: layer for n, layer in self._torch.items() if n not in self.twins}

    def _match_slopes(self) -> None:
        """Give PReLU layers those at the same place, where sizes mislead."""
        for name, twins in slopes_in_place(self._lost(), self._free).items():
            self._take(name, twins)
            self.by_order[name] = twins

    def _match_projected(self) -> None:
        """Give the projections of attention by hand those of one layer in Keras."""
        for attention in projected(self._lost(), self._free):
            if any(name in self.twins for name in attention.twins):
                continue
            for name, twins in attention.twins.items():
                self._take(name, twins)
                if not attention.is_named:
                    self.by_order[name] = twins

    def _match_in_parts(self) -> None:
        """Give each layer that has none yet several twins beside each other."""
        for name in self._torch:
            if name not in self.twins:
                self._take_parts(name)

    def _take_parts(self, name: str) -> None:
        """Give a layer several twins beside each other, if there are such."""
        twins = parts_beside(self._torch[name], self._free)
        if len(twins) > 1:
            self._take(name, twins)
            self.has_parts = True


def common_part(name: str, twins: Sequence[str]) -> str:
    """Return the part of both models that a layer and its twins are in, if any.

    Args:
        name: of a layer in PyTorch, such as `encoder.rnn`.
        twins: of those in Keras.

    Returns:
        The part's name, such as `encoder`; empty where there is none.
    """
    group = part_of(name)
    return group if all(part_of(twin) == group for twin in twins) else ""


def bare(names: Sequence[str]) -> dict[str, str]:
    """Return PyTorch's names without what wrappers of the whole model put before them.

    Args:
        names: of all layers, such as `module.lstm`.

    Returns:
        The short names by the full ones.
    """
    short = dict(zip(names, names, strict=True))
    while True:
        shared = []
        for wrapper in WRAPPERS:
            if all(name.startswith(wrapper) for name in short.values()):
                shared.append(wrapper)
        if not short or not shared:
            return short
        short = {full: name.removeprefix(shared[0]) for full, name in short.items()}


def automatic(name: str) -> bool:
    """Return whether Keras gives a layer this name when its user gives none."""
    return re.sub(r"_\d+$", "", name.split(".")[-1]) in AUTOMATIC


def _rivals(keys: Mapping[str, Sequence[Key]]) -> list[set[str]]:
    """Groups of layers that could be taken for each other, or for a part of another.

    Args:
        keys: kind and sizes of each part of a layer, by its name.
    """
    names: dict[Key, list[str]] = {}
    for name, its_keys in keys.items():
        for key in its_keys:
            names.setdefault(key, []).append(name)
    groups: list[set[str]] = []
    grouped: set[str] = set()
    for name, its_keys in keys.items():
        if name in grouped:
            continue
        group, ahead = {name}, [*its_keys]
        while ahead:
            for rival in names.pop(ahead.pop(), ()):
                if rival not in group:
                    group.add(rival)
                    ahead += keys[rival]
        grouped |= group
        groups.append(group)
    return groups


def _groups(
    torch: Layers, by_order: Mapping[str, list[str]]
) -> list[list[tuple[str, str]]]:
    """What only its order tells from others, by kind and sizes."""
    groups: dict[Key, list[tuple[str, str]]] = {}
    for name in torch:
        if name not in by_order:
            continue
        keys, twins = _keys(torch[name]), by_order[name]
        if len(keys) == 1 and len(twins) > 1:  # the projections of attention
            keys = [(*keys[0], number) for number in range(len(twins))]
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
    return [(kind, *sizes) for sizes in parts_of(layer)]


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


def _check_kinds(table: Mapping[str, list[str]], torch: Layers, keras: Layers) -> None:
    """Raise BadInput for two layers of the table that cannot be twins."""
    for name, (twin, *further_twins) in table.items():
        layer = torch[name]
        if further_twins or fits(layer, parts_of(layer), keras[twin], plain):
            continue
        raise BadInput(
            "names: expected layers of one kind and sizes, got "
            f"{describe(name, layer).strip()} and {describe(twin, keras[twin]).strip()}"
            "; correct the table"
        )


def _check_names(framework: str, names: Iterable[str], layers: Layers) -> None:
    for name in names:
        if name not in layers:
            raise BadInput(
                f"names: expected layers with weights of {framework} "
                f"({bounded(map(called, layers))}), got {name!r}; correct the table"
            )
