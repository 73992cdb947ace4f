"""Which layer of a PyTorch model is which layer of its Keras twin.

A table of names comes first, then equal names, then the order of execution among layers
of the same kind and sizes. Every layer that holds arrays finds its twin, or nothing is
matched and both lists are shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from compare.errors import BadInput
from compare.layer_rules import RECURRENT, RULES

if TYPE_CHECKING:
    from compare.transfer import Layer


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
    found, free = {}, dict(keras)
    for name, twins in (names or {}).items():
        twins = [twins] if isinstance(twins, str) else list(twins)
        _check_table(name, twins, torch, keras)
        found[name] = twins
        for twin in twins:
            free.pop(twin, None)
    for name, layer in torch.items():
        twins = _of_that_name(name, free)
        if name not in found and twins and _fit(layer, [free[twin] for twin in twins]):
            found[name] = twins
            for twin in twins:
                del free[twin]
    for name, layer in torch.items():
        twins = [] if name in found else _first(layer, free)
        if twins:
            found[name] = twins
            for twin in twins:
                del free[twin]
    if free or len(found) < len(torch):
        raise BadInput(_unmatched(torch, keras, found, free))
    return {name: found[name] for name in torch}


def _of_that_name(name, keras):
    """The layer of this name, or those of the list of this name."""
    if name in keras:
        return [name]
    return [twin for twin in keras if re.fullmatch(rf"{re.escape(name)}\.\d+", twin)]


def _first(layer, keras):
    """The first layers, in order, that could be this layer; none if there are not all.

    Each part of a stack is looked for behind the one before it.
    """
    twins, rest = [], list(keras)
    for part in _parts(layer):
        at = next((i for i, n in enumerate(rest) if _fits(layer, part, keras[n])), None)
        if at is None:
            return []
        twins.append(rest[at])
        rest = rest[at + 1 :]
    return twins


def _fit(layer, twins):
    parts = _parts(layer)
    return len(parts) == len(twins) and all(
        _fits(layer, part, twin) for part, twin in zip(parts, twins, strict=True)
    )


def _parts(layer) -> list:
    """What each Keras layer must hold: sizes by direction, of each layer of a stack."""
    kinds = {torch for torch, _ in RECURRENT}
    if layer.kind not in kinds:
        return [_sizes(layer.arrays)]
    numbers = {}
    for name, array in layer.arrays.items():
        found = re.search(r"_l(\d+)", name)
        numbers.setdefault(int(found[1]) if found else 0, []).append((name, array))
    return [_matrices(dict(arrays)) for _, arrays in sorted(numbers.items())]


def _fits(layer, part, twin):
    if (layer.kind, plain(twin.kind)) not in RULES:
        return False
    recurrent = (layer.kind, plain(twin.kind)) in RECURRENT
    return part == (_matrices(twin.arrays) if recurrent else _sizes(twin.arrays))


def plain(kind: str) -> str:
    """A Keras kind without the options that PyTorch's layer lacks."""
    return re.sub(r"\([^)]*=[^)]*\)", "", kind)


def _sizes(arrays):
    """How many numbers there are in each array, a count of batches left out."""
    return sorted(array.size for array in arrays.values() if array.ndim)


def _matrices(arrays):
    """As `_sizes`, of the matrices: PyTorch has two biases where Keras has one."""
    biases = [name for name in arrays if "bias" in name]
    sizes = sorted(a.size for name, a in arrays.items() if name not in biases)
    return [*sizes, bool(biases)]


def _check_table(name, twins, torch, keras):
    for side, wanted, have in (
        ("PyTorch", [name], torch),
        ("Keras", twins, keras),
    ):
        for each in wanted:
            if each not in have:
                raise BadInput(
                    f"names: expected layers with weights of {side} "
                    f"({', '.join(have)}), got {each!r}; correct the table"
                )


def _unmatched(torch, keras, found, free):
    """Both lists side by side, what has no twin marked."""
    left = [describe(n, layer, n not in found) for n, layer in torch.items()]
    right = [describe(n, layer, n in free) for n, layer in keras.items()]
    width = max(map(len, ["PyTorch", *left]))
    rows = [
        f"  {a:{width}}   {b}".rstrip()
        for a, b in zip_longest(["PyTorch", *left], ["Keras", *right], fillvalue="")
    ]
    lost = [name for name in torch if name not in found]
    counts = f"{len(lost)} of PyTorch's and {len(free)} of Keras's have none"
    return "\n".join(
        [
            f"layers: expected a twin for each layer with weights, got {counts} "
            f"(marked *); {_suggestion(torch, lost, free)}",
            *rows,
        ]
    )


def describe(name: str, layer: Layer, marked: bool = False) -> str:
    """A layer in a line: its name, kind and the shapes of its arrays."""
    shapes = ", ".join("x".join(map(str, a.shape)) for a in layer.arrays.values())
    return f"{'*' if marked else ' '} {name} {layer.kind} [{shapes}]"


def _suggestion(torch, lost, free):
    for name in lost:
        for twin, layer in free.items():
            if (torch[name].kind, plain(layer.kind)) in RULES:
                return (
                    f"{name} and {twin} are of one kind, but not of the same sizes: "
                    "build both twins with the same"
                )
    known = ", ".join(f"{t} and {k}" for t, k in RULES)
    for name, layer in (*((n, torch[n]) for n in lost), *free.items()):
        if not any(layer.kind == t or plain(layer.kind) == k for t, k in RULES):
            return f"{name} is a {layer.kind}, for which there is no rule ({known})"
    return "give the model that lacks them these layers, or take them from the other"
