"""Pooling of each whole axis to one step, or to as many steps as are asked for."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from compare.kinds import pooling_source
from compare.kinds.computing import Compute
from compare.kinds.kind import Example, Kind
from compare.kinds.layer import Arrays
from compare.kinds.option import REQUIRED, Option, Options, Value, as_sizes


def parts(size: int, count: int) -> list[slice]:
    """Cut an axis into as many parts as steps are returned.

    Args:
        size: steps of the axis.
        count: of parts; they overlap where the size is no multiple of it.
    """
    return [slice(n * size // count, -(-(n + 1) * size // count)) for n in range(count)]


def _of_parts(reduce: Callable[..., np.ndarray]) -> Compute:
    """Say that a layer takes the mean, or the largest number, of parts of each axis."""

    def compute(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
        """Take one number of each part and feature.

        Args:
            arrays: none.
            x: (batch, *spatial, features).
            options: steps returned, of each axis, usually 1; None for as many as there
                are; axes kept, whether an axis of one step stays, usually so.

        Returns:
            (batch, *steps, features), or (batch, features) where axes are not kept.
        """
        x = np.asarray(x, "float64")
        sizes = x.shape[1:-1]
        counts = options.get("steps returned") or (1,) * len(sizes)
        every = []
        for size, count in zip(sizes, counts, strict=True):
            every.append(parts(size, size if count is None else count))
        spatial = tuple(range(1, x.ndim - 1))
        reduced = [
            reduce(x[(slice(None), *chosen)], axis=spatial)
            for chosen in product(*every)
        ]
        result = np.stack(reduced, axis=1)
        if options.get("axes kept", True):
            return result.reshape(len(x), *map(len, every), x.shape[-1])
        return result[:, 0]

    return compute


largest_of_all = _of_parts(np.max)
mean_of_all = _of_parts(np.mean)


def are_kept(layer: object) -> Value:
    """Keras's adaptive layers keep the axes, and have no such setting."""
    return hasattr(layer, "output_size")


def _global_pool(axes: int, word: str, keras_word: str, compute: Compute) -> Kind:
    """A kind that pools each whole axis, or parts of it.

    Args:
        axes: how many.
        word: PyTorch's for what is taken, "Max" or "Avg".
        keras_word: Keras's.
        compute: what is computed.
    """
    torch = f"Adaptive{word}Pool{axes}d"
    keras = f"Global{keras_word}Pooling{axes}D"
    ones = (1,) * axes
    whole, adaptive = pooling_source.GLOBAL_MEAN, pooling_source.ADAPTIVE_MEAN
    if word == "Max":
        whole, adaptive = pooling_source.GLOBAL_MAX, pooling_source.ADAPTIVE_MAX

    def steps_of_keras(layer: object) -> Value:
        """What an adaptive layer of Keras returns; the others return one step."""
        return getattr(layer, "output_size", ones)

    return Kind(
        name=torch,
        torch=(torch,),
        keras=(keras, f"Adaptive{keras_word}Pooling{axes}D"),
        family="pooling",
        compute=compute,
        options=(
            Option(
                "steps returned",
                "output_size",
                "",
                REQUIRED,
                ones,
                read=as_sizes(axes),
                in_pytorch=(ones,),
                instead=f"Adaptive{keras_word}Pooling{axes}D in Keras 3.13 or newer, "
                "or pool with the windows that PyTorch takes",
                sample=(2, None),
                without_attribute=steps_of_keras,
            ),
            Option(
                "axes kept",
                "",
                "keepdims",
                True,
                False,
                instead="squeeze what PyTorch's layer returns: x.flatten(1)",
                sample=(None, True),
                without_attribute=are_kept,
            ),
        ),
        features_first=True,
        sources={
            keras: whole,
            f"Adaptive{keras_word}Pooling{axes}D": adaptive,
        },
        examples=(
            Example(
                torch,
                {"output_size": 1},
                keras,
                {"keepdims": True},
                shape=(3, *(5, 6, 7)[:axes], 4),
            ),
            Example(
                torch,
                {"output_size": 2},
                name="to two steps",
                shape=(3, *(5, 6, 7)[:axes], 4),
            ),
        ),
    )


GLOBAL_POOLING = (
    *(_global_pool(axes, "Max", "Max", largest_of_all) for axes in (1, 2, 3)),
    *(_global_pool(axes, "Avg", "Average", mean_of_all) for axes in (1, 2, 3)),
)
