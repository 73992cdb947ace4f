"""Random networks of images, volumes, videos, series and words, in both frameworks.

PyTorch's model has the channels second, as its users write; Keras's has them last.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
from random_blocks import KINDS
from random_layers import numbers
from random_networks_in_keras import Layers, in_keras
from random_networks_in_pytorch import InTorch, in_torch
from random_plans import VOCABULARY, Plan, layers_of, plan_of

BATCH = 3


def carry_over(model: InTorch, layers: Layers, like: Plan) -> None:
    """Write PyTorch's weights into Keras's layers.

    Args:
        model: the source.
        layers: of Keras.
        like: PyTorch's plan.
    """
    rng = np.random.default_rng(like.seed + 1)
    named = [*layers_of(like.parts)]
    if like.recurrent:
        named.append(("over_frames", like.recurrent))
    arrays: list[tuple[Any, list[np.ndarray]]] = []
    for name, part in named:
        modules = {
            key.removeprefix(f"{name}_"): module
            for key, module in model.named_children()
            if key.startswith(f"{name}_")
        }
        for key, values in KINDS[part.kind].arrays(modules, part).items():
            if name in layers.layers:  # which a mistake may have dropped
                arrays.append((layers.layers[name][key], values))
    for name in ("words", "places"):
        if name in layers.layers:
            weight = numbers(getattr(model, name).weight)
            arrays.append((layers.layers[name]["layer"], [weight]))
    if like.outputs:
        head = [numbers(model.head.weight).T, numbers(model.head.bias)]
        arrays.append((layers.layers["head"]["layer"], head))
    for layer, values in arrays:
        shapes = [tuple(weight.shape) for weight in layer.weights]
        fitting = []
        spare = list(values)
        for shape in shapes:  # where a mistake adds an array or drops one
            if spare and spare[0].shape == shape:
                fitting.append(spare.pop(0))
            elif len(spare) > 1 and spare[1].shape == shape:
                fitting.append(spare[1])
                spare = spare[2:]
            elif spare and spare[0].size == np.prod(shape):
                fitting.append(spare.pop(0).reshape(shape))
            else:
                fitting.append(rng.uniform(0.1, 0.9, shape).astype(np.float32))
        layer.set_weights(fitting)


def inputs_of(plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """What Keras's model takes, and PyTorch's."""
    rng = np.random.default_rng([plan.seed, 1])
    if plan.domain == "words":
        x = rng.integers(0, VOCABULARY, (BATCH, plan.shape[0])).astype("int32")
        return x, x
    x = rng.normal(size=(BATCH, *plan.shape)).astype(np.float32)
    if not plan.second:
        return x, x
    channels = 2 if plan.domain == "video" else 1
    return x, np.ascontiguousarray(np.moveaxis(x, -1, channels))


@dataclass
class Pair:
    """Two models, and how they are checked.

    Args:
        torch: PyTorch's model.
        keras: Keras's.
        x: as one of them takes it.
        transfer: of `compare.check`.
        plan: of PyTorch's model.
        by_side: x as Keras's model takes it, and as PyTorch's does.
    """

    torch: InTorch
    keras: keras.Model
    x: np.ndarray
    transfer: str | None
    plan: Plan
    by_side: tuple[np.ndarray, np.ndarray]


def pair_of(plan: Plan, change: Callable[[Plan], Plan] | None = None) -> Pair:
    """The pair of a plan; Keras's model is built of a changed one, if so wished."""
    x_keras, x_torch = inputs_of(plan)
    first = in_torch(plan, x_torch)
    other = copy.deepcopy(plan)
    if change:
        other = change(other)
    second, layers = in_keras(other)
    if plan.by_hand or change:
        carry_over(first, layers, plan)
    transfer = None if plan.by_hand or change else "to_keras"
    x = x_torch if plan.x_second else x_keras
    return Pair(first, second, x, transfer, plan, (x_keras, x_torch))


def right(seed: int) -> Pair | None:
    """Two models that are the same; None where a plan cannot be built."""
    plan = plan_of(seed)
    try:
        pair = pair_of(plan)
    except (ValueError, RuntimeError):
        return None
    return replace(pair, plan=plan)
