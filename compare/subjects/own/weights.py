"""The weights that a user's two models are judged with; loads both frameworks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from compare.errors import BadInput, command
from compare.in_keras.leaves import leaves
from compare.in_keras.names import unnamed
from compare.in_keras.variables import variables
from compare.judging.words import PRECISIONS, Direction, Side
from compare.kinds.layer import Layer
from compare.listing import bounded
from compare.matching.rewriting import placeholder, plan, rewrite, step_arrays, sums
from compare.subjects.own.models import is_live
from compare.subjects.own.pair import OwnPair

# PyTorch comes first.
from compare.twins.frameworks import DIRECTIONS, FRAMEWORKS, LAYERS, MODELS
from compare.twins.orders import in_own_order
from compare.twins.twins import Twins
from compare.twins.weights import load_random

AS_IS, RANDOM = "as is", "random"  # beside the directions of a transfer
UNITS_OF_SHARES = 2  # in the last place of float32: each share is half of one off

NOT_COMPARED = (
    "Random weights were compared, not those that the two functions load: transfer = "
    "None in the pair file compares these as well."
)


def loads(
    pair: OwnPair, twins: Twins, notes: list[str], unlike: list[str] | None = None
) -> dict[str, Callable[[Twins], None]]:
    """What gives the twins their weights: the user's own, then random ones.

    Random ones show what weights as they are may hide, such as a bias of zero.

    Args:
        pair: whose weights.
        twins: what gets them.
        notes: gets which weights are the same but for rounding.
        unlike: gets which are not, for when the models are the same all the same.

    Returns:
        By direction, a function that takes the twins.
    """
    random = partial(_drawn, direction="to_keras", seed=pair.seed)
    if pair.transfer == RANDOM:
        if all(_are_fixed(twins, side) for side in FRAMEWORKS):
            notes.append(NOT_COMPARED)
        return {
            "to_keras": random,
            "to_torch": partial(_drawn, direction="to_torch", seed=pair.seed),
        }
    loads: dict[str, Callable[[Twins], None]] = {}
    for direction in DIRECTIONS:
        if pair.transfer == direction:
            loads[direction] = partial(_transferred, direction=direction, pair=pair)
    if not loads:
        loads[AS_IS] = partial(_as_they_are, pair=pair, notes=notes, unlike=unlike)
    if not twins.only32 and twins.is_whole:
        loads[RANDOM] = random
        without_rule = _without_rule(twins)
        if without_rule and AS_IS in loads:
            del loads[RANDOM]
            notes.append(
                f"There is no rule by which the weights of {bounded(without_rule)} "
                "could be moved, so the models are judged with the weights that they "
                "have, and with no others."
            )
    return loads


def _without_rule(twins: Twins) -> list[str]:
    """The layers of PyTorch from whose weights no rule makes those of their twins.

    Their arrays may have other sizes, as with windows of 1 x 5 and of 5 x 1.
    """
    if not all(twins.of_side(side) for side in FRAMEWORKS):  # one refuses its input
        return []
    precision = twins.precisions[0]
    torch_layers, keras_layers = (
        LAYERS[side].held(twins.model(side, precision)) for side in FRAMEWORKS
    )
    names = []
    for name in torch_layers.keys() & keras_layers.keys():
        layer, twin = {name: torch_layers[name]}, {name: keras_layers[name]}
        try:
            for step in plan(layer, twin, "to_keras", strict=False):
                step_arrays(step, [placeholder(tensor) for tensor in step.inputs])
        except BadInput:
            names.append(name)
    return names


def _drawn(twins: Twins, direction: Direction, seed: int) -> None:
    """Give the twins random weights, also one in float64 that has no counterpart.

    Those of the directions are drawn apart: what a bias hides that is above zero, one
    below may show.
    """
    load_random(twins, direction, [seed, [*DIRECTIONS].index(direction)])
    if twins.only32:
        _widen(twins, FRAMEWORKS)


def _widen(twins: Twins, sides: Iterable[Side]) -> None:
    """Give the twins of these sides in float64 the weights of those in float32."""
    for side in sides:
        if "float64" in twins.of_side(side):
            source, target = (twins.model(side, p) for p in PRECISIONS)
            MODELS[side].copy_numbers(source, target)


def _are_fixed(twins: Twins, side: Side) -> bool:
    """Whether the models of a side, made one by one, have the same weights.

    These are loaded from a file, or drawn with a seed.
    """
    by_precision = []
    for twin in twins.of_side(side).values():
        arrays = []
        for layer in LAYERS[side].layers(twin.model).values():
            arrays += [array.astype(np.float32) for array in layer.arrays.values()]
        by_precision.append(arrays)
    if len(by_precision) < 2 or all(np.ptp(array) == 0 for array in by_precision[0]):
        return False  # constants are the same in every model
    return all(map(np.array_equal, *by_precision))


def _made_anew(pair: OwnPair) -> list[Side]:
    """The sides whose model is made for each precision, each time with new weights."""
    return [side for side, model in pair.models.items() if not is_live(side, model)]


def _transferred(twins: Twins, direction: Direction, pair: OwnPair) -> None:
    """Give the weights of one model to its twin, in copies of both.

    Raises:
        BadInput: if a model cannot be copied, and would be changed itself.
    """
    for side, model in pair.models.items():
        if unnamed(twins.model(side, "float32")) is model:
            raise BadInput(
                f"{pair.name}: expected models that can be copied, since the weights "
                "of one are to be transferred and your own model stays as it is, got "
                f"one that cannot ({'; '.join(twins.only32.values())}); write a pair "
                f"file: {command()} new my_pair.py"
            )
    _widen(twins, _made_anew(pair))
    for precision in twins.precisions:
        twins.transfer(direction, precision)
    if twins.only32:
        _widen(twins, FRAMEWORKS)


def _as_they_are(
    twins: Twins, pair: OwnPair, notes: list[str], unlike: list[str] | None
) -> None:
    """Judge a parameter that is its counterpart rounded to float32 with its value.

    Args:
        twins: with their own weights; Keras's model in float64 gets those of
            PyTorch's model.
        pair: whose models they are.
        notes: gets which parameters are rounded.
        unlike: gets which are farther off.
    """
    _widen(twins, _made_anew(pair))
    if twins.only32:
        return
    torch, keras = (twins.model(side, "float64") for side in FRAMEWORKS)
    keras_layers, torch_layers = _read("keras", keras), _read("torch", torch)
    weights: dict[str, dict[str, np.ndarray]] = {}
    rounded: dict[str, int] = {}  # how many numbers, by array
    apart: dict[str, float] = {}  # how far the others are, by array
    for name in keras_layers.keys() & torch_layers.keys():
        torch_layer, keras_layer = torch_layers[name], keras_layers[name]
        moved = in_keras_layout(name, torch_layer, keras_layer)
        for key, value in in_own_order(moved, pair.orders.get(name, {})).items():
            array = keras_layer.arrays[key]
            if np.array_equal(array, value):
                continue
            is_sum = _is_sum(name, key, torch_layer, keras_layer)
            is_rounded = (array != value) & _is_rounded(array, value, is_sum)
            is_apart = (array != value) & ~is_rounded
            if is_rounded.any():
                weights.setdefault(name, dict(keras_layer.arrays))
                weights[name][key] = np.where(is_rounded, value, array)
                rounded[f"{name}.{key}"] = int(is_rounded.sum())
            # Of a layer by hand it is a guess which array is which.
            is_guess = torch_layer.by_hand or keras_layer.by_hand
            if is_apart.any() and not is_guess:
                apart[f"{name}.{key}"] = float(np.abs(array - value).max())
    LAYERS["keras"].load(keras, weights)
    rounded |= _sums_of_layers_alone(twins)
    number = sum(rounded.values())
    words = f"{number} parameters of Keras are sums"
    counted = "count"
    if number == 1:
        words, counted = "1 parameter of Keras is a sum", "counts"
    note = (
        f"{words} of parameters of PyTorch, rounded to float32, and {counted} as the "
        f"same ({bounded(rounded)})."
    )
    if rounded and note not in notes:
        notes.append(note)
    if apart and unlike is not None:
        gaps = bounded(f"{name} by {gap:.1e}" for name, gap in apart.items())
        unlike.append(
            f"Keras's weights are not PyTorch's weights ({gaps}), which these inputs "
            "do not show: on others the models need not be the same."
        )


def _read(side: Side, model: Any) -> dict[str, Layer]:
    """The layers of a model with arrays that are not to be written to: no copies."""
    by_name = {}
    for name, layer in LAYERS[side].held(model).items():
        arrays = {key: LAYERS[side].read(held) for key, held in layer.arrays.items()}
        by_name[name] = replace(layer, arrays=arrays)
    return by_name


def _sums_of_layers_alone(twins: Twins) -> dict[str, int]:
    """Give biases that are rounded sums of two of PyTorch's biases these sums.

    A cell whose gates are layers of the model itself has no twin, and no rule tells
    which its biases are: their numbers do.

    Args:
        twins: with both in float64, and with the weights that the models came with.

    Returns:
        How many numbers were rounded, by the name of the array.
    """
    if twins.is_whole:
        return {}
    torch = LAYERS["torch"].layers(twins.model("torch", "float64"))
    biases = []
    for name in twins.alone["torch"]:
        for array in torch[name].arrays.values():
            if array.ndim == 1:
                biases.append(array.astype("float64"))
    by_name = leaves(unnamed(twins.model("keras", "float64")))
    rounded = {}
    for name in twins.alone["keras"]:
        if name not in by_name:
            continue
        for key, variable in variables(by_name[name]).items():
            array = variable.numpy()
            for bias, partner in combinations(biases, 2):
                if array.shape != bias.shape or array.shape != partner.shape:
                    continue
                total = bias + partner
                unequal = array != total
                if unequal.any() and _is_rounded(array, total, True).all():
                    LAYERS["keras"].write(variable, total)
                    rounded[f"{name}.{key}"] = int(unequal.sum())
    return rounded


def in_keras_layout(name: str, torch: Layer, keras: Layer) -> Mapping[str, np.ndarray]:
    """The arrays of a layer of PyTorch as its twin would have them.

    None where there is no rule for them: then nothing is known of rounding.
    """
    try:
        arrays, _ = rewrite({name: torch}, {name: keras}, "to_keras", strict=False)
    except BadInput:
        return {}
    return arrays[name]


def _is_sum(name: str, key: str, torch: Layer, keras: Layer) -> bool:
    """Whether an array of Keras's layer is the sum of two of PyTorch's."""
    return any(row.keras == key for row in sums({name: torch}, {name: keras}))


def _is_rounded(array: np.ndarray, value: np.ndarray, is_sum: bool) -> np.ndarray:
    """Where numbers are others rounded to float32.

    Whoever splits a bias in two shares rounds each of them, and so their sum.

    Args:
        array: the numbers, in float64.
        value: what they may be rounded from, of the same shape.
        is_sum: whether that is a sum of two arrays.
    """
    if not is_sum:
        return array == value.astype(np.float32)
    unit = np.spacing(np.abs(array).astype(np.float32)).astype(np.float64)
    return np.abs(array - value) <= UNITS_OF_SHARES * unit
