"""Layers that hold no arrays, at work: what is known of each, on either side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compare.judging.words import Side
from compare.kinds import KINDS
from compare.kinds.kind import Kind
from compare.kinds.mistake import Call


@dataclass(frozen=True)
class BareLayer:
    """A layer without arrays that ran once, such as a pooling or an activation.

    Args:
        name: of the layer, as its user calls it.
        kind: what the suite knows of its sort.
        call: the layer at work.
        output: what it returned, features last.
        after: the layer with arrays that ran last before it; "" where none did.
    """

    name: str
    kind: Kind
    call: Call
    output: np.ndarray
    after: str


def kind_named(side: Side, name: str) -> Kind | None:
    """Return the kind of a layer without arrays by what its side calls it, if any."""
    for kind in KINDS:
        names = kind.torch if side == "torch" else kind.keras
        if kind.rows is None and name in names:
            return kind
    return None


def bare_layer(
    side: Side,
    name: str,
    kind: Kind,
    layer: object,
    x: np.ndarray,
    output: np.ndarray,
    after: str,
) -> BareLayer:
    """Return a layer at work with its settings.

    Args:
        side: whose layer it is.
        name: as its user calls it.
        kind: its sort.
        layer: alive.
        x: its input, features last.
        output: what it returned, features last.
        after: as in `BareLayer`.
    """
    options = kind.options_of(side, layer)
    call = Call(kind.name, kind.compute, {}, x, None, options)
    return BareLayer(name, kind, call, output, after)
