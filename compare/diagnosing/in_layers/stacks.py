"""One layer of a stack, or one direction of two, at work by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from compare.judging.arrays import valid_steps
from compare.judging.distances import near
from compare.judging.explanation import listed
from compare.judging.words import Side
from compare.kinds.computing import Computed
from compare.kinds.layer import Arrays
from compare.kinds.mistake import Computation, EffectT
from compare.mistakes import Call, Mistake

ENDING = re.compile(r"_l(\d+)(_reverse)?$")  # of a parameter's name
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
KERAS = {"weight_ih": "kernel", "weight_hh": "recurrent_kernel"}

Returned = Mapping[str, np.ndarray]  # what a recurrent layer returns, by name
Half = Literal[0, 1] | None  # the forward or the backward direction; None for both


# ------------------------------------------------------------ mistakes in what it does


@dataclass(frozen=True)
class _WrongLayer:
    """The one layer of a stack that does not make what it should.

    Args:
        number: its place in the stack, from 0.
        call: the layer at work by itself.
        output: what it really makes, (batch, time, size).
    """

    number: int
    call: Call
    output: np.ndarray


def in_one(
    candidates: Sequence[Mistake[Computation]],
    call: Call,
    passed: Sequence[tuple[np.ndarray, np.ndarray]],
    steps: int | None = None,
) -> Iterator[Mistake[Computation]]:
    """Mistakes in one layer of a stack alone, or in one direction alone.

    Args:
        candidates: mistakes that can be made in what a recurrent layer computes.
        call: of a layer that may be a stack or have two directions.
        passed: what goes into each layer of it, (batch, time, features), and what comes
            out, (batch, time, size), first to last.
        steps: how many steps are looked at; None for all.
    """
    num_layers = len(_layers(call.arrays))
    halves: tuple[Half, ...] = ()
    if any(_is_backward(name) for name in call.arrays):
        halves = (0, 1)
    if num_layers != len(passed) or (num_layers == 1 and not halves):
        return
    wrong = _wrong_layer(call, passed, steps)
    if wrong is None:
        return
    right = wrong.call.run()
    places: tuple[Half, ...] = halves if num_layers == 1 else (None, *halves)
    for mistake in candidates:
        mistaken = _fitting(mistake.effect.compute(wrong.call), right)
        if mistaken is None:
            continue
        for half in places:
            mixed = _mixed(right, mistaken, half)
            if _are_near(mixed, wrong.output, call.lengths, steps):
                place = _words(wrong.number, half, num_layers)
                compute = _in_half(mistake.effect.compute, half)
                effect = Computation(_in_stack(wrong.number, compute))
                yield in_part(replace(mistake, effect=effect), place)


def _wrong_layer(
    call: Call,
    passed: Sequence[tuple[np.ndarray, np.ndarray]],
    steps: int | None,
) -> _WrongLayer | None:
    """The layer that does not make what it should; None unless there is just one."""
    wrong = []
    for number, arrays in enumerate(_layers(call.arrays)):
        x, output = passed[number]
        layer_call = _of_stack(call, number, arrays, x)
        if not _are_near(layer_call.run(), output, call.lengths, steps):
            wrong.append(_WrongLayer(number, layer_call, output))
    return wrong[0] if len(wrong) == 1 else None


def _of_stack(call: Call, number: int, arrays: Arrays, x: np.ndarray) -> Call:
    """One layer of a stack at work by itself, with its own part of the states.

    Args:
        call: the whole stack at work.
        number: of the layer, from 0.
        arrays: of the layer, by the names of a single layer.
        x: what goes in, (batch, time, features).
    """
    options = dict(call.options)
    states = options.get("states")
    if states is not None:
        directions = 2 if any(_is_backward(name) for name in arrays) else 1
        rows = slice(number * directions, (number + 1) * directions)
        options["states"] = tuple(state[rows] for state in states)
    return replace(call, arrays=arrays, x=x, options=options)


def _are_near(
    result: Returned,
    output: np.ndarray,
    lengths: np.ndarray | None,
    steps: int | None,
) -> bool:
    """Whether the valid steps of a result are those of an output, (batch, time, size).

    If a number of steps is given, the first so many.
    """
    computed = result["output"]
    if lengths is not None:
        computed = np.where(valid_steps(computed, lengths), computed, 0)
    return near(computed[:, :steps], output[:, :steps])


def in_part(mistake: Mistake[EffectT], part: str) -> Mistake[EffectT]:
    """The mistake, with words that say that it is made in a part of a layer alone."""
    meant = mistake.meant
    if meant is not None:
        meant = {side: f"{text}, in {part} alone" for side, text in meant.items()}
    return replace(
        mistake,
        sentence=f"in {part} alone, {mistake.sentence}",
        torch=f"{mistake.torch}, in {part} alone",
        keras=f"{mistake.keras}, in {part} alone",
        meant=meant,
    )


def _in_stack(
    number: int, compute: Callable[[Call], Returned | None]
) -> Callable[[Call], Returned | None]:
    """What a stack returns whose layer of this number, from 0, computes otherwise."""

    def compute_stack(call: Call) -> Returned | None:
        x = call.x
        results = []
        for index, arrays in enumerate(_layers(call.arrays)):
            layer_call = _of_stack(call, index, arrays, x)
            result = compute(layer_call) if index == number else layer_call.run()
            if result is None:
                return None
            results.append(result)
            x = result["output"]  # (batch, time, size)
        whole = {"output": x}
        for state in results[-1]:
            if state != "output":
                states = [result[state] for result in results]
                whole[state] = np.concatenate(states)  # (number, batch, size)
        return whole

    return compute_stack


def _in_half(
    compute: Callable[[Call], Computed | None], half: Half
) -> Callable[[Call], Returned | None]:
    """What a layer returns of which one direction alone computes otherwise."""

    def compute_half(call: Call) -> Returned | None:
        right = call.run()
        mistaken = _fitting(compute(call), right)
        if mistaken is None:
            return None
        return _mixed(right, mistaken, half)

    return compute_half


def _fitting(result: Computed | None, right: Returned) -> Returned | None:
    """What a layer wrongly returns, if it has the shapes of what it should."""
    if not isinstance(result, Mapping) or not result:
        return None
    for name, array in right.items():
        if result[name].shape != array.shape:
            return None
    return result


def _mixed(right: Returned, wrong: Returned, half: Half) -> Returned:
    """The wrong result in one direction, and the right one in the other."""
    if half is None:
        return wrong
    mixed = {name: array.copy() for name, array in right.items()}
    size = right["output"].shape[2] // 2  # of one direction
    features = slice(half * size, (half + 1) * size)
    mixed["output"][..., features] = wrong["output"][..., features]
    for name in right:
        if name != "output":
            mixed[name][half] = wrong[name][half]
    return mixed


# --------------------------------------------------------------- the parts of a stack


def _number(name: str) -> int:
    """The number of the layer that an array is of, from 0; 0 for a cell."""
    ending = ENDING.search(name)
    return int(ending[1]) if ending else 0


def _is_backward(name: str) -> bool:
    """Whether an array is of a backward direction."""
    return name.endswith("_reverse")


def _layers(arrays: Arrays) -> list[dict[str, np.ndarray]]:
    """The arrays of each layer of a stack, under the names of a single layer."""
    layers: dict[int, dict[str, np.ndarray]] = {}
    for name, array in arrays.items():
        ending = "_l0_reverse" if _is_backward(name) else "_l0"
        single_name = ENDING.sub(ending, name)
        layers.setdefault(_number(name), {})[single_name] = array
    return [layers[number] for number in sorted(layers)]


def named_part(names: Sequence[str], arrays: Arrays, side: Side) -> str:
    """Some of a layer's arrays, in words.

    Args:
        names: of these arrays, as PyTorch has them.
        arrays: all arrays of the layer, by name.
        side: whose names are used, "torch" or "keras".
    """
    groups: dict[tuple[int, bool], list[str]] = {}  # of a layer and direction
    for name in arrays:
        groups.setdefault((_number(name), _is_backward(name)), []).append(name)
    num_layers = 1 + max(number for number, _ in groups)
    has_backward = any(backward for _, backward in groups)
    phrases = []
    for (number, backward), group in groups.items():
        half: Half = None
        if has_backward:
            half = 1 if backward else 0
        place = _words(number, half, num_layers)
        chosen = [name for name in group if name in names]
        if len(chosen) == len(group):
            phrases.append(place)
        elif side == "torch":
            phrases += chosen
        elif chosen:
            phrases.append(_in_keras(chosen, place))
    return listed(phrases)


def _in_keras(names: Sequence[str], place: str) -> str:
    """Arrays of one layer and direction as Keras calls them, and where they are."""
    roots = [ENDING.sub("", name) for name in names]
    keras_names = dict.fromkeys(KERAS.get(root, "bias") for root in roots)  # each once
    phrase = listed(list(keras_names))
    return f"{phrase} of {place}" if place else phrase


def _words(number: int, half: Half, num_layers: int) -> str:
    """A layer of a stack, a direction of it, or both; nothing where there is one."""
    phrases = []
    if half is not None:
        direction = "backward" if half == 1 else "forward"
        phrases.append(f"the {direction} direction")
    if num_layers > 1:
        ordinal = f"{number + 1}th"
        if number < len(ORDINALS):
            ordinal = ORDINALS[number]
        phrases.append(f"the {ordinal} layer")
    return " of ".join(phrases)
