"""Whether a model can be run at all: how large its tensors are, before there are any.

A few settings in a configuration can ask for more numbers than any machine holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING

from compare.errors import BadInput
from compare.kinds.graph import (
    OPERATION,
    Call,
    LayerPlan,
    ModelPlan,
    TensorFacts,
    tensors_in,
)
from compare.porting.inputs import SAMPLES, Sizes, shape_at

if TYPE_CHECKING:
    from compare.in_keras.rebuilding import Rebuilt

Facts = Sequence[tuple[TensorFacts, ...]]

LARGEST = 2**28  # numbers in a tensor: 1 GB in float32, 2 GB in float64
# Layers of which open sizes come out larger; of others only the features can be more.
GROWING = ("UpSampling", "ZeroPadding", "Resizing", "Concatenate", "Transpose", "Dot")


def check_sizes(plan: ModelPlan, original: Rebuilt, sizes: Sequence[Sizes]) -> None:
    """See that no tensor of a model is larger than a machine can be expected to hold.

    Args:
        plan: of the model.
        original: the same model, alive; nothing runs.
        sizes: what is open in each of the runs.

    Raises:
        BadInput: with the name of a layer that makes such a tensor, or of one that does
            not take the inputs of the first run.
    """
    from compare.in_keras.rebuilding import facts_at  # loads Keras

    inputs = [original.facts[t.call][t.output] for t in tensors_in(plan.inputs)]
    for number, size in enumerate(sizes):
        _check(plan, original.facts, size, "")
        for name, inside in _models(plan, ""):
            if name in original.models:
                _check(inside, original.models[name], size, f"{name}.")
        is_open = any(None in fact.shape[1:] for fact in inputs)
        if not is_open or not _grows(plan):
            continue
        try:
            facts, models = facts_at(original, [shape_at(f, size) for f in inputs])
        except BadInput:
            if number == 0:
                raise
            continue  # it will not run on them
        _check(plan, facts, size, "")
        for name, inside in _models(plan, ""):
            if name in models:
                _check(inside, models[name], size, f"{name}.")


def _check(plan: ModelPlan, facts: Facts, sizes: Sizes, prefix: str) -> None:
    """Raise BadInput where a call of a model makes, or pads to, too much."""
    for call, of_call in zip(plan.calls, facts, strict=True):
        layer = plan.layers[call.layer]
        counts = [prod(shape_at(fact, sizes)) for fact in of_call]
        counts += _padded(layer, call, facts, sizes)
        largest = max(counts, default=0)
        if largest > LARGEST:
            raise BadInput(
                f"{prefix}{layer.name}: expected at most {LARGEST:,} numbers in a "
                f"tensor, got {largest:,} in what this {layer.keras} makes of "
                f"{SAMPLES} samples; write smaller sizes into the configuration"
            )


def _padded(layer: LayerPlan, call: Call, facts: Facts, sizes: Sizes) -> Iterator[int]:
    """How many numbers a layer has to pad its first input to."""
    while layer.keras == "TimeDistributed":
        (layer,) = layer.inside
    window = layer.config.get("kernel_size") or layer.config.get("pool_size")
    if window is None or not call.inputs:
        return
    first = call.inputs[0]
    shape = shape_at(facts[first.call][first.output], sizes)
    axes = max(len(shape) - 2, 1)
    windows = _per_axis(window, axes)
    gaps = _per_axis(layer.config.get("dilation_rate") or 1, axes)
    count = prod(shape)
    for window, gap, size in zip(windows, gaps, shape[1:], strict=False):
        count = count * (size + (window - 1) * gap) // max(size, 1)
    yield count


def _per_axis(value: int | Sequence[int], axes: int) -> Sequence[int]:
    return [value] * axes if isinstance(value, int) else value


def _models(plan: ModelPlan, prefix: str) -> Iterator[tuple[str, ModelPlan]]:
    """The models in a model by their full names, those in wrappers too."""
    for layer in plan.layers.values():
        name = f"{prefix}{layer.name}"
        while layer.keras == "TimeDistributed":
            (layer,) = layer.inside
        if layer.model is not None:
            yield name, layer.model
            yield from _models(layer.model, f"{name}.")


def _grows(plan: ModelPlan) -> bool:
    """Whether something in a model may make open sizes larger."""
    for layer in plan.layers.values():
        while layer.keras == "TimeDistributed":
            (layer,) = layer.inside
        if layer.model is not None and _grows(layer.model):
            return True
        if layer.keras.startswith(OPERATION) or any(
            word in layer.keras for word in GROWING
        ):
            return True
    return False
