"""Numbers of an array that were changed are told, and a line of code mends them."""

import numpy as np
import pytest
from drawn_arrays import drawn, in_float32, mended

from compare.kinds.changes import bfloat16, half
from compare.mistakes.arrangements.one_array import what_is_wrong

CHANGES = {
    "is 2 times": lambda a: 2 * a,
    "has the opposite sign": lambda a: -a,
    "is divided by 255": lambda a: a / 255,
    "is divided by np.sqrt(5)": lambda a: a / 5**0.5,
    "is np.sqrt(12) times": lambda a: a * 12**0.5,
    "is 1.3 times": lambda a: 1.3 * a,
    "is 1 less": lambda a: a - 1,
    "is 1 more": lambda a: a + 1,
}
FUNCTIONS = {
    "is the reciprocal": lambda a: 1 / a,
    "is the square root of what it should be, as": np.sqrt,
    "root of what it should be, 0.001 added": lambda a: np.sqrt(a + 1e-3),
    "is 1 / sqrt of what it should be, 1e-05": lambda a: 1 / np.sqrt(a + 1e-5),
    "is the square of": np.square,
    "is exp of": np.exp,
    "is the logarithm": np.log,
}


@pytest.mark.parametrize("sentence", CHANGES)
def test_multiples_and_offsets_are_told(sentence):
    right = drawn(24, 5)
    held = in_float32(CHANGES[sentence](right))
    wrong = what_is_wrong(held, right)

    assert wrong.sentence.startswith(sentence)
    assert np.allclose(mended(wrong, held), right, atol=1e-5)


@pytest.mark.parametrize("sentence", FUNCTIONS)
def test_functions_of_positive_numbers_are_told(sentence):
    right = np.abs(drawn(40)) + 0.1
    held = in_float32(FUNCTIONS[sentence](right))
    wrong = what_is_wrong(held, right)

    assert sentence in wrong.sentence
    assert np.allclose(mended(wrong, held), right, rtol=1e-3)


def to_steps(array, scale):
    return np.rint(array / scale) * scale


ROUNDINGS = {
    "went through float16": half,
    "went through bfloat16": bfloat16,
    "went through 8 bit integers of": lambda a: to_steps(a, np.abs(a).max() / 127),
    "a step for each place of axis 0": lambda a: to_steps(
        a, np.abs(a).max(axis=1, keepdims=True) / 127
    ),
}


@pytest.mark.parametrize("sentence", ROUNDINGS)
def test_formats_with_fewer_digits_are_told(sentence):
    right = drawn(6, 40)
    wrong = what_is_wrong(in_float32(ROUNDINGS[sentence](right)), right)

    assert sentence in wrong.sentence


@pytest.mark.parametrize("name", ["float8_e4m3fn", "float8_e5m2"])
def test_float8_is_told_as_pytorch_rounds_to_it(torch, name):
    right = drawn(30, 40)
    rounded = torch.tensor(right).to(getattr(torch, name)).double().numpy()

    assert "went through float8" in what_is_wrong(rounded, right).sentence


def test_arrays_of_one_number_are_told():
    right = drawn(6, 4)

    assert what_is_wrong(0 * right, right).sentence.startswith("is 0 everywhere")
    assert what_is_wrong(0 * right + 1, right).sentence.startswith("is 1 everywhere")


@pytest.mark.parametrize(("count", "letters"), [(4, "ifgo"), (3, "rzn")])
def test_a_forget_gate_whose_bias_has_one_more_is_told(count, letters):
    right = drawn(count * 5)
    held = right.copy()
    held[5:10] += 1
    wrong = what_is_wrong(in_float32(held), right, letters={count: letters})

    assert wrong.sentence == (
        f"is 1 more than it should be in block 2 of {count} (gate {letters[1]}), and "
        "right elsewhere"
    )
    assert np.allclose(mended(wrong, held), right)


def test_what_was_carried_over_in_part_is_told():
    right = drawn(12, 5)
    held = np.concatenate([right[:4], drawn(8, 5, seed=1)])

    assert "right in the first 4 of 12 places" in what_is_wrong(held, right).sentence
