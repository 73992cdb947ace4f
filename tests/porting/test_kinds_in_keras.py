"""A layer of every kind is rebuilt and written in Keras from its plan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from attention_calls import options_of
from kind_layers import ATTENTION, in_keras, inputs
from live_plans import draw, plan_of, weights_of
from same_models import assert_clean, assert_same, executed

from compare.in_keras.arrays import has_channels_first
from compare.in_keras.rebuilding import rebuilt
from compare.kinds import KINDS
from compare.kinds.kind import Example
from compare.porting.writing.keras_source import keras_source


def examples() -> Iterator[Any]:
    for kind in KINDS:
        for example in kind.examples:
            if example.keras:
                name = f"{kind.name} {example.name}".strip()
                yield pytest.param(example, id=name)


def model_of(example: Example) -> tuple[keras.Model, list[np.ndarray]]:
    """A functional model of an example's layers, and an input."""
    made = in_keras(example)
    parts = made if isinstance(made, list) else [made]
    arrays = inputs(example)
    if getattr(parts[0], "equation", "")[:4] == "btnh":
        arrays[0] = arrays[0].reshape(*arrays[0].shape[:-1], 2, -1)
    if has_channels_first(parts[0], arrays[0]):
        arrays[0] = np.moveaxis(arrays[0], -1, 1)
    if example.keras in ATTENTION:
        options = options_of(example)
        arrays += [options[key] for key in ("value", "key") if key in options]
    tensors = []
    for number, array in enumerate(arrays):
        dtype = "float32" if array.dtype.kind == "f" else "int32"
        tensors.append(keras.Input(array.shape[1:], dtype=dtype, name=f"x{number}"))
    if example.keras in ATTENTION:
        causal = example.call.get("mask") in ("causal", "both")
        given = tensors if len(tensors) > 1 else tensors * 2
        y = parts[0](*given, use_causal_mask=causal)
    elif len(tensors) > 1:  # a cell, which takes states
        y = parts[0](tensors[0], tensors[1:])[0]
    else:
        y = tensors[0]
        for part in parts:
            y = part(y)
    model = keras.Model(tensors if len(tensors) > 1 else tensors[0], y, name="one")
    return model, arrays


@pytest.mark.parametrize("example", [*examples()])
def test_a_layer_of_a_kind_is_rebuilt_and_written(example, tmp_path: Path):
    """The model of it, the rebuilt one and the written one give the same numbers."""
    model, arrays = model_of(example)
    draw(model)
    plan = plan_of(model)

    result = rebuilt(plan, weights_of(model))
    text = keras_source(plan, result.facts, result.models)

    assert_clean(text, tmp_path)
    again = executed(text)
    result.model.save_weights(tmp_path / "model.weights.h5")
    again.load_weights(tmp_path / "model.weights.h5")
    assert_same(model, result.model, again, arrays=arrays)
