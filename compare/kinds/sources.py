"""How each class of Keras is written in PyTorch: those of the kinds, and of none."""

from __future__ import annotations

from compare.kinds import (
    BY_HAND,
    IN_KERAS_ALONE,
    KINDS,
    bidirectional_source,
    masking_source,
    recurrent_source,
)
from compare.kinds.activation_source import ACTIVATIONS
from compare.kinds.source import Source

SOURCES: dict[str, Source] = {}
for _kind in (*KINDS, *IN_KERAS_ALONE, *BY_HAND):
    SOURCES |= _kind.sources
SOURCES |= ACTIVATIONS
SOURCES |= {
    "Bidirectional": bidirectional_source.SOURCE,
    "Masking": masking_source.SOURCE,
    "RNN": recurrent_source.SOURCE,
}
