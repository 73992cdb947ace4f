"""What attention makes of its queries, keys and masks, where it should make another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from compare.diagnosing.finding import Finding, finding_in_layer, known_mistakes
from compare.diagnosing.in_layers.options import unlike_options
from compare.diagnosing.in_layers.unlike_masks import unlike_masks
from compare.diagnosing.isolated import Isolated
from compare.diagnosing.seeing import attends, of_seeing, seeing
from compare.judging.distances import near
from compare.judging.result import OTHER, SIDES
from compare.judging.words import Side
from compare.kinds.attention import arguments_of, given
from compare.kinds.computing import Computed
from compare.kinds.mistake import Call, Computation
from compare.mistakes import Mistake

BLIND = "padded queries see nothing"

Suspects = Sequence[tuple[Side, Mistake[Computation]]]


def attending(layer: str, isolated: Isolated) -> Iterator[Finding]:
    """What is made otherwise of the same weights: by settings, masks or what is given.

    Args:
        layer: its name; attention, seen on both sides.
        isolated: the twins at work.
    """
    relayed = isolated.relayed
    if layer not in relayed.kinds or layer not in relayed.layer_outputs:
        return  # PyTorch refuses before it comes to the layer
    work = _AtWork(layer, isolated)
    if not work.differs:
        return
    own_mistakes = work.own_mistakes()
    if own_mistakes:
        yield finding_in_layer(layer, isolated, own_mistakes, work.cure(own_mistakes))
        return
    if work.unknown_side is not None:
        unknown = f"{SIDES[work.unknown_side]}'s layer computes something unknown"
        yield Finding(layer, unknown=f"{unknown} of its input")
        return
    of_call = work.mistakes_of_call()
    if of_call:
        yield finding_in_layer(layer, isolated, of_call, work.cure(of_call))
        return
    unlike = unlike_options(layer, isolated)
    masks = work.unlike_masks()
    if unlike:
        yield from unlike
    elif masks is not None:
        names = {side: isolated.name(layer, side) for side in SIDES}
        yield Finding(layer, unlike_masks(masks, names), cure=work.cure(()))
    elif work.unlike_arguments:
        words = ", ".join(work.unlike_arguments)
        unknown = f"what the attention is given differs: {words}"
        yield Finding(layer, unknown=unknown)
    elif near(work.calls["torch"].x, work.calls["keras"].x):
        unknown = "what is made of the same input and weights is not the same"
        yield Finding(layer, unknown=unknown)


class _AtWork:
    """Attention at work on both sides, with Keras's weights.

    PyTorch's layer is given what the layers of Keras before it hand on. Of a query that
    sees no key nothing is expected: each framework, and each way to write a mask, makes
    something else of it.
    """

    def __init__(self, layer: str, isolated: Isolated) -> None:
        torch, keras = isolated.relayed, isolated.keras
        self.calls: Mapping[Side, Call] = {
            "torch": of_seeing(torch.call(layer)),
            "keras": of_seeing(keras.call(layer)),
        }
        self._outputs: dict[Side, np.ndarray] = {
            "torch": torch.layer_outputs[layer],
            "keras": keras.layer_outputs[layer],
        }
        self._right = {
            side: attends(call.run(), self._outputs[side])
            for side, call in self.calls.items()
        }
        self._counting = seeing(self.calls["keras"])
        self._weights = isolated.weights["keras"][layer]

    @property
    def differs(self) -> bool:
        """Whether the sides make other things, weights apart."""
        if not all(self._right.values()):
            return True
        torch = replace(self.calls["torch"], arrays=self._weights)
        return not attends(torch.run(), self._outputs["keras"])

    @property
    def unknown_side(self) -> Side | None:
        """The first side that does not do what its settings and arguments say."""
        for side in SIDES:
            if not self._right[side]:
                return side
        return None

    def own_mistakes(self) -> Suspects:
        """Mistakes that make what a side makes of its own arguments."""
        suspects = []
        for side, call in self.calls.items():
            if self._right[side]:
                continue
            for mistake in known_mistakes(Computation, call.kind):
                if attends(mistake.effect.compute(call), self._outputs[side]):
                    suspects.append((side, mistake))
        return suspects

    def mistakes_of_call(self) -> Suspects:
        """Mistakes that make what a side makes, of the arguments of the other side.

        Those of all queries; if there are none, those of the queries that see a key in
        Keras, where padded ones see none.
        """
        return self._of_call(None) or self._of_call(self._counting)

    def _of_call(self, counting: np.ndarray | None) -> Suspects:
        """The same, where the queries that count are told, (batch, time)."""
        suspects = []
        names = [m.name for m in known_mistakes(Computation, self.calls["torch"].kind)]
        for side, opposite in OTHER.items():
            opposite_call = self.calls[opposite]
            options = {
                **self.calls[side].options,
                **arguments_of(opposite_call.options),
            }
            call = replace(self.calls[side], x=opposite_call.x, options=options)
            for mistake in known_mistakes(Computation, call.kind):
                computed = mistake.effect.compute(call)
                if mistake.name == BLIND and not self._is_blind(side, computed):
                    continue
                if attends(computed, self._outputs[side], counting):
                    suspects.append((side, mistake))
        # What is forgotten comes before what should not be there.
        return sorted(suspects, key=lambda suspect: names.index(suspect[1].name))

    def _is_blind(self, side: Side, computed: Computed | None) -> bool:
        """Whether a side's own mask hides all keys where a computation sees none.

        Args:
            side: whose mask is looked at.
            computed: (batch, time, features), NaN for queries that see no key.
        """
        sees = seeing(self.calls[side])
        if not isinstance(computed, np.ndarray) or sees is None:
            return False
        return not (np.isnan(computed).any(axis=-1) & sees).any()

    @property
    def unlike_arguments(self) -> list[str]:
        """The names of keys, values and masks that are not the same on both sides."""
        torch, keras = (arguments_of(call.options) for call in self.calls.values())
        unlike = []
        for name in torch:
            wrong, right = torch[name], keras[name]
            if wrong is None or right is None:
                if wrong is not right:
                    unlike.append(name)
            elif not _alike(wrong, right):
                unlike.append(name)
        return unlike

    def unlike_masks(self) -> dict[Side, np.ndarray] | None:
        """The masks, where they alone make the difference; else None.

        Returns:
            By side, each (batch or 1, heads or 1, time, source), True where a query
            sees a key.
        """
        if self.unlike_arguments != ["mask"]:
            return None
        torch, keras = self.calls["torch"], self.calls["keras"]
        options = {**torch.options, "mask": keras.options.get("mask")}
        call = replace(torch, arrays=self._weights, x=keras.x, options=options)
        if not attends(call.run(), self._outputs["keras"]):
            return None
        masks: dict[Side, np.ndarray] = {}
        for side, side_call in self.calls.items():
            mask = side_call.options.get("mask")
            if mask is None:
                key = given(side_call.options, "key", side_call.x)
                mask = np.ones((1, 1, side_call.x.shape[1], key.shape[1]), dtype=bool)
            masks[side] = mask
        return masks

    def cure(self, suspects: Suspects) -> Computation:
        """Make PyTorch's layer do what Keras's layer does."""
        weights, output = self._weights, self._outputs["keras"]
        keras = [mistake for side, mistake in suspects if side == "keras"]
        torch_is_right = self._right["torch"]

        def compute(call: Call) -> Computed | None:
            options = {**call.options, "blind": None}
            call = replace(call, arrays=weights, options=options)
            if keras:
                return keras[0].effect.compute(call)
            if not torch_is_right:
                result: Computed | None = call.run()
                return result
            if call.x.shape[:2] != output.shape[:2]:
                raise ValueError("a cure is made for the inputs that were looked at")
            return output

        return Computation(compute)


def _alike(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arguments are one, once they are brought to one shape."""
    try:
        a, b = np.broadcast_arrays(a, b)
    except ValueError:
        return False
    if a.dtype == bool:
        return bool((a == b).all())
    return near(a, b)
