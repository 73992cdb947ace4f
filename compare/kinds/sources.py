"""How each class of Keras is written in PyTorch: those of the kinds, and of none."""

from __future__ import annotations

from compare.kinds import IN_KERAS_ALONE, KINDS, activation_layers_source, image_source
from compare.kinds.activation_source import ACTIVATIONS
from compare.kinds.source import Source

SOURCES: dict[str, Source] = {}
for _kind in (*KINDS, *IN_KERAS_ALONE):
    SOURCES |= _kind.sources
SOURCES |= ACTIVATIONS
SOURCES |= activation_layers_source.LAYERS | image_source.LAYERS
