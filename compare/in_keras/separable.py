"""Separable convolutions, which are two layers in PyTorch: depthwise, then pointwise.

Keras's layer is shown as two layers of Keras that hold its variables. The model itself
runs its own layer, but where it is looked into.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import keras

from compare.in_keras.internals import Call, hold_arrays

SEPARABLE = (keras.layers.SeparableConv1D, keras.layers.SeparableConv2D)
DEPTHWISE, POINTWISE = "depthwise", "pointwise"  # what the two are called

Parts = tuple["Depthwise1D | Depthwise2D", "Pointwise1D | Pointwise2D"]

# The two parts of each layer, made once: layers go by their identity.
_PARTS: WeakKeyDictionary[keras.Layer, Parts] = WeakKeyDictionary()


class _Part:
    """A part of a separable convolution.

    Attributes:
        whole: the separable convolution.
        held: its variables that are this part's, by the names of a layer of this kind.
    """

    whole: keras.Layer
    held: Mapping[str, keras.Variable]

    def hold(
        self, whole: keras.Layer, kernel: keras.Variable, bias: keras.Variable | None
    ) -> None:
        """Hold variables of a separable convolution."""
        held = {"kernel": kernel}
        if bias is not None:
            held["bias"] = bias
        # Past `Layer.__setattr__`, which would count the whole as a layer inside.
        vars(self).update(whole=whole, held=held)
        hold_arrays(self, kernel, bias)


class Depthwise1D(_Part, keras.layers.DepthwiseConv1D):
    """The first part of a `SeparableConv1D`."""


class Depthwise2D(_Part, keras.layers.DepthwiseConv2D):
    """The first part of a `SeparableConv2D`."""


class Pointwise1D(_Part, keras.layers.Conv1D):
    """The second part of a `SeparableConv1D`."""


class Pointwise2D(_Part, keras.layers.Conv2D):
    """The second part of a `SeparableConv2D`."""


def parts(layer: object) -> Parts | None:
    """The two parts of a layer; None of one that is no separable convolution.

    Args:
        layer: or anything else. Before it is built, it has no parts.
    """
    if not isinstance(layer, SEPARABLE) or not layer.built:
        return None
    if layer not in _PARTS:
        _PARTS[layer] = _new_parts(layer)
    return _PARTS[layer]


def _new_parts(layer: Any) -> Parts:
    """Make the two parts of a separable convolution."""
    depthwise_class, pointwise_class = Depthwise1D, Pointwise1D
    if isinstance(layer, keras.layers.SeparableConv2D):
        depthwise_class, pointwise_class = Depthwise2D, Pointwise2D
    shared = {"data_format": layer.data_format, "dtype": layer.dtype_policy}
    depthwise = depthwise_class(
        layer.kernel_size,
        strides=layer.strides,
        padding=layer.padding,
        depth_multiplier=layer.depth_multiplier,
        dilation_rate=layer.dilation_rate,
        use_bias=False,
        name=f"{layer.name}_{DEPTHWISE}",
        **shared,
    )
    pointwise = pointwise_class(
        layer.filters,
        1,
        use_bias=layer.use_bias,
        activation=layer.activation,
        name=f"{layer.name}_{POINTWISE}",
        **shared,
    )
    depthwise.hold(layer, layer.depthwise_kernel, None)
    pointwise.hold(layer, layer.pointwise_kernel, layer.bias)
    return depthwise, pointwise


def split(leaves: Mapping[str, keras.Layer]) -> dict[str, keras.Layer]:
    """Layers by name, with two in the place of each separable convolution."""
    by_name = {}
    for name, leaf in leaves.items():
        of_leaf = parts(leaf)
        if of_leaf is None:
            by_name[name] = leaf
        else:
            by_name[f"{name}.{DEPTHWISE}"], by_name[f"{name}.{POINTWISE}"] = of_leaf
    return by_name


def whole(layer: keras.Layer) -> keras.Layer:
    """The layer that a part is of; another layer itself."""
    return layer.whole if isinstance(layer, _Part) else layer


def held(layer: object) -> dict[str, keras.Variable] | None:
    """The variables of a part by name; None of another layer."""
    return dict(layer.held) if isinstance(layer, _Part) else None


def recorded(layer: keras.Layer) -> keras.Layer | None:
    """The layer that returns what a layer makes; None of one that does not return it.

    A separable convolution returns what its second part makes.
    """
    if isinstance(layer, Depthwise1D | Depthwise2D):
        return None
    return whole(layer)


def in_parts(
    layers: Iterable[keras.Layer],
) -> list[tuple[keras.Layer, Callable[[Call], Call]]]:
    """For `calls_replaced`: separable convolutions that run their two parts.

    Args:
        layers: of a model, parts among them.
    """
    wholes = {id(whole(layer)): whole(layer) for layer in layers}
    replacements: list[tuple[keras.Layer, Callable[[Call], Call]]] = []
    for layer in wholes.values():
        of_layer = parts(layer)
        if of_layer is not None:
            replacements.append((layer, _running(of_layer)))
    return replacements


def _running(of_layer: Parts) -> Callable[[Call], Call]:
    """What runs both parts in the place of the `call` of the whole."""
    depthwise, pointwise = of_layer

    def replace(call: Call) -> Call:
        def run(inputs: Any) -> Any:
            return pointwise.call(depthwise.call(inputs))

        return run

    return replace
