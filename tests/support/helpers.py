"""Ways to make one twin wrong, for tests that a wrong twin is caught."""

from contextlib import contextmanager


@contextmanager
def tampered(harness, twins, layer, change):
    """Keras's twins, in both precisions, with `change` made to one layer's arrays.

    Args:
        harness: the module `compare.subjects.subject`.
        twins: loaded; as they were again after the block.
        layer: attribute name of the layer.
        change: takes the layer's arrays by name and returns those that change.
    """
    models = [twins.model("keras", dtype) for dtype in harness.PRECISIONS]
    kept = [
        dict(harness.LAYERS["keras"].layers(model)[layer].arrays) for model in models
    ]
    for model, arrays in zip(models, kept, strict=True):
        harness.LAYERS["keras"].load(model, {layer: {**arrays, **change(arrays)}})
    try:
        yield
    finally:
        for model, arrays in zip(models, kept, strict=True):
            harness.LAYERS["keras"].load(model, {layer: arrays})
