"""Arrays that hold the right numbers in another order, or changed alike.

This is for any kind of layer, the user's own classes too: the numbers themselves tell.
Each side is looked at in its own layout, so that the line which mends an array can be
pasted there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compare.diagnosing.finding import Reading
from compare.diagnosing.in_layers.elsewhere import Elsewhere
from compare.diagnosing.in_layers.folded import folded
from compare.diagnosing.in_layers.never_loaded import is_source
from compare.diagnosing.in_layers.own_layout import (
    OwnArrays,
    in_own_layout,
    lines_of_transfer,
)
from compare.diagnosing.isolated import Isolated
from compare.judging.explanation import listed
from compare.judging.result import OTHER, SIDES
from compare.kinds.fresh import is_fresh, is_unrelated_and_fresh
from compare.kinds.layer import Arrays
from compare.mistakes.arrangements.one_array import (
    Blocks,
    Wrong,
    have_nothing_in_common,
    what_is_wrong,
)
from compare.mistakes.arrangements.orders import are_alike, order_of
from compare.mistakes.arrangements.words import in_words


@dataclass(frozen=True)
class _Cause:
    """What is wrong with one array.

    Args:
        sentence: the end of a sentence that the array's name begins.
        fix: what to write.
        is_certain: whether the right numbers make every number that is held; numbers
            that only look as if a framework drew them are not certain.
    """

    sentence: str
    fix: str
    is_certain: bool = True


def arranged(
    layer: str, kind: str, isolated: Isolated, elsewhere: Elsewhere
) -> tuple[list[Reading], str]:
    """Say what makes a side's arrays of a layer out of what they should be.

    Args:
        layer: its name; its arrays differ.
        kind: of the layer, that of a cell's layer for a cell.
        isolated: the twins at work.
        elsewhere: the arrays of all layers.

    Returns:
        A reading for each side on which all arrays that differ are explained; and
        where there is none, what is known of some of them, as the end of a sentence.
    """
    certain, uncertain = [], []
    partly = ""
    for side in SIDES:
        arrays = in_own_layout(layer, kind, side, isolated)
        if arrays is None or not arrays.unlike:  # float32's rounding alone
            continue
        causes = _Search(layer, arrays, isolated, elsewhere).causes()
        unexplained = [name for name in arrays.unlike if name not in causes]
        place = f"{isolated.name(layer, side)} of {SIDES[side]}"
        sentences = _grouped(arrays, causes)
        if not unexplained:
            fixes = dict.fromkeys(cause.fix for cause in causes.values())
            fix = "; ".join(fixes)
            lines = lines_of_transfer(layer, side, isolated)
            transfer = [lines[name] for name in causes if name in lines]
            if transfer:
                fix += (
                    f" (made of {SIDES[OTHER[side]]}'s arrays, {'; '.join(transfer)})"
                )
            if side == "keras":
                sentences = isolated.with_parts(layer, sentences)
                fix = isolated.with_parts(layer, fix)
            reading = Reading(side, (), f"in {place}, {sentences}", f"{place}: {fix}")
            if all(cause.is_certain for cause in causes.values()):
                certain.append(reading)
            else:
                uncertain.append(reading)
        elif causes and not partly:
            partly = f" in {listed(unexplained)}, though in {place} {sentences}"
    readings = certain or uncertain
    if readings:
        partly = ""
    return readings, partly


def _grouped(arrays: OwnArrays, causes: Mapping[str, _Cause]) -> str:
    """What is wrong, once for all arrays of which it is the same."""
    names: dict[str, list[str]] = {}
    for name, cause in causes.items():
        names.setdefault(cause.sentence, []).append(arrays.shown(name))
    texts = []
    for sentence, group in names.items():
        subject = group[0] if len(group) == 1 else f"each of {listed(group)}"
        texts.append(f"{subject} {sentence}")
    return ", and ".join(texts)


class _Search:
    """What is wrong with the arrays of one layer on one side.

    Args:
        layer: its name.
        arrays: its arrays on that side.
        isolated: the twins at work.
        elsewhere: the arrays of the other layers, which may be mistaken for these.
    """

    def __init__(
        self, layer: str, arrays: OwnArrays, isolated: Isolated, elsewhere: Elsewhere
    ) -> None:
        self._layer, self._own = layer, arrays
        self._isolated, self._elsewhere = isolated, elsewhere

    def causes(self) -> dict[str, _Cause]:
        """What is wrong with each array that differs, where that is known, by name."""
        arrays = self._own
        causes: dict[str, _Cause] = {}
        blocks: Blocks | None = None
        # A small array fits many orders: what explains the large ones comes first.
        for name in sorted(arrays.unlike, key=lambda name: -arrays.held[name].size):
            cause = self._of_another(name)
            if cause is None:
                wrong = what_is_wrong(
                    arrays.held[name],
                    arrays.right[name],
                    arrays.axes(name),
                    arrays.letters,
                    blocks,
                )
                if wrong is not None:
                    blocks = blocks or wrong.blocks
                    cause = self._cause(name, wrong)
            cause = cause or self._of_another_order(name) or self._fresh(name)
            if cause is not None:
                causes[name] = cause
        if len(causes) < len(arrays.unlike):
            for name, (sentence, fix) in folded(
                self._layer, arrays.side, self._isolated
            ).items():
                if name in arrays.unlike:
                    causes.setdefault(name, _Cause(sentence, fix))
        return {name: causes[name] for name in arrays.unlike if name in causes}

    def _cause(self, name: str, wrong: Wrong) -> _Cause:
        """What is wrong with an array, with the line that mends it."""
        fix = f"set {name} again"
        if wrong.mend:
            expression = self._own.expression(name)
            count = wrong.mend.count("{}")
            fix = self._own.assigned(name, wrong.mend.format(*[expression] * count))
        return _Cause(wrong.sentence, fix)

    def _of_another(self, name: str) -> _Cause | None:
        """An array of this layer that stands in the place of another as it is."""
        arrays = self._own
        for source, array in arrays.right.items():
            if source == name or _is_constant(array):
                continue
            if not are_alike(arrays.held[name], array):
                continue
            sentence = f"holds what belongs in {arrays.shown(source)}"
            fix = f"set {name} to its own numbers"
            if are_alike(arrays.held[source], arrays.right[name]):
                former, latter = sorted((name, source))
                fix = f"{former}, {latter} = {latter}, {former}"
            return _Cause(sentence, fix)
        return None

    def _of_another_order(self, name: str) -> _Cause | None:
        """An array that holds what belongs in another one, in whatever order."""
        arrays = self._own
        held = arrays.held[name]
        for source, array in arrays.right.items():
            if source == name or array.size != held.size:
                continue
            order = order_of(held, array)
            if order is not None:
                words = in_words(order, arrays.axes(source), arrays.letters)
                sentence = f"holds what belongs in {arrays.shown(source)} and {words}"
                return _Cause(sentence, f"{source} = {order.code(name)}")
        source_elsewhere = self._elsewhere.source(held, arrays.side, self._layer)
        if source_elsewhere is None:
            return None
        place = self._isolated.name(source_elsewhere.layer, arrays.side)
        sentence = f"holds what belongs in {source_elsewhere.name} of {place}"
        if source_elsewhere.order is not None:
            axes = source_elsewhere.arrays.axes(source_elsewhere.name)
            words = in_words(
                source_elsewhere.order, axes, source_elsewhere.arrays.letters
            )
            sentence = f"{sentence} and {words}"
        return _Cause(sentence, f"set {name} to its own numbers")

    def _fresh(self, name: str) -> _Cause | None:
        """A matrix that its framework made, where others of the layer are right."""
        arrays = self._own
        if len(arrays.unlike) == len(arrays.held) or arrays.held[name].ndim != 2:
            return None
        if not have_nothing_in_common(arrays.held[name], arrays.right[name]):
            return None
        right: Arrays = {"weight": arrays.right[name]}
        if is_source(arrays.side, self._isolated) and not is_fresh(right, arrays.side):
            return None
        if is_unrelated_and_fresh(right, {"weight": arrays.held[name]}, arrays.side):
            sentence = "still holds the numbers that it was made with"
            return _Cause(sentence, f"set {name}", is_certain=False)
        return None


def _is_constant(array: np.ndarray) -> bool:
    """Whether an array holds one number alone, such as zeros."""
    return bool((array == array.flat[0]).all()) if array.size else True
