"""What a named mistake is, and what it sees of the model that it is made in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from compare import reference

RECURRENT = ("LSTM", "GRU", "RNN", "RNN(relu)")
DENSE = ("Linear",)
NORMS = ("LayerNorm", "BatchNorm1d")
WEIGHTS, LAYER, BETWEEN, RESULT = "weights", "layer", "between", "result"
LOSS, OPTIMIZER = "loss", "optimizer"

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Fault:
    """One way to go wrong.

    Args:
        name: short, and like no other.
        sentence: what is wrong, as a person would say it.
        torch, keras: what to change where the mistake is on that side.
        place: WEIGHTS, LAYER, BETWEEN, RESULT, LOSS or OPTIMIZER.
        kinds: of the layers it can happen to, as `pytorch_layers.layers` names them; or
            names of losses, or of optimizers' classes.
        change: what the mistake does, by place.
            WEIGHTS: arrays of one layer to the wrong arrays.
            LAYER: a `Call` to what the layer wrongly returns: of a recurrent one what
            `reference.run` does, of another an array.
            BETWEEN: a `Sequence` to what wrongly goes into the next layer.
            RESULT: what goes into the last function to what it wrongly returns.
            LOSS: the shape of a result to the factor that its loss wrongly has.
            OPTIMIZER: settings, by Keras's names, to the wrong settings.
            None where the fault cannot happen to these shapes.
        right: the way of WAYS, the epsilon of EPSILONS or the function of RESULTS that
            is mistaken, if any.
    """

    name: str
    sentence: str
    torch: str
    keras: str
    place: str
    kinds: tuple[str, ...]
    change: Callable
    right: str = ""


@dataclass(frozen=True)
class Call:
    """A layer at work.

    Args:
        kind: as `pytorch_layers.layers` names it.
        arrays: by PyTorch's names.
        x: what goes in, features last; (batch, time, features) if it is recurrent.
        lengths: (batch,), or None where every step counts.
    """

    kind: str
    arrays: Arrays
    x: np.ndarray
    lengths: np.ndarray | None

    def run(self, **otherwise) -> dict[str, np.ndarray]:
        """What the reference returns of a recurrent layer, in another way if asked."""
        options = dict(x=self.x, lengths=self.lengths) | otherwise
        kind = self.kind.removesuffix("(relu)")
        nonlinearity = "tanh" if kind == self.kind else "relu"
        return reference.run(kind, self.arrays, nonlinearity=nonlinearity, **options)


@dataclass(frozen=True)
class Sequence:
    """What a recurrent layer hands on.

    Args:
        output: (batch, time, size).
        h, c: final states, (batch, size); c is None unless there is a cell.
        lengths: (batch,), or None where every step counts.
    """

    output: np.ndarray
    h: np.ndarray
    c: np.ndarray | None
    lengths: np.ndarray | None
