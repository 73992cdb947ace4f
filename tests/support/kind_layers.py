"""Layers built from the examples of kinds, in float64, with weights that all differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import by_hand_layers
import keras
import numpy as np
import torch
from attention_calls import in_keras as keras_attention
from attention_calls import in_torch, options_of
from grid import Unsayable, Use

from compare.api import transfer
from compare.in_keras.arrays import features_last, has_channels_first, in_one_axis
from compare.in_keras.precision import settled
from compare.in_pytorch import attention
from compare.kinds import is_recurrent
from compare.kinds.kind import Example, Kind
from compare.kinds.layer import Layer
from compare.kinds.option import Option
from compare.matching.rewriting import rewrite
from compare.twins.frameworks import LAYERS

SIDES = ("torch", "keras")
ATTENTION = ("MultiHeadAttention", "GroupQueryAttention")


def in_pytorch(example: Example, subclass: bool = False) -> Any:
    """The example's layer of PyTorch, in float64 and evaluating."""
    by_hand = by_hand_layers.LAYERS.get(example.torch)
    cls = by_hand or getattr(torch.nn, example.torch)
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


def in_keras(example: Example, subclass: bool = False) -> Any:
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


def torch_output(
    kind: Kind, example: Example, layer: Any, use: Use | None = None
) -> np.ndarray:
    """What the layer of PyTorch returns, used as a model does, features last."""
    x, *states = map(torch.from_numpy, inputs(example))
    first = x.ndim > 2 and (kind.features_first or example.features_first)
    with torch.no_grad():
        if attention.is_attention(layer):
            return in_torch(layer, x, options_of(example)).numpy()
        if example.torch in by_hand_layers.LAYERS and use is None:
            return by_hand_layers.in_torch(layer, x, options_of(example)).numpy()
        if states:
            result = layer(x, tuple(states) if len(states) > 1 else states[0])
        else:
            x = x.movedim(-1, 1) if first else x
            result = layer(x) if use is None else use(layer, x)
    result = result[0] if isinstance(result, tuple) else result
    return (result.movedim(1, -1) if first and result.ndim > 2 else result).numpy()


def keras_output(example: Example, layer: Any, use: Use | None = None) -> np.ndarray:
    """What the layer of Keras returns, or a list of layers one after another.

    Used as a model does, features last.
    """
    x, *states = map(keras.ops.convert_to_tensor, inputs(example))
    if states:
        return layer(x, states)[0].numpy()
    if use is not None:
        return use(layer, x).numpy()
    if example.keras in ATTENTION:
        return keras_attention(layer, x, options_of(example)).numpy()
    if example.keras in by_hand_layers.SCORED:
        options = options_of(example)
        return by_hand_layers.in_keras(layer, x, options, example).numpy()
    parts = layer if isinstance(layer, list) else [layer]
    if isinstance(layer, keras.layers.EinsumDense) and layer.equation[:4] == "btnh":
        x = keras.ops.reshape(x, (*x.shape[:-1], 2, -1))
    if has_channels_first(parts[0], x):
        x = keras.ops.moveaxis(x, -1, 1)
    for part in parts:
        x = part(x)
    if isinstance(parts[-1], keras.layers.EinsumDense):
        _, x = in_one_axis(parts[-1], x, x)
    return features_last(parts[-1], x).numpy()


def reference_output(
    kind: Kind, example: Example, arrays: dict, layer: Any, side: str = "torch"
) -> Any:
    """What the kind computes with the settings of a side's layer."""
    x, *states = inputs(example)
    settings = {**kind.options_of(side, layer), **options_of(example)}
    if is_recurrent(kind.name):
        if states:  # of a cell, whose arrays do not say which layer they are of
            arrays = {f"{name}_l0": array for name, array in arrays.items()}
            settings["states"] = [state[None] for state in states]
            x = x[:, None]
        output = kind.compute(arrays, x, settings)["output"]
        return output[:, 0] if states else output
    return kind.compute(arrays, x, settings)


class Twins:
    """An example's layer in both frameworks, with random weights of its own on each.

    Args:
        kind: of the layer.
        example: what is built.
        own: whether the classes are subclasses of the user's own.

    Attributes:
        used: how the models of PyTorch and of Keras use the layer; None where they
            only call it.
    """

    used: tuple[Use | None, Use | None] = (None, None)

    def __init__(self, kind: Kind, example: Example, own: bool = False):
        self.kind, self.example = kind, example
        self.torch = torch.nn.Module()
        self.torch.part = in_pytorch(example, own)
        with settled("float64"):
            self.keras = keras.Model()
            self.keras.part = in_keras(example, own)
            keras_output(example, self.keras.part)  # builds it
        self.keras.built = True
        self.draw()

    def draw(self) -> None:
        """Draw the weights of both sides, the same each time."""
        for seed, side in enumerate(SIDES):
            rng = np.random.default_rng(seed)
            drawn = {}
            for name, layer in self.layers(side).items():
                drawn[name] = {
                    key: rng.uniform(0.5 if "var" in key else -1, 1, array.shape)
                    for key, array in layer.arrays.items()
                }
            LAYERS[side].load(getattr(self, side), drawn)

    def layers(self, side: str) -> dict[str, Layer]:
        """The layers of one side with copies of their arrays."""
        layers = LAYERS[side].layers(getattr(self, side))
        return {
            name: Layer(x.kind, {key: a.copy() for key, a in x.arrays.items()})
            for name, x in layers.items()
        }

    def carry(self, direction: str) -> dict[str, np.ndarray]:
        """Transfer the weights; return those that were written."""
        source, target = SIDES if direction == "to_keras" else SIDES[::-1]
        if self.example.torch == "GroupQueryAttention":  # four layers of PyTorch
            transfer(getattr(self, source), getattr(self, target))
            return {}
        written, _ = rewrite(self.layers(source), self.layers(target), direction)
        LAYERS[target].load(getattr(self, target), written)
        return written.get("part", {})  # a norm without scale and offset has none

    def outputs(self) -> tuple[np.ndarray, np.ndarray]:
        """What both sides return."""
        in_torch, in_keras = self.used
        with settled("float64"):
            by_keras = keras_output(self.example, self.keras.part, in_keras)
        by_torch = torch_output(self.kind, self.example, self.torch.part, in_torch)
        return by_torch, by_keras

    def reference(self, side: str = "torch") -> np.ndarray:
        """What NumPy makes of PyTorch's arrays, with the settings of a side's layer."""
        layers, layer = self.layers("torch"), self.torch.part
        if isinstance(layer, by_hand_layers.GroupQueryAttention):
            arrays = by_hand_layers.arrays_of(layer)
            side = "keras"  # the heads stand nowhere else
        else:
            arrays = dict(layers["part"].arrays) if layers else {}
        if side == "keras":
            layer = self.inner_keras()
        return reference_output(self.kind, self.example, arrays, layer, side)

    def inner_keras(self) -> Any:
        """The layer of Keras without a wrapper, the first of several."""
        layer = self.keras.part
        layer = layer[0] if isinstance(layer, list) else layer
        if isinstance(layer, keras.layers.Bidirectional):
            return layer.forward_layer
        if self.example.as_cells:
            return layer.cell.cells[0]
        return getattr(layer, "layer", layer)

    def unlike_options(self) -> dict[str, tuple[Any, Any]]:
        """The settings that matter for results and are not alike on both sides."""
        torch_options = self.kind.options_of("torch", self.torch.part)
        keras_options = self.kind.options_of("keras", self.inner_keras())
        if self.kind.same_in_words is not None:
            x = inputs(self.example)[0]
            torch_options = self.kind.same_in_words(torch_options, keras_options, x)
        return {
            option.name: (torch_options[option.name], keras_options[option.name])
            for option in self.kind.options
            if option.matters == "results"
            and option.torch
            and option.keras
            and torch_options[option.name] != keras_options[option.name]
        }


def run_alone(
    side: str, layer: str, settings: Mapping[str, Any], shape: tuple[int, ...]
) -> None:
    """Make a layer of a framework, and call it on zeros."""
    if side == "torch":
        getattr(torch.nn, layer)(**settings)(torch.zeros(shape))
    else:
        x = np.zeros(shape, settings.get("dtype", "float32"))
        getattr(keras.layers, layer)(**settings)(x)


def option_of(kind: Kind, option: Option, entry: Unsayable) -> Any:
    """How a setting is read from a layer that has it."""
    name = entry.layer
    if not name:
        plain = kind.examples[0]
        name = plain.torch if entry.side == "torch" else plain.keras
    package = torch.nn if entry.side == "torch" else keras.layers
    return option.of_layer(entry.side, getattr(package, name)(**entry.settings))
