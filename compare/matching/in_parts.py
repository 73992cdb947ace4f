"""Layers of PyTorch that are several beside each other in Keras."""

from __future__ import annotations

from collections.abc import Mapping

from compare import kinds
from compare.kinds.layer import Layer
from compare.kinds.names import plain
from compare.kinds.recurrent import suffix_of
from compare.matching.sizes import matrices

Layers = Mapping[str, Layer]


def parts_beside(layer: Layer, keras: Layers) -> list[str]:
    """Return the layers of Keras that are a layer of PyTorch together; none if none.

    They are the two directions of a recurrent layer, or dense layers of one input whose
    results are put side by side.

    Args:
        layer: of PyTorch.
        keras: layers of Keras that have no twin yet, in order.
    """
    if any(name.endswith("_reverse") for name in layer.arrays):
        return _two_directions(layer, keras)
    if plain(layer.kind) in kinds.BY_NAME["Linear"].torch:
        return _side_by_side(layer, keras)
    return []


def _two_directions(layer: Layer, keras: Layers) -> list[str]:
    """One layer that reads forward and one that reads backward, for each in a stack."""
    suffixes = list(dict.fromkeys(map(suffix_of, layer.arrays)))
    twins: list[str] = []
    for suffix in suffixes:
        arrays = {n: a for n, a in layer.arrays.items() if suffix_of(n) == suffix}
        for name, twin in keras.items():
            is_backward = "go_backwards=True" in twin.kind
            if (
                name not in twins
                and is_backward == suffix.endswith("_reverse")
                and kinds.are_recurrent(layer.kind, plain(twin.kind))
                and matrices(twin.arrays) == matrices(arrays)
            ):
                twins.append(name)
                break
    return twins if len(twins) == len(suffixes) else []


def _side_by_side(layer: Layer, keras: Layers) -> list[str]:
    """The first dense layers in a row whose units are those of PyTorch's layer."""
    if "weight" not in layer.arrays:  # computed from others, by weight_norm
        return []
    outputs, features = layer.arrays["weight"].shape
    names = list(keras)
    for start in range(len(names)):
        twins: list[str] = []
        units = 0
        for name in names[start:]:
            twin = keras[name]
            if kinds.of_layers("Linear", plain(twin.kind)) is None:
                break
            same_bias = ("bias" in twin.arrays) == ("bias" in layer.arrays)
            kernel = twin.arrays.get("kernel")  # of a damaged file, it may be anything
            if kernel is None or len(kernel.shape) != 2 or not same_bias:
                break
            if kernel.shape[0] != features:
                break
            twins.append(name)
            units += kernel.shape[1]
            if units == outputs:
                return twins
    return []
