"""A GRU of Keras that has one bias, where PyTorch's has two.

Its reset gate acts before the product, `reset_after=False`. Of the two biases only
their sum can stand there: that is what a transfer makes, and no mistake.
"""

from __future__ import annotations

from compare.diagnosing.isolated import Isolated
from compare.errors import BadInput
from compare.kinds.layer import Arrays, Layer
from compare.kinds.recurrent_arrays import biases_summed
from compare.matching.rewriting import rewrite
from compare.mistakes.runs import layer_of


def as_keras_keeps(layer: str, isolated: Isolated) -> Arrays:
    """PyTorch's arrays of a GRU, the biases added where Keras's layer has one.

    Args:
        layer: its name; in a stack, each layer of Keras has one bias or two.
        isolated: the twins at work.

    Returns:
        By PyTorch's names, in its layout.
    """
    own: Arrays = isolated.weights["torch"][layer]
    name = layer_of(layer)
    torch_layer = isolated.layers.get("torch", {}).get(name)
    keras_layer = isolated.layers.get("keras", {}).get(name)
    if torch_layer is None or keras_layer is None or not has_one_bias(keras_layer):
        return own
    if name not in isolated.by_hand:
        try:
            moved, _ = rewrite(
                {name: Layer(torch_layer.kind, own)},
                {name: keras_layer},
                "to_keras",
                strict=False,
            )
            carried = Layer(keras_layer.kind, moved[name])
            back, _ = rewrite(
                {name: carried}, {name: torch_layer}, "to_torch", strict=False
            )
        except BadInput:
            return own
        return back[name]
    return biases_summed(own) or own


def has_one_bias(layer: Layer) -> bool:
    """Whether some layer of a GRU of Keras has one bias, (3 * units,)."""
    return any(
        name.endswith("bias") and len(array.shape) == 1
        for name, array in layer.arrays.items()
    )
