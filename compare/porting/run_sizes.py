"""At which sizes a port was run beside the original, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from compare.judging.evidence import Evidence
from compare.kinds.graph import ModelPlan

MOST = 12  # numbers that are named


def sentence(evidence: Evidence) -> str:
    """The sizes of all inputs on which a port and its original ran."""
    results = [result for result in evidence.results if result.stages]
    steps = {result.timesteps for result in results if result.timesteps is not None}
    batches = {result.batch for result in results if result.batch is not None}
    is_of_other_axes = len(steps) == 1 and ";" in str(evidence.inputs["x"])
    if not steps or is_of_other_axes:  # as of images, or of channels before the time
        return f"Run on {evidence.inputs['x']} and on fewer samples; at no other size."
    words = f"{_numbers(steps)} step" + ("" if max(steps) == 1 else "s")
    return f"Run at {words}, in batches of {_numbers(batches)}; at no other size."


def _numbers(numbers: Iterable[int]) -> str:
    """Numbers in a row, "1, 7 and 50"."""
    texts = [str(number) for number in sorted(numbers)]
    if len(texts) > MOST:
        texts = [*texts[: MOST - 1], f"{len(texts) - MOST} others", texts[-1]]
    if len(texts) < 2:
        return "".join(texts)
    return f"{', '.join(texts[:-1])} and {texts[-1]}"


def beyond_slices(plan: ModelPlan) -> tuple[int, ...]:
    """For each slice of a model that ends, or begins, at a fixed place a size beyond.

    Args:
        plan: of the model.
    """
    sizes: dict[int, None] = {}
    for call in plan.calls:
        for part in _slices((call.args, call.kwargs)):
            for bound in (part.start, part.stop):
                if type(bound) is int and abs(bound) > 1:
                    sizes.setdefault(abs(bound) + 1)
        model = plan.layers[call.layer].model
        if model is not None:
            sizes |= dict.fromkeys(beyond_slices(model))
    return tuple(sizes)


def _slices(value: Any) -> Iterator[slice]:
    """All slices in arguments."""
    if isinstance(value, slice):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _slices(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _slices(item)
