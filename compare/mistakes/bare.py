"""Layers that hold no arrays, such as pooling, at work in a model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compare.kinds.kind import Kind
from compare.kinds.mistake import Call

IDLE = ("Identity", "Dropout")  # kinds that change nothing while nobody learns


@dataclass(frozen=True)
class BareLayer:
    """A layer without arrays, as it ran once.

    Args:
        name: its path in PyTorch's model, or Keras's own name of it.
        written: its class, such as "MaxPooling2D".
        kind: the kind it is of.
        call: the layer at work, features last.
        output: what it returned, features last.
    """

    name: str
    written: str
    kind: Kind
    call: Call
    output: np.ndarray
