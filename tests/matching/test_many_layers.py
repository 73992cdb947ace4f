"""Many layers: the same twins as layer by layer, in about linear time, in few lines."""

import time
from statistics import median

import numpy as np
import pytest

from compare import BadInput, kinds
from compare.kinds.layer import Layer
from compare.listing import LETTERS, bounded
from compare.matching.fitting import fits
from compare.matching.matching import matched
from compare.matching.ordering import Order, check
from compare.matching.sizes import parts_of


def zeros(*shape):
    return np.broadcast_to(np.int8(), shape)


def linear(outputs=3, features=3):
    arrays = {"weight": zeros(outputs, features), "bias": zeros(outputs)}
    return Layer("Linear", arrays)


def dense(outputs=3, features=3):
    arrays = {"kernel": zeros(features, outputs), "bias": zeros(outputs)}
    return Layer("Dense", arrays)


def lstm(layers=1, reverse=False):
    arrays = {}
    for number in range(layers):
        for end in ("", "_reverse")[: 1 + reverse]:
            arrays[f"weight_ih_l{number}{end}"] = zeros(12, 3)
            arrays[f"weight_hh_l{number}{end}"] = zeros(12, 3)
            arrays[f"bias_ih_l{number}{end}"] = zeros(12)
            arrays[f"bias_hh_l{number}{end}"] = zeros(12)
    return Layer("LSTM", arrays)


def keras_lstm(kind="LSTM"):
    names = ("kernel", "recurrent_kernel")
    arrays = {name: zeros(3, 12) for name in names}
    return Layer(kind, {**arrays, "bias": zeros(12)})


def named(name, layers):
    return {f"{name}{number}": layer for number, layer in enumerate(layers)}


def own(side, number):
    return Layer(f"Own{number}({side})", {"w": zeros(3, 3), "v": zeros(3, 3)})


def models(case, count):
    """The layers of both models, and a table of names."""
    numbers = range(count)
    torch = named("t", [linear() for _ in numbers])
    keras = named("k", [dense() for _ in numbers])
    match case:
        case "of one kind and size":
            pass
        case "of all sizes":
            torch = named("t", [linear(number + 1) for number in numbers])
            keras = named("k", [dense(number + 1) for number in reversed(numbers)])
        case "of two kinds":
            torch = named("t", [(linear, lstm)[n % 2]() for n in numbers])
            keras = named("k", [(dense, keras_lstm)[n % 2]() for n in numbers])
        case "in parts":
            torch = {f"part{n % 9}.{name}": torch[name] for n, name in enumerate(torch)}
            keras = {f"part{n % 9}.{name}": keras[name] for n, name in enumerate(keras)}
        case "stacks":
            torch = named("t", [lstm(2) for _ in range(count // 2)])
            keras = named("k", [keras_lstm() for _ in numbers])
        case "two directions":
            torch = named("t", [lstm(reverse=True) for _ in range(count // 2)])
            ways = ("LSTM", "LSTM(go_backwards=True)")
            keras = named("k", [keras_lstm(ways[n % 2]) for n in numbers])
        case "side by side":
            torch = named("t", [linear(6) for _ in range(count // 2)])
        case "of equal names":
            keras = named("t", keras.values())
        case "of the user's own":
            torch = named("t", [own("Module", number) for number in numbers])
            keras = named("k", [own("Layer", number) for number in numbers])
        case "one more in PyTorch":
            torch = {"more": linear(7), **torch}
        case "one more in Keras":
            keras = {"more": dense(7), **keras}
        case "in a table":
            return torch, keras, dict(zip(torch, reversed(keras), strict=True))
    return torch, keras, None


CASES = (
    "of one kind and size",
    "of all sizes",
    "of two kinds",
    "in parts",
    "stacks",
    "two directions",
    "side by side",
    "of equal names",
    "of the user's own",
    "one more in PyTorch",
    "one more in Keras",
    "in a table",
)


@pytest.mark.parametrize("case", CASES)
def test_twice_as_many_layers_take_at_most_three_times_as_long(case):
    """Medians of runs that take turns; before, it was four times and more."""
    half, whole = models(case, 400), models(case, 800)
    seconds = {"half": [], "whole": []}
    for _ in range(5):
        for name, (torch, keras, table) in (("half", half), ("whole", whole)):
            began = time.process_time()
            matched(torch, keras, table, complete=False)
            seconds[name].append(time.process_time() - began)

    assert median(seconds["whole"]) <= 3 * median(seconds["half"])


# ------------------------------------------------------------- the same, layer by layer


def first_that_fit(layer, keras, kind_of):
    """The twins of a layer by looking at all layers of Keras: slow, and plain."""
    parts, names = parts_of(layer), list(keras)
    for start, name in enumerate(names):
        if fits(layer, parts, keras[name], kind_of):
            return [name]
        twins = []
        for twin in names[start:]:
            if len(twins) < len(parts):
                if fits(layer, [parts[len(twins)]], keras[twin], kind_of):
                    twins.append(twin)
                elif not twins:
                    break
        if len(twins) == len(parts):
            return twins
    return []


def of_any_kind(rng):
    """A layer of PyTorch and what is its twin in Keras, a few of them."""
    size = int(rng.integers(1, 4))
    match rng.integers(5):
        case 0:
            return lstm(2), [keras_lstm(), keras_lstm()]
        case 1:
            return lstm(), [keras_lstm()]
        case 2:
            weight = {"weight": zeros(size, 2)}
            return Layer("Embedding", weight), [
                Layer("Embedding", {"embeddings": zeros(size, 2)})
            ]
        case 3:
            return own("Module", size), [own("Layer", size)]
    return linear(size), [dense(size)]


@pytest.mark.parametrize("seed", range(200))
def test_layers_are_matched_as_by_looking_at_all_of_them(seed):
    """Random models; some layers of Keras in another order, or missing."""
    rng = np.random.default_rng(seed)
    pairs = [of_any_kind(rng) for _ in range(int(rng.integers(2, 12)))]
    torch = named("t", [layer for layer, _ in pairs])
    twins = [twin for _, several in pairs for twin in several]
    if seed % 2:
        rng.shuffle(twins)
    keras = named("k", twins[: len(twins) - seed % 3])

    expected, free = {}, dict(keras)
    for name, layer in torch.items():
        several = first_that_fit(layer, free, kinds.names.plain)
        for twin in several:
            del free[twin]
        if several:
            expected[name] = several
    found = matched(torch, keras, complete=False)

    assert found.twins == expected
    assert list(found.alone["keras"]) == list(free)


# -------------------------------------------------------------------------- a few lines


def test_of_many_layers_those_without_a_twin_are_shown():
    torch, keras, _ = models("of all sizes", 300)
    torch["t5"] = linear(999)
    with pytest.raises(BadInput) as error:
        matched(torch, keras)
    message, *rows = str(error.value).splitlines()

    assert "t5 and k294 are of one kind, but not of the same sizes" in message
    assert [row.split() for row in rows[1:]] == [
        ["*", "t5", "Linear", "[999x3,", "999]", "*", "k294", "Dense", "[3x6,", "6]"],
        ["and", "299", "with", "a", "twin", "and", "299", "with", "a", "twin"],
    ]


def test_of_many_layers_without_a_twin_the_first_are_shown():
    torch, keras, _ = models("of one kind and size", 300)
    keras = named("k", [dense(3, 4) for _ in keras])
    with pytest.raises(BadInput) as error:
        matched(torch, keras)
    lines = str(error.value).splitlines()

    assert len(lines) == 6
    assert lines[-1].split("and ")[1].strip() == "297 more without a twin"


def test_an_order_in_doubt_names_a_few_layers():
    torch, keras, _ = models("in parts", 300)
    with pytest.raises(BadInput) as error:
        check(matched(torch, keras), Order())

    assert "and 2" in str(error.value)
    assert len(str(error.value)) < 5 * LETTERS


@pytest.mark.parametrize(
    ("count", "end"), [(3, "a, a, a"), (200, " others"), (135, " and 1 other")]
)
def test_a_row_of_names_ends_with_the_number_of_the_others(count, end):
    text = bounded(["a"] * count) if count != 135 else bounded(["a"] * 133 + ["bb"])

    assert text.endswith(end)
    assert len(text) < LETTERS + 20
