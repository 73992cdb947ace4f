"""What is seen of a model at work, and which mistakes can be made in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from compare import kinds
from compare.judging.distances import near
from compare.kinds.mistake import (
    Activation,
    ArraysOfLayer,
    Call,
    Computation,
    Effect,
    FinalActivation,
    Handover,
    Mistake,
    RecurrentOutput,
    ResultOrder,
)
from compare.kinds.option import Options
from compare.mistakes.activations import ACTIVATIONS, NONE
from compare.mistakes.ways import RESULTS, WAYS


@dataclass(frozen=True)
class Anatomy:
    """What the layers of a model do on one input, in float64 and in order.

    Args:
        kinds: the kind of each layer that holds arrays, in the order of computation.
        arrays: the arrays of each, by name.
        layer_inputs, layer_outputs: what goes into each layer that is not recurrent,
            and what comes out, the features last; layers that hold no arrays, such as a
            softmax, included. What comes out is without the activation that a layer of
            Keras may have inside.
        recurrent_calls, recurrent_outputs: what goes into each recurrent layer, and
            what comes out.
        last: what comes out of the last layer that holds arrays, if an array.
        result: what the model returns first.
        results: all that it returns.
        options: the settings of each layer that is not recurrent, by the names of the
            kinds.
        orders: of recurrent layers whose mask leaves out steps before others, where
            each step was, (batch, time); what goes in and comes out is here as if they
            stood at the end.
        changed_by_run: layers whose arrays the run itself changed.
        stacked: of recurrent layers that are several in Keras, what goes into each of
            them and what comes out.
        cells: runs of recurrent cells, which are given one step, (batch, features).
        attended: of attention whose projections are layers of their own, what it is
            given beside its queries, by the layer that projects its output.
    """

    kinds: Mapping[str, str]
    arrays: Mapping[str, Mapping[str, np.ndarray]]
    layer_inputs: Mapping[str, np.ndarray]
    layer_outputs: Mapping[str, np.ndarray]
    recurrent_calls: Mapping[str, Call]
    recurrent_outputs: Mapping[str, RecurrentOutput]
    last: np.ndarray | None
    result: np.ndarray | None
    results: tuple[np.ndarray, ...] = ()
    options: Mapping[str, Options] = field(default_factory=dict)
    orders: Mapping[str, np.ndarray] = field(default_factory=dict)
    changed_by_run: tuple[str, ...] = ()
    stacked: Mapping[str, list[tuple[np.ndarray, np.ndarray]]] = field(
        default_factory=dict
    )
    cells: tuple[str, ...] = ()
    attended: Mapping[str, Options] = field(default_factory=dict)

    def following(self, layer: str) -> str | None:
        """The layer that is computed next after one."""
        names = list(self.kinds)
        following = names[names.index(layer) + 1 :] if layer in names else ()
        return following[0] if following else None

    def input_of(self, layer: str) -> np.ndarray | None:
        """What goes into a layer, recurrent or not."""
        if layer in self.recurrent_calls:
            return self.recurrent_calls[layer].x
        return self.layer_inputs.get(layer)

    def handed_on(self, layer: str) -> RecurrentOutput:
        """What a recurrent layer hands on, each step in its place again."""
        output = self.recurrent_outputs[layer]
        order, steps = self.orders.get(layer), output.with_masked
        if order is None or steps is None:
            return output
        in_place = np.zeros_like(steps)
        np.put_along_axis(in_place, order[..., None], steps, axis=1)
        return replace(output, output=in_place)

    def given_to(self, layer: str) -> np.ndarray | None:
        """What the model gives a layer: of a cell one step, (batch, features)."""
        x = self.input_of(layer)
        return x[:, 0] if x is not None and layer in self.cells else x

    def call(self, layer: str) -> Call:
        """A layer that is not recurrent at work."""
        return kinds.call(
            self.kinds[layer],
            self.arrays[layer],
            self.layer_inputs[layer],
            options=self.options.get(layer),
        )


def applies(mistake: Mistake[Effect], layer: str, anatomy: Anatomy) -> bool:
    """Whether a mistake can be made in a layer of this kind, shape and place.

    Args:
        mistake: any; one in a loss or in an optimizer is never made in a layer.
        layer: its name, of those that hold arrays.
        anatomy: what is seen of the model that it is in.
    """
    if anatomy.kinds[layer] not in mistake.kinds:
        return False
    match mistake.effect:
        case ArraysOfLayer() as effect:
            return effect.can_happen(anatomy.arrays[layer])
        case Computation() as effect:
            return _computes(effect, layer, anatomy)
        case Handover() as effect:
            return _hands_over(effect, layer, anatomy)
        case Activation(right=right):
            following = anatomy.following(layer)
            output = anatomy.layer_outputs.get(layer)
            handed_over = anatomy.layer_inputs.get(following) if following else None
            return _goes_through(ACTIVATIONS, NONE, right, output, handed_over)
        case FinalActivation(right=right):
            last, result = anatomy.last, anatomy.result
            return _is_last(layer, anatomy) and _goes_through(
                RESULTS, "nothing", right, last, result
            )
        case ResultOrder() as effect:
            return (
                _is_last(layer, anatomy) and effect.order(anatomy.results) is not None
            )
        case _:
            return False


def _is_last(layer: str, anatomy: Anatomy) -> bool:
    return layer == list(anatomy.kinds)[-1]


def _goes_through(
    functions: Mapping[str, Callable[[np.ndarray], np.ndarray]],
    nothing: str,
    right: str,
    before: np.ndarray | None,
    after: np.ndarray | None,
) -> bool:
    """Whether the right function takes one array to another, and nothing does not.

    Args:
        functions: by name.
        nothing: name of the function that leaves an array as it is.
        right: name of the function that should stand between the arrays.
        before: the array that goes in, (batch, ..., features); None if not seen.
        after: the array that should come out, of that shape; None if not seen.
    """
    if before is None or after is None or not (before.ndim and after.ndim):
        return False
    if len(before) != len(after):
        return False
    # Most functions differ on the first step, or row, of the first sample, which takes
    # less time than all.
    corner = (slice(1),) * min(before.ndim - 1, 2)
    if not near(functions[right](before[corner]), after[corner]):
        return False
    if not near(functions[right](before), after):
        return False
    return right == nothing or not near(before, after)


def _computes(effect: Computation, layer: str, anatomy: Anatomy) -> bool:
    """Whether a layer computes what is right, and the mistake can happen to it."""
    if layer in anatomy.recurrent_calls:
        call = anatomy.recurrent_calls[layer]  # its first step tells
        lengths = None if call.lengths is None else np.minimum(call.lengths, 1)
        first_step = replace(call, x=call.x[:, :1], lengths=lengths)
        return effect.compute(first_step) is not None
    call = anatomy.call(layer)
    if effect.compute(call) is None:
        return False
    if effect.right is None:
        return True
    right = effect.right(call)
    output = anatomy.layer_outputs.get(layer)
    return isinstance(right, np.ndarray) and near(right, output)


def _hands_over(effect: Handover, layer: str, anatomy: Anatomy) -> bool:
    """Whether the next layer, or the caller, gets what is right of a layer's output."""
    if layer not in anatomy.recurrent_outputs:
        return False
    following = anatomy.following(layer)
    handed_over = anatomy.result
    if following:
        handed_over = anatomy.layer_inputs.get(following)
    output = anatomy.recurrent_outputs[layer]
    wrong = effect.function(output)
    if wrong is None:
        return False
    if layer in anatomy.cells:  # of one step, the first is the last
        if handed_over is None or wrong.shape != handed_over.shape:
            return False
        if near(wrong, handed_over):
            return False
    return any(near(WAYS[right](output), handed_over) for right in effect.rights)
