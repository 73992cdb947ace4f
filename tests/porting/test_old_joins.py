"""Joins of masked tensors take masks as the Keras that saved them did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch

from compare.errors import BadInput
from compare.in_keras.rebuilding import rebuilt, results
from compare.in_pytorch import ports
from compare.kinds.graph import INPUT, JOINS, OLD_MASKS, Call, LayerPlan, ModelPlan
from compare.kinds.graph import Tensor as T
from compare.porting import running
from compare.porting.moving import state_of
from compare.porting.reading.old_joins import with_old_joins
from compare.porting.writing.keras_source import keras_source
from compare.porting.writing.pytorch_source import Facts, pytorch_source

FUNCTIONS = {
    "Add": np.add,
    "Subtract": np.subtract,
    "Multiply": np.multiply,
    "Average": lambda x, y: (x + y) / 2,
    "Maximum": np.maximum,
    "Minimum": np.minimum,
    "Concatenate": lambda x, y: np.concatenate([x, y], axis=-1),
}


def plan_of(join: str, is_masked: bool) -> ModelPlan:
    """The means over time of two joined sequences; the second may have no mask."""
    config = {"shape": [None, 3], "dtype": "float32"}
    layers = {name: LayerPlan(name, INPUT, config) for name in ("a", "b")}
    layers["mask"] = LayerPlan("mask", "Masking", {"mask_value": -1.0})
    layers["join"] = LayerPlan("join", join)
    layers["mean"] = LayerPlan("mean", "GlobalAveragePooling1D")
    second = Call("mask", (T(1),)) if is_masked else Call("b")
    calls = (
        Call("a"),
        Call("b"),
        Call("mask", (T(0),)),
        second,
        Call("join", ([T(2), T(3) if is_masked else T(1)],)),
        Call("mean", (T(4),)),
    )
    if not is_masked:
        calls = (*calls[:3], *calls[4:5], Call("mean", (T(3),)))
    return ModelPlan("m", layers, calls, [T(0), T(1)], T(len(calls) - 1))


def arrays(is_masked: bool) -> tuple[list[np.ndarray], np.ndarray]:
    """Two inputs, and which steps count in both."""
    rng = np.random.default_rng(1)
    x, y = rng.uniform(-2, 2, (2, 2, 6, 3))
    x[:, 1:3] = -1
    if is_masked:
        y[:, 2:4] = -1
    counts = (x != -1).any(-1)
    return [x, y], counts & (y != -1).any(-1) if is_masked else counts


@pytest.mark.parametrize("is_masked", [True, False])
@pytest.mark.parametrize("join", JOINS)
def test_a_step_counts_that_counts_in_all_masked_tensors(
    join: str, is_masked: bool
) -> None:
    """The rebuilt model and the port give what NumPy makes of Keras 2's rule."""
    plan = with_old_joins(plan_of(join, is_masked))
    inputs, counts = arrays(is_masked)
    x, y = inputs
    x = np.where((x != -1).any(-1, keepdims=True), x, 0)
    if is_masked:
        y = np.where((y != -1).any(-1, keepdims=True), y, 0)
    joined = FUNCTIONS[join](x, y)
    right = np.stack([part[i].mean(0) for part, i in zip(joined, counts, strict=True)])

    original = rebuilt(plan, {})
    source = pytorch_source(plan, Facts(original.facts, original.models), {}, "Net")
    net = running.module_of(source.text, "model.py").Net()
    ports.load(net, state_of(net, source.moves))

    in_torch = net.double()(*map(torch.from_numpy, inputs)).numpy()
    (in_keras,) = results(original.model, inputs, "float64")
    assert np.abs(in_torch - right).max() < 1e-14
    assert np.abs(in_keras - right).max() < 1e-14


def test_without_masks_a_join_is_left_alone() -> None:
    """A model without a layer that makes a mask is read as it is."""
    plan = plan_of("Add", is_masked=False)
    layers: Mapping[str, LayerPlan] = {
        **plan.layers,
        "mask": replace(plan.layers["mask"], keras="Identity", config={}),
    }
    plan = replace(plan, layers=layers)

    assert with_old_joins(plan) == plan


def test_source_of_keras_cannot_have_one() -> None:
    """It is refused, with the name of the layer."""
    plan = with_old_joins(plan_of("Add", is_masked=True))
    assert plan.layers["join"].config == {OLD_MASKS: True}
    original = rebuilt(plan, {})

    with pytest.raises(BadInput, match=r"join: .*leave out --twin"):
        keras_source(plan, original.facts, original.models)
