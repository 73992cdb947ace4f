"""The note's data example: one order of windows makes the same batches in both."""

import inspect
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
import torch

FOLDERS = ("pytorch_models", "keras_models")
ORDERS = (
    "as it stands",
    "NumPy permutation",
    "RandomSampler",
    "some left out, one twice",
)


@pytest.fixture(scope="module")
def twins():
    """Both modules, PyTorch's first."""
    return [import_module(f"{folder}.stock_data") for folder in FOLDERS]


@pytest.fixture(scope="module", params=FOLDERS)
def twin(request, twins):
    """One module after the other."""
    return twins[FOLDERS.index(request.param)]


@pytest.fixture(scope="module")
def days():
    """The note's 100 days: 5 features and 1 target each."""
    np.random.seed(0)  # the note's own generator: its printed numbers depend on it
    features = np.random.rand(100, 5).astype(np.float32)
    targets = np.random.rand(100, 1).astype(np.float32)
    return SimpleNamespace(features=features, targets=targets)


def windows_of(twin, days):
    return twin.StockWindows(days.features, days.targets, 7)


def batches_of(twin, days, order=range(93), batch_size=20, drop_last=False):
    windows = windows_of(twin, days)
    return twin.StockBatches(windows, batch_size, order, drop_last)


def arrays(batches):
    """Every batch as NumPy arrays (x, y)."""
    return [(np.asarray(x), np.asarray(y)) for x, y in batches]


def expected(days, order, batch_size, drop_last):
    """The same batches by NumPy alone, a third opinion."""
    found = []
    for start in range(0, len(order), batch_size):
        first = np.asarray(order)[start : start + batch_size]
        x = days.features[first[:, None] + np.arange(7)]
        found.append((x, days.targets[first + 7]))
    if drop_last and len(found[-1][0]) < batch_size:
        found.pop()
    return found


def same(one, other):
    """Whether both hold the same batches, dtype, shape and bits, in one order."""
    return len(one) == len(other) > 0 and all(
        a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
        for pair in zip(one, other, strict=True)
        for a, b in zip(*pair, strict=True)
    )


def drawn_order(windows):
    """The recipe in the docstring of StockBatches."""
    torch.empty((), dtype=torch.int64).random_()
    return list(torch.utils.data.RandomSampler(windows))


def order_named(name, windows):
    torch.manual_seed(0)
    if name == "NumPy permutation":
        return np.random.default_rng(0).permutation(93)
    if name == "RandomSampler":
        return list(torch.utils.data.RandomSampler(windows))
    if name == "some left out, one twice":
        return [92, 0, 5, 5, 17, *range(40, 60)]
    return range(93)


def test_days_are_those_of_the_note(days):
    printed = [0.5488135, 0.71518934, 0.60276335, 0.5448832, 0.4236548]

    assert days.features[0].tolist() == np.float32(printed).tolist()
    assert days.targets[:3, 0].tolist() == (
        np.float32([0.31038082, 0.37303486, 0.5249705]).tolist()
    )


def test_an_item_is_seven_days_and_the_target_of_the_eighth(twin, days):
    windows = windows_of(twin, days)

    assert len(windows) == 93
    for i in (0, 1, 92):
        x, y = windows[i]
        assert np.array_equal(x, days.features[i : i + 7])
        assert np.array_equal(y, days.targets[i + 7])


def test_every_window_but_no_other_has_an_item(twin, days):
    windows = windows_of(twin, days)

    for index in (-1, 93):
        with pytest.raises(IndexError, match=f"from 0 to 92, got {index}"):
            windows[index]


@pytest.mark.parametrize(
    ("drop_last", "sizes"), [(True, [20] * 4), (False, [20] * 4 + [13])]
)
def test_only_drop_last_leaves_out_the_last_batch_of_13(twin, days, drop_last, sizes):
    batches = batches_of(twin, days, drop_last=drop_last)

    assert len(batches) == len(sizes)
    assert [(x.shape, y.shape) for x, y in arrays(batches)] == [
        ((size, 7, 5), (size, 1)) for size in sizes
    ]


@pytest.mark.parametrize("drop_last", [True, False])
def test_a_last_batch_that_is_full_always_stays(twin, days, drop_last):
    batches = batches_of(twin, days, batch_size=31, drop_last=drop_last)

    assert len(batches) == len(list(batches)) == 3


@pytest.mark.parametrize("drop_last", [True, False])
@pytest.mark.parametrize("name", ORDERS)
def test_one_order_gives_the_same_bits(name, drop_last, twins, days):
    order = order_named(name, windows_of(twins[0], days))
    pytorch, keras = (
        arrays(batches_of(twin, days, order, drop_last=drop_last)) for twin in twins
    )

    assert same(pytorch, expected(days, order, 20, drop_last))
    assert same(keras, pytorch)


def test_batches_in_another_order_are_not_the_same(twin, days):
    """The comparison above can fail."""
    batches = arrays(batches_of(twin, days))
    swapped = [1, 0, *range(2, 93)]

    assert same(batches, batches)
    assert not same(batches, arrays(batches_of(twin, days, swapped)))
    assert not same(batches, [batches[1], batches[0], *batches[2:]])
    assert not same(batches, batches[:-1])
    assert not same([], [])


@pytest.mark.parametrize("drop_last", [True, False])
def test_the_recipe_gives_what_dataloader_shuffles(twins, twin, days, drop_last):
    """Three epochs, with the passes over the batches between the draws."""
    windows = windows_of(twins[0], days)
    shuffled = torch.utils.data.DataLoader(
        windows, batch_size=20, shuffle=True, drop_last=drop_last
    )
    torch.manual_seed(0)
    epochs = [arrays(shuffled) for _ in range(3)]

    torch.manual_seed(0)
    for epoch in epochs:
        order = drawn_order(windows)
        assert same(arrays(batches_of(twin, days, order, drop_last=drop_last)), epoch)


def test_the_recipe_needs_its_first_line(twins, days):
    windows = windows_of(twins[0], days)
    torch.manual_seed(0)
    without = list(torch.utils.data.RandomSampler(windows))
    torch.manual_seed(0)

    assert drawn_order(windows) != without


def test_the_recipe_is_the_one_in_the_docstring(twin):
    lines = inspect.getsource(drawn_order).splitlines()

    for line in lines[-2:]:
        assert line.strip().removeprefix("return ") in twin.StockBatches.__doc__


def test_a_pass_draws_no_random_number(twin, days):
    before = torch.get_rng_state()
    list(batches_of(twin, days))

    assert torch.equal(torch.get_rng_state(), before)


def test_keras_counts_batches_from_either_end(twins, days):
    """The batch of 13 that drop_last leaves out cannot be asked for."""
    batches = batches_of(twins[1], days, drop_last=True)

    assert same(arrays([batches[-1]]), arrays([batches[3]]))
    with pytest.raises(IndexError):
        batches[4]


@pytest.mark.parametrize(
    ("targets", "seq_length", "message"),
    [
        (99, 7, "a target for each day of features, got 100 days and 99 targets"),
        (100, 0, "1 <= seq_length < number of days = 100, got seq_length = 0"),
        (100, 100, "1 <= seq_length < number of days = 100, got seq_length = 100"),
    ],
)
def test_windows_that_cannot_be_are_refused(twin, days, targets, seq_length, message):
    with pytest.raises(ValueError, match=f"^StockWindows expects {message}$"):
        twin.StockWindows(days.features, days.targets[:targets], seq_length)


@pytest.mark.parametrize("seq_length", [1, 99])
def test_the_shortest_and_the_longest_window_are_taken(twin, days, seq_length):
    windows = twin.StockWindows(days.features, days.targets, seq_length)

    assert len(windows) == 100 - seq_length
    assert windows[len(windows) - 1][1] == days.targets[99]


@pytest.mark.parametrize(
    ("batch_size", "order", "message"),
    [
        (0, range(93), "batch_size >= 1, got batch_size = 0"),
        (20, [0, 93], "an order of windows 0 to 92, got window 93"),
        (20, np.array([5, -1]), "an order of windows 0 to 92, got window -1"),
    ],
)
def test_batches_that_cannot_be_are_refused(twin, days, batch_size, order, message):
    with pytest.raises(ValueError, match=f"^StockBatches expects {message}$"):
        batches_of(twin, days, order, batch_size)
