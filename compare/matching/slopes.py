"""PReLU layers of both models, of which some share their slopes on one side alone."""

from __future__ import annotations

from collections.abc import Mapping

from compare.kinds.layer import Layer
from compare.kinds.names import plain
from compare.kinds.prelu import PRELU
from compare.matching.free import Free
from compare.matching.sizes import sizes


def slopes_in_place(lost: Mapping[str, Layer], free: Free) -> dict[str, list[str]]:
    """Pair PReLU layers by their place among all of them, where sizes mislead.

    PyTorch has one slope where Keras may have one for each feature. Of such a pair, the
    layer of Keras would go to another layer of PyTorch that has as many slopes.

    Args:
        lost: PyTorch's layers without a twin, in the order of execution.
        free: Keras's layers without a twin.

    Returns:
        Keras's layer by the name of PyTorch's, where both have the same sizes; nothing
        where each layer finds one of its own sizes, or one model has more layers.
    """
    torch = [name for name, layer in lost.items() if layer.kind in PRELU.torch]
    keras = [name for name, x in free.layers.items() if plain(x.kind) in PRELU.keras]
    if len(torch) != len(keras):
        return {}
    sizes_in_torch = sorted(sizes(lost[name].arrays) for name in torch)
    if sizes_in_torch == sorted(sizes(free.layers[name].arrays) for name in keras):
        return {}
    pairs = zip(torch, keras, strict=True)
    return {name: [twin] for name, twin in pairs if free.fit(lost[name], [twin])}
