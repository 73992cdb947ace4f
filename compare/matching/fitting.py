"""Whether two layers could be twins, and keys by which those that could are found.

Layers that fit share a key; whether layers that share one do fit is asked of them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence

from compare import kinds
from compare.kinds.layer import Arrays, Layer
from compare.kinds.names import own, plain
from compare.kinds.rows import alike
from compare.matching.sizes import (
    NUMBER_IN_KERAS,
    NUMBER_IN_TORCH,
    Sizes,
    matrices,
    numbered,
    parts_of,
    sizes,
)

KindOf = Callable[[str], str]  # a kind without the options that are not compared

OWN_IN_TORCH, OWN_IN_KERAS = "(Module)", ("(Layer)", "(Model)")


def fits(
    layer: Layer, sizes_of_parts: Sequence[Sizes], twin: Layer, kind_of: KindOf
) -> bool:
    """Return whether a layer of Keras has the kind and the sizes of parts of a layer.

    Args:
        layer: of PyTorch.
        sizes_of_parts: of the layer, or some of them.
        twin: of Keras.
        kind_of: which kinds count as one.
    """
    unread = twin
    as_read, twin = kinds.read_as(layer, twin)
    if as_read is not layer and len(sizes_of_parts) == 1:
        layer = kinds.as_usual(as_read)
        sizes_of_parts = parts_of(layer)
    if own((layer.kind, twin.kind)):
        return bool(alike(layer.arrays, twin.arrays))
    names = kind_of(layer.kind), kind_of(twin.kind)
    if kinds.of_layers(*names) is None:
        return False
    if kinds.are_recurrent(*names):
        if twin is not unread and "recurrent_kernel" not in twin.arrays:
            written = kinds.usual_arrays(unread)
            return any(sizes_of_parts == [matrices(arrays)] for arrays in written)
        return sizes_of_parts == numbered(twin.arrays, NUMBER_IN_KERAS)
    return sizes_of_parts == [sizes(twin.arrays)]


def sort_of(twin: Layer) -> Hashable:
    """Return what layers of Keras have in common that fit the same layers.

    Classes of the user's own go by what they hold, whatever they are called.
    """
    kind = twin.kind
    for ending in OWN_IN_KERAS:
        if kind.endswith(ending):
            kind = ending
    return kind, frozenset(_shapes(twin.arrays))


def keys_of_twin(twin: Layer) -> Iterator[Hashable]:
    """Yield the keys under which a layer of Keras is to be found."""
    yield _by_name(twin.arrays)
    if twin.kind.endswith(OWN_IN_KERAS) or plain(twin.kind) not in kinds.NAMES:
        yield _by_shape(twin.arrays)
    yield _by_parts([sizes(twin.arrays)])
    yield _by_parts(numbered(twin.arrays, NUMBER_IN_KERAS))
    for arrays in kinds.usual_arrays(twin):
        yield _by_parts([matrices(arrays)])


def keys(layer: Layer, sizes_of_parts: Sequence[Sizes]) -> Iterator[Hashable]:
    """Yield the keys of which a layer of Keras has one if it fits parts of a layer.

    Args:
        layer: of PyTorch.
        sizes_of_parts: of the layer, or some of them.
    """
    yield _by_parts(sizes_of_parts)
    yield _by_name(layer.arrays)
    if layer.kind.endswith(OWN_IN_TORCH) or plain(layer.kind) not in kinds.NAMES:
        yield _by_shape(layer.arrays)
        yield _by_parts(numbered(layer.arrays, NUMBER_IN_TORCH))
    for arrays in kinds.usual_arrays(layer):
        yield _by_parts([matrices(arrays)])


def key_of_direction(arrays: Arrays, is_backward: bool) -> Hashable:
    """Return a key of recurrent layers that read in one direction."""
    return "direction", is_backward, tuple(matrices(arrays))


def key_of_dense(features: int, is_biased: bool) -> Hashable:
    """Return a key of dense layers of one input."""
    return "dense", features, is_biased


def _by_parts(sizes_of_parts: Sequence[Sizes]) -> Hashable:
    return "parts", tuple(map(tuple, sizes_of_parts))


def _by_name(arrays: Arrays) -> Hashable:
    return "names", frozenset(_shapes(arrays))


def _by_shape(arrays: Arrays) -> Hashable:
    return "shapes", tuple(sorted(shape for _, shape in _shapes(arrays)))


def _shapes(arrays: Arrays) -> Iterator[tuple[str, tuple[int, ...]]]:
    for name, array in arrays.items():
        yield name, tuple(array.shape)
