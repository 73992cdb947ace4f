"""Two or more operations that each side does in another order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from compare.diagnosing.operations.candidate import Candidate
from compare.diagnosing.operations.candidates import otherwise
from compare.diagnosing.operations.layer_calls import Layer, layer_at
from compare.diagnosing.operations.naming import at, name_of, source_of, steps_up_to
from compare.diagnosing.operations.recognised import recognised
from compare.diagnosing.operations.regions import Region, Regions
from compare.diagnosing.operations.worded import Worded
from compare.judging.words import Side
from compare.mistakes.traces import RETURN, Step, Trace

FEWEST, MOST = 2, 4  # operations that are told one by one
# Of the same numbers; where they stand says nothing.
LAYING_OUT = (
    *("permute", "transpose", "swapaxes", "movedim", "moveaxis", "reshape", "view"),
    *("flatten", "squeeze", "unsqueeze", "expand_dims", "contiguous", "T", "mT"),
    *("Permute", "Reshape", "Flatten"),
)


def exchanged(regions: Regions) -> Iterator[Candidate]:
    """What it would be if PyTorch did the same operations in Keras's order.

    Args:
        regions: where the twins differ.
    """
    for step in regions.torch.steps(MOST):
        steps = _in_a_row(step, regions.torch)
        if not FEWEST <= len(steps) <= MOST:
            continue
        for keras_step in regions.keras.steps(MOST):
            keras_steps = _in_a_row(keras_step, regions.keras)
            if len(steps) == len(keras_steps) and _are_exchanged(
                steps, keras_steps, regions
            ):
                depth = regions.torch.depths[step.number]
                for change in otherwise(regions, step, keras_step, 0, depth):
                    words = _words(steps, keras_steps, regions)
                    yield replace(change, words=words)


def _in_a_row(step: Step, region: Region) -> list[Step]:
    """The steps up to one, without those that lay out; none if they are no chain."""
    if step.number == RETURN or step.name in LAYING_OUT:
        return []
    steps = steps_up_to(region, step)
    made: set[int] = set()
    for number, link in enumerate(steps):
        taken = [value for value in link.inputs if _is_data(value, region)]
        if len(taken) != 1 or (number and taken[0] not in made):
            return []
        made = {*link.outputs}
    return [link for link in steps if link.name not in LAYING_OUT]


def _is_data(value: int, region: Region) -> bool:
    """Whether a value depends on the model's input, and is no weight."""
    source = region.trace.values[value].source
    return value not in region.fixed and not source.startswith("the weight")


def _are_exchanged(
    torch: Sequence[Step], keras: Sequence[Step], regions: Regions
) -> bool:
    """Whether the steps of both sides are the same ones, in another order."""
    torch_kinds = [_kind_of(step, regions.torch.trace, "torch") for step in torch]
    keras_kinds = [_kind_of(step, regions.keras.trace, "keras") for step in keras]
    is_known = "" not in torch_kinds and len({*torch_kinds}) == len(torch_kinds)
    if not is_known or torch_kinds == keras_kinds:
        return False
    if sorted(torch_kinds) != sorted(keras_kinds):
        return False
    by_kind = dict(zip(keras_kinds, keras, strict=True))
    for kind, step in zip(torch_kinds, torch, strict=True):
        layer = layer_at(step, regions.torch.trace, "torch")
        twin = layer_at(by_kind[kind], regions.keras.trace, "keras")
        if layer is not None and not _are_twins(layer, twin):
            return False
    return True


def _kind_of(step: Step, trace: Trace, side: Side) -> str:
    """What a step is on either side: a kind of layer, or what it computes.

    "" where that is not known.
    """
    layer = layer_at(step, trace, side)
    if layer is not None:
        return layer.kind.name
    if step.has_weights:
        return ""
    arrays = [trace.array(value) for value in step.inputs[:1]]
    for label in recognised(trace.array(step.outputs[0]), arrays):
        return label.family
    return ""


def _are_twins(torch: Layer, keras: Layer | None) -> bool:
    """Whether PyTorch's layer makes of Keras's input what Keras's layer does."""
    if keras is None:
        return False
    try:
        computed = replace(torch.call, x=keras.call.x).run()
    except (KeyError, TypeError, ValueError):
        return False
    if not isinstance(computed, np.ndarray) or computed.shape != keras.output.shape:
        return False
    return bool(np.allclose(computed, keras.output, rtol=1e-6, atol=1e-9))


def _words(torch: Sequence[Step], keras: Sequence[Step], regions: Regions) -> Worded:
    """The order in which each side does them."""
    order = " and then ".join(name_of(step, regions.torch.trace) for step in torch)
    keras_order = " and then ".join(
        name_of(step, regions.keras.trace) for step in keras
    )
    where, keras_where = at(torch[-1]), at(keras[-1])
    source = source_of(torch[0], regions.torch)
    sentence = (
        f"the order of operations differs: PyTorch has {order}{where}, where Keras "
        f"has {keras_order}{keras_where}{source}"
    )
    fixes: dict[Side, str] = {
        "torch": f"PyTorch{where}: have them in the order of Keras, {keras_order}",
        "keras": f"Keras{keras_where}: have them in the order of PyTorch, {order}",
    }
    return Worded(f"{order} for {keras_order}", sentence, fixes)
