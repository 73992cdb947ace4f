"""What was done to an array is read off its numbers, and a line of code mends it."""

from itertools import permutations
from time import perf_counter

import numpy as np
import pytest
from drawn_arrays import drawn, in_float32, mended

from compare.kinds.changes import half
from compare.mistakes.arrangements.one_array import what_is_wrong
from compare.mistakes.arrangements.orders import order_of
from compare.mistakes.arrangements.words import axes_in_keras, axes_in_torch

SEEDS = range(6)


def blocks(array, *order, axis=0):
    parts = np.split(array, len(order), axis)
    return np.concatenate([parts[block] for block in order], axis)


def per_gate(array, gates):
    """Each gate's matrix reshaped where it is transposed."""
    parts = np.split(array, gates)
    return np.concatenate([part.T.copy().reshape(part.shape) for part in parts])


def interleaved(array, count, axis=0):
    """The first place of each block, then the second of each."""
    moved = np.moveaxis(array, axis, 0)
    parts = moved.reshape(count, -1, *moved.shape[1:]).swapaxes(0, 1)
    return np.moveaxis(parts.reshape(moved.shape), 0, axis)


def flattened_otherwise(array, channels, height, width):
    outputs = len(array)
    apart = array.reshape(outputs, channels, height, width)
    return apart.transpose(0, 2, 3, 1).reshape(outputs, -1)


# ---------------------------------------------------------------- axes in another order


@pytest.mark.parametrize("seed", SEEDS)
def test_axes_in_any_order_are_told_and_mended(seed):
    """Cubes: any order of the axes keeps their shape."""
    for count in (2, 3, 4):
        right = drawn(*[3] * count, seed=seed)
        for order in permutations(range(count)):
            if order == tuple(range(count)):
                continue
            held = right.transpose(order)
            wrong = what_is_wrong(held, right)

            assert np.array_equal(mended(wrong, held), right)
            assert "transposed" in wrong.sentence or "axes" in wrong.sentence


def test_five_axes_in_any_order_are_told():
    right = drawn(2, 2, 2, 2, 2)
    for order in list(permutations(range(5)))[1::7]:
        held = right.transpose(order)
        assert np.array_equal(mended(what_is_wrong(held, right), held), right)


def test_height_and_width_are_named():
    right = drawn(6, 4, 3, 3)
    wrong = what_is_wrong(right.swapaxes(2, 3), right, axes_in_torch(4))

    assert wrong.sentence == "has its axes 2 and 3 (height and width) exchanged"
    assert wrong.mend == "{}.transpose(0, 1, 3, 2)"


def test_inputs_and_outputs_of_a_square_kernel_are_named():
    right = drawn(3, 3, 5, 5)
    wrong = what_is_wrong(right.swapaxes(2, 3), right, axes_in_keras(4))

    assert wrong.sentence == "has its axes 2 and 3 (in and out) exchanged"


@pytest.mark.parametrize("shape", [(6, 4), (6, 4, 3), (6, 4, 3, 3), (4, 3, 2, 5, 3)])
def test_what_was_reshaped_and_not_transposed_is_told(shape):
    """PyTorch's weight with the numbers of Keras's kernel in memory order."""
    right = drawn(*shape)
    order = (*range(2, len(shape)), 1, 0)
    held = np.ascontiguousarray(right.transpose(order)).reshape(shape)
    wrong = what_is_wrong(held, right)

    assert wrong.sentence == "was reshaped where it must be transposed"
    assert np.array_equal(mended(wrong, held), right)


@pytest.mark.parametrize("gates", [2, 3, 4])
def test_gates_that_were_reshaped_each_are_told(gates):
    right = drawn(gates * 6, 5)
    held = per_gate(right, gates)
    wrong = what_is_wrong(held, right)

    assert f"in {gates} blocks" in wrong.sentence
    assert np.array_equal(mended(wrong, held), right)


# ------------------------------------------------------------------- along one axis


@pytest.mark.parametrize("order", list(permutations(range(4)))[1:])
def test_gates_in_any_order_are_named_by_letter(order):
    right = drawn(24, 5)
    held = blocks(right, *order)
    wrong = what_is_wrong(held, right, letters={4: "ifgo"})

    assert np.array_equal(mended(wrong, held), right)
    letters = ", ".join("ifgo"[block] for block in order)
    halves = order in ((2, 3, 0, 1),)
    assert letters in wrong.sentence or halves


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("count", [2, 3, 4])
def test_what_is_interleaved_is_told(axis, count):
    right = drawn(24, 12)
    held = interleaved(right, count, axis)
    wrong = what_is_wrong(held, right)

    assert wrong.sentence.startswith(f"is interleaved along axis {axis}")
    assert "reshape" in wrong.mend
    assert np.array_equal(mended(wrong, held), right)


@pytest.mark.parametrize("axis", [0, 1, 2, 3])
def test_what_is_flipped_or_shifted_is_told(axis):
    right = drawn(7, 5, 3, 4)
    flipped, shifted = np.flip(right, axis), np.roll(right, 1, axis)

    wrong = what_is_wrong(flipped, right)
    assert wrong.sentence == f"is flipped along axis {axis}"
    assert np.array_equal(mended(wrong, flipped), right)
    wrong = what_is_wrong(shifted, right)
    assert np.array_equal(mended(wrong, shifted), right)


def test_a_kernel_that_is_flipped_in_both_directions_is_told():
    right = drawn(6, 4, 3, 3)
    held = right[:, :, ::-1, ::-1]
    wrong = what_is_wrong(held, right, axes_in_torch(4))

    assert "flipped along axis 2 (height)" in wrong.sentence
    assert "flipped along axis 3 (width)" in wrong.sentence
    assert np.array_equal(mended(wrong, held), right)


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_in_an_order_without_a_rule_are_listed(seed):
    right = drawn(11, 4, seed=seed)
    order = np.random.default_rng(seed).permutation(11)
    held = right[order]
    wrong = what_is_wrong(held, right)

    assert np.array_equal(mended(wrong, held), right)
    moved = int(np.flatnonzero(order != np.arange(11))[0])
    assert f"{moved} holds {order[moved]}" in wrong.sentence


def test_rows_and_columns_in_other_orders_are_told():
    right = drawn(11, 7)
    rng = np.random.default_rng(1)
    held = right[rng.permutation(11)][:, rng.permutation(7)]
    wrong = what_is_wrong(held, right)

    assert np.array_equal(mended(wrong, held), right)
    assert "along axis 0" in wrong.sentence
    assert "along axis 1" in wrong.sentence


@pytest.mark.parametrize("sizes", [(16, 7, 7), (3, 4, 5), (6, 2, 9)])
def test_channels_and_positions_flattened_in_the_other_order_are_told(sizes):
    right = drawn(10, int(np.prod(sizes)))
    held = flattened_otherwise(right, *sizes)
    wrong = what_is_wrong(held, right, axes_in_torch(2))

    assert "flattened in another order" in wrong.sentence
    positions = sizes[1] * sizes[2]
    assert f"({positions}, {sizes[0]}) in the place of" in wrong.sentence
    assert np.array_equal(mended(wrong, held), right)
    # The same in Keras's layout.
    wrong = what_is_wrong(held.T, right.T, axes_in_keras(2))
    assert "flattened in another order" in wrong.sentence
    assert np.array_equal(mended(wrong, held.T), right.T)


# ------------------------------------------------------------------------ two at once


@pytest.mark.parametrize("order", [(0, 1, 3, 2), (2, 0, 3, 1), (3, 2, 1, 0)])
def test_gates_in_another_order_and_reshaped_are_told_together(order):
    right = drawn(24, 5)
    held = blocks(per_gate(right, 4), *order)
    wrong = what_is_wrong(held, right)

    assert np.array_equal(mended(wrong, held), right)
    assert "reshaped" in wrong.sentence
    held = np.ascontiguousarray(blocks(right, *order).T).reshape(right.shape)
    wrong = what_is_wrong(held, right)
    assert np.array_equal(mended(wrong, held), right)


@pytest.mark.parametrize("factor", [2, -1, 1 / 255, 8**0.5])
def test_what_is_transposed_and_scaled_is_told(factor):
    right = drawn(6, 6)
    held = in_float32(factor * right.T)
    wrong = what_is_wrong(held, right)

    assert wrong.sentence.startswith("is transposed and ")
    assert np.allclose(mended(wrong, held), right, rtol=1e-5)


def test_what_is_transposed_and_rounded_is_told():
    right = drawn(6, 6)
    wrong = what_is_wrong(np.asarray(half(right)).T, right)

    assert wrong.sentence == "is transposed and went through float16"


# --------------------------------------------------------------- nothing that is false


@pytest.mark.parametrize("seed", range(40))
def test_numbers_that_have_nothing_to_do_with_each_other_are_not_explained(seed):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 8, rng.integers(1, 5)))
    first, second = drawn(*shape, seed=[seed, 1]), drawn(*shape, seed=[seed, 2])

    assert what_is_wrong(first, second) is None
    assert what_is_wrong(second, first) is None


@pytest.mark.parametrize("seed", SEEDS)
def test_noise_one_other_number_or_a_shuffle_are_not_explained(seed):
    right = drawn(8, 6, seed=seed)
    rng = np.random.default_rng([seed, 1])
    noisy = in_float32(right + rng.normal(0, 1e-3, right.shape))
    one = right.copy()
    one[3, 2] += 0.25
    shuffled = rng.permuted(right.reshape(-1)).reshape(right.shape)
    one_and_order = one.T.copy().reshape(right.shape)

    for held in (noisy, one, shuffled, one_and_order):
        assert what_is_wrong(held, right) is None


def test_arrays_without_an_order_are_not_explained():
    zeros = np.zeros((4, 4))

    assert what_is_wrong(zeros, zeros) is None
    assert what_is_wrong(np.array([0.5]), np.array([2.0])) is None
    assert what_is_wrong(np.array([0.5, 1.0]), np.array([2.0, 3.0])) is None
    assert what_is_wrong(np.full((3, 3), np.nan), zeros) is None


def test_numbers_that_are_alike_leave_the_simple_order_to_be_found():
    """Half of the weights pruned."""
    right = drawn(24, 5)
    right[np.random.default_rng(0).random(right.shape) < 0.5] = 0
    held = blocks(right, 0, 1, 3, 2)
    wrong = what_is_wrong(held, right)

    assert "in the order 0, 1, 3, 2" in wrong.sentence
    held = right.T.copy().reshape(right.shape)
    wrong = what_is_wrong(held, right)
    assert wrong.sentence == "was reshaped where it must be transposed"


def test_a_small_array_is_explained_as_a_large_one_is():
    """Three gates of one unit could be listed otherwise."""
    right = drawn(4)
    wrong = what_is_wrong(right[[2, 3, 0, 1]], right, blocks=(4, (2, 3, 0, 1)))

    assert wrong.sentence == "has its two halves along axis 0 exchanged"


@pytest.mark.parametrize("scale", [1, -1])
def test_rounding_to_float32_does_not_hide_an_order(scale):
    right = scale * drawn(24, 5) * np.pi  # numbers that float32 does not have
    held = in_float32(right.T).copy().reshape(right.shape)

    assert order_of(held, right) is not None


def test_large_arrays_take_no_longer_than_sorting_them_a_few_times():
    right = drawn(1500, 2000)
    start = perf_counter()
    for _ in range(4):
        np.sort(right, axis=None)
    sorting = perf_counter() - start
    for held in (right.T.copy().reshape(right.shape), drawn(1500, 2000, seed=1)):
        start = perf_counter()
        what_is_wrong(held, right)
        assert perf_counter() - start < 4 * sorting
