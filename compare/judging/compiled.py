"""What a Keras model was compiled with, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Compiled:
    """What a Keras model was compiled with.

    Args:
        optimizer: in words, as a user would write it.
        known_optimizer: one of OPTIMIZERS; "" where the suite has none like it.
        values: its settings, by Keras's names.
        clips: what it clips gradients to, by Keras's names of it.
        unused: settings that the suite has no counterpart of, in words.
        loss: in words; "" where there is none.
        known_loss: one of LOSSES; "" where the suite has none like it.
        takes_logits: whether a cross-entropy takes logits; None where it is another
            loss.
    """

    optimizer: str = ""
    known_optimizer: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    clips: Mapping[str, float] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    loss: str = ""
    known_loss: str = ""
    takes_logits: bool | None = None
