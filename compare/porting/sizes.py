"""Whether a model can be run at all: how large its tensors are, before there are any.

A few settings in a configuration can ask for more numbers than any machine holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
from compare.porting.inputs import Sizes, shape_at

if TYPE_CHECKING:
    from compare.in_keras.rebuilding import Rebuilt

Facts = Sequence[tuple[TensorFacts, ...]]
Shapes = tuple[tuple[int, ...], ...]  # of the inputs of a run, with the batch

# Numbers in a tensor. A comparison holds about 20 copies at once, in two precisions: a
# million numbers take 70 MB.
LARGEST = 2**25
LARGEST_OF_FEW = 2**26  # where fewer samples do not help
FEWEST_SAMPLES = 2
LONGEST = 2**15  # steps of a sequence, where a model takes no shorter one
# Layers of which open sizes come out larger; of others only the features can be more.
GROWING = ("UpSampling", "ZeroPadding", "Resizing", "Concatenate", "Transpose", "Dot")


@dataclass(frozen=True)
class _Largest:
    """The largest tensor that a model makes, or pads to.

    Args:
        count: of its numbers.
        layer: the full name of the layer.
        keras: its class.
    """

    count: int
    layer: str
    keras: str


def fitting(
    plan: ModelPlan, original: Rebuilt, sizes: Sequence[Sizes]
) -> tuple[Sizes, ...]:
    """The sizes of runs that a model takes, and that a machine is expected to hold.

    A model that halves a sequence and doubles it again takes even lengths alone, and
    one of long windows takes long sequences. Where a size is not taken, a larger one is
    looked for; there are as many samples as can be held.

    Args:
        plan: of the model.
        original: the same model, alive; nothing runs.
        sizes: of the runs.

    Raises:
        BadInput: with the name of the layer, if a tensor of two samples is too large;
            or if a layer takes the inputs of no size that was tried.
    """
    if not _has_open_sizes(plan, original):
        return tuple(_fitted(plan, original, size) for size in sizes)
    from compare.in_keras.rebuilding import facts_at  # loads Keras

    taken: dict[Shapes, Sizes] = {}
    for size in sizes:
        for candidate in _candidates(size):
            shapes = _shapes(plan, original, candidate)
            if shapes not in taken and _takes(plan, original, shapes):
                taken[shapes] = candidate
                break
    if not taken:
        shapes = _shapes(plan, original, sizes[0])
        facts_at(original, shapes)  # which says why not
        taken[shapes] = sizes[0]
    return tuple(_fitted(plan, original, size) for size in taken.values())


def _candidates(size: Sizes) -> Iterator[Sizes]:
    """A size, and larger ones: powers of two, which can be halved many times."""
    yield size
    steps, pixels = (2 ** count.bit_length() for count in (size.steps, size.pixels))
    while max(steps, pixels) <= LONGEST:
        yield replace(size, steps=steps, pixels=pixels)
        steps, pixels = 2 * steps, 2 * pixels


def _inputs(plan: ModelPlan, original: Rebuilt) -> list[TensorFacts]:
    """What is known of each input, in order."""
    return [original.facts[t.call][t.output] for t in tensors_in(plan.inputs)]


def _has_open_sizes(plan: ModelPlan, original: Rebuilt) -> bool:
    """Whether an input has an axis of any size, beside that of the batch."""
    return any(None in fact.shape[1:] for fact in _inputs(plan, original))


def _shapes(plan: ModelPlan, original: Rebuilt, size: Sizes) -> Shapes:
    """The shapes of the inputs of a size."""
    return tuple(shape_at(fact, size) for fact in _inputs(plan, original))


def _takes(plan: ModelPlan, original: Rebuilt, shapes: Shapes) -> bool:
    """Whether all layers of a model take inputs of these shapes."""
    from compare.in_keras.rebuilding import facts_at  # loads Keras

    try:
        facts, models = facts_at(original, shapes)
    except BadInput:
        return False
    parts = [(plan, facts)]
    for name, inside in _models(plan, ""):
        if name in models:
            parts.append((inside, models[name]))
    return all(_is_whole(part, of_part) for part, of_part in parts)


def _is_whole(plan: ModelPlan, facts: Facts) -> bool:
    """Whether no tensor is empty, and all that are joined are of one shape.

    Of symbolic tensors Keras joins what it does not join of others.
    """
    for call, of_call in zip(plan.calls, facts, strict=True):
        if any(0 in fact.shape for fact in of_call):
            return False
        layer = plan.layers[call.layer]
        if layer.keras == "Concatenate":
            joined = set()
            for tensor in call.inputs:
                shape = list(facts[tensor.call][tensor.output].shape)
                del shape[layer.config.get("axis", -1)]
                joined.add(tuple(shape))
            if len(joined) > 1:
                return False
    return True


def _fitted(plan: ModelPlan, original: Rebuilt, size: Sizes) -> Sizes:
    """One size with as many samples as can be held."""
    while True:
        largest = _largest(plan, original, size)
        if largest.count <= LARGEST:
            return size
        if size.samples <= FEWEST_SAMPLES:
            break
        size = replace(size, samples=size.samples // 2)
    if largest.count <= LARGEST_OF_FEW:
        return size
    raise BadInput(
        f"{largest.layer}: expected at most {LARGEST_OF_FEW:,} numbers in a tensor, "
        f"got {largest.count:,} where this {largest.keras} is called with "
        f"{size.samples} samples; write smaller sizes into the configuration"
    )


def _largest(plan: ModelPlan, original: Rebuilt, size: Sizes) -> _Largest:
    """The largest tensor in a run of a size."""
    from compare.in_keras.rebuilding import facts_at  # loads Keras

    found = list(_made(plan, original.facts, original.models, size))
    if _has_open_sizes(plan, original) and _grows(plan):
        facts, models = facts_at(original, _shapes(plan, original, size))
        found += _made(plan, facts, models, size)
    return max(found, key=lambda made: made.count)


def _made(
    plan: ModelPlan, facts: Facts, models: Mapping[str, Facts], size: Sizes
) -> Iterator[_Largest]:
    """The largest tensor of each call, those in models inside too."""
    yield from _of_calls(plan, facts, size, "")
    for name, inside in _models(plan, ""):
        if name in models:
            yield from _of_calls(inside, models[name], size, f"{name}.")


def _of_calls(
    plan: ModelPlan, facts: Facts, size: Sizes, prefix: str
) -> Iterator[_Largest]:
    """The largest tensor of each call of one model."""
    for call, of_call in zip(plan.calls, facts, strict=True):
        layer = plan.layers[call.layer]
        counts = [prod(shape_at(fact, size)) for fact in of_call]
        counts += _padded(layer, call, facts, size)
        yield _Largest(max(counts), f"{prefix}{layer.name}", layer.keras)


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
