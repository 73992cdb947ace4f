"""How each class of Keras is written in PyTorch: those of the kinds, and of none."""

from __future__ import annotations

from compare.kinds import (
    BY_HAND,
    IN_KERAS_ALONE,
    KINDS,
    activation_layers_source,
    bidirectional_source,
    image_source,
    masking_source,
    recurrent_source,
)
from compare.kinds.activation_source import ACTIVATIONS
from compare.kinds.encoding_source import ENCODINGS
from compare.kinds.graph import STUB
from compare.kinds.join_source import JOINS
from compare.kinds.operation_axes_source import ON_AXES
from compare.kinds.operation_reductions_source import REDUCTIONS
from compare.kinds.operation_source import OPERATIONS
from compare.kinds.reshaping_source import RESHAPING
from compare.kinds.source import Site, Source, Unwritable


def _stub(site: Site) -> str:
    """Stubs have classes of their own, which the writer of a file knows."""
    raise Unwritable(f"a stub, {site.name}")


SOURCES: dict[str, Source] = {}
for _kind in (*KINDS, *IN_KERAS_ALONE, *BY_HAND):
    SOURCES |= _kind.sources
SOURCES |= ACTIVATIONS | ENCODINGS | JOINS | RESHAPING
SOURCES |= {
    "Bidirectional": bidirectional_source.SOURCE,
    "Masking": masking_source.SOURCE,
    "RNN": recurrent_source.SOURCE,
}
for _name, _source in {**OPERATIONS, **ON_AXES, **REDUCTIONS}.items():
    SOURCES[f"ops.{_name}"] = _source
SOURCES[STUB] = Source(_stub, "features last")
SOURCES |= activation_layers_source.LAYERS | image_source.LAYERS
