"""What is said of layers that have no twin."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

from compare.kinds.names import own, plain
from compare.kinds.rules import RECURRENT, RULES
from compare.matching.sizes import numbered, parts_of

if TYPE_CHECKING:
    from compare.kinds.layer import Layer


def unmatched(
    torch: Mapping[str, Layer],
    keras: Mapping[str, Layer],
    found: Collection[str],
    free: Mapping[str, Layer],
) -> str:
    """Both lists side by side, what has no twin marked, and what is likely meant.

    Args:
        torch: all layers of PyTorch's.
        keras: all of Keras's.
        found: names of PyTorch's that have a twin.
        free: those of Keras's that have none.
    """
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
            f"(marked *); {_suggestion({n: torch[n] for n in lost}, free)}",
            *rows,
        ]
    )


def describe(name: str, layer: Layer, marked: bool = False) -> str:
    """A layer in a line: its name, kind and the shapes of its arrays."""
    shapes = ", ".join("x".join(map(str, a.shape)) for a in layer.arrays.values())
    return f"{'*' if marked else ' '} {called(name)} {layer.kind} [{shapes}]"


def called(name: str) -> str:
    """A layer's name for a sentence."""
    return name or "the model itself"


def _suggestion(lost, free):
    """What is likely meant by layers of PyTorch's and Keras's without twins."""
    pairs = [(a, lost[a], b, free[b]) for a in lost for b in free]
    said = chain(
        (_own_layers(*pair) for pair in pairs),
        (_computed_weights(*each) for each in lost.items()),
        (
            say(*pair)
            for say in (_other_arrays, _other_parts, _other_sizes)
            for pair in pairs
        ),
        (_without_rule(*each) for each in (*lost.items(), *free.items())),
    )
    otherwise = (
        "give the model that lacks them these layers, or take them from the other"
    )
    return next(filter(None, said), otherwise)


def _own_layers(name, layer, twin, other):
    """Two layers of the user's own whose arrays are not those of each other."""
    if not own((layer.kind, other.kind)):
        return ""
    return (
        f"{called(name)} and {called(twin)} are layers of your own: give their arrays "
        "the same names and shapes in both"
    )


def _computed_weights(name, layer):
    """A layer of PyTorch's under weight_norm and the like."""
    if "weight_v" not in layer.arrays and ".parametrizations" not in name:
        return ""
    return (
        f"{name.split('.parametrizations')[0]} computes its weight from others: take "
        "that out, as torch.nn.utils.remove_weight_norm does"
    )


def _other_arrays(name, layer, twin, other):
    """Two layers of the same sizes where one has arrays that the other lacks."""
    pair = called(name), called(twin)
    if (
        layer.kind in ("BatchNorm1d", "LayerNorm")  # which a file does not tell
        and "running_mean" not in layer.arrays
        and plain(other.kind) == "BatchNormalization"
    ):
        return (
            f"{pair[0]} has no running statistics, and {pair[1]} always has: build "
            "PyTorch's with track_running_stats=True"
        )
    biased = _biased(layer), _biased(other)
    if not _has_rule(layer, other) or biased[0] == biased[1]:
        return ""
    if _unbiased(layer) != _unbiased(other):
        return ""
    one, none = pair if biased[0] else pair[::-1]
    return (
        f"{one} has a bias and {none} has none: build both with or without it "
        "(bias=True in PyTorch, use_bias=True in Keras)"
    )


def _other_parts(name, layer, twin, other):
    """Two recurrent layers, one of which is several in the other model."""
    if (plain(layer.kind), plain(other.kind)) not in RECURRENT:
        return ""
    ours = any(key.endswith("_reverse") for key in layer.arrays)
    if ours != any("backward." in key for key in other.arrays):
        one, both = (twin, name) if ours else (name, twin)
        return (
            f"{called(both)} reads both ways and {called(one)} one way: build both "
            "twins with a bidirectional layer, or with two layers"
        )
    parts = len(parts_of(layer)), len(numbered(other.arrays, r"^(\d+)\."))
    if parts[0] >= parts[1]:
        return ""
    return (
        f"{called(twin)} has {parts[1]} layers in one and {called(name)} has "
        f"{parts[0]}: build both twins alike"
    )


def _other_sizes(name, layer, twin, other):
    if not _has_rule(layer, other):
        return ""
    return (
        f"{called(name)} and {called(twin)} are of one kind, but not of the same "
        "sizes: build both twins with the same"
    )


def _without_rule(name, layer):
    if any(layer.kind == t or plain(layer.kind) == k for t, k in RULES):
        return ""
    known = ", ".join(f"{t} and {k}" for t, k in RULES)
    return f"{called(name)} is a {layer.kind}, for which there is no rule ({known})"


def _has_rule(layer, other):
    return (plain(layer.kind), plain(other.kind)) in RULES


def _biased(layer):
    return any("bias" in name for name in layer.arrays)


def _unbiased(layer):
    """Sizes of what is no bias, however many arrays hold them."""
    return sorted(a.size for name, a in layer.arrays.items() if "bias" not in name)
