"""How what one layer makes for queries, keys and values is cut apart wrongly."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from compare.kinds.attention import PROJECTIONS
from compare.kinds.mistake import Call, Computation, Mistake

# Axes of one step: which of the three, which head, and the number in the head.
THREE, HEAD, NUMBER = 0, 1, 2
IN_TORCH = (
    "qkv(x).reshape(batch, time, 3, heads, size), or the rows of its weight likewise"
)
IN_KERAS = "reshape(qkv(x), (batch, time, 3, heads, size))"


def _packed(call: Call) -> np.ndarray | None:
    """What one layer makes of a step, (batch, time, three, heads, size of a head).

    Args:
        call: of attention whose projections are done already, so that its queries, keys
            and values are what they make.
    """
    heads = call.options.get("heads")
    key, value = call.options.get("key"), call.options.get("value")
    if not heads or key is None or value is None:
        return None
    if key.shape != call.x.shape or value.shape != call.x.shape:
        return None
    batch, time, size = call.x.shape
    packed = np.stack([call.x, key, value], axis=2)
    return packed.reshape(batch, time, len(PROJECTIONS), heads, size // heads)


def _run(call: Call, three: list[np.ndarray]) -> np.ndarray | None:
    """Compute with other queries, keys and values, (batch, time, ...) each."""
    query, key, value = (array.reshape(call.x.shape) for array in three)
    result: np.ndarray | None = call.run(x=query, key=key, value=value)
    return result


def _in_order(order: str) -> Callable[[Call], np.ndarray | None]:
    """Take the three in another order, such as "kqv"."""

    def compute(call: Call) -> np.ndarray | None:
        packed = _packed(call)
        if packed is None:
            return None
        return _run(call, [packed[:, :, order.index(letter)] for letter in "qkv"])

    return compute


def _cut(*axes: int) -> Callable[[Call], np.ndarray | None]:
    """Cut a step as if its axes stood in another order."""

    def compute(call: Call) -> np.ndarray | None:
        packed = _packed(call)
        if packed is None:
            return None
        sizes = packed.shape[2:]
        wrong = packed.reshape(*packed.shape[:2], *(sizes[axis] for axis in axes))
        back = np.argsort(axes)
        turned = wrong.transpose(0, 1, *(2 + axis for axis in back))
        return _run(call, [turned[:, :, number] for number in range(len(PROJECTIONS))])

    return compute


def _another_order(order: str) -> Mistake[Computation]:
    """The mistake to take the three in another order, such as "kqv"."""
    words = ", ".join(PROJECTIONS["qkv".index(letter)] for letter in order)
    return Mistake(
        f"packed projection in the order {order}",
        f"what is projected at once is cut in another order: {words}",
        "q, k, v = qkv(x).chunk(3, dim=-1), or exchange the rows of its weight",
        "query, key and value are split(qkv(x), 3, axis=-1), in this order",
        Computation(_in_order(order)),
    )


OF_PACKED = (
    Mistake(
        "packed projection cut by heads first",
        "what is projected at once is cut as (heads, 3, size), not as (3, heads, size)",
        IN_TORCH,
        IN_KERAS,
        Computation(_cut(HEAD, THREE, NUMBER)),
    ),
    Mistake(
        "packed projection cut by heads first and three last",
        "what is projected at once is cut as (heads, size, 3), not as (3, heads, size)",
        IN_TORCH,
        IN_KERAS,
        Computation(_cut(HEAD, NUMBER, THREE)),
    ),
    Mistake(
        "packed projection cut by numbers first",
        "what is projected at once is cut as (size, heads, 3), not as (3, heads, size)",
        IN_TORCH,
        IN_KERAS,
        Computation(_cut(NUMBER, HEAD, THREE)),
    ),
    *(_another_order(order) for order in ("kqv", "vkq", "qvk", "kvq", "vqk")),
)
