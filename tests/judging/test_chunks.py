"""Figures found chunk by chunk are those of the plain formula on whole arrays."""

import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from compare.judging import chunks, verdict
from compare.judging.four import Four

SHAPES = ((), (1,), (9,), (3, 4), (2, 5, 3), (1, 7, 1), (3, 2, 5, 4))
SPECIAL = (np.nan, np.inf, -np.inf, 3e38, -3e38)
DTYPES = ("float16", "float32", "float64", "int32", "bool")


def plain_gaps(a, b, has_time):
    """The largest |a - b| by step, written with arrays as large as a and b."""
    with np.errstate(invalid="ignore"):
        gap = np.abs(np.subtract(a, b, dtype=np.float64))
    gap = np.where(a == b, 0.0, gap)
    others = tuple(axis for axis in range(gap.ndim) if not (has_time and axis == 1))
    return np.atleast_1d(gap.max(axis=others))


def plain_farthest(a, b):
    dtype = a.dtype if a.dtype.kind == "f" else np.float64
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.abs(np.subtract(a, b, dtype=dtype))
    gap = np.where(a == b, 0, gap)
    return tuple(map(int, np.unravel_index(gap.argmax(), gap.shape)))


def plain_largest(a):
    return float(np.abs(a[np.isfinite(a)].astype(np.float64)).max(initial=0.0))


def either_is_nan(a, b):
    return np.isnan(a) | np.isnan(b)


@pytest.fixture(params=[1, 4, 6, 1 << 16])
def chunk_size(request, monkeypatch):
    """Elements of a chunk; few, so that a small array has many chunks."""
    monkeypatch.setattr(chunks, "CHUNK", request.param)
    return request.param


def drawn(shape, dtype, seed):
    """Two arrays that differ in most places and are equal in some."""
    rng = np.random.default_rng(seed)
    a = np.asarray(rng.normal(size=shape) * 9).astype(dtype)
    b = np.asarray(rng.normal(size=shape) * 9).astype(dtype)
    return a, np.where(rng.random(shape) < 0.3, a, b)


def with_special_values(a, b, seed):
    """NaN and infinities in some places, on one side or on both."""
    rng = np.random.default_rng(seed)
    values = rng.choice(SPECIAL, size=a.shape).astype(a.dtype)
    both, left, right = (rng.random(a.shape) < 0.15 for _ in range(3))
    return np.where(both | left, values, a), np.where(both | right, values, b)


def assert_figures_are_the_plain_ones(a, b):
    for has_time in {False, a.ndim > 1}:
        assert np.array_equal(
            chunks.largest_gaps(a, b, has_time),
            plain_gaps(a, b, has_time),
            equal_nan=True,
        )
    assert chunks.farthest(a, b) == plain_farthest(a, b)
    assert chunks.largest(a) == plain_largest(a)


# What the chunks are


@pytest.mark.parametrize("shape", [s for s in SHAPES if s], ids=str)
def test_chunks_are_the_whole_array_once_and_in_order(shape, chunk_size):
    array = np.arange(np.prod(shape)).reshape(shape)
    parts = [array[chunk].ravel() for chunk in chunks.chunks(shape)]

    assert np.array_equal(np.concatenate(parts), array.ravel())
    assert max(map(len, parts)) <= chunk_size


def test_an_empty_array_has_no_chunks():
    assert list(chunks.chunks((3, 0, 2))) == []


# The figures


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_figures_are_those_of_the_plain_formula(shape, dtype, chunk_size):
    assert_figures_are_the_plain_ones(*drawn(shape, dtype, seed=1))


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.parametrize("dtype", [d for d in DTYPES if d.startswith("float")])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_figures_with_nan_and_infinities_are_those_of_the_plain_formula(
    shape, dtype, chunk_size
):
    for seed in range(20):
        a, b = with_special_values(*drawn(shape, dtype, seed), seed)

        assert_figures_are_the_plain_ones(a, b)


def test_float32_is_compared_with_float64_in_float64(chunk_size):
    a, b = drawn((3, 4, 5), "float64", seed=2)

    gaps = chunks.largest_gaps(a.astype(np.float32), b, True)
    assert np.array_equal(gaps, plain_gaps(a.astype(np.float32), b, True))


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x[:, ::2],
        lambda x: x[::-1, :, 1:],
        lambda x: x.transpose(2, 0, 1),
        np.asfortranarray,
    ],
    ids=["every second", "turned round", "transposed", "Fortran order"],
)
def test_arrays_need_not_be_contiguous(view, chunk_size):
    a, b = drawn((4, 6, 5), "float32", seed=3)

    assert_figures_are_the_plain_ones(view(a), view(b))


def test_the_first_of_several_that_are_farthest_is_named(chunk_size):
    a = np.zeros((3, 4))
    b = a.copy()
    b[1, 2], b[2, 0] = -5, 5

    assert chunks.farthest(a, b) == (1, 2)


@pytest.mark.parametrize(
    "figure",
    [
        lambda a, b: chunks.largest_gaps(a, b, False),
        chunks.farthest,
        lambda a, b: chunks.first_where(either_is_nan, a, b, 0),
    ],
    ids=["largest_gaps", "farthest", "first_where"],
)
@pytest.mark.parametrize(
    "shapes", [((0, 3), (0, 3)), ((2, 3), (1, 3))], ids=["empty", "unequal"]
)
def test_arrays_without_elements_or_of_two_shapes_are_refused(figure, shapes):
    """A comparison of nothing must not end as a gap of 0."""
    a, b = map(np.ones, shapes)

    with pytest.raises(ValueError, match="expected two arrays of one shape with elem"):
        figure(a, b)


def test_the_largest_of_no_number_is_zero():
    assert chunks.largest(np.zeros((0, 3))) == 0.0
    assert chunks.largest(np.array([np.nan, np.inf])) == 0.0


@pytest.mark.parametrize("axis", [0, 1])
def test_the_first_place_on_an_axis_is_found(axis, chunk_size):
    """As by a search through all places, sorted by that axis first."""
    a = np.zeros((3, 5, 2))
    b = a.copy()
    assert chunks.first_where(either_is_nan, a, b, axis) is None

    a[1, 4, 0] = a[0, 3, 1] = b[2, 3, 0] = b[1, 4, 1] = np.nan
    places = np.argwhere(either_is_nan(a, b)).tolist()
    expected = min(places, key=lambda place: place[axis])

    assert chunks.first_where(either_is_nan, a, b, axis) == tuple(expected)


# What it costs


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("shape", [(50_000_000,), (1000, 50, 1000)], ids=str)
def test_arrays_are_compared_five_times_as_fast_as_torch_does(shape):
    """50 million float32 elements: the distance, and the whole verdict in float32.

    `assert_close` gives neither the figures nor their step.
    """
    script = Path(__file__).with_name("time_comparisons.py")
    command = [sys.executable, str(script), *map(str, shape)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = json.loads(ran.stdout)
    ratios = {name: seconds["assert_close"] / seconds[name] for name in seconds}
    print(
        f"\n{shape}: assert_close {seconds['assert_close']:.2f} s; noise_of "
        f"{seconds['noise_of']:.3f} s, {ratios['noise_of']:.1f} times as fast; judge32 "
        f"{seconds['judge32']:.3f} s, {ratios['judge32']:.1f} times"
    )

    assert ratios["noise_of"] >= 5
    assert ratios["judge32"] >= 5


@pytest.mark.slow
@pytest.mark.alone
def test_a_verdict_takes_hardly_more_memory_than_the_arrays():
    """Less than a hundredth of four arrays of 52 million elements, 1.3 GB."""
    t64 = np.random.default_rng(0).random((256, 50, 4096))
    k64 = t64 * (1 + 1e-16)
    four = Four(t64.astype(np.float32), t64, k64.astype(np.float32), k64)
    size = sum(array.nbytes for array in four)

    tracemalloc.start()
    result, _ = verdict.judge("lstm", four, has_time=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"\n{size / 1e9:.2f} GB judged with {peak / 1e6:.1f} MB more")

    assert result.verdict == "same"
    assert peak < size / 100
