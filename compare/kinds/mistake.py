"""What a named mistake is, and what it does to the model that it is made in.

What a mistake does, and where, is its effect: a class for each place of a model. The
effects that take PyTorch's twin to Keras's twin, by which a difference is proved to
have been found, are of the same classes and have no name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np

from compare.judging.words import Side
from compare.kinds.computing import Compute, Computed
from compare.kinds.layer import Arrays
from compare.kinds.option import Options

# ------------------------------------------------------------------ a layer at work


@dataclass(frozen=True)
class Call:
    """A layer at work.

    Args:
        kind: its kind, such as "LSTM" or "RNN(relu)".
        compute: what layers of the kind compute.
        arrays: its parameters and statistics by PyTorch's names, in PyTorch's layout.
        x: its input, features last; (batch, time, features) if it is recurrent.
        lengths: (batch,), or None where every step counts.
        options: its settings, by the suite's names and in Keras's words; of a recurrent
            layer `states`, where it is given some: h, or h and c, each (layers *
            directions, batch, size).
    """

    kind: str
    compute: Compute
    arrays: Arrays
    x: np.ndarray
    lengths: np.ndarray | None = None
    options: Options = field(default_factory=dict)

    def run(self, x: np.ndarray | None = None, **options: Any) -> Any:
        """Compute what the layer returns.

        Args:
            x: in the place of its own input.
            options: in the place of its own settings, lengths among them.

        Returns:
            An array of a layer that is not recurrent, (batch, ..., features); of a
            recurrent one "output", "h_n" and "c_n" by name. None where the kind's
            `compute` cannot tell.
        """
        array = self.x if x is None else x
        all_options = {**self.options, "lengths": self.lengths, **options}
        return self.compute(self.arrays, array, all_options)


@dataclass(frozen=True)
class RecurrentOutput:
    """What a recurrent layer returns; that of another layer is in `output` alone.

    Args:
        output: (batch, time, size); (batch, size) of a layer that makes no steps.
        h, c: final states, (batch, size); c is None unless there is a cell, and both
            are in a layer that is not recurrent.
        lengths: (batch,), or None where every step counts.
        states: h of every layer and direction, (number, batch, size); in Keras
            of the last layer alone.
        with_masked: `output` with what Keras makes of masked steps, where `output` has
            zeros; None where no step is masked, and in PyTorch.
    """

    output: np.ndarray
    h: np.ndarray | None = None
    c: np.ndarray | None = None
    lengths: np.ndarray | None = None
    states: np.ndarray | None = None
    with_masked: np.ndarray | None = None


# -------------------------------------------------------------------------- effects


@dataclass(frozen=True)
class ArraysOfLayer:
    """A layer has other arrays.

    Args:
        change: takes the arrays of a layer, by PyTorch's names and in its layout, and
            returns the wrong ones, of the same names and shapes; None where the mistake
            cannot happen to these shapes.
        in_keras: the same for a mistake that is made in Keras's arrays, seen in
            PyTorch's layout; None where it is as `change`.
        fits: whether arrays may be wrong in this way, where no two times the mistake
            makes the same numbers: takes the right arrays, the wrong ones and the side
            that has them. None where `change` makes the same numbers each time.
        by_names: what the names of arrays begin with, where the mistake can happen to
            each layer that has one of these, whatever its numbers; none where `change`
            has to tell.
    """

    change: Callable[[Arrays], Arrays | None]
    in_keras: Callable[[Arrays], Arrays | None] | None = None
    fits: Callable[[Arrays, Arrays, Side], bool] | None = None
    by_names: tuple[str, ...] = ()

    def can_happen(self, arrays: Arrays) -> bool:
        """Return whether the mistake can happen to arrays of a layer of PyTorch."""
        if self.by_names:
            return any(name.startswith(self.by_names) for name in arrays)
        return self.change(arrays) is not None

    def made_on(self, side: Side, arrays: Arrays) -> Arrays | None:
        """Return what the mistake, made on a side, makes of arrays."""
        if side == "keras" and self.in_keras is not None:
            return self.in_keras(arrays)
        return self.change(arrays)


@dataclass(frozen=True)
class ArraysOfAnotherLayer:
    """A layer has the arrays of another one; this is recognised, but never made."""


@dataclass(frozen=True)
class Computation:
    """A layer computes something else of its input and its arrays.

    Args:
        compute: takes the layer at work and returns what it wrongly returns: by the
            names of `running.run` if it is recurrent, else an array of the shape of its
            output, features last. None where the mistake cannot happen to it.
        right: the same of what it should return; None where that is what layers of the
            kind always return.
        option: the setting that is mistaken for another, where the mistake is known by
            that both sides have another value of it.
    """

    compute: Callable[[Call], Computed | None]
    right: Callable[[Call], Computed | None] | None = None
    option: str = ""


@dataclass(frozen=True)
class Handover:
    """The next layer, or the caller, is given something else of a layer's output.

    Args:
        function: takes the output of a layer and returns what is wrongly given to the
            next, (batch, features) or (batch, time, features); None where there is no
            such thing.
        rights: what should be given, by its names in WAYS: several where they are the
            same, such as the last step and the last valid one. A cure has none.
        shared: whether whatever else is given the same tensor of PyTorch gets this too,
            as a residual does.
    """

    function: Callable[[RecurrentOutput], np.ndarray | None]
    rights: tuple[str, ...] = ()
    shared: bool = False


@dataclass(frozen=True)
class Activation:
    """Another function stands between two layers, of which the first has no state.

    Args:
        function: takes the output of the first, (batch, features) or (batch, time,
            features), and returns what is wrongly given to the second, of its shape.
        right: the function that should stand there, by its name in ACTIVATIONS.
    """

    function: Callable[[np.ndarray], np.ndarray]
    right: str


@dataclass(frozen=True)
class FinalActivation:
    """The model ends with another function.

    Args:
        function: takes the output of the last layer, (batch, ..., features), and
            returns the wrong result, of its shape.
        right: the function that should stand there, by its name in RESULTS.
    """

    function: Callable[[np.ndarray], np.ndarray]
    right: str


@dataclass(frozen=True)
class LayerInput:
    """The next layer is given a fixed array; only a cure.

    Args:
        array: (batch, features) or (batch, time, features).
        shared: as in `Handover`.
    """

    array: np.ndarray
    shared: bool = False


@dataclass(frozen=True)
class InitialStates:
    """A recurrent layer begins with fixed states; only a cure.

    Args:
        states: h, or h and c, each (layers * directions, batch, size).
    """

    states: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class JoinedInput:
    """The next layer, or the caller, is given what several layers make; only a cure.

    Args:
        join: takes a function that returns the output of a layer by the layer's name,
            and returns the array that is to be given to the next.
        shared: as in `Handover`.
    """

    join: Callable[[Callable[[str], RecurrentOutput]], np.ndarray]
    shared: bool = False


@dataclass(frozen=True)
class OrderOfNorms:
    """Transformer layers have their norms elsewhere; only a cure."""


@dataclass(frozen=True)
class ResultOrder:
    """The model returns its results in another order.

    Args:
        order: takes the results and returns their numbers, from 0, in the wrong order;
            None where no order is wrong.
    """

    order: Callable[[Sequence[np.ndarray]], Sequence[int] | None]


@dataclass(frozen=True)
class ResultShapes:
    """The model returns its results in other shapes, or their samples; only a cure.

    Args:
        shapes: of each result, without the batch.
        samples: their numbers in another order; empty where they keep theirs.
        orders: of each result, the order in which its axes are taken first; empty where
            they stay as they are.
    """

    shapes: Sequence[tuple[int, ...]]
    samples: Sequence[int] = ()
    orders: Sequence[tuple[int, ...]] = ()


@dataclass(frozen=True)
class LossFactor:
    """A loss is multiplied by a number.

    Args:
        factor: takes the shape of the result that the loss is of, batch first, and
            returns the number; None where the value does not change.
    """

    factor: Callable[[tuple[int, ...]], float | None]


@dataclass(frozen=True)
class OptimizerSettings:
    """An optimizer has other settings.

    Args:
        change: takes the settings by Keras's names and returns the wrong ones.
    """

    change: Callable[[Mapping[str, float]], Mapping[str, float]]


Effect = (
    ArraysOfLayer
    | ArraysOfAnotherLayer
    | Computation
    | Handover
    | Activation
    | FinalActivation
    | LayerInput
    | InitialStates
    | JoinedInput
    | OrderOfNorms
    | ResultOrder
    | ResultShapes
    | LossFactor
    | OptimizerSettings
)
EffectT = TypeVar("EffectT", bound=Effect)
EffectT_co = TypeVar("EffectT_co", bound=Effect, covariant=True)


@dataclass(frozen=True)
class Mistake(Generic[EffectT_co]):
    """One way to go wrong; a `Mistake[Computation]` is one in what a layer computes.

    Args:
        name: short, and like no other.
        sentence: what is wrong, as a person would say it.
        torch, keras: what to change where the mistake is on that side.
        effect: what the mistake does, and where.
        meant: by side, what to change to do the same there, where it may be meant.
        kinds: names of the kinds of layers that it can happen to; of losses, or of
            optimizers' classes, where the effect is in those. A kind's own mistakes
            have theirs from the library, which asks all kinds.
    """

    name: str
    sentence: str
    torch: str
    keras: str
    effect: EffectT_co
    meant: Mapping[Side, str] | None = None
    kinds: tuple[str, ...] = ()
