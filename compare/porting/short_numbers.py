"""Numbers of float32 in source, in as few digits as tell them from others: 0.1.

Keras keeps a number of float32 in a file with the digits of float64,
0.10000000149011612. A port computes in float32, where a number in its source is rounded
to float32 before it meets a tensor, so that 0.1 is the same number there. In float64 it
is not: what is judged, in both precisions, is the source with all digits, and the
source with few is run beside it in float32, where it has to give the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from compare.kinds.graph import LayerPlan, ModelPlan
from compare.kinds.operation_arguments import MOST_NUMBERS

NOTE = (
    "Numbers of float32 stand in model.py with as few digits as tell them apart, such "
    "as 0.1 for 0.10000000149011612. The latter was compared, in float64; in float32 "
    "both give the same bits."
)


def with_short_numbers(plan: ModelPlan, arrays: bool = False) -> ModelPlan:
    """A model with the numbers of its settings and calls as they are written.

    Args:
        plan: of the model.
        arrays: whether small arrays of float32 stand in the source as numbers, too.

    Returns:
        The same plan where nothing is shorter.
    """
    layers = {name: _layer(layer, arrays) for name, layer in plan.layers.items()}
    calls = []
    for call in plan.calls:
        args, kwargs = _value(call.args, arrays), _value(dict(call.kwargs), arrays)
        is_same = args is call.args and _is_alike(kwargs, call.kwargs)
        calls.append(call if is_same else replace(call, args=args, kwargs=kwargs))
    if _is_alike(layers, plan.layers) and _is_alike(calls, plan.calls):
        return plan
    return replace(plan, layers=layers, calls=tuple(calls))


def same_bits(first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> bool:
    """Whether results of two runs are the same to the last bit, NaN included."""
    pairs = zip(first, second, strict=True)
    return all(
        a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()
        for a, b in pairs
    )


def shortest(value: float) -> float:
    """The decimal of fewest digits that float32 rounds to a number that it holds."""
    with np.errstate(over="ignore"):
        number = np.float32(value)
    if float(number) != value:
        return value
    return float(str(number))


def _layer(layer: LayerPlan, arrays: bool) -> LayerPlan:
    config = _value(dict(layer.config), arrays)
    inside = tuple(_layer(inner, arrays) for inner in layer.inside)
    model = layer.model and with_short_numbers(layer.model, arrays)
    is_same = (
        _is_alike(config, layer.config)
        and _is_alike(inside, layer.inside)
        and model is layer.model
    )
    if is_same:
        return layer
    return replace(layer, config=config, inside=inside, model=model)


def _value(value: Any, arrays: bool) -> Any:
    """A setting with short numbers; the same object where none is shorter."""
    if isinstance(value, float):
        short = shortest(value)
        return value if short == value else short
    if isinstance(value, np.ndarray):
        is_written = arrays and 0 < value.size <= MOST_NUMBERS
        if not is_written or value.dtype != np.float32:
            return value
        return np.vectorize(shortest)(value.astype("float64"))
    if isinstance(value, list | tuple):
        items = [_value(item, arrays) for item in value]
        return value if _is_alike(items, value) else type(value)(items)
    if isinstance(value, Mapping):
        changed = {key: _value(item, arrays) for key, item in value.items()}
        return value if _is_alike(changed, value) else changed
    return value


def _is_alike(first: Any, second: Any) -> bool:
    """Whether two collections hold the same objects."""
    if isinstance(first, Mapping):
        return all(first[key] is second[key] for key in second)
    return all(one is other for one, other in zip(first, second, strict=True))
