"""The same numbers in another arrangement: a reshape in the place of a transpose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from compare.diagnosing.between.operation import Function, Operation, composed
from compare.diagnosing.between.scales import scaled
from compare.judging.distances import near

TRANSPOSED = "x.transpose(1, 2)"


def _as_features_first(x: np.ndarray) -> np.ndarray:
    """Read (batch, time, features) as (batch, features, time), without transposing."""
    batch, time, features = x.shape
    return x.reshape(batch, features, time).swapaxes(1, 2)


def _from_features_first(x: np.ndarray) -> np.ndarray:
    """Read (batch, features, time) as (batch, time, features), without transposing."""
    batch, time, features = x.shape
    return x.swapaxes(1, 2).reshape(batch, time, features)


def _transposed(x: np.ndarray) -> np.ndarray:
    """Exchange the two axes after that of the batch."""
    return x.swapaxes(1, 2)


def _as_time_first(x: np.ndarray) -> np.ndarray:
    """Read (batch, time, features) as (time, batch, features) without transposing."""
    batch, time, features = x.shape
    return x.reshape(time, batch, features).swapaxes(0, 1)


def _from_time_first(x: np.ndarray) -> np.ndarray:
    """Read (time, batch, features) as (batch, time, features) without transposing."""
    return x.swapaxes(0, 1).reshape(x.shape)


def _image_as_channels_first(x: np.ndarray) -> np.ndarray:
    """Read (batch, height, width, channels) as channels first, without transposing."""
    batch, height, width, channels = x.shape
    return np.moveaxis(x.reshape(batch, channels, height, width), 1, -1)


def _image_from_channels_first(x: np.ndarray) -> np.ndarray:
    """Read (batch, channels, height, width) as channels last, without transposing."""
    return np.moveaxis(x, -1, 1).reshape(x.shape)


# Of as many features as steps a reshape changes nothing: a transpose comes first.
OF_SEQUENCES: Mapping[Operation, Function] = {
    Operation(
        "takes time and features for each other", "x.transpose(1, 2)"
    ): _transposed,
    Operation(
        "reads (batch, time, features) as (batch, features, time) without transposing",
        "x.reshape(batch, features, time)",
        plain=TRANSPOSED,
    ): _as_features_first,
    Operation(
        "reads (batch, features, time) as (batch, time, features) without transposing",
        "x.reshape(batch, time, features)",
        plain=TRANSPOSED,
    ): _from_features_first,
    Operation(
        "reads (batch, time, features) as (time, batch, features) without transposing",
        "x.reshape(time, batch, features)",
        plain="x.transpose(0, 1)",
    ): _as_time_first,
    Operation(
        "reads (time, batch, features) as (batch, time, features) without transposing",
        "x.reshape(batch, time, features)",
        plain="x.transpose(0, 1)",
    ): _from_time_first,
}

OF_IMAGES: Mapping[Operation, Function] = {
    Operation(
        "takes height and width for each other", "x.transpose(2, 3)"
    ): _transposed,
    Operation(
        "reads (batch, height, width, channels) as (batch, channels, height, width) "
        "without transposing",
        "x.reshape(batch, channels, height, width)",
        plain="x.permute(0, 3, 1, 2)",
    ): _image_as_channels_first,
    Operation(
        "reads (batch, channels, height, width) as (batch, height, width, channels) "
        "without transposing",
        "x.reshape(batch, height, width, channels)",
        plain="x.permute(0, 2, 3, 1)",
    ): _image_from_channels_first,
}
ARRANGEMENTS = {3: OF_SEQUENCES, 4: OF_IMAGES}  # by the number of axes


def rearranged(
    x: np.ndarray, y: np.ndarray, functions: Mapping[str, Function]
) -> Iterator[tuple[Operation, Function]]:
    """What takes x to y by another arrangement of its numbers, and a function.

    The numbers may be scaled after that, as where an image is divided by 255.

    Args:
        x: what a layer hands on, (batch, time, features) or (batch, height, width,
            channels).
        y: what comes next, (batch, ..., features).
        functions: by name; first the one that leaves an array as it is.
    """
    if x.ndim not in ARRANGEMENTS or x.shape[0] != y.shape[0] or x.size != y.size:
        return
    for operation, arrange in ARRANGEMENTS[x.ndim].items():
        arranged = arrange(x)
        if arranged.shape != y.shape:
            continue
        names = [name for name in functions if near(functions[name](arranged), y)]
        for name in names:
            yield operation.before(name), composed(arrange, functions[name])
        if not names:
            for scaling, change in scaled(arranged, y, functions):
                yield _then(operation, scaling), composed(arrange, change)


def _then(arrangement: Operation, scaling: Operation) -> Operation:
    """An arrangement, and what is done with its numbers."""
    does = f"{arrangement.does} and {scaling.does} after that"
    code = scaling.code.replace("x", f"({arrangement.code})", 1)
    return Operation(does, code, "", scaling.numbers)
