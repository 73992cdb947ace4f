"""What a step of a loop takes in every pass, where the opposite side takes another.

The first pass often shows nothing, since states begin with zeros, and from the second
on all numbers differ. So a change is made in every pass at once, with what PyTorch's
model itself makes in that run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product

import numpy as np

from compare.diagnosing.operations.candidate import Candidate
from compare.diagnosing.operations.loops import (
    Loops,
    Passes,
    Source,
    assigned_name,
    loops_of,
)
from compare.diagnosing.operations.naming import at, name_of, value_in_words
from compare.diagnosing.operations.regions import Regions
from compare.diagnosing.operations.worded import Worded
from compare.judging.explanation import listed
from compare.judging.words import Side
from compare.mistakes.traces import Replacement, Step, Trace

LOOKED_AT = 3  # passes, from the first
MOST = 60  # changes that are tried
ALIKE = {
    **{"cat": "concatenate", "concat": "concatenate", "multiply": "*", "mul": "*"},
    **{"add": "+", "subtract": "-", "sub": "-", "divide": "/", "matmul": "@"},
}


@dataclass(frozen=True)
class Input:
    """An input of a step of PyTorch's loop, and of its counterpart in Keras's.

    Args:
        place: among the inputs of PyTorch's step.
        keras_place: among the inputs of Keras's step.
        own: where PyTorch's step takes it from.
        right: where PyTorch's step would take it from, to do as Keras's does.
        which: pass it is, from 0, in which both were seen.
    """

    place: int
    keras_place: int
    own: Source
    right: Source
    which: int


@dataclass(frozen=True)
class Both:
    """The loops of both sides, and where the twins differ."""

    torch: Loops
    keras: Loops
    regions: Regions


def carried_otherwise(regions: Regions) -> Iterator[Candidate]:
    """Changes of what the steps of a loop take, in all passes.

    Args:
        regions: where the twins differ; what both share may be anywhere.
    """
    yield from islice(_every(regions), MOST)


def _every(regions: Regions) -> Iterator[Candidate]:
    """All such changes."""
    both = Both(loops_of(regions.torch.trace), loops_of(regions.keras.trace), regions)
    for passes in both.torch.groups:
        for keras_passes in both.keras.groups:
            if not _may_be_one(passes, keras_passes):
                continue
            tried: list[list[tuple[int, Source]]] = []
            for inputs in _unlike_inputs(passes, keras_passes, both):
                rights = [(item.place, item.right) for item in inputs]
                if rights not in tried:
                    tried.append(rights)
                    yield from _given(inputs, passes, keras_passes, both)


def _given(
    inputs: Sequence[Input],
    passes: Passes,
    keras_passes: Passes,
    both: Both,
) -> Iterator[Candidate]:
    """PyTorch's steps are given what Keras's are: one of each pass, or all in it."""
    of_one = [(passes, item) for item in inputs]
    of_all = _everywhere(inputs, both.torch)
    for replaced in [of_one, of_all] if len(of_all) > len(of_one) else [of_one]:
        changes = _changes(replaced, keras_passes, both)
        if changes:
            yield Candidate(
                "another input",
                passes[0],
                inputs[0].place,
                0,
                keras_passes[0],
                inputs[0].keras_place,
                words=_words(passes, keras_passes, inputs, both, replaced),
                instead=tuple(changes),
            )


def _may_be_one(passes: Passes, keras_passes: Passes) -> bool:
    """Whether steps of both sides run as often, and do the same."""
    step, keras_step = passes[0], keras_passes[0]
    if len(passes) != len(keras_passes):
        return False
    if step.is_layer or keras_step.is_layer:
        return step.is_layer and keras_step.is_layer
    return _plain(step) == _plain(keras_step)


def _plain(step: Step) -> str:
    name = step.name.lower().replace("_", "")
    return ALIKE.get(name, name)


def _unlike_inputs(
    passes: Passes, keras_passes: Passes, both: Both
) -> Iterator[Sequence[Input]]:
    """The inputs by which two steps differ, where they share all others.

    Several ways where PyTorch's model makes what Keras's takes in several places, as a
    sum of zeros and another value is that value.
    """
    for which in range(min(len(passes), LOOKED_AT)):
        of_each = []
        pairs = _unlike_places(passes[which], keras_passes[which], both.regions)
        for place, keras_place in pairs:
            own = _own_source(passes, place, which, both.torch)
            right = _right_sources(passes, keras_passes, keras_place, which, both)
            of_each.append(
                [
                    Input(place, keras_place, own, source, which)
                    for source in right
                    if own is not None and own != source
                ]
            )
        if of_each:
            yield from product(*of_each)


def _right_sources(
    passes: Passes, keras_passes: Passes, place: int, which: int, both: Both
) -> Iterator[Source]:
    """Where PyTorch's step would have an input of Keras's from, as often and as late.

    Args:
        passes: of PyTorch.
        keras_passes: of Keras.
        place: among the inputs of Keras's steps.
        which: pass is looked at, from 0.
        both: the loops of both sides.
    """
    value = keras_passes[which].inputs[place]
    keras_source = both.keras.source(value, which, len(keras_passes))
    if keras_source is None:
        return
    if keras_source.passes is None and not _is_fixed(keras_passes, place):
        return  # the first state, which a later pass does not take
    step = passes[which]
    for source in _sources_in_torch(value, which, step, both.torch, both.regions):
        are_both_made = (source.passes is None) == (keras_source.passes is None)
        if are_both_made and source.lag == keras_source.lag:
            yield source


def _own_source(passes: Passes, place: int, which: int, torch: Loops) -> Source | None:
    """Where PyTorch's step takes an input from: in the first pass that shows it."""
    if which == 0 and not _is_fixed(passes, place):
        maker = torch.trace.maker(passes[0].inputs[place])
        if maker is None or maker.number not in torch.places:
            which = 1  # before the first pass there is nothing but the first state
    return torch.source(passes[which].inputs[place], which, len(passes))


def _unlike_places(
    step: Step, keras_step: Step, regions: Regions
) -> list[tuple[int, int]]:
    """The places of the inputs that a step of each side does not share.

    None where they share no input, but for a step that takes a single one.
    """
    free = [*range(len(keras_step.inputs))]
    places = []
    for place, value in enumerate(step.inputs):
        shared = {item.number for item in regions.shared.of_torch.get(value, ())}
        like = [q for q in free if keras_step.inputs[q] in shared]
        if like:
            free.remove(like[0])
        elif not _is_weight(value, regions.torch.trace):
            places.append(place)
    free = [
        place
        for place in free
        if not _is_weight(keras_step.inputs[place], regions.keras.trace)
    ]
    if len(places) != len(free) or len(places) == len(step.inputs) > 1:
        return []
    return list(zip(places, free, strict=True))


def _is_weight(value: int, trace: Trace) -> bool:
    return trace.values[value].source.startswith("the weight")


def _sources_in_torch(
    value: int, which: int, step: Step, torch: Loops, regions: Regions
) -> Iterator[Source]:
    """Where PyTorch's model has a value of Keras's from, before one of its steps."""
    shape = regions.keras.trace.array(value).shape
    count = len(torch.places[step.number][0])
    sources = []
    for number in regions.shared.of_keras.get(value, ()):
        maker = torch.trace.maker(number)
        is_before = maker is None or maker.number < step.number
        if is_before and torch.trace.array(number).shape == shape:
            source = torch.source(number, which, count)
            if source is not None and source not in sources:
                sources.append(source)
    yield from reversed(sources)  # the last that is made is the likeliest


def _is_fixed(passes: Passes, place: int) -> bool:
    """Whether a step takes the same value in every pass."""
    return len({step.inputs[place] for step in passes}) == 1


def _everywhere(inputs: Sequence[Input], torch: Loops) -> list[tuple[Passes, Input]]:
    """All places of a loop that take what some inputs of one of its steps are."""
    places = []
    for item in inputs:
        for passes in torch.groups:
            for place in range(len(passes[0].inputs)):
                if _own_source(passes, place, item.which, torch) == item.own:
                    places.append((passes, replace(item, place=place)))
    return places


def _changes(
    replaced: Sequence[tuple[Passes, Input]],
    keras_passes: Passes,
    both: Both,
) -> list[Replacement]:
    """What every pass takes instead; nothing where it cannot be told."""
    changes = []
    for passes, item in replaced:
        source = item.right
        for which, step in enumerate(passes):
            array = None
            taken = None
            if source.passes is None:
                array = both.torch.trace.array(source.value)
            elif which >= source.lag:
                taken = source.passes[which - source.lag].number, source.place
            else:  # what there is before the first pass, as Keras has it
                value = keras_passes[which].inputs[item.keras_place]
                array = both.keras.trace.array(value)
            if array is not None and not _fits(array, step, item, both.torch):
                return []
            changes.append(
                Replacement(step.number, item.place, array, is_input=True, taken=taken)
            )
    return changes


def _fits(array: np.ndarray, step: Step, item: Input, torch: Loops) -> bool:
    """Whether an array has the shape of what a step takes."""
    return array.shape == torch.trace.array(step.inputs[item.place]).shape


# ------------------------------------------------------------------------------ words


def _words(
    passes: Passes,
    keras_passes: Passes,
    inputs: Sequence[Input],
    both: Both,
    replaced: Sequence[tuple[Passes, Input]],
) -> Worded:
    """What each side takes, in words."""
    torch, keras = both.torch.trace, both.keras.trace
    own, right, keras_right = [], [], []
    for item in inputs:
        own.append(_source_in_words(item.own, torch))
        right.append(_source_in_words(item.right, torch))
        which, place = item.which, item.keras_place
        value = keras_passes[which].inputs[place]
        source = both.keras.source(value, which, len(keras_passes))
        keras_right.append(_source_in_words(source or item.right, keras))
    name, keras_name = name_of(passes[0], torch), name_of(keras_passes[0], keras)
    where, keras_where = at(passes[0]), at(keras_passes[0])
    is_state = len(replaced) > len(inputs) and all(item.own.lag for item in inputs)
    if is_state:
        takes = "each pass of the loop takes"
        sentence = (
            f"in PyTorch, {takes} {listed(own)}{where}, where in Keras it takes "
            f"{listed(keras_right)}{keras_where}"
        )
    else:
        sentence = (
            f"{name} of PyTorch{where} takes {listed(own)}, where {keras_name} of "
            f"Keras{keras_where} takes {listed(keras_right)}"
        )
    fixes: dict[Side, str] = {
        "torch": f"PyTorch{where}: give {name} {listed(right)}",
        "keras": f"Keras{keras_where}: give {keras_name} what PyTorch's takes, "
        f"{listed(own)} of PyTorch",
    }
    return Worded(f"{listed(own)} for {listed(right)}", sentence, fixes)


def _source_in_words(source: Source, trace: Trace) -> str:
    """Where a value is from, and in which pass it is made."""
    if source.passes is None:
        return f"{value_in_words(source.value, trace)} in every pass"
    step = source.passes[0]
    line = "" if step.line is None else f" of line {step.line.number}"
    number = f" (result {source.place + 1})" if len(step.outputs) > 1 else ""
    when = {0: "in the same pass", 1: "in the pass before"}
    made = when.get(source.lag, f"{source.lag} passes before")
    variable = assigned_name(step, trace)
    makes = f"makes {made}"
    if variable:
        makes = f"makes, `{variable}`, {made}"
    return f"what {name_of(step, trace)}{line}{number} {makes}"
