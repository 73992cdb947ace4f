"""How the arrays of attention go wrong on their way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from compare.judging.words import Side
from compare.kinds.attention import PROJECTIONS
from compare.kinds.layer import Arrays
from compare.kinds.mistake import ArraysOfLayer, Mistake

Change = Callable[[np.ndarray], np.ndarray | None]
Changes = Callable[[int], Iterator[Change]]
Fits = Callable[[Arrays, Arrays, Side], bool]


def _parts(arrays: Arrays) -> dict[str, np.ndarray]:
    """The weights and biases of the three projections and of the output, each alone."""
    by_part: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        if name.startswith("in_proj"):
            word = name.removeprefix("in_proj_")
            for projection, array_of_part in zip(
                PROJECTIONS, np.split(array, 3), strict=True
            ):
                by_part[f"{projection} {word}"] = array_of_part
        elif name.endswith("_proj_weight"):
            by_part[f"{PROJECTIONS['qkv'.index(name[0])]} weight"] = array
        else:
            by_part[name] = array
    return by_part


def _joined(arrays: Arrays, by_part: Arrays) -> Arrays:
    """Put parts in the places that they have in some arrays; see `_parts`."""
    joined = {}
    for name in arrays:
        if name.startswith("in_proj"):
            word = name.removeprefix("in_proj_")
            three = [by_part[f"{projection} {word}"] for projection in PROJECTIONS]
            joined[name] = np.concatenate(three)
        elif name.endswith("_proj_weight"):
            joined[name] = by_part[f"{PROJECTIONS['qkv'.index(name[0])]} weight"]
        else:
            joined[name] = by_part[name]
    return joined


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays are one, up to rounding to float32."""
    if a.shape != b.shape:
        return False
    scale = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0))
    return bool(np.abs(a - b).max(initial=0) <= 1.2e-7 * scale)


def _in_order(order: str) -> Callable[[Arrays], Arrays | None]:
    """Exchange queries, keys and values.

    Args:
        order: such as "kqv": what stands in the place of queries, keys and values.
    """

    def change(arrays: Arrays) -> Arrays | None:
        by_part = _parts(arrays)
        exchanged = dict(by_part)
        for name in by_part:
            projection, _, word = name.partition(" ")
            if projection not in PROJECTIONS:
                continue
            letter = order[PROJECTIONS.index(projection)]
            source = by_part[f"{PROJECTIONS['qkv'.index(letter)]} {word}"]
            if source.shape != by_part[name].shape:
                return None
            exchanged[name] = source
        return _joined(arrays, exchanged)

    return change


def _of_any_order(right: Arrays, wrong: Arrays, side: Side) -> bool:
    """Whether the projections stand in an order that is neither q k v nor k q v."""
    for order in ("qvk", "vkq", "kvq", "vqk"):
        changed = _in_order(order)(right)
        if changed and all(_same(changed[name], wrong[name]) for name in wrong):
            return True
    return False


def _some_parts(names: Sequence[str], changes: Changes) -> Fits:
    """Return whether some parts of wrong arrays are changed, and all others are right.

    Args:
        names: of the parts that may be changed, or what they begin with.
        changes: takes the size of heads beside each other, and yields ways.
    """

    def fits(right: Arrays, wrong: Arrays, side: Side) -> bool:
        before, after = _parts(right), _parts(wrong)
        size = right["out_proj.weight"].shape[1]
        for change in changes(size):
            changed = 0
            for name, array in after.items():
                if _same(before[name], array):
                    continue
                changed_array = None
                if name.startswith(tuple(names)):
                    changed_array = change(before[name])
                if changed_array is None or not _same(changed_array, array):
                    changed = 0
                    break
                changed += 1
            if changed:
                return True
        return False

    return fits


def _changing(
    names: Sequence[str], change: Change
) -> Callable[[Arrays], Arrays | None]:
    """Change the parts of these names; None where one of them cannot be."""

    def changed(arrays: Arrays) -> Arrays | None:
        by_part = _parts(arrays)
        result = dict(by_part)
        chosen = [name for name in by_part if name.startswith(tuple(names))]
        for name in chosen:
            array_of_part = change(by_part[name])
            if array_of_part is None or array_of_part.shape != by_part[name].shape:
                return None
            result[name] = array_of_part
        return _joined(arrays, result) if chosen else None

    return changed


def _divisors(size: int) -> Iterator[int]:
    for number in range(2, size // 2 + 1):
        if not size % number:
            yield number


def _rows_interleaved(array: np.ndarray, heads: int = 0) -> np.ndarray | None:
    """Put row (number in its head, head) in the place of row (head, number)."""
    numbers = [heads] if heads else list(_divisors(len(array)))
    if not numbers or len(array) % numbers[0]:
        return None
    cut = array.reshape(-1, numbers[0], *array.shape[1:])
    return cut.swapaxes(0, 1).reshape(array.shape)


def _columns_interleaved(array: np.ndarray, heads: int = 0) -> np.ndarray | None:
    changed = _rows_interleaved(array.T, heads)
    return None if changed is None else changed.T


def _for_any_heads(change: Callable[..., np.ndarray | None]) -> Changes:
    """Ways to change an array, for each number of heads that there can be."""

    def changes(size: int) -> Iterator[Change]:
        for heads in _divisors(size):

            def of_heads(array: np.ndarray, heads: int = heads) -> np.ndarray | None:
                return change(array, heads)

            yield of_heads

    return changes


def _transposed(array: np.ndarray) -> np.ndarray | None:
    """None of what is not square, or too small to tell."""
    if array.ndim != 2 or array.shape[0] != array.shape[1] or len(array) < 2:
        return None
    return array.T


def _zeros(array: np.ndarray) -> np.ndarray:
    return np.zeros_like(array)


def _only(change: Change) -> Changes:
    def changes(size: int) -> Iterator[Change]:
        yield change

    return changes


WEIGHTS = tuple(f"{name} weight" for name in PROJECTIONS)
BIASES = (*(f"{name} bias" for name in PROJECTIONS), "out_proj.bias")

ARRAY_MISTAKES = (
    Mistake(
        "attention query and key exchanged",
        "the projections of queries and keys are exchanged",
        "in_proj_weight has the rows of queries, then of keys, then of values",
        "set the query kernel and the key kernel each from its own rows",
        ArraysOfLayer(_in_order("kqv")),
    ),
    Mistake(
        "attention projections in another order",
        "the projections of queries, keys and values stand in another order",
        "in_proj_weight has the rows of queries, then of keys, then of values",
        "cut in_proj_weight into queries, keys and values, in this order",
        ArraysOfLayer(_in_order("vkq"), fits=_of_any_order),
    ),
    Mistake(
        "attention projection not transposed",
        "projections of queries, keys or values are not transposed",
        "the rows of in_proj_weight are kernel.reshape(features, -1).T",
        "kernel = weight.T.reshape(features, heads, size)",
        ArraysOfLayer(
            _changing(WEIGHTS, _transposed),
            fits=_some_parts(WEIGHTS, _only(_transposed)),
        ),
    ),
    Mistake(
        "attention output not transposed",
        "the output projection is not transposed",
        "out_proj.weight = kernel.reshape(-1, features).T",
        "kernel = out_proj.weight.T.reshape(heads, size, features)",
        ArraysOfLayer(_changing(("out_proj.weight",), _transposed)),
    ),
    Mistake(
        "attention heads interleaved",
        "the projections are cut as (size, heads), not as (heads, size)",
        "each head has neighbouring rows: kernel.reshape(features, -1).T",
        "kernel = weight.T.reshape(features, heads, size), heads first",
        ArraysOfLayer(
            _changing((*WEIGHTS, *BIASES[:3]), _rows_interleaved),
            fits=_some_parts(
                (*WEIGHTS, *BIASES[:3]), _for_any_heads(_rows_interleaved)
            ),
        ),
    ),
    Mistake(
        "attention heads joined in another order",
        "the output projection takes the heads as (size, heads), not (heads, size)",
        "out_proj.weight = kernel.reshape(-1, features).T, heads first",
        "kernel = out_proj.weight.T.reshape(heads, size, features), heads first",
        ArraysOfLayer(
            _changing(("out_proj.weight",), _columns_interleaved),
            fits=_some_parts(
                ("out_proj.weight",), _for_any_heads(_columns_interleaved)
            ),
        ),
    ),
    Mistake(
        "attention biases left out",
        "biases of the attention are left out",
        "copy in_proj_bias and out_proj.bias too",
        "copy the biases of query, key, value and output too",
        ArraysOfLayer(
            _changing(BIASES, _zeros), fits=_some_parts(BIASES, _only(_zeros))
        ),
    ),
)
