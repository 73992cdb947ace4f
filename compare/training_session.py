"""One training run of a user's two models, and how it is asked for in Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING

from compare.errors import BadInput
from compare.judging.cleaning import cleaned
from compare.judging.model_causes import ALL_CAUSES
from compare.judging.optimizers import CAUSES, Recipe
from compare.judging.words import Side
from compare.loading import load_harness
from compare.one_line import repr_of
from compare.subjects.own.pair import OwnPair, check_optimizer, check_seed
from compare.twins.interrupting import Interruption
from compare.values import LARGEST_FLOAT32

if TYPE_CHECKING:
    from compare.judging.training import TrainingEvidence

MODES = ("aligned", "native")
FOLLOWED = ("torch", "keras")
MOST = 10**9  # epochs, or examples of a batch


def train(
    pair: OwnPair,
    recipe: Recipe,
    started: float,
    show: Callable[[str, int, int, Mapping[Side, float]], None],
    interruption: Interruption,
) -> TrainingEvidence:
    """Train copies of a user's two models; the frameworks are loaded if need be.

    Args:
        pair: what learns.
        recipe: how.
        started: `time.perf_counter()` when all began, for the seconds it took.
        show: gets the losses after each step.
        interruption: tells which signal ended the training, if one did.

    Raises:
        BadInput: if the pair cannot learn in this way.
    """
    load_harness()
    from compare.subjects.own.run import settled
    from compare.subjects.own.training import task
    from compare.twins.training import train as train_twins

    with settled(pair):
        return cleaned(train_twins(task(pair), recipe, started, show, interruption))


def recipe(
    optimizer: str | None,
    learning_rate: float | None,
    epochs: int | None,
    batch_size: int | None,
    mode: str,
    align: Sequence[str] | None,
    follow: Side,
    seed: int,
) -> Recipe:
    """How to train, as `compare.api.train` is asked.

    Raises:
        BadInput: if one of them cannot be used, or two contradict each other.
    """
    if optimizer is not None:
        check_optimizer("optimizer", optimizer, "give its name, and learning_rate")
    _check_one_of("mode", mode, MODES)
    _check_one_of("follow", follow, FOLLOWED)
    check_seed(seed)
    removed = frozenset(CAUSES)
    if mode == "native":
        removed = frozenset()
    if align is not None:
        removed = _causes(mode, align)
    return Recipe(
        optimizer=optimizer,
        learning_rate=_positive("learning_rate", learning_rate),
        epochs=_whole_from_1("epochs", epochs),
        batch_size=_whole_from_1("batch_size", batch_size),
        seed=int(seed),
        follow=follow,
        removed=removed,
    )


def _check_one_of(name: str, value: object, choices: Sequence[str]) -> None:
    if not isinstance(value, str) or value not in choices:
        expected = " or ".join(map(repr, choices))
        raise BadInput(f"{name}: expected {expected}, got {repr_of(value)}")


def _causes(mode: object, align: object) -> frozenset[str]:
    """The causes to remove."""
    if mode == "native":
        raise BadInput('expected mode="native" or align, got both; drop one')
    if not isinstance(align, list | tuple | set | frozenset):
        raise BadInput(
            f"align: expected a list of causes, such as ['biases', 'epsilon'], got "
            f"{repr_of(align)}"
        )
    for cause in align:
        if not isinstance(cause, str) or cause not in ALL_CAUSES:
            raise BadInput(
                f"align: expected some of {', '.join(ALL_CAUSES)}, got {repr_of(cause)}"
            )
    return frozenset(align)


def _positive(name: str, value: object) -> float | None:
    """A number above 0 that float32 can hold, or None."""
    if value is None:
        return None
    number = 0.0
    if isinstance(value, Real) and not isinstance(value, bool):
        number = float(value)
    if not 0 < number < LARGEST_FLOAT32:
        raise BadInput(
            f"{name}: expected a number above 0 and below 3e38, got {repr_of(value)}"
        )
    return number


def _whole_from_1(name: str, value: object) -> int | None:
    """A whole number from 1, or None."""
    if value is None:
        return None
    number = 0
    if isinstance(value, Integral) and not isinstance(value, bool):
        number = int(value)
    if not 1 <= number < MOST:
        raise BadInput(
            f"{name}: expected a whole number >= 1 and below 10^9, got {repr_of(value)}"
        )
    return number
