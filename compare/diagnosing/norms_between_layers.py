"""Norms that stand elsewhere in a block by hand, by what its layers are given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from compare.diagnosing.finding import Finding, Reading
from compare.diagnosing.isolated import Isolated
from compare.diagnosing.norm_places import OF_SUBLAYERS, written
from compare.judging.distances import near
from compare.judging.explanation import listed
from compare.judging.result import OTHER, SIDES
from compare.judging.words import Side
from compare.kinds import NORMALISATION
from compare.kinds.mistake import JoinedInput, LayerInput
from compare.kinds.names import plain
from compare.mistakes.anatomy import Anatomy


@dataclass(frozen=True)
class _Moved:
    """A norm before a sublayer on one side, after the sublayer's residual on the other.

    Args:
        norm: its name.
        begin: the layers with which the sublayer begins, such as three projections.
    """

    norm: str
    begin: tuple[str, ...]

    @property
    def places(self) -> tuple[str, ...]:
        """The layers that are given something else where the norm has moved."""
        return self.norm, *self.begin


def norms_between_layers(
    isolated: Isolated, findings: Sequence[Finding]
) -> list[Finding]:
    """Say that norms stand elsewhere in a block that both users wrote.

    Args:
        isolated: the twins at work.
        findings: what is found without; those of other places stay.

    Returns:
        None of them where no norm has moved so. The first finding has the words, and
        those after it cure the other places that the order of norms reaches.
    """
    for side, anatomy in isolated.anatomies.items():
        moved = list(_moved(anatomy, isolated.anatomies[OTHER[side]]))
        if moved:
            cures = _cures(moved, isolated, _reading(moved, side, isolated))
            cured = {finding.following for finding in cures}
            norms = set(_places(moved))
            elsewhere = []
            for finding in findings:
                reached = finding.following in cured or (
                    finding.following is None and finding.layer in norms
                )
                if not reached:
                    elsewhere.append(finding)
            return [*cures, *elsewhere]
    return []


def _moved(before: Anatomy, after: Anatomy) -> Iterator[_Moved]:
    """Yield the norms that one side has before a sublayer, and the other after it."""
    for norm, kind in before.kinds.items():
        normed = before.layer_outputs.get(norm)
        if plain(kind) not in NORMALISATION or normed is None:
            continue
        begin = [
            name
            for name, x in before.layer_inputs.items()
            if name in before.kinds and near(x, normed)
        ]
        if begin and _follows(norm, begin[0], after):
            x = after.layer_inputs[begin[0]]
            alike = [name for name in begin if near(after.layer_inputs.get(name), x)]
            yield _Moved(norm, tuple(alike))


def _places(moved: Sequence[_Moved]) -> list[str]:
    """The layers that are given something else where norms have moved."""
    places: list[str] = []
    for move in moved:
        places += move.places
    return places


def _follows(norm: str, begin: str, anatomy: Anatomy) -> bool:
    """Whether a norm is given what a sublayer is given, and what it makes, added."""
    total, x = anatomy.layer_inputs.get(norm), anatomy.layer_inputs.get(begin)
    if total is None or x is None or total.shape != x.shape:
        return False
    return any(
        output.shape == x.shape and near(x + output, total)
        for output in anatomy.layer_outputs.values()
    )


def _reading(moved: Sequence[_Moved], before: Side, isolated: Isolated) -> Reading:
    """The order of the norms in words; one side has them before their sublayers."""
    names = listed([place.norm for place in moved])
    after = OTHER[before]
    sentence = (
        f"the norms {names} stand {OF_SUBLAYERS['before']}, in {SIDES[before]}, "
        f"{OF_SUBLAYERS['after']} in {SIDES[after]}"
    )
    fix = (
        f"either {SIDES[before]}: write {written('after', 'sublayer')} or "
        f"{SIDES[after]}: write {written('before', 'sublayer')}"
    )
    return Reading("", (), sentence, fix)


def _cures(
    moved: Sequence[_Moved], isolated: Isolated, reading: Reading
) -> list[Finding]:
    """Give each norm, each sublayer and what comes after them what Keras gives it."""
    keras = isolated.keras
    every_name = list(isolated.torch.kinds)
    names = [name for name in keras.kinds if name in every_name]  # that both run
    places = _places(moved)
    last = max(names.index(name) for name in places)
    following = [
        name for name in names[last + 1 :] if name not in _inside(moved, keras)
    ]
    places = sorted({*places, *following[:1]}, key=every_name.index)
    cures = []
    for layer in places:
        x = keras.given_to(layer)
        if x is None:
            continue
        before = every_name[max(every_name.index(layer) - 1, 0)]
        cures.append(
            Finding(before, cure=LayerInput(x), following=layer, is_repeated=True)
        )
    if not following and keras.result is not None:
        result = keras.result

        def join(output: object) -> np.ndarray:
            return result

        cures.append(Finding(every_name[-1], cure=JoinedInput(join), is_repeated=True))
    norm, cure = moved[0].norm, cures[0]
    finding = Finding(norm, (reading,), cure=cure.cure, following=cure.following)
    return [finding, *cures[1:]]


def _inside(moved: Sequence[_Moved], keras: Anatomy) -> set[str]:
    """The layers of the last sublayer, which follow its first one or its norm."""
    names = list(keras.kinds)
    begin = max((place.begin[-1] for place in moved), key=names.index)
    x = keras.layer_inputs[begin]
    start, inside = names.index(begin), set()
    for name in names[start:]:
        inside.add(name)
        output = keras.layer_outputs.get(name)
        if output is not None and output.shape == x.shape:
            return inside
    return inside
