"""What a layer in a file of Keras is: from its configuration, or from its arrays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from compare.kinds import saved
from compare.kinds.layer import Layer
from compare.kinds.names import snake
from compare.twins.files import keras_config

if TYPE_CHECKING:
    import h5py

    # Data sets of a layer by the prefix of a part, such as "backward.", and by name;
    # where a file only numbers them, by number.
    Parts = Mapping[str, Mapping[str, h5py.Dataset]]

# What the names of the two parts of a separable convolution end with.
DEPTHWISE, POINTWISE = ".depthwise", ".pointwise"


def layer_of_config(config: dict[str, Any], parts: Parts) -> Layer:
    """A layer that a configuration describes."""
    kind = keras_config.kind(config)
    recurrent = recurrent_kind(parts)
    if kind == "GRU" and recurrent:  # a configuration older than `reset_after`
        kind = recurrent
    names = saved.CELL_NAMES
    if not recurrent:
        names = saved.keras_array_names(*keras_config.inside(config))
    return _named(kind, parts, names)


def layers_of_arrays(hints: Sequence[str], parts: Parts) -> list[Layer]:
    """What a layer may be that nothing describes, likelier first.

    Args:
        hints: names of the layer, which may tell its kind.
        parts: its arrays, whose axes do.
    """
    recurrent = recurrent_kind(parts)
    if recurrent:
        return [_named(recurrent, parts, saved.CELL_NAMES)]
    keys: list[str] = []
    axes: list[int] = []
    for arrays in parts.values():
        keys += arrays
        axes += [array.ndim for array in arrays.values()]
    options = {
        kind: names
        for kind, names in saved.keras_layouts(tuple(axes)).items()
        if tuple(keys) == names or keys[0].isdigit()
    }
    for hint in hints:
        hinted = {
            kind: names for kind, names in options.items() if _is_name_of(hint, kind)
        }
        options = hinted or options
    if not options:
        options = {f"layer of {len(keys)} arrays": tuple(keys)}
    return [_named(kind, parts, names) for kind, names in options.items()]


def apart(name: str, options: list[Layer]) -> Iterator[tuple[str, list[Layer]]]:
    """Yield a layer, or the two that a separable convolution is in PyTorch.

    Args:
        name: of the layer.
        options: what it may be.
    """
    (kind, arrays), *_ = ((option.kind, option.arrays) for option in options)
    kernels = list(arrays.values())
    if not (kind.startswith("SeparableConv") or _are_separable(kernels)):
        yield name, options
        return
    depthwise, pointwise, *bias = kernels
    axes = len(depthwise.shape) - 2
    held = dict(zip(("kernel", "bias"), (pointwise, *bias), strict=False))
    depthwise_layer = Layer(f"DepthwiseConv{axes}D", {"kernel": depthwise})
    yield f"{name}{DEPTHWISE}", [depthwise_layer]
    yield f"{name}{POINTWISE}", [Layer(f"Conv{axes}D", held)]


def _are_separable(arrays: Sequence[Any]) -> bool:
    """Whether arrays are a depthwise kernel, one of a window of 1, and maybe a bias."""
    axes = [len(array.shape) for array in arrays]
    if axes not in ([3, 3], [3, 3, 1], [4, 4], [4, 4, 1]):
        return False
    *_, inputs, multiplier = arrays[0].shape
    *window, read, _ = arrays[1].shape
    return set(window) == {1} and read == inputs * multiplier


def whole(name: str) -> str:
    """The name of the layer in the file that a layer of `apart` is of."""
    return name.removesuffix(DEPTHWISE).removesuffix(POINTWISE)


def _is_name_of(name: str, kind: str) -> bool:
    """Whether a name is what Keras calls a layer of a kind: dense_2 of Dense."""
    return re.fullmatch(rf"{snake(kind)}(_\d+)?", name) is not None


def _named(kind: str, parts: Parts, names: Sequence[str]) -> Layer:
    """A layer with its arrays by name, where the file only numbers them."""
    named = {}
    for prefix, arrays in parts.items():
        # Those inside attention are named with their part already.
        inside = [n.removeprefix(prefix) for n in names if n.startswith(prefix)]
        names_of_part = inside or names
        for number, (key, data) in enumerate(arrays.items()):
            if key.isdigit() and number < len(names_of_part):
                key = names_of_part[number]
            named[prefix + key] = data
    return Layer(kind, named)


def recurrent_kind(parts: Parts) -> str | None:
    """The kind of a recurrent layer with these arrays, or None."""
    kinds = {cell_kind(list(arrays.values())) for arrays in parts.values()}
    return kinds.pop() if len(kinds) == 1 else None


def cell_kind(arrays: Sequence[h5py.Dataset]) -> str | None:
    """The kind with a kernel (features, gates * units) and a recurrent one; or None."""
    if [array.ndim for array in arrays[:2]] != [2, 2]:
        return None
    kernel, recurrent_kernel, *biases = arrays
    units, width = recurrent_kernel.shape
    if kernel.shape[1] != width or not units:
        return None
    kind = saved.of_gates(width / units)
    if kind is None:
        return None
    name = kind.keras[0]
    if name == "GRU" and [bias.ndim for bias in biases] == [1]:
        return "GRU(reset_after=False)"
    return name
