"""What holds for every kind of layer; a kind joins by its line in KINDS.

Layers are built from the kinds' own examples, in float64, with weights in which every
number differs.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from compare.kinds import KINDS, WITH_ARRAYS, is_recurrent, rows
from compare.kinds.kind import Example, Kind
from compare.kinds.layer import Layer
from compare.kinds.option import REQUIRED, Option
from compare.matching.rewriting import rewrite

LIMIT = 1e-12
SIDES = ("torch", "keras")


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


# ---------------------------------------------------------------- layers of an example


def in_pytorch(torch: Any, example: Example, subclass: bool = False) -> Any:
    """The example's layer of PyTorch, in float64 and evaluating."""
    cls = getattr(torch.nn, example.torch)
    if subclass:
        cls = type("Own", (cls,), {})
    layer = cls(**example.torch_settings).double().eval()
    rng = np.random.default_rng(2)
    for name, tensor in layer.state_dict().items():
        if tensor.is_floating_point():
            low = 0.5 if "var" in name else -1
            drawn = rng.uniform(low, 1, tuple(tensor.shape))
            tensor.copy_(torch.from_numpy(drawn))
    return layer


def in_keras(keras: Any, example: Example, subclass: bool = False) -> Any:
    """The example's layer of Keras, or a list of them, without weights."""
    cls = getattr(keras.layers, example.keras)
    if subclass:
        cls = type("Own", (cls,), {})
    layers = [cls(**example.keras_settings) for _ in range(example.stack)]
    if example.wrapper:
        wrapper = getattr(keras.layers, example.wrapper)
        layers = [wrapper(layer) for layer in layers]
    if example.as_cells:
        return keras.layers.RNN(layers, return_sequences=True)
    return layers[0] if example.stack == 1 else layers


def inputs(example: Example) -> list[np.ndarray]:
    """An input of the example; of a cell the states that it begins with as well."""
    rng = np.random.default_rng(0)
    if example.torch == "Embedding":
        words = example.torch_settings["num_embeddings"]
        return [rng.integers(0, words, example.shape)]
    drawn = [rng.uniform(-2, 2, example.shape)]
    if example.torch.endswith("Cell"):
        size = example.torch_settings["hidden_size"]
        states = 2 if example.torch == "LSTMCell" else 1
        drawn += list(rng.uniform(-1, 1, (states, example.shape[0], size)))
    return drawn


def torch_output(torch: Any, kind: Kind, example: Example, layer: Any) -> np.ndarray:
    """What the layer of PyTorch returns, features last."""
    x, *states = map(torch.from_numpy, inputs(example))
    first = x.ndim == 3 and (kind.features_first or example.features_first)
    with torch.no_grad():
        if states:
            result = layer(x, tuple(states) if len(states) > 1 else states[0])
        else:
            result = layer(x.transpose(1, 2) if first else x)
    result = result[0] if isinstance(result, tuple) else result
    return (result.transpose(1, 2) if first and result.ndim == 3 else result).numpy()


def keras_output(keras: Any, example: Example, layer: Any) -> np.ndarray:
    """What the layer of Keras returns, or a list of layers one after another."""
    x, *states = map(keras.ops.convert_to_tensor, inputs(example))
    if states:
        return layer(x, states)[0].numpy()
    for part in layer if isinstance(layer, list) else [layer]:
        x = part(x)
    return x.numpy()


def reference_output(kind: Kind, example: Example, arrays: dict, layer: Any) -> Any:
    """What the kind computes with the settings of PyTorch's layer."""
    x, *states = inputs(example)
    settings = dict(kind.options_of("torch", layer))
    if is_recurrent(kind.name):
        if states:  # of a cell, whose arrays do not say which layer they are of
            arrays = {f"{name}_l0": array for name, array in arrays.items()}
            settings["states"] = [state[None] for state in states]
            x = x[:, None]
        output = kind.compute(arrays, x, settings)["output"]
        return output[:, 0] if states else output
    return kind.compute(arrays, x, settings)


class Twins:
    """An example's layer in both frameworks, with random weights of its own on each."""

    def __init__(self, harness: Any, kind: Kind, example: Example, own: bool = False):
        self.harness, self.kind, self.example = harness, kind, example
        self._torch, self._keras = harness.in_pytorch.torch, harness.in_keras.keras
        self.torch = self._torch.nn.Module()
        self.torch.part = in_pytorch(self._torch, example, own)
        with harness.in_keras.settled("float64"):
            self.keras = self._keras.Model()
            self.keras.part = in_keras(self._keras, example, own)
            keras_output(self._keras, example, self.keras.part)  # builds it
        rng = np.random.default_rng(3)
        for variable in self.keras.weights:
            low = 0.5 if "variance" in variable.name else -1
            if "seed" not in variable.name:
                variable.assign(rng.uniform(low, 1, tuple(variable.shape)))
        self.keras.built = True

    def layers(self, side: str) -> dict[str, Layer]:
        """The layers of one side with copies of their arrays."""
        layers = self.harness.LAYERS[side].layers(getattr(self, side))
        return {
            name: Layer(x.kind, {key: a.copy() for key, a in x.arrays.items()})
            for name, x in layers.items()
        }

    def carry(self, direction: str) -> dict[str, dict[str, np.ndarray]]:
        """Transfer the weights; return those that were written."""
        source, target = SIDES if direction == "to_keras" else SIDES[::-1]
        written, _ = rewrite(self.layers(source), self.layers(target), direction)
        self.harness.LAYERS[target].load(getattr(self, target), written)
        return written

    def outputs(self) -> tuple[np.ndarray, np.ndarray]:
        """What both sides return."""
        with self.harness.in_keras.settled("float64"):
            by_keras = keras_output(self._keras, self.example, self.keras.part)
        by_torch = torch_output(self._torch, self.kind, self.example, self.torch.part)
        return by_torch, by_keras

    def reference(self) -> np.ndarray:
        """What NumPy makes of PyTorch's arrays."""
        layers = self.layers("torch")
        arrays = dict(layers["part"].arrays) if layers else {}
        return reference_output(self.kind, self.example, arrays, self.torch.part)


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


@pytest.mark.parametrize(("kind", "example"), examples(WITH_ARRAYS))
def test_layers_are_called_as_their_kind_says(harness, kind, example):
    """A subclass of the user's own counts as the layer that it is made of."""
    for own in (False, True):
        twins = Twins(harness, kind, example, own)

        assert twins.layers("torch")["part"].kind in kind.torch
        assert twins.layers("keras")["part"].kind in kind.keras


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_classes_of_a_name_are_there(torch, keras, kind):
    for name in kind.torch:
        assert hasattr(torch.nn, name.split("(")[0])
    for name in kind.keras:
        own = name == "ProjectedLSTM"  # the suite's own cell
        assert own or hasattr(keras.layers, name.split("(")[0])


# ------------------------------------------------------------------------------ arrays


@pytest.mark.parametrize("direction", ["to_keras", "to_torch"])
@pytest.mark.parametrize(("kind", "example"), examples(WITH_ARRAYS))
def test_layers_compute_the_same_after_a_transfer(harness, kind, example, direction):
    """Both frameworks and NumPy agree; the source is as it was, the target is not."""
    twins = Twins(harness, kind, example)
    before = twins.outputs()
    twins.carry(direction)
    after = twins.outputs()

    assert_equal(*after)
    assert_equal(after[0], twins.reference())
    source, target = (0, 1) if direction == "to_keras" else (1, 0)
    assert np.array_equal(before[source], after[source])
    assert not np.allclose(before[target], after[target])


@pytest.mark.parametrize(("kind", "example"), examples(WITH_ARRAYS))
def test_weights_come_back_bit_for_bit(harness, kind, example):
    """From Keras and back; from PyTorch all but two biases, whose sum is kept."""
    twins = Twins(harness, kind, example)
    in_keras = twins.layers("keras")["part"].arrays
    twins.carry("to_torch")
    in_torch = twins.layers("torch")["part"].arrays
    back = twins.carry("to_keras")["part"]
    assert back.keys() == in_keras.keys()
    assert all(np.array_equal(back[name], a) for name, a in in_keras.items())

    again = twins.carry("to_torch")["part"]
    assert again.keys() == in_torch.keys()
    assert all(np.array_equal(again[name], a) for name, a in in_torch.items())


@pytest.mark.parametrize(("kind", "example"), examples(WITH_ARRAYS))
def test_matrices_of_pytorch_come_back_bit_for_bit(harness, kind, example):
    twins = Twins(harness, kind, example)
    before = twins.layers("torch")["part"]
    twin = twins.layers("keras")["part"]
    summed = {
        name
        for row in rows((before.kind, twin.kind), before.arrays, twin.arrays)
        if row.gradients is not None
        for name in row.torch
    }
    twins.carry("to_keras")
    after = twins.carry("to_torch")["part"]

    assert summed < before.arrays.keys()
    for name, array in before.arrays.items():
        assert name in summed or np.array_equal(after[name], array)


# ----------------------------------------------------------------------------- compute


def without_arrays() -> list[Kind]:
    return [kind for kind in KINDS if kind.rows is None]


@pytest.mark.parametrize(("kind", "example"), examples(without_arrays()))
def test_layers_without_weights_compute_the_same(harness, kind, example):
    """Both frameworks and NumPy agree."""
    twins = Twins(harness, kind, example)
    by_torch, by_keras = twins.outputs()

    assert_equal(by_torch, by_keras)
    assert_equal(by_torch, twins.reference())


@pytest.mark.parametrize(
    ("kind", "example"),
    [p for p in examples(KINDS, with_keras=False) if not p.values[1].keras],
)
def test_layers_that_pytorch_alone_has_compute_what_the_kind_says(torch, kind, example):
    layer = in_pytorch(torch, example)
    arrays = {name: array.numpy() for name, array in layer.state_dict().items()}

    assert_equal(
        torch_output(torch, kind, example, layer),
        reference_output(kind, example, arrays, layer),
    )


# ----------------------------------------------------------------------------- options


def settings(example: Example, side: str) -> dict[str, Any]:
    return dict(example.torch_settings if side == "torch" else example.keras_settings)


def made(harness: Any, example: Example, side: str, **changed: Any) -> Any:
    """The example's layer of a side, not built, with other settings."""
    arguments = settings(example, side) | changed
    if side == "torch":
        return getattr(harness.in_pytorch.torch.nn, example.torch)(**arguments)
    return getattr(harness.in_keras.keras.layers, example.keras)(**arguments)


def attribute(option: Option, side: str) -> str:
    return option.torch if side == "torch" else option.keras


def sides_of(kind: Kind, option: Option) -> Iterator[tuple[str, Any]]:
    """The sides that can be given the option, with another value than the default."""
    for side, sample in zip(SIDES, option.sample, strict=True):
        if attribute(option, side):
            yield side, sample


@pytest.mark.parametrize(("kind", "option"), options())
def test_an_option_is_read_from_a_layer(harness, kind, option):
    """With another value than the default it reads as another."""
    example = kind.examples[0]
    sides = list(sides_of(kind, option))
    assert sides
    for side, sample in sides:
        other = {attribute(option, side): sample}
        plain = settings(example, side).pop(attribute(option, side), None)
        before = option.of_layer(side, made(harness, example, side))
        after = option.of_layer(side, made(harness, example, side, **other))

        assert sample is not None
        assert sample != plain
        assert after != before


@pytest.mark.parametrize(("kind", "option"), options())
def test_options_that_are_alike_read_alike(harness, kind, option):
    """And unlike where one side is changed alone."""
    sides = list(sides_of(kind, option))
    if len(sides) < 2:
        pytest.skip("one side has no choice")
    example = kind.examples[0]
    other, plain = [], []
    for side, sample in sides:
        layer = made(harness, example, side, **{attribute(option, side): sample})
        other.append(option.of_layer(side, layer))
        plain.append(option.of_layer(side, made(harness, example, side)))

    assert other[0] == other[1]
    assert other[0] != plain[1]
    assert plain[0] != other[1]


@pytest.mark.parametrize(("kind", "option"), options())
def test_defaults_are_those_of_the_frameworks(harness, kind, option):
    example = kind.examples[0]
    for side, _ in sides_of(kind, option):
        declared = option.torch_default if side == "torch" else option.keras_default
        name = attribute(option, side)
        layer = made(harness, example, side)
        found = default_of(type(layer), name)
        if found is inspect.Parameter.empty:
            found = REQUIRED
        if found is None and name not in settings(example, side):
            assert declared in (None, getattr(layer, name))
        elif found != "unknown":
            assert found == declared
        else:
            assert option.read(getattr(layer, name)) == option.read(declared)


def default_of(cls: type, name: str) -> Any:
    """What a class takes for an argument by itself; "unknown" if it does not say."""
    for parent in cls.__mro__:
        parameters = inspect.signature(parent.__init__).parameters
        if name in parameters:
            return parameters[name].default
    return "unknown"


@pytest.mark.parametrize(("kind", "option"), options())
def test_what_a_side_cannot_be_given_has_another_way(kind, option):
    if not (option.torch and option.keras) and kind.keras:
        assert len(option.instead) > 5
    if option.refused:
        assert option.in_pytorch
