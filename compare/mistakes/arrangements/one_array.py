"""What was done to one array, so that it holds the numbers of the right one otherwise.

Only what makes every number, up to float32's rounding, is an explanation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compare.kinds.fresh import are_unrelated
from compare.mistakes.arrangements.orders import (
    ROUNDED,
    are_alike,
    blocks_in,
    have_same_numbers,
    order_of,
    orders_of_two_axes,
)
from compare.mistakes.arrangements.rearrangement import Order, Rearrangement
from compare.mistakes.arrangements.values import (
    Changed,
    changes,
    changes_by_place,
    offset_of_block,
)
from compare.mistakes.arrangements.words import in_words

SAMPLE = 4096  # numbers that are compared before all are
LARGE = 1_000_000  # numbers beyond which two causes at once are not looked for
ENOUGH = 16  # numbers without which chance may make a relation, or none
RELATED = 0.5  # the correlation of numbers of which some are noise

Blocks = tuple[int, Order]  # how many, and which of them comes first, second ...


@dataclass(frozen=True)
class Wrong:
    """What is wrong with an array.

    Args:
        sentence: the end of a sentence that the array's name begins.
        mend: an expression of NumPy for the right array, with {} for the wrong one;
            empty where that does not tell.
        blocks: the order of blocks that it has, where that is what is wrong.
    """

    sentence: str
    mend: str = ""
    blocks: Blocks | None = None


def what_is_wrong(
    held: np.ndarray,
    right: np.ndarray,
    axes: Sequence[str] = (),
    letters: Mapping[int, str] | None = None,
    blocks: Blocks | None = None,
) -> Wrong | None:
    """Find what makes an array of the right one.

    Args:
        held: the array.
        right: what it should be.
        axes: names of the axes of `right`; none where they have none.
        letters: for a number of blocks, a letter for each, such as {4: "ifgo"}.
        blocks: how another array of the layer is wrong, which is tried first.

    Returns:
        None where nothing that is known does, or they are the same.
    """
    if held.size != right.size or are_alike(held, right):
        return None
    if not (np.isfinite(held).all() and np.isfinite(right).all()):
        return None
    constant = _constant(held, right)
    if constant is not None:
        return constant
    if held.shape == right.shape:
        change = _change_in_place(held, right)
        if change is not None:
            return Wrong(change.sentence, change.mend)
    one_block = _offset_in_one_block(held, right, letters or {})
    if one_block is not None:
        return one_block
    order = order_of(held, right, blocks)
    if order is not None:
        return _of_order(order, axes, letters)
    change_and_order = _changed_and_ordered(held, right, axes, letters, blocks)
    if change_and_order is not None:
        return change_and_order
    two_orders = None
    if held.size <= LARGE:
        two_orders = orders_of_two_axes(held, right)
    if two_orders is not None:
        earlier, later = two_orders
        texts = [in_words(order_of_axes, axes, letters) for order_of_axes in two_orders]
        return Wrong(" and ".join(texts), later.code(earlier.code("{}")))
    return _carried_in_part(held, right, axes)


def _offset_in_one_block(
    held: np.ndarray, right: np.ndarray, letters: Mapping[int, str]
) -> Wrong | None:
    """One number that was added to one block of a bias, such as 1 to a forget gate."""
    block_and_offset = offset_of_block(held, right)
    if block_and_offset is None:
        return None
    count, block, offset = block_and_offset
    gate = f" (gate {letters[count][block]})" if count in letters else ""
    more = "more" if offset > 0 else "less"
    numbers = [0.0] * count
    numbers[block] = offset
    return Wrong(
        f"is {abs(offset):g} {more} than it should be in block {block + 1} of "
        f"{count}{gate}, and right elsewhere",
        f"{{}} - np.repeat({numbers}, {held.size // count})",
    )


def _of_order(
    order: Rearrangement, axes: Sequence[str], letters: Mapping[int, str] | None
) -> Wrong:
    """A rearrangement that mends an array, in words and in code."""
    return Wrong(in_words(order, axes, letters), order.code("{}"), blocks_in(order))


def _constant(held: np.ndarray, right: np.ndarray) -> Wrong | None:
    """An array of one number alone, such as the one that it was made with."""
    number = held.flat[0]
    if held.size < 2 or (held != number).any() or (right == right.flat[0]).all():
        return None
    return Wrong(f"is {number:g} everywhere, as it may have been made")


def _change_in_place(held: np.ndarray, right: np.ndarray) -> Changed | None:
    """What makes every number of an array of the one in the same place, if anything."""
    numbers, right_numbers = held.reshape(-1), right.reshape(-1)
    places = np.arange(held.size)
    if held.size > SAMPLE:
        rng = np.random.default_rng(0)
        chosen = rng.integers(0, held.size, SAMPLE)
        ends = [numbers.argmax(), numbers.argmin()]  # which tell the step of integers
        places = np.concatenate([ends, chosen])
    few, right_few = numbers[places], right_numbers[places]
    with np.errstate(all="ignore"):  # a function may not take these numbers
        for change in changes(few, right_few, held.shape):
            if not _are_near(change.of(right_few), few, few):
                continue
            if _are_near(change.of(right), held, held):
                return change
        for change in changes_by_place(held):
            if _are_near(change.of(right), held, held):
                return change
    return None


def _are_near(array: np.ndarray, held: np.ndarray, whole: np.ndarray) -> bool:
    """Whether numbers are the same to float32: the small ones as well as the large."""
    sizes = np.abs(whole)
    limit = ROUNDED * float(sizes.max())
    typical = ROUNDED * float(sizes.mean())
    gaps = np.abs(array - held)
    return bool((gaps <= limit).all() and (gaps <= 1e-4 * np.abs(held) + typical).all())


def _changed_and_ordered(
    held: np.ndarray,
    right: np.ndarray,
    axes: Sequence[str],
    letters: Mapping[int, str] | None,
    blocks: Blocks | None,
) -> Wrong | None:
    """What changed all numbers alike, where they stand in another order as well."""
    if held.size > LARGE:
        return None
    for change in changes(held, right, held.shape):
        with np.errstate(all="ignore"):
            changed = change.of(right)
        if not have_same_numbers(held, changed):
            continue
        order = order_of(held, changed, blocks)
        if order is not None:
            wrong = _of_order(order, axes, letters)
            mend = ""
            if change.mend:
                mend = change.mend.format(f"({wrong.mend})")
            return Wrong(f"{wrong.sentence} and {change.sentence}", mend, wrong.blocks)
    return None


def have_nothing_in_common(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether no number of the one is made of the other's, as far as that shows.

    Numbers with some noise on them still go with the right ones.
    """
    if a.size < ENOUGH or not are_unrelated(a, b):
        return False
    if not a.std() or not b.std():
        return True
    return bool(abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < RELATED)


def _carried_in_part(
    held: np.ndarray, right: np.ndarray, axes: Sequence[str]
) -> Wrong | None:
    """The first places of an axis are right, and the others have nothing to do with it.

    Few numbers do not count: chance may make them unrelated.
    """
    if held.shape != right.shape:
        return None
    limit = ROUNDED * float(np.abs(right).max())
    near_numbers = np.abs(held - right) <= limit
    for axis, length in enumerate(held.shape):
        other_axes = tuple(number for number in range(held.ndim) if number != axis)
        alike = near_numbers.all(axis=other_axes)
        count = int(np.argmin(alike))
        if not 0 < count < length or alike[count:].any():
            continue
        beyond = slice(count, None)
        arrays_beyond = [np.moveaxis(array, axis, 0)[beyond] for array in (held, right)]
        if held.size - arrays_beyond[0].size < 2:
            continue
        if have_nothing_in_common(arrays_beyond[0], arrays_beyond[1]):
            name = f" ({axes[axis]})" if axes else ""
            return Wrong(
                f"is right in the first {count} of {length} places along axis "
                f"{axis}{name}, and the others have nothing to do with what they "
                "should be: only a part was carried over"
            )
    return None
