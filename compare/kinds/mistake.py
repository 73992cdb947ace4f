"""What a named mistake is, and what it sees of the model that it is made in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from compare.kinds import reference

RECURRENT = ("LSTM", "GRU", "RNN", "RNN(relu)")
DENSE = ("Linear",)
NORMS = ("LayerNorm", "BatchNorm1d")
EMBEDDING, CONVOLUTION = ("Embedding",), ("Conv1d",)
WEIGHTS, LAYER, BETWEEN, RESULT = "weights", "layer", "between", "result"
ACTIVATION, ACROSS, OUTPUTS = "activation", "across", "outputs"
GIVEN, JOINED = "given", "joined"
LOSS, OPTIMIZER = "loss", "optimizer"

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Mistake:
    """One way to go wrong.

    Args:
        name: short, and like no other.
        sentence: what is wrong, as a person would say it.
        torch, keras: what to change where the mistake is on that side.
        place: WEIGHTS, ACROSS, LAYER, BETWEEN, ACTIVATION, GIVEN, RESULT, OUTPUTS, LOSS
            or OPTIMIZER.
        kinds: of the layers it can happen to, as `pytorch_layers.layers` names them; or
            names of losses, or of optimizers' classes.
        change: what the mistake does, by place.
            WEIGHTS: arrays of one layer to the wrong arrays.
            LAYER: a `Call` to what the layer wrongly returns: of a recurrent one what
            `reference.run` does, of another an array.
            ACROSS: nothing; it takes two layers, and is only recognised.
            BETWEEN: a `RecurrentOutput` to what wrongly goes into the next layer.
            ACTIVATION: what a layer makes to what wrongly goes into the next; as is
                BETWEEN, of a layer that is not recurrent.
            RESULT: what goes into the last function to what it wrongly returns.
            GIVEN: what goes into a layer to what wrongly does.
            JOINED: what gives what a layer makes, by its name, to what wrongly goes
                into the next; is only a cure.
            OUTPUTS: all that the model returns, in order, to the numbers of them in
                the wrong order.
            LOSS: the shape of a result to the factor that its loss wrongly has.
            OPTIMIZER: settings, by Keras's names, to the wrong settings.
            None where the mistake cannot happen to these shapes.
        right: the way of WAYS, the epsilon of EPSILONS or the function of ACTIVATIONS
            or RESULTS that is mistaken, if any. Of ways, those that are the same to
            it, such as the last step and the last valid one.
        in_keras: as `change`, where the mistake looks otherwise if made on Keras's
            side.
        fits: whether the second arrays may come of the first by a mistake that makes
            no two times the same; it is told the side.
        meant: what to change in PyTorch, and in Keras, to do the same, where that may
            be meant.
    """

    name: str
    sentence: str
    torch: str
    keras: str
    place: str
    kinds: tuple[str, ...]
    change: Callable
    right: str | tuple[str, ...] = ""
    in_keras: Callable | None = None
    fits: Callable | None = None
    meant: Mapping[str, str] | None = None

    @property
    def rights(self) -> tuple[str, ...]:
        """What is mistaken, each by its name."""
        return (self.right,) if isinstance(self.right, str) else self.right

    def made_on(self, side: str, arrays: "Arrays") -> "Arrays | None":
        """What the mistake makes of arrays on the side of "torch" or of "keras"."""
        change = self.in_keras if side == "keras" and self.in_keras else self.change
        return change(arrays)


@dataclass(frozen=True)
class Call:
    """A layer at work.

    Args:
        kind: as `pytorch_layers.layers` names it.
        arrays: by PyTorch's names.
        x: what goes in, features last; (batch, time, features) if it is recurrent.
        lengths: (batch,), or None where every step counts.
        epsilon: of a layer that normalises.
    """

    kind: str
    arrays: Arrays
    x: np.ndarray
    lengths: np.ndarray | None
    epsilon: float | None = None

    def run(self, **otherwise) -> dict[str, np.ndarray]:
        """What the reference returns of a recurrent layer, in another way if asked."""
        options = dict(x=self.x, lengths=self.lengths) | otherwise
        kind = self.kind.removesuffix("(relu)")
        nonlinearity = "tanh" if kind == self.kind else "relu"
        return reference.run(kind, self.arrays, nonlinearity=nonlinearity, **options)


@dataclass(frozen=True)
class RecurrentOutput:
    """What a recurrent layer hands on, or another that makes steps.

    Args:
        output: (batch, time, size).
        h, c: final states, (batch, size); c is None unless there is a cell, and both
            are in a layer that is not recurrent.
        lengths: (batch,), or None where every step counts.
        states: h of every layer and direction, (number, batch, size); Keras's of the
            last layer alone.
    """

    output: np.ndarray
    h: np.ndarray | None
    c: np.ndarray | None
    lengths: np.ndarray | None
    states: np.ndarray | None = None
