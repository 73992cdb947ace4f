"""Ways to make one twin wrong, for tests that a wrong twin is caught."""

from contextlib import contextmanager

from compare.judging.words import PRECISIONS
from compare.twins.frameworks import LAYERS


@contextmanager
def tampered(twins, layer, change):
    """Keras's twins, in both precisions, with `change` made to one layer's arrays.

    Args:
        twins: loaded; as they were again after the block.
        layer: attribute name of the layer.
        change: takes the layer's arrays by name and returns those that change.
    """
    models = [twins.model("keras", dtype) for dtype in PRECISIONS]
    kept = [dict(LAYERS["keras"].layers(model)[layer].arrays) for model in models]
    for model, arrays in zip(models, kept, strict=True):
        LAYERS["keras"].load(model, {layer: {**arrays, **change(arrays)}})
    try:
        yield
    finally:
        for model, arrays in zip(models, kept, strict=True):
            LAYERS["keras"].load(model, {layer: arrays})
