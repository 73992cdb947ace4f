"""What is seen of a model at work, and which mistakes can be made in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from compare.judging.distances import near
from compare.kinds.mistake import (
    ACROSS,
    ACTIVATION,
    BETWEEN,
    LAYER,
    OUTPUTS,
    WEIGHTS,
    Call,
    Mistake,
    RecurrentOutput,
)
from compare.kinds.norms import EPSILONS, STATISTICS
from compare.mistakes.activations import ACTIVATIONS, NONE
from compare.mistakes.ways import RESULTS, WAYS


@dataclass(frozen=True)
class Anatomy:
    """What the layers of a model do on one input, in float64 and in order.

    Args:
        kinds: of the layers that hold arrays, by name, as they are computed.
        arrays: of each, by name.
        fed, made: what goes into each that is not recurrent, and what comes out, the
            features last; of those as well that hold no arrays, such as a softmax.
            What comes out is without the activation that Keras's layer may have inside.
        calls, handed: what goes into each that is recurrent, and what comes out.
        last: what comes out of the last layer that holds arrays, if an array.
        result: what the model returns first.
        results: all that it returns.
        epsilons: of each layer that normalises.
        orders: of recurrent layers whose mask leaves out steps before others, where
            each step was, (batch, time); what goes in and comes out is here as if they
            stood behind.
        moved: layers whose arrays the run itself changed.
        stacked: of recurrent layers that are several in Keras, what goes into each of
            them and what comes out.
    """

    kinds: Mapping[str, str]
    arrays: Mapping[str, Mapping[str, np.ndarray]]
    fed: Mapping[str, np.ndarray]
    made: Mapping[str, np.ndarray]
    calls: Mapping[str, Call]
    handed: Mapping[str, RecurrentOutput]
    last: np.ndarray | None
    result: np.ndarray
    results: tuple[np.ndarray, ...] = ()
    epsilons: Mapping[str, float] = field(default_factory=dict)
    orders: Mapping[str, np.ndarray] = field(default_factory=dict)
    moved: tuple[str, ...] = ()
    stacked: Mapping[str, list] = field(default_factory=dict)

    def behind(self, layer: str) -> str | None:
        """The layer that is computed next after one."""
        names = list(self.kinds)
        following = names[names.index(layer) + 1 :] if layer in names else ()
        return following[0] if following else None

    def given(self, layer: str) -> np.ndarray | None:
        """What goes into a layer, recurrent or not."""
        return self.calls[layer].x if layer in self.calls else self.fed.get(layer)

    def call(self, layer: str) -> Call:
        """A layer that is not recurrent at work."""
        epsilon = self.epsilons.get(layer)
        return Call(
            self.kinds[layer], self.arrays[layer], self.fed[layer], None, epsilon
        )


def applies(mistake: Mistake, layer: str, found: Anatomy) -> bool:
    """Whether a mistake can be made in a layer of this kind, shape and place."""
    if mistake.place == ACROSS or found.kinds[layer] not in mistake.kinds:
        return False
    if mistake.place == WEIGHTS:
        return mistake.change(found.arrays[layer]) is not None
    if mistake.place == LAYER:
        return _computes(mistake, layer, found)
    if mistake.place == BETWEEN:
        return _hands_on(mistake, layer, found)
    if mistake.place == ACTIVATION:
        made, given = found.made.get(layer), found.fed.get(found.behind(layer))
        return _goes_through(ACTIVATIONS, NONE, mistake.right, made, given)
    if layer != list(found.kinds)[-1]:
        return False
    if mistake.place == OUTPUTS:
        return mistake.change(found.results) is not None
    return _goes_through(RESULTS, "nothing", mistake.right, found.last, found.result)


def _goes_through(functions, nothing, right, made, given):
    """Whether a function takes what is made to what is given, and nothing does not."""
    if made is None or given is None or not near(functions[right](made), given):
        return False
    return right == nothing or not near(made, given)


def _computes(mistake, layer, found):
    """Whether a mistake can be made in what a layer computes."""
    if layer not in found.calls and not mistake.right:
        return mistake.change(found.call(layer)) is not None
    if layer not in found.calls:
        right = (EPSILONS | STATISTICS)[mistake.right](found.call(layer))
        return near(right, found.made.get(layer))
    call = found.calls[layer]  # its first step tells
    lengths = None if call.lengths is None else np.minimum(call.lengths, 1)
    return mistake.change(replace(call, x=call.x[:, :1], lengths=lengths)) is not None


def _hands_on(mistake, layer, found):
    """Whether a mistake can be made in what the next layer gets, or the caller."""
    behind = found.behind(layer)
    if layer not in found.handed:
        return False
    given = found.fed.get(behind) if behind else found.result
    sequence = found.handed[layer]
    if mistake.change(sequence) is None:
        return False
    return any(near(WAYS[right](sequence), given) for right in mistake.rights)
