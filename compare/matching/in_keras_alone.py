"""What is said of a layer of Keras without a twin, where PyTorch has no such layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from compare import kinds
from compare.kinds.kind import Kind
from compare.kinds.layer import Layer
from compare.kinds.names import plain

GATE = ".gate"  # of attention with a gate: the end of its projection's name


def what_to_write(free: Mapping[str, Layer]) -> str:
    """Say what PyTorch's module lacks that the first such layer holds; "" if none.

    Args:
        free: layers of Keras without a twin, the projections of attention apart.
    """
    for name, layer in free.items():
        if name.endswith(GATE):
            return _gate(name.removesuffix(GATE))
        for kind in kinds.IN_KERAS_ALONE:
            if plain(layer.kind) in kind.keras and layer.arrays:
                return _arrays(name, layer, kind)
    return ""


def _gate(name: str) -> str:
    option = kinds.BY_NAME["GroupQueryAttention"].option("use_gate")
    return (
        f"{name} of Keras has a gate (use_gate=True) and PyTorch has none: "
        f"{option.instead}, or build Keras's without it"
    )


def _arrays(name: str, layer: Layer, kind: Kind) -> str:
    sentences = [
        f"{name} ({kind.name}) of Keras holds {array}, and no module of PyTorch holds "
        f"the same: {instead}"
        for array, instead in _instead(layer, kind)
    ]
    return "; and ".join(sentences)


def _instead(layer: Layer, kind: Kind) -> Iterator[tuple[str, str]]:
    """Each array that a setting brings, and what to do about the setting."""
    for option in kind.options:
        for array, switch in kind.switches.items():
            if switch == option.keras and array in layer.arrays:
                yield array, option.instead
