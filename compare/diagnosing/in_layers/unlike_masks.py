"""Which pairs of a query and a key one side's attention hides, and the other does not.

Looked at where no mistake of the library makes the one mask of the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compare.diagnosing.finding import Reading, worded
from compare.diagnosing.wordings import PLACES, Wording
from compare.judging.result import OTHER, SIDES
from compare.judging.words import Side

Masks = Mapping[Side, np.ndarray]


def unlike_masks(masks: Masks, names: Mapping[Side, str]) -> tuple[Reading, ...]:
    """Say which side hides what; the side that hides nothing comes first.

    Args:
        masks: of either side, (batch or 1, heads or 1, time, source), True where a
            query sees a key.
        names: what the user of each side calls the layer.
    """
    torch, keras = np.broadcast_arrays(masks["torch"], masks["keras"])
    counts = _counting(torch, keras)
    torch_band, keras_band = _Band.of(torch, counts), _Band.of(keras, counts)
    bands: dict[Side, _Band | None] = {"torch": torch_band, "keras": keras_band}
    shown: dict[Side, np.ndarray] = {"torch": torch, "keras": keras}
    for side in SIDES:
        right, band = shown[OTHER[side]], bands[OTHER[side]]
        is_padding_alone = bool(shown[side][counts].all())
        hides_less = bool((shown[side] >= right).all())
        if band is not None and is_padding_alone and hides_less:
            return _forgotten(side, band, shown, names)
    hidden: dict[Side, str] = {}
    fixes = []
    for side in SIDES:
        band = bands[side]
        hidden[side] = "other pairs of query and key"
        if band is not None:
            hidden[side] = band.hidden
        elif shown[side][counts].all():
            hidden[side] = "no steps but padding"
        place = f"{PLACES[side]} of {SIDES[side]}"
        fix = _fix(side, bands[OTHER[side]], shown[OTHER[side]])
        fixes.append(f"{place}: {fix}")
    if hidden["torch"] == hidden["keras"]:
        what = _first_pair(torch, keras)
    else:
        what = f"PyTorch's hides {hidden['torch']}, Keras's hides {hidden['keras']}"
    sentence = f"in {PLACES['torch']}, the attention masks are not the same: {what}"
    wording = Wording(sentence, f"either {' or '.join(fixes)}")
    return (worded("", (), wording, names),)


def _forgotten(
    side: Side, hiding: _Band, shown: Masks, names: Mapping[Side, str]
) -> tuple[Reading, ...]:
    """A mask is missing on a side; or it should not be on the other one.

    Args:
        side: that hides no steps, unless they are padding.
        hiding: what the other side hides.
        shown: the masks of both sides, of one shape.
        names: what the user of each side calls the layer.
    """
    opposite = OTHER[side]
    place = f"{PLACES[side]} of {SIDES[side]}"
    other_place = f"{PLACES[opposite]} of {SIDES[opposite]}"
    missing = Wording(
        f"in {place}, the attention mask is forgotten that hides {hiding.hidden}",
        f"{place}: {_fix(side, hiding, shown[opposite])}",
    )
    too_much = Wording(
        f"in {other_place}, queries do not see {hiding.hidden}, which they should",
        f"{other_place}: {_fix(opposite, None, shown[side])}",
    )
    return (
        worded(side, (), missing, {side: names[side]}),
        worded(opposite, (), too_much, {opposite: names[opposite]}),
    )


@dataclass(frozen=True)
class _Band:
    """A mask by which a query sees keys by how far they are from it.

    Args:
        first: the least `query - key` that is seen; None where none is too small.
        last: the largest; None where none is too large.
        is_inside: whether what lies between is hidden, not what lies beyond.
    """

    first: int | None
    last: int | None
    is_inside: bool = False

    @classmethod
    def of(cls, mask: np.ndarray, counts: np.ndarray) -> _Band | None:
        """The band that a mask is; None where it is none, or hides nothing.

        Args:
            mask: (batch, heads, time, source), True where a query sees a key.
            counts: of the same axes; pairs that are no padding.
        """
        time, source = mask.shape[-2:]
        distances = np.arange(time)[:, None] - np.arange(source)
        seen: dict[int, bool] = {}
        for distance in range(1 - source, time):
            is_there = counts & (distances == distance)
            if not is_there.any():
                continue
            values = mask[is_there]
            if values.any() != values.all():
                return None
            seen[distance] = bool(values.all())
        for is_inside in (False, True):
            inside = [d for d, is_seen in seen.items() if is_seen != is_inside]
            if not inside or len(inside) == len(seen):
                continue
            low, high = inside[0], inside[-1]
            if [d for d in seen if low <= d <= high] == inside:
                distances_seen = list(seen)
                return cls(
                    None if low == distances_seen[0] else low,
                    None if high == distances_seen[-1] else high,
                    is_inside,
                )
        return None

    @property
    def hidden(self) -> str:
        """The steps that are hidden, in words."""
        first, last = self.first, self.last
        if self.is_inside:
            if first == last == 0:
                return "a query's own step"
            return f"the steps for which {first} <= query - key <= {last}"
        if first is not None and last is not None:
            if first == -last:
                return f"steps farther than {last} from the query's own"
            return f"{_later(-first)}, and {_earlier(last)}"
        return _later(-first) if first is not None else _earlier(last or 0)

    def written(self, side: Side) -> str:
        """The argument that gives attention this mask."""
        limits = []
        if self.first is not None:
            limits.append(f"(i[:, None] - i >= {self.first})")
        if self.last is not None:
            limits.append(f"(i[:, None] - i <= {self.last})")
        condition = " & ".join(limits)
        if len(limits) > 1:
            condition = f"({condition})"
        if self.is_inside == (side == "keras"):
            condition = f"~{condition}"
        if side == "torch":
            return f"attn_mask={condition}, with i = torch.arange(time)"
        return (
            f"attention_mask=({condition})[None], with i = numpy.arange(time): "
            "(1, queries, keys), True where a query sees a key"
        )


def _later(steps: int) -> str:
    """The steps more than so many after a query's own, in words."""
    if steps == 0:
        return "later steps"
    if steps == -1:
        return "a query's own step and later ones"
    if steps < -1:
        return f"all but the steps at least {-steps} before the query's own"
    return f"steps more than {steps} after the query's own"


def _earlier(steps: int) -> str:
    """The steps more than so many before a query's own, in words."""
    if steps == 0:
        return "earlier steps"
    if steps == -1:
        return "a query's own step and earlier ones"
    if steps < -1:
        return f"all but the steps at least {-steps} after the query's own"
    return f"steps more than {steps} before the query's own"


def _counting(torch: np.ndarray, keras: np.ndarray) -> np.ndarray:
    """Pairs that are no padding of either side, (batch, heads, time, source).

    A query that sees no key, and a key that is hidden from all queries, may be padding.
    """
    counts = np.ones(torch.shape, dtype=bool)
    for mask in (torch, keras):
        counts &= mask.any(axis=-1, keepdims=True) & mask.any(axis=-2, keepdims=True)
    return counts


def _first_pair(torch: np.ndarray, keras: np.ndarray) -> str:
    """How many pairs are hidden on one side alone, and which is the first."""
    unlike = torch != keras
    sample, _, query, key = np.argwhere(unlike)[0]
    side = "PyTorch" if keras[tuple(np.argwhere(unlike)[0])] else "Keras"
    return (
        f"{unlike.sum()} of {unlike.size} pairs of query and key are hidden on one "
        f"side alone, the first, query {query} and key {key} of sample {sample}, in "
        f"{side}"
    )


def _fix(side: Side, right: _Band | None, mask: np.ndarray) -> str:
    """What a side gives its attention to hide what the other side hides.

    Args:
        side: whose mask is changed.
        right: what the other side hides, where that is a band.
        mask: of the other side.
    """
    if mask.all():
        return "give no attention mask"
    has_padding = not mask.any(axis=-2).all()
    if right is None and bool((mask == mask.any(axis=-2, keepdims=True)).all()):
        return "give a mask of the padding alone"
    if right is not None:
        padding = ", and hide the padding too" if has_padding else ""
        return f"{right.written(side)}{padding}"
    if side == "torch":
        return "attn_mask, True where the attention of Keras hides a key from a query"
    return (
        "attention_mask as (batch, queries, keys), True where the attention of PyTorch "
        "shows a key to a query"
    )
