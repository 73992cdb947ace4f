"""What a training run is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from compare.judging.compiled import Compiled
from compare.judging.training_facts import TrainingFacts
from compare.judging.words import Side

if TYPE_CHECKING:  # at run time this would load both frameworks
    from compare.twins.twins import Twins

# Gets, after each step, what is being done, the number of the step, the number of all
# steps, and the losses.
Progress = Callable[[str, int, int, Mapping[Side, float]], None]


@dataclass(frozen=True)
class Task:
    """What learns, and from what.

    Args:
        name: of the pair.
        twins: built for the data.
        make: builds PyTorch's model with new weights.
        loss: name of a function of `pytorch_models/losses.py` and its twin.
        data: the examples.
        portfolios: whether what is learnt is a portfolio, that has a Sharpe ratio.
        facts: what either model does while it learns; None to read them.
        optimizer: of OPTIMIZERS, where the user names one.
        compiled: what Keras's model was compiled with, if it was.
        notes: what a reader must know, a sentence each.
    """

    name: str
    twins: Twins
    make: Callable
    loss: str
    data: TrainingData
    portfolios: bool = False
    facts: Mapping[Side, TrainingFacts] | None = None
    optimizer: str | None = None
    compiled: Compiled | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrainingData:
    """Examples in the order of their days, and how the note or the paper goes through.

    Args:
        source: what they are, for people.
        inputs: one array for each of the model's inputs; all begin with (examples,).
        target: (examples, ...), what the loss compares the model's first result with.
        learnt: number of examples that are learnt from; those after are for a test.
        epochs: as in the source.
        batch_size: as in the source.
    """

    source: str
    inputs: tuple[np.ndarray, ...]
    target: np.ndarray
    learnt: int
    epochs: int
    batch_size: int
