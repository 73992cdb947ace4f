"""Why attention of one layer in PyTorch has no twin, though Keras has one left."""

from __future__ import annotations

from collections.abc import Mapping

from compare import kinds
from compare.kinds.attention import PROJECTIONS
from compare.kinds.attention import projections as projections_of
from compare.kinds.layer import Layer
from compare.kinds.names import plain

PARTS = (*PROJECTIONS, "output")


def other_attention(lost: Mapping[str, Layer], free: Mapping[str, Layer]) -> str:
    """Return what the first attention of both sides has otherwise; "" if nothing.

    Args:
        lost: layers of PyTorch without a twin.
        free: layers of Keras without a twin, the projections of attention apart.
    """
    attention = kinds.BY_NAME["MultiheadAttention"].torch
    in_torch = [name for name, layer in lost.items() if layer.kind in attention]
    in_keras = [
        name.removesuffix(".query")
        for name in free
        if name.endswith(".query")
        and all(f"{name.removesuffix('query')}{part}" in free for part in PARTS)
    ]
    if not in_torch or not in_keras:
        return ""
    name, twin = in_torch[0], in_keras[0]
    parts = {part: free[f"{twin}.{part}"] for part in PARTS}
    if any(plain(part.kind) != "EinsumDense" for part in parts.values()):
        return ""
    return _unlike(name, lost[name], twin, parts)


def _unlike(name: str, layer: Layer, twin: str, parts: Mapping[str, Layer]) -> str:
    """What two attentions have otherwise, and how to build them alike."""
    biased = "out_proj.bias" in layer.arrays
    if biased != ("bias" in parts["output"].arrays):
        with_bias, without = (name, twin) if biased else (twin, name)
        return (
            f"{with_bias} has biases and {without} has none: build both with or "
            "without them (bias=True in PyTorch, use_bias=True in Keras)"
        )
    shapes = {part: parts[part].arrays["kernel"].shape for part in parts}
    _, heads, size = shapes["query"]
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
    for part in PROJECTIONS:
        read, read_in_keras = by_name[part].weight.shape[1], shapes[part][0]
        if read != read_in_keras:
            return (
                f"{name} of PyTorch takes a {part} of {read} features, {twin} of Keras "
                f"of {read_in_keras}: give both the same, and PyTorch's its kdim and "
                "vdim where keys and values have another size than queries"
            )
    return ""
