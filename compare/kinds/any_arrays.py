"""Mistakes in the arrays of a layer that happen to layers of any kind.

A kind lists those that happen to its layers.
"""

from __future__ import annotations

from compare.kinds.changes import bfloat16, change_each, half, initial
from compare.kinds.fresh import is_unrelated_and_fresh
from compare.kinds.mistake import ArraysOfAnotherLayer, ArraysOfLayer, Mistake

ANOTHER_LAYER = Mistake(
    "weights of another layer",
    "the layer has the weights of another of its kind",
    "load this layer's own weights",
    "set this layer's own weights",
    ArraysOfAnotherLayer(),
)
# What the names of weights and biases begin with; the last are those of attention.
LEARNT = ("weight", "bias", "in_proj", "q_proj", "k_proj", "v_proj", "out_proj")
ROUNDED = tuple(
    Mistake(
        f"weights rounded to {name}",
        f"the weights went through {name} on their way",
        "convert the weights in float32",
        "convert the weights in float32; set no mixed precision policy",
        ArraysOfLayer(change_each(change, *LEARNT), by_names=LEARNT),
    )
    for name, change in (("float16", half), ("bfloat16", bfloat16))
)
INITIAL = Mistake(
    "initial weights",
    "the layer still has the weights that it was made with",
    "load this layer too: the name in the state dict may not fit",
    "set this layer's weights too, after it is built",
    ArraysOfLayer(
        change_each(initial, *LEARNT), fits=is_unrelated_and_fresh, by_names=LEARNT
    ),
)
