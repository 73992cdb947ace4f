"""A user's two models, and what they run on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.errors import BadInput
from compare.judging.layout import AS_GIVEN, Layout
from compare.judging.losses import LOSSES, MEAN_SQUARED_ERROR
from compare.judging.optimizers import OPTIMIZERS
from compare.one_line import repr_of

if TYPE_CHECKING:
    import numpy as np

    from compare.judging.words import Side

TRANSFERS = (None, "to_keras", "to_torch", "random")


@dataclass(frozen=True)
class OwnPair:
    """Two models, and what they run on.

    Args:
        name: for people.
        models: "torch" and "keras", live or what makes them.
        arrays: one for each input; floats in float32.
        names: of the inputs, where they are handed over by name.
        steps, batches: to run the models on, besides all of `arrays`; None for few.
        free: whether any number of steps is to be tried.
        transfer: one of TRANSFERS.
        table: {PyTorch layer: its twins in Keras}, where the user says it.
        known: {PyTorch layer: its twin in Keras}, where a port tells; of layers that
            count as others in either model, such as two that are one, it says nothing.
        ignore: layers and parameters for which no twin is looked for.
        softmaxed: the sides whose first result goes through a softmax, to be compared.
        exchanged: {PyTorch layer: the one whose twins it takes}, against the order.
        orders: {PyTorch layer: {array of Keras: its order}}, of arrays that hold
            PyTorch's numbers in an order of their own.
        loss: of LOSSES, what gradients are taken of and training learns by.
        loss_given: whether the user says so.
        optimizer: of OPTIMIZERS, what training steps with; None where nobody says.
        target: what it compares the first result with, (batch, ...); None to draw it.
        seed: of random weights.
        probed: whether mistakes are made, to tell what a pass is worth.
        layout: where PyTorch's model has the channels that `arrays` and Keras's
            results have last.
        layout_given: whether no other layout is to be looked for, as of a port, which
            takes and returns what the original does.
        file: the pair file that the models come from; None where they are live.
        pictured: whether a page draws the twins at work.
    """

    name: str
    models: Mapping[Side, Any]
    arrays: tuple[np.ndarray, ...]
    names: tuple[str, ...] | None = None
    steps: Sequence[int] | None = None
    batches: Sequence[int] | None = None
    free: bool = True
    transfer: str | None = None
    table: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)
    ignore: Sequence[str] = ()
    softmaxed: frozenset[Side] = frozenset()
    exchanged: Mapping[str, str] = field(default_factory=dict)
    orders: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)
    loss: str = MEAN_SQUARED_ERROR
    loss_given: bool = False
    optimizer: str | None = None
    target: np.ndarray | None = None
    seed: int = 0
    probed: bool = True
    layout: Layout = AS_GIVEN
    layout_given: bool = False
    file: Path | None = None
    pictured: bool = False


def is_pair_file(name: str) -> bool:
    """Whether this names a file and not a built-in pair."""
    return name.endswith(".py")


def check_transfer(who: str, transfer: object) -> None:
    """Raise BadInput unless this is one of TRANSFERS."""
    if not isinstance(transfer, str | None) or transfer not in TRANSFERS:
        choices = ", ".join(map(repr, TRANSFERS))
        raise BadInput(f"{who}: expected one of {choices}, got {repr_of(transfer)}")


def check_seed(seed: object) -> None:
    """Raise BadInput unless a sequence of random numbers can begin with this."""
    number = -1
    if isinstance(seed, Integral) and not isinstance(seed, bool):
        number = int(seed)
    if not 0 <= number < 2**32:
        raise BadInput(
            f"seed: expected a whole number from 0 to {2**32 - 1}, got {repr_of(seed)}"
        )


def check_loss(who: str, loss: object) -> None:
    """Raise BadInput unless this is one of LOSSES."""
    if not isinstance(loss, str) or loss not in LOSSES:
        raise BadInput(
            f"{who}: expected a loss of {', '.join(LOSSES)}, got {repr_of(loss)}"
        )


def check_optimizer(who: str, optimizer: object, advice: str) -> None:
    """Raise BadInput unless this is one of OPTIMIZERS.

    Args:
        who: has it.
        optimizer: any object.
        advice: what to do where it is none.
    """
    if not isinstance(optimizer, str) or optimizer not in OPTIMIZERS:
        raise BadInput(
            f"{who}: expected an optimizer of {', '.join(OPTIMIZERS)}, got "
            f"{repr_of(optimizer)}; {advice}"
        )


def checked_ignore(who: str, ignore: object) -> tuple[str, ...]:
    """The names in a list of layers and parameters; none for None.

    Raises:
        BadInput: if it is not such a list.
    """
    if ignore is None:
        return ()
    if not isinstance(ignore, list | tuple | set) or not all(
        isinstance(name, str) for name in ignore
    ):
        raise BadInput(
            f"{who}: expected a list of names of layers or parameters, such as "
            f"['crf.transitions'], got {repr_of(ignore)}; give such a list"
        )
    return tuple(ignore)


def input_name(names: Sequence[str] | None, index: int) -> str:
    """What an input is called: by its name, or else x, x1, x2 ..."""
    if names:
        return names[index]
    return f"x{index}" if index else "x"


def described(pair: OwnPair) -> str:
    """The inputs of a pair in words: `x (4, 50, 8)`."""
    inputs = [
        f"{input_name(pair.names, index)} {array.shape}"
        for index, array in enumerate(pair.arrays)
    ]
    return ", ".join(inputs)
