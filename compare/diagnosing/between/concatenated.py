"""What is joined from several arrays, side by side: which parts each side has, and how.

A part is what one layer hands on, or an input, in a way of `WAYS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from compare.diagnosing.between import ways as between
from compare.diagnosing.between.route import EVERY_STEP, EXACT, STATE
from compare.diagnosing.between.wording import readings as readings_of
from compare.diagnosing.finding import Finding, Link, Reading
from compare.diagnosing.from_the_end import LAST_FIRST
from compare.diagnosing.in_layers.directions import left_reversed
from compare.judging.distances import near
from compare.judging.explanation import listed
from compare.judging.words import Side
from compare.kinds.mistake import Effect, JoinedInput, LayerInput, RecurrentOutput
from compare.mistakes import ACTIVATIONS
from compare.mistakes.activations import NONE
from compare.mistakes.anatomy import Anatomy
from compare.mistakes.ways import Way

SHARED = "what both have"  # in the place of a layer, where none is known


class Source(NamedTuple):
    """What a part may be.

    Args:
        layer: name of a layer or an input.
        way: a name of `WAYS`.
        function: a name of `ACTIVATIONS`, of what is taken in this way.
    """

    layer: str
    way: str
    function: str = NONE


Part = Mapping[Source, Way]  # all that a part may be, and how that is taken


@dataclass(frozen=True)
class _Candidate:
    """An array that may be a part.

    Args:
        source: what it is.
        take: what takes it from the layer's output.
        array: (batch, ..., features).
    """

    source: Source
    take: Way
    array: np.ndarray


def parts(
    anatomy: Anatomy,
    names: Sequence[str],
    whole: np.ndarray,
    turned: Sequence[str],
    shared: np.ndarray | None = None,
) -> list[Part]:
    """What an array is joined from along its features.

    Args:
        anatomy: what one side does.
        names: of layers and inputs that may be in it.
        whole: the array, (batch, ..., features).
        turned: layers that take batch and time for each other.
        shared: (features,), whether both sides have the same there; such features are
            a part where no layer is known that makes them. None for nowhere.

    Returns:
        The parts in order, each with every layer and way that it may be; empty unless
        two or more fill the array.
    """
    if not whole.ndim:
        return []
    candidates = list(_candidates(anatomy, names, whole, turned))
    side_parts: list[Part] = []
    start = 0
    while candidates and start < whole.shape[-1]:
        fitting = _fitting(candidates, start, whole)
        if not fitting:  # as they are; so one of a function may be there
            fitting = _fitting(_activated(candidates), start, whole)
        size = 0
        if not fitting and shared is not None:
            size = _size_of_shared(candidates, start, whole, shared)
        if size:
            numbers = whole[..., start : start + size]
            side_parts.append({Source(SHARED, EVERY_STEP): _constantly(numbers)})
            start += size
            continue
        if not fitting:
            return []
        size = fitting[0].array.shape[-1]
        same_size = [c for c in fitting if c.array.shape[-1] == size]
        side_parts.append({candidate.source: candidate.take for candidate in same_size})
        start += size
    return side_parts if len(side_parts) > 1 else []


def shared_features(torch: np.ndarray, keras: np.ndarray) -> np.ndarray | None:
    """Where along their features two arrays are the same; None for nowhere.

    Args:
        torch: (batch, ..., features).
        keras: the same.
    """
    if torch.shape != keras.shape or torch.ndim < 2:
        return None
    shared = [
        near(torch[..., number], keras[..., number], EXACT)
        for number in range(torch.shape[-1])
    ]
    return np.array(shared) if any(shared) and not all(shared) else None


def _size_of_shared(
    candidates: Sequence[_Candidate], start: int, whole: np.ndarray, shared: np.ndarray
) -> int:
    """How many features from one on are shared, up to one that a candidate begins."""
    size = 0
    while start + size < len(shared) and shared[start + size]:
        size += 1
        if _fitting(candidates, start + size, whole):
            break
    return size


def _constantly(numbers: np.ndarray) -> Way:
    """The way that takes the same numbers of whatever there is."""

    def take(_: RecurrentOutput) -> np.ndarray:
        return numbers

    return take


def _fitting(
    candidates: Iterable[_Candidate], start: int, whole: np.ndarray
) -> list[_Candidate]:
    """Those candidates that the whole has from a feature on."""
    return [
        candidate
        for candidate in candidates
        if near(candidate.array, _features_from(start, whole, candidate), EXACT)
    ]


def _activated(candidates: Sequence[_Candidate]) -> Iterator[_Candidate]:
    """Functions of the candidates: a relu, a tanh, ..."""
    for candidate in candidates:
        for name, function in ACTIVATIONS.items():
            if name != NONE:
                source = candidate.source._replace(function=name)
                take = between.through(candidate.take, function)
                yield _Candidate(source, take, function(candidate.array))


def _features_from(start: int, whole: np.ndarray, candidate: _Candidate) -> np.ndarray:
    """The features of the whole from a number on that a candidate may be."""
    return whole[..., start : start + candidate.array.shape[-1]]


def _candidates(
    anatomy: Anatomy, names: Sequence[str], whole: np.ndarray, turned: Sequence[str]
) -> Iterator[_Candidate]:
    """Every array that may be a part, in the order of the names."""
    for name in names:
        if name not in anatomy.recurrent_outputs and name not in anatomy.layer_outputs:
            continue
        ways, output = between.ways_of(anatomy, name, name in turned)
        for way, take in ways.items():
            array = take(output)
            if array is None or array.ndim != whole.ndim:
                continue
            if 0 < array.shape[-1] < whole.shape[-1]:
                yield _Candidate(Source(name, way), take, array)


def renamed(side_parts: Sequence[Part], names: Mapping[str, str]) -> list[Part]:
    """Parts with other names for some of their layers.

    Args:
        side_parts: as `parts` returns them.
        names: the other name, by layer.
    """
    return [_renamed_part(part, names) for part in side_parts]


def _renamed_part(part: Part, names: Mapping[str, str]) -> Part:
    return {
        source._replace(layer=names.get(source.layer, source.layer)): take
        for source, take in part.items()
    }


# -------------------------------------------------------------------------------- cure


def joining(
    keras_parts: Sequence[Part], keras: Anatomy, following: str | None
) -> JoinedInput | LayerInput:
    """The cure that joins what Keras's twin joins, of what PyTorch's layers make.

    Args:
        keras_parts: what Keras's twin joins, as `parts` returns it.
        keras: what Keras's twin does.
        following: name of the layer that gets them; None where the model returns them.
    """
    sources = [_likeliest(part) for part in keras_parts]
    takes = [part[source] for part, source in zip(keras_parts, sources, strict=True)]
    inputs = {
        source.layer: RecurrentOutput(keras.layer_outputs[source.layer])
        for source in sources
        if source.layer not in keras.kinds and source.layer != SHARED
    }
    inputs[SHARED] = RecurrentOutput(np.zeros(0))  # of which nothing is taken

    def join(output_of: Callable[[str], RecurrentOutput]) -> np.ndarray:
        arrays = []
        for source, take in zip(sources, takes, strict=True):
            if source.layer in inputs:  # the same on both sides
                array = take(inputs[source.layer])
            else:
                output = output_of(source.layer)
                array = take(between.without_padding(output, source.layer, keras))
            if array is None:
                raise ValueError(f"PyTorch's {source.layer} has not {source.way}")
            arrays.append(array)
        return np.concatenate(arrays, axis=-1)

    all_are_inputs = all(source.layer in inputs for source in sources)
    if all_are_inputs and following is not None:
        # `JoinedInput` gives the next layer nothing where no layer was run before it.
        return LayerInput(join(inputs.__getitem__))
    return JoinedInput(join)


def _likeliest(part: Part) -> Source:
    """What a part is taken for: a final state, which packing does not cut off."""
    for source in part:
        if source.way == STATE:
            return source
    return next(iter(part))


# ------------------------------------------------------------------------- differences


def differing(
    link: Link,
    sides: Mapping[Side, Sequence[Part]],
    cure: Effect,
    from_the_end: Sequence[str],
) -> Iterator[Finding]:
    """Where the sides join other parts, or the same in another order.

    Args:
        link: the place; its layer is the last before it.
        sides: what each side joins, as `parts` returns it.
        cure: joins what Keras's twin does.
        from_the_end: layers that read the steps from the end on both sides.
    """
    torch, keras = sides["torch"], sides["keras"]
    unlike = [
        (torch_part, keras_part)
        for torch_part, keras_part in zip(torch, keras, strict=False)
        if not torch_part.keys() & keras_part.keys()
    ]
    same_layers = all(_shared_layers(*pair) for pair in unlike)
    if len(torch) != len(keras) or not same_layers:
        reading = _in_order(link, torch, keras)
        yield Finding(link.layer, (reading,), cure=cure, following=link.following)
        return
    for torch_part, keras_part in unlike:
        layer = _shared_layers(torch_part, keras_part)[0]
        place = Link(layer, link.following)
        ways: dict[Side, list[str]] = {
            "torch": _ways_of_layer(torch_part, layer),
            "keras": _ways_of_layer(keras_part, layer),
        }
        functions: dict[Side, list[str]] = {
            "torch": _functions_of_layer(torch_part, layer),
            "keras": _functions_of_layer(keras_part, layer),
        }
        readings: tuple[Reading, ...] = ()
        if set(ways["torch"]) & set(ways["keras"]):  # so the functions differ
            readings = readings_of(place, "functions", functions)
        elif layer in from_the_end:
            readings = left_reversed(place, ways)
        if not readings:
            readings = readings_of(place, "ways", ways)
        yield Finding(layer, readings, cure=cure, following=link.following)


def _shared_layers(torch_part: Part, keras_part: Part) -> list[str]:
    """The layers that either part may be of."""
    keras_layers = {source.layer for source in keras_part}
    return [source.layer for source in torch_part if source.layer in keras_layers]


def _ways_of_layer(part: Part, layer: str) -> list[str]:
    """The ways in which a part may be taken from a layer."""
    return [source.way for source in part if source.layer == layer]


def _functions_of_layer(part: Part, layer: str) -> list[str]:
    """The functions of what is taken from a layer that a part may be."""
    functions = [source.function for source in part if source.layer == layer]
    return list(dict.fromkeys(functions))


def _in_order(link: Link, torch: Sequence[Part], keras: Sequence[Part]) -> Reading:
    """The parts of both sides, where they are others or come in another order."""
    torch_parts = listed([_in_words(part) for part in torch])
    keras_parts = listed([_in_words(part) for part in keras])
    return Reading(
        "",
        (),
        f"{link.where}, PyTorch joins {torch_parts}, Keras {keras_parts}",
        f"either PyTorch: torch.cat of {keras_parts}, in this order, or Keras: "
        f"Concatenate of {torch_parts}, in this order",
    )


def _in_words(part: Part) -> str:
    """The first that a part may be, in words."""
    source = next(iter(part))
    if source.function != NONE:
        return f"{source.function} of {_source_in_words(source)}"
    return _source_in_words(source)


def _source_in_words(source: Source) -> str:
    if source.way == LAST_FIRST:
        return f"{source.layer} with its last step first"
    if source.way == EVERY_STEP:
        return source.layer
    return f"{source.way} of {source.layer}"
