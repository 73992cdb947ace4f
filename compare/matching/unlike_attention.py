"""Why attention of one layer in PyTorch has no twin, though Keras has one left."""

from __future__ import annotations

from collections.abc import Mapping

from compare import kinds
from compare.kinds.attention import PROJECTIONS
from compare.kinds.attention import projections as projections_of
from compare.kinds.layer import Layer
from compare.kinds.names import plain

WORDS = (*PROJECTIONS, "output")


def other_attention(lost: Mapping[str, Layer], free: Mapping[str, Layer]) -> str:
    """Return what the first attention of both sides has otherwise; "" if nothing.

    Args:
        lost: layers of PyTorch without a twin.
        free: layers of Keras without a twin, the projections of attention apart.
    """
    attention = kinds.BY_NAME["MultiheadAttention"].torch
    in_torch = [name for name, layer in lost.items() if layer.kind in attention]
    in_keras = []
    for name in free:
        twin, _, ending = name.rpartition(".")
        if ending == "query" and all(f"{twin}.{word}" in free for word in WORDS):
            in_keras.append(twin)
    if not in_torch or not in_keras:
        return ""
    name, twin = in_torch[0], in_keras[0]
    projections = {word: free[f"{twin}.{word}"] for word in WORDS}
    if any(plain(layer.kind) != "EinsumDense" for layer in projections.values()):
        return ""
    return _unlike(name, lost[name], twin, projections)


def _unlike(
    name: str, layer: Layer, twin: str, projections: Mapping[str, Layer]
) -> str:
    """What two attentions have otherwise, and how to build them alike.

    Args:
        name: of PyTorch's attention.
        layer: that attention.
        twin: name of Keras's attention.
        projections: the layers of Keras's attention, by WORDS.
    """
    biased = "out_proj.bias" in layer.arrays
    if biased != ("bias" in projections["output"].arrays):
        with_bias, without = (name, twin) if biased else (twin, name)
        return (
            f"{with_bias} has biases and {without} has none: build both with or "
            "without them (bias=True in PyTorch, use_bias=True in Keras)"
        )
    shapes = {word: projections[word].arrays["kernel"].shape for word in projections}
    _, heads, size = shapes["query"]
    groups = shapes["key"][1]
    if groups != heads:
        return (
            f"{twin} of Keras has {heads} heads of queries and {groups} of keys and "
            f"values, and {name} of PyTorch has as many of each: write PyTorch's by "
            "hand, of four Linears and F.scaled_dot_product_attention(..., "
            f"enable_gqa=True), or build Keras's with num_key_value_heads={heads}"
        )
    features = layer.arrays["out_proj.weight"].shape[0]
    if heads * size != features or shapes["value"][2] != size:
        right = f"{features // heads}" if not features % heads else "their quotient"
        return (
            f"{twin} of Keras has {heads} heads of {size} for keys and of "
            f"{shapes['value'][2]} for values, and the heads of {name} of PyTorch have "
            f"embed_dim / num_heads, {features} / {heads}: build Keras's with "
            f"key_dim={right} and no value_dim, or write PyTorch's by hand"
        )
    by_name = projections_of(layer.arrays)
    for word in PROJECTIONS:
        read, read_in_keras = by_name[word].weight.shape[1], shapes[word][0]
        if read != read_in_keras:
            return (
                f"{name} of PyTorch takes a {word} of {read} features, {twin} of Keras "
                f"of {read_in_keras}: give both the same, and PyTorch's its kdim and "
                "vdim where keys and values have another size than queries"
            )
    return ""
