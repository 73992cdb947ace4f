"""What holds for every kind of layer; a kind joins by its line in KINDS.

Layers are built from the kinds' own examples, in float64, with weights in which every
number differs.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from compare.judging.result import SIDES
from compare.kinds import BY_NAME, KINDS, WITH_ARRAYS, rows
from compare.kinds.kind import Kind
from compare.kinds.option import REQUIRED, Option

LIMIT = 1e-12


def examples(kinds: Sequence[Kind], with_keras: bool = True) -> list:
    """The examples of kinds as parameters of a test."""
    return [
        pytest.param(kind, example, id=f"{kind.name} {example.name}".strip())
        for kind in kinds
        for example in kind.examples
        if example.keras or not with_keras
    ]


def options() -> list:
    """The options of all kinds as parameters of a test."""
    return [
        pytest.param(kind, option, id=f"{kind.name} {option.name}")
        for kind in KINDS
        for option in kind.options
    ]


def assert_equal(first: np.ndarray, second: np.ndarray) -> None:
    assert first.dtype == second.dtype == np.float64
    assert first.shape == second.shape
    assert np.abs(first).max() > 0.1
    assert np.abs(first - second).max() < LIMIT


# ------------------------------------------------------------------------------- names


def test_every_name_is_that_of_one_kind():
    in_torch = [name for kind in KINDS for name in kind.torch]
    in_keras = [name for kind in KINDS for name in kind.keras]

    assert len(set(in_torch)) == len(in_torch)
    assert len(set(in_keras)) == len(in_keras)
    assert all(kind.name == kind.torch[0] for kind in KINDS)


@pytest.mark.parametrize("kind", WITH_ARRAYS, ids=lambda kind: kind.name)
def test_a_subclass_counts_as_the_layer_that_it_is_made_of(kind_layers, kind):
    twins = kind_layers.Twins(kind, kind.examples[0], own=True)

    assert twins.layers("torch")["part"].kind in kind.torch
    assert twins.layers("keras")["part"].kind in kind.keras


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_classes_of_a_name_are_there(torch, keras, kind):
    for name in kind.torch:
        assert hasattr(torch.nn, name.split("(")[0])
    for name in kind.keras:
        own = name == "ProjectedLSTM"  # the suite's own cell
        is_new = name.startswith(("Adaptive", "Reversible"))  # not in Keras 3.7
        assert own or is_new or hasattr(keras.layers, name.split("(")[0])


# ------------------------------------------------------------------------------ arrays


@pytest.fixture(scope="module")
def twins_of(kind_layers):
    """Twins of an example, built once."""

    @cache
    def built(kind_name, number):
        kind = BY_NAME[kind_name]
        return kind_layers.Twins(kind, kind.examples[number])

    def drawn(kind, example):
        twins = built(kind.name, kind.examples.index(example))
        twins.draw()
        return twins

    return drawn


@pytest.mark.parametrize(("kind", "example"), examples(WITH_ARRAYS))
def test_layers_are_called_as_their_kind_says(twins_of, kind, example):
    twins = twins_of(kind, example)

    assert twins.layers("torch")["part"].kind in kind.torch
    assert twins.layers("keras")["part"].kind in kind.keras


@pytest.mark.parametrize(("kind", "example"), examples(WITH_ARRAYS))
def test_layers_compute_the_same_after_a_transfer(twins_of, kind, example):
    """Both frameworks and NumPy agree; the source is as it was, the target is not."""
    twins = twins_of(kind, example)
    before = twins.outputs()
    for direction, source, target in (("to_keras", 0, 1), ("to_torch", 1, 0)):
        twins.draw()
        twins.carry(direction)
        after = twins.outputs()

        assert_equal(*after)
        assert_equal(after[0], twins.reference())
        assert np.array_equal(before[source], after[source])
        assert not np.allclose(before[target], after[target])


@pytest.mark.parametrize(("kind", "example"), examples(WITH_ARRAYS))
def test_weights_of_keras_come_back_bit_for_bit(twins_of, kind, example):
    twins = twins_of(kind, example)
    before = twins.layers("keras")["part"].arrays
    in_torch = twins.carry("to_torch")
    back = twins.carry("to_keras")

    assert back.keys() == before.keys()
    assert all(np.array_equal(back[name], array) for name, array in before.items())
    again = twins.carry("to_torch")
    assert all(np.array_equal(again[name], array) for name, array in in_torch.items())


@pytest.mark.parametrize(("kind", "example"), examples(WITH_ARRAYS))
def test_weights_of_pytorch_come_back_bit_for_bit(twins_of, kind, example):
    """Of two biases their sum comes back in the first, and zeros in the second."""
    twins = twins_of(kind, example)
    before, twin = (twins.layers(side)["part"] for side in SIDES)
    twins.carry("to_keras")
    after = twins.carry("to_torch")

    assert after.keys() == before.arrays.keys()
    summed = set()
    for row in rows((before.kind, twin.kind), before.arrays, twin.arrays):
        if row.added and set(row.torch) <= after.keys():
            first, second = row.torch
            total = before.arrays[first] + before.arrays[second]
            assert np.array_equal(after[first], total)
            assert not after[second].any()
            summed |= set(row.torch)
    for name in after.keys() - summed:
        assert np.array_equal(after[name], before.arrays[name])


# ----------------------------------------------------------------------------- compute


def without_arrays() -> list[Kind]:
    return [kind for kind in KINDS if kind.rows is None]


@pytest.mark.parametrize(("kind", "example"), examples(without_arrays()))
def test_layers_without_weights_compute_the_same(twins_of, kind, example):
    """Both frameworks and NumPy agree."""
    twins = twins_of(kind, example)
    by_torch, by_keras = twins.outputs()

    assert_equal(by_torch, by_keras)
    assert_equal(by_torch, twins.reference())


@pytest.mark.parametrize(
    ("kind", "example"),
    [p for p in examples(KINDS, with_keras=False) if not p.values[1].keras],
)
def test_layers_that_pytorch_alone_has_compute_what_the_kind_says(
    kind_layers, kind, example
):
    layer = kind_layers.in_pytorch(example)
    arrays = {name: array.numpy() for name, array in layer.state_dict().items()}

    assert_equal(
        kind_layers.torch_output(kind, example, layer),
        kind_layers.reference_output(kind, example, arrays, layer),
    )


# ----------------------------------------------------------------------------- options


def attribute(option: Option, side: str) -> str:
    return option.torch if side == "torch" else option.keras


def default(option: Option, side: str) -> Any:
    return option.torch_default if side == "torch" else option.keras_default


def sides_of(option: Option) -> Iterator[tuple[str, Any]]:
    """The sides that can be given the option, with another value than the default."""
    for side, sample in zip(SIDES, option.sample, strict=True):
        if attribute(option, side):
            yield side, sample


@pytest.fixture(scope="session")
def classes(torch, keras):
    """Where a framework has its layers, by side."""
    return {"torch": torch.nn, "keras": keras.layers}


def built(classes: dict, kind: Kind, option: Option, side: str, *value: Any) -> Any:
    """The layer of a kind's plain example, with a value of an option, or none.

    Where the plain example does not go with the value, the first that does.
    """
    in_torch, name = side == "torch", attribute(option, side)
    for example in kind.examples:
        arguments = example.torch_settings if in_torch else example.keras_settings
        arguments = dict(arguments)
        if default(option, side) != REQUIRED:
            arguments.pop(name, None)
        if value:
            arguments[name] = value[0]
        cls = getattr(classes[side], example.torch if in_torch else example.keras)
        try:
            return cls(**arguments)
        except ValueError:
            if example is kind.examples[-1]:
                raise
    raise AssertionError(f"{kind.name} has no example")


# A dropout between layers is of no use in a layer that is alone, which PyTorch says.
@pytest.mark.filterwarnings("ignore:dropout option adds dropout")
@pytest.mark.parametrize(("kind", "option"), options())
def test_an_option_is_read_from_a_layer(classes, kind, option):
    """Where both sides have it, alike values read alike, and unlike ones do not."""
    plain, other = {}, {}
    for side, sample in sides_of(option):
        assert sample is not None
        plain[side] = option.of_layer(side, built(classes, kind, option, side))
        other[side] = option.of_layer(side, built(classes, kind, option, side, sample))
        assert plain[side] != other[side]

    assert plain
    if len(plain) == 2:
        alike = not option.in_pytorch or other["keras"] in option.in_pytorch
        assert (other["torch"] == other["keras"]) == alike
        assert other["torch"] != plain["keras"]
        assert plain["torch"] != other["keras"]


@pytest.mark.parametrize(("kind", "option"), options())
def test_defaults_are_those_of_the_frameworks(classes, kind, option):
    for side, _ in sides_of(option):
        name, declared = attribute(option, side), default(option, side)
        held_by = getattr(option, f"{side}_attribute") or name
        layer = built(classes, kind, option, side)
        signed = default_of(type(layer), name)
        if declared == REQUIRED:
            assert signed is inspect.Parameter.empty
        elif signed == "unknown":
            assert option.read(getattr(layer, name)) == option.read(declared)
        elif signed is None:  # what is taken then, the layer says
            assert declared in (None, option.read(getattr(layer, held_by)))
        else:
            assert signed == declared


def default_of(cls: type, name: str) -> Any:
    """What a class takes for an argument by itself; "unknown" if it does not say."""
    for parent in cls.__mro__:
        parameters = inspect.signature(parent.__init__).parameters
        if name in parameters:
            return parameters[name].default
    return "unknown"


@pytest.mark.parametrize(("kind", "option"), options())
def test_what_one_side_cannot_be_given_has_another_way(kind, option):
    if kind.keras and not (option.torch and option.keras):
        assert len(option.instead) > 5
    if option.refused:
        assert option.in_pytorch
        assert option.instead
