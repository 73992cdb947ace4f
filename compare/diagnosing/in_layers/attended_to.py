"""Keys and values of another array than the queries, where one layer makes all three.

One layer of PyTorch that makes queries, keys and values makes them of one array. The
attention of Keras that it is the twin of may be given others.
"""

from __future__ import annotations

import numpy as np

from compare.diagnosing.finding import Finding, Reading
from compare.diagnosing.isolated import Isolated
from compare.judging.distances import near
from compare.judging.explanation import listed
from compare.kinds.attention import PROJECTIONS
from compare.kinds.mistake import Call, Computation

ARGUMENTS = {"key": "keys", "value": "values"}
OUTPUT = ".output"


def attended_to_another(layer: str, isolated: Isolated) -> Finding | None:
    """The finding that Keras's attention has keys or values of another array.

    Args:
        layer: its name; any, of which one that makes all projections is looked at.
        isolated: the twins at work.

    Returns:
        None where it is no such layer, or where that is not the whole difference.
    """
    keras = isolated.keras
    if layer not in keras.layer_inputs or layer not in keras.layer_outputs:
        return None
    attention = _attention_of(layer, isolated)
    if attention is None:
        return None
    options = next(
        (
            options
            for name, options in keras.attended.items()
            if isolated.name(name, "keras") == attention + OUTPUT
        ),
        None,
    )
    if options is None:
        return None
    query = keras.layer_inputs[layer]  # (batch, time, features)
    key = options.get("key")
    key = query if key is None else key
    value = options.get("value")
    value = key if value is None else value
    arrays = {"query": query, "key": key, "value": value}
    unlike = [name for name in ARGUMENTS if not near(arrays[name], query)]
    output = keras.layer_outputs[layer]
    if not unlike or not _is_of(arrays, layer, output, isolated):
        return None

    def compute(call: Call) -> np.ndarray:
        if call.x.shape[:2] != output.shape[:2]:
            raise ValueError("a cure is made for the inputs that were looked at")
        return output

    reading = _reading(layer, attention, [ARGUMENTS[name] for name in unlike], isolated)
    return Finding(layer, (reading,), cure=Computation(compute))


def _attention_of(layer: str, isolated: Isolated) -> str | None:
    """The attention of Keras whose projections are all made by one layer, if it is."""
    for name in isolated.keras.attended:
        attention = isolated.name(name, "keras").removesuffix(OUTPUT)
        own = isolated.name(layer, "keras")
        if all(f"{attention}.{word}" in own for word in PROJECTIONS):
            return attention
    return None


def _is_of(
    arrays: dict[str, np.ndarray], layer: str, output: np.ndarray, isolated: Isolated
) -> bool:
    """Whether a layer's weights make of three arrays what Keras's attention makes."""
    weights = isolated.weights["keras"][layer]
    parts = np.split(weights["weight"], len(PROJECTIONS))
    biases = np.split(
        weights.get("bias", np.zeros(len(weights["weight"]))), len(PROJECTIONS)
    )
    projected = []
    for name, weight, bias in zip(PROJECTIONS, parts, biases, strict=True):
        if arrays[name].shape[:2] != output.shape[:2]:
            return False
        projected.append(arrays[name] @ weight.T + bias)
    return near(np.concatenate(projected, axis=-1), output)


def _reading(
    layer: str, attention: str, unlike: list[str], isolated: Isolated
) -> Reading:
    """Either side may be the one that is wrong."""
    words, name = listed(unlike), isolated.name(layer, "torch")
    sentence = (
        f"{attention} of Keras makes its {words} of another array than its queries, "
        f"where {name} of PyTorch makes all of one"
    )
    fix = (
        f"either {name} of PyTorch: make the {words} of what Keras gives {attention} "
        f"for them or {attention} of Keras: give it the array of its queries for its "
        f"{words} as well"
    )
    return Reading("", (), sentence, fix)
